"""CSV and its like → a line a row, whatever the encoding and the delimiter."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator

from index.decode import Content, UnreadableError, decode
from index.rows import LIMIT_CELLS, TOO_MANY_CELLS, one_line, table_text

# The rarer in running text, the sooner taken: "appels;1,50" is cut evenly by a comma too.
_DELIMITERS = "\t;|,"
_NO_DELIMITER = "\x1f"  # which ``decode`` leaves in no text
_SAMPLE_ROWS = 500
# One limit for the whole process. Its 131,072 characters are few for a text from a database, and
# what is read here is in memory already.
csv.field_size_limit(2**31 - 1)


def read_csv(raw: bytes) -> Content:
    """The rows as ``table_text`` writes them, numbers and dates as they stand in the file.

    Cells are parted by commas, semicolons, tabs or bars. Where quotation marks do not pair, they
    are characters like any other.

    Raises:
        UnreadableError: It cannot be decoded, has too many cells, or holds no text.
    """
    text = decode(raw)
    try:
        written = _written(text, csv.QUOTE_MINIMAL)
    except csv.Error:
        written = _written(text, csv.QUOTE_NONE)
    if not written:
        raise UnreadableError("holds no text")
    return Content(written)


def _written(text: str, quoting: int) -> str:
    said = re.match(r"sep=([\t;|,])\n", text)  # what Excel writes for itself
    if said:
        return table_text(_cells(text[said.end() :], said[1], quoting))
    return table_text(_cells(text, _delimiter(text, quoting), quoting))


def _cells(text: str, delimiter: str, quoting: int) -> Iterator[list[str]]:
    n_cells = 0
    for row in _rows(text, delimiter, quoting, strict=True):
        n_cells += len(row)
        if n_cells > LIMIT_CELLS:
            raise UnreadableError(TOO_MANY_CELLS)
        yield list(map(one_line, row))


def _delimiter(text: str, quoting: int) -> str:
    r"""The one that cuts most rows into the same number of cells, more than one.

    ``csv.Sniffer`` counts characters, and so takes decimal commas and even letters.

    >>> _delimiter("appels;1,50\nperen;2,00\n", csv.QUOTE_MINIMAL)
    ';'
    """
    shares = {}
    for delimiter in _DELIMITERS:
        rows = itertools.islice(_rows(text, delimiter, quoting, strict=False), _SAMPLE_ROWS)
        widths = Counter(len(row) for row in rows if row)
        width, n_rows = max(widths.items(), key=lambda item: item[1], default=(1, 0))
        shares[delimiter] = n_rows / widths.total() if width > 1 else 0.0
    best = max(_DELIMITERS, key=lambda delimiter: shares[delimiter])
    return best if shares[best] > 0.5 else _NO_DELIMITER


def _rows(text: str, delimiter: str, quoting: int, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(
        io.StringIO(text),
        delimiter=delimiter,
        quoting=quoting,  # type: ignore[arg-type]
        skipinitialspace=True,
        strict=strict,
    )
