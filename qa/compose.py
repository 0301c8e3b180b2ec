"""Evidence → the text of an answer with its markers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from index.types import Document
from qa.agreement import ValueGroup, contradicts, different_values, same_fact
from qa.evidence import Evidence
from qa.question import Question
from qa.render import shown
from qa.types import VERBATIM, Citation, Disagreement, Statement, Support
from qa.whole import completed

# A second sentence must answer about as well as the first (log odds): of those further behind
# more are wrong than right on the development sets.
_CLOSE_BEHIND = 0.3
_MOST_STATEMENTS = 3
# Who names the documents to answer from wants to hear each of them: of the sentences up to this
# far behind the best, one of each document, 7 in 10 are still right.
_WITHIN_SIGHT = 4.5
_MOST_DOCUMENTS = 5
_MOST_CITATIONS = 4  # of one statement
_NEAREST = 3
_COPIED = 0.8  # the share of sentences that a document and its copy have in common


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be said: groups of evidence, each becoming one statement."""

    groups: tuple[tuple[Evidence, ...], ...]
    values: tuple[ValueGroup, ...]
    nearest: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A text and what it cites."""

    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    disagreement: tuple[Disagreement, ...]
    nearest: tuple[Citation, ...]


def draft(
    question: Question, evidence: Sequence[Evidence], *, each_document: bool, sure: bool
) -> Draft:
    """Choose what to say: every value where the sources differ, else one to three sentences.

    ``each_document``: the best sentence of each, where it says something else. Not ``sure``:
    the best sentence alone.
    """
    # Of what may be no answer nobody wants to hear that others contradict it.
    differing = different_values(question, evidence) if sure else []
    groups = [_witnesses(group.evidence, evidence) for group in differing]
    if not differing:
        groups = _chosen(evidence, each_document=each_document)[: None if sure else 1]
    elif each_document:
        heard = {e.doc_id for group in groups for e in group}
        others = _chosen(evidence, each_document=True)
        groups += [group for group in others if not any(e.doc_id in heard for e in group)]
    said: list[tuple[Evidence, ...]] = []
    for group in groups:
        whole = _completed(group, evidence)
        # What was joined to one sentence is not said again as another.
        if not any(_overlap(whole[0], e) for earlier in said for e in earlier):
            said.append(whole)
    used = [e for group in said for e in group]
    nearest = [e for e in evidence if not any(_overlap(e, u) for u in used)]
    return Draft(tuple(said), tuple(differing), tuple(nearest[:_NEAREST]))


def _overlap(one: Evidence, other: Evidence) -> bool:
    return one.doc_id == other.doc_id and one.start < other.end and other.start < one.end


def _completed(group: Sequence[Evidence], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    first, *others = (completed(e, evidence) for e in group)
    # With the sentence beside it a witness may say more than it did, and something else.
    return (first, *(e for e in others if not contradicts(first.text, e.text)))


def draft_refusal(evidence: Sequence[Evidence]) -> Draft:
    """Say nothing, and show what comes closest."""
    return Draft((), (), tuple(evidence[:_NEAREST]))


def _chosen(evidence: Sequence[Evidence], *, each_document: bool) -> list[tuple[Evidence, ...]]:
    """Sentences that answer about equally well, those that say the same as one group."""
    best = evidence[0]
    left = [e for e in evidence if _as_good(e, best, _CLOSE_BEHIND)] or [best]
    most = _MOST_STATEMENTS
    if each_document:
        heard = {e.doc_id for e in left}
        for one in evidence:
            if one.doc_id not in heard and _as_good(one, best, _WITHIN_SIGHT):
                heard.add(one.doc_id)
                left.append(one)
        most = _MOST_DOCUMENTS
    groups: list[tuple[Evidence, ...]] = []
    while left and len(groups) < most:
        first, *others = left
        same = (first, *same_fact(first, others))
        groups.append(_witnesses(same, evidence))
        said = {shown(e.text) for e in same}
        left = [e for e in others if shown(e.text) not in said]
    return groups


def _witnesses(same: Sequence[Evidence], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What is cited of sentences that say the same; a document and its copy are one witness."""
    kept: list[Evidence] = []
    for one in same:
        if not any(_are_copies(one.doc_id, other.doc_id, evidence) for other in kept):
            kept.append(one)
    return tuple(kept[:_MOST_CITATIONS])


def _are_copies(one: str, other: str, evidence: Sequence[Evidence]) -> bool:
    """Whether two documents have nearly the same sentences, as far as they were found."""
    first, second = ({shown(e.text) for e in evidence if e.doc_id == id_} for id_ in (one, other))
    return one != other and len(first & second) >= _COPIED * len(first | second)


def _as_good(one: Evidence, best: Evidence, behind: float) -> bool:
    return one.is_statement and one.fits >= best.fits and one.score >= best.score - behind


@dataclass(frozen=True, slots=True)
class Line:
    """One statement of an answer that is being written."""

    text: str
    evidence: tuple[Evidence, ...]  # what it cites
    support: Support = VERBATIM


def verbatim(group: Sequence[Evidence]) -> Line:
    """What the first sentence of a group says, to the letter; the others say the same."""
    return Line(shown(group[0].text), tuple(group))


def write(draft: Draft, document: Callable[[str], Document]) -> Written:
    """Put a draft into words: the first sentence of each group, and markers for all of it."""
    return put(tuple(map(verbatim, draft.groups)), draft, document)


def put(lines: Sequence[Line], draft: Draft, document: Callable[[str], Document]) -> Written:
    """Join lines to a text, each followed by the markers of what it cites.

    Where the sources differ, a value of the draft that no line cites is a line of its own.
    """
    said = [e for line in lines for e in line.evidence]
    missing = [v.evidence[:1] for v in draft.values if not _which(said, v)]
    text = ""
    statements: list[Statement] = []
    numbers: dict[Evidence, int] = {}
    for line in (*lines, *map(verbatim, missing)):
        used = [numbers.setdefault(e, len(numbers) + 1) for e in line.evidence]
        start = len(text) + bool(text)
        text += f"{' ' if text else ''}{line.text}"
        statements.append(Statement(start, len(text), tuple(used), line.support))
        text += " " + "".join(f"[{n}]" for n in used)
    nearest = [e for e in draft.nearest if not any(_overlap(e, used) for used in numbers)]
    return Written(
        text,
        tuple(statements),
        tuple(cite(e, n, document) for e, n in numbers.items()),
        tuple(
            Disagreement(value.value, tuple(numbers[e] for e in _which(numbers, value)))
            for value in draft.values
        ),
        tuple(cite(e, n, document) for n, e in enumerate(nearest, start=len(numbers) + 1)),
    )


def _which(said: Iterable[Evidence], value: ValueGroup) -> list[Evidence]:
    """Those of these sentences that give a value."""
    return [e for e in said if any(_overlap(e, one) for one in value.evidence)]


def cite(evidence: Evidence, number: int, document: Callable[[str], Document]) -> Citation:
    """The citation of a sentence under a number."""
    source = document(evidence.doc_id)
    return Citation(
        number=number,
        doc_id=source.id,
        title=source.title,
        source=source.source,
        language=source.language,
        date=source.date,
        page=source.page_at(evidence.start),
        start=evidence.start,
        end=evidence.end,
        quote=source.text[evidence.start : evidence.end],
        sha256=source.sha256,
    )
