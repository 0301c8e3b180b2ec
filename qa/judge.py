"""What is right in the answer to one question of a set, whose answer is known.

Pure functions of a question, its answer and the texts: no file, no library, no screen.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa.kinds import Kind
from qa.question import understand
from qa.types import Answer, Citation, Turn

# A longer answer is a miss and a longer quote a wrong citation: whoever pasted whole documents
# would never miss.
MAX_ANSWER_CHARS = 1500
MAX_QUOTE_CHARS = 1000

_ARTICLES = frozenset("a an the der die das ein eine einen einem einer de het een".split())
_SPACES = str.maketrans(dict.fromkeys(string.punctuation + "„“”‘’«»–—…", " "))


@dataclass(frozen=True, slots=True)
class Gold:
    """Where an answer stands: ``text[start:]`` of the document begins with ``answer``."""

    doc_id: str
    answer: str  # "": any part of the document will do
    start: int = -1  # -1: the right document, and no place in it


@dataclass(frozen=True, slots=True)
class Value:
    """One of several values that the documents give for the same thing."""

    value: str
    accept: tuple[str, ...]  # patterns, any one of which shows it
    docs: tuple[str, ...]
    gold: tuple[Gold, ...] = ()  # none: the question's gold in ``docs``


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question, and what is known about its answer."""

    id: str
    lang: str
    question: str
    answerable: bool  # by the documents of ``scope``
    gold: tuple[Gold, ...] = ()  # none for an answerable one: only its refusal is measured
    accept: tuple[str, ...] = ()  # patterns, any one of which is a right answer
    values: tuple[Value, ...] = ()
    scope: tuple[str, ...] | None = None  # the documents it may be answered from; None: all
    history: tuple[Turn, ...] = ()
    type: str = "?"  # "free…": no words of an answer are known; "disagree": see ``values``


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was answered to the question with that id."""

    id: str
    answer: Answer
    asked: bool = True  # False: none of its documents was there, which counts as a refusal
    left_out: tuple[str, ...] = ()  # documents of its scope that were not there

    def to_dict(self) -> dict[str, Any]:
        """The answer's JSON and the question's id."""
        return {"id": self.id, **self.answer.to_dict()}


@dataclass(frozen=True, slots=True)
class Judged:
    """One question, its answer, and what is right in it."""

    question: EvalQuestion
    prediction: Prediction | None
    kind: Kind
    gold_docs: frozenset[str]
    hit: bool | None  # None: no words of an answer are known
    verbatim: tuple[bool, ...]  # of each citation, in their order
    right: tuple[bool, ...]  # of each citation
    right_docs: frozenset[str]  # of the right citations
    shown: tuple[bool, ...]  # each of the values that disagree, whether the answer has it
    shown_cited: bool  # all of them are in the answer, each with a citation of its own

    @property
    def answer(self) -> Answer | None:
        """What was answered; None for a question without a prediction."""
        return self.prediction.answer if self.prediction else None

    @property
    def refused(self) -> bool:
        """Whether it was said that the documents do not tell."""
        return self.answer is not None and self.answer.refused

    @property
    def graded(self) -> bool:
        """Whether it is known which documents answer it."""
        return self.question.answerable and bool(self.gold_docs)

    @property
    def blind(self) -> bool:
        """Whether it is answered somewhere, and not known where: only a refusal is wrong."""
        return self.question.answerable and not self.gold_docs

    @property
    def reached(self) -> frozenset[str]:
        """The gold documents that are cited rightly."""
        return self.gold_docs & self.right_docs

    @property
    def first_right(self) -> bool:
        """Whether the first citation is right."""
        return self.right[:1] == (True,)


def judge(
    question: EvalQuestion, prediction: Prediction | None, texts: Mapping[str, str]
) -> Judged:
    """What is right in the answer to one question."""
    answer = prediction.answer if prediction and not prediction.answer.refused else None
    text = answer.text if answer and len(answer.text) <= MAX_ANSWER_CHARS else ""
    citations = answer.citations if answer else ()
    verbatim = tuple(_is_verbatim(citation, texts) for citation in citations)
    right = tuple(
        exact and _is_right(citation, question)
        for exact, citation in zip(verbatim, citations, strict=True)
    )
    good = [citation for ok, citation in zip(right, citations, strict=True) if ok]
    split = question.type == "disagree" and question.answerable and bool(question.gold)
    values = question.values if split else ()
    shown = tuple(bool(text) and _holds(text, value.accept, ()) for value in values)
    cited = [_is_cited(value, question, good) for value in values]
    return Judged(
        question=question,
        prediction=prediction,
        kind=understand(question.question, question.history).kind,
        gold_docs=frozenset(gold.doc_id for gold in question.gold),
        hit=_hit(question, text),
        verbatim=verbatim,
        right=right,
        right_docs=frozenset(citation.doc_id for citation in good),
        shown=shown,
        shown_cited=bool(values) and all([*shown, *cited]),
    )


def normalised(text: str) -> str:
    """The words in lower case, without punctuation and articles, as SQuAD compares answers.

    >>> normalised("Die „New York Times“, an e-paper…")
    'new york times e paper'
    """
    words = text.lower().translate(_SPACES).split()
    return " ".join(word for word in words if word not in _ARTICLES)


def supports(citation: Citation, gold: Iterable[Gold], accept: Sequence[str]) -> bool:
    """Whether a citation shows the answer.

    It is from a gold document, and either shares half of the shorter of the two with a gold
    span or has an accepted answer in its words.
    """
    here = [one for one in gold if one.doc_id == citation.doc_id]
    if any(_covers(citation, one) for one in here):
        return True
    return bool(here) and _holds(citation.quote, accept, here)


def _covers(citation: Citation, gold: Gold) -> bool:
    if gold.start < 0:
        return normalised(gold.answer) in normalised(citation.quote)
    end = gold.start + len(gold.answer)
    shared = min(citation.end, end) - max(citation.start, gold.start)
    return shared > 0 and min(citation.end - citation.start, len(gold.answer)) <= 2 * shared


def _holds(text: str, accept: Sequence[str], gold: Iterable[Gold]) -> bool:
    """Whether a pattern matches; where there is none, whether a gold answer's words are there."""
    if accept:
        return any(re.search(pattern, text, re.IGNORECASE | re.DOTALL) for pattern in accept)
    words = f" {normalised(text)} "
    wanted = [normalised(one.answer) for one in gold]
    return any(one and f" {one} " in words for one in wanted)


def _hit(question: EvalQuestion, text: str) -> bool | None:
    if not question.answerable or not question.gold or question.type.startswith("free"):
        return None
    return bool(text) and _holds(text, question.accept, question.gold)


def _is_verbatim(citation: Citation, texts: Mapping[str, str]) -> bool:
    text = texts.get(citation.doc_id, "")
    return bool(citation.quote.strip()) and text[citation.start : citation.end] == citation.quote


def _is_right(citation: Citation, question: EvalQuestion) -> bool:
    fits = question.answerable and len(citation.quote) <= MAX_QUOTE_CHARS
    return fits and supports(citation, question.gold, question.accept)


def _is_cited(value: Value, question: EvalQuestion, good: Iterable[Citation]) -> bool:
    gold = value.gold or [one for one in question.gold if one.doc_id in value.docs]
    return any(c.doc_id in value.docs and supports(c, gold, value.accept) for c in good)
