"""What kind of answer a question expects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import LANGUAGES
from qa.kinds import counted, kind_of


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
        ("What is Gab?", "en", "definition"),
        ("Everyone there, or nowhere?", "en", "other"),  # whole words only
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


@pytest.mark.parametrize(
    ("question", "language", "kind"),
    [
        ("What did the mayor say about the flood?", "en", "quote"),
        ("How did the mayor justify the closing of the bridge?", "en", "quote"),
        ("What did the Free State of the north build?", "en", "other"),
        ("How did the mayor react?", "en", "other"),
        ("Wat zei de burgemeester over de brug?", "nl", "quote"),
        ("Wat heeft de burgemeester daarover gezegd?", "nl", "quote"),
        ("Hoe beschreef de schipper de storm?", "nl", "quote"),
        ("Was sagte die Bürgermeisterin über die Brücke?", "de", "quote"),
        ("Was hat die Bürgermeisterin dazu gesagt?", "de", "quote"),
        ("Wie begründete der Kapitän den Umweg?", "de", "quote"),
        ("What is a lock keeper?", "en", "definition"),
        ("What are dikes?", "en", "definition"),
        ("What is the Deltaworks?", "en", "definition"),
        ("What does polder mean?", "en", "definition"),
        ("What is the capital of Mongolia?", "en", "other"),
        ("What is the tallest mill?", "en", "other"),
        ("What is Utrecht's oldest mill?", "en", "other"),
        ("what is gab", "en", "definition"),
        ("WHAT IS THE CAPITAL", "en", "other"),
        ("Who is John Matze?", "en", "who"),
        ("Wat is een gemaal?", "nl", "definition"),
        ("Wat zijn polders?", "nl", "definition"),
        ("Wat betekent kwel?", "nl", "definition"),
        ("Wat houdt peilbeheer in?", "nl", "definition"),
        ("Wat is gebeurd?", "nl", "other"),
        ("Wat is de hoogte van de dijk?", "nl", "other"),
        ("Was ist ein Schöpfwerk?", "de", "definition"),
        ("Was versteht man unter Qualm?", "de", "definition"),
        ("Was ist passiert?", "de", "other"),
        ("Was ist die Hauptstadt der Mongolei?", "de", "other"),
        ("Is the bridge open on Sundays?", "en", "yes_no"),
        ("Did the mayor say why it was closed?", "en", "yes_no"),
        ("And is the bridge open?", "en", "yes_no"),
        ("Can you tell me who built the mill?", "en", "who"),
        ("Do you know when the ferry leaves?", "en", "when"),
        ("Will Smith age", "en", "other"),
        ("I lost my ticket. Can I still board the ferry?", "en", "yes_no"),
        ("I lost my ticket. What can I do?", "en", "other"),
        ("Heeft de molen een wiek verloren?", "nl", "yes_no"),
        ("Vaart de pont op zondag?", "nl", "yes_no"),
        ("Krijg ik mijn geld terug?", "nl", "yes_no"),
        ("Kun je me vertellen wie de molen bouwde?", "nl", "who"),
        ("Molens langs de rivier?", "nl", "other"),
        ("Wurde die Brücke gesperrt?", "de", "yes_no"),
        ("Fährt die Fähre sonntags?", "de", "yes_no"),
        ("Hauptstadt der Mongolei?", "de", "other"),
        ("Können Sie mir sagen, wann die Fähre fährt?", "de", "when"),
        ("Welk bedrijf bouwde de sluis?", "nl", "who"),
        ("Welke Friese politicus opende de sluis?", "nl", "who"),
        ("Welcher Minister eröffnete die Schleuse?", "de", "who"),
        ("Welche Anbieter liefern Strom?", "de", "who"),
        ("Which Dutch minister opened the lock?", "en", "who"),
        ("What kind of company runs the ferry?", "en", "other"),
        ("What did the company build?", "en", "other"),
        ("What was the name of the man who dug the canal?", "en", "who"),
        ("Hoe veel molens staan er?", "nl", "how_many"),
        ("Hoeveel kost een kaartje?", "nl", "how_much"),
        ("Wat kostte de brug?", "nl", "how_much"),
        ("Wieviel Mühlen stehen dort?", "de", "how_many"),
        ("Wieviel kostet die Karte?", "de", "how_much"),
        ("Zu welchem Preis wurde die Mühle verkauft?", "de", "how_much"),
        ("Wie hoch ist der Deich?", "de", "how_much"),
        ("What percentage of the dike is new?", "en", "how_much"),
        ("What does the ticket cost?", "en", "how_much"),
        ("Bis wann gilt die Karte?", "de", "when"),
        ("Tot wanneer is de brug dicht?", "nl", "when"),
        ("What year did the dike break?", "en", "when"),
        ("In which town is the mill?", "en", "where"),
        ("What caused the flood?", "en", "why"),
        ("On what grounds was the permit refused?", "en", "why"),
        ("Aus welchen Gründen wurde sie gesperrt?", "de", "why"),
        ("When the dike broke, who was mayor?", "en", "who"),
        ("What happened when the dike broke?", "en", "other"),
        ("Which Indian town has a dike?", "en", "where"),
        ("Welke Deense minister opende de sluis?", "nl", "who"),
        ("Which articles state that a dike is needed?", "en", "other"),
        ("What took place on the dike?", "en", "other"),
    ],
)
def test_what_kind_of_answer_is_expected(question: str, language: str, kind: str) -> None:
    assert kind_of(question, language) == kind


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("How many new users does Gab get each day?", "en", ("new", "users")),
        ("Hoeveel molens staan er?", "nl", ("molens", "staan")),
        ("Wie viele Mühlen?", "de", ("mühlen",)),
        ("Wieviel Mühlen stehen dort?", "de", ("mühlen", "stehen")),
        ("How much does it cost?", "en", ()),
        ("Who counts?", "en", ()),
    ],
)
def test_what_is_counted(question: str, language: str, expected: tuple[str, ...]) -> None:
    assert counted(question, language) == expected


@given(st.text(max_size=100), st.sampled_from(LANGUAGES))
def test_any_text_is_of_some_kind(text: str, language: str) -> None:
    assert kind_of(text, language)
    assert len(counted(text, language)) <= 2
