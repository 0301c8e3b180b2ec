"""Whether a sentence holds what was asked for."""

from __future__ import annotations

import pytest

from qa.expected import fits, is_statement, new_values
from qa.kinds import Kind
from qa.question import understand

# (kind, question, what fits, what does not)
FITTING: list[tuple[Kind, str, str, str]] = [
    ("how_many", "How many bridges has it?", "It has four bridges.", "It has many bridges."),
    ("how_many", "Hoeveel bruggen zijn er?", "Er zijn 4 bruggen.", "Er zijn veel bruggen."),
    ("how_many", "Wie viele Brücken gibt es?", "Es gibt vier Brücken.", "Es gibt viele Brücken."),
    ("how_many", "How many bridges has it?", "Het heeft vier bruggen.", "Het heeft bruggen."),
    ("how_many", "How many inhabitants?", "It has 300 inhabitants.", "It has 4 bridges."),
    ("how_much", "How much did it cost?", "It cost 5 euros.", "It cost much money."),
    ("how_much", "Hoeveel kostte het?", "Het kostte 5 miljoen euro.", "Het was duur."),
    ("how_much", "Wie viel kostete es?", "Es kostete 5 Euro.", "Es war teuer."),
    ("how_much", "What percentage voted?", "Only 45 percent voted.", "Only a few voted."),
    ("how_much", "Welk percentage stemde?", "Zo'n 45 procent stemde.", "Weinigen stemden."),
    ("when", "When did it open?", "It opened on Monday.", "It opened slowly."),
    ("when", "When did it open?", "It opened in 1987.", "It opened for 5 euros."),
    ("when", "Wanneer ging het open?", "Het ging op 3 mei open.", "Het ging langzaam open."),
    ("when", "Wann wurde es eröffnet?", "Es öffnete um 9.05 Uhr.", "Es öffnete langsam."),
    ("who", "Who opened it?", "It was Ann Lee who opened it.", "It was opened by the king."),
    ("who", "Wie opende het?", "Het werd door Ann Lee geopend.", "De koning opende het."),
    ("who", "Wer öffnete es?", "Es wurde von Ann Lee geöffnet.", "Es wurde schnell geöffnet."),
    ("where", "Where did it open?", "It opened in Oldtown.", "It opened in silence."),
    ("where", "Waar staat het?", "Het staat aan de Maas.", "Het staat er al lang."),
    ("where", "Wo steht es?", "Es steht in Hamburg.", "Es steht schon lange."),
    ("why", "Why did it open?", "It opened because they paid.", "It opened as planned."),
    ("why", "Waarom ging het open?", "Het ging open omdat er geld was.", "Het ging open."),
    ("why", "Warum wurde es eröffnet?", "Weil es Geld gab, öffnete es.", "Es wurde eröffnet."),
    ("quote", "What did Ann say?", "Ann called it “old”.", "Ann called it old."),
    ("quote", "What did Ann say?", "Ann called it 'too old'.", "It is Ann's bridge."),
    ("quote", "Wat zei Ann?", "Ze zei: 'Het is oud.'", "Ze zei dat het oud is."),
    ("quote", "Was hat Ann gesagt?", "Sie nannte es „alt“.", "Sie nannte es alt."),
]


def fit(question: str, text: str) -> float:
    """``fits``, of a text in the question's language."""
    asked = understand(question)
    return fits(asked, text, asked.language)


@pytest.mark.parametrize(("kind", "question", "fitting", "other"), FITTING)
def test_what_was_asked_for_fits(kind: Kind, question: str, fitting: str, other: str) -> None:
    asked = understand(question)
    assert asked.kind == kind
    assert fits(asked, fitting, asked.language) == 1.0
    assert fits(asked, other, asked.language) == 0.0


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many of the 12 bridges closed?", "Twelve bridges closed."),
        ("Hoeveel van de 12 bruggen gingen dicht?", "Twaalf bruggen gingen dicht."),
        ("When in 1987 did it open?", "It opened in 1987."),
        ("Wanneer op maandag ging het open?", "On Monday it opened."),
        ("How much more than 5 euros did it cost?", "It cost 5 euro."),
        ("Who is Ann Lee?", "It was Ann Lee who opened it."),
        ("Wer ist Ann Lee?", "Das ist Ann Lee."),
    ],
)
def test_what_the_question_itself_holds_is_no_answer(question: str, text: str) -> None:
    assert fit(question, text) == 0.0


@pytest.mark.parametrize("question", ["What is a bridge?", "Which colour has it?", "Wat doet Ann?"])
@pytest.mark.parametrize("text", ["On Monday Ann Lee paid “5 euros” in Oldtown.", "", "It."])
def test_nothing_fits_where_no_kind_was_asked_for(question: str, text: str) -> None:
    assert fit(question, text) == 0.0


@pytest.mark.parametrize("kind_of", [question for _, question, _, _ in FITTING])
@pytest.mark.parametrize("text", ["", "…", "²", "日本語", "\u2028"])
def test_no_text_that_says_nothing_fits(kind_of: str, text: str) -> None:
    assert fit(kind_of, text) == 0.0


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("How many users?", "10 million users since Monday.", ["10 million"]),
        ("How many of the 12?", "Of the twelve 3 are left.", ["3"]),
        (
            "When?",
            "10 million users since Monday, 6 January 2021.",
            ["Monday", "6 January 2021"],
        ),
        ("When on Monday did it open?", "It opened on Monday at 9:05.", ["9:05"]),
        ("How many inhabitants?", "It has 1500 inhabitants.", ["1500"]),
        ("Hoeveel inwoners?", "It has 1500 inhabitants.", ["1500"]),
        ("Wie viele Einwohner?", "1500 Einwohner im Jahr 1600.", ["1500"]),
        ("How many?", "Many, in 2021 even more.", []),
        ("How many bridges?", "In 1987 it had 4 bridges.", ["4"]),
        ("When did it open?", "With 4 bridges, in 1987.", ["1987"]),
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


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Where is the bridge?", "In Utrecht stands the bridge."),
        ("Waar staat de brug?", "In Utrecht staat de brug."),
        ("Wo steht die Brücke?", "Am Rhein steht die Brücke."),
    ],
)
def test_a_place_may_open_a_sentence(question: str, text: str) -> None:
    assert fit(question, text) == 1.0


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How tall is the tower?", "It is 1500 metres tall."),
        ("Hoe hoog is de berg?", "De berg is 1850 meter hoog."),
        ("Wie hoch ist der Berg?", "Der Berg ist 1850 Meter hoch."),
    ],
)
def test_what_looks_like_a_year_may_be_a_measure(question: str, text: str) -> None:
    assert fit(question, text) == 1.0


@pytest.mark.parametrize(
    "text", ["'s Avonds ging het open.", "Ze ging 's avonds weg.", "In 't dorp staat een brug."]
)
def test_a_dutch_apostrophe_is_no_quotation_mark(text: str) -> None:
    assert fit("Wat zei Ann?", text) == 0.0


def test_a_place_that_the_question_names_is_not_new() -> None:
    assert fit("Where in Utrecht does Ann live?", "Ann lives in Utrecht.") == 0.0
