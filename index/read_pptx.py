"""PowerPoint files → the text of each slide, its notes after it: python-pptx's only door.

python-pptx opens the package and parses its XML. Its shapes leave out formulas, diagrams and what
stands in an ``AlternateContent``, so the text is taken from the parsed tree. What is in a picture
or a chart is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pptx
from pptx.exc import PythonPptxError
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.opc.package import Part
from pptx.oxml import parse_xml

from index.decode import Content, UnreadableError, plain
from index.packed import UNPACKING_ERRORS, check_size

# What lxml (a SyntaxError) and python-pptx raise for a damaged or unknown file; AttributeError: an
# element that python-pptx expects is not there, or is another one.
_BROKEN = (*UNPACKING_ERRORS, AttributeError, PythonPptxError, SyntaxError, TypeError)
_SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
# A Fallback repeats its Choice for old programs.
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXTS = (f"{_DRAWING}t", f"{_MATH}t")
_ROW, _CELL = f"{_DRAWING}tr", f"{_DRAWING}tc"
_PARAGRAPH, _LINE_END = f"{_DRAWING}p", f"{_DRAWING}br"
# Whatever begins a text of its own: the point of a diagram is one, too.
_SHAPES = tuple(f"{_SLIDE}{name}" for name in ("sp", "cxnSp", "graphicFrame", "pic", "grpSp"))
_POINT = f"{_DIAGRAM}pt"
_MARKS = (*_TEXTS, _ROW, _CELL, _PARAGRAPH, _LINE_END, *_SHAPES, _POINT)
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("dt", "ftr", "hdr", "sldNum")
# What PowerPoint gives a file that nobody gave a title.
_MADE_UP = re.compile(r"power\s?point[- ]pr[eä]sent", re.IGNORECASE)


def read_pptx(raw: bytes) -> Content:
    """The text of the slides that are shown, and where each starts; page n is slide n.

    A title comes first, then the rest in the order in which PowerPoint reads it out; cells are
    parted by tabs. A hidden slide or shape is left out, and so are dates, footers and page numbers.

    Raises:
        UnreadableError: It is no PowerPoint file, broken, too large, or holds no text.
    """
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableError("is locked with a password, or an old .ppt file under another name")
    try:
        check_size(raw)
        deck = pptx.Presentation(BytesIO(raw))
        title = deck.core_properties.title
        # A file may name a part any number of times; each is read once, or there would be no end.
        read: set[Part] = set()
        slides = [_slide(slide.part, read) for slide in deck.slides]
    except _BROKEN as error:
        raise UnreadableError(f"is a broken PowerPoint file: {error}") from error
    text, pages = _flow([slide for _, slide in slides])
    if not text:
        raise UnreadableError("holds no text")
    title = "" if _MADE_UP.match(title) else title
    return Content(text, title=title, heading=slides[0][0], pages=pages)


def _slide(part: Any, read: set[Part]) -> tuple[str, str]:  # noqa: ANN401
    """The slide's title and all of its text; both are empty if it is hidden."""
    # The trees are lxml's, which has no types.
    slide: Any = part.slide.element
    if part in read or slide.get("show") in ("0", "false"):
        return "", ""
    read.add(part)
    trees = [slide, *_others(part, RELATIONSHIP_TYPE.DIAGRAM_DATA, read)]
    trees += _others(part, RELATIONSHIP_TYPE.NOTES_SLIDE, read)
    for tree in trees:
        if tree.getroottree().docinfo.doctype:
            raise UnreadableError("declares XML entities, which no PowerPoint file does")
        _tidy(tree)
    title = _title(slide)
    heading = ""
    if title is not None:
        heading = _text(title)
        slide.cSld.spTree.insert(0, title)
    return heading, "\n\n".join(filter(None, map(_text, trees)))


def _others(part: Part, kind: str, read: set[Part]) -> Iterator[Any]:
    for relation in part.rels.values():
        if relation.reltype == kind and relation.target_part not in read:
            read.add(relation.target_part)
            yield parse_xml(relation.target_part.blob)


def _tidy(tree: Any) -> None:  # noqa: ANN401
    """Take out what is not shown, or is the same on each slide."""
    gone = list(tree.iter(_FALLBACK))
    gone += [_shape(ph) for ph in tree.iter(f"{_SLIDE}ph") if ph.get("type") in _FURNITURE]
    names = tree.iter(f"{_SLIDE}cNvPr")
    gone += [_shape(name) for name in names if name.get("hidden") in ("1", "true")]
    for element in gone:
        if element is not None and element.getparent() is not None:
            element.getparent().remove(element)


def _title(slide: Any) -> Any:  # noqa: ANN401
    holders = (ph for ph in slide.iter(f"{_SLIDE}ph") if ph.get("type") in _TITLES)
    return next(map(_shape, holders), None)


def _shape(element: Any) -> Any:  # noqa: ANN401
    return next(element.iterancestors(*_SHAPES), None)


def _text(tree: Any) -> str:  # noqa: ANN401
    pieces = []
    in_cell = first_cell = False
    for element in tree.iter(*_MARKS):
        tag = element.tag
        if tag in _TEXTS:
            pieces.append(element.text or "")
        elif tag == _ROW:
            pieces.append("\n")
            first_cell = True
        elif tag == _CELL:
            pieces.append("" if first_cell else "\t")
            in_cell, first_cell = True, False
        elif tag in (_PARAGRAPH, _LINE_END):
            pieces.append(" " if in_cell else "\n\n" if tag == _PARAGRAPH else "\n")
        else:
            pieces.append("\n\n")
            in_cell = False
    return _trimmed(plain("".join(pieces)))


def _trimmed(text: str) -> str:
    r"""The text without spaces at the edges of lines and cells, and one empty line at most.

    >>> _trimmed("\n\n Stad\t Gent \n\n\n\nSlot")
    'Stad\tGent\n\nSlot'
    """
    # Splitting takes linear time, whatever the number of spaces; a regular expression does not.
    lines = ("\t".join(cell.strip(" ") for cell in line.split("\t")) for line in text.split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _flow(slides: Sequence[str]) -> tuple[str, tuple[int, ...]]:
    r"""One text, and where each slide starts.

    >>> _flow(["Een", "", "Twee"])
    ('Een\n\nTwee', (0, 3, 5))
    """
    parts: list[str] = []
    starts = []
    length = 0
    for slide in slides:
        if slide:
            parts += ["\n\n" if length else "", slide]
            length += len(parts[-2])
        starts.append(length)
        length += len(slide)
    return "".join(parts), tuple(starts)
