"""Numbers, amounts, dates and times in a sentence, with one key for a value in any language.

A sentence is cut into tokens, each token gets a class of one letter (``value_words`` lists
them), patterns over the string of classes find the values, and a reader makes each a ``Value``::

    tokens    Op  10  januari  2021  was  er  2,5  miljoen  euro  .
    classes   ?   d   m        y     ?    ?   q    K        e     .
    pattern       days (d m y)                quantity (q K e)
    value         date 2021-01-10             money EUR 2500000

So a new word needs a line in ``value_words``, a new way of writing a value one in ``_PATTERN``.
Libraries were tried first: text2num read 36 of 54 numbers in words, dateparser 20 of 32 dates.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from qa.value_words import (
    BELOW_HUNDRED,
    CLASSES,
    CURRENCIES,
    DUTCH_HOURS,
    DUTCH_MONTHS,
    GERMAN_BILLION,
    HOURS_OF_ONE,
    Meaning,
)

ValueKind = Literal["number", "percent", "money", "year", "date", "weekday", "time"]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it stands in a text, and what it is.

    ========  ==============================================================================
    kind      key
    ========  ==============================================================================
    number    "4000000", "-2.5"
    percent   "13"
    money     "EUR 4000000"; an amount of no known currency is a number
    year      "2021"; "199x" is a decade and "19xx" a century
    date      "01-10", "2021-01-10"; "2021-01" is a month
    weekday   "1" for Monday to "7"
    time      "23:59"; midnight is "24:00"
    ========  ==============================================================================
    """

    kind: ValueKind
    key: str  # equal for equal values, whatever the words
    text: str
    start: int  # in the text it was found in
    end: int


_FIRST_YEAR, _LAST_YEAR = 1000, 2100
# A longer one is the number of an account or a thing, and no amount.
_MAX_DIGITS = 21
_MAX_WORD = 60
# Which century "45" belongs to, as POSIX has it, but sooner the last one.
_LAST_SHORT_YEAR = 40

