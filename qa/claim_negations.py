"""Does a claim deny what its sources state, or say the opposite of a word of theirs?"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache, lru_cache

from index.embed import shipped
from index.lexical import stem
from index.types import LANGUAGES
from qa.claim_text import Source, words
from qa.claim_words import DENIALS, IMPLIED, OPPOSITES, SEPARABLE, WITHOUT
from qa.types import Check
from qa.values import values
from qa.words import NEGATIONS

_MORE = "more|longer|later|less|fewer|meer|langer|later|minder|mehr|länger|später|weniger"
# What denies nothing: "not before May" is from May on, "not more than ten" at most ten.
_NO_DENIAL = re.compile(
    r"\bnot (?:until|only|just|least)\b|\bnot (?=(?:\w+ ){0,6}before\b)"
    r"|\bniet (?:eerder|alleen|slechts)\b|\bniet (?=v(?:óó|oo)r (?:\d|\w+dag\b|het einde|eind\b))"
    r"|\bnicht (?:eher|nur|bloß|zuletzt)\b|\bnicht (?=vor (?:\d|dem \d|\w+tag\b|Ende\b))"
    rf"|\b(?:not|no|never|niet|nooit|geen|nicht|nie|kein\w*) (?:{_MORE}) (?:than|dan|als)\b"
    r"|\bnot without\b|\bniet zonder\b|\bnicht ohne\b"
    r"|\bnor\b|\bnoch\b",  # German's "noch" is no "neither"
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_CLAUSE = re.compile(
    r",(?!\s(?:dass|dat|that|ob|of|zu|te)\b)|[;:–—()]"
    r"|\b(?:but|and|while|although|because|after|before|maar|en|terwijl|hoewel|omdat|nadat|voordat"
    r"|aber|und|während|obwohl|weil|sondern|nachdem|bevor)\b",
    re.IGNORECASE,
)
# "unhurt", "ongedeerd", "unverletzt"; not "under" or "ontvangen"
_UN = re.compile(
    r"(?:un|on)(?!der|ter|til|it|iv|io|iq|se|t|z|e|ly|ce|line)\w{4,}(?<!heid|eden|keit|iten|ness)(?<!ung|ity)"
)
# Cosine of two clauses of which one says what the other does; and how much less near than the
# nearest another may be, and still be meant.
_RESTATED, _RIVAL = 0.45, 0.1
_BOUND = re.compile(r"\b(?:more|less|fewer|meer|minder|mehr|weniger) (?:than|dan|als) $", re.I)
_CLAUSE_WORDS = 3  # of fewer the embedding makes little

Side = tuple[int, int]
"""A pair of opposites and which of the two."""


def check_negation(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether a claim denies and affirms what its sources do; None if it does not deny.

    A word and its opposite with a denial are the same: "was not approved", "was rejected".
    """
    whole = " ".join(source.text for source in sources)
    parts = [clause for source in sources for clause in _clauses(source.text)]
    opposite = _opposite(claim, parts, _sides_in(whole))
    if opposite:
        return Check("negation", False, (opposite,))
    ours, theirs = _denials(claim.text), _denials(whole)
    n_ours, n_theirs = len(ours) - _n_only(ours), len(theirs) - _n_only(theirs)
    turned = (n_ours > n_theirs and _denies_anew(claim, parts)) or (
        n_ours < n_theirs and _leaves_out_denial(claim, parts)
    )
    return Check("negation", not turned, ours) if ours or turned else None


def _denials(text: str) -> tuple[str, ...]:
    """The words that deny, in a text.

    >>> _denials("It did not open before May, and no one isn't glad."), _denials("Noch drei.")
    (('no', "isn't"), ())
    """
    found = _WORD.findall(_NO_DENIAL.sub(" ", text))
    return tuple(
        word for word in found if (w := word.lower().replace("’", "'")) in NEGATIONS or w in DENIALS
    )


def _n_only(denials: Sequence[str]) -> int:
    """How many denials only restrict: "not allowed without the consent" is allowed with it."""
    small = [word.lower() for word in denials]
    without = sum(word in WITHOUT for word in small)
    return 2 * min(without, len(small) - without)


