"""A question: its language, the words that carry it, and what it takes from the turns before."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from index.function_words import FUNCTION_WORDS, votes
from index.types import LANGUAGES
from qa.errors import QuestionError
from qa.kinds import Kind, counted, kind_of
from qa.phrases import PHRASES
from qa.types import Turn
from qa.words import (
    ALL_FUNCTION_WORDS,
    ARTICLES,
    CONTINUING,
    DEMONSTRATIVES,
    EMPTY,
    OPENING_VERBS,
    POINTING,
    POSSESSIVES,
    PREPOSITIONS,
    WORD,
    content_words,
)

MAX_QUESTION_CHARS = 8_000
# What the words of the turns before count beside a follow-up's own; less, the longer ago.
_CARRIED_WEIGHT = 0.5
_FADING = 0.6
_ANSWER_WEIGHT = 0.25
# Of two questions and one answer the few words that mean most. So recall@5 of 147 development
# follow-ups (mtrag_un) is .88: .84 with three times as many words, .75 with none.
_CARRIED_TURNS = 2
_CARRIED_WORDS = 4
# How near a question is to a turn before when it is still about the same; 3 % of pairs of
# questions about different articles (squad2) are.
_SAME_SUBJECT = 0.2
# In "gibt es" the word "es" stands for nothing.
_EXPLETIVE = re.compile(
    r"\b((gibt|gab|geht|handelt|geben) es|es (gibt|gab|geht|handelt|geben))\b", re.I
)
# A clause with so many words of its own names what pronouns of the next may stand for.
_NAMES_ENOUGH = 2
# So few words of its own make a question about nothing yet, unless one is a name.
_FEW = 2
# How sure the language of a few words must be to be another than the question's before.
_SURE = 0.9
_SAID_BY_US = frozenset(phrase for by in PHRASES.values() for phrase in by.values())
_MARK = re.compile(r" ?\[\d+\]")


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the question that carries meaning, and what it counts: 1, less if carried over."""

    word: str  # as typed
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """A question, ready to be searched for."""

    text: str  # as typed
    standalone: str  # the same, understood without the turns before
    language: str  # nl, de or en
    kind: Kind
    terms: tuple[Term, ...]
    counted: tuple[str, ...]  # of "how many", what is counted: the words right after it
    vague: bool  # leans on something said before, and nothing was
    said: str = ""  # the answer that it goes on from, without its markers; "" if there is none

    @property
    def query(self) -> str:
        """What to search for: ``standalone``, and its own words again if it carries others.

        So those decide: with each once, recall@5 of those follow-ups is .86, not .88.
        """
        own = [term.word for term in self.terms if term.weight == 1]
        return self.standalone if len(own) == len(self.terms) else " ".join([self.standalone, *own])


def understand(text: str, history: Sequence[Turn] = ()) -> Question:
    """What is asked, made independent of the conversation.

    Raises:
        QuestionError: there is no question in ``text``, or it is too long.
    """
    asked = clean(text)
    language = language_of(asked, history)
    kind = kind_of(asked, language)
    own = [Term(word) for word in _subjects(asked, language)]
    before = [turn.text for turn in _asked_before(history)][-_CARRIED_TURNS:]
    said = _said(history)
    goes_on = _leans(asked, language, kind, own) or _same_subject(asked, before, said)
    carried = _carried(before, said, own) if goes_on else []
    words = " ".join(term.word for term in carried)
    return Question(
        text=asked,
        standalone=f"{asked} ({words})" if words else asked,
        language=language,
        kind=kind,
        terms=tuple(own + carried),
        counted=counted(asked, language),
        vague=not carried and _says_nothing(asked, language, own),
        # Who asks the same again wants the same answer, and no other.
        said=said if goes_on and asked not in before[-1:] else "",
    )


