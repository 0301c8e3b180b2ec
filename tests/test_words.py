"""The word tables are what they say: closed classes, lower case, no word in two numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

import pytest

from index.function_words import FUNCTION_WORDS
from index.types import LANGUAGES
from qa.words import (
    ALL_FUNCTION_WORDS,
    ARTICLES,
    CONTINUING,
    DEMONSTRATIVES,
    MONTHS,
    MULTIPLIERS,
    NUMBERS,
    POINTING,
    POSSESSIVES,
    WEEKDAYS,
    WORD,
)

TABLES: dict[str, Collection[str]] = {
    **{f"function words {code}": words for code, words in FUNCTION_WORDS.items()},
    **{f"pointing {code}": words for code, words in POINTING.items()},
    "numbers": NUMBERS,
    "multipliers": MULTIPLIERS,
    "months": MONTHS,
    "weekdays": WEEKDAYS,
}


def test_there_is_a_table_for_each_language() -> None:
    assert set(FUNCTION_WORDS) == set(POINTING) == set(LANGUAGES)
    assert frozenset().union(*FUNCTION_WORDS.values()) == ALL_FUNCTION_WORDS


@pytest.mark.parametrize("name", TABLES)
def test_words_are_written_as_they_are_looked_up(name: str) -> None:
    for word in TABLES[name]:
        assert word == word.lower() == unicodedata.normalize("NFC", word)
        # English contractions are in the list whole; the rest is one word as we cut them.
        assert "'" in word or WORD.fullmatch(word), word


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_word_that_points_back_carries_no_subject(code: str) -> None:
    assert POINTING[code] - FUNCTION_WORDS[code] == frozenset()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("nl", "de het een van wie wat waar wanneer waarom hoeveel niet heeft werd"),
        ("de", "der die das ein von wer was wo wann warum wieviel nicht hat wurde"),
        ("en", "the a of who what where when why how not has was did"),
    ],
)
def test_articles_and_question_words_carry_no_subject(code: str, words: str) -> None:
    assert set(words.split()) <= FUNCTION_WORDS[code]


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_number_month_or_day_is_a_function_word(code: str) -> None:
    # "een", "eins" and "may" are both; which one is meant is for the place they stand in.
    named = (set(NUMBERS) | set(MULTIPLIERS) | set(MONTHS) | set(WEEKDAYS)) & FUNCTION_WORDS[code]
    assert named <= {"één", "may"}


def test_no_word_means_two_numbers() -> None:
    tables = [set(NUMBERS), set(MULTIPLIERS), set(MONTHS), set(WEEKDAYS)]
    assert sum(map(len, tables)) == len(set().union(*tables))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("vier four", 4),
        ("zwei two twee", 2),
        ("zwölf twaalf twelve", 12),
        ("dreißig dertig thirty", 30),
        ("siebzehn zeventien seventeen", 17),
    ],
)
def test_a_number_is_the_same_in_each_language(words: str, value: int) -> None:
    assert {NUMBERS[word] for word in words.split()} == {value}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("honderd hundert hundred", 100),
        ("duizend tausend thousand", 1_000),
        ("miljoen million millionen millions mio mln", 1_000_000),
        # A German "Billion" is a million millions; the English one is meant here.
        ("miljard milliarde milliarden billion mrd", 1_000_000_000),
    ],
)
def test_a_multiplier_is_the_same_in_each_language(words: str, value: int) -> None:
    assert {MULTIPLIERS[word] for word in words.split()} == {value}


def test_each_month_and_each_day_has_a_name_in_each_language() -> None:
    months = [{w for w, n in MONTHS.items() if n == number} for number in range(1, 13)]
    assert months[2] == {"maart", "märz", "march"}
    assert months[4] == {"mei", "mai", "may"}
    assert months[11] == {"december", "dezember"}
    assert set(MONTHS.values()) == set(range(1, 13))
    days = [{w for w, n in WEEKDAYS.items() if n == number} for number in range(1, 8)]
    assert days[0] == {"maandag", "montag", "monday"}
    assert days[6] == {"zondag", "sonntag", "sunday"}
    assert set(WEEKDAYS.values()) == set(range(1, 8))


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_word_points_back_in_one_way(code: str) -> None:
    tables = [POINTING[code], POSSESSIVES[code], DEMONSTRATIVES[code], ARTICLES[code]]
    assert sum(map(len, tables)) == len(frozenset().union(*tables))


def test_openings_are_in_lower_case_and_single_spaced() -> None:
    assert all(start == " ".join(start.lower().split()) != "" for start in CONTINUING)
