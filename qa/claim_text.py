"""A claim and its sources as words: what every check of ``claims`` looks at."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.embed import Vectors, shipped
from qa.words import WORD

# An ending is at most so long, and what it ends at least so.
_ENDING, _BODY = 3, 4


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence and its language: one that is cited, or the claim itself."""

    text: str
    language: str


@lru_cache(maxsize=10_000)
def words(text: str) -> tuple[tuple[str, int], ...]:
    """Each word of a text and where it stands."""
    return tuple((match.group(), match.start()) for match in WORD.finditer(text))


def small_words(sources: Iterable[Source]) -> frozenset[str]:
    """All words of sentences in lower case."""
    return frozenset(word.lower() for source in sources for word, _ in words(source.text))


@lru_cache(maxsize=50_000)
def plain(word: str) -> str:
    """A word in lower case without accents.

    >>> plain("Bensaïd")
    'bensaid'
    """
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c))


def is_form(one: str, other: str) -> bool:
    """Whether two words are one but for an ending.

    >>> is_form("Berlin", "Berliner"), is_form("Goodwin", "Goodwins"), is_form("Ann", "Anna")
    (True, True, False)
    """
    short, long = sorted((plain(one), plain(other)), key=len)
    return short == long or (
        len(short) >= _BODY and long.startswith(short) and len(long) - len(short) <= _ENDING
    )


def cosines(one: Sequence[str], two: Sequence[str]) -> Vectors:
    """(n_one, n_two) cosines of words."""
    rows, _ = shipped().words([word.lower() for word in one])
    columns, _ = shipped().words([word.lower() for word in two])
    near: Vectors = rows @ columns.T
    return near
