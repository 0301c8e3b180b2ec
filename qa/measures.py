"""What the answers to a set of questions are worth, in figures: of all, and of groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qa.judge import MAX_ANSWER_CHARS, EvalQuestion, Judged, Prediction, judge

_RESAMPLES = 1000
_SEED = 7
_BINS = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """A mean over ``n`` things, with its 95 % interval from a seeded bootstrap."""

    value: float | None  # None: there was nothing to measure
    n: int
    interval: tuple[float, float] | None  # None: of fewer than two


@dataclass(frozen=True, slots=True)
class Measures:
    """All that is measured of some questions."""

    n: int
    n_answerable: int
    n_too_long: int  # answers of more than MAX_ANSWER_CHARS
    answer_hit: Rate  # an accepted answer is in the text
    answer_hit_when_answered: Rate
    first_right: Rate  # the first citation is right, of answerable questions
    citation_precision: Rate  # of all citations
    citation_recall: Rate  # any citation is right, of answerable questions
    verbatim_rate: Rate  # of all citations
    source_recall: Rate  # the part of a question's gold documents that is cited rightly
    refusal_rate: Rate
    over_abstention: Rate  # refused, of answerable questions
    hallucination_rate: Rate  # answered, of unanswerable questions
    balanced_error: float | None  # the mean of the two before; .5 is chance
    refusal_auroc: float | None
    confidence_ece: float | None
    brier: Rate
    brier_constant: float | None  # of always saying how many are answerable: what to beat
    disagreement_recall_text: Rate  # every value is in the text, where sources disagree
    disagreement_recall_cited: Rate  # and each has a right citation
    disagreement_said: Rate  # of questions whose sources disagree
    disagreement_false: Rate  # said, of all others
    recall_at_1: Rate  # of the gold documents, among the first found
    recall_at_5: Rate
    recall_at_10: Rate
    hit_at_1: Rate
    mrr_at_10: Rate


@dataclass(frozen=True, slots=True)
class Report:
    """The measures of all questions and of groups of them, and each question judged."""

    total: Measures
    by_language: dict[str, Measures]
    by_pair: dict[str, Measures]  # "nl->de": asked in Dutch, answered by a German document
    by_type: dict[str, Measures]
    by_kind: dict[str, Measures]
    n_missing: int  # questions without a prediction, which count as wrong answers
    n_not_asked: int
    n_left_out: int  # documents of scopes that were not there
    judged: tuple[Judged, ...]
    n_documents: int = 0
    n_refused_documents: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The figures as dicts and numbers, ready for ``json.dumps``; no single question."""
        figures = asdict(replace(self, judged=()))
        del figures["judged"]
        return figures


def score(
    questions: Sequence[EvalQuestion],
    predictions: Iterable[Prediction],
    texts: Mapping[str, str],
    languages: Mapping[str, str],
) -> Report:
    """What the predictions are worth. ``texts`` and ``languages``: of each document, by its id.

    A question without a prediction counts as answered with nothing.

    Raises:
        ValueError: there are two predictions for one question.
    """
    by_id: dict[str, Prediction] = {}
    for prediction in predictions:
        if by_id.setdefault(prediction.id, prediction) is not prediction:
            raise ValueError(f"There are two predictions for the question {prediction.id!r}")
    judged = [judge(question, by_id.get(question.id), texts) for question in questions]
    given = [j.prediction for j in judged if j.prediction]
    return Report(
        total=measure(judged),
        by_language=_grouped((j.question.lang, j) for j in judged),
        by_pair=_grouped(pair for j in judged for pair in _pairs(j, languages)),
        by_type=_grouped((j.question.type, j) for j in judged),
        by_kind=_grouped((j.kind, j) for j in judged),
        n_missing=len(judged) - len(given),
        n_not_asked=sum(not prediction.asked for prediction in given),
        n_left_out=sum(len(prediction.left_out) for prediction in given),
        judged=tuple(judged),
    )


def _pairs(judged: Judged, languages: Mapping[str, str]) -> Iterable[tuple[str, Judged]]:
    """The question once for each language that it is answered in.

    Only the gold documents in that language count as found and as reached. The answer and
    the precision of its citations stay the same.
    """
    by_language: dict[str, set[str]] = {}
    for doc_id in judged.gold_docs if judged.graded else ():
        by_language.setdefault(languages.get(doc_id) or "?", set()).add(doc_id)
    for language, doc_ids in by_language.items():
        yield (
            f"{judged.question.lang}->{language}",
            replace(judged, gold_docs=frozenset(doc_ids)),
        )


def _grouped(named: Iterable[tuple[str, Judged]]) -> dict[str, Measures]:
    groups: dict[str, list[Judged]] = {}
    for name, judged in named:
        groups.setdefault(name, []).append(judged)
    return {name: measure(groups[name]) for name in sorted(groups)}


