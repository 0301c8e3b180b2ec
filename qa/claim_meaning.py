"""Does a claim mean what its sources do, and add nothing? Told by the vectors of its words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.embed import shipped
from index.lexical import stem
from qa.claim_names import SAYS
from qa.claim_text import Source, cosines, is_form, words
from qa.claim_values import value_words
from qa.types import Check
from qa.words import content_words

# Cosine of a claim with what it cites below which the two are about other things.
_SAME_SUBJECT = 0.3
# A word that comes nearer than this to none of the source says something new.
_NEAR = 0.4
# How much may be new in a row, cosines short of that times the rarity of the words: of two or
# three words that are rather rare, say.
_NEW_IN_A_ROW = 0.9
# How near, on the average, the words of a phrase must come, once they are as rare as one name.
_COVERED, _PHRASE_SIZE, _PHRASE_WORDS = 0.18, 1.0, 2
_UNKNOWN = 1.5  # the rarity of a word of which no part is known
# Where a phrase ends: at what may join an addition to a sentence.
_PHRASE = re.compile(
    r"(?<!\d)[,;:](?!\d)|[–—()]|\b(?:but|and|while|although|because|which|who|after|due|that|with|for"
    r"|so|maar|en|terwijl|hoewel|omdat|waarna|waardoor|vanwege|wegens|dat|die|met|voor"
    r"|aber|und|während|obwohl|weil|sondern|wegen|nachdem|mit|für|der|das|zu|des)\b",
    re.IGNORECASE,
)

_Weighed = list[tuple[str, float, float]]
"""Words with their cosine to the nearest word of the sources, and how rare they are."""


def check_meaning(claim: Source, sources: Sequence[Source]) -> Check:
    """Whether all of a claim comes near something in the sources.

    Of a part that was added few words do: those of a phrase taken together, or several in a row.
    """
    rows = shipped().sentences([source.text for source in sources])
    if float((rows @ shipped().query(claim.text)).max()) < _SAME_SUBJECT:
        return Check("meaning", False, tuple(content_words(claim.text, claim.language)))
    for text in filter(None, _PHRASE.split(claim.text)):
        phrase = _weighed(text, claim.language, sources)
        if _is_new(phrase):
            return Check("meaning", False, tuple(word for word, _, _ in phrase))
    run = _newest_run(_weighed(claim.text, claim.language, sources))
    return Check("meaning", not run, run)


def _is_new(phrase: _Weighed) -> bool:
    size = sum(rarity for _, _, rarity in phrase)
    covered = sum(near * rarity for _, near, rarity in phrase)
    return len(phrase) >= _PHRASE_WORDS and size >= _PHRASE_SIZE and covered < _COVERED * size


def _newest_run(phrase: _Weighed) -> tuple[str, ...]:
    """The words in a row that are newest together (Kadane's algorithm), if they are new enough."""
    best, start, total, run = 0.0, 0, 0.0, (0, 0)
    for n, (_, near, rarity) in enumerate(phrase):
        if total <= 0.0:
            start, total = n, 0.0
        total += (_NEAR - near) * rarity
        if total > best:
            best, run = total, (start, n + 1)
    return tuple(word for word, _, _ in phrase[slice(*run)]) if best > _NEW_IN_A_ROW else ()


def _weighed(text: str, language: str, sources: Sequence[Source]) -> _Weighed:
    """The content words of a text but verbs of saying, which add nothing."""
    ours = [word for word in content_words(text, language) if not SAYS.fullmatch(word)]
    theirs = [word for source in sources for word in content_words(source.text, source.language)]
    if not ours or not theirs:
        return []
    nearest = cosines(ours, theirs).max(axis=1)
    _, rarity = shipped().words([word.lower() for word in ours])
    stems = {stem(word, s.language) for s in sources for word, _ in words(s.text)} - {""}
    valued = value_words(text)
    return [
        (
            word,
            1.0
            if word.lower() in valued or _is_known(word, language, stems, theirs)
            else float(near),
            float(rare) or _UNKNOWN,
        )
        for word, near, rare in zip(ours, nearest, rarity, strict=True)
    ]


def _is_known(word: str, language: str, stems: set[str], theirs: Sequence[str]) -> bool:
    """Whether a word is in the sources."""
    return stem(word, language) in stems or any(is_form(word, other) for other in theirs)
