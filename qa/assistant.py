"""Question in, cited answer out: the five steps in a row."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from index import Library
from index.types import LANGUAGES
from qa.errors import QuestionError
from qa.phrases import PHRASES
from qa.render import shown
from qa.settings import Settings
from qa.types import Answer, Position, Stance, Turn

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.gather import Progress
    from index.snapshot import Snapshot
    from index.types import Hit
    from qa.compose import Written
    from qa.evidence import Findings
    from qa.question import Question

# Enough that the answering sentence is among the candidates for 98 of 100 development
# questions; more costs time and finds nothing.
_HITS = 40
# Below the one confidence it refuses, below the other it says that it is not sure. Chosen to
# favour answering: 1 in 7 answerable natural questions is refused, 1 in 3 of the others answered.
_REFUSE_BELOW = 0.36
_SURE_FROM = 0.5


class Assistant:
    """Answers questions from one library. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self.library = library

    @classmethod
    def open(cls, store: str | Path, *, embedder: Embedder | None = None) -> Assistant:
        """An assistant over the store in that folder, which ``qa index`` made."""
        return cls(Library.open(store, embedder=embedder))

    @classmethod
    def open_default(
        cls, settings: Settings | None = None, progress: Progress | None = None
    ) -> Assistant:
        """An assistant over the default store, built from the shipped articles if there is none."""
        assistant = cls.open((settings or Settings.from_env()).store)
        if not assistant.library.exists():
            assistant.library.build(progress=progress)
        return assistant

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
        refuse: bool = True,
    ) -> Answer:
        """The answer to ``question``, every sentence of it cited.

        Args:
            question: What a person asks, in Dutch, German or English.
            history: The turns before, oldest first, for a question that goes on from them.
            sources: Answer from the documents with these ids alone.
            languages: Answer from documents in these languages alone.
            refuse: Whether to say so when the documents do not answer; otherwise the best
                evidence is given, however weak.

        Raises:
            QuestionError: there is no question, it is too long, or the restriction is empty.
            LibraryError: the index is not there or cannot be read.
        """
        from qa.evidence import weigh
        from qa.question import understand

        clock = _Clock()
        asked = understand(question, history)
        _check_restriction(sources, languages)
        clock.lap("understand")

        def answer(snapshot: Snapshot) -> Answer:
            if asked.vague and refuse:
                return _unasked(asked, snapshot, "clarify", clock)
            meant, hits = searched(asked, snapshot, sources=sources, languages=languages)
            clock.lap("search")
            findings = weigh(meant, snapshot, hits)
            clock.lap("weigh")
            return _answer(meant, snapshot, hits, findings, _How(sources, refuse), clock)

        return self.library.read(answer)

    def decline(self, question: str, *, history: Sequence[Turn] = ()) -> Answer:
        """The refusal of a question that no document may be used for.

        Raises:
            QuestionError: there is no question, or it is too long.
            LibraryError: the index is not there or cannot be read.
        """
        from qa.question import understand

        asked = understand(question, history)
        return self.library.read(lambda found: _unasked(asked, found, "refusal", _Clock()))

    def stream(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
        refuse: bool = True,
    ) -> Iterator[Answer]:
        """The answer as it grows, statement by statement; the last one is ``ask``'s.

        Every one of them is whole: its text ends after a marker, and no number dangles.
        """
        answer = self.ask(
            question, history=history, sources=sources, languages=languages, refuse=refuse
        )
        for n in range(1, len(answer.statements)):
            yield _cut(answer, n)
        yield answer


def searched(
    asked: Question,
    snapshot: Snapshot,
    *,
    sources: Sequence[str] | None = None,
    languages: Sequence[str] | None = None,
) -> tuple[Question, list[Hit]]:
    """A question in the spelling of the documents, and the hits for it."""
    from qa.question import respelled

    words = [term.word for term in asked.terms]
    meant = respelled(asked, snapshot.spellings(words, asked.language))
    return meant, snapshot.search(meant.query, _HITS, sources=sources, languages=languages)


@dataclass(frozen=True, slots=True)
class _How:
    """How a question is to be answered."""

    sources: Sequence[str] | None  # from these documents alone
    refuse: bool