def measure(judged: Sequence[Judged]) -> Measures:
    """The measures of these questions; a rate of nothing where none of them has a say."""
    graded = [j for j in judged if j.graded]
    known = [j for j in graded if j.hit is not None]
    able = [j for j in judged if j.question.answerable]
    over = rate([j.refused for j in able])
    hallucinated = rate([not j.refused for j in judged if not j.question.answerable])
    answers = [j.answer for j in judged if j.answer and not j.answer.refused]
    return Measures(
        n=len(judged),
        n_answerable=len(able),
        n_too_long=sum(len(answer.text) > MAX_ANSWER_CHARS for answer in answers),
        answer_hit=rate([j.hit is True for j in known]),
        answer_hit_when_answered=rate([j.hit is True for j in known if not j.refused]),
        first_right=rate([j.first_right for j in graded]),
        citation_precision=rate([ok for j in judged if not j.blind for ok in j.right]),
        citation_recall=rate([bool(j.reached) for j in graded]),
        verbatim_rate=rate([exact for j in judged for exact in j.verbatim]),
        source_recall=rate([len(j.reached) / len(j.gold_docs) for j in graded]),
        refusal_rate=rate([j.refused for j in judged]),
        over_abstention=over,
        hallucination_rate=hallucinated,
        balanced_error=_halfway(over, hallucinated),
        **_of_confidence(judged),
        **_of_disagreement(judged),
        **_of_retrieval(graded),
    )


def _halfway(one: Rate, other: Rate) -> float | None:
    if one.value is None or other.value is None:
        return None
    return (one.value + other.value) / 2


def _of_confidence(judged: Sequence[Judged]) -> dict[str, Any]:
    said = [(j.answer.confidence, j.question.answerable) for j in judged if j.answer]
    confidence = np.array([c for c, _ in said], np.float64)
    answerable = np.array([able for _, able in said], np.bool_)
    base = float(answerable.mean()) if said else None
    return {
        "refusal_auroc": auroc(confidence, answerable),
        "confidence_ece": ece(confidence, answerable),
        "brier": rate(((confidence - answerable) ** 2).tolist()),
        "brier_constant": None if base is None else base * (1 - base),
    }


def _of_disagreement(judged: Sequence[Judged]) -> dict[str, Any]:
    split = [j for j in judged if j.shown]
    said = [
        (j.question.type == "disagree", bool(j.answer.disagreement)) for j in judged if j.answer
    ]
    return {
        "disagreement_recall_text": rate([all(j.shown) for j in split]),
        "disagreement_recall_cited": rate([j.shown_cited for j in split]),
        "disagreement_said": rate([flag for is_so, flag in said if is_so]),
        "disagreement_false": rate([flag for is_so, flag in said if not is_so]),
    }


def _of_retrieval(graded: Sequence[Judged]) -> dict[str, Any]:
    """Of the documents that were found, best first; a clarifying question found none."""
    ranks = [_gold_ranks(j.answer.retrieved, j.gold_docs) for j in graded if j.answer]
    sizes = [len(j.gold_docs) for j in graded if j.answer]
    rates = {
        f"recall_at_{k}": rate(
            [sum(rank <= k for rank in of) / n for of, n in zip(ranks, sizes, strict=True)]
        )
        for k in (1, 5, 10)
    }
    rates["hit_at_1"] = rate([1 in of for of in ranks])
    rates["mrr_at_10"] = rate([1 / of[0] if of and of[0] <= 10 else 0.0 for of in ranks])
    return rates


def _gold_ranks(retrieved: Sequence[str], gold_docs: frozenset[str]) -> list[int]:
    """The rank, counted from 1, of each gold document that was found."""
    found = dict.fromkeys(retrieved)
    return [rank for rank, doc_id in enumerate(found, start=1) if doc_id in gold_docs]


def rate(values: Sequence[float]) -> Rate:
    """The mean and its interval.

    >>> rate([True, False, True, True]).value
    0.75
    """
    if not values:
        return Rate(None, 0, None)
    array = np.array(values, np.float64)
    return Rate(float(array.mean()), len(values), _interval(array))


def _interval(values: npt.NDArray[np.float64]) -> tuple[float, float] | None:
    """The middle 95 % of the means of resamples, the same in every run."""
    if len(values) < 2:
        return None
    drawn = np.random.default_rng(_SEED).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def auroc(confidence: npt.NDArray[np.float64], answerable: npt.NDArray[np.bool_]) -> float | None:
    """How often an answerable question has more confidence than an unanswerable one.

    Of all such pairs, (n,) each; a tie counts half. None where one of the two kinds is absent.

    >>> auroc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    0.875
    """
    n_able = int(answerable.sum())
    n_unable = len(answerable) - n_able
    if not n_able or not n_unable:
        return None
    _, which, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[which]
    above = ranks[answerable].sum() - n_able * (n_able + 1) / 2
    return float(above / (n_able * n_unable))


def ece(confidence: npt.NDArray[np.float64], answerable: npt.NDArray[np.bool_]) -> float | None:
    """Expected calibration error: in ten equal bins, how far confidence is from the truth.

    Worked by hand: .8 and .9 stand in bins of their own, one 0.2 and the other 0.9 off, so .55.

    >>> round(ece(np.array([0.8, 0.9]), np.array([True, False])), 3)
    0.55
    """
    if not len(confidence):
        return None
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    off = np.bincount(bins, weights=confidence - answerable)
    return float(np.abs(off).sum() / len(confidence))
