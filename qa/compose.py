"""Evidence → the text of an answer with its markers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.types import Document
from qa.agreement import ValueGroup, different_values, same_fact
from qa.evidence import Evidence
from qa.question import Question
from qa.render import shown
from qa.types import Citation, Disagreement, Statement

# A second sentence must answer nearly as well as the first: each further one found as many
# wrong citations as right ones on the development sets.
_ALMOST_AS_GOOD = 0.93
_MOST_STATEMENTS = 3
_MOST_CITATIONS = 4  # of one statement
_NEAREST = 3


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


def draft(question: Question, evidence: Sequence[Evidence]) -> Draft:
    """Choose what to say: every value where the sources differ, else one to three sentences."""
    differing = different_values(question, evidence)
    if differing:
        groups = [group.evidence[:_MOST_CITATIONS] for group in differing]
    else:
        groups = _chosen(evidence)
    used = {(e.doc_id, e.start) for group in groups for e in group}
    nearest = [e for e in evidence if (e.doc_id, e.start) not in used][:_NEAREST]
    return Draft(tuple(groups), tuple(differing), tuple(nearest))


def draft_refusal(evidence: Sequence[Evidence]) -> Draft:
    """Say nothing, and show what comes closest."""
    return Draft((), (), tuple(evidence[:_NEAREST]))


def _chosen(evidence: Sequence[Evidence]) -> list[tuple[Evidence, ...]]:
    """Sentences that answer about equally well, those that say the same as one group."""
    groups: list[tuple[Evidence, ...]] = []
    left = [e for e in evidence if _as_good(e, evidence[0])] or list(evidence[:1])
    while left and len(groups) < _MOST_STATEMENTS:
        first, *others = left
        same = same_fact(first, others)
        groups.append((first, *same[: _MOST_CITATIONS - 1]))
        said = {shown(e.text) for e in (first, *same)}
        left = [e for e in others if shown(e.text) not in said]
    return groups


def _as_good(one: Evidence, best: Evidence) -> bool:
    return one.is_statement and one.fits >= best.fits and one.score >= _ALMOST_AS_GOOD * best.score


def write(draft: Draft, document: Callable[[str], Document]) -> Written:
    """Put a draft into words: the first sentence of each group, and markers for all of it."""
    text = ""
    statements: list[Statement] = []
    citations: list[Citation] = []
    for group in draft.groups:
        start = len(text) + (1 if text else 0)
        text += (" " if text else "") + shown(group[0].text)
        end = len(text)
        numbers = range(len(citations) + 1, len(citations) + len(group) + 1)
        citations += [cite(e, n, document) for e, n in zip(group, numbers, strict=True)]
        text += " " + "".join(f"[{n}]" for n in numbers)
        statements.append(Statement(start, end, tuple(numbers), "verbatim"))
    disagreement = tuple(
        Disagreement(value.value, statement.citations)
        for value, statement in zip(draft.values, statements, strict=False)
    )
    after = len(citations) + 1
    nearest = tuple(cite(e, n, document) for n, e in enumerate(draft.nearest, start=after))
    return Written(text, tuple(statements), tuple(citations), disagreement, nearest)


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
