"""Which sentences say the same, and which give different values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from qa import Assistant
from qa.agreement import closeness, contradicts, different_values, same_fact
from qa.evidence import Evidence
from qa.question import understand


def said(
    doc_id: str, text: str, *, start: int = 0, fits: float = 1.0, language: str = "en"
) -> Evidence:
    return Evidence(
        doc_id=doc_id,
        start=start,
        end=start + len(text),
        text=text,
        language=language,
        score=1.0,
        names=1.0,
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


@pytest.mark.parametrize(
    ("one", "language", "other", "other_language"),
    [
        ("The bridge is made of stone.", "en", "Die Brücke ist aus Stein.", "de"),
        ("Die Brücke ist aus Stein.", "de", "De brug is van steen.", "nl"),
        ("Jan Kroon is mayor of Oldtown.", "en", "Jan Kroon ist Bürgermeister von Oldtown.", "de"),
        ("De brug van Rotterdam is oud.", "nl", "The bridge of Rotterdam is old.", "en"),
        ("Oldtown has four bridges.", "en", "Oldtown heeft 4 bruggen.", "nl"),
        ("The bridge opened on Monday.", "en", "Die Brücke öffnete am Montag.", "de"),
    ],
)
def test_one_fact_in_two_languages_is_one_fact(
    one: str, language: str, other: str, other_language: str
) -> None:
    first = said("a", one, language=language)
    second = said("b", other, language=other_language)
    assert same_fact(first, [second]) == [second]
    assert same_fact(second, [first]) == [first]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The mayor of Oldtown is Jan Kroon.", "The mayor of Oldtown is Piet Vogel."),
        ("The bridge of Rotterdam is old.", "The bridge of Amsterdam is old."),
        ("The tower of Oldtown is red.", "The tower of Oldtown is blue."),
        ("Ann Lee likes red apples.", "Ann Lee likes green apples."),
        ("Anna paid Ben 5 euros.", "Anna paid Ben 5 dollars."),
        ("The bridge opened in May.", "The bridge opened in June."),
        ("The bridge is open.", "The bridge is closed."),
    ],
)
def test_a_name_or_a_word_in_place_of_another_makes_another_fact(one: str, other: str) -> None:
    assert same_fact(said("a", one), [said("b", other)]) == []
    assert same_fact(said("b", other), [said("a", one)]) == []


@pytest.mark.parametrize(
    ("one", "other", "contradict"),
    [
        ("It cost 5 euros.", "Het kostte 5 euro.", False),
        ("It cost 5 euros.", "It cost 5 dollars.", True),
        ("It grew by 5 %.", "It grew by 5.", False),
        ("It grew by 5 %.", "It grew by 6 percent.", True),
        ("It closed on 10 January.", "It closed on 10 January 2021.", False),
        ("It closed on 10 January.", "It closed on 11 January 2021.", True),
        ("It closed on Monday.", "It closed on 11 January.", False),
        ("It closed at 9:05.", "Es schloss um 9.05 Uhr.", False),
        ("It closed at 9:05.", "It closed at 10:15.", True),
        ("It closed on 3 May with 4 guests.", "It closed with 4 guests on 3 May.", False),
        ("It is closed.", "It is not closed.", True),
        ("Het is niet dicht.", "Es ist nicht zu.", False),
        ("", "", False),
        ("It has 5.", "", False),
    ],
)
def test_what_contradicts(one: str, other: str, contradict: bool) -> None:
    assert contradicts(one, other) is contradict
    assert contradicts(other, one) is contradict
    assert not contradicts(one, one)


def test_closeness_is_the_cosine_of_each_with_the_first() -> None:
    same = said("b", "The bridge is old.")
    other = said("c", "Bread needs an oven.")
    close = closeness(same, [same, other, said("d", "…")])
    assert close.shape == (3,)
    assert close[0] == pytest.approx(1.0)
    assert close[1] < 0.3
    assert close[2] == 0
    assert closeness(same, []).shape == (0,)


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
    other = said("b", "Parler has four million active members.")
    question = "How many users does Parler have?"
    assert groups(question, best, other) == [("10 million", ["a"]), ("four million", ["b"])]
    assert groups(question, replace(best, fits=0.0), other) == []
    assert groups(question, said("c", "Parler has very many active users."), best, other) == []


def test_nothing_found_differs_in_nothing() -> None:
    assert groups("How many users does Parler have?") == []


def test_one_that_gives_the_value_but_differs_elsewhere_is_not_cited_for_the_statement() -> None:
    told = [
        "Anna Kroon chaired the council of Oldtown in 1878.",
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
    assert [group.value for group in different_values(asked, found)] == ["£12.4m", "84,50 euro"]


@pytest.mark.parametrize(
    ("question", "one", "other", "values"),
    [
        (
            "How much did it cost?",
            "The bridge cost 5 million euros.",
            "The bridge cost 5 million dollars.",
            ["5 million euros", "5 million dollars"],
        ),
        (
            "How much did it grow?",
            "The town grew by 5 %.",
            "The town grew by 7 per cent.",
            ["5 %", "7 per cent"],
        ),
        (
            "When did it close?",
            "The bridge closed on 10 January.",
            "The bridge closed on 11 January 2021.",
            ["10 January", "11 January 2021"],
        ),
        (
            "When did it close?",
            "The bridge closed at 9:05.",
            "The bridge closed at 10:15.",
            ["9:05", "10:15"],
        ),
        (
            "When did it close?",
            "The bridge closed in 1987.",
            "The bridge closed in 1988.",
            ["1987", "1988"],
        ),
    ],
)
def test_another_amount_date_or_time_is_another_value(
    question: str, one: str, other: str, values: list[str]
) -> None:
    found = [said("a", one), said("b", other)]
    assert groups(question, *found) == [(values[0], ["a"]), (values[1], ["b"])]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How much did it grow?", "The town grew by 5 %.", "The town grew by 5."),
        ("When did it close?", "It closed on 10 January.", "It closed on 10 January 2021."),
        ("When did it close?", "It closed on Monday.", "It closed on 11 January 2021."),
        ("When did it close?", "It closed at 9:05.", "It closed at 9.05 am."),
        (
            "How many bridges are there?",
            "Oldtown has 5 bridges and 3 ports.",
            "Oldtown has 3 ports and 5 bridges.",
        ),
        (
            "How many bridges are there?",
            "There are 5 bridges.",
            "There are five bridges, 3 of iron.",
        ),
    ],
)
def test_one_value_in_other_words_or_beside_others_is_no_disagreement(
    question: str, one: str, other: str
) -> None:
    assert groups(question, said("a", one), said("b", other)) == []


def test_values_are_compared_across_languages() -> None:
    found = [
        said("a", "The bridge cost 5 million euros."),
        said("b", "De brug kostte vijf miljoen euro.", language="nl"),
        said("c", "Die Brücke kostete 6 Millionen Euro.", language="de"),
    ]
    assert groups("How much did the bridge cost?", *found) == [
        ("5 million euros", ["a", "b"]),
        ("6 Millionen Euro", ["c"]),
    ]


# different words

MAYOR = "Who is the mayor of Oldtown?"


def test_two_names_for_one_role_disagree() -> None:
    assert groups(
        MAYOR,
        said("a", "The mayor of Oldtown is Jan Kroon."),
        said("b", "The mayor of Oldtown is Piet Vogel."),
        said("c", "The mayor of Oldtown is Jan Kroon."),
    ) == [("Jan Kroon", ["a"]), ("Piet Vogel", ["b"])]


def test_two_names_for_one_role_disagree_in_two_languages() -> None:
    found = different_values(
        understand(MAYOR),
        [
            said("a", "De burgemeester van Oldtown is Jan Kroon.", language="nl"),
            said("b", "The mayor of Oldtown is Piet Vogel."),
        ],
    )
    assert [[e.doc_id for e in group.evidence] for group in found] == [["a"], ["b"]]
    assert "Kroon" in found[0].value
    assert "Vogel" in found[1].value


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("The mayor of Oldtown is Jan Kroon.", "De burgemeester van Oldtown is Jan Kroon.", "nl"),
        ("The mayor of Oldtown is Jan Kroon.", "Bürgermeister von Oldtown ist Jan Kroon.", "de"),
        ("The mayor of Oldtown is Jan Kroon.", "Kroon is the mayor of Oldtown.", "en"),
        ("The mayor of Oldtown is Jan Kroon.", "Jan Kroon was mayor of Oldtown.", "en"),
        ("The mayor of Oldtown is Jan Kroon.", "On Monday the mayor of Oldtown spoke.", "en"),
        ("At the fair in Oldtown sang Ann Lee.", "At the fair sang Ann Lee and Ben Ray.", "en"),
    ],
)
def test_the_same_name_or_one_more_is_no_disagreement(one: str, other: str, language: str) -> None:
    asked = MAYOR if "mayor" in one else "Who sang at the fair in Oldtown?"
    assert groups(asked, said("a", one), said("b", other, language=language)) == []


def test_one_word_of_a_kind_in_place_of_another_disagrees() -> None:
    assert groups(
        "What does Ann Lee sell?",
        said("a", "Ann Lee sells apples in Oldtown."),
        said("b", "Ann Lee sells pears in Oldtown."),
    ) == [("apples", ["a"]), ("pears", ["b"])]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee sells apples in Oldtown.", "In Oldtown Ann Lee sells apples."),
        ("Ann Lee sells apples in Oldtown.", "Ann Lee sells apples and pears in Oldtown."),
        ("Ann Lee sells apples in Oldtown.", "Ann Lee sells apples on Monday."),
        ("Ann Lee sells apples in Oldtown.", "Ann Lee has a dog and two cats at home."),
        ("Ann Lee sells apples in Oldtown.", "It rained."),
    ],
)
def test_other_words_for_other_things_are_no_disagreement(one: str, other: str) -> None:
    assert groups("What does Ann Lee sell?", said("a", one), said("b", other)) == []


def test_what_answers_much_worse_contradicts_nothing() -> None:
    best = said("a", "The mayor of Oldtown is Jan Kroon.")
    other = said("b", "The mayor of Oldtown is Piet Vogel.")
    assert groups(MAYOR, best, replace(other, score=best.score - 1.9)) != []
    assert groups(MAYOR, best, replace(other, score=best.score - 2.1)) == []


def test_a_value_that_was_not_asked_for_is_no_disagreement() -> None:
    assert groups(MAYOR, said("a", "Jan Kroon, 45."), said("b", "Jan Kroon, 46.")) == []


def test_no_document_gives_two_values() -> None:
    texts = [
        ("a", "The mayor of Oldtown is Jan Kroon.", 0),
        ("b", "The mayor of Oldtown is Piet Vogel.", 0),
        ("a", "The mayor of Oldtown is Cora Vos.", 50),
        ("b", "The mayor of Oldtown is Jan Kroon.", 50),
        ("c", "The mayor of Oldtown is Piet Vogel.", 0),
    ]
    found = different_values(
        understand(MAYOR), [said(doc, text, start=start) for doc, text, start in texts]
    )
    assert [[e.doc_id for e in group.evidence] for group in found] == [["a"], ["b", "c"]]


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "What is the chant linked to?",
            "The chant is linked to ice hockey.",
            "The chant is linked to football.",
        ),
        (
            "Which sport is the chant linked to?",
            "The chant is linked to ice hockey.",
            "The chant is linked to football.",
        ),
        (
            "What colour is the tower of Oldtown?",
            "The tower of Oldtown is red.",
            "The tower of Oldtown is blue.",
        ),
        (
            "What is the capital of Freedonia?",
            "The capital of Freedonia is Berlin.",
            "The capital of Freedonia is Paris.",
        ),
    ],
)
def test_one_sentence_but_for_the_answer_disagrees(question: str, one: str, other: str) -> None:
    assert len(groups(question, said("a", one), said("b", other))) == 2


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("How many bridges has Oldtown?", "Oldtown has 5 bridges.", "Newtown has 3 bridges."),
        (
            "When did the bridge of Oldtown open?",
            "The bridge of Oldtown opened in 1987.",
            "The bridge of Newtown opened in 1990.",
        ),
        (MAYOR, "The mayor of Oldtown is Jan Kroon.", "The mayor of Newtown is Piet Vogel."),
        (MAYOR, "The mayor of Oldtown is Jan Kroon.", "The mayor of Oldtown lives in Amsterdam."),
        (
            "Who is in the council of Oldtown?",
            "Ann Lee and Ben Ray are in the council of Oldtown.",
            "Also in the council of Oldtown is Cora Vos.",
        ),
    ],
)
def test_what_is_said_of_something_else_is_no_disagreement(
    question: str, one: str, other: str, assistant_over: Callable[[dict[str, str]], Assistant]
) -> None:
    assert not assistant_over({"a.md": one, "b.md": other}).ask(question).disagreement


def test_german_nouns_are_no_names() -> None:
    found = [
        said("a", "Die Brücke von Altdorf wurde vom Bürgermeister geöffnet.", language="de"),
        said("b", "Die Brücke von Altdorf wurde bei Regen vor der Kirche geöffnet.", language="de"),
    ]
    assert groups("Wer öffnete die Brücke von Altdorf?", *found) == []


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            MAYOR,
            "The mayor of Oldtown is the painter Maria van den Berg, of Delft.",
            "The mayor of Oldtown is the baker Peter Vogel.",
        ),
        (
            "What does Ann Lee sell?",
            "Ann Lee sells apples and some plums in Oldtown.",
            "Ann Lee sells pears in Oldtown.",
        ),
        (
            "Is the bridge of Oldtown open?",
            "Ann Lee opened the bridge of Oldtown in 1987.",
            "She opened the bridge of Oldtown in 1988.",
        ),
    ],
)
def test_a_value_stands_in_its_sentence_as_it_is(question: str, one: str, other: str) -> None:
    found = different_values(understand(question), [said("a", one), said("b", other)])
    for group in found:
        assert group.value in group.evidence[0].text
