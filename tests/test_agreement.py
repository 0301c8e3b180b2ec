"""Which sentences say the same, and which give different values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.agreement import different_values, same_fact
from qa.evidence import Evidence
from qa.question import understand


def said(doc_id: str, text: str, *, start: int = 0, fits: float = 1.0) -> Evidence:
    return Evidence(
        doc_id=doc_id,
        start=start,
        end=start + len(text),
        text=text,
        language="en",
        score=1.0,
        covered=1.0,
        meaning=1.0,
        fits=fits,
        is_statement=text.endswith("."),
    )


# the same fact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The attack killed 12 people.", "The attack killed 12 people."),
        ("The attack killed 12 people.", "The attack killed twelve people."),
        ("Parler has four million active users.", "Parler has 4 million active users."),
        ("Parler went offline on Sunday.", "On Sunday evening Parler went offline."),
    ],
)
def test_sentences_that_say_the_same_are_one_fact(one: str, other: str) -> None:
    assert same_fact(said("a", one), [said("b", other)]) == [said("b", other)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The attack killed 12 people.", "The attack killed 21 people."),
        ("Parler has 4 million active users.", "Parler has 10 million active users."),
        ("Parler went offline on Monday.", "Parler went offline on Sunday."),
        ("It was to close on 10 January.", "It was to close on 19 January."),
        ("Oldtown has 1500 inhabitants.", "Oldtown has 2,500 inhabitants."),
        ("Oldtown has 5,000 inhabitants [3] in all.", "Oldtown has 7,000 inhabitants [3] in all."),
    ],
)
def test_another_value_makes_another_fact(one: str, other: str) -> None:
    assert same_fact(said("a", one), [said("b", other)]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Parler is back online.", "Parler is not back online."),
        ("Amazon informed Parler of it.", "Amazon never informed Parler of it."),
        ("Ann Lee is the mayor of Oldtown.", "Ann Lee isn't the mayor of Oldtown."),
        ("Die Brücke wurde eröffnet.", "Die Brücke wurde nicht eröffnet."),
        ("Amazon hat einen Plan für Parler.", "Amazon hat keinen Plan für Parler."),
        ("De burgemeester opende de brug.", "De burgemeester opende de brug niet."),
        ("Amazon heeft een plan voor Parler.", "Amazon heeft geen plan voor Parler."),
    ],
)
def test_a_sentence_and_its_denial_are_two_facts(one: str, other: str) -> None:
    # A citation under the opposite of what it says is worse than none.
    assert same_fact(said("a", one), [said("b", other)]) == []
    assert same_fact(said("a", other), [said("b", one)]) == []


def test_each_other_document_is_named_once_and_the_closest_first() -> None:
    first = said("a", "The old stone bridge opened in 1987.")
    same = said("b", "The old stone bridge opened in 1987.", start=40)
    near = said("b", "The stone bridge opened in 1987.")
    own = said("a", "The old stone bridge opened in 1987.", start=90)
    other = said("c", "The old bridge opened in 1987.")
    assert same_fact(first, [near, other, own, same]) == [same, other]
    assert same_fact(first, []) == []


# different values


def groups(question: str, *evidence: Evidence) -> list[tuple[str, list[str]]]:
    found = different_values(understand(question), evidence)
    return [(group.value, [e.doc_id for e in group.evidence]) for group in found]


def test_documents_that_give_different_numbers_are_set_against_each_other() -> None:
    assert groups(
        "How many users does Parler have?",
        said("a", "Parler has 10 million active users."),
        said("b", "Parler has four million active users."),
        said("c", "Parler has 4,000,000 active users."),
    ) == [("10 million", ["a"]), ("four million", ["b", "c"])]


def test_documents_that_give_different_days_are_set_against_each_other() -> None:
    assert groups(
        "When did Parler go offline?",
        said("a", "Parler went offline on Monday morning."),
        said("b", "Parler went offline on Sunday."),
        said("c", "Parler went offline on Mondays."),
    ) == [("Monday", ["a", "c"]), ("Sunday", ["b"])]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        # The same value in other words, or another language.
        ("How many users?", "Parler has 4 million users.", "Parler has four million users."),
        ("When did it close?", "It closed at 11:59 p.m. sharp.", "It closed at 23:59 sharp."),
        # Another kind of value says nothing against the first.
        ("When did it close?", "It closed on Monday.", "It closed in 2021."),
        # Nothing but numbers and times can differ here.
        ("Who closed it?", "Ann closed it at 3.", "Ben closed it at 4."),
        # A value that the question itself holds is not an answer to it.
        (
            "How many of the 12 bridges closed?",
            "Of 12 bridges 3 closed.",
            "3 of 12 bridges closed.",
        ),
        # Another thing is counted.
        ("How many users?", "Parler has 4 million users.", "The violent storm cost 5 lives."),
    ],
)
def test_what_does_not_differ_is_not_set_against_each_other(
    question: str, one: str, other: str
) -> None:
    assert groups(question, said("a", one), said("b", other)) == []


def test_one_document_does_not_contradict_itself() -> None:
    assert (
        groups(
            "How many users does Parler have?",
            said("a", "Parler has 10 million active users."),
            said("a", "Parler has four million active users.", start=50),
        )
        == []
    )


def test_a_plain_number_of_four_digits_differs_like_any_other() -> None:
    assert groups(
        "How many inhabitants does Oldtown have?",
        said("a", "Oldtown has 2,500 inhabitants."),
        said("b", "Oldtown has 1500 inhabitants."),
    ) == [("2,500", ["a"]), ("1500", ["b"])]


def test_a_headline_gives_no_value() -> None:
    assert (
        groups(
            "How many users does Parler have?",
            said("a", "Parler has 10 million active users."),
            said("b", "Parler has four million active users"),
        )
        == []
    )


def test_values_count_only_where_the_best_sentence_answers() -> None:
    best = said("a", "Parler has 10 million active users.")
    other = said("b", "Parler has four million active members.", fits=0.0)
    question = "How many users does Parler have?"
    assert groups(question, best, other) == [("10 million", ["a"]), ("four million", ["b"])]
    assert groups(question, replace(best, fits=0.0), other) == []
    assert groups(question, said("c", "Parler has very many active users."), best, other) == []


def test_nothing_found_differs_in_nothing() -> None:
    assert groups("How many users does Parler have?") == []


def test_one_that_gives_the_value_but_differs_elsewhere_is_not_cited_for_the_statement() -> None:
    told = [
        "Anna Kroon chaired the council of Oldtown in 1878 and in 1890.",
        "Anna Kroon chaired the council of Oldtown in 1878, for 3 months.",
        "Anna Kroon chaired the council of Oldtown in 1902, for 5 months.",
        "Anna Kroon chaired the council of Oldtown in 1902, for 7 months.",
    ]
    found = [said(f"d{n}", text) for n, text in enumerate(told)]
    asked = understand("When did Anna Kroon chair the council of Oldtown?")
    given = different_values(asked, found)
    assert [[e.text for e in group.evidence] for group in given] == [told[:2], told[2:3]]


def test_a_value_is_shown_with_its_unit() -> None:
    asked = understand("How much did the bridge cost?")
    found = [
        said("a", "The bridge of Oldtown cost £12.4m in all."),
        said("b", "The bridge of Oldtown cost 13 % less, 84,50 euro in all."),
    ]
    assert [group.value for group in different_values(asked, found)] == ["£12.4m", "13 %"]
