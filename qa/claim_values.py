"""Are the numbers, amounts, shares, dates and times of a claim those of its sources?

``values`` finds them and says which are the same; here they get their units, and what says an
amount without a number ("doubled", "a decade", "drie op de tien") becomes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from qa.claim_text import Source, small_words, words
from qa.claim_words import (
    AT_LEAST,
    AT_MOST,
    FAMILIES,
    ORDINALS,
    RATES,
    SHARES,
    UNIT_ENDINGS,
    UNITS,
    Unit,
)
from qa.types import Check
from qa.value_words import BELOW_HUNDRED
from qa.values import Value, ValueKind, say, values
from qa.words import MONTHS, WEEKDAYS

_FLAGS = re.IGNORECASE
_AN = r"(?:an?|one|each|een|één|ein(?:e[nmrs]?)?)"
_UNIT = re.compile(
    r"[\s\u00a0-]*(?:(?P<square>square|vierkante)|(?P<cubic>cubic|kubieke))?\s?"
    r"(?P<unit>°\s?[cf]?\b|°|[^\W\d_]+(?:/[^\W\d_]+)?[²³]?)"
    r"(?:\s(?P<scale>celsius|fahrenheit)|\s(?:per|pro)\s(?P<hour>hour|uur|stunde)\b"
    r"|(?P<half>\s(?:and\sa|en\seen|und\sein)\s?ha(?:lf|lb)\w*))?",
    _FLAGS,
)
# "half a year", "ein halbes Jahr"; "a day and a half"
_HALF = re.compile(
    rf"(?<!and a )(?<!en een )\b(?:half|halve|halb(?:e[nrsm]?)?)\s(?:{_AN}\s)?"
    r"(?P<unit>[^\W\d_]+)"
    rf"|\b{_AN}\s(?P<one>[^\W\d_]+)\s(?:and\sa|en\seen|und\sein)\s?ha(?:lf|lb)\w*",
    _FLAGS,
)
_ONE = re.compile(rf"\b{_AN}\s([^\W\d_]+)\b", _FLAGS)
_RANGE = re.compile(
    r"\s*(?:-|–|to|tot|naar|op|bis|auf|and|en|und|or|of|oder"
    r"|(?:instead of|statt|in plaats van|rather than)(?:\s[^\W\d]+){0,2})\s*",
    _FLAGS,
)
_BOUND = re.compile(
    rf"\b(?:(?P<least>{AT_LEAST})|(?P<most>{AT_MOST}))\s(?:the |de |den |die )?$", _FLAGS
)
_OUT_OF = re.compile(r"\s(?:out of|in|op(?: de| elke)?|van de|von(?: den)?)\s", _FLAGS)
_TIMES = re.compile(r"\s(?:times|keer|maal|mal)\b", _FLAGS)
_SCORE = re.compile(r"(?<![\d:.-])(\d{1,3})[:–-](\d{1,3})(?![\d:.])")
_RATE = re.compile(
    r"\b(?:per|an?|pro|je|each|every|elke?|iedere?|jede[rnms]?)\s([^\W\d_]+)\b(?!\s\d)", _FLAGS
)
# "a 12-million-euro fund": joined to what it is part of.
_JOINT = re.compile(
    r"(?<=\w)-(?=(?:hundred|thousand|million|billion|euro|dollar|pound|percent)\b)", _FLAGS
)
_ONE_OF = re.compile(rf"\b{_AN}$", _FLAGS)
_HALF_MORE = Decimal("1.5")
_PERCENT = Decimal(100)
_HALF_DAY = 12
_BOTH = frozenset("both beide beiden beider allebei".split())
_BESIDE = 16  # characters from the end of one number to the next of one amount
_TON = 100_000  # euros
_EXACTLY = Decimal("0.001")  # thirds have no end
_DEGREES = frozenset({"angle", "heat", "warmth"})  # "30 Grad" may be 30 °C
_COUNTS: frozenset[ValueKind] = frozenset({"number", "year"})


@dataclass(frozen=True, slots=True)
class _Amount:
    """A value with the unit it is of, if that is known."""

    words: str
    value: Value
    unit: Unit | None = None

    @property
    def size(self) -> Decimal:
        """How many of the smallest unit."""
        number = Decimal(self.value.key.split()[-1])
        return number * self.unit[1] if self.unit else number

    def covers(self, other: _Amount) -> bool:
        """Whether another stands within this one."""
        return self.value.start <= other.value.start < self.value.end


def check_values(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether the sources say every value of a claim; None if it has none."""
    stated, known = _amounts(claim.text), small_words(sources)
    told = [amount for source in sources for amount in _all_amounts(source.text)]
    wrong = [amount for amount in stated if not _is_told(amount, told, known)]
    # "two out of three" may be said by two thirds.
    others = (*_ratios(claim.text), *_sums(stated))
    ratios = [other for other in others if _is_told(other, told, known)]
    missing = [one.words for one in wrong if not any(ratio.covers(one) for ratio in ratios)]
    ordinals = _ordinals(claim.text)
    missing += [word for word, number in ordinals.items() if number not in _numbered(sources)]
    missing += _other_months(claim, sources) + _other_rates(claim, sources)
    missing += _other_of_family(claim, known) + _other_bounds(claim, sources)
    found = tuple(missing or [*(amount.words for amount in stated), *ordinals])
    return Check("value", not missing, found) if found else None


