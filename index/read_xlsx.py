"""Excel workbooks → a line a row, a page a sheet: python-calamine's only door.

calamine gives what is in the cells, a formula's last result included, and not how it is shown:
15 % comes as 0.15 and an amount without its currency. Of merged cells the first has the text.
Comments, drawings and hidden sheets are left out; hidden rows and columns are not told apart.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from index.decode import Content, UnreadableError
from index.packed import UNPACKING_ERRORS, check_size
from index.rows import LIMIT_CELLS, LIMIT_CHARS, TOO_LARGE, TOO_MANY_CELLS, one_line, table_text

_OLD = b"\xd0\xcf\x11\xe0"
_TAG = re.compile(rb"""<(?:[\w.-]+:)?(row|c)(?=[\s/>])((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([^"']*)""")
_CELL = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")
_STRING = re.compile(rb"<(?:[\w.-]+:)?si(?=[\s/>])")
_COUNT = re.compile(rb"""\suniqueCount\s*=\s*["']\s*\+?([0-9]{1,20})""")
_SHARED = re.compile(rb"""\st\s*=\s*["']s["']""")
_NUMBER = re.compile(rb"\s*<(?:[\w.-]+:)?v(?:\s[^<>]*)?>\s*([0-9]{1,9})")
_Value = (
    str
    | bool
    | int
    | float
    | datetime.date
    | datetime.time
    | datetime.datetime
    | datetime.timedelta
)


def read_xlsx(raw: bytes) -> Content:
    """Each visible sheet's name, then its rows as ``table_text`` writes them.

    Raises:
        UnreadableError: It is no .xlsx workbook, broken, locked, too large, or holds no text.
    """
    if raw.startswith(_OLD):
        raise UnreadableError(
            "is locked with a password, or an old .xls file; save it as .xlsx without a password"
        )
    try:
        check_size(raw)
        sheets = list(_sheets(_parts_only(raw)))
    except (CalamineError, OverflowError, *UNPACKING_ERRORS) as error:  # no time is that long
        raise UnreadableError(f"is a broken spreadsheet: {error}") from error
    except BaseException as error:
        # A panic of calamine's; its class can only be had from one that was raised.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableError(f"is a broken spreadsheet: {error}") from error
    if not any(table for _, table in sheets):
        raise UnreadableError("holds no text")
    texts = ["\n\n".join(filter(None, sheet)) for sheet in sheets]
    pages = [0]
    for text in texts[:-1]:
        pages.append(pages[-1] + len(text) + 2)
    return Content("\n\n".join(texts), pages=tuple(pages))


def _parts_only(raw: bytes) -> bytes:
    """The workbook's XML alone, packed anew, so that calamine sees what was checked.

    It would read an archive as .ods or .xlsb if it can't as .xlsx, and those have no check.
    """
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as archive:
        names = [n for n in archive.namelist() if n.endswith((".xml", ".rels"))]
        parts = {name: archive.read(name) for name in names if name != "content.xml"}
    _check_cells(list(parts.values()))
    with zipfile.ZipFile(packed, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return packed.getvalue()


def _check_cells(parts: list[bytes]) -> None:
    """Make sure that calamine can unfold the sheets.

    It makes room at once for all cells between the first and the last, 512 GB if those are at the
    corners of a sheet, and for as many shared strings as the file says; it copies a shared string
    for each cell that has it.

    Raises:
        UnreadableError: There are too many cells, or too much text in them.
        ValueError: A cell or row has an impossible place, or a count is wrong.
    """
    strings = [len(string) for part in parts for string in _STRING.split(part)[1:]]
    longest = max(strings, default=0)
    n_cells = n_bytes = 0
    for part in parts:
        if any(int(number) > len(part) for number in _COUNT.findall(part)):
            raise ValueError("it says to have more strings than there are")
        n_rows, columns = 0, set[int]()
        for n_filled, (row, column, string) in enumerate(_filled(part), start=1):
            if n_filled > LIMIT_CELLS:
                raise UnreadableError(TOO_MANY_CELLS)
            n_rows = max(n_rows, row)
            columns.add(column)
            if string is not None:
                n_bytes += strings[string] if 0 <= string < len(strings) else longest
        n_cells += n_rows * (max(columns) - min(columns) + 1) if columns else 0
    if n_cells > LIMIT_CELLS:
        raise UnreadableError(TOO_MANY_CELLS)
    if n_bytes > LIMIT_CHARS:
        raise UnreadableError(TOO_LARGE)


def _filled(part: bytes) -> Iterator[tuple[int, int, int | None]]:
    """The row and column of each cell in a sheet, and which shared string it has: -1 if unclear."""
    row = column = 0
    for tag in _TAG.finditer(part):
        place = _place(tag[2])
        if tag[1] == b"row":
            row, column = int(place) if place else row + 1, 0
            continue
        row, column = _cell(place) if place else (row, column + 1)
        if not tag[2].endswith(b"/"):  # an empty cell may have a colour, and then stands anywhere
            shared = _SHARED.search(tag[2])
            string = _NUMBER.match(part, tag.end())
            yield row, column, (int(string[1]) if string else -1) if shared else None


def _place(attributes: bytes) -> bytes:
    found = _PLACE.findall(attributes)
    if len(found) > 1:
        raise ValueError("a cell has two places")
    return found[0] if found else b""


def _cell(place: bytes) -> tuple[int, int]:
    """The row and column, from 1.

    >>> _cell(b"AB12")
    (12, 28)
    """
    parts = _CELL.fullmatch(place)
    if not parts:
        raise ValueError(f"a cell has the place {place.decode('ascii', 'replace')!r}")
    column = 0
    for letter in parts[1]:
        column = 26 * column + letter - ord("A") + 1
    return int(parts[2]), column


def _sheets(raw: bytes) -> Iterator[tuple[str, str]]:
    """The name and the text of each visible sheet, empty ones included."""
    workbook = CalamineWorkbook.from_filelike(BytesIO(raw))
    for index, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible == SheetVisibleEnum.Visible:
            rows = workbook.get_sheet_by_index(index).iter_rows()
            yield one_line(sheet.name), table_text(list(map(_shown, row)) for row in rows)


def _shown(value: _Value) -> str:
    """The value as a person sees it, as far as calamine tells.

    >>> _shown(1200.0), _shown(0.1 + 0.2), _shown(True)
    ('1200', '0.3', 'TRUE')
    >>> _shown(datetime.datetime(2024, 2, 3, 14, 5)), _shown(datetime.timedelta(hours=36))
    ('2024-02-03 14:05', '36:00')
    """
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return f"{value:.15G}"  # no more digits than Excel has
    if isinstance(value, datetime.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}".removesuffix(":00")
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "seconds").removesuffix(":00")
    if isinstance(value, datetime.time):
        return value.isoformat("seconds").removesuffix(":00")
    return value.isoformat()
