"""The figures of many answers, each against a sum done by hand or another way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.judge import EvalQuestion, Prediction, Value
from qa.measures import Measures, Rate, Report, auroc, ece, rate, score
from tests.predictions import (
    DE_PLACE,
    DE_YEAR,
    LANGUAGES,
    NL_GRAIN,
    NL_YEAR,
    TEXTS,
    answered,
    cite,
    gold,
    question,
    refused,
)


def report(questions: Sequence[EvalQuestion], predictions: Sequence[Prediction]) -> Report:
    return score(questions, predictions, TEXTS, LANGUAGES)


def values(measures: Measures, *names: str) -> list[float | None]:
    found = [getattr(measures, name) for name in names]
    return [one.value if isinstance(one, Rate) else one for one in found]


# Rates


def test_a_rate_of_nothing_has_no_value() -> None:
    assert rate([]) == Rate(None, 0, None)


def test_a_rate_of_one_has_no_interval() -> None:
    assert rate([True]) == Rate(1.0, 1, None)


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_an_interval_lies_around_its_rate_and_is_the_same_each_time(seen: list[bool]) -> None:
    found = rate(seen)
    assert found.interval is not None
    assert found.value is not None
    assert found.value == pytest.approx(sum(seen) / len(seen))
    assert 0 <= found.interval[0] <= found.value <= found.interval[1] <= 1
    assert rate(seen) == found


def test_an_interval_is_about_two_standard_errors_wide() -> None:
    low, high = rate([True] * 200 + [False] * 200).interval or (0, 0)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.01)


# Confidence


CONFIDENCES = st.lists(
    st.tuples(st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), st.booleans()),
    max_size=30,
)


@given(CONFIDENCES)
def test_auroc_counts_the_pairs_in_the_right_order_and_ties_half(
    said: list[tuple[float, bool]],
) -> None:
    able = [confidence for confidence, is_so in said if is_so]
    unable = [confidence for confidence, is_so in said if not is_so]
    pairs = [(a > u) + (a == u) / 2 for a, u in product(able, unable)]
    found = auroc(np.array([c for c, _ in said], float), np.array([s for _, s in said], bool))
    assert found == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)


@given(CONFIDENCES)
def test_calibration_is_the_mean_distance_in_ten_bins(said: list[tuple[float, bool]]) -> None:
    bins = [[(c, s) for c, s in said if min(int(c * 10), 9) == n] for n in range(10)]
    off = [abs(np.mean([c for c, _ in b]) - np.mean([s for _, s in b])) * len(b) for b in bins if b]
    found = ece(np.array([c for c, _ in said], float), np.array([s for _, s in said], bool))
    assert found == (pytest.approx(sum(off) / len(said)) if said else None)


def test_the_brier_score_stands_beside_that_of_saying_one_number() -> None:
    questions = [question("a", gold("nl", NL_YEAR)), question("b"), question("c"), question("d")]
    said = [
        answered("a", confidence=0.5),
        answered("b", confidence=0.5),
        refused("c", confidence=0.0),
        refused("d", confidence=0.25),
    ]
    total = report(questions, said).total
    assert total.brier.value == pytest.approx((0.25 + 0.25 + 0 + 0.0625) / 4)
    assert total.brier_constant == pytest.approx(0.25 * 0.75)
    assert total.refusal_auroc == pytest.approx(2.5 / 3)


# Refusal


def test_refusals_make_a_table_of_four() -> None:
    able = [question(f"able{n}", gold("nl", NL_YEAR)) for n in range(5)]
    unable = [question(f"unable{n}") for n in range(4)]
    said = [refused("able0"), *(answered(f"able{n}") for n in range(1, 5))]
    said += [refused("unable0"), *(answered(f"unable{n}") for n in range(1, 4))]
    total = report([*able, *unable], said).total
    assert (total.n, total.n_answerable) == (9, 5)
    names = ("over_abstention", "hallucination_rate", "balanced_error", "refusal_rate")
    assert values(total, *names) == pytest.approx([1 / 5, 3 / 4, (1 / 5 + 3 / 4) / 2, 2 / 9])
    assert (total.over_abstention.n, total.hallucination_rate.n) == (5, 4)


def test_the_balanced_error_needs_both_kinds_of_question() -> None:
    one = report([question("a")], [refused("a")]).total
    assert values(one, "over_abstention", "hallucination_rate", "balanced_error") == [None, 0, None]


def test_of_a_question_whose_documents_are_unknown_only_the_refusal_counts() -> None:
    blind = replace(question("a"), answerable=True)
    total = report([blind], [answered("a", cite("nl", NL_YEAR))]).total
    assert (total.over_abstention.value, total.verbatim_rate.n) == (0, 1)
    counted = (total.answer_hit, total.first_right, total.citation_precision, total.recall_at_1)
    assert [one.n for one in counted] == [0, 0, 0, 0]


# Answers and citations


def test_answers_and_citations_are_counted() -> None:
    questions = [
        question("both", gold("nl", NL_YEAR), gold("de", DE_YEAR)),
        question("second", gold("nl", NL_GRAIN)),
        question("refused", gold("nl", NL_YEAR)),
        question("unanswerable"),
    ]
    said = [
        answered("both", cite("nl", NL_YEAR)),
        answered("second", cite("de", DE_PLACE), cite("nl", NL_GRAIN)),
        refused("refused"),
        answered("unanswerable", cite("nl", NL_YEAR, start=1)),
    ]
    total = report(questions, said).total
    names = ("answer_hit", "answer_hit_when_answered", "first_right", "citation_recall")
    assert values(total, *names) == pytest.approx([2 / 3, 1, 1 / 3, 2 / 3])
    of_citations = values(total, "citation_precision", "verbatim_rate", "source_recall")
    assert of_citations == pytest.approx([2 / 4, 3 / 4, (1 / 2 + 1 + 0) / 3])


def test_a_question_without_a_prediction_is_a_miss() -> None:
    asked = [question("a", gold("nl", NL_YEAR)), question("b")]
    found = report(asked, [])
    assert found.n_missing == 2
    names = ("answer_hit", "citation_recall", "over_abstention", "hallucination_rate")
    assert values(found.total, *names) == [0, 0, 0, 1]
    assert values(found.total, "brier", "brier_constant", "refusal_auroc") == [None, None, None]


def test_two_predictions_for_one_question_are_refused() -> None:
    with pytest.raises(ValueError, match="two predictions for the question 'q'"):
        report([question()], [refused(), refused()])


def test_answers_that_are_too_long_are_counted() -> None:
    asked = question("q", gold("nl", NL_YEAR))
    total = report([asked], [answered(text="1782" + "." * 1500)]).total
    assert (total.n_too_long, total.answer_hit.value) == (1, 0)


def test_disagreements_are_counted_where_they_are_and_where_they_are_not() -> None:
    years = (Value("1782", ("1782",), ("nl",)), Value("1791", ("1791",), ("de",)))
    golds = (gold("nl", NL_YEAR), gold("de", DE_YEAR))
    split = replace(question("a", *golds, type_="disagree"), values=years)
    questions = [split, replace(split, id="b"), replace(split, id="c"), question("d", *golds)]
    said = [
        answered("a", cite("nl", NL_YEAR), cite("de", DE_YEAR), values=("1782", "1791")),
        answered("b", cite("nl", NL_YEAR), text="1782, not 1791"),
        refused("c"),
        answered("d", cite("nl", NL_YEAR), values=("1782", "rogge")),
    ]
    total = report(questions, said).total
    names = ("disagreement_recall_text", "disagreement_recall_cited")
    assert values(total, *names) == pytest.approx([2 / 3, 1 / 3])
    assert values(total, "disagreement_said", "disagreement_false") == pytest.approx([1 / 3, 1])


# Documents found


@pytest.mark.parametrize(
    ("retrieved", "recalls", "hit", "mrr"),
    [
        (["nl", "de"], (0.5, 1, 1), 1, 1),
        (["nl", "nl", "de"], (0.5, 1, 1), 1, 1),
        (["en", "en", "nl"], (0, 0.5, 0.5), 0, 1 / 2),
        (["x1", "x2", "x3", "x4", "x5", "de"], (0, 0, 0.5), 0, 1 / 6),
        ([f"x{n}" for n in range(9)] + ["de", "nl"], (0, 0, 0.5), 0, 1 / 10),
        ([f"x{n}" for n in range(10)] + ["de"], (0, 0, 0), 0, 0),
        ([], (0, 0, 0), 0, 0),
    ],
)
def test_documents_are_found_by_rank(
    retrieved: list[str], recalls: tuple[float, ...], hit: float, mrr: float
) -> None:
    asked = question("q", gold("nl", NL_YEAR), gold("de", DE_YEAR))
    total = report([asked], [answered(retrieved=retrieved)]).total
    assert values(total, "recall_at_1", "recall_at_5", "recall_at_10") == list(recalls)
    assert values(total, "hit_at_1", "mrr_at_10") == [hit, mrr]


# Groups


def test_a_pair_counts_what_is_found_in_its_language() -> None:
    asked = question("q", gold("nl", NL_YEAR), gold("de", DE_YEAR), lang="en")
    said = answered("q", cite("nl", NL_YEAR), retrieved=["nl", "de"])
    pairs = report([asked, question("unanswerable")], [said, refused("unanswerable")]).by_pair
    assert list(pairs) == ["en->de", "en->nl"]
    names = ("citation_recall", "hit_at_1", "mrr_at_10", "recall_at_1")
    assert values(pairs["en->nl"], *names) == [1, 1, 1, 1]
    assert values(pairs["en->de"], *names) == [0, 0, 0.5, 0]
    for measures in pairs.values():
        assert values(measures, "answer_hit", "citation_precision", "first_right") == [1, 1, 1]


def test_a_document_without_a_language_makes_a_pair_of_its_own() -> None:
    found = score([question("q", gold("nl", NL_YEAR))], [], TEXTS, {"nl": ""})
    assert list(found.by_pair) == ["en->?"]


def test_questions_are_grouped_by_language_type_and_kind() -> None:
    questions = [
        replace(question("a"), lang="nl", question="Wie maalt er?", type="x"),
        replace(question("b"), lang="de", question="Wer mahlt?", type="y"),
        replace(question("c"), lang="nl", question="Wat maalt de molen?", type="x"),
    ]
    found = report(questions, [refused("a"), answered("b"), answered("c")])
    assert {name: one.n for name, one in found.by_language.items()} == {"de": 1, "nl": 2}
    assert {name: one.n for name, one in found.by_type.items()} == {"x": 2, "y": 1}
    assert {name: one.n for name, one in found.by_kind.items()} == {"other": 1, "who": 2}
    assert found.by_type["x"].refusal_rate.value == 0.5
    assert found.by_pair == {}


def test_what_was_not_asked_or_left_out_is_counted() -> None:
    said = [
        Prediction("a", refused("a").answer, asked=False, left_out=("x", "y")),
        Prediction("b", answered("b").answer, left_out=("z",)),
    ]
    found = report([question("a"), question("b")], said)
    assert (found.n_not_asked, found.n_left_out, found.n_missing) == (1, 3, 0)


def test_a_report_is_json_of_figures_alone() -> None:
    asked = question("q", gold("nl", NL_YEAR))
    found = report([asked], [answered("q", cite("nl", NL_YEAR))])
    fields = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert "judged" not in fields
    assert fields["total"]["citation_precision"] == {"value": 1.0, "n": 1, "interval": None}
    assert set(fields["by_pair"]["en->nl"]) == set(asdict(found.total))


def test_a_report_of_no_questions_is_empty() -> None:
    found = report([], [])
    assert found.total.n == 0
    assert (found.total.answer_hit, found.total.brier_constant) == (Rate(None, 0, None), None)
    assert (found.by_language, found.by_pair, found.judged) == ({}, {}, ())
