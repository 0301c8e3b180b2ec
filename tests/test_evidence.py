"""Sentences scored against a question, and whether they answer it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index import Library
from qa import Assistant
from qa.evidence import WEIGHTS, Findings, features, weigh
from qa.expected import is_statement
from qa.question import understand
from qa.types import Turn
from tests.conftest import build_here


def found(library: Library, asked: str, history: tuple[Turn, ...] = ()) -> Findings:
    question = understand(asked, history)
    with library.snapshot() as snapshot:
        return weigh(question, snapshot, snapshot.search(question.standalone, 20))


QUESTIONS = [
    ("Where did the journalist Henry Goodwin study?", "University"),
    ("Wo hat der Journalist Henry Goodwin studiert?", "University"),
    ("Waar studeerde de journalist Henry Goodwin?", "University"),
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
        assert 0 <= one.names <= 1.0001
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


def test_no_hits_are_no_evidence(library: Library) -> None:
    question = understand("What is the capital of Mongolia?")
    with library.snapshot() as snapshot:
        nothing = weigh(question, snapshot, [])
        assert features(question, snapshot, []) is None
    assert (nothing.evidence, nothing.confidence, nothing.unmentioned) == ((), 0.0, ())


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


# In documents of our own

AssistantOver = Callable[[dict[str, str]], Assistant]
TOWN = {
    "en.md": "# The bridge\n\nThe stone bridge of Oldtown was built by monks. "
    "It rained on the day of the feast. The baker sells bread at night.\n",
    "nl.md": "# De toren\n\nDe rode toren van Oldtown is 40 meter hoog. "
    "In de toren hangt een klok. De molen maalt graan voor het dorp.\n",
    "de.md": "# Der Hafen\n\nIm Hafen von Oldtown liegen zwölf Schiffe. "
    "Die Fischer fahren nachts hinaus. Der Leuchtturm wurde im Jahr 1902 gebaut.\n",
}


def build(folder: Path, texts: dict[str, str]) -> Library:
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    library = Library.open(folder / "store")
    with pytest.MonkeyPatch.context() as patch:
        build_here(patch.setattr)
        library.build([folder])
    return library


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    library = build(tmp_path_factory.mktemp("town"), TOWN)
    yield library
    library.close()


BRIDGES = {
    "en": "Anna Kroon opened the bridge in Utrecht in 1987.",
    "nl": "De Utrechtse brug ging in 1987 open. Anna Kroon was er.",
    "de": "Die Brücke Utrechts wurde 1987 von Anna Kroon eröffnet.",
}


@pytest.fixture(scope="module", params=BRIDGES)
def bridge(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    library = build(tmp_path_factory.mktemp("bridge"), {"a.md": BRIDGES[request.param]})
    yield library
    library.close()


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who built the bridge of Oldtown?", "The stone bridge of Oldtown was built by monks."),
        ("Wie bouwde de brug van Oldtown?", "The stone bridge of Oldtown was built by monks."),
        ("Wer baute die Brücke von Oldtown?", "The stone bridge of Oldtown was built by monks."),
        ("How high is the tower of Oldtown?", "De rode toren van Oldtown is 40 meter hoog."),
        ("Wie hoch ist der Turm von Oldtown?", "De rode toren van Oldtown is 40 meter hoog."),
        ("How many ships are in the harbour?", "Im Hafen von Oldtown liegen zwölf Schiffe."),
        ("Hoeveel schepen liggen er in de haven?", "Im Hafen von Oldtown liegen zwölf Schiffe."),
        ("When was the lighthouse built?", "Der Leuchtturm wurde im Jahr 1902 gebaut."),
        ("Wanneer werd de vuurtoren gebouwd?", "Der Leuchtturm wurde im Jahr 1902 gebaut."),
        ("What does the baker sell?", "The baker sells bread at night."),
    ],
)
def test_the_sentence_that_answers_is_best_in_any_language(
    question: str, sentence: str, town: Library
) -> None:
    assert found(town, question).evidence[0].text == sentence


def test_a_headline_loses_to_a_statement(assistant_over: AssistantOver) -> None:
    text = "# Oldtown's bridge\n\nThe bridge of Oldtown is old.\n\nIs Oldtown's bridge old?\n"
    best, *others = found(assistant_over({"a.md": text}).library, "The bridge of Oldtown?").evidence
    assert best.text == "The bridge of Oldtown is old."
    assert [one.is_statement for one in others] == [False, False]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Is the tower of Oldtown old?", "en"),
        ("Is de toren van Oldtown oud?", "nl"),
        ("Ist der Turm von Oldtown alt?", "de"),
    ],
)
def test_of_what_says_the_same_the_readers_own_language_comes_first(
    question: str, language: str, assistant_over: AssistantOver
) -> None:
    library = assistant_over(
        {
            "a.md": "The tower of Oldtown is old.",
            "b.md": "De toren van Oldtown is oud.",
            "c.md": "Der Turm von Oldtown ist alt.",
        }
    ).library
    assert found(library, question).evidence[0].language == language


def test_confidence_falls_with_what_is_not_there(town: Library) -> None:
    there = found(town, "Who built the stone bridge of Oldtown?").confidence
    without_fact = found(town, "Who painted the stone bridge of Quxworth?").confidence
    elsewhere = found(town, "Which enzyme digests lactose?").confidence
    assert there > without_fact > elsewhere


@pytest.mark.parametrize(
    ("question", "unmentioned"),
    [
        ("When did the bridge of Utrecht open?", ()),
        ("Wanneer ging de Utrechtse brug open?", ()),
        ("Wann wurde die Brücke von Utrecht eröffnet?", ()),
        ("When did Anna Kroon open the bridge?", ()),
        ("What happened in 1987?", ()),
        ("What happened in 1991?", ("1991",)),
        ("What did Zebulon do in Utrecht in 1991?", ("Zebulon", "1991")),
        ("Wat deed Zebulon in Utrecht?", ("Zebulon",)),
        ("what did zebulon do?", ()),
    ],
)
def test_only_what_is_not_there_in_any_form_is_unmentioned(
    question: str, unmentioned: tuple[str, ...], bridge: Library
) -> None:
    assert found(bridge, question).unmentioned == unmentioned


@pytest.mark.parametrize(
    ("question", "unmentioned"),
    [
        ("When did the bridge of Amsterdam open?", ("Amsterdam",)),
        ("Wanneer ging de brug van Rotterdam open?", ("Rotterdam",)),
        ("Wann wurde die Brücke von Zebulon eröffnet?", ("Zebulon",)),
    ],
)
def test_another_name_of_its_kind_does_not_mention_a_name(
    question: str, unmentioned: tuple[str, ...], bridge: Library
) -> None:
    assert found(bridge, question).unmentioned == unmentioned


def test_a_near_town_is_another_town(assistant_over: AssistantOver) -> None:
    text = "Maria Kroon opened the bridge of Rotterdam in 1990."
    asked = "When did the bridge of Amsterdam open?"
    assert found(assistant_over({"a.md": text}).library, asked).unmentioned == ("Amsterdam",)


def test_a_common_german_noun_is_no_name(town: Library) -> None:
    # Of what is merely not there a reader is told that the documents do not answer.
    assert found(town, "Wie alt ist das Fahrrad?").unmentioned == ()


def test_what_the_title_names_is_mentioned(assistant_over: AssistantOver) -> None:
    text = "---\ntitle: The Quxworth report\n---\nThe bridge opened on Monday.\n"
    asked = "When did the bridge of Quxworth open?"
    assert found(assistant_over({"a.md": text}).library, asked).unmentioned == ()


def test_what_was_said_before_is_not_missed(assistant_over: AssistantOver) -> None:
    library = assistant_over({"a.md": "Anna Kroon opened the bridge in 1987."}).library
    history = (Turn("user", "Who is Zebulon Quxworth?"),)
    assert found(library, "When did he open the bridge?", history).unmentioned == ()


def test_the_same_question_gives_the_same_whatever_was_asked_before(
    town: Library, tmp_path: Path
) -> None:
    first = found(town, "Who built the bridge?")
    for question, _ in QUESTIONS:
        found(town, question)
    assert found(town, "Who built the bridge?") == first
    again = build(tmp_path, TOWN)
    rebuilt = found(again, "Who built the bridge?")
    again.close()

    def nameless(findings: Findings) -> Findings:
        evidence = tuple(replace(e, doc_id=Path(e.doc_id).name) for e in findings.evidence)
        return replace(findings, evidence=evidence)

    assert nameless(rebuilt) == nameless(first)


# The weights


@pytest.mark.parametrize(
    "asked", ["How many new users does Gab have?", "Who is Henry Goodwin?", "Why?", "7"]
)
def test_there_is_a_weight_for_each_feature_and_no_other(asked: str, library: Library) -> None:
    weights = json.loads(WEIGHTS.read_text("utf-8"))
    assert set(weights) == {"sentence", "confidence"}
    question = understand(asked)
    with library.snapshot() as snapshot:
        told = features(question, snapshot, snapshot.search(question.query, 20))
    assert told is not None
    assert set(weights["sentence"]) == set(told.of_sentences)
    assert set(weights["confidence"]) == {"constant", *told.of_answers}
    assert all(math.isfinite(w) for model in weights.values() for w in model.values())
    for values in (*told.of_sentences.values(), *told.of_answers.values()):
        assert values.shape == (len(told.sentences),)
        assert np.isfinite(values).all()
