from __future__ import annotations

import datetime
import random
import time
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter.workbook import Workbook

from index.chunk import sentences
from index.decode import UnreadableError
from index.read_csv import read_csv
from index.read_xlsx import read_xlsx
from index.rows import one_line
from tests.reading import NOISE


def csv_text(content: str | bytes) -> str:
    return read_csv(content if isinstance(content, bytes) else content.encode()).text


def workbook(fill: Callable[[Workbook], None]) -> bytes:
    packed = BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        fill(book)
    return packed.getvalue()


def sheet(*rows: list[object]) -> bytes:
    """A workbook with one sheet, called Blad."""

    def fill(book: Workbook) -> None:
        page = book.add_worksheet("Blad")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)

    return workbook(fill)


def with_part(raw: bytes, name: str, content: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as old, zipfile.ZipFile(packed, "w", 8) as new:
        for part in {*old.namelist(), name}:
            new.writestr(part, content if part == name else old.read(part))
    return packed.getvalue()


def with_rows(rows: bytes, raw: bytes | None = None) -> bytes:
    """A workbook whose only sheet has these rows, as XML."""
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content = b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, rows)
    return with_part(raw or sheet(["x"]), "xl/worksheets/sheet1.xml", content)


def strings_of(words: bytes) -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (space, words)


def refusal(read: Callable[[bytes], object], raw: bytes) -> str:
    with pytest.raises(UnreadableError) as refused:
        read(raw)
    return str(refused.value)


# --- rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Naam;Prijs\nJan;1,50\nPiet;\n", "Naam: Jan; Prijs: 1,50\n\nNaam: Piet"),
        ("Naam:;Prijs:\nJan;2\n", "Naam: Jan; Prijs: 2"),
        ('Name,Note\nAnn,"Yes, but\nnot ; now"\n', "Name: Ann; Note: Yes, but not ; now"),
        ("Land;2022;2023\nGent;260;265\n", "Land: Gent; 2022: 260; 2023: 265"),
        (";Nord;Süd\nMai;1;2\n", "Mai; Nord: 1; Süd: 2"),
        ("Prijzen 2024;;\nNaam;Prijs;\nThee;3;\n", "Prijzen 2024\n\nNaam: Thee; Prijs: 3"),
        ("Bron\n\nNaam;Prijs\nThee;3\n;;\nx;y\n", "Bron\n\nNaam: Thee; Prijs: 3\n\nx\ty"),
        ("Naam;Prijs\nJan;1;los\nEva;2\n", "Naam\tPrijs\n\nJan\t1\tlos\n\nEva\t2"),
        ("Naam;Teken\nJan;\nEva;\n", "Teken\n\nNaam: Jan\n\nNaam: Eva"),
        ("Naam;Prijs\n", "Naam\tPrijs"),
        ("Naam\nJan\nPiet\n", "Naam\n\nJan\n\nPiet"),
        ("a;1\nb;2\n", "a\t1\n\nb\t2"),
        ("Jan;j@example.org\nPiet;p@example.org\n", "Jan\tj@example.org\n\nPiet\tp@example.org"),
        ("Gent;Vlaanderen\nBrugge;Vlaanderen\n", "Gent\tVlaanderen\n\nBrugge\tVlaanderen"),
        ("Naam;Naam\nJan;Piet\n", "Naam\tNaam\n\nJan\tPiet"),
        ("Jan;1985;2010\nPiet;1990;2012\n", "Jan\t1985\t2010\n\nPiet\t1990\t2012"),
        ("a;;1\nb;2;3\n", "a\t\t1\n\nb\t2\t3"),
    ],
)
def test_rows_are_named_where_the_first_one_is_a_header(content: str, text: str) -> None:
    assert csv_text(content) == text


def test_the_sentence_finder_finds_each_row() -> None:
    rows = "".join(f"rij {i};{'woord ' * (i % 9)}einde\n" for i in range(100))
    text = csv_text(f"nummer;tekst\n{rows}")
    found = [text[start:end] for start, end in sentences(text, "nl")]
    assert found == text.split("\n\n")
    assert len(found) == 100


