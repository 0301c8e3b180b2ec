"""Words of values in Dutch, German and English: the class of each, and what it means.

A class is one letter; ``values`` writes a sentence as a string of them and looks for patterns
in it. Numbers mean a ``Decimal``, all else a string.

    d  1 or 2 digits     y  a year          q  other digits       t  9.05      T  9:05
    D  10.01.2021        Y  1990s           l  '90s               L  90er      o  10th, tiende
    1  one digit         x  10 to 19        X  20, 30 ... 90      O  tenth     c  einundzwanzig
    z  driehonderd       Z  tweehonderdtien G  tweeduizend        I  one       '  an apostrophe
    H  hundred           J  thousand        K  million            s  m, a million if of money
    m  januari           M  January         B  Jan                n  jan
    W  Sunday            w  Sun             v  zo                 %  percent   p  percentage points
    $  symbol or code    e  euro            g  Canadian           C  cents     a  a, an
    h  half              b  halb            Q  quarter            P  past      V  voor
    U  Uhr               u  uur             A  a.m.               k  o'clock   i  in the evening
    0  noon              @  at              r  to                 <  between   &  and
    j  jaren             R  Jahre           E  century            S  the       f  of
    N  a minus sign      -  . , §           !  no value           ?  anything else
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from qa.words import MONTHS, MULTIPLIERS, NUMBERS, WEEKDAYS

Meaning = Decimal | str

_ONES = {word: value for word, value in NUMBERS.items() if 0 < value < 10} | {"een": 1, "ein": 1}
_TENS = {word: value for word, value in NUMBERS.items() if 20 <= value < 100} | {"dreissig": 30}
# "eenentwintig", "tweeëntwintig", "einundzwanzig"
_TWO_DIGITS = {
    f"{one}{joint}{ten}": n + tens
    for one, n in _ONES.items()
    for joint in ("en", "ën", "und")
    for ten, tens in _TENS.items()
}
BELOW_HUNDRED = {
    **_ONES,
    **{word: value for word, value in NUMBERS.items() if 0 < value < 100},
    **_TENS,
    **_TWO_DIGITS,
}
# "eineinhalb", "tweeënhalf", "anderhalf"
_HALVES = {
    f"{one}{half}": n + Decimal("0.5")
    for one, n in _ONES.items()
    for half in "einhalb undeinhalb ënhalf enhalf ënhalve enhalve eneenhalf ëneenhalf".split()
} | dict.fromkeys("anderhalf anderhalve anderthalb".split(), Decimal("1.5"))
_SCALES = {
    **{word: value for word, value in MULTIPLIERS.items() if value > 1_000},
    **dict.fromkeys("dozijn dutzend dozen".split(), 12),
    **dict.fromkeys("tsd k".split(), 10**3),
    **dict.fromkeys("miljoenen mn".split(), 10**6),
    **dict.fromkeys("miljarden bn mld".split(), 10**9),
    # English "billion" is a thousand times less; German's own singular is told by its article.
    **dict.fromkeys("biljoen biljoenen billionen trillion trillions".split(), 10**12),
}
GERMAN_BILLION = Decimal(10**12)

_ORDINALS = {
    **{f"{w}{end}": n for w, n in BELOW_HUNDRED.items() if 3 < n < 20 for end in ("de", "te")},
    **{f"{word}ste": n for word, n in BELOW_HUNDRED.items() if n >= 20},
    "eerste": 1,
    "erste": 1,
    "zweite": 2,
    "derde": 3,
    "dritte": 3,
    "siebte": 7,
    "achte": 8,
    "achtste": 8,
}
_INFLECTED = {f"{word}{end}": n for word, n in _ORDINALS.items() for end in ("", *"nrsm")}
_ENGLISH_ORDINALS = {
    word: n
    for n, word in enumerate(
        """
        first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
        fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
        """.split(),
        start=1,
    )
} | {"thirtieth": 30}

_ENGLISH_MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    """.split()
)
# English ones have a capital; in lower case these are Dutch, and the others no month.
DUTCH_MONTHS = frozenset("april september november december".split())
_SHORT_MONTHS = {
    word: number
    for number, words in enumerate(
        "jan,feb,mar mrt mär,apr,may mei,jun,jul,aug,sep sept,okt oct,nov,dec dez".split(","),
        start=1,
    )
    for word in words.split()
    if word not in MONTHS
}
_PARTS_OF_DAY = """
    ochtend morgen voormiddag middag namiddag avond nacht abend vormittag mittag nachmittag früh
    """.split()
# Not "Montage", which is also German for assembly.
_WEEKDAYS = {
    f"{day}{end}": number
    for day, number in WEEKDAYS.items()
    for end in ("", "s", *_PARTS_OF_DAY, *(["en"] if day.endswith("dag") else []))
}
_SHORT_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        "ma mo mon,di tue tues,wo mi wed,do thu thur thurs,vr fr fri,za sa sat,zo so sun".split(
            ","
        ),
        start=1,
    )
    for word in words.split()
}

CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"} | {
    "us$": "USD", "c$": "CAD", "ca$": "CAD", "a$": "AUD", "au$": "AUD", "hk$": "HKD", "nz$": "NZD",
}  # fmt: skip
_MONEY_WORDS = {
    **dict.fromkeys("euro euros".split(), "EUR"),
    **dict.fromkeys("dollar dollars us-dollar us-dollars".split(), "USD"),
    **dict.fromkeys("pond ponden pfund pound pounds".split(), "GBP"),
    **dict.fromkeys("franken".split(), "CHF"),
    **dict.fromkeys("frank franc francs".split(), "FRANC"),  # whose, the adjective may say
    **dict.fromkeys("yen".split(), "JPY"),
}
_CENTS = {
    **dict.fromkeys("cent cents".split(), ""),
    **dict.fromkeys("eurocent eurocents".split(), "EUR"),
    **dict.fromkeys("pence".split(), "GBP"),
}
# An adjective, and the currency that it makes of another.
_WHOSE = {
    **dict.fromkeys("us amerikaanse amerikanische amerikanischen american".split(), "USD"),
    **dict.fromkeys("canadese kanadische kanadischen canadian".split(), "CAD"),
    **dict.fromkeys("australische australischen australian".split(), "AUD"),
    **dict.fromkeys("britse britische britischen british".split(), "GBP"),
    **dict.fromkeys("zwitserse schweizer swiss".split(), "CHF"),
}

# The hour of 12 that Dutch says half before: "half" and an English number is something else.
DUTCH_HOURS = frozenset("een één twee drie vier vijf zes zeven acht negen tien elf twaalf".split())
HOURS_OF_ONE = frozenset("een één ein one".split())

_PLAIN: dict[str, str] = {
    "a": "a an een ein eine einer einem einen",
    "h": "half halve",
    "b": "halb halbe halben halber halbes",
    "Q": "quarter kwart viertel",
    "P": "past over nach",
    "V": "voor vor",
    "U": "uhr",
    "u": "uur",
    "@": "at om um gegen tegen",
    "r": "to bis tot",
    "<": "between tussen zwischen",
    "&": "and en und",
    "j": "jaren",
    "R": "jahre jahren",
    "E": "century centuries eeuw jahrhundert jahrhunderts",
    "S": "the",
    "f": "of",
    "%": "percent procent prozent pct prozentige prozentigen prozentiger prozentiges procentige",
    "p": "procentpunt procentpunten prozentpunkt prozentpunkte prozentpunkten punkte punkten",
}
# What needs a place of its own, by class; later ones win.
_TABLES: tuple[tuple[str, Mapping[str, int | Decimal | str]], ...] = (
    ("o", _INFLECTED),
    ("O", _ENGLISH_ORDINALS),
    ("x", {"nul": 0, "zero": 0, "null": 0}),
    ("c", {**_TWO_DIGITS, **_HALVES}),
    ("1", {word: value for word, value in _ONES.items() if word not in {"een", "ein"}}),
    ("x", {word: value for word, value in BELOW_HUNDRED.items() if 10 <= value < 20}),
    ("I", {"one": 1}),
    ("X", _TENS),
    ("H", {word: value for word, value in MULTIPLIERS.items() if value == 100}),
    ("J", {word: value for word, value in MULTIPLIERS.items() if value == 1_000}),
    ("K", _SCALES),
    ("m", {word: value for word, value in MONTHS.items() if word not in _ENGLISH_MONTHS}),
    ("M", {word: value for word, value in MONTHS.items() if word in _ENGLISH_MONTHS}),
    ("B", _SHORT_MONTHS),
    ("W", _WEEKDAYS),
    ("w", _SHORT_WEEKDAYS),
    ("e", _MONEY_WORDS),
    ("$", {code: code.upper() for code in "eur usd gbp chf".split()}),
    ("C", _CENTS),
    ("g", _WHOSE),
    ("L", {f"{word}er": f"19{tens // 10}x" for word, tens in _TENS.items() if tens >= 30}),
    ("Y", {f"{w}er{j}": f"19{n // 10}x" for w, n in _TENS.items() if n >= 30
           for j in ("jahre", "jahren")}),
    ("l", {f"{word[:-1]}ies": f"19{n // 10}x" for word, n in _TENS.items()
           if n >= 30 and word.endswith("y")}),
    ("A", {"am": "am", "pm": "pm"}),
    ("0", {"midnight": "24:00", "middernacht": "24:00", "mitternacht": "24:00", "noon": "12:00"}),
    ("i", dict.fromkeys("abends nachmittags mittags".split(), "pm")
          | dict.fromkeys("morgens vormittags nachts".split(), "am")),
)  # fmt: skip


def _classes() -> dict[str, tuple[str, Meaning]]:
    found: dict[str, tuple[str, Meaning]] = {}
    for name, words in _PLAIN.items():
        found |= {word: (name, word) for word in words.split()}
    for name, table in _TABLES:
        for word, meaning in table.items():
            found[word] = (name, meaning if isinstance(meaning, str) else Decimal(meaning))
    return found


CLASSES = _classes()
