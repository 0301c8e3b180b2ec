"""What flows through the index: documents in, chunks inside, hits out. Plain frozen data."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from dataclasses import dataclass

#: The languages that are stemmed, embedded and answered in; any other is searched by its words.
LANGUAGES = ("nl", "de", "en")
# About three sentences: a static embedding is a mean of words, and blurs over longer text.
TARGET_CHARS = 400
# No sentence is cited that nobody would read; also bounds text without any punctuation.
MAX_SENTENCE_CHARS = 800
# Part of every store's manifest: chunks are reused only when it is the same.
CHUNKING = f"sentences-{TARGET_CHARS}-{MAX_SENTENCE_CHARS}-v1"


@dataclass(frozen=True, slots=True)
class Document:
    """One source. Every offset anywhere counts code points of ``text``, half-open."""

    id: str
    text: str
    title: str
    language: str  # ISO 639-1; "" when the text is too short to tell
    date: str | None  # as the source gives it: YYYY, YYYY-MM or YYYY-MM-DD
    source: str  # the path or address a person would look for
    pages: tuple[int, ...] = ()  # where each page starts; empty: the format has no pages

    @property
    def sha256(self) -> str:
        """The hash of the text in UTF-8, as 64 hex digits.

        >>> Document("a", "tekst", "", "nl", None, "a.txt").sha256[:8]
        '324d0315'
        """
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    def page_at(self, offset: int) -> int | None:
        """The page that holds ``offset``, counted from 1; None for a format without pages.

        >>> Document("a", "eerste tweede", "", "nl", None, "a.pdf", pages=(0, 7)).page_at(7)
        2
        """
        return bisect_right(self.pages, offset) or None if self.pages else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences: ``text == document.text[start:end]``, always."""

    id: str
    doc_id: str
    start: int
    end: int
    text: str
    sentences: tuple[tuple[int, int], ...]  # (start, end) in the document, in order


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, and how well: higher is better, rank counts from 1."""

    chunk: Chunk
    rank: int
    score: float  # dense + the weighted lexical score; comparable within one search only
    dense: float  # cosine, -1..1
    lexical: float  # BM25, 0 when no word matched


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or line that was not indexed, and why, in words for the person who gave it."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did. Document ids, sorted; ``refused`` in the order met."""

    generation: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    refused: tuple[Refused, ...]
    left_out: int  # hidden files and symbolic links, which are never read
    n_chunks: int
    mended: tuple[str, ...] = ()  # damaged parts of the index that were made anew


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """A document as a list of sources shows it: all but its text."""

    id: str
    title: str
    language: str
    date: str | None
    source: str
    size_chars: int
    sha256: str