# The first that fits is the token's group, and the group says how to read it (``_READ``).
# Quantifiers are possessive, and what no pattern wants is swallowed whole: time stays linear.
_TOKEN = re.compile(
    r"""(?=\S)(?:

      # Most words, before all else: that saves a quarter of the time.
      (?P<usual> (?<![0-9]) (?!per|ISBN) LETTER{2,}+ (?=[\ ,)]) )
    | (?P<suffix> (?<=[0-9]) LETTER++ (?![0-9]) )                             # 20km, 5pm, $3bn

      # What holds digits and no value: footnotes, addresses.
    | (?P<mark> \[[0-9][0-9\s,;–-]*+\] )
    | (?P<other> (?:https?://|www\.)\S++ | ISBN(?:-1[03])?:?\s?[0-9][0-9Xx -]{8,16}
        | (?:LETTER++-(?=(?:1[0-9]|20)[0-9]{2}s?(?![0-9]))) )                  # mid-1990s

      # Words that are more or less than letters.
    | (?P<half_day> [AaPp]\.\s?[Mm]\.?(?!\w) )                                # p.m.
    | (?P<clock> o['’]clock\b )
    | (?P<part> ['’]s\s(?:avonds|ochtends|morgens|middags|nachts)\b )
    | (?P<short> (?:[Mm]io|[Mm]rd|[Mm]ln|[Mm]ld|[Tt]sd|bn)\. )
    | (?P<currency> (?:EUR|USD|GBP|CHF)(?=[0-9]) | [A-Z]{0,2}\$ | [€£¥] )
    | (?P<percent> per\scent\b )
    | (?P<points> percentage\spoints?\b )
    | (?P<word> (?:US-[Dd]ollars?|LETTER++)(?!-?[0-9]) )
    | (?P<name> LETTER++-?[0-9][\w.,:-]*+ | [0-9]++LETTER++[0-9]\w*+ )        # A4, 3D2

      # Digits.
    | (?P<phone> \+[1-9][0-9]{0,2}[ (-][0-9 ()/-]{5,}+
        | 0[0-9]{1,4}[-/ ](?:[0-9]{5,}+|[0-9]{2,4}(?:[ -][0-9]{2,}+)++) )
    | (?P<date> [0-9]{4}(?P<i>[-/])[0-9]{2}(?P=i)[0-9]{2}(?![0-9])            # 2021-01-10
        | [0-9]{1,2}(?P<d>\.\ ?|[-/])[0-9]{1,2}(?P=d)[0-9]{4}(?![0-9]|[.,/-][0-9])
        | [0-9]{2}(?P<s>[./])[0-9]{2}(?P=s)[0-9]{2}(?![0-9]|[.,/-][0-9]) )    # 10.01.21
    | (?P<time> (?:[01]?[0-9]|2[0-4]):[0-5][0-9](?![0-9:]) )
    | (?P<decade> (?:1[0-9]|20)[0-9]0(?:s|['’]s|ern?)(?!\w)                   # 1990s, 1990er
        | ['’][3-9]0s(?!\w) | [3-9]0(?:s|ern?)(?!\w) )                        # '90s, 90er
    | (?P<ordinal> [0-9]{1,2}(?:st|nd|rd|th|e|de|ste)(?!\w) )
    | (?P<season> [0-9]{4}/[0-9]{2}(?![0-9/]) )                               # 2020/21
    | (?P<fraction> (?:[0-9]{1,3}\ ?)?[½¼¾] )
    | (?P<number> (?![0-9]++(?:-[0-9]++){2})
        (?: [1-9][0-9]{0,2}(?P<g>[.,'’\u00a0\u202f\u2009\ ])[0-9]{3}(?:(?P=g)[0-9]{3})*+
            (?:(?!(?P=g))[.,][0-9]++)?+ (?!(?P=g)?[0-9])                      # 1.234.567,50
          | [0-9]++(?:[.,][0-9]++)?+ | (?<![^\s(])\.[0-9]++ )                 # 12, 3.5, .5
        (?:,[-–—]{1,2}(?![-–—0-9]))?+ (?![.,:/'’]?[0-9]) )                    # 5,-
    | (?P<junk> [0-9]++(?:[.,:/'’-][0-9]++)*+ )                               # 1.2.3, 3:1

    | (?P<minus> (?<![^\s(])[-−](?=[0-9€$£]) )
    | (?P<rest> \w++ )
    | (?P<symbol> \S ) )
    """.replace("LETTER", r"[^\W\d_½¼¾]"),
    re.VERBOSE,
)
_SYMBOLS = dict(zip("%&.,§'", "%&.,§'", strict=True)) | {"’": "'"} | dict.fromkeys("-–—−", "-")
_GROUPED = re.compile(r"([1-9][0-9]{0,2}([^0-9])[0-9]{3}(?:\2[0-9]{3})*)(?:[.,]([0-9]+))?")
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_MONEY_SCALES = dict.fromkeys("mM", Decimal(10**6)) | dict.fromkeys("bB", Decimal(10**9))
_UNITS_OF_ONE_LETTER = frozenset("glhx")
# "ten" is also Dutch, and "am" German: words that tell the language of the sentence.
_DUTCH = frozenset("de het een van op voor niet dat zijn worden met werd bij aan".split())
_GERMAN = frozenset("der die das den dem und ist im ein eine war wurde mit von zum zur".split())
_MONTH_FIRST = re.compile(r"(?<![0-9/])[0-9]{1,2}/(?:1[3-9]|2[0-9]|3[01])/[0-9]{2}")

# What makes no value without another class beside it: most sentences hold nothing else.
_NO_VALUE_ALONE = "?.,&af-r@PV<S'Ig"

