"""Rows of cells → the lines one would cite, each saying what its values are.

The readers of tables share this. It knows nothing of files; lines are parted by an empty one,
without which the sentence finder would take two rows for one wrapped sentence.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from index.decode import UnreadableError, plain

LIMIT_CELLS = 1_000_000
TOO_MANY_CELLS = f"has more than {LIMIT_CELLS:,} cells; split it"
# A name is repeated for each value under it, so that a small file can ask for a large text.
LIMIT_CHARS = 100_000_000
TOO_LARGE = f"is larger than {LIMIT_CHARS // 1_000_000} MB when written out; split it"
_NAME_CHARS = 200  # in a survey, a whole question
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")

_Row = Sequence[tuple[int, str]]  # the column and the text of each cell that has one


def one_line(cell: str) -> str:
    r"""The text of a cell, each run of white space as one space.

    >>> one_line(" Jan\r\nde  Wit")
    'Jan de Wit'
    """
    return " ".join(plain(cell).split())


def table_text(rows: Iterable[Sequence[str]]) -> str:
    r"""Each row as a line, its values named where the table has a header.

    Empty rows part a table from the next. One cell alone on the first rows is a title. Without
    a header the cells of a row stay in their columns, parted by tabs.

    Args:
        rows: Cells as ``one_line`` gives them; rows may differ in length.

    Raises:
        UnreadableError: The text would be too large.

    >>> table_text([["Prices"], ["Name", "EUR"], ["Tea", "2,50"], ["Milk", ""], [], ["x", "y"]])
    'Prices\n\nName: Tea; EUR: 2,50\n\nName: Milk\n\nx\ty'
    """
    lines: list[str] = []
    n_chars = 0
    for line in _lines(rows):
        n_chars += len(line)
        if n_chars > LIMIT_CHARS:
            raise UnreadableError(TOO_LARGE)
        lines.append(line)
    return "\n\n".join(lines)


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    filled = ([(i, cell) for i, cell in enumerate(row) if cell] for row in rows)
    for has_cells, table in itertools.groupby(filled, key=bool):
        if has_cells:
            yield from _table_lines(list(table))


def _table_lines(table: list[_Row]) -> Iterator[str]:
    n_titles = sum(1 for _ in itertools.takewhile(lambda row: len(row) == 1, table))
    yield from (row[0][1] for row in table[:n_titles])
    table = table[n_titles:]
    if not _has_header(table):
        yield from map(_tabbed, table)
        return
    names, rows = dict(table[0]), table[1:]
    used = {column for row in rows for column, _ in row}
    unused = [cell for cell in table[0] if cell[0] not in used]
    if unused:
        yield _tabbed(unused)
    yield from ("; ".join(_named(names, cell) for cell in row) for row in rows)


def _has_header(table: list[_Row]) -> bool:
    """Whether the first row names the columns below it.

    A wrong name is worse than none: what comes again in its own column, or looks like an address
    or a number, is a value. But years that follow each other are names.
    """
    if len(table) < 2 or not _names_all(table[0], table[1:]):
        return False
    names = dict(table[0])
    words = list(names.values())
    years = [int(word) for word in words if _YEAR.fullmatch(word)]
    return (
        len(set(words)) == len(words)
        and sum(map(_is_name, words)) + len(years) == len(words)
        and len(years) != 1
        and all(abs(after - year) == 1 for year, after in itertools.pairwise(years))
        and not any(names.get(column) == cell for row in table[1:] for column, cell in row)
    )


def _names_all(header: _Row, rows: list[_Row]) -> bool:
    """Whether every column has a name, but for an empty corner and a few cells that stick out."""
    last = header[-1][0]
    columns = {column for row in rows for column, _ in row if column < last}
    unnamed = columns - {column for column, _ in header}
    n_longer = sum(row[-1][0] > last for row in rows)
    return unnamed <= {min(columns, default=0)} and 10 * n_longer < len(rows)


def _is_name(word: str) -> bool:
    """Whether the word can stand over a column.

    >>> [_is_name(word) for word in ("Prijs (€)", "12,50", "TRUE", "jan@example.org")]
    [True, False, False, False]
    """
    return (
        len(word) <= _NAME_CHARS
        and re.search(r"[^\W\d_]", word) is not None
        and word not in ("TRUE", "FALSE")
        and "@" not in word
        and "://" not in word
    )


def _named(names: dict[int, str], cell: tuple[int, str]) -> str:
    column, value = cell
    return f"{names[column].removesuffix(':')}: {value}" if column in names else value


def _tabbed(row: _Row) -> str:
    pieces = []
    left = row[0][0]
    for column, cell in row:
        pieces += ["\t" * (column - left), cell]
        left = column
    return "".join(pieces)
