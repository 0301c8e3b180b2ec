"""HTML → the text that a reader of the page sees: lxml's only door.

lxml reads the tags; what is kept and where lines end is decided here.
"""

from __future__ import annotations

import re
from collections import Counter

from lxml import etree

from index.decode import Content, UnreadableError, decode, plain

# Never shown, or not as running text: what stands in for a film, a drawing's labels, a menu.
_NEVER = frozenset(
    "script style noscript template svg annotation select datalist object audio video canvas "
    "iframe noframes".split()
)
_FURNITURE = frozenset("nav header footer aside button".split())
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_PARAGRAPHS = _HEADINGS | frozenset(
    "p ul ol dl table pre blockquote figure section article".split()
)
_LINES = frozenset(
    "address aside body caption center dd details dialog div dt fieldset figcaption footer "
    "form header hr legend li main nav search summary tbody tfoot thead tr".split()
)
_CELLS = frozenset(("td", "th"))
_PUBLISHED = (
    "article:published_time",
    "datepublished",
    "dcterms.issued",
    "dc.date.issued",
    "citation_publication_date",
    "publish-date",
    "pubdate",
)
# For each end tag libxml2 looks through all open elements, so deeper takes quadratic time; browsers
# stop nesting at 512. An error is raised at the end of a piece: small pieces keep that soon.
_MAX_DEPTH = 2_000
_PIECE_BYTES = 65_536


def read_html(raw: bytes) -> Content:
    """The page's text, title, language and the date on which it says it was published.

    Raises:
        UnreadableError: It cannot be decoded, holds no text, or is nested too deep.
    """
    source = decode(raw, _declared_codec(raw)).encode()
    page = _parsed(source, main_only=True)
    # All of it may stand in, say, a <header> that is never closed, or be shown by a script.
    text = page.text() or _parsed(source, main_only=False).text()
    if not text:
        raise UnreadableError("holds no text")
    return Content(
        text,
        title=page.fields.get("title", ""),
        language=page.fields.get("lang", ""),
        date=next((page.fields[name] for name in _PUBLISHED if name in page.fields), None),
    )


def _declared_codec(raw: bytes) -> str:
    """The codec a browser takes for the declared charset; "" for one that is no text encoding.

    >>> _declared_codec(b'<meta charset="ISO-8859-1">'), _declared_codec(b"<meta charset=hex>")
    ('cp1252', '')
    """
    declared = re.search(
        rb"""<meta[^>]{1,200}?charset\s*=\s*["']?([\w-]+)""", raw[:4096], re.IGNORECASE
    )
    name = declared[1].decode("ascii", "replace").lower() if declared else ""
    if name in ("iso-8859-1", "latin1", "us-ascii", "ascii"):
        return "cp1252"  # https://encoding.spec.whatwg.org/#names-and-labels
    known = re.match(r"iso-8859|windows-|koi8|shift_jis|euc-|gb|big5|macintosh", name)
    return name if known else ""


def _parsed(source: bytes, *, main_only: bool) -> _Page:
    page = _Page(main_only=main_only)
    parser = etree.HTMLParser(
        target=page, encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    for start in range(0, len(source), _PIECE_BYTES):
        parser.feed(source[start : start + _PIECE_BYTES])
    try:
        parser.close()
    except etree.XMLSyntaxError as error:
        # Nothing but comments; all else is mended, as browsers do.
        raise UnreadableError("holds no text") from error
    return page


_RAISED = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")


def _raised(text: str) -> str:
    """Raised figures as one sees them: flat, "10⁶" would read 106 and a footnote mark a number.

    >>> _raised("6"), _raised("th")
    ('⁶', 'th')
    """
    return text.translate(_RAISED) if re.fullmatch(r"[\d+-]+", text.strip()) else text


class _Page:
    """A target for ``HTMLParser``, which calls start, data and end, and ends what it started."""

    def __init__(self, *, main_only: bool) -> None:
        self.fields: dict[str, str] = {}  # title, lang and the page's <meta> names
        self._main_only = main_only
        self._open: Counter[str] = Counter()
        self._depth = 0
        self._skipped = 0  # how deep we are in an element that is left out
        self._title: list[str] = []
        self._pieces: list[str] = []
        self._newlines = 0  # these and the tabs come before the next piece
        self._tabs = 0
        self._first_cell = True  # of its row
        self._cell_is_empty = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnreadableError("is nested too deep")
        if self._skipped:
            self._skipped += 1
            return
        self._break(tag)
        if self._leaves_out(tag, attributes):
            self._skipped = 1
            return
        self._open[tag] += 1
        if tag == "tr":
            self._first_cell = True
        elif tag in _CELLS:
            self._tabs += not self._first_cell
            self._first_cell, self._cell_is_empty = False, True
        elif tag in ("html", "meta"):
            self._describe(attributes)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
            return
        self._open[tag] -= 1
        if tag in _CELLS:
            if not self._cell_is_empty:
                self._newlines = 0
            self._cell_is_empty = False
        elif tag == "title":
            self.fields.setdefault("title", "".join(self._title))
        elif tag != "br":
            self._break(tag)

    def data(self, text: str) -> None:
        if self._skipped:
            return
        if self._open["title"]:
            self._title.append(text)
            return
        if self._open["pre"]:
            text = plain(text)
        else:
            text = re.sub(r"[ \t\n\r\f]+", " ", text)
            if self._newlines or self._tabs or not self._pieces or self._pieces[-1][-1:] == " ":
                text = text.removeprefix(" ")
        if self._open["sup"]:
            text = _raised(text)
        if text:
            self._append(text)

    def close(self) -> None:
        """Do nothing; the parser asks for it."""

    def text(self) -> str:
        return re.sub("\n{3,}", "\n\n", plain("".join(self._pieces))).strip("\n").rstrip()

    def _leaves_out(self, tag: str, attributes: dict[str, str]) -> bool:
        if tag in _NEVER:
            return True
        if not self._main_only:
            return False
        if tag == "header" and (self._open["article"] or self._open["main"]):
            return False  # it holds the headline
        if tag == "button" and any(self._open[heading] for heading in _HEADINGS):
            return False  # it unfolds what is under the heading
        style = attributes.get("style", "")
        hidden = "hidden" in attributes or re.search(r"display\s*:\s*none", style, re.IGNORECASE)
        return tag in _FURNITURE or bool(hidden)

    def _describe(self, attributes: dict[str, str]) -> None:
        if "lang" in attributes:
            self.fields.setdefault("lang", attributes["lang"])
        for kind in ("property", "name", "itemprop"):
            if kind in attributes and "content" in attributes:
                self.fields.setdefault(attributes[kind].lower(), attributes["content"])

    def _break(self, tag: str) -> None:
        """End the line where a browser would; what stands at the edge of a cell ends no row."""
        if self._cell_is_empty:
            return
        wanted = 2 if tag in _PARAGRAPHS else 1 if tag in _LINES else 0
        if tag == "br":
            wanted = self._newlines + 1
        if wanted:
            self._newlines = max(self._newlines, wanted)
            self._tabs = 0

    def _append(self, text: str) -> None:
        if self._pieces and (self._newlines or self._tabs):
            self._pieces[-1] = self._pieces[-1].rstrip(" ")
            text = text.removeprefix("\n")  # right after <pre>
        self._pieces += ["\n" * self._newlines + "\t" * self._tabs, text]
        self._newlines = self._tabs = 0
        self._cell_is_empty = False