# Patterns over classes, the small ones first.
_BELOW_100 = "(?:X-?[1I]|[1xXc])"  # twenty-one, twelve
_BELOW_1000 = f"(?:(?:{_BELOW_100}|[aI])?H(?:&?{_BELOW_100})?|z(?:&?{_BELOW_100})?|Z|{_BELOW_100})"
_AND_A_HALF = f"(?:(?:{_BELOW_100}|d)&a?[hb])"  # two and a half
_FACTOR = f"(?:{_AND_A_HALF}|G|{_BELOW_1000}|a[hb]|ha?|[abI])"  # of a thousand or a million
_IN_WORDS = (
    f"(?:{_FACTOR}K(?:,?&?(?:{_BELOW_1000}J|G)(?:&?{_BELOW_1000})?)?|G(?:&?{_BELOW_1000})?"
    f"|{_FACTOR}?J(?:&?{_BELOW_1000})?|{_AND_A_HALF}|{_BELOW_1000})"
)
_IN_DIGITS = "(?:d&a[hb][JK]?|[dyqt](?:[JK]K?(?:[dq]J)?|HJ?|s)?)"  # 2 and a half, 4 million
_NUMBER = f"(?:N?(?:{_IN_DIGITS}|{_IN_WORDS}))"
_UNIT = r"(?:-?%(?:-?p)?|-?p|g?e(?:&?dC)?|\$|C)"  # percent, Canadian dollars, euro en 50 cent
_NOT_COUNTED = r"(?![%e$pCJKHs!]|ge)"  # "2000 euro" is no year
_MONTH = r"(?:[Mm]|[Bn]\.?)"
_YEAR = f"(?:,?y{_NOT_COUNTED})?"
_NTH = r"(?:(?:X-?)?[oO]|d\.?)"  # 10., tenth, twenty-first
_HOUR = f"(?:{_BELOW_100}|[daI])"
_PATTERN = re.compile(
    rf"""
      (?P<numeric> D )
      # "10. bis 12. Januar 2021", "the tenth of January"; "January 10-12, 2021"
    | (?P<days> (?:{_NTH}[-r&])? (?:[od]\.?f?|(?:X-?)?Of) {_MONTH} {_YEAR}
        | (?:M|B\.?) (?:d|[oO])(?:-[do])? {_NOT_COUNTED} (?![uUkAT]) {_YEAR} )
    | (?P<month> {_MONTH} f? y {_NOT_COUNTED} )
      # the 1990s, the nineties, neunziger Jahre, jaren '90
    | (?P<decade> Y | (?<=S)l | L-?R | (?<=j)'?[Xdy] )
    | (?P<century> {_NTH} -? E )
      # "So." and "zo" only before a day
    | (?P<weekday> W | (?:w\.?|v\.),? (?={_NTH}f?{_MONTH}|D|[MB]\.?[doO]) )
      # 23:59 Uhr, 9.05 a.m.; 9-17 Uhr; 12 Uhr 30, nine p.m.; "9 uur" is a time after "om" alone
    | (?P<time> T[uU]?A?i? | t(?:[uU]|A)i? | {_HOUR}[-r]{_HOUR}Ui? | {_HOUR}(?:Ud?|A|k)i?
        | {_HOUR}ui | (?<=@){_HOUR}ud? )
      # half past nine, kwart voor drie, (om) tien over half negen
    | (?P<past> (?:hP|Q[PVr]|(?<=@)[1xXd][PV][hb]?) {_HOUR} [Ai]? )
    | (?P<at_half> (?<=@) h {_HOUR} i? )
    | (?P<half> b{_HOUR}i? | h(?:[1x]|[aI](?![KJH]))i? )
    | (?P<named> 0 )
      # 4G, § 12
    | (?P<nothing> [dyqtT]! | §§?{_NUMBER} )
    | (?P<season> y-d {_NOT_COUNTED} )
    | (?P<year_in_words> [xX] -? (?:X-?[1I]|X|x) (?![HJK%e]) )
      # "between 10 and 15 people", "€2-3 million"
    | (?P<quantity> (?<=<){_NUMBER}&{_NUMBER}{_UNIT}?
        | \$?{_NUMBER}(?:[-r]\$?{_NUMBER})?{_UNIT}? )
    """,
    re.VERBOSE,
)
_NUMBERS = re.compile(_NUMBER)


@dataclass(frozen=True, slots=True)
class _Part:
    """The tokens that a pattern took."""

    text: str
    tokens: list[re.Match[str]]
    classes: str
    month_first: bool

    def value(self, kind: ValueKind, key: str, first: int = 0, last: int = -1) -> Value:
        start, end = self.tokens[first].start(), self.tokens[last].end()
        return Value(kind, key, self.text[start:end], start, end)

    def meaning(self, at: int) -> Meaning:
        return _read(self.tokens[at].lastgroup or "", self.tokens[at].group())[1]

    def amount(self, at: int) -> int:
        """What a token of a number or ordinal means as an integer; 0 where it is none."""
        meaning = self.meaning(at)
        return int(meaning) if isinstance(meaning, Decimal) else 0

    def places(self, classes: str) -> list[int]:
        return [n for n, name in enumerate(self.classes) if name in classes]