def value_words(text: str) -> frozenset[str]:
    """The words of a text that are part of a value, in lower case."""
    said = (word.lower() for amount in _amounts(text) for word, _ in words(amount.words))
    return frozenset(said)


# What a text says


def _all_amounts(text: str) -> tuple[_Amount, ...]:
    """The amounts of a text, and whatever else can be read from it."""
    amounts = _amounts(text)
    return (*amounts, *_sums(amounts), *_implied(text), *_ratios(text))


@lru_cache(maxsize=10_000)
def _amounts(text: str) -> tuple[_Amount, ...]:
    """The values of a text with their units; shares of a whole are percentages."""
    text = _JOINT.sub(" ", text)
    found = values(text)
    halves = list(_halves(text))
    shares = list(_shares(text, found, halves))
    plain = [_with_unit(text, found, n) for n in range(len(found))]
    kept = [one for one in plain if not any(share.covers(one) for share in shares)]
    return (*kept, *shares, *halves, *_in_one_word(text))


def _sums(amounts: Sequence[_Amount]) -> Iterator[_Amount]:
    """What two amounts say together: "3 hours 20 minutes"; in Dutch "zes ton" is money as well."""
    for one, other in pairwise(amounts):
        if _go_together(one, other):
            assert one.unit is not None
            total = f"{(one.size + other.size).normalize():f}"
            value = replace(one.value, key=total, end=other.value.end)
            yield _Amount(f"{one.words} {other.words}", value, (one.unit[0], Decimal(1)))
    for one in amounts:
        if one.words.endswith(" ton"):
            key = f"EUR {(Decimal(one.value.key) * _TON).normalize():f}"
            yield _Amount(one.words, replace(one.value, kind="money", key=key))


def _go_together(one: _Amount, other: _Amount) -> bool:
    if not one.unit or not other.unit or one.unit[0] != other.unit[0]:
        return False
    return one.unit[1] > other.unit[1] and 0 < other.value.start - one.value.end < _BESIDE


def _with_unit(text: str, found: Sequence[Value], n: int) -> _Amount:
    """A value with the unit behind it; of "10 to 15 %" and "9 bis 17 Uhr" that of the second."""
    value = found[n]
    if value.kind not in _COUNTS:
        return _Amount(value.text, value)
    match = _UNIT.match(text, value.end)
    unit = _unit(match) if match else None
    clock = re.fullmatch(r"(\d{1,2})\.(\d\d)", value.text)
    if clock and unit == UNITS["hour"]:  # "14.15 uur"
        return _Amount(value.text, replace(value, kind="time", key=f"{clock[1]:0>2}:{clock[2]}"))
    if match and unit:
        return _Amount(text[value.start : match.end()], value, unit)
    if n + 1 < len(found) and _RANGE.fullmatch(text, value.end, found[n + 1].start):
        other = _with_unit(text, found, n + 1)
        if other.value.kind == "time" and (clock or _is_hour(value)):
            hour, minute = clock.groups() if clock else (value.key, "00")
            return _Amount(value.text, replace(value, kind="time", key=f"{hour:0>2}:{minute}"))
        kind = other.value.kind if other.value.kind == "percent" else value.kind
        return _Amount(value.text, replace(value, kind=kind), other.unit)
    return _Amount(value.text, value)


def _unit(match: re.Match[str]) -> Unit | None:
    unit = UNITS.get(re.sub(r"\s", "", match["unit"]).lower())
    if match["scale"]:
        return UNITS[match["scale"].lower()]
    if unit is None:
        return None
    measure, factor = unit
    if match["square"]:
        return "area", factor**2
    if match["cubic"]:
        return "volume", factor**3 * 1000
    if match["hour"] and measure == "length":
        return "speed", factor / 1000
    return measure, factor * (_HALF_MORE if match["half"] else 1)


def _halves(text: str) -> Iterator[_Amount]:
    """Halves of units: "half a year", "a day and a half"."""
    for match in _HALF.finditer(text):
        unit = UNITS.get((match["unit"] or match["one"]).lower())
        if unit:
            yield _counted("0.5" if match["unit"] else "1.5", match, unit)


