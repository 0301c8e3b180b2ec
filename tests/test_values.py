"""Numbers, dates, days and times, and one key for the same value whatever the words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.values import values


def keys(text: str) -> list[tuple[str, str]]:
    return [(value.kind, value.key) for value in values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Parler went offline.", []),
        ("10 miljoen actieve gebruikers", [("number", "10000000")]),
        ("vier miljoen actieve leden", [("number", "4000000")]),
        ("600.000 nieuwe gebruikers", [("number", "600000")]),
        ("three million two", [("number", "3000000"), ("number", "2")]),
        ("höchstens 24 Stunden", [("number", "24")]),
        ("vijf mensen", [("number", "5")]),
        ("driehonderd werknemers", [("number", "300")]),
        ("in 2018 opgericht", [("year", "2018")]),
        ("am 6. Januar", [("date", "01-06")]),
        ("6. Januar 2021", [("date", "01-06"), ("year", "2021")]),
        ("op 19 januari", [("date", "01-19")]),
        ("on January 6", [("date", "01-06")]),
        ("on May 2, 1987", [("date", "05-02"), ("year", "1987")]),
        ("you may 2 times", [("number", "2")]),  # the month has a capital
        ("maandagochtend", [("weekday", "1")]),
        ("seit Sonntagabend", [("weekday", "7")]),
        ("on Mondays", [("weekday", "1")]),
        ("um 23.59 Uhr", [("time", "23:59")]),
        ("at 23:59 PST", [("time", "23:59")]),
        ("(9.05 uur)", [("time", "09:05")]),
        ("costs 9.05 euro", [("number", "9.05")]),
        ("um Mitternacht", [("time", "24:00")]),
        ("Black Lives Matter", []),
    ],
)
def test_the_values_of_a_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    "same",
    [
        ["4 million", "4 miljoen", "vier Millionen", "four million", "4.000.000", "4,000,000"],
        ["600.000", "600,000", "600 000".replace(" ", "\u00a0"), "600\u202f000", "600 thousand"],
        ["3.5 million", "3,5 Millionen", "3,5 miljoen", "3.500.000"],
        ["1,234,567.50", "1.234.567,50", "1234567.5"],
        ["twelve", "zwölf", "twaalf", "12"],
        ["2 miljard", "2 Milliarden", "2 billion", "2 Mrd"],
        ["10 januari", "10. Januar", "January 10", "10 January"],
        ["zondag", "Sonntag", "Sunday", "Sonntagabend", "zondagavond"],
        ["23.59 Uhr", "23:59", "23.59 uur"],
        ["23:59", "11:59 pm", "11:59 p.m.", "11.59 PM"],
        ["9:05", "9.05 Uhr", "9:05 am", "9.05 a.m."],
        ["middernacht", "Mitternacht", "midnight"],
    ],
    ids=lambda same: same[0],
)
def test_the_same_value_has_the_same_key_in_any_writing(same: list[str]) -> None:
    assert {text: keys(text) for text in same} == dict.fromkeys(same, keys(same[0]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 people", "21 people"),
        ("4 million", "4 billion"),
        ("10 January", "10 June"),
        ("Monday", "Sunday"),
        ("11:59 am", "11:59 pm"),
        ("3,500", "3.5"),
    ],
)
def test_different_values_have_different_keys(one: str, other: str) -> None:
    assert keys(one) != keys(other)


@pytest.mark.parametrize(
    "text", ["5²", "10³ times", "²", "①", "m² 10⁴ m²", "am ² Januar", "Januar ²", "½", "٣"]
)
def test_raised_and_circled_digits_are_no_fault(text: str) -> None:
    # str.isdigit() holds for "²", but float("²") is a ValueError.
    assert all(value.text in text for value in values(text))


@pytest.mark.parametrize("n_digits", [299, 300, 301, 5_000])
def test_a_number_of_any_length_is_no_fault(n_digits: int) -> None:
    for text in ("9" * n_digits, f"{'9' * n_digits} miljard", ",999" * n_digits, "1." * n_digits):
        assert all(value.text in text for value in values(text))


def test_a_footnote_of_the_source_is_no_value() -> None:
    assert keys("Oldtown has 5,000 inhabitants.[3]") == [("number", "5000")]
    assert keys("Oldtown has 5,000 inhabitants [12] in all.") == [("number", "5000")]


@given(st.text(max_size=200))
@example("1.000.0000")
@example("24:60 24.00 Uhr")
@example("Mei 31 32 mei")
def test_values_stand_where_they_say_one_after_the_other(text: str) -> None:
    at = 0
    for value in values(text):
        assert value.start >= at
        assert value.text == text[value.start : value.end] != ""
        assert value.key
        at = value.end


@given(st.integers(1, 10**12))
def test_a_grouped_number_is_the_number(n: int) -> None:
    plain = keys(f"{n} things")
    if plain[0][0] == "number":  # four digits alone may be a year
        assert keys(f"{n:,} things") == plain
        assert keys(f"{n:,} things".replace(",", ".")) == plain
    assert plain[0][1] == str(n)


def test_a_number_before_am_pm_or_uhr_is_a_time() -> None:
    found = [(v.kind, v.key) for v in values("At 2 p.m., um 9 Uhr, 11 am; two hours, 3 uur.")]
    assert found == [
        ("time", "14:00"),
        ("time", "09:00"),
        ("time", "11:00"),
        ("number", "2"),
        ("number", "3"),
    ]
