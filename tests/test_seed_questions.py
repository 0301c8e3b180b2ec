"""Sixty questions on the default articles: a floor under what the answers are worth.

The questions and what is right were written from the articles alone, before anything answered
them. A figure that falls is a fault to be looked into, not a number to be changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from index import Library
from qa import Assistant
from qa.evaluate import predict
from qa.judge import EvalQuestion
from qa.measures import Measures, score
from qa.question_set import load_questions

QUESTIONS = load_questions(Path(__file__).parent / "seed_questions.jsonl")

Measured = Callable[[bool], Measures]


@pytest.fixture(scope="module")
def measured(seed_store: Path) -> Measured:
    """The measures of all questions, with or without refusing any."""
    library = Library.open(seed_store)
    entries = library.documents()
    texts = {entry.id: library.document(entry.id).text for entry in entries}
    languages = {entry.id: entry.language for entry in entries}
    assistant = Assistant(library)
    reports = {
        refuse: score(
            QUESTIONS, list(predict(assistant, QUESTIONS, refuse=refuse)), texts, languages
        )
        for refuse in (False, True)
    }
    library.close()
    return lambda refuse: reports[refuse].total


def test_the_table_has_what_it_should() -> None:
    def count(of: Callable[[EvalQuestion], bool]) -> int:
        return sum(map(of, QUESTIONS))

    assert Counter(q.lang for q in QUESTIONS) == {"nl": 20, "de": 20, "en": 20}
    assert count(lambda q: not q.answerable) == 15
    assert count(lambda q: q.type in {"disagree", "agree"}) == 20
    assert count(lambda q: bool(q.history)) == 6


def test_every_gold_answer_stands_where_it_says(library: Library) -> None:
    for question in QUESTIONS:
        for gold in question.gold:
            text = library.document(gold.doc_id).text
            assert text[gold.start : gold.start + len(gold.answer)] == gold.answer


@pytest.mark.parametrize("refuse", [False, True])
def test_every_citation_is_verbatim(measured: Measured, refuse: bool) -> None:
    assert measured(refuse).verbatim_rate.value == 1.0


@pytest.mark.parametrize(
    ("measure", "refuse", "floor"),
    [
        ("first_right", False, 0.66),
        ("answer_hit", False, 0.71),
        ("citation_precision", False, 0.45),
        ("answer_hit", True, 0.64),
        ("citation_precision", True, 0.53),
        ("refusal_auroc", True, 0.69),
    ],
)
def test_a_measure_does_not_fall(
    measured: Measured, measure: str, refuse: bool, floor: float
) -> None:
    assert _value(measured(refuse), measure) >= floor


@pytest.mark.parametrize(
    ("measure", "ceiling"), [("over_abstention", 0.10), ("hallucination_rate", 0.54)]
)
def test_a_rate_of_faults_does_not_rise(measured: Measured, measure: str, ceiling: float) -> None:
    assert _value(measured(True), measure) <= ceiling


@pytest.mark.parametrize(
    ("row", "measure", "of"),
    [
        ("answers to answerable questions with a right citation", "citation_recall", 45),
        ("of those, the first citation is right", "first_right", 45),
        ("answerable questions that it refused", "over_abstention", 45),
        ("unanswerable questions that it answered all the same", "hallucination_rate", 15),
        ("questions on which the articles differ where it says so", "disagreement_said", 12),
    ],
)
def test_the_readme_tells_these_rates(measured: Measured, row: str, measure: str, of: int) -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert f"| {row} | {round(of * _value(measured(True), measure))} of {of} |" in readme


def _value(measures: Measures, name: str) -> float:
    found = getattr(measures, name)
    return float(getattr(found, "value", found))