@lru_cache(maxsize=50_000)
def values(text: str) -> tuple[Value, ...]:
    """Every value in ``text``, in order.

    >>> [(v.kind, v.key) for v in values("Op 19 januari waren er vier miljoen leden.")]
    [('date', '01-19'), ('number', '4000000')]
    >>> [(v.kind, v.key) for v in values("13 % of £12.4m on January 10, 2021, at 9 p.m.")]
    [('percent', '13'), ('money', 'GBP 12400000'), ('date', '2021-01-10'), ('time', '21:00')]
    """
    tokens, classes = _tokens(text)
    if not classes.strip(_NO_VALUE_ALONE):
        return ()
    classes = _in_its_language(classes, tokens)
    month_first = "/" in text and _MONTH_FIRST.search(text) is not None
    found: list[Value] = []
    for match in _PATTERN.finditer(classes):
        start, end = match.span()
        part = _Part(text, tokens[start:end], match.group(), month_first)
        found += _READERS[match.lastgroup or ""](part)
    return tuple(found)


def _tokens(text: str) -> tuple[list[re.Match[str]], str]:
    """The tokens of a text and the class of each.

    >>> _tokens("Op 10 januari 2021 was er 2,5 miljoen euro.")[1]
    '?dmy??qKe.'
    """
    tokens = [token for token in _TOKEN.finditer(text) if token.lastgroup != "mark"]
    return tokens, "".join([_read(token.lastgroup or "", token.group())[0] for token in tokens])


def _in_its_language(classes: str, tokens: list[re.Match[str]]) -> str:
    """``classes`` without what is no value in the language of the sentence.

    >>> values("Ten noorden van de stad"), values("Bus 9 am Bahnhof ist voll")[0].kind
    ((), 'number')
    """
    if "A" not in classes and "x" not in classes:
        return classes
    words = [token.group().lower() for token in tokens]
    foreign = {"ten"} & set(words) if not _DUTCH.isdisjoint(words) else set()
    foreign |= {"am"} & set(words) if not _GERMAN.isdisjoint(words) else set()
    if not foreign:
        return classes
    return "".join(
        "?" if word in foreign else name for name, word in zip(classes, words, strict=True)
    )


@lru_cache(maxsize=50_000)
def _read(group: str, text: str) -> tuple[str, Meaning]:
    """The class of a token and what it means."""
    if group in _READ:
        return _READ[group](text)
    return _FIXED.get(group, "?"), text


def _read_word(text: str) -> tuple[str, Meaning]:
    word = text.lower()
    name, meaning = CLASSES.get(word) or _compound(word)
    if text[0].isupper() or name not in {"M", "B", "w"}:
        return name, meaning
    if name == "M":
        return ("m" if word in DUTCH_MONTHS else "?"), meaning
    return ("v" if name == "w" else "n"), meaning


def _compound(word: str) -> tuple[str, Meaning]:
    """The class and the value of a number written as one word.

    >>> _compound("vierhonderdvijftig"), _compound("zweihundertfünfzigtausend")
    (('Z', Decimal('450')), ('G', Decimal('250000')))
    """
    if len(word) > _MAX_WORD or not re.search("h[ou]nd[er]|duizend|tausend", word):
        return "?", word
    before, thousand, after = word.rpartition("duizend" if "duizend" in word else "tausend")
    thousands = _below_thousand(before) if before else 1
    rest = _below_thousand(after) if after else 0
    if thousands is None or rest is None:
        return "?", word
    amount = thousands * 1_000 + rest if thousand else rest
    return ("Z" if amount % 100 else "z" if amount % 1_000 else "G"), Decimal(amount)


def _below_thousand(word: str) -> int | None:
    before, hundred, after = word.rpartition("honderd" if "honderd" in word else "hundert")
    if not hundred:
        return _below_hundred(word)
    hundreds = BELOW_HUNDRED.get(before) if before else 1
    rest = _below_hundred(after) if after else 0
    return None if hundreds is None or rest is None else hundreds * 100 + rest


def _below_hundred(word: str) -> int | None:
    """As in "honderdeneen" and "hundertundeins", where a joint comes first."""
    return BELOW_HUNDRED.get(re.sub("^(?:en|und)", "", word))


def _read_suffix(text: str) -> tuple[str, Meaning]:
    """What stands right behind digits: "10k", "5pm", "12.4m", "20km"; not "4G"."""
    if text in _MONEY_SCALES:
        return "s", _MONEY_SCALES[text]
    if len(text) > 1 or text == "k":
        return _read_word(text)
    return ("?" if text in _UNITS_OF_ONE_LETTER else "!"), text