# --- CSV -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_is_read_whatever_program_wrote_it(
    encoding: str, delimiter: str, line_end: str
) -> None:
    rows = [["Straße", "Betrag in €"], ["Übergang", '"1,50"'], ['"Allee; ""Süd"" | x"', "2"]]
    content = line_end.join(delimiter.join(row) for row in rows) + line_end
    assert csv_text(content.encode(encoding)) == (
        'Straße: Übergang; Betrag in €: 1,50\n\nStraße: Allee; "Süd" | x; Betrag in €: 2'
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("appels;1,50\nperen;2,25\n", "appels\t1,50\n\nperen\t2,25"),  # a comma cuts evenly too
        ("sep=,\na,1;2\nb,3;4\n", "a\t1;2\n\nb\t3;4"),
        ("Een zin, met komma.\nNog een.\nEn een.\n", "Een zin, met komma.\n\nNog een.\n\nEn een."),
        ('x, "a, b"\ny, "c"\n', "x: y; a, b: c"),
        ('5" buis;1\n"Jan" zei;2\n', '5" buis\t1\n\n"Jan" zei\t2'),
        ('a;"niet dicht\nb;2\nc;3\n', 'a: b; "niet dicht: 2\n\na: c; "niet dicht: 3'),
        ("enig", "enig"),
    ],
)
def test_csv_delimiters_and_quotes_are_told_apart(content: str, text: str) -> None:
    assert csv_text(content) == text


def test_csv_has_its_limits() -> None:
    assert refusal(read_csv, b"a;b\n" * 500_001).startswith("has more than 1,000,000 cells")
    assert refusal(read_csv, b";;\n ; ;\n") == "holds no text"
    assert refusal(read_csv, b"a;b\0\n" * 9) == "looks like a binary file"
    names = f"{'n' * 200};{'m' * 200}\n".encode()
    larger = "is larger than 100 MB when written out; split it"
    assert refusal(read_csv, names + b"a;b\n" * 260_000) == larger
    assert csv_text(b"n" + names + b"a;b\n" * 300).endswith("\n\na\tb")


@pytest.mark.parametrize(
    ("raw", "n_chars"),
    [
        (b"a;" * 999_999 + b"a", 1_999_999),
        (b'"' + b"a\n" * 1_000_000 + b'";b\n', 2_000_001),
        (b"\n" * 500_000 + b"x", 1),
        (b'"' * 1_000_000, 499_999),
    ],
)
def test_odd_csv_is_read_soon(raw: bytes, n_chars: int) -> None:
    started = time.monotonic()
    assert len(read_csv(raw).text) == n_chars
    assert time.monotonic() - started < 10


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6)


