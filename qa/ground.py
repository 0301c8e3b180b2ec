"""The check every answer passes: quotes are exact spans, statements are what they cite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from index.errors import UnknownDocumentError
from index.types import Document
from qa.agreement import contradicts
from qa.claim_text import Source
from qa.claims import checks
from qa.compose import Written
from qa.errors import GroundingError
from qa.question import language_of
from qa.render import shown
from qa.types import VERBATIM, Check, Citation, Statement, Support

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


def supported(said: str, citations: Sequence[Citation]) -> Support:
    """How the quotes of these citations hold what is said, and what was looked for in them."""
    if citations and said == shown(citations[0].quote):
        return VERBATIM
    cites = Check("citation", bool(citations))
    sources = [Source(shown(c.quote), c.language) for c in citations]
    found = (cites, *checks(said, language_of(said), sources)) if citations else (cites,)
    return Support("supported" if all(c.holds for c in found) else "unsupported", found)


def check(written: Written, document: Callable[[str], Document]) -> None:
    """Let an answer pass only if its sources hold it, whoever wrote it.

    Raises:
        GroundingError: a quote is not at its place, a number dangles or is out of order, or a
            statement is not what it cites. Nothing of the answer may be shown.
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
        _check_statement(said, statement, [by_number[n] for n in statement.citations])


def _check_statement(said: str, statement: Statement, citations: Sequence[Citation]) -> None:
    found = supported(said, citations)
    if found.state == "unsupported" or found.state != statement.support.state:
        raise GroundingError(f"The statement {said!r} is not what it cites")
    if found.state == "verbatim":
        first, *others = citations
        for other in others:
            if contradicts(first.quote, other.quote):
                raise GroundingError(f"Citation {other.number} does not hold {said!r}")