def respelled(question: Question, spellings: Mapping[str, str]) -> Question:
    """The question with some of its words replaced; its text stays as typed.

    >>> respelled(understand("Who fixed the brigde?"), {"brigde": "bridge"}).standalone
    'Who fixed the bridge?'
    """
    if not spellings:
        return question

    small = {word.lower(): right for word, right in spellings.items()}

    def meant(match: re.Match[str]) -> str:
        word = match.group()
        right = small.get(word.lower(), word)
        return right[0].upper() + right[1:] if word[0].isupper() else right

    terms: dict[str, Term] = {}
    for term in question.terms:
        word = WORD.sub(meant, term.word)
        terms.setdefault(word.lower(), Term(word, term.weight))
    return replace(
        question,
        standalone=WORD.sub(meant, question.standalone),
        terms=tuple(terms.values()),
        counted=tuple(WORD.sub(meant, word).lower() for word in question.counted),
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
    by_language = votes([_with_umlauts(word.lower()) for word in WORD.findall(text)])
    first, second, _ = sorted(by_language.values(), reverse=True)
    if first > second:
        return max(by_language, key=by_language.__getitem__)
    from index.language import identify

    # Capitals mean nothing to the eye here, and much to the identifier.
    found, sureness = identify(text.lower() if text.isupper() else text, among=LANGUAGES)
    before = _asked_before(history)
    if before and sureness < _SURE:
        return language_of(before[-1].text, before[:-1])
    return found or "en"


def _asked_before(history: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in history if turn.role == "user"]


def _with_umlauts(word: str) -> str:
    """A German function word as it is written, of one that was typed without umlauts.

    >>> _with_umlauts("fuer"), _with_umlauts("ausser"), _with_umlauts("neue")
    ('für', 'außer', 'neue')
    """
    if word in ALL_FUNCTION_WORDS:
        return word
    for typed, meant in (("ue", "ü"), ("oe", "ö"), ("ae", "ä"), ("ss", "ß")):
        if (written := word.replace(typed, meant)) in FUNCTION_WORDS["de"]:
            return written
    return word


def _subjects(text: str, language: str) -> list[str]:
    """The content words; without short function words of the other languages, if any is left.

    "Die" in an English question is rare, "de" in one about a Dutch subject common.
    """
    words = content_words(text, language)
    if text.isupper():
        words = [word.lower() for word in words]
    if language == "de":
        words = [w for w in words if w == _with_umlauts(w)]
    if text.isupper() or text[1:].islower():  # a name has no capital here to know it by
        return words
    strict = [
        w for w in words if len(w) > 3 or w.lower() not in ALL_FUNCTION_WORDS or w[0].isupper()
    ]
    return strict or words


def _leans(text: str, language: str, kind: Kind, own: Sequence[Term]) -> bool:
    """Whether a question goes on from what was said before."""
    opening = text.lower()
    return (
        (_too_few(text, language, own) and kind != "definition")
        or any(opening.startswith(f"{start} ") for start in CONTINUING)
        or _points_back(text, language)
    )


def _points_back(text: str, language: str) -> bool:
    """Whether a word stands for something that the question does not name.

    A possessive may stand for what is named before it; what follows a noun or a comma is a
    relative clause: "the year that", "het huis dat", "die Bank, die".
    """
    whole = _EXPLETIVE.sub("", text)
    head, comma, _ = whole.partition(",")
    if not comma or len(content_words(head, language)) < _NAMES_ENOUGH:
        head = whole
    # Inside a sentence "Sie" is whom the question is put to.
    polite = head[:1] + head[1:].replace(" Sie", "") if language == "de" else head
    words = [word.lower() for word in WORD.findall(polite)]
    return any(_stands_for_another(words, at, language) for at in range(len(words)))


def _stands_for_another(words: Sequence[str], at: int, language: str) -> bool:
    word, before, after = words[at], words[:at], words[at + 1 :]
    functional = FUNCTION_WORDS[language] | OPENING_VERBS[language]
    after_grammar = not before or before[-1] in functional
    if word in POSSESSIVES[language]:
        return functional.issuperset(before)
    if word in DEMONSTRATIVES[language]:
        return after_grammar or not after
    if word in ARTICLES[language]:
        return after_grammar and (not after or after[0] in functional - PREPOSITIONS)
    if word == "zijn":  # "Wat is zijn leeftijd?" points, "De molens zijn oud" does not
        return before[-1:] != ["zijn"] and not OPENING_VERBS["nl"].isdisjoint(before[-1:])
    return word in POINTING[language] or (word == "there" and not after)


def _too_few(text: str, language: str, own: Sequence[Term]) -> bool:
    """Whether a question has too few words of its own to be about something.

    "How many users in total?" has; "What is the capital of Mongolia?" has not, for a name is
    a subject. German writes every noun with a capital, so there only the count tells.
    """
    if language == "de":
        return len(own) < _FEW
    named = any(t.word[0].isupper() and not text.startswith(t.word) for t in own)
    return len(own) <= _FEW and not named


def _says_nothing(text: str, language: str, own: Sequence[Term]) -> bool:
    """Whether nobody could tell what a question is about: "and why?", "how old is she?"."""
    if any(term.word.lower() not in EMPTY[language] for term in own):
        return False
    return len(own) <= _FEW or _points_back(text, language)


def _same_subject(text: str, before: Sequence[str], said: str) -> bool:
    """Whether a question is near to what was said before."""
    if not before:
        return False
    from index.embed import shipped

    nearness = shipped().passages([*before, said]) @ shipped().query(text)
    return bool(nearness.max() >= _SAME_SUBJECT)


def _carried(before: Sequence[str], said: str, own: Sequence[Term]) -> list[Term]:
    """The heaviest words of the turns before, those of the latest question first."""
    turns = [(text, _CARRIED_WEIGHT * _FADING**ago) for ago, text in enumerate(reversed(before))]
    seen = {term.word.lower() for term in own}
    carried: list[Term] = []
    for text, weight in [*turns, (said, _ANSWER_WEIGHT)]:
        words = {word.lower(): word for word in _subjects(text, language_of(text))}
        fresh = [word for small, word in words.items() if small not in seen]
        carried += [Term(word, weight) for word in _heaviest(fresh)]
        seen |= {term.word.lower() for term in carried}
    return carried


def _heaviest(words: list[str]) -> list[str]:
    """The few that tell most about what a text is about, the heaviest first."""
    from index.embed import shipped

    _, weights = shipped().words([word.lower() for word in words])
    order = sorted(range(len(words)), key=lambda n: -weights[n])
    return [words[n] for n in order[:_CARRIED_WORDS]]


def _said(history: Sequence[Turn]) -> str:
    """The last answer's words: none of its markers, nothing of a refusal."""
    answers = [turn.text for turn in history if turn.role == "assistant"]
    if not answers or answers[-1].strip() in _SAID_BY_US:
        return ""
    return " ".join(_MARK.sub("", answers[-1]).split())