def _shares(text: str, found: Sequence[Value], halves: Sequence[_Amount]) -> Iterator[_Amount]:
    """Parts and multiples of a whole: "a third", "twee derde", "doubled"."""
    taken = [(v.start, v.end) for v in found] + [(h.value.start, h.value.end) for h in halves]
    for word, at in words(text):
        share = SHARES.get(word.lower())
        if share is None or any(start <= at < end for start, end in taken):
            continue  # "half negen"
        before = [v for v in found if v.kind == "number" and text[v.end : at] in (" ", "-")]
        if word.lower() in ORDINALS and not before and not _ONE_OF.search(text[:at].rstrip()):
            continue  # "the third station"
        start = before[0].start if before else at
        number = Decimal(before[0].key) if before else Decimal(1)
        yield _share(share * number, text[start : at + len(word)], start)


def _share(share: Decimal, said: str, start: int) -> _Amount:
    key = f"{(share * _PERCENT).quantize(_EXACTLY).normalize():f}"
    return _Amount(said, Value("percent", key, said, start, start + len(said)))


def _in_one_word(text: str) -> Iterator[_Amount]:
    """Numbers and units in one word: "dreiwöchig", "vierdaagse"."""
    for word, at in words(text):
        for ending, unit in UNIT_ENDINGS.items():
            number, found, rest = word.lower().rpartition(ending)
            if found and number in BELOW_HUNDRED and len(rest) <= len("en"):
                key = str(BELOW_HUNDRED[number])
                yield _Amount(word, Value("number", key, word, at, at + len(word)), UNITS[unit])


def _ratios(text: str) -> Iterator[_Amount]:
    """What two numbers say together, or one and a word: "drie op de tien", "three times"."""
    found = [value for value in values(text) if value.kind == "number"]
    for one, other in pairwise(found):
        if _OUT_OF.fullmatch(text, one.end, other.start) and 0 < float(one.key) < float(other.key):
            share = Decimal(one.key) / Decimal(other.key)
            yield _share(share, text[one.start : other.end], one.start)
    for value in found:
        ahead = re.search(rf"\b{_AN}$", _OUT_OF.sub("", text[: value.start]), _FLAGS)
        if ahead and _OUT_OF.search(text, ahead.start(), value.start) and value.key != "0":
            yield _share(1 / Decimal(value.key), text[ahead.start() : value.end], ahead.start())
        if times := _TIMES.match(text, value.end):
            yield _share(Decimal(value.key), text[value.start : times.end()], value.start)


def _implied(text: str) -> Iterator[_Amount]:
    """Ones that are said by an article, and the two numbers of a score."""
    for match in _ONE.finditer(text):
        unit = UNITS.get(match[1].lower())
        if unit:
            yield _counted("1", match, unit)
    for match in _SCORE.finditer(text):
        yield from (_counted(number, match) for number in match.groups())


def _counted(number: str, match: re.Match[str], unit: Unit | None = None) -> _Amount:
    value = Value("number", number, match.group(), match.start(), match.end())
    return _Amount(match.group(), value, unit)


# Is it told?


def _is_told(amount: _Amount, told: Sequence[_Amount], known: frozenset[str]) -> bool:
    value = amount.value
    if value.key == "1" and value.text.isalpha():
        return True  # "één" and "eins" are articles as well
    if amount.unit:
        return any(_measures_the_same(amount, other, known) for other in told)
    if value.kind == "weekday":
        days = [day for day, number in WEEKDAYS.items() if str(number) == value.key]
        if any(word.endswith(day) for word in known for day in days):
            return True  # "Ostersonntag"
    if value.kind == "number" and value.key == "2" and not known.isdisjoint(_BOTH):
        return True
    if value.kind == "number" and any(f"{value.key}{end}" in known for end in ("th", "e", "ste")):
        return True  # "25. Ausgabe", "25th edition"
    others = [other.value for other in told]
    return (
        say(others, value)
        or _is_paid(amount, told)
        or _is_an_hour(value, others)
        or _is_rate(value, others)
    )


def _is_rate(value: Value, told: Sequence[Value]) -> bool:
    """Whether a number with decimals is said as a percentage: "a rate of 5.8"."""
    return (
        value.kind == "number"
        and "." in value.key
        and any(other.kind == "percent" and other.key == value.key for other in told)
    )


def _is_an_hour(value: Value, told: Sequence[Value]) -> bool:
    """Whether a number and a full hour may be one: "just before six in the morning"."""
    return any(
        _is_hour(number)
        and time.kind == "time"
        and time.key.endswith(":00")
        and (int(time.key[:2]) - int(number.key)) % _HALF_DAY == 0
        for other in told
        for number, time in ((value, other), (other, value))
    )


def _is_hour(value: Value) -> bool:
    return value.kind == "number" and value.key.isdigit() and int(value.key) <= 2 * _HALF_DAY


