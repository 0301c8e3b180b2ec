"""Question in, cited answer out: the five steps in a row."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from index import Library
from index.types import LANGUAGES
from qa.errors import ModelError, QuestionError, SettingsError, StoppedError
from qa.phrases import PHRASES
from qa.render import shown
from qa.settings import Settings, open_library
from qa.types import Answer, Mode, Position, Stance, Turn, Withheld

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.gather import Progress
    from index.snapshot import Snapshot
    from index.types import Hit
    from qa.compose import Draft, Written
    from qa.evidence import Findings
    from qa.llm import LLM, LanguageModel
    from qa.model_answer import Told
    from qa.question import Question

# Enough that the answering sentence is among the candidates for 98 of 100 development
# questions; more costs time and finds nothing.
_HITS = 40
# Below the one confidence it refuses, below the other it says that it is not sure. Chosen to
# favour answering: 1 in 7 answerable natural questions is refused, 1 in 3 of the others answered.
_REFUSE_BELOW = 0.36
_SURE_FROM = 0.5


class Assistant:
    """Answers questions from one library. Safe to use from several threads.

    With a language model that writes the answers, every sentence it writes is checked against
    what it cites, and where nothing holds or the model fails, the answer is made of exact
    sentences, as it is without one.
    """

    def __init__(
        self,
        library: Library,
        model: LanguageModel | None = None,
        *,
        second_opinion: bool = False,
    ) -> None:
        """Let ``model`` write the answers; ask it again what it thinks of them if so wished."""
        self.library = library
        self.model = model
        self._second_opinion = second_opinion

    @classmethod
    def open(
        cls, store: str | Path, *, embedder: Embedder | None = None, llm: LLM | None = None
    ) -> Assistant:
        """An assistant over the store in that folder, which ``qa index`` made.

        ``llm``: any LlamaIndex language model, to write the answers.
        """
        if llm is None:
            return cls(Library.open(store, embedder=embedder))
        from qa.llm import LanguageModel

        return cls(Library.open(store, embedder=embedder), LanguageModel(llm))

    @classmethod
    def from_settings(cls, settings: Settings, store: Path | None = None) -> Assistant:
        """An assistant over ``store``, or else the one set, with the models that are set.

        Raises:
            EmbeddingError, ModelError, SettingsError: a model cannot be used as it is set.
        """
        library = open_library(settings, store)
        if not settings.llm:
            return cls(library)
        from qa.llm import LanguageModel, Limits

        limits = Limits(deadline_s=settings.llm_deadline_s)
        try:
            model = LanguageModel.at(settings.llm, settings.llm_model, settings.llm_key, limits)
        except ValueError as error:
            raise SettingsError(f"QA_LLM cannot be used: {error}") from error
        return cls(library, model, second_opinion=settings.llm_second_opinion)

    @classmethod
    def open_default(
        cls, settings: Settings | None = None, progress: Progress | None = None
    ) -> Assistant:
        """The assistant of the settings, its store built from the shipped articles if missing."""
        assistant = cls.from_settings(settings or Settings.from_env())
        if not assistant.library.exists():
            assistant.library.build(progress=progress)
        return assistant

    def stoppable(self, stop: threading.Event) -> Assistant:
        """The same assistant, whose language model is stopped once that is set.

        Its ``stream`` then ends with what there was by then, perhaps nothing.
        """
        model = self.model and self.model.stoppable(stop)
        return Assistant(self.library, model, second_opinion=self._second_opinion)

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
        refuse: bool = True,
        mode: Mode | None = None,
    ) -> Answer:
        """The answer to ``question``, every sentence of it cited.

        Args:
            question: What a person asks, in Dutch, German or English.
            history: The turns before, oldest first, for a question that goes on from them.
            sources: Answer from the documents with these ids alone.
            languages: Answer from documents in these languages alone.
            refuse: Whether to say so when the documents do not answer; otherwise the best
                evidence is given, however weak.
            mode: "extractive" for exact sentences, though there is a language model.

        Raises:
            QuestionError: there is no question, it is too long, or the restriction is empty.
            LibraryError: the index is not there or cannot be read.
        """
        *_, answer = self.stream(
            question,
            history=history,
            sources=sources,
            languages=languages,
            refuse=refuse,
            mode=mode,
        )
        return answer

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
        mode: Mode | None = None,
    ) -> Iterator[Answer]:
        """The answer as it grows, statement by statement; the last one is ``ask``'s.

        Every one of them is whole: its text ends after a marker, no number dangles, and its
        sources hold each statement. Who stops reading stops the language model, too.
        """
        from qa.evidence import weigh
        from qa.question import understand

        clock = _Clock()
        asked = understand(question, history)
        _check_restriction(sources, languages)
        if mode == "llm" and self.model is None:
            raise QuestionError("There is no language model to write the answer; set QA_LLM")
        clock.lap("understand")
        with self.library.snapshot() as snapshot:
            if asked.vague and refuse:
                yield _unasked(asked, snapshot, "clarify", clock)
                return
            meant, hits = searched(asked, snapshot, sources=sources, languages=languages)
            clock.lap("search")
            findings = weigh(meant, snapshot, hits)
            clock.lap("weigh")
            case = _Case(meant, snapshot, hits, findings, sources, refuse, clock)
            if self.model is None or mode == "extractive" or case.refused:
                yield from _growing(case.extractive())
            else:
                yield from self._told(case, self.model)

    def _told(self, case: _Case, model: LanguageModel) -> Iterator[Answer]:
        """The model's answer as it grows; where none comes of it, the extractive one."""
        from qa.model_answer import Told, tell

        evidence, told = case.findings.evidence, Told()
        telling = tell(
            case.asked, evidence, case.snapshot, model, second_opinion=self._second_opinion
        )
        try:
            for told in telling:
                case.clock.lap("model")
                if told.lines or (told.refused and case.refuse):
                    yield case.told(told, model.name)
        except StoppedError:
            return
        except ModelError as error:
            case.clock.lap("model")
            yield case.instead(model.name, f"fault_{error.code}")
            return
        if told.refused and not case.refuse:
            yield case.instead(model.name, "declined")
        elif not told.lines and not told.refused:
            yield case.instead(model.name, "unsupported", told.withheld)


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


