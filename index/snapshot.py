"""One generation, open for reading: everything a question needs comes from the same state."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed import Embedder
from index.errors import EmbeddingMismatchError, UnknownDocumentError
from index.fuse import fuse
from index.generation import TRUTH, VECTORS, WORDS, read_manifest
from index.truth import Origin, Truth
from index.types import Chunk, Document, DocumentEntry, Hit

if TYPE_CHECKING:
    from index.lexical import Words
    from index.vectors import Vectors

# How deep each side is searched before the two are fused. A chunk beyond both depths is lost;
# one beyond only the lexical depth counts as having no word of the question.
_DEPTH = 100


# How many snapshots of each generation's folder this process holds.
_open: Counter[Path] = Counter()
_counting = threading.Lock()


def held(store: Path) -> set[str]:
    """The generations of a store that this process is reading."""
    with _counting:
        return {folder.name for folder in _open if folder.parent == store.absolute()}


class Snapshot:
    """Documents and search of one generation. Safe to use from several threads."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Open the generation in ``folder``.

        Raises:
            EmbeddingMismatchError: it was built with another embedding model.
            StoreDamagedError: a part cannot be read.
        """
        self.manifest = read_manifest(folder)
        if self.manifest.embedding != embedder.id:
            raise EmbeddingMismatchError(
                f"The index in {folder.parent} was built with the embedding "
                f"{self.manifest.embedding!r}, not {embedder.id!r}; "
                "open it with that one, or run: qa index --rebuild"
            )
        self._folder = folder
        self._embedder = embedder
        self._truth = Truth.open(folder / TRUTH)
        self._opening = threading.Lock()
        with _counting:
            _open[folder.absolute()] += 1

    @property
    def name(self) -> str:
        """The generation's name."""
        return self.manifest.generation

    @cached_property
    def _words(self) -> Words:
        from index.lexical import Words

        return Words(self._folder / WORDS)

    @cached_property
    def _vectors(self) -> Vectors:
        from index.vectors import Vectors

        return Vectors(self._folder / VECTORS)

    def documents(self) -> list[DocumentEntry]:
        """Every document but its text, sorted by id."""
        return self._truth.entries()

    def document(self, doc_id: str) -> Document:
        """The document with its exact text.

        Raises:
            UnknownDocumentError: there is none with that id.
        """
        return self._truth.document(doc_id)

    def origins(self) -> dict[str, Origin]:
        """For each document's id the file it came from, sorted by id."""
        return self._truth.origins()

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
    ) -> list[Hit]:
        """The ``k`` chunks that fit best, best first, by meaning and by words.

        ``sources`` restricts the search to documents by id, ``languages`` by language; the
        best of a narrow selection are found exactly, not cut from the best of everything.

        Raises:
            EmbeddingMismatchError: the embedding gives vectors of another length.
            UnknownDocumentError: one of ``sources`` is no document's id.
            ValueError: ``k`` is negative.
        """
        if k < 0:
            raise ValueError(f"k is how many chunks to find, not {k}")
        self._check(sources)
        if not self.manifest.n_chunks or not k:
            return []
        restricted = sources is not None or languages is not None
        among = self._truth.numbers(sources=sources, languages=languages) if restricted else None
        depth = min(max(_DEPTH, k), self.manifest.n_chunks)
        with self._opening:
            words, vectors = self._words, self._vectors
        lexical = dict(words.search(query, depth, among=among))
        vector = self._embedder.query(query.encode("utf-8", "ignore").decode("utf-8"))
        if len(vector) != self.manifest.dim:
            raise EmbeddingMismatchError(
                f"The index in {self._folder.parent} holds vectors of {self.manifest.dim} "
                f"numbers, the embedding {self._embedder.id!r} gives {len(vector)}; "
                "run: qa index --rebuild"
            )
        dense: dict[int, float] = {}
        if among is None:
            found = dict(vectors.search(vector, depth))
            dense = {twin: found[number] for number, twin in self._truth.alike(list(found))}
        missing = sorted(lexical.keys() - dense.keys()) if among is None else among
        rows = self._truth.vectors(missing, self.manifest.dim)
        dense |= {number: float(row @ vector) for number, row in rows.items()}
        best = fuse(dense, lexical)[:k]
        chunks = self._truth.chunks([number for number, _ in best])
        return [
            Hit(chunks[number], rank, score, dense.get(number, 0.0), lexical.get(number, 0.0))
            for rank, (number, score) in enumerate(best, start=1)
        ]

    def spellings(self, words: Sequence[str], language: str) -> dict[str, str]:
        """For each word that was likely mistyped the word of the documents that was meant.

        A word is left as it is if a document has it in any form, if the shipped embedding knows
        it (most words of a question are of a language that the documents are not in), or if
        ``Words.spelling`` finds none.
        """
        if not self.manifest.n_chunks:
            return {}
        from index.embed import shipped

        with self._opening:
            index = self._words
        return {
            word: meant
            for word in words
            if not index.holds(word)
            and not shipped().knows(word)
            and (meant := index.spelling(word, language))
        }

    def neighbours(self, chunks: Iterable[Chunk]) -> list[Chunk]:
        """The chunks right before and after these in their documents, in reading order."""
        given = {chunk.id: chunk.doc_id for chunk in chunks}
        numbers = self._truth.numbers_of(list(given), sorted(set(given.values())))
        beside = {(n + step, given[id_]) for n, id_ in numbers for step in (-1, 1)}
        found = self._truth.chunks(sorted({n for n, _ in beside} - {n for n, _ in numbers}))
        return [found[n] for n in sorted(found) if (n, found[n].doc_id) in beside]

    def close(self) -> None:
        """Let go of every file; nobody may be searching."""
        if "_vectors" in self.__dict__:
            self._vectors.close()
        self._truth.close()
        with _counting:
            _open[self._folder.absolute()] -= 1
            if not _open[self._folder.absolute()]:
                del _open[self._folder.absolute()]

    def _check(self, sources: Sequence[str] | None) -> None:
        if sources is None:
            return
        unknown = sorted(set(sources) - self.manifest.documents.keys())
        if unknown:
            raise UnknownDocumentError(
                f"No document has the id {unknown[0]!r}; qa sources lists those there are"
            )
