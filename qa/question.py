"""A question: its language, what kind of answer it expects, and the words that carry it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from index.function_words import FUNCTION_WORDS, votes
from index.types import LANGUAGES
from qa.errors import QuestionError
from qa.phrases import PHRASES
from qa.types import Turn
from qa.words import (
    ALL_FUNCTION_WORDS,
    ARTICLES,
    CONTINUING,
    POINTING,
    WORD,
    content_words,
)

MAX_QUESTION_CHARS = 8_000
# What an earlier turn's words count in a follow-up, and how that fades a turn further back:
# the values that found most on development follow-ups (nDCG@10 .92, against .79 without).
CARRIED_WEIGHT = 0.5
_FADING = 0.6
_CARRIED_TURNS = 3
_CARRIED_WORDS = 12
# From an answer only its subjects: it is longer than a question and says much by the way.
_ANSWER_WEIGHT = 0.25
_ANSWER_CHARS = 400
_ANSWER_WORDS = 4

# "How many new users": an adjective and its noun.
_COUNTED_WORDS = 2

Kind = Literal["who", "when", "where", "how_many", "how_much", "why", "other"]

_KINDS: dict[Kind, dict[str, str]] = {
    "how_many": {
        "nl": r"hoeveel|welk aantal",
        "de": r"wie ?viele[nrm]?|welche (?:an)?zahl",
        "en": r"how many|what number",
    },
    "how_much": {
        "nl": r"hoe (?:veel|lang|oud|groot|hoog|ver|vaak|duur|snel)|welk percentage",
        "de": r"wie ?viel|wie (?:lange?|alt|groß|hoch|weit|oft|teuer|schnell)|was kostet",
        "en": r"how (?:much|long|old|big|large|high|far|often|tall|fast)|what percentage",
    },
    "when": {
        "nl": r"wanneer|hoe laat|sinds wanneer|welk(?:e)? (?:dag|datum|jaar|maand|eeuw)",
        "de": r"wann|um wie viel uhr|seit wann|welche[mnrs]? (?:tag|datum|jahr|monat|jahrhundert)",
        "en": r"when|what time|since when|(?:what|which) (?:day|date|year|month|century)",
    },
    "where": {
        "nl": r"waar|waarheen|waar\s?vandaan|welk(?:e)? (?:stad|land|plaats|plek|zender|regio)",
        "de": r"wo|woher|wohin|welche[mnrs]? (?:stadt|land|ort|sender|region)",
        "en": r"where|(?:what|which) (?:city|country|place|town|region|channel|state)",
    },
    "who": {
        "nl": r"wie|wiens|welk(?:e)? (?:bedrijf|bedrijven|persoon|mensen|krant|medium|organisatie)",
        "de": r"wer|wen|wem|wessen|welche[mnrs]? (?:firma|unternehmen|person|medium|zeitung)",
        "en": r"who|whom|whose|(?:what|which) (?:company|companies|person|people|newspaper)",
    },
    "why": {
        "nl": r"waarom|hoezo|waardoor|om welke reden|hoe komt het",
        "de": r"warum|weshalb|wieso|weswegen|aus welchem grund",
        "en": r"why|how come|for what reason|what (?:reason|caused)",
    },
}
_PATTERNS: dict[Kind, dict[str, re.Pattern[str]]] = {
    kind: {language: re.compile(rf"\b(?:{pattern})\b") for language, pattern in by.items()}
    for kind, by in _KINDS.items()
}


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question that carries meaning, and what it counts: 1, less if carried over."""

    word: str  # as typed
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question, ready to be searched for."""

    text: str
    standalone: str  # the same, understood without the turns before
    language: str  # nl, de or en
    kind: Kind
    terms: tuple[Term, ...]
    counted: tuple[str, ...]  # of "how many", what is counted: the words right after it
    vague: bool  # leans on something said before, and nothing was


def understand(text: str, history: Sequence[Turn] = ()) -> Question:
    """What is asked, made independent of the conversation.

    Raises:
        QuestionError: there is no question in ``text``, or it is too long.
    """
    asked = clean(text)
    language = language_of(asked, history)
    own = [Term(word) for word in _subjects(asked, language)]
    leaning = _leans(asked, language, own)
    carried = _carried(history, own) if leaning else []
    words = " ".join(term.word for term in carried)
    return Question(
        text=asked,
        standalone=f"{asked} ({words})" if words else asked,
        language=language,
        kind=kind_of(asked, language),
        terms=tuple(own + carried),
        counted=_counted(asked, language),
        vague=not own and not carried,
    )


def clean(text: str) -> str:
    r"""The question as text: composed characters, single spaces, no controls.

    >>> clean("  Why\x00 did\n Amazon? ")
    'Why did Amazon?'

    Raises:
        QuestionError: nothing to ask is left, or it is too long.
    """
    if not isinstance(text, str):
        raise QuestionError(f"A question is text, not {type(text).__name__}")
    if len(text) > MAX_QUESTION_CHARS:
        raise QuestionError(
            f"The question has {len(text):,} characters, more than {MAX_QUESTION_CHARS:,}; "
            "ask it shorter",
            "too_long",
        )
    # Controls, format characters (bidirectional overrides, zero width) and surrogates go.
    kept = "".join(
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in text
        if c.isspace() or unicodedata.category(c) not in {"Cf", "Cs", "Co", "Cn"}
    )
    asked = " ".join(unicodedata.normalize("NFKC", kept).split())
    if not any(c.isalnum() for c in asked):
        raise QuestionError("There is no question; ask something in words", "empty")
    return asked


def language_of(text: str, history: Sequence[Turn] = ()) -> str:
    """nl, de or en, the likeliest.

    The function words vote first: they are in most questions, and loading the identifier
    takes as long as all the rest of an answer. It decides where they do not (1 in 100).
    """
    words = [word.lower() for word in WORD.findall(text)]
    by_language = votes(words)
    first, second, _ = sorted(by_language.values(), reverse=True)
    if first > second:
        return max(by_language, key=by_language.__getitem__)
    from index.language import identify

    # Capitals mean nothing to the eye here, and much to the identifier.
    found, _ = identify(text.lower() if text.isupper() else text, among=LANGUAGES)
    if not found and history:
        return language_of(history[-1].text)
    return found or "en"


def kind_of(text: str, language: str) -> Kind:
    """What kind of answer is expected: by the question word that comes first.

    >>> kind_of("How many users does Gab have, and when did it start?", "en")
    'how_many'
    """
    lowered = text.lower()
    found = [
        (match.start(), kind)
        for kind, patterns in _PATTERNS.items()
        if (match := patterns[language].search(lowered))
    ]
    return min(found)[1] if found else "other"


def _counted(text: str, language: str) -> tuple[str, ...]:
    asked = _PATTERNS["how_many"][language].search(text.lower())
    if asked is None:
        return ()
    return tuple(w.lower() for w in content_words(text[asked.end() :], language)[:_COUNTED_WORDS])


def _subjects(text: str, language: str) -> list[str]:
    """The content words; without short function words of the other languages, if any is left.

    "Die" in an English question is rare, "de" in one about a Dutch subject common.
    """
    words = content_words(text, language)
    strict = [
        w for w in words if len(w) > 3 or w.lower() not in ALL_FUNCTION_WORDS or w[0].isupper()
    ]
    return strict or words


def _leans(text: str, language: str, own: Sequence[Term]) -> bool:
    """Whether a question goes on from what was said before."""
    words = [word.lower() for word in WORD.findall(text)]
    opening = text.lower()
    return (
        _too_few(text, language, own)
        or any(opening.startswith(f"{start} ") for start in CONTINUING)
        or any(word in POINTING[language] for word in words)
        or any(
            word in ARTICLES[language] and (not after or after in FUNCTION_WORDS[language])
            for word, after in pairwise([*words, ""])
        )
    )


def _too_few(text: str, language: str, own: Sequence[Term]) -> bool:
    """Whether a question has too few words of its own to be about something.

    "How many users in total?" has; "What is the capital of Mongolia?" has not, for a name is
    a subject. German writes every noun with a capital, so there only the count tells.
    """
    if language == "de":
        return len(own) <= 1
    named = any(t.word[0].isupper() and not text.startswith(t.word) for t in own)
    return len(own) <= 2 and (not named or text.isupper())


def _carried(history: Sequence[Turn], own: Sequence[Term]) -> list[Term]:
    """Words of the turns before, those of the latest question first and heaviest."""
    seen = {term.word.lower() for term in own}
    carried: list[Term] = []
    asked = [turn.text for turn in history if turn.role == "user"][-_CARRIED_TURNS:]
    said = [_without_marks(turn.text) for turn in history if turn.role == "assistant"][-1:]
    weighted = [(t, CARRIED_WEIGHT * _FADING**n) for n, t in enumerate(reversed(asked))]
    weighted += [(t, _ANSWER_WEIGHT) for t in said]
    for text, weight in weighted:
        words = _subjects(text, language_of(text))
        if weight == _ANSWER_WEIGHT:
            words = [word for word in words if word[0].isupper()][:_ANSWER_WORDS]
        for word in words[:_CARRIED_WORDS]:
            if word.lower() not in seen:
                seen.add(word.lower())
                carried.append(Term(word, weight))
    return carried


_SAID_BY_US = frozenset(phrase for by in PHRASES.values() for phrase in by.values())
_MARK = re.compile(r"\[\d+\]")


def _without_marks(text: str) -> str:
    """An answer's words: none of its markers, nothing of a refusal."""
    return "" if text.strip() in _SAID_BY_US else _MARK.sub("", text)[:_ANSWER_CHARS]