def _read_number(text: str) -> tuple[str, Meaning]:
    digits = re.sub(r",[-–—]+$", "", text)
    whole = re.fullmatch(r"[0-9]+", digits)
    if len(digits) > _MAX_DIGITS or (whole and len(digits) > 2 and digits[0] == "0"):
        return "!", text
    if whole:
        amount = Decimal(digits)
        year = len(digits) == 4 and _FIRST_YEAR <= amount <= _LAST_YEAR and digits == text
        return ("d" if len(digits) <= 2 else "y" if year else "q"), amount
    grouped = _GROUPED.fullmatch(digits)
    if grouped:
        return "q", Decimal(f"{re.sub(r'[^0-9]', '', grouped[1])}.{grouped[3] or 0}")
    clock = re.fullmatch(r"(?:[01]?[0-9]|2[0-4])\.[0-5][0-9]", digits)
    return ("t" if clock else "q"), Decimal(digits.replace(",", "."))


def _read_fraction(text: str) -> tuple[str, Meaning]:
    return "q", Decimal(text[:-1].strip() or 0) + _FRACTIONS[text[-1]]


def _read_ordinal(text: str) -> tuple[str, Meaning]:
    return "o", Decimal(re.sub("[^0-9]", "", text))


def _read_decade(text: str) -> tuple[str, Meaning]:
    digits = re.sub("[^0-9]", "", text)
    if len(digits) == 4:
        return "Y", f"{digits[:3]}x"
    own = "L" if text[2] == "e" else "l" if text[0].isdigit() else "Y"
    return own, f"19{digits[0]}x"


# How a token of a group is read; what is in neither of the two tables is no value.
_READ: dict[str, Callable[[str], tuple[str, Meaning]]] = {
    "usual": _read_word,
    "word": _read_word,
    "suffix": _read_suffix,
    "number": _read_number,
    "fraction": _read_fraction,
    "ordinal": _read_ordinal,
    "decade": _read_decade,
    "short": lambda text: CLASSES[text[:-1].lower()],
    "half_day": lambda text: ("A", f"{text[0].lower()}m"),
    "currency": lambda text: ("$", CURRENCIES.get(text.lower(), text)),
    "season": lambda text: ("y", Decimal(text[:4])),
    "symbol": lambda text: (_SYMBOLS.get(text, "?"), text),
    "part": lambda text: ("i", "am" if text[3:] in {"ochtends", "morgens", "nachts"} else "pm"),
}
_FIXED = {"clock": "k", "percent": "%", "points": "p", "date": "D", "time": "T", "minus": "N"}


# Numbers, shares and amounts of money.


def _quantities(part: _Part) -> list[Value]:
    """One number, or the two of a range, with the unit that they share."""
    spans = [match.span() for match in _NUMBERS.finditer(part.classes)]
    if re.search("e&?dC$", part.classes):
        return [_euros_and_cents(part, spans)]
    amounts = [_amount(part, *span) for span in spans]
    _share_scale(part, spans, amounts)
    unit = part.classes[spans[-1][1] :]
    currency = _currency(part)
    found = []
    for n, ((start, end), amount) in enumerate(zip(spans, amounts, strict=True)):
        kind, key = _kind(part, (start, end), amount, unit, currency)
        if start and part.classes[start - 1] == "$":
            start -= 1
        last = len(part.classes) if n == len(spans) - 1 else end
        if key:
            found.append(part.value(kind, key, start, last - 1))
    return found


def _kind(
    part: _Part, span: tuple[int, int], amount: Decimal, unit: str, currency: str
) -> tuple[ValueKind, str]:
    """The kind and the key of an amount; no key where nothing can be said."""
    plain = part.classes[slice(*span)]
    if unit == "C":
        amount /= 100
    if currency:
        return "money", f"{currency} {_written(amount)}"
    if "%" in unit and "p" not in unit:
        return "percent", _written(amount)
    if plain == "y" and not unit:
        return "year", _written(amount)
    # "12m" may be metres, and "03" counts nothing.
    if plain.endswith("s") or (plain == "d" and re.match("0.", part.tokens[span[0]].group())):
        return "number", ""
    return "number", _written(amount)


def _amount(part: _Part, start: int, end: int) -> Decimal:
    """The number that tokens make: each adds to a group, and each scale multiplies it."""
    total = group = Decimal(0)
    for at in range(start, end):
        name, meaning = part.classes[at], part.meaning(at)
        if name in "hb":
            group += Decimal("0.5")
        elif name == "H":
            group = (group or Decimal(1)) * 100
        elif name in "JKs" and isinstance(meaning, Decimal):
            german = at > start and part.tokens[at - 1].group().lower() == "eine"
            billion = part.tokens[at].group() == "Billion"
            total += (group or 1) * (GERMAN_BILLION if german and billion else meaning)
            group = Decimal(0)
        elif name != "a" and isinstance(meaning, Decimal):
            group += meaning
    total += group
    return -total if part.classes[start] == "N" else total


