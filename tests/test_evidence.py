"""Sentences scored against a question, and whether they answer it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from index import Library
from qa import Assistant
from qa.evidence import Findings, is_statement, new_values, weigh
from qa.question import understand
from qa.types import Turn


def found(library: Library, asked: str, history: tuple[Turn, ...] = ()) -> Findings:
    question = understand(asked, history)
    with library.snapshot() as snapshot:
        return weigh(question, snapshot, snapshot.search(question.standalone, 20))


QUESTIONS = [
    ("Where did the journalist Henry Goodwin study?", "University of Cambridge"),
    ("Wo hat der Journalist Henry Goodwin studiert?", "University of Cambridge"),
    ("Waar studeerde de journalist Henry Goodwin?", "University of Cambridge"),
    ("How many new users does Gab report each day?", "600.000"),
    ("Wie is de topman van Parler?", "Matze"),
    ("How many people did the storming of the Capitol kill?", "vijf mensen"),
    ("Who is the Chief Policy Officer of Parler?", "Amy Peikoff"),
]


@pytest.mark.parametrize(("question", "words"), QUESTIONS)
def test_the_best_sentence_answers_across_languages(
    question: str, words: str, library: Library
) -> None:
    assert words in found(library, question).evidence[0].text


@pytest.mark.parametrize("question", [q for q, _ in QUESTIONS] + ["and why?", "蒙古的首都", "7"])
def test_evidence_is_exact_sentences_best_first(question: str, library: Library) -> None:
    findings = found(library, question)
    evidence = findings.evidence
    assert evidence
    for one in evidence:
        assert one.text == library.document(one.doc_id).text[one.start : one.end]
        assert one.text == one.text.strip() != ""
        assert "\n" not in one.text
        assert math.isfinite(one.score)
        assert 0 <= one.covered <= 1.0001
        assert -1.0001 <= one.meaning <= 1.0001
        assert one.fits in {0.0, 1.0}
        assert one.is_statement is is_statement(one.text)
    assert list(evidence) == sorted(evidence, key=lambda e: (-e.score, e.doc_id, e.start))
    assert len({(e.doc_id, e.start) for e in evidence}) == len(evidence)
    assert 0 <= findings.confidence <= 1
    assert found(library, question) == findings


def test_a_question_about_the_documents_is_surer_than_one_about_something_else(
    library: Library,
) -> None:
    about = [found(library, question).confidence for question, _ in QUESTIONS]
    beside = [
        found(library, question).confidence
        for question in (
            "What is the capital of Mongolia?",
            "Was ist die Hauptstadt der Mongolei?",
            "Wat is de hoofdstad van Mongolië?",
            "How do I bake sourdough bread?",
        )
    ]
    assert min(about) > max(beside)


def test_the_words_that_nothing_comes_near_are_named(library: Library) -> None:
    findings = found(library, "What is the capital of Mongolia?")
    assert "Mongolia" in findings.unmatched
    assert found(library, "How many users does Parler have?").unmatched == ()


def test_no_hits_are_no_evidence(library: Library) -> None:
    question = understand("What is the capital of Mongolia?")
    with library.snapshot() as snapshot:
        assert weigh(question, snapshot, []) == Findings((), 0.0, ("capital", "Mongolia"))


def test_a_number_counts_only_as_itself(
    assistant_over: Callable[[dict[str, str]], Assistant],
) -> None:
    library = assistant_over(
        {"a.md": "Route 66 crosses the town.", "b.md": "Route 99 crosses the town."}
    ).library
    assert found(library, "What does route 99 cross?").evidence[0].doc_id == "docs/b.md"
    assert found(library, "What does route 66 cross?").evidence[0].doc_id == "docs/a.md"


def test_only_a_number_of_what_was_asked_fits(
    assistant_over: Callable[[dict[str, str]], Assistant],
) -> None:
    text = (
        "Oldtown has 300 inhabitants. Oldtown has 4 bridges. "
        "Oldtown has many trees. Oldtown has no inhabitants in 1350 B.C."
    )
    library = assistant_over({"a.md": text}).library
    fits = {e.text: e.fits for e in found(library, "How many inhabitants has Oldtown?").evidence}
    assert fits["Oldtown has 300 inhabitants."] == 1.0
    assert fits["Oldtown has 4 bridges."] == 0.0
    assert fits["Oldtown has many trees."] == 0.0


@pytest.mark.parametrize(
    ("question", "fitting", "other"),
    [
        ("When did it open?", "It opened on Monday.", "It opened slowly."),
        ("Wanneer ging het open?", "Het ging op 3 mei open.", "Het ging open."),
        ("Who opened it?", "It was Ann Lee who opened it.", "It was opened by the king."),
        ("Where did it open?", "It opened in Oldtown.", "It opened in silence."),
        ("Why did it open?", "It opened because they paid.", "It opened as planned."),
        ("Waarom ging het open?", "Het ging open omdat er geld was.", "Het ging open."),
        ("Warum wurde es eröffnet?", "Es wurde eröffnet, weil es Geld gab.", "Es wurde eröffnet."),
    ],
)
def test_what_was_asked_for_fits(
    question: str,
    fitting: str,
    other: str,
    assistant_over: Callable[[dict[str, str]], Assistant],
) -> None:
    library = assistant_over({"a.md": f"{fitting}\n\n{other}\n"}).library
    fits = {e.text: e.fits for e in found(library, question).evidence}
    assert fits == {fitting: 1.0, other: 0.0}


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("How many users?", "10 million users since Monday.", ["10 million"]),
        ("How many of the 12?", "Of the twelve 3 are left.", ["3"]),
        (
            "When?",
            "10 million users since Monday, 6 January 2021.",
            ["Monday", "6 January", "2021"],
        ),
        ("What happened on Monday, and when?", "On Monday at 9:05.", ["9:05"]),
        ("How many inhabitants?", "It has 1500 inhabitants.", ["1500"]),
        ("How many?", "Many, in 2021 even more.", []),
    ],
)
def test_the_new_values_of_a_sentence(question: str, text: str, expected: list[str]) -> None:
    assert [value.text for value in new_values(understand(question), text)] == expected


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("It grew.", True),
        ("It grew!", True),
        ("It grew…", True),
        ("It grew;", True),
        ("“It grew.”", True),
        ("„Es wuchs.“", True),
        ("'It grew.'", True),
        ("(It grew.)", True),
        ("«It grew.»", True),
        ("It grew. [3]", True),
        ("It grew.[3][4]", True),
        ("It grew.[1-2]", True),
        ("Gab grows", False),
        ("Does it grow?", False),
        ("“Does it grow?”", False),
        ("It grew:", False),
        ("", False),
        ("[3]", False),
    ],
)
def test_a_headline_or_a_question_is_no_statement(text: str, statement: bool) -> None:
    assert is_statement(text) is statement
