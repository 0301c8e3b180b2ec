"""Does a sentence hold what was asked for: a number, a time, a name, a place, a reason?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.embed import shipped
from qa.question import Question
from qa.values import Value, ValueKind, same, values
from qa.words import WORD

# What a "when" asks for.
_TIMES: frozenset[ValueKind] = frozenset({"date", "weekday", "time", "year"})
_AMOUNTS: frozenset[ValueKind] = frozenset({"number", "percent", "money"})
# Words that tell which amount was asked for.
_SOUGHT: dict[ValueKind, re.Pattern[str]] = {
    "percent": re.compile(r"percent|procent|prozent", re.IGNORECASE),
    "money": re.compile(
        r"\b(?:costs?|prices?|pay|paid|fine|kost(?:te|ten|en)?|kosten|prijs|prijzen|betaal\w*|boete"
        r"|kostete?n?|preise?|zahl(?:t|te|en)|bezahl\w*|bußgeld)\b",
        re.IGNORECASE,
    ),
}
_UNIT = re.compile(
    r"\s(?:(?:kilo|centi|milli)?(?:met(?:er|re)|gram)|km|kg|ton|lit(?:er|re)|mile)", re.IGNORECASE
)
# How near to what is counted the words after a number must come.
_COUNTED = 0.4
_COUNTED_WORDS = 3

_REASONS = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for language, words in {
        "nl": r"omdat|want|doordat|daarom|daardoor|vanwege|wegens|zodat|om\b.*\bte|reden|nadat"
        r"|volgens",
        "de": r"weil|denn|da|deshalb|daher|wegen|aufgrund|damit|um\b.*\bzu|grund|nachdem|laut"
        r"|begründet\w*",
        "en": r"because|since|due to|so that|in order to|owing|therefore|reason|after|according",
    }.items()
}
# Footnote marks behind a sentence, as encyclopedias have them: "It grew.[3][4]"
_MARKS = re.compile(r"(?:\s*\[[\d\s,;–-]+\])+\s*$")
# Capitalised, but not because it opens the sentence.
_NAME = re.compile(r"(?<=[\w,;:] )[A-ZÄÖÜ][\w’'-]+")
_YES_OR_NO = re.compile(r"\W*(?:yes|no|ja|nein|nee)\b", re.IGNORECASE)
# Not the "'s" of Dutch "'s avonds".
_QUOTED = re.compile(r"[\"„“”«»]|(?<!\w)['‘]\w[^'’]*[.,!?\w]['’](?!\w)")
_PLACE = re.compile(
    r"\b(?i:in|at|from|near|aus|nach|bei|im|aan|bij|uit|te|op|auf|an|am|naar)"
    r"\s+(?:[a-zäöüß]+\s)?([A-ZÄÖÜ][\w’'-]*)"
)


def fits(question: Question, text: str, language: str) -> float:
    """1 if a sentence in ``language`` holds something new of the kind asked for, else 0."""
    match question.kind:
        case "how_many":
            numbers = new_values(question, text)
            return float(any(_counts(question, text, number) for number in numbers))
        case "how_much" | "when":
            return float(bool(new_values(question, text)))
        case "who":
            return float(_has_new(question, _NAME.findall(text)))
        case "where":
            return float(_has_new(question, _PLACE.findall(text)))
        case "why":
            reason = _REASONS.get(language)
            return float(reason is not None and reason.search(text) is not None)
        case "quote":
            return float(_QUOTED.search(text) is not None)
        case "yes_no":
            return float(_YES_OR_NO.match(text) is not None)
        case _:
            return 0.0


def _has_new(question: Question, names: Sequence[str]) -> bool:
    known = {term.word.lower() for term in question.terms}
    return any(name.lower() not in known for name in names)


def new_values(question: Question, text: str) -> list[Value]:
    """The values in ``text`` of the kind that was asked for and that the question does not hold."""
    asked = values(question.text)
    new = [v for v in values(text) if not any(same(v, a) for a in asked)]
    if question.kind == "when":
        return [v for v in new if v.kind in _TIMES]
    for kind, pattern in _SOUGHT.items():
        if pattern.search(question.text):
            return [v for v in new if v.kind == kind]
    # What looks like a year may be a number, if what follows is what was asked for.
    return [
        v
        for v in new
        if v.kind in _AMOUNTS
        or (v.kind == "year" and (_counts(question, text, v) or _UNIT.match(text, v.end)))
    ]


def _counts(question: Question, text: str, number: Value) -> bool:
    """Whether a number counts what was asked for: "10 miljoen actieve gebruikers"."""
    after = [word.lower() for word in WORD.findall(text[number.end : number.end + 80])]
    if not after or not question.counted:
        return False
    counted, _ = shipped().words(after[:_COUNTED_WORDS])
    asked, _ = shipped().words(question.counted)
    return bool((asked @ counted.T).max() >= _COUNTED)


def is_statement(text: str) -> bool:
    """Not a headline, which says too little, and not a question, which says nothing.

    >>> is_statement("Gab grows"), is_statement("Does it?"), is_statement("“It does.”")
    (False, False, True)
    """
    unmarked = _MARKS.sub("", text)
    return unmarked.rstrip("\"'”“’»)] ").endswith((".", "!", "…"))