class _Clock:
    """Milliseconds of each stage since the one before."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, stage: str) -> None:
        now = time.monotonic()
        before = self.laps.get(stage, 0.0)  # of an answer that grows
        self.laps[stage] = round(before + 1000 * (now - self._last), 1)
        self._last = now


def _check_restriction(sources: Sequence[str] | None, languages: Sequence[str] | None) -> None:
    if sources is not None and not sources:
        raise QuestionError("No source is chosen; choose at least one, or ask all of them")
    if languages is not None and not languages:
        raise QuestionError("No language is chosen; choose at least one, or ask all of them")
    for language in languages or ():
        if language not in LANGUAGES:
            raise QuestionError(f"{language!r} is not one of the languages {', '.join(LANGUAGES)}")


@dataclass(frozen=True, slots=True)
class _Case:
    """A question with all that was found: from here on an answer is a matter of writing."""

    asked: Question
    snapshot: Snapshot
    hits: Sequence[Hit]
    findings: Findings
    sources: Sequence[str] | None  # from these documents alone
    refuse: bool
    clock: _Clock

    @property
    def refused(self) -> bool:
        """Whether the documents do not answer."""
        found = self.findings
        return not found.evidence or (self.refuse and found.confidence < _REFUSE_BELOW)

    @property
    def _told(self) -> bool:
        """Whether nothing tells against the documents answering it.

        Of questions with a name that no text found mentions, six in ten have no answer there.
        """
        found = self.findings
        return found.confidence >= _SURE_FROM and found.fitting and not found.unmentioned

    @property
    def _sure(self) -> bool:
        return self._told or not self.refuse

    def extractive(self, of_model: str | None = None) -> Answer:
        """Exact sentences. ``of_model``: what a reader should know of a language model."""
        from qa.compose import write

        written = write(self._draft(refused=self.refused), self.snapshot.document)
        return self._answer(written, refused=self.refused, of_model=of_model)

    def instead(self, model: str, why: str, withheld: tuple[Withheld, ...] = ()) -> Answer:
        """Exact sentences instead of what a model wrote, with the reason, a phrase's name."""
        if why.startswith("fault_"):
            said = self._phrase("fault", model=model, why=self._phrase(why))
        else:
            said = self._phrase(why, model=model)
        return replace(self.extractive(said), withheld=withheld)

    def told(self, told: Told, model: str) -> Answer:
        """What a language model says, as far as it holds."""
        from qa.compose import put, write

        draft = self._draft(refused=told.refused)
        if not told.whole:
            # Of a value that it has not named it may yet.
            draft, told = replace(draft, values=(), nearest=()), replace(told, withheld=())
        if told.refused:
            written = write(draft, self.snapshot.document)
        else:
            written = put(told.lines, draft, self.snapshot.document)
        left_out = told.withheld and self._phrase("withheld", n=len(told.withheld))
        answer = self._answer(written, refused=told.refused, of_model=left_out or None)
        return replace(answer, mode="llm", model=model, withheld=told.withheld)

    def _draft(self, *, refused: bool) -> Draft:
        from qa.compose import draft, draft_refusal

        evidence, each_document = self.findings.evidence, self.sources is not None
        if refused:
            return draft_refusal(evidence)
        return draft(self.asked, evidence, each_document=each_document, sure=self._sure)

    def _answer(self, written: Written, *, refused: bool, of_model: str | None) -> Answer:
        from qa.ground import check

        self.clock.lap("write")
        check(written, self.snapshot.document)
        self.clock.lap("check")
        retrieved = tuple(dict.fromkeys(hit.chunk.doc_id for hit in self.hits))
        documents = [*retrieved, *(self.sources or ())]
        return Answer(
            question=self.asked.text,
            standalone_question=self.asked.standalone,
            language=self.asked.language,
            text=self._phrase("refusal") if refused else written.text,
            refused=refused,
            coverage="none" if refused else "full" if self._told else "partial",
            confidence=self.findings.confidence,
            statements=written.statements,
            citations=written.citations,
            disagreement=written.disagreement,
            stances=_stances(written, self.findings, documents),
            retrieved=retrieved,
            nearest=written.nearest,
            notice=self._notice(written, of_model, refused=refused),
            index=_index(self.snapshot),
            elapsed_ms=dict(self.clock.laps),
        )

    def _notice(self, written: Written, of_model: str | None, *, refused: bool) -> str | None:
        """What a reader should know of an answer or a refusal, in their language."""
        said = [self._phrase("damaged")] if self.snapshot.damage else []
        said += [of_model] if of_model else []
        if self.findings.unmentioned:
            said.append(self._phrase("unmentioned", words=", ".join(self.findings.unmentioned)))
        if written.disagreement:
            said.append(self._phrase("disagreement"))
        if not (self._sure or refused):
            said.append(self._phrase("unsure"))
        return " ".join(said) or None

    def _phrase(self, name: str, **words: object) -> str:
        return PHRASES[name][self.asked.language].format(**words)


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


def _growing(answer: Answer) -> Iterator[Answer]:
    """An answer statement by statement."""
    for n in range(1, len(answer.statements)):
        yield _cut(answer, n)
    yield answer


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