class _Clock:
    """Milliseconds of each stage since the one before."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        self.laps[stage] = round(1000 * (now - self._last), 1)
        self._last = now


def _check_restriction(sources: Sequence[str] | None, languages: Sequence[str] | None) -> None:
    if sources is not None and not sources:
        raise QuestionError("No source is chosen; choose at least one, or ask all of them")
    if languages is not None and not languages:
        raise QuestionError("No language is chosen; choose at least one, or ask all of them")
    for language in languages or ():
        if language not in LANGUAGES:
            raise QuestionError(f"{language!r} is not one of the languages {', '.join(LANGUAGES)}")


def _answer(
    asked: Question,
    snapshot: Snapshot,
    hits: Sequence[Hit],
    findings: Findings,
    how: _How,
    clock: _Clock,
) -> Answer:
    from qa.compose import draft, draft_refusal, write
    from qa.ground import check

    refused = not findings.evidence or (how.refuse and findings.confidence < _REFUSE_BELOW)
    # Of questions with a name that no text found mentions, six in ten have no answer there.
    told = findings.confidence >= _SURE_FROM and findings.fitting and not findings.unmentioned
    sure = told or not how.refuse
    drafted = (
        draft_refusal(findings.evidence)
        if refused
        else draft(asked, findings.evidence, each_document=how.sources is not None, sure=sure)
    )
    written = write(drafted, snapshot.document)
    clock.lap("write")
    check(written, snapshot.document)
    clock.lap("check")
    retrieved = tuple(dict.fromkeys(hit.chunk.doc_id for hit in hits))
    return Answer(
        question=asked.text,
        standalone_question=asked.standalone,
        language=asked.language,
        text=PHRASES["refusal"][asked.language] if refused else written.text,
        refused=refused,
        coverage="none" if refused else "full" if told else "partial",
        confidence=findings.confidence,
        statements=written.statements,
        citations=written.citations,
        disagreement=written.disagreement,
        stances=_stances(written, findings, [*retrieved, *(how.sources or ())]),
        retrieved=retrieved,
        nearest=written.nearest,
        notice=_notice(asked, snapshot, findings, written, unsure=not (sure or refused)),
        index=_index(snapshot),
        elapsed_ms=clock.laps,
    )


def _notice(
    asked: Question, snapshot: Snapshot, findings: Findings, written: Written, *, unsure: bool
) -> str | None:
    """What a reader should know of an answer or a refusal, in their language."""
    said = [PHRASES["damaged"][asked.language]] if snapshot.damage else []
    if findings.unmentioned:
        words = ", ".join(findings.unmentioned)
        said.append(PHRASES["unmentioned"][asked.language].format(words=words))
    if written.disagreement:
        said.append(PHRASES["disagreement"][asked.language])
    if unsure:
        said.append(PHRASES["unsure"][asked.language])
    return " ".join(said) or None


def _stances(written: Written, findings: Findings, documents: Sequence[str]) -> tuple[Stance, ...]:
    """Where each document that was found or asked stands on the answer, best first.

    One that has a cited sentence to the letter stands where that does.
    """
    differing = {n for value in written.disagreement[1:] for n in value.citations}
    by_text: dict[str, Position] = {}
    by_document: dict[str, Position] = {}
    for citation in written.citations:
        position: Position = "differs" if citation.number in differing else "supports"
        by_text[shown(citation.quote)] = by_document[citation.doc_id] = position
    for one in findings.evidence:
        if shown(one.text) in by_text:
            by_document.setdefault(one.doc_id, by_text[shown(one.text)])
    return tuple(
        Stance(doc_id, by_document.get(doc_id, "silent")) for doc_id in dict.fromkeys(documents)
    )


def _unasked(asked: Question, snapshot: Snapshot, phrase: str, clock: _Clock) -> Answer:
    """The answer to a question that was put to no document: ``phrase`` says why."""
    text = PHRASES[phrase][asked.language]
    return Answer(
        question=asked.text,
        standalone_question=asked.standalone,
        language=asked.language,
        text=text,
        refused=True,
        coverage="none",
        confidence=0.0,
        clarify=text if phrase == "clarify" else None,
        index=_index(snapshot),
        elapsed_ms=clock.laps,
    )


def _index(snapshot: Snapshot) -> dict[str, str]:
    return {"generation": snapshot.name, "fingerprint": snapshot.fingerprint}


def _cut(answer: Answer, n: int) -> Answer:
    """The answer as far as its first ``n`` statements."""
    statements = answer.statements[:n]
    numbers = {number for s in statements for number in s.citations}
    return replace(
        answer,
        text=answer.text[: answer.statements[n].start - 1],
        statements=statements,
        citations=tuple(c for c in answer.citations if c.number in numbers),
        disagreement=(),
        nearest=(),
        # It would speak of values that are not there yet.
        notice=None if answer.disagreement else answer.notice,
    )