def _share_scale(part: _Part, spans: list[tuple[int, int]], amounts: list[Decimal]) -> None:
    """Give the first number of "2-3 million" the scale of the second."""
    if len(spans) == 1 or not amounts[0]:
        return
    (start, end), (second, stop) = spans
    scaled = part.classes[second:stop]
    if scaled[-1] not in "JKs" or part.classes[start:end].strip("dqtX1xc"):
        return
    scale = _amount(part, stop - 1, stop)
    if amounts[0] < amounts[1] / scale:
        amounts[0] *= scale


def _currency(part: _Part) -> str:
    """The code of the currency that stands beside the numbers, or nothing.

    "Canadian dollars": the adjective stands first, and decides.
    """
    codes = [str(part.meaning(at)) for at in part.places("ge$C")]
    return codes[0] if codes else ""


def _euros_and_cents(part: _Part, spans: list[tuple[int, int]]) -> Value:
    amount = _amount(part, *spans[0]) + Decimal(part.amount(-2)) / 100
    return part.value("money", f"{_currency(part)} {_written(amount)}")


def _written(amount: Decimal) -> str:
    return f"{amount.normalize():f}" if amount else "0"


# Days, months, years.


def _numeric(part: _Part) -> list[Value]:
    """A date in digits: day first, unless that cannot be or the text has the month first."""
    one, two, three = (int(n) for n in re.findall("[0-9]+", part.tokens[0].group()))
    year, month, day = (one, two, three) if one > 31 else (three, two, one)
    if year < 100:
        year += 2000 if year <= _LAST_SHORT_YEAR else 1900
    slashed = "/" in part.tokens[0].group() and one <= 31
    if slashed and (part.month_first or month > 12):
        month, day = day, month
    try:
        return [part.value("date", datetime.date(year, month, day).isoformat())]
    except ValueError:
        return []


def _days(part: _Part) -> list[Value]:
    """A day of a month, or two: "10 januari 2021", "10-12 January", "January 10-12"."""
    [month] = part.places("MmBn")
    year = f"{part.amount(-1)}-" if part.classes[-1] == "y" else ""
    days = _ordinals(part)
    keys = [f"{year}{part.amount(month):02d}-{day:02d}" for _, day in days]
    if any(not 1 <= day <= 31 for _, day in days):
        return _plain_numbers(part)
    if len(days) == 1:
        return [part.value("date", keys[0])]
    cut = days[1][0]
    first = cut - 2 if cut - 2 >= 0 and part.classes[cut - 1] in "-r&" else cut - 1
    return [part.value("date", keys[0], 0, first), part.value("date", keys[1], cut, -1)]


def _ordinals(part: _Part) -> list[tuple[int, int]]:
    """Where each ordinal begins, and what it is: "20th", "twenty-first"."""
    found = []
    for match in re.finditer("(?:X-?)?[oO]|d", part.classes):
        ends = [part.amount(at) for at in range(*match.span()) if part.classes[at] != "-"]
        found.append((match.start(), sum(ends)))
    return found


def _month(part: _Part) -> list[Value]:
    return [part.value("date", f"{part.amount(-1)}-{part.amount(0):02d}")]


def _decade(part: _Part) -> list[Value]:
    """The 1990s, "jaren negentig"; which century the twenties are of, nobody knows."""
    meaning = part.meaning(1 if part.classes[0] == "'" else 0)
    if isinstance(meaning, str):
        return [part.value("year", meaning)]
    if meaning % 10 or not (30 <= meaning < 100 or meaning >= _FIRST_YEAR):
        return _quantities(part)
    return [part.value("year", f"{int(meaning) // 10 + (0 if meaning > 99 else 190)}x")]


def _century(part: _Part) -> list[Value]:
    [(_, nth)] = _ordinals(part)
    return [part.value("year", f"{nth - 1:02d}xx")] if 0 < nth <= 21 else []


def _weekday(part: _Part) -> list[Value]:
    return [part.value("weekday", str(part.amount(0)), 0, 0)]


def _season(part: _Part) -> list[Value]:
    """The year of "2020-21", and both numbers of "2020 - 21"."""
    if part.tokens[0].end() == part.tokens[2].start() - 1:
        return [part.value("year", str(part.amount(0)), 0, 0)]
    return _quantities(part)