def quoted(rows: list[list[str]]) -> str:
    lines = (";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return "sep=;\n" + "\n".join(lines)


def numbered(rows: list[list[str]]) -> tuple[list[list[str]], str]:
    """Rows of which none can be a header, and their text."""
    table = [[str(number), *row] for number, row in enumerate(rows)]
    lines = ("\t".join(map(one_line, row)).rstrip("\t") for row in table)
    return table, "\n\n".join(lines)


@settings(deadline=None)
@given(TABLES)
def test_csv_keeps_every_word_of_a_row_in_order(rows: list[list[str]]) -> None:
    table, text = numbered(rows)
    assert csv_text(quoted(table)) == text


@settings(deadline=None)
@given(TABLES)
def test_csv_with_or_without_a_header_loses_no_word(rows: list[list[str]]) -> None:
    text = csv_text(quoted([*rows, ["slot", "punt"]]))
    for row in rows:
        assert all(one_line(cell).removesuffix(":") in text for cell in row)


def test_damaged_csv_is_read_or_refused() -> None:
    chance = random.Random(3)
    whole = bytearray('Naam;Prijs\r\n"Jan; ""x""";1,50\r\nÉva;"2\n3"\r\n'.encode() * 20)
    for _ in range(300):
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            raw[chance.randrange(len(raw))] = chance.choice([*b'";,\t|\r\n', 0, 255, 0xC3])
        try:
            assert read_csv(bytes(raw[: chance.randrange(1, len(raw))])).text.strip()
        except UnreadableError as refused:
            assert str(refused)  # noqa: PT017


# --- Excel -----------------------------------------------------------------------------------


def test_excel_gives_each_visible_sheet_as_a_page() -> None:
    def fill(book: Workbook) -> None:
        first = book.add_worksheet("Büro & <Co> 😀")
        first.write_row(0, 0, ["Naam", "Prijs"])
        first.write_row(1, 0, ["Jan\nde  Wit", 1.5])
        book.add_worksheet("Leeg")
        for name, hide in (("Weg", "hide"), ("Diep weg", "very_hidden")):
            hidden = book.add_worksheet(name)
            hidden.write(0, 0, "geheim")
            getattr(hidden, hide)()
        book.add_worksheet("Slot").write(4, 3, "a & < > 😀")

    content = read_xlsx(workbook(fill))
    assert content.text == (
        "Büro & <Co> 😀\n\nNaam: Jan de Wit; Prijs: 1.5\n\nLeeg\n\nSlot\n\na & < > 😀"
    )
    assert [content.text[start:][:4] for start in content.pages] == ["Büro", "Leeg", "Slot"]
    assert content.title == ""


def test_excel_values_read_as_a_person_sees_them() -> None:
    def fill(book: Workbook) -> None:
        page = book.add_worksheet("Blad")
        formats = ["dd-mm-yyyy", "dd-mm-yyyy hh:mm", "hh:mm", "[h]:mm:ss", "0%"]
        day, moment, clock, span, percent = (book.add_format({"num_format": f}) for f in formats)
        page.write_row(0, 0, [1200, 1200.50, 0.1 + 0.2, 1e21, -3, True, False, "0012"])
        page.write(1, 0, datetime.date(2024, 2, 3), day)
        page.write(1, 1, datetime.datetime.fromisoformat("2024-02-03T04:05"), moment)
        page.write(1, 2, datetime.datetime.fromisoformat("2024-02-03T04:05:06"), moment)
        page.write(1, 3, datetime.time(4, 5), clock)
        page.write(1, 4, 1.5, span)
        page.write(1, 5, 0.15, percent)
        page.write_formula(2, 0, "=1+1", None, 2)
        page.write_formula(2, 1, '="a"&"b"', None, "ab")
        page.write_formula(2, 2, "=1/0", None, "#DIV/0!")
        page.write_formula(2, 3, "=1=1", None, True)
        page.merge_range(3, 0, 4, 2, "samen")
        page.write_url(6, 0, "https://example.org", string="de site")
        page.write_rich_string(6, 1, "half ", book.add_format({"bold": True}), "vet", " woord")
        page.write(6, 2, "a\r\nb\tc_x000D_d")
        page.write_comment(6, 0, "opmerking")

    assert read_xlsx(workbook(fill)).text.split("\n\n") == [
        "Blad",
        "1200\t1200.5\t0.3\t1E+21\t-3\tTRUE\tFALSE\t0012",
        "2024-02-03\t2024-02-03 04:05\t2024-02-03 04:05:06\t04:05\t36:00\t0.15",
        "2\tab\t\tTRUE",
        "samen",
        "de site\thalf vet woord\ta b c_x000D_d",
    ]


def test_excel_tables_may_stand_anywhere_on_a_sheet() -> None:
    rows: list[list[object]] = [
        ["", "Begroting"],
        ["", "Post", "Bedrag"],
        ["", "Huur", 900],
        [],
        ["Naam", "Stad"],
        ["Jan", "Gent"],
    ]
    assert read_xlsx(sheet([], *rows)).text == (
        "Blad\n\nBegroting\n\nPost: Huur; Bedrag: 900\n\nNaam: Jan; Stad: Gent"
    )


def test_excel_cells_without_a_place_and_empty_ones_far_away_are_read() -> None:
    rows = b"<row><c><v>1</v></c><c><v>2</v></c></row><row><c/><c><v>3</v></c></row>"
    far = b'<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    assert read_xlsx(with_rows(rows + far)).text == "Blad\n\n1\t2\n\n3"


@settings(deadline=None, max_examples=30)
@given(TABLES)
def test_excel_keeps_every_word_of_a_row_in_order(rows: list[list[str]]) -> None:
    table, text = numbered(rows)

    def fill(book: Workbook) -> None:
        page = book.add_worksheet("Blad")
        for i, row in enumerate(table):
            for j, cell in enumerate(row):
                page.write_string(i, j, cell)

    assert read_xlsx(workbook(fill)).text == f"Blad\n\n{text}"


def test_excel_files_that_are_too_large_are_refused() -> None:
    def cells(*places: str) -> bytes:
        return b"".join(
            f'<row r="{p.lstrip("ABCDFX")}"><c r="{p}"><v>1</v></c></row>'.encode() for p in places
        )

    many = "has more than 1,000,000 cells; split it"
    assert refusal(read_xlsx, with_rows(cells("A1", "XFD1048576"))) == many
    assert refusal(read_xlsx, with_rows(cells("XFD1048576", "A1"))) == many
    wide = b"<row>" + b"<c><v>1</v></c>" * 2_000 + b"</row>"
    assert refusal(read_xlsx, with_rows(wide + b"<row><c><v>1</v></c></row>" * 2_000)) == many
    same = b"<row>" + b'<c r="A1"><v>1</v></c>' * 1_000_001 + b"</row>"
    assert refusal(read_xlsx, with_rows(same)) == many
    long = with_part(sheet(["x"]), "xl/sharedStrings.xml", strings_of(b"a" * 900_000))
    again = b'<row><c t="s"><v>0</v></c></row>'
    assert len(read_xlsx(with_rows(again, long)).text) == 900_006
    larger = "is larger than 100 MB when written out; split it"
    assert refusal(read_xlsx, with_rows(again * 112, long)) == larger
    assert refusal(read_xlsx, with_rows(again.replace(b"0", b"&#48;") * 112, long)) == larger
    assert "when unpacked" in refusal(read_xlsx, with_rows(b" " * 100_000_000))


def test_broken_and_locked_excel_files_are_refused() -> None:
    broken = "is a broken spreadsheet: "
    whole = sheet(["Naam", "Prijs"], ["Jan", 2])
    assert refusal(read_xlsx, whole[:-200]).startswith(broken)
    assert refusal(read_xlsx, NOISE).startswith(broken)
    assert refusal(read_xlsx, b"\xd0\xcf\x11\xe0" + NOISE).startswith("is locked with a password")
    assert refusal(read_xlsx, sheet([])) == "holds no text"
    for place in (b"ZZZZZ1", b"A99999999999", b"1", b"&#65;1"):
        row = b'<row><c r="%s"><v>1</v></c></row>' % place
        assert refusal(read_xlsx, with_rows(row)).startswith(broken)
    two = b'<row><c x=" r=\'A1\'" r="XFD1048576"><v>1</v></c></row>'
    assert refusal(read_xlsx, with_rows(two)).startswith(broken)
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        assert refusal(read_xlsx, with_part(whole, part, b"<x")), part
    counted = strings_of(b"a").replace(b"<sst", b'<sst uniqueCount="4294967295"')
    assert refusal(read_xlsx, with_part(whole, "xl/sharedStrings.xml", counted)).startswith(broken)
    laughs = b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>'
    assert refusal(read_xlsx, with_part(whole, "xl/sharedStrings.xml", laughs)).startswith(broken)


def test_an_open_document_spreadsheet_is_not_taken_for_excel() -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    assert refusal(read_xlsx, packed.getvalue()).startswith("is a broken spreadsheet: ")


def test_damaged_excel_is_read_or_refused() -> None:
    chance = random.Random(5)
    whole = sheet(["Naam", "Prijs"], ["Jan", 2], ["Éva", True], [datetime.date(2024, 2, 3)])
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    names = sorted(name for name in parts if name.startswith("xl/") and "theme" not in name)
    for _ in range(300):
        name = chance.choice(names)
        part = bytearray(parts[name])
        for _ in range(chance.randrange(1, 4)):
            part[chance.randrange(len(part))] = chance.choice(b"<>/\"'= 059AZ&;\xff\x00rcts")
        for raw in (with_part(whole, name, bytes(part)), whole[: chance.randrange(len(whole))]):
            try:
                assert read_xlsx(raw).text
            except UnreadableError as refused:
                assert str(refused)  # noqa: PT017
