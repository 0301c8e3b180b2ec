"""The check every answer passes: quotes are exact spans, statements are what they cite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from index.errors import UnknownDocumentError
from index.types import Document
from qa.agreement import contradicts
from qa.compose import Written
from qa.errors import GroundingError
from qa.render import shown
from qa.types import Citation

State = Literal["holds", "moved", "changed", "gone"]


def state(citation: Citation, document: Callable[[str], Document]) -> State:
    """Whether a citation still holds.

    ``holds``: the very words stand at the very place. ``moved``: they stand elsewhere in the
    document now. ``changed``: they are not in it any more. ``gone``: there is no such document.
    """
    try:
        text = document(citation.doc_id).text
    except UnknownDocumentError:
        return "gone"
    if citation.start >= 0 and text[citation.start : citation.end] == citation.quote:
        return "holds"
    return "moved" if citation.quote in text else "changed"


def check(written: Written, document: Callable[[str], Document]) -> None:
    """Let an answer pass only if its sources hold it to the letter.

    Raises:
        GroundingError: a quote is not at its place, a number dangles or is out of order, or
            a statement is not what it cites. Nothing of the answer may be shown.
    """
    by_number = {citation.number: citation for citation in written.citations}
    used = [n for statement in written.statements for n in statement.citations]
    if list(dict.fromkeys(used)) != list(range(1, len(written.citations) + 1)):
        raise GroundingError(f"The citations are numbered {used}, not 1, 2, 3 … in order of use")
    for citation in (*written.citations, *written.nearest):
        found = state(citation, document)
        if found != "holds":
            raise GroundingError(
                f"Citation {citation.number} of {citation.doc_id!r} does not hold: {found}"
            )
        if citation.sha256 != document(citation.doc_id).sha256:
            raise GroundingError(f"Citation {citation.number} has another text's hash")
    for statement in written.statements:
        said = written.text[statement.start : statement.end]
        first, *others = (by_number[n] for n in statement.citations)
        if said != shown(first.quote):
            raise GroundingError(f"The statement {said!r} is not what it cites")
        for other in others:
            if contradicts(first.quote, other.quote):
                raise GroundingError(f"Citation {other.number} does not hold {said!r}")
