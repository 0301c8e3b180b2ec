"""What is made of a question before anything is searched."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.types import LANGUAGES
from qa.errors import QAError, QuestionError
from qa.question import (
    MAX_QUESTION_CHARS,
    Question,
    Term,
    clean,
    kind_of,
    language_of,
    understand,
)
from qa.types import Turn
from qa.words import content_words

ANY_TEXT = st.text(max_size=300)


def user(text: str) -> Turn:
    return Turn("user", text)


def words(question: Question) -> list[str]:
    return [term.word for term in question.terms]


# clean


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("Why?", "Why?"),
        ("  Why\n\tdid   Amazon? ", "Why did Amazon?"),
        ("Why\x00did\x1b[31m Amazon?", "Why did [31m Amazon?"),
        ("Wie\u202eviele\u2066 Nutzer?", "Wieviele Nutzer?"),  # bidi controls leave no space
        ("zero\u200bwidth", "zerowidth"),
        ("line\u2028and\u2029paragraph", "line and paragraph"),
        ("Mongolie\u0308", "Mongolië"),  # composed, as the documents mostly are
        ("ｆｕｌｌ\u3000ｗｉｄｔｈ", "full width"),
        ("half \ud800 a character", "half a character"),
        ("7", "7"),
        ("🙂 Gab?", "🙂 Gab?"),
        ("蒙古的首都是什么", "蒙古的首都是什么"),
    ],
)
def test_a_question_is_cleaned(typed: str, asked: str) -> None:
    assert clean(typed) == asked


@pytest.mark.parametrize(
    "typed",
    ["", " ", "\n\t", "?!", "…", "\x00", "\u200b\u202e", "\ud800", "🙂", "[", "- - -", "_"],
)
def test_what_holds_no_word_is_no_question(typed: str) -> None:
    with pytest.raises(QuestionError, match=r"^There is no question; ask something in words$"):
        clean(typed)


@pytest.mark.parametrize(
    ("given_", "name"), [(None, "NoneType"), (b"why", "bytes"), (["why"], "list"), (1, "int")]
)
def test_only_text_is_a_question(given_: object, name: str) -> None:
    with pytest.raises(QuestionError, match=f"^A question is text, not {name}$"):
        clean(given_)  # type: ignore[arg-type]


def test_a_question_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert clean("a" * MAX_QUESTION_CHARS) == "a" * MAX_QUESTION_CHARS
    with pytest.raises(QuestionError, match=r"8,001 characters, more than 8,000; ask it shorter"):
        clean("a" * (MAX_QUESTION_CHARS + 1))
    with pytest.raises(QuestionError, match=r"1,000,000 characters"):
        clean("why " * 250_000)


def test_a_question_error_is_a_value_error_and_an_error_of_the_answer_layer() -> None:
    assert issubclass(QuestionError, ValueError)
    assert issubclass(QuestionError, QAError)


@given(ANY_TEXT)
@example("\u202e\x00a")
@example("ﷺ")
def test_cleaning_gives_a_printable_line_or_a_question_error(typed: str) -> None:
    try:
        asked = clean(typed)
    except QuestionError:
        return
    assert asked == asked.strip() != ""
    assert not {unicodedata.category(c) for c in asked} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean(asked) == asked


# language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("What is the capital of Mongolia?", "en"),
        ("Was ist die Hauptstadt der Mongolei?", "de"),
        ("Wat is de hoofdstad van Mongolië?", "nl"),
        ("Where did the journalist Henry Goodwin study?", "en"),
        ("Wo hat der Journalist Henry Goodwin studiert?", "de"),
        ("Waar studeerde de journalist Henry Goodwin?", "nl"),
        ("Wie viele aktive Nutzer hat Parler?", "de"),
        ("Wie is John Matze?", "nl"),
        ("Wer ist John Matze?", "de"),
        ("Who is John Matze?", "en"),
        ("Hoeveel actieve leden heeft Parler?", "nl"),
        ("WAAROM STOPTE AMAZON MET PARLER?", "nl"),
        ("WARUM HAT AMAZON PARLER GESPERRT?", "de"),
        ("WHY DID AMAZON DROP PARLER?", "en"),
        ("Hoofdstad Mongolië", "nl"),
        ("Hauptstadt Mongolei", "de"),
    ],
)
def test_the_language_of_a_question_is_told(question: str, language: str) -> None:
    assert language_of(question) == language


@pytest.mark.parametrize(
    ("before", "language"), [("Wat gebeurde er?", "nl"), ("Was ist passiert?", "de")]
)
def test_a_question_without_letters_is_in_the_language_of_the_talk(
    before: str, language: str
) -> None:
    assert language_of("2018?", [user(before)]) == language
    assert language_of("2018?") == "en"


# kind


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("How many users does Parler have?", "en", "how_many"),
        ("How much did it cost?", "en", "how_much"),
        ("Hoeveel gebruikers heeft Parler?", "nl", "how_many"),
        ("Hoe lang duurde het?", "nl", "how_much"),
        ("Wie viele Nutzer hat Parler?", "de", "how_many"),
        ("Wieviele Nutzer hat Parler?", "de", "how_many"),
        ("Wie viel kostet es?", "de", "how_much"),
        ("Wie groß ist es?", "de", "how_much"),
        ("When exactly did Parler go offline?", "en", "when"),
        ("In which year did it start?", "en", "when"),
        ("Wanneer ging Parler offline?", "nl", "when"),
        ("In welk jaar werd Parler opgericht?", "nl", "when"),
        ("Wann ging Parler offline?", "de", "when"),
        ("Where did Henry Goodwin study?", "en", "where"),
        ("Waar studeerde Henry Goodwin?", "nl", "where"),
        ("Wo hat Henry Goodwin studiert?", "de", "where"),
        ("Who founded Parler?", "en", "who"),
        ("Wie richtte Parler op?", "nl", "who"),
        ("Wer hat Parler gegründet?", "de", "who"),
        ("Why did Amazon drop Parler?", "en", "why"),
        ("Waarom liet Amazon Parler vallen?", "nl", "why"),
        ("Warum hat Amazon Parler gesperrt?", "de", "why"),
        ("What is Gab?", "en", "other"),
        ("Is everyone there, or nowhere?", "en", "other"),  # whole words only
        ("How many users does Gab have, and when did it start?", "en", "how_many"),
        ("When, and why, did it start?", "en", "when"),
    ],
)
def test_the_first_question_word_says_what_is_asked_for(
    question: str, language: str, kind: str
) -> None:
    assert kind_of(question, language) == kind


def test_at_what_time_is_a_question_after_a_time() -> None:
    assert kind_of("Um wie viel Uhr ging Parler offline?", "de") == "when"
    assert kind_of("Hoe laat ging Parler offline?", "nl") == "when"
    assert kind_of("At what time did Parler go offline?", "en") == "when"


# words


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("How many users does Parler have?", "en", ["users", "Parler"]),
        ("Wie viele aktive Nutzer hat Parler?", "de", ["aktive", "Nutzer", "Parler"]),
        ("Hoeveel actieve leden heeft Parler?", "nl", ["actieve", "leden", "Parler"]),
        ("Parler and parler and Parler", "en", ["Parler", "parler"]),
        ("What does 600.000 mean?", "en", ["600.000", "mean"]),
        ("At 23:59, or 10 million?", "en", ["23:59", "10", "million"]),
        ("and why?", "en", []),
    ],
)
def test_the_words_that_carry_a_question(question: str, language: str, expected: list[str]) -> None:
    assert content_words(question, language) == expected


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("Was ist Gab?", "Gab"),  # German for "gave"
        ("Wer ist Will Smith?", "Will"),
        ("What is IT?", "IT"),
        ("Who is the WHO?", "WHO"),
    ],
)
def test_a_name_that_is_spelled_like_a_function_word_is_still_a_name(
    question: str, name: str
) -> None:
    asked = understand(question)
    assert name in words(asked)
    assert not asked.vague


# follow-ups


def test_a_question_alone_is_its_own_standalone_question() -> None:
    asked = understand("How many users does Parler have?")
    assert asked == Question(
        text="How many users does Parler have?",
        standalone="How many users does Parler have?",
        language="en",
        kind="how_many",
        terms=(Term("users"), Term("Parler")),
        counted=("users", "parler"),
        vague=False,
    )


def test_a_follow_up_carries_the_subject_at_half_weight() -> None:
    asked = understand("How many new users does it get each day?", [user("What is Gab?")])
    assert asked.standalone == "How many new users does it get each day? (Gab)"
    assert asked.terms == (
        Term("new"),
        Term("users"),
        Term("get"),
        Term("day"),
        Term("Gab", 0.5),
    )


@pytest.mark.parametrize(
    ("before", "question"),
    [
        ("What is Gab?", "How many new users does it get each day?"),
        ("What is Gab?", "And what do the employees of large companies send?"),
        ("Wat is Gab?", "Hoeveel nieuwe gebruikers krijgt het elke dag?"),
        ("Was ist Gab?", "Wie viele neue Nutzer bekommt es jeden Tag?"),
        ("Was ist Parler?", "Wie viele neue Nutzer bekommt es jeden Tag?"),
    ],
)
def test_a_follow_up_keeps_its_subject_in_each_language(before: str, question: str) -> None:
    subject = before.split()[-1].strip("?")
    assert subject in words(understand(question, [user(before)]))


def test_what_was_said_longer_ago_counts_less_and_the_fourth_turn_back_nothing() -> None:
    history = [user(f"Tell us about {name}") for name in ("Alpha", "Beta", "Gamma", "Delta")]
    carried = understand("and why?", history).terms
    weights = {term.word: round(term.weight, 3) for term in carried}
    assert [name for name in weights if name[0] in "ABGD"] == ["Delta", "Gamma", "Beta"]
    assert (weights["Delta"], weights["Gamma"], weights["Beta"]) == (0.5, 0.3, 0.18)


def test_of_the_answers_only_the_last_is_carried_and_weighs_least() -> None:
    history = [
        user("Who led it?"),
        Turn("assistant", "Ann Alpha led it. [1]"),
        user("Who founded it?"),
        Turn("assistant", "Bea Beta founded it. [1]"),
    ]
    weights = {term.word: term.weight for term in understand("and why?", history).terms}
    assert weights["Beta"] == 0.25
    assert "Alpha" not in weights


def test_the_marker_of_an_answer_is_not_carried_as_a_number() -> None:
    history = [user("Who founded Parler?"), Turn("assistant", "John Matze founded it. [1][2]")]
    assert not {"1", "2"} & set(words(understand("and why?", history)))


@pytest.mark.parametrize(
    "said",
    [
        "The documents do not answer this.",
        "Die Dokumente geben darauf keine Antwort.",
        "De documenten geven hierop geen antwoord.",
        "What is your question about? Please name a person or a subject.",
    ],
)
def test_the_fixed_phrases_are_not_carried_as_a_subject(said: str) -> None:
    asked = understand("and when?", [user("What is Parler?"), Turn("assistant", said)])
    assert words(asked) == ["Parler"]


def test_a_word_is_carried_once() -> None:
    asked = understand("And Parler?", [user("What is parler?"), user("Is PARLER an app?")])
    assert words(asked) == ["Parler", "app"]


def test_a_question_with_words_of_its_own_carries_nothing() -> None:
    asked = understand("Where did Henry Goodwin study history?", [user("What is Gab?")])
    assert asked.standalone == "Where did Henry Goodwin study history?"


@pytest.mark.parametrize(
    ("question", "vague"),
    [
        ("and why?", True),
        ("En waarom?", True),
        ("Und warum?", True),
        ("What about it?", True),
        ("and Parler?", False),
        ("Warum Amazon?", False),
    ],
)
def test_a_question_after_nothing_in_particular_is_vague(question: str, vague: bool) -> None:
    assert understand(question).vague is vague
    assert not understand(question, [user("What is Parler?")]).vague


@given(ANY_TEXT, st.lists(st.tuples(st.sampled_from(["user", "assistant"]), ANY_TEXT), max_size=3))
def test_any_text_is_understood_or_is_a_question_error(
    text: str, before: list[tuple[str, str]]
) -> None:
    history = [Turn("user" if role == "user" else "assistant", said) for role, said in before]
    try:
        asked = understand(text, history)
    except QuestionError:
        return
    assert asked.language in LANGUAGES
    assert asked.standalone.startswith(asked.text)
    lowered = [word.lower() for word in words(asked) if word not in asked.text]
    assert len(lowered) == len(set(lowered))
    assert all(0 < term.weight <= 1 for term in asked.terms)
    assert understand(text, history) == asked
