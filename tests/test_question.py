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
    language_of,
    respelled,
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


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("wat kost dat", "nl"),
        ("was kostet das", "de"),
        ("who is matze", "en"),
        ("fuer wen", "de"),
        ("koennen wir das", "de"),
        ("ueber parler", "de"),
        ("WAT KOST DAT", "nl"),
        ("WIE VIELE TOTE", "de"),
        ("HOEVEEL DODEN", "nl"),
        ("aantal inwoners utrecht", "nl"),
        ("einwohner berlin", "de"),
        ("opening hours museum", "en"),
        ("oeffnungszeiten museum", "de"),
        ("is het gratis", "nl"),
        ("ist es kostenlos", "de"),
        ("vertel meer", "nl"),
        ("tell me more", "en"),
        ("bruecke gesperrt", "de"),
    ],
)
def test_the_language_of_a_few_words_is_told(question: str, language: str) -> None:
    assert language_of(question) == language


def test_a_name_alone_is_in_the_language_of_the_talk() -> None:
    assert language_of("Stripe Amazon", [user("Wat gebeurde er?")]) == "nl"
    assert language_of("Stripe Amazon", [user("What happened?")]) == "en"
    assert language_of("Wie viele Tote?", [user("Wat gebeurde er?")]) == "de"


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


@pytest.mark.parametrize(
    "question",
    [
        "Wie is de CEO van Parler?",
        "How many users does Gab have in total?",
        "Was ist ein Schöpfwerk?",
        "Welche Größe hat die Fähre außer der Höhe?",
        "Heeft de molen van Zaandam wieken?",
    ],
)
def test_capitals_change_nothing(question: str) -> None:
    small, loud = understand(question), understand(question.upper())
    assert [w.lower().replace("ß", "ss") for w in words(small)] == words(loud)
    assert (small.kind, small.language, small.vague) == (loud.kind, loud.language, loud.vague)


def test_a_respelled_question_keeps_its_text() -> None:
    asked = understand("How many Vistors cross the brigde?")
    right = respelled(asked, {"Vistors": "visitors", "brigde": "bridge"})
    assert right.text == asked.text
    assert right.standalone == "How many Visitors cross the bridge?"
    assert words(right) == ["Visitors", "cross", "bridge"]
    assert right.counted == ("visitors", "cross")
    assert respelled(asked, {}) is asked


def test_a_word_that_is_there_already_is_respelled_into_one_term() -> None:
    asked = respelled(understand("Which bridge is the brigde?"), {"brigde": "bridge"})
    assert words(asked) == ["bridge"]


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


def test_what_was_said_longer_ago_counts_less_and_the_third_turn_back_nothing() -> None:
    history = [user(f"Tell us about {name}") for name in ("Alpha", "Beta", "Gamma")]
    weights = {term.word: round(term.weight, 3) for term in understand("and why?", history).terms}
    assert (weights["Gamma"], weights["Beta"]) == (0.5, 0.3)
    assert "Alpha" not in weights


def test_of_a_long_turn_the_words_that_mean_most_are_carried() -> None:
    said = (
        "The trail along the river was opened by the minister of transport of Zeeland, who said "
        "on that day that it would make many people very happy and that it was good to see them."
    )
    history = [user("Who opened the trail?"), Turn("assistant", said)]
    asked = understand("and when?", history)
    assert len(words(asked)) == 6
    assert "Zeeland" in words(asked)
    assert not {"day", "people", "good", "make"} & set(words(asked))


def test_the_words_of_its_own_are_searched_for_twice_where_others_are_carried() -> None:
    alone = understand("How many users does Parler have?")
    assert alone.query == alone.standalone
    carrying = understand("How many new users does it get each day?", [user("What is Gab?")])
    assert carrying.query == f"{carrying.standalone} new users get day"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Which bridge did the city build in the year that the mill burned?", "en"),
        ("How many windows are there in the old town hall of Utrecht?", "en"),
        ("Name one of the harbours of the northern province.", "en"),
        ("Welk schip bracht het geld naar de stad dat de koning vroeg?", "nl"),
        ("Zijn er molens langs de rivier bij Zutphen?", "nl"),
        ("Wie heißt die Brücke, die den Fluss im Norden überspannt?", "de"),
        ("Wie viele Mühlen gibt es entlang der Oder bei Frankfurt?", "de"),
        ("Nennen Sie drei Mühlen entlang der Oder bei Frankfurt.", "de"),
    ],
)
def test_a_question_that_names_its_subject_drags_nothing_along(
    question: str, language: str
) -> None:
    before = {
        "en": "Who sang the aria?",
        "nl": "Wie zong de aria?",
        "de": "Wer sang die Arie?",
    }
    asked = understand(question, [user(before[language])])
    assert asked.language == language
    assert asked.standalone == question


@pytest.mark.parametrize(
    ("before", "question", "subject"),
    [
        ("Who built the lighthouse of Texel?", "When was that built?", "Texel"),
        ("Who built the lighthouse of Texel?", "How many visitors climb the lighthouse?", "Texel"),
        ("Who built the lighthouse of Texel?", "I mean the one in the north", "Texel"),
        ("Wie bouwde de vuurtoren van Texel?", "Wat is zijn leeftijd?", "Texel"),
        ("Wie bouwde de vuurtoren van Texel?", "Hoeveel trappen heeft die?", "Texel"),
        ("Wer baute den Leuchtturm von Sylt?", "Wie viele Stufen hat der?", "Sylt"),
        ("Wer baute den Leuchtturm von Sylt?", "Gilt das für alle Besucher der Insel?", "Sylt"),
    ],
)
def test_a_question_that_goes_on_keeps_the_subject(
    before: str, question: str, subject: str
) -> None:
    assert subject in words(understand(question, [user(before)]))


def test_the_last_answer_is_at_hand_without_its_markers() -> None:
    history = [user("Who founded it?"), Turn("assistant", "Ann Alpha did. [1] In 1999. [2][3]")]
    assert understand("and why?", history).said == "Ann Alpha did. In 1999."
    refused = [*history, user("Why?"), Turn("assistant", "The documents do not answer this.")]
    assert understand("and why?", refused).said == ""
    assert understand("and why?").said == ""


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
        ("What about that?", True),
        ("How old is she?", True),
        ("HOW OLD IS SHE", True),
        ("Tell me more", True),
        ("Where does he live?", True),
        ("Wat bedoel je?", True),
        ("En toen?", True),
        ("Hoe oud is ze?", True),
        ("Warum denn?", True),
        ("Wie alt ist er?", True),
        ("Erzähl mehr", True),
        ("How old is Gab?", False),
        ("What happened in Utrecht?", False),
        ("Hoe duur is parkeren?", False),
        ("2018?", False),
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


def test_who_asks_the_same_again_does_not_go_on_from_the_answer() -> None:
    history = (Turn("user", "Who fixed it?"), Turn("assistant", "Ada Vennik fixed it. [1]"))
    assert understand("And when did she fix it?", history).said == "Ada Vennik fixed it."
    assert understand("Who fixed it?", history).said == ""