def _measures_the_same(amount: _Amount, other: _Amount, known: frozenset[str]) -> bool:
    assert amount.unit is not None
    if other.value.kind == "time" and amount.unit == UNITS["hour"]:
        return _is_an_hour(amount.value, [other.value])  # "9 tot 17 uur"
    if other.value.kind not in _COUNTS:
        return False
    if other.unit is None:
        return say([other.value], amount.value) and _names_unit(amount.unit, known)
    measures = {amount.unit[0], other.unit[0]}
    alike = len(measures) == 1 or ("angle" in measures and measures <= _DEGREES)
    return alike and other.size == amount.size


def _names_unit(unit: Unit, known: frozenset[str]) -> bool:
    """Whether the unit of a number without one is said elsewhere, or is years of age."""
    return unit == UNITS["year"] or any(UNITS.get(word) == unit for word in known)


def _is_paid(amount: _Amount, told: Sequence[_Amount]) -> bool:
    """Whether an amount of money is said of which the currency stands with another."""
    currency, _, number = amount.value.key.partition(" ")
    named = any(other.value.key.startswith(f"{currency} ") for other in told)
    return (amount.value.kind == "money" and named) and any(
        other.value.kind == "number" and other.value.key == number and other.unit is None
        for other in told
    )


def _ordinals(text: str) -> dict[str, int]:
    """The places in a row that a text says, but the first, which is often no number at all."""
    found = {word: ORDINALS.get(word.lower(), 1) for word, _ in words(text)}
    return {word: n for word, n in found.items() if n > 1 and word.lower() not in SHARES}


def _numbered(sources: Sequence[Source]) -> set[int]:
    """The places in a row that sources say: "tweede", "2nd", "zweitgrößte", "op één na"."""
    found = set()
    for word in small_words(sources):
        digits = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|e|de|ste)?", word)
        stem = next((w for w in ("zweit", "dritt", "viert", "fünft") if word.startswith(w)), "")
        found |= {
            ORDINALS.get(word, 0),
            ORDINALS.get(f"{stem}e", 0),
            int(digits[1]) if digits else 0,
        }
    if any(re.search(r"\bop (?:een|één) na\b", source.text) for source in sources):
        found.add(2)
    return found


def _other_months(claim: Source, sources: Sequence[Source]) -> list[str]:
    """The months of a claim that no source names; also in one word, "Oktoberanfang"."""
    dates = [v.key.split("-") for s in sources for v in values(s.text) if v.kind == "date"]
    told = {int(key[1 if len(key[0]) == 4 else 0]) for key in dates}
    told |= {
        number
        for word in small_words(sources)
        for month, number in MONTHS.items()
        if word.startswith(month[:3] if len(word) == len("oct") else month)
    }
    return [word for word, month in _months(claim).items() if month not in told]


def _months(source: Source) -> dict[str, int]:
    """The months of a sentence by their words; "may" and "march" are verbs."""
    return {
        word: MONTHS[word.lower()]
        for word, _ in words(source.text)
        if word.lower() in MONTHS and (source.language == "nl" or word[0].isupper())
    }


def _other_bounds(claim: Source, sources: Sequence[Source]) -> list[str]:
    """Of "more than 60" the number, where the sources say less than that."""
    told = {bound for source in sources for bound in _bounds(source.text).values()}
    ours = _bounds(claim.text).items()
    return [said for said, (key, is_least) in ours if (key, not is_least) in told]


def _bounds(text: str) -> dict[str, tuple[str, bool]]:
    """Each value that is said to be a bound: its key, and whether it is one from below."""
    bounds = ((value, _BOUND.search(text, 0, value.start)) for value in values(text))
    return {v.text: (v.key, bound["least"] is not None) for v, bound in bounds if bound}


def _other_of_family(claim: Source, known: frozenset[str]) -> list[str]:
    """The seasons and parts of the day of a claim, where the sources say another and not it."""
    found = []
    for family in FAMILIES:
        told = {n for word, n in family.items() if any(k.endswith(word) for k in known)}
        found += [
            word
            for word, _ in words(claim.text)
            for name, n in family.items()
            if told and n not in told and word.lower().endswith(name)
        ]
    return found


def _other_rates(claim: Source, sources: Sequence[Source]) -> list[str]:
    """Of "a week", "monatlich": those that no source says, where they say any such thing."""
    told = {unit for source in sources for unit in _rates(source.text).values()}
    return [said for said, unit in _rates(claim.text).items() if told and unit not in told]


def _rates(text: str) -> dict[str, Unit]:
    found = {m.group(): UNITS[m[1].lower()] for m in _RATE.finditer(text) if m[1].lower() in UNITS}
    return found | {word: RATES[word.lower()] for word, _ in words(text) if word.lower() in RATES}
