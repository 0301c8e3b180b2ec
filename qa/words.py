"""Words of Dutch, German and English: closed classes, and which words carry meaning."""

from __future__ import annotations

import re

from index.function_words import FUNCTION_WORDS

WORD = re.compile(r"[^\W_]+(?:[.,:]\d+)*")
# Polite address: the only function words of German with a capital inside a sentence.
_POLITE = frozenset("sie ihnen ihr ihre ihrem ihren ihrer ihres".split())
ALL_FUNCTION_WORDS = frozenset().union(*FUNCTION_WORDS.values())

# Words that point back at something said before.
POINTING = {
    "nl": frozenset(
        """
        hij hem zij ze haar hen hun dat dit deze daar er daarvan daarover daarmee daarna
        ervan erover zijn toen
        """.split()
    ),
    "de": frozenset(
        """
        er ihn ihm sie ihr ihre ihren ihnen es dies diese dieser dieses dort da davon darüber
        damit daran dafür danach sein seine seinen dessen deren
        """.split()
    ),
    "en": frozenset(
        """
        he him his she her hers they them their it its that this those these there then one ones
        such
        """.split()
    ),
}
# Articles that are also pronouns: they point back unless a noun follows.
ARTICLES = {
    "nl": frozenset({"het", "die"}),
    "de": frozenset({"das", "die", "der"}),
    "en": frozenset[str](),
}
# How a question opens that goes on from the one before.
CONTINUING = (
    "and", "but", "what about", "how about", "en", "maar", "hoe zit het met", "en wat", "und",
    "aber", "was ist mit", "wie ist es mit", "also", "ook", "auch",
)  # fmt: skip

NUMBERS: dict[str, int] = {
    word: value
    for value, words in {
        0: "nul null zero",
        1: "één eins",
        2: "twee zwei two",
        3: "drie drei three",
        4: "vier four",
        5: "vijf fünf five",
        6: "zes sechs six",
        7: "zeven sieben seven",
        8: "acht eight",
        9: "negen neun nine",
        10: "tien zehn ten",
        11: "elf eleven",
        12: "twaalf zwölf twelve",
        13: "dertien dreizehn thirteen",
        14: "veertien vierzehn fourteen",
        15: "vijftien fünfzehn fifteen",
        16: "zestien sechzehn sixteen",
        17: "zeventien siebzehn seventeen",
        18: "achttien achtzehn eighteen",
        19: "negentien neunzehn nineteen",
        20: "twintig zwanzig twenty",
        30: "dertig dreißig thirty",
        40: "veertig vierzig forty",
        50: "vijftig fünfzig fifty",
        60: "zestig sechzig sixty",
        70: "zeventig siebzig seventy",
        80: "tachtig achtzig eighty",
        90: "negentig neunzig ninety",
        300: "driehonderd dreihundert",
    }.items()
    for word in words.split()
}
MULTIPLIERS: dict[str, int] = {
    word: value
    for value, words in {
        100: "honderd hundert hundred",
        1_000: "duizend tausend thousand",
        1_000_000: "miljoen million millionen millions mio mln",
        1_000_000_000: "miljard milliarde milliarden billion billions mrd",
    }.items()
    for word in words.split()
}
MONTHS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "januari januar jänner january",
            "februari februar february",
            "maart märz march",
            "april",
            "mei mai may",
            "juni june",
            "juli july",
            "augustus august",
            "september",
            "oktober october",
            "november",
            "december dezember",
        ),
        start=1,
    )
    for word in words.split()
}
WEEKDAYS: dict[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "maandag montag monday",
            "dinsdag dienstag tuesday",
            "woensdag mittwoch wednesday",
            "donderdag donnerstag thursday",
            "vrijdag freitag friday",
            "zaterdag samstag sonnabend saturday",
            "zondag sonntag sunday",
        ),
        start=1,
    )
    for word in words.split()
}
NEGATIONS = frozenset(
    """
    not no never nor neither none nothing cannot n't t
    niet geen nooit niets niemand noch
    nicht kein keine keinem keinen keiner keines nie niemals nichts niemand weder
    """.split()
)


def content_words(text: str, language: str) -> list[str]:
    """The words of ``text`` that are not function words of its language, each once, in order.

    A function word with a capital inside a sentence is a name or an abbreviation.

    >>> content_words("Was ist Gab?", "de"), content_words("gab es das", "de")
    (['Gab'], [])
    """
    functional = FUNCTION_WORDS.get(language, frozenset())
    found = list(WORD.finditer(text))
    shouted = text.isupper()
    return list(
        dict.fromkeys(
            match.group()
            for n, match in enumerate(found)
            if match.group().lower() not in functional
            or (n > 0 and not shouted and _is_name(match.group(), language))
        )
    )


def _is_name(word: str, language: str) -> bool:
    """Whether a function word's capital makes it a name; not "I", and not German's "Sie"."""
    if language == "de" and word.lower() in _POLITE:
        return False
    return word[0].isupper() and len(word) > 1