def _year_in_words(part: _Part) -> list[Value]:
    """The year "nineteen eighty-four"; other pairs are two numbers."""
    parts = [part.amount(at) for at in range(len(part.classes)) if part.classes[at] != "-"]
    year = parts[0] * 100 + sum(parts[1:])
    if 1500 <= year <= _LAST_YEAR:
        return [part.value("year", str(year))]
    return _plain_numbers(part)


# Times of day.


def _time(part: _Part) -> list[Value]:
    """A time by its hour and perhaps its minute: "23:59", "9 p.m.", "9-17 Uhr", "om 9 uur 30"."""
    if part.classes[0] in "Tt":
        hour, minute = (int(n) for n in re.findall("[0-9]+", part.tokens[0].group())[:2])
        return [part.value("time", _clock(part, hour, minute))]
    spans = [match.span() for match in re.finditer(_HOUR, part.classes)]
    hours = [_hour(part, *span) for span in spans]
    minute = hours.pop() if re.search("[Uu]d", part.classes) else 0
    if minute > 59 or any(not 0 <= hour <= 24 for hour in hours):
        return _plain_numbers(part)
    keys = [_clock(part, hour, minute) for hour in hours]
    last = part.value("time", keys[-1], spans[len(hours) - 1][0])
    return [part.value("time", keys[0], 0, spans[0][1] - 1), last] if len(hours) > 1 else [last]


def _half(part: _Part) -> list[Value]:
    """Half an hour before: "halb neun", "half negen"; "half nine" is no time by itself."""
    hour = _hour(part, 1, len(part.classes.rstrip("i")))
    if not 1 <= hour <= 12 or _is_english_half(part):
        return _plain_numbers(part)
    return [part.value("time", _clock(part, hour - 1, 30))]


def _at_half(part: _Part) -> list[Value]:
    """As ``_half``, but "at half nine" is half an hour after."""
    if not _is_english_half(part):
        return _half(part)
    hour = _hour(part, 1, len(part.classes.rstrip("i")))
    return [part.value("time", _clock(part, hour, 30))] if 1 <= hour <= 12 else []


def _is_english_half(part: _Part) -> bool:
    word = part.tokens[1].group().lower()
    return part.classes[0] == "h" and not word.isdecimal() and word not in DUTCH_HOURS


def _past(part: _Part) -> list[Value]:
    """Minutes before or after: "half past nine", "kwart voor drie", "tien over half negen"."""
    half_before = part.classes[2] in "hb"
    hour = _hour(part, 3 if half_before else 2, len(part.classes.rstrip("Ai")))
    if not 1 <= hour <= 24:
        return _plain_numbers(part)
    minutes = {"h": 30, "Q": 15}.get(part.classes[0]) or part.amount(0)
    minutes = hour * 60 - 30 * half_before + (minutes if part.classes[1] == "P" else -minutes)
    return [part.value("time", _clock(part, *divmod(minutes, 60)))]


def _hour(part: _Part, start: int, end: int) -> int:
    """The hour that tokens say; -1 for an article: "eine Uhr" is a thing."""
    if part.classes[start:end] in "aI":
        return 1 if part.tokens[start].group().lower() in HOURS_OF_ONE else -1
    return int(_amount(part, start, end))


def _clock(part: _Part, hour: int, minute: int) -> str:
    """The time in 24 hours, given what stands behind it: "p.m.", "'s avonds"."""
    if part.classes[-1] in "Ai" and hour <= 12:
        late = part.meaning(-1) == "pm"
        at_night = part.tokens[-1].group().endswith("nachts") and 6 <= hour < 12
        hour = hour % 12 + (12 if late or at_night else 0)
    return f"{hour:02d}:{minute:02d}"


def _named(part: _Part) -> list[Value]:
    return [part.value("time", str(part.meaning(0)))]


def _plain_numbers(part: _Part) -> list[Value]:
    """The numbers of what looked like something else."""
    found: list[Value] = []
    for match in _NUMBERS.finditer(part.classes):
        tokens = part.tokens[slice(*match.span())]
        found += _quantities(_Part(part.text, tokens, match.group(), part.month_first))
    return found