def _is_negative(clause: str, known: Collection[str] = ()) -> bool:
    """Whether a clause says that something is not so, by a denial or by what a word implies.

    Words that are ``known`` imply nothing new.
    """
    denials = _denials(clause)
    if len(denials) > _n_only(denials):
        return True
    return any(
        (word in IMPLIED or _UN.fullmatch(word) is not None) and word not in known
        for word in _meant(clause)
    )


def _denies_anew(claim: Source, theirs: Sequence[str]) -> bool:
    """Whether a clause of the claim denies what none of the nearest ones of its sources does."""
    known = set(_meant(claim.text))
    for clause in _clauses(claim.text):
        if not _denials(clause):
            continue
        if not any(_is_negative(part, known) for part in _nearest(clause, theirs)):
            return True
    return False


def _leaves_out_denial(claim: Source, theirs: Sequence[str]) -> bool:
    """Whether the claim says what a clause of its sources says, but not that it is not so."""
    ours = _clauses(claim.text)
    for part in theirs:
        denials = _denials(part)
        if len(denials) <= _n_only(denials):
            continue
        rivals = _nearest(part, ours, at_least=_RESTATED)
        known = set(_meant(part))
        if rivals and not any(_is_negative(clause, known) for clause in rivals):
            return True
    return False


def _clauses(text: str) -> list[str]:
    parts = [part.strip() for part in _CLAUSE.split(text)]
    return [part for part in parts if len(part.split()) >= _CLAUSE_WORDS] or [text]


def _nearest(clause: str, others: Sequence[str], *, at_least: float = -1.0) -> list[str]:
    """The one of the other clauses that is nearest to this one, and those about as near."""
    near = shipped().sentences(others) @ shipped().query(clause)
    bound = max(at_least, near.max() - _RIVAL)
    return [other for other, n in zip(others, near, strict=True) if n >= bound]


def _opposite(claim: Source, theirs: Sequence[str], everything: frozenset[Side]) -> str | None:
    """A word of the claim of which the nearest clause of its sources says the opposite, and not it.

    With a denial more, or less, it says the same. ``everything``: the sides of all that they say.
    """
    for clause in _clauses(claim.text):
        rivals = _nearest(clause, theirs)
        if all((len(_denials(clause)) - len(_denials(rival))) % 2 for rival in rivals):
            continue
        near = frozenset().union(*map(_sides_in, rivals))
        for word in _meant(clause):
            for pair, side in _sides(word):
                told = near if (pair, 1 - side) in near else everything
                if (pair, 1 - side) in told and (pair, side) not in told:
                    return _as_said(word, clause)
    return None


def _meant(text: str) -> list[str]:
    """The words of a text in lower case but "more than 60", verbs that stand apart put together.

    >>> _meant("Zij keurde het plan af.")[-1]
    'afgekeurd'
    """
    bounds = [(v.start, _BOUND.search(text, 0, v.start)) for v in values(text) if v.kind != "year"]
    taken = [(bound.start(), start) for start, bound in bounds if bound]
    found = [
        word.lower()
        for word, at in words(text)
        if not any(start <= at < end for start, end in taken)
    ]
    apart = [(verb, end) for n, verb in enumerate(found) for end in found[n + 1 :]]
    return found + [SEPARABLE[pair] for pair in apart if pair in SEPARABLE]


def _as_said(meant: str, text: str) -> str:
    """The word of a text that means this: of "nam … aan" the verb."""
    said = [word for word, _ in words(text)]
    verbs = {verb for (verb, _), whole in SEPARABLE.items() if whole == meant} | {meant}
    return next(word for word in said if word.lower() in verbs)


def _sides_in(text: str) -> frozenset[Side]:
    return frozenset().union(*map(_sides, _meant(text)))


@lru_cache(maxsize=50_000)
def _sides(word: str) -> frozenset[Side]:
    """Of which pairs of opposites a word is on which side, in whatever form and language."""
    return frozenset().union(*(_opposites().get(form, frozenset()) for form in _forms(word)))


@cache
def _opposites() -> dict[str, frozenset[Side]]:
    found: dict[str, frozenset[Side]] = {}
    for n, pair in enumerate(OPPOSITES):
        for side, said in enumerate(pair):
            for form in {form for word in said for form in _forms(word)}:
                found[form] = found.get(form, frozenset()) | {(n, side)}
    return found


def _forms(word: str) -> set[str]:
    """A word and its stems."""
    return {word.lower(), *(stem(word, language) for language in LANGUAGES)} - {""}
