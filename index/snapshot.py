"""One generation, open for reading: everything a question needs comes from the same state."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from index.embed import Embedder
from index.embed import Vectors as Rows
from index.errors import EmbeddingMismatchError, StoreDamagedError, UnknownDocumentError
from index.fuse import fuse
from index.generation import (
    TRUTH,
    VECTORS,
    WORDS,
    forget,
    graph_marks,
    hash_faults,
    read_manifest,
    remember,
)
from index.truth import Origin, Truth
from index.types import Chunk, Document, DocumentEntry, Hit
from index.verify import damaged_truth, faults

if TYPE_CHECKING:
    from index.lexical import Words
    from index.vectors import Vectors

_log = logging.getLogger(__name__)
# How deep each side is searched before the two are fused. A chunk beyond both depths is lost;
# one beyond only the lexical depth counts as having no word of the question.
_DEPTH = 100


class Snapshot:
    """Documents and search of one generation. Safe to use from several threads."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        """Open the generation in ``folder``.

        Raises:
            EmbeddingMismatchError: it was built with another embedding model.
            StoreDamagedError: its documents cannot be read. Where only the words or the vectors
                cannot, the other is searched alone, and ``damage`` says so.
        """
        self.manifest = read_manifest(folder)
        if self.manifest.embedding != embedder.id:
            raise EmbeddingMismatchError(
                f"The index in {folder.parent} was built with the embedding "
                f"{self.manifest.embedding!r}, not {embedder.id!r}; "
                "open it with that one, or run: qa index --rebuild"
            )
        self._folder = folder
        #: What is wrong with WORDS or VECTORS, in words; that part is not searched.
        self.damage: dict[str, str] = {}
        found = faults(folder, self.manifest)
        if TRUTH in found:
            raise damaged_truth(folder, found[TRUTH])
        for part, what in found.items():
            self._note_damage(part, what)
        self._embedder = embedder
        self._truth = Truth.open(folder / TRUTH)
        self._opening = threading.Lock()
        self._opened_words: Words | None = None
        self._opened_vectors: Vectors | None = None

    @property
    def name(self) -> str:
        """The generation's name."""
        return self.manifest.generation

    @cached_property
    def fingerprint(self) -> str:
        """The manifest's fingerprint."""
        return self.manifest.fingerprint

    @property
    def _words(self) -> Words | None:
        """The word index; None where it is damaged."""
        with self._opening:
            if self._opened_words is None and WORDS not in self.damage:
                from index.lexical import Words

                try:
                    self._opened_words = Words(self._folder / WORDS)
                except StoreDamagedError as error:
                    self._note_damage(WORDS, str(error))
            return self._opened_words

    @property
    def _vectors(self) -> Vectors | None:
        """The vector index; None where it is damaged."""
        with self._opening:
            if self._opened_vectors is None and VECTORS not in self.damage:
                try:
                    self._opened_vectors = self._open_vectors()
                except (OSError, StoreDamagedError) as error:
                    self._note_damage(VECTORS, str(error))
            return self._opened_vectors

    def _open_vectors(self) -> Vectors:
        from index.vectors import Vectors

        # A disk can turn a bit without anybody having written to the file.
        for name, what in hash_faults(self._folder, graph_marks(self.manifest.files)).items():
            raise StoreDamagedError(f"{name} {what}")
        vectors = Vectors(self._folder / VECTORS)
        if not self.damage:
            remember(self._folder, self.manifest.files)
        return vectors

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
            EmbeddingError: the embedding does not answer.
            EmbeddingMismatchError: it gives vectors of another length.
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
        lexical = self._by_words(query, depth, among)
        vector = self._embedder.query(query.encode("utf-8", "ignore").decode("utf-8"))
        self._check_length(len(vector))
        dense = self._by_meaning(vector, depth) if among is None else {}
        missing = sorted(lexical.keys() - dense.keys()) if among is None else among
        rows = self._truth.vectors(missing, self.manifest.dim)
        dense |= {number: float(row @ vector) for number, row in rows.items()}
        best = fuse(dense, lexical)[:k]
        chunks = self._truth.chunks([number for number, _ in best])
        return [
            Hit(chunks[number], rank, score, dense.get(number, 0.0), lexical.get(number, 0.0))
            for rank, (number, score) in enumerate(best, start=1)
        ]

    def _by_words(self, query: str, depth: int, among: Sequence[int] | None) -> dict[int, float]:
        """The BM25 score of each of the best chunks."""
        words = self._words
        return dict(words.search(query, depth, among=among)) if words else {}

    def _by_meaning(self, vector: Rows, depth: int) -> dict[int, float]:
        """The cosine of each chunk whose vector is among the nearest."""
        vectors = self._vectors
        if vectors is None:
            return {}
        try:
            found = dict(vectors.search(vector, depth))
        except StoreDamagedError as error:
            self._note_damage(VECTORS, str(error))
            return {}
        return {chunk: found[number] for number, chunk in self._truth.having(list(found))}

    def spellings(self, words: Sequence[str], language: str) -> dict[str, str]:
        """For each word that was likely mistyped the word of the documents that was meant.

        A word is left as it is if a document has it in any form, if the shipped embedding knows
        it (most words of a question are of a language that the documents are not in), or if
        ``Words.spelling`` finds none.
        """
        index = self._words if self.manifest.n_chunks else None
        if index is None:
            return {}
        from index.embed import shipped

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

    def check_embedding(self) -> None:
        """See that the embedding is there and gives what the index holds.

        Raises:
            EmbeddingError: it cannot be loaded or does not answer.
            EmbeddingMismatchError: it gives vectors of another length.
        """
        self._check_length(self._embedder.dim)

    def close(self) -> None:
        """Let go of every file; nobody may be searching."""
        if self._opened_vectors is not None:
            self._opened_vectors.close()
        self._truth.close()

    def _check_length(self, n_numbers: int) -> None:
        if n_numbers != self.manifest.dim:
            raise EmbeddingMismatchError(
                f"The index in {self._folder.parent} holds vectors of {self.manifest.dim} "
                f"numbers, the embedding {self._embedder.id!r} gives {n_numbers}; "
                "run: qa index --rebuild"
            )

    def _note_damage(self, part: str, what: str) -> None:
        """Search without a part from now on, and say so where a program shows no notices."""
        self.damage[part] = what
        with suppress(OSError):
            forget(self._folder)  # so that the next build looks, and mends it
        _log.warning(
            "%s is damaged (%s) and is not searched: sources may be missing; run: qa index",
            self._folder / part,
            what,
        )

    def _check(self, sources: Sequence[str] | None) -> None:
        if sources is None:
            return
        unknown = sorted(set(sources) - self.manifest.documents.keys())
        if unknown:
            raise UnknownDocumentError(
                f"No document has the id {unknown[0]!r}; qa sources lists those there are"
            )
