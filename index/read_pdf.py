"""PDF → running text with the start of each page: pypdfium2's only door.

PDFium gives characters and where they stand; lines, paragraphs and words cut at a line end are
put together here. What is in a picture is not read.
"""

from __future__ import annotations

import itertools
import re
import statistics
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_raw

from index.decode import Content, UnreadableError, plain

_PDF_LOCKED = (4, 5)  # FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY
_PDF_HYPHEN = 2  # what PDFium's text has for a hyphen at the end of a line, line end included
_PDF_LINE_ENDS = (10, 13, _PDF_HYPHEN)
_pdfium_turn = threading.Lock()  # PDFium may be called by one thread at a time
_CUT_WORD = re.compile(r"[^\W\d_][-\u00ad\u2010]$")
_BULLET = re.compile(r"[-–—•‣▪·*o] |\(?([0-9]{1,3}|[a-zA-Z]|[ivx]+)[.)] ")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line on a page, in points from the lower left."""

    text: str
    left: float
    right: float
    bottom: float
    height: float  # of the font: the same for each line in it

    @property
    def first_word_width(self) -> float:
        return (self.right - self.left) * len(self.text.split(maxsplit=1)[0]) / len(self.text)


def read_pdf(raw: bytes) -> Content:
    """The pages as running text, and where each starts.

    Raises:
        UnreadableError: It is no PDF, broken, locked, or holds pictures only.
    """
    # As Acrobat does. PDFium repairs what was cut off by leaving pages out, and says nothing.
    if b"%PDF-" not in raw[:1024]:
        raise UnreadableError("is not a PDF, whatever its name says")
    if b"%%EOF" not in raw[-1024:]:
        raise UnreadableError("is cut off: the end of the PDF is missing")
    try:
        with _pdfium_turn, pdfium.PdfDocument(raw) as pdf:
            pages = [_page_lines(page) for page in pdf]
            title = str(pdf.get_metadata_value("Title"))
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) in _PDF_LOCKED:
            raise UnreadableError("is locked with a password") from error
        raise UnreadableError("is a broken PDF") from error
    usual = _usual_step(pages)
    text, starts = _flow([_paragraphs(lines, usual) for lines in _without_furniture(pages)])
    if not text.strip():
        raise UnreadableError("holds no text: its pages seem to be scanned pictures")
    return Content(text, title=title, pages=tuple(starts))


def _page_lines(page: pdfium.PdfPage) -> list[_Line]:
    text_page = page.get_textpage()
    codes = [pdfium_raw.FPDFText_GetUnicode(text_page, i) for i in range(text_page.count_chars())]
    lines = []
    start = 0
    for end in [i for i, code in enumerate(codes) if code in _PDF_LINE_ENDS] + [len(codes)]:
        shown = [i for i in range(start, end) if codes[i] > 32]
        if shown:
            hyphen = "-" if end < len(codes) and codes[end] == _PDF_HYPHEN else ""
            text = _characters(codes[shown[0] : shown[-1] + 1]) + hyphen
            sample = (shown[0], shown[len(shown) // 2], shown[-1])
            boxes = [text_page.get_charbox(i, loose=True) for i in sample]
            # The middle one of three: a bullet or a footnote mark is often set in another size.
            _, bottom, _, top = sorted(boxes, key=lambda box: box[3] - box[1])[1]
            lines.append(_Line(text, boxes[0][0], boxes[2][2], bottom, top - bottom))
        start = end + 1
    return lines


def _characters(codes: Sequence[int]) -> str:
    r"""The text that PDFium's character codes stand for; they may be halves of a pair.

    >>> _characters([0x48, 0x69, 0x20, 0xD83D, 0xDE00])
    'Hi 😀'
    """
    units = "".join(map(chr, codes)).encode("utf-16-le", "surrogatepass")
    return plain(units.decode("utf-16-le", "replace"))


def _without_furniture(pages: Sequence[Sequence[_Line]]) -> list[list[_Line]]:
    """The pages without page numbers, and with one of each head or foot line they share."""
    n_pages: Counter[str] = Counter()
    for number, lines in enumerate(pages):
        n_pages.update({_numberless(line, number) for line in (*lines[:2], *lines[-2:])})
    common = {key for key, n in n_pages.items() if n >= 3 and n > len(pages) / 2}
    kept: list[list[_Line]] = []
    for number, lines in enumerate(pages):
        kept.append([])
        for i, line in enumerate(lines):
            key = _numberless(line, number)
            if 1 < i < len(lines) - 2 or key not in common:
                kept[-1].append(line)
            elif n_pages[key] and any(map(str.isalpha, key)):
                kept[-1].append(line)
                n_pages[key] = 0
    return kept


def _numberless(line: _Line, page: int) -> str:
    """The line with the number at its edge relative to the page: a page number stays the same."""
    number = r"^[0-9]{1,4}\b|\b[0-9]{1,4}(?=(?: ?(?:/|of|van|von) ?[0-9]+)?$)"
    return re.sub(number, lambda found: f"<{int(found[0]) - page}>", line.text)


def _usual_step(pages: Sequence[Sequence[_Line]]) -> float:
    """How far a line of this document lies below the one above, in heights of its font."""
    pairs = itertools.chain.from_iterable(map(itertools.pairwise, pages))
    steps = [(above.bottom - line.bottom) / (line.height or 1) for above, line in pairs]
    return statistics.median_low([step for step in steps if 0 < step < 3] or [1])


def _paragraphs(lines: Sequence[_Line], usual: float) -> str:
    """The lines of a page as running text, with an empty line where the page has a gap."""
    blocks: list[list[_Line]] = []
    for line in lines:
        if blocks and _continues(blocks[-1][-1], line, usual):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return "\n\n".join(_running(block, _edge(block, lines)) for block in blocks)


def _continues(above: _Line, line: _Line, usual: float) -> bool:
    """Whether a line is set below another with no gap, in the same size and column."""
    same_size = 0.77 < line.height / (above.height or 1) < 1.3
    step = (above.bottom - line.bottom) / (line.height or 1)
    # Double spacing is 2 heights; what is more, or more than usual, is a gap between paragraphs.
    return same_size and 0 < step < min(1.3 * usual, 2.1) and line.left < above.right


def _edge(block: Sequence[_Line], lines: Sequence[_Line]) -> float:
    """How far to the right the text of this block may run."""
    if len(block) < 3:  # too few to show it: look at all that begins in the same place
        start = min(line.left for line in block)
        block = [line for line in lines if abs(line.left - start) < 3 * line.height]
    rights = sorted(line.right for line in block)
    return rights[-1 - len(rights) // 10]  # one in ten may stick out


def _running(block: Sequence[_Line], edge: float) -> str:
    """The lines of a block, joined where a line end means nothing but that the line was full."""
    text = block[0].text
    for above, line in itertools.pairwise(block):
        text = _joined(text, line.text) if _wrapped(above, line, edge) else f"{text}\n{line.text}"
    return text


def _wrapped(above: _Line, line: _Line, edge: float) -> bool:
    """Whether a line goes on where the one above had no room, or was left inside a sentence."""
    indented = line.left > above.left + 0.8 * line.height and not _BULLET.match(above.text)
    listed = _BULLET.match(line.text) and above.text[-1] != ","  # "am Sonntag,\n10. Januar"
    dotted = ". . ." in above.text or "....." in above.text  # a line of a table of contents
    width = above.right - above.left
    if indented or listed or dotted or width < 12 * above.height:  # or the cell of a table, perhaps
        return False
    no_room = above.right + line.first_word_width + 0.2 * line.height > edge
    cut = _CUT_WORD.match(above.text[-2:]) is not None
    inside = line.text[0].islower() and above.text[-1] not in ".!?:;"
    return no_room or cut or (inside and width > 0.6 * (edge - above.left))


def _joined(text: str, more: str) -> str:
    """Two parts of a wrapped sentence; a word that was cut becomes whole.

    >>> _joined("Die Regie-", "rung tagt"), _joined("Noord-", "Holland"), _joined("het", "is")
    ('Die Regierung tagt', 'Noord-Holland', 'het is')
    >>> _joined("US-", "amerikanisch"), _joined("Ein-", "und Ausgang")
    ('US-amerikanisch', 'Ein- und Ausgang')
    """
    if not _CUT_WORD.match(text[-2:]):
        return f"{text.rstrip(' ')} {more}"
    if re.match(r"(?:en|of|und|oder|bzw|and|or)\b", more):
        return f"{text} {more}"
    return (text[:-1] if text[-2].islower() and more[0].islower() else text) + more


def _flow(pages: Sequence[str]) -> tuple[str, list[int]]:
    r"""One text, and where each page starts; a sentence stays whole over the end of a page.

    >>> _flow(["Het was", "", "laat. Toen", "Daarna."])
    ('Het was laat. Toen\n\nDaarna.', [0, 7, 8, 20])
    """
    parts = [""]
    starts = []
    length = 0
    for page in pages:
        if page and length:
            last = parts[-1]
            runs_on = page[0].islower() and last[-1] not in ".!?:;"
            parts[-1] = _joined(last, page).removesuffix(page) if runs_on else f"{last}\n\n"
            length += len(parts[-1]) - len(last)
        starts.append(length)
        if page:
            parts.append(page)
            length += len(page)
    return "".join(parts), starts
