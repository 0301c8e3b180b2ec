"""Word files → text, notes included: python-docx's only door.

python-docx opens the package and parses its XML. Its ``Paragraph.text`` and
``iter_inner_content()`` skip insertions under review, content controls and text boxes, so the
paragraphs are taken from the parsed tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from index.decode import Content, UnreadableError, plain
from index.packed import UNPACKING_ERRORS, check_size

_NOTES = (RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES)
# What lxml (a SyntaxError) and python-docx raise for a damaged or unknown file; AttributeError: an
# element that python-docx expects is not there, or is another one.
_BROKEN = (*UNPACKING_ERRORS, AttributeError, OpcError, SyntaxError, TypeError)
_PARAGRAPH, _PROPERTIES = qn("w:p"), qn("w:pPr")
_TEXTS = {qn("w:t"), qn("m:t"), qn("a:t")}
_SIGNS = {
    qn("w:tab"): "\t",
    qn("w:ptab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
# A Fallback repeats its Choice for old programs.
_GONE = (
    qn("w:del"),
    qn("w:moveFrom"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
)
# What stands between two paragraphs of the same ...
_WITHIN = {qn("w:tc"): " ", qn("w:tr"): "\t", qn("w:tbl"): "\n"}


def read_docx(raw: bytes) -> Content:
    """The text in reading order, cells parted by tabs, then the notes.

    Raises:
        UnreadableError: It is no Word document, broken, too large, or holds no text.
    """
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("is locked with a password, or an old .doc file under another name")
    try:
        check_size(raw)
        document = docx.Document(BytesIO(raw))
        trees = [document.element.body, *_note_trees(document.part.rels.values())]
        title = document.core_properties.title
        headings = {s.style_id for s in document.styles if _is_heading(s.name or "")}
    except _BROKEN as error:
        raise UnreadableError(f"is a broken Word document: {error}") from error
    if document.element.getroottree().docinfo.doctype:
        raise UnreadableError("declares XML entities, which no Word document does")
    text = "\n\n".join(filter(None, map(_text, trees)))
    if not text:
        raise UnreadableError("holds no text")
    return Content(plain(text), title=title, heading=_first_heading(trees[0], headings))


# The trees are lxml's, which has no types.


def _note_trees(relations: Any) -> Iterator[Any]:  # noqa: ANN401
    # Each once: a small file may name one part a thousand times.
    parts = dict.fromkeys(r.target_part for r in relations if r.reltype in _NOTES)
    for part in parts:
        yield parse_xml(part.blob)


def _is_heading(style: str) -> bool:
    return re.match("title|heading", style, re.IGNORECASE) is not None


def _first_heading(tree: Any, headings: set[str]) -> str:  # noqa: ANN401
    for paragraph in tree.iter(_PARAGRAPH):
        style = paragraph.style or ""
        # A file need not define the styles that Word knows; then the id is all there is.
        if (style in headings or _is_heading(style)) and (words := _words(paragraph).strip()):
            return words
    return ""


def _text(tree: Any) -> str:  # noqa: ANN401
    for element in list(tree.iter(*_GONE)):
        element.getparent().remove(element)
    pieces: list[str] = []
    above = None
    for paragraph in tree.iter(_PARAGRAPH):
        between = _between(above, paragraph) if above is not None else ""
        words = _words(paragraph).strip()
        if words or between in ("\t", "\n"):  # an empty cell has its place in the row
            pieces += [between, words]
            above = paragraph
    return "\n".join(line.rstrip() for line in "".join(pieces).split("\n")).strip()


def _between(above: Any, below: Any) -> str:  # noqa: ANN401
    around = set(above.iterancestors(*_WITHIN))
    shared = (element for element in below.iterancestors(*_WITHIN) if element in around)
    return next((_WITHIN[element.tag] for element in shared), "\n\n")


def _words(element: Any) -> str:  # noqa: ANN401
    """The text of a paragraph, without that of the paragraphs in it, which stand in a text box."""
    pieces = []
    for child in element:
        if child.tag in _TEXTS:
            pieces.append(child.text or "")
        elif child.tag in _SIGNS:
            pieces.append(_SIGNS[child.tag])
        elif child.tag not in (_PARAGRAPH, _PROPERTIES):
            pieces.append(_words(child))
    return "".join(pieces)
