"""Numbers, dates, days and times in a sentence, with one key for the same value in any language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from qa.words import MONTHS, MULTIPLIERS, NUMBERS, WEEKDAYS

ValueKind = Literal["number", "year", "date", "weekday", "time"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it stands in a text, and what it is."""

    kind: ValueKind
    key: str  # equal for equal values, whatever the words: "4000000", "01-10", "7"
    text: str
    start: int  # in the text it was found in
    end: int


_TOKEN = re.compile(r"[0-9]+(?:[.,:\u202f\u00a0][0-9]+)*|[ap]\.m\.?|[^\W\d_]+", re.IGNORECASE)
_MARK = re.compile(r"\[\d[\d\s,;–-]*\]")
# 600.000 and 600,000, with decimals behind the other mark: 1,234,567.50
_THOUSANDS = re.compile(r"(\d{1,3}(?:([.,\u202f\u00a0])\d{3})(?:\2\d{3})*)(?:[.,](\d+))?")
_TIME = re.compile(r"([01]?\d|2[0-4])[.:]([0-5]\d)")
_CLOCK = frozenset("uhr uur am pm pst cet".split())
# Behind a bare number only these; "twee uur" may also be how long something took.
_HOURLY = frozenset("uhr am pm".split())
_MIDNIGHT = frozenset("middernacht mitternacht midnight".split())
# Also "maandagochtend", "Sonntagabend", "Mondays".
_WEEKDAY = re.compile("|".join(WEEKDAYS))
_FIRST_YEAR, _LAST_YEAR = 1000, 2100


@lru_cache(maxsize=50_000)
def values(text: str) -> tuple[Value, ...]:
    """Every value in ``text``, in order.

    >>> [(v.kind, v.key) for v in values("Op 19 januari waren er vier miljoen leden.")]
    [('date', '01-19'), ('number', '4000000')]
    >>> [(v.kind, v.key) for v in values("600.000 neue Nutzer seit Sonntagabend, 23.59 Uhr")]
    [('number', '600000'), ('weekday', '7'), ('time', '23:59')]
    """
    # Footnote marks are no values; blanked, not cut, so that the places stay right.
    plain = _MARK.sub(lambda mark: " " * len(mark.group()), text)
    tokens = list(_TOKEN.finditer(plain))
    found: list[Value] = []
    at = 0
    while at < len(tokens):
        value, used = _value(text, tokens, at)
        if value is not None:
            found.append(value)
        at += used
    return tuple(found)


def _value(text: str, tokens: list[re.Match[str]], at: int) -> tuple[Value | None, int]:
    """The value that begins at a token, and how many tokens it takes (at least one)."""
    word = tokens[at].group().lower()
    after = tokens[at + 1].group().lower() if at + 1 < len(tokens) else ""
    half = after.replace(".", "")  # "am" or "pm", however it is written

    def made(kind: ValueKind, key: str, used: int) -> tuple[Value, int]:
        start, end = tokens[at].start(), tokens[at + used - 1].end()
        return Value(kind, key, text[start:end], start, end), used

    time = _time(word, half)
    if time is not None:
        return made("time", time, 1)
    day = _WEEKDAY.match(word)
    if day:
        return made("weekday", str(WEEKDAYS[day.group()]), 1)
    if word in MONTHS and tokens[at].group()[0].isupper() and _is_day(after):
        return made("date", f"{MONTHS[word]:02d}-{int(after):02d}", 2)
    if after in MONTHS and _is_day(word):
        return made("date", f"{MONTHS[after]:02d}-{int(word):02d}", 2)
    amount = _amount(word)
    if amount is None:
        return None, 1
    if word.isdecimal() and len(word) == 4 and _FIRST_YEAR <= amount <= _LAST_YEAR:
        return made("year", word, 1)
    used = 1
    while at + used < len(tokens) and tokens[at + used].group().lower() in MULTIPLIERS:
        amount *= MULTIPLIERS[tokens[at + used].group().lower()]
        used += 1
    return made("number", f"{amount:.15g}", used)


def _time(word: str, half: str) -> str | None:
    """The time of day that a word is, given the word after it: "23.59 Uhr", "9:05", "2 p.m."."""
    if word in _MIDNIGHT:
        return "24:00"
    clock = _TIME.fullmatch(word)
    if clock and (":" in word or half in _CLOCK):
        return f"{_hour(int(clock[1]), half):02d}:{clock[2]}"
    if word.isdecimal() and half in _HOURLY and int(word) <= 24:
        return f"{_hour(int(word), half):02d}:00"
    return None


def _hour(hour: int, half: str) -> int:
    """The hour of 24 that an hour of 12 is, if ``half`` is am or pm."""
    if half not in {"am", "pm"} or hour > 12:
        return hour
    return hour % 12 + (12 if half == "pm" else 0)


def _is_day(word: str) -> bool:
    return word.isdecimal() and 1 <= int(word) <= 31


def _amount(word: str) -> float | None:
    if word in NUMBERS:
        return float(NUMBERS[word])
    if not word[0].isdecimal():
        return None
    grouped = _THOUSANDS.fullmatch(word)
    if grouped:
        return float(f"{re.sub(r'[^0-9]', '', grouped[1])}.{grouped[3] or 0}")
    parts = re.split(r"[.,]", word)
    if len(parts) == 2 and all(part.isdecimal() for part in parts):
        return float(f"{parts[0]}.{parts[1]}")
    return float(word) if word.isdecimal() and len(word) < 300 else None