_READERS: dict[str, Callable[[_Part], list[Value]]] = {
    "numeric": _numeric,
    "days": _days,
    "month": _month,
    "decade": _decade,
    "century": _century,
    "weekday": _weekday,
    "time": _time,
    "half": _half,
    "at_half": _at_half,
    "past": _past,
    "named": _named,
    "nothing": lambda _: [],
    "season": _season,
    "year_in_words": _year_in_words,
    "quantity": _quantities,
}


# Are two values the same?


def comparable(a: Value, b: Value) -> bool:
    """Whether two values are of one sort, so that they agree or differ.

    A number may be an amount of money or a year, but no share. Dates compare where both give
    a year, a month or a day of the month.

    >>> def first(text):
    ...     return values(text)[0]
    >>> comparable(first("13 %"), first("13 people")), comparable(first("5 euro"), first("6"))
    (False, True)
    >>> comparable(first("10 January"), first("2021"))
    False
    """
    if a.kind in _DATED and b.kind in _DATED:
        return any(x and y for x, y in zip(_ymd(a), _ymd(b), strict=True))
    return a.kind == b.kind or {a.kind, b.kind} in _ALIKE


def same(a: Value, b: Value) -> bool:
    """Whether two values may be one: each says nothing that the other denies.

    >>> def first(text):
    ...     return values(text)[0]
    >>> same(first("10 januari"), first("January 10, 2021")), same(first("2021"), first("1990s"))
    (True, False)
    >>> same(first("in 2021"), first("2021-01-10")), same(first("1994"), first("jaren negentig"))
    (True, True)
    >>> same(first("1500 inwoners"), first("1,500 people"))  # what looks like a year
    True
    >>> (
    ...     same(first("£5"), first("€5")),
    ...     same(first("£5"), first("5")),
    ...     same(first("5 %"), first("5")),
    ... )
    (False, True, False)

    Spoken hours are those of either half of the day:

    >>> same(first("half negen"), first("20:30 Uhr")), same(first("midnight"), first("0:00 Uhr"))
    (True, True)
    """
    if not comparable(a, b):
        return False
    if a.kind in _DATED and b.kind in _DATED:
        return all(_may_be(x, y) for x, y in zip(_ymd(a), _ymd(b), strict=True))
    if a.kind == b.kind == "time":
        cycle = 12 if _is_spoken(a) or _is_spoken(b) else 24
        return _minutes(a) % (cycle * 60) == _minutes(b) % (cycle * 60)
    return a.key == b.key or (a.kind != b.kind and a.key.split()[-1] == b.key.split()[-1])


def say(others: Sequence[Value], stated: Value) -> bool:
    """Whether ``others`` say all that one value does; a date may be put together from several.

    >>> def found(text):
    ...     return values(text)
    >>> say(found("In 2021, on 3 March"), found("3. März 2021")[0])
    True
    >>> say(found("in 2021"), found("3. März 2021")[0]), say(found("the 1990s"), found("1994")[0])
    (False, False)
    >>> say(found("£5"), found("5")[0]), say(found("5"), found("£5")[0])
    (True, False)
    """
    if stated.kind in _DATED and any(other.kind in _DATED for other in others):
        dated = [_ymd(other) for other in others if other.kind in _DATED]
        return all(
            not part or any(_is_said(part, of_date[n]) for of_date in dated)
            for n, part in enumerate(_ymd(stated))
        )
    return any(
        same(stated, other) and not (stated.kind == "money" and other.kind == "number")
        for other in others
    )


_DATED = frozenset({"year", "date"})
_ALIKE = ({"number", "year"}, {"number", "money"})


def _ymd(value: Value) -> tuple[str, str, str]:
    """Year, month and day of a date, each empty where it is not said."""
    first, second, third, *_ = (*value.key.split("-"), "", "")
    return (first, second, third) if len(first) == 4 else ("", first, second)


def _may_be(x: str, y: str) -> bool:
    """Whether two years, months or days may be one, "x" being any digit and nothing anything."""
    return not x or not y or all(i == j or "x" in (i, j) for i, j in zip(x, y, strict=True))


def _is_said(part: str, other: str) -> bool:
    """Whether a year, month or day is said by another, "x" being any digit."""
    return bool(other) and all(i in ("x", j) for i, j in zip(part, other, strict=True))


def _is_spoken(time: Value) -> bool:
    """Whether a time leaves open which half of the day it is in."""
    return time.key < "13" and re.fullmatch(r"[^\W\d]+(?:[\s-][^\W\d]+)*", time.text) is not None


def _minutes(time: Value) -> int:
    hour, minute = time.key.split(":")
    return int(hour) * 60 + int(minute)
