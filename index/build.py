"""Sources → a new generation: read, chunk, embed, store; published whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from index.derive import Change, VectorsChild, WordsChild
from index.embed import Embedder, Vectors
from index.errors import BuildError, EmbeddingMismatchError, LibraryError, StoreDamagedError
from index.gather import Gathering, Known, Progress, Sources, nothing_to_index
from index.generation import (
    DATABASE,
    TRUTH,
    VECTORS,
    WORDS,
    Manifest,
    current,
    file_marks,
    library_versions,
    next_name,
    part_files,
    publish,
    read_manifest,
    remember,
    staging,
    tidy,
    write_manifest,
)
from index.tables import tables_digest
from index.truth import Truth
from index.types import CHUNKING, BuildReport, Document
from index.verify import Probe, damaged_truth, faults

# Documents are chunked and embedded in groups of about this size, which bounds memory.
_GROUP_CHARS = 1_000_000
# A larger difference is not applied to a copy of the vector index; that is made anew.
_MOST_CHANGED = 0.2

_Parts = dict[str, Change | None]
"""The derived parts to make: from those before with a change, or with None from the truth."""


def build(
    store: Path,
    embedder: Embedder,
    sources: Sources,
    *,
    afresh: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Bring the store up to date with its sources; the caller holds the writer lock.

    The generation before is copied and what differs is applied to the copy: files with the
    same bytes are not read again, chunks with the same words not embedded again; ``afresh``
    does it all. A damaged word or vector index is made anew. Where nothing differs, nothing is
    published.

    Raises:
        StoreDamagedError: the documents before cannot be read, and this is not ``afresh``.
        BuildError: there is nothing to index, or what was built does not verify. The
            generation before stays in use.
    """
    tell = progress or _quiet
    tidy(store)
    before = _before(store, afresh=afresh)
    known = before.known if before else Known()
    gathering = Gathering(replace(sources, store=store), known)
    try:
        dim = _dim(embedder, None if afresh else before)
        gathering.look(tell, reuse=not afresh)
        if before and not afresh and gathering.is_all_known and before.stands(embedder, gathering):
            return before.unchanged(gathering)
        with staging(store) as folder:
            building = _Building(folder, embedder, dim, gathering, before)
            report = building.run(tell, afresh=afresh)
            if report.generation == building.name:
                publish(folder, building.name)
                remember(store / building.name, read_manifest(store / building.name).files)
    except BuildError:
        raise
    except (OSError, LibraryError) as error:
        raise BuildError(
            f"The index could not be built ({error}); the one before is still in use"
        ) from error
    tidy(store)
    return report


def _dim(embedder: Embedder, before: _Before | None) -> int:
    """The length of the vectors, for which an embedding is asked that the store does not know.

    Asked before files are read in vain. One that it knows may be away: removing needs none.
    """
    if before and before.is_cut_and_embedded_by(embedder):
        return before.manifest.dim
    return embedder.dim


def _quiet(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class _Before:
    """The generation in use while the next one is built."""

    folder: Path
    manifest: Manifest
    known: Known
    faults: dict[str, str]  # of its derived parts

    def stands(self, embedder: Embedder, gathering: Gathering) -> bool:
        """Whether it is what a build would give, its documents being the same."""
        sources = (gathering.roots(), tuple(sorted(gathering.removed)))
        return (
            not self.faults
            and self.is_cut_and_embedded_by(embedder)
            and (self.manifest.roots, self.manifest.removed) == sources
        )

    def is_cut_and_embedded_by(self, embedder: Embedder) -> bool:
        """Whether its chunks and vectors are those that this embedding would give now."""
        return (self.manifest.chunking, self.manifest.embedding) == (CHUNKING, embedder.id)

    def can_be_changed_by(self, embedder: Embedder, part: str) -> bool:
        """Whether a copy of a derived part serves: it is whole, and as it would be made now."""
        return (
            part not in self.faults
            and self.manifest.n_chunks > 0
            and self.manifest.versions == library_versions()
            and self.is_cut_and_embedded_by(embedder)
        )

    def unchanged(self, gathering: Gathering) -> BuildReport:
        return BuildReport(
            generation=self.manifest.generation,
            added=(),
            changed=(),
            removed=(),
            unchanged=tuple(self.known.digests),
            refused=tuple(gathering.refused),
            left_out=gathering.left_out,
            n_chunks=self.manifest.n_chunks,
        )


def _before(store: Path, *, afresh: bool) -> _Before | None:
    """The generation in use; None where there is none, or none that can be built on afresh."""
    try:
        name = current(store)
        if name is None:
            return None
        folder = store / name
        manifest = read_manifest(folder)
        found = faults(folder, manifest)
        if TRUTH in found:
            raise damaged_truth(folder, found[TRUTH])
        return _Before(folder, manifest, Known.of(folder / TRUTH), found)
    except StoreDamagedError:
        if afresh:
            return None
        raise


class _Building:
    """One generation in the making, in a folder that nobody else sees."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        dim: int,
        gathering: Gathering,
        before: _Before | None,
    ) -> None:
        self.name = next_name(folder.parent)
        self._folder = folder
        self._embedder = embedder
        self._dim = dim
        self._gathering = gathering
        self._before = before

    def run(self, tell: Progress, *, afresh: bool) -> BuildReport:
        """Fill the folder with a whole, verified generation, or find that nothing is new."""
        before = self._before
        copied = before and not afresh and before.can_be_changed_by(self._embedder, VECTORS)
        # What a change needs gets ready meanwhile; beside a first build it would only take memory.
        with Probe(self._folder) if copied else nullcontext() as probe:
            self._vectors = self._start_vectors(before if copied else None)
            try:
                return self._run(probe, tell, afresh=afresh)
            finally:
                self._vectors.end()

    def _start_vectors(self, before: _Before | None) -> VectorsChild:
        if before is None:
            return VectorsChild(self._folder, self._dim)
        return VectorsChild(self._folder, before.manifest.dim, before.folder)

    def _restart_vectors(self) -> None:
        """Have the vectors made from nothing after all."""
        self._vectors.end()
        shutil.rmtree(self._folder / VECTORS, ignore_errors=True)
        self._vectors = self._start_vectors(None)

    def _run(self, probe: Probe | None, tell: Progress, *, afresh: bool) -> BuildReport:
        path = self._folder / TRUTH
        before = self._before
        truth = Truth.copy(before.folder / TRUTH, path) if before else Truth.create(path)
        try:
            self._gathering.take(truth, tell)
            digests = truth.digests()
            if not digests and (before is None or self._gathering.all_named_failed):
                raise BuildError(nothing_to_index(self._gathering.refused))
            if before and not afresh and self._is_nothing_new(before, truth, digests):
                return before.unchanged(self._gathering)
            if before and not afresh and before.is_cut_and_embedded_by(self._embedder):
                parts = self._embed_changed(before, truth, tell)
            else:
                parts = self._embed_all(truth, list(digests), tell)
            truth.shrink()
            n_chunks = truth.count_chunks()
        finally:
            truth.close()
        self._make(self._manifest(digests, n_chunks), parts, probe, tell)
        return self._report(digests, n_chunks)

    def _is_nothing_new(self, before: _Before, truth: Truth, digests: dict[str, str]) -> bool:
        known = before.known
        return before.stands(self._embedder, self._gathering) and (
            (known.digests, known.origins, known.refusals, known.unsettled)
            == (digests, truth.origins(), truth.refusals(), truth.unsettled())
        )

    def _embed_all(self, truth: Truth, ids: Sequence[str], tell: Progress) -> _Parts:
        """Cut and embed every document, the vectors being stored meanwhile; the parts to make."""
        truth.forget_chunks()
        for numbers, rows in self._embed(truth, ids, tell):
            self._vectors.add(numbers, rows)
        self._vectors.finish()
        return {WORDS: None}

    def _embed_changed(self, before: _Before, truth: Truth, tell: Progress) -> _Parts:
        """Cut and embed what is new, drop what is gone; the parts to make."""
        ids = sorted(self._gathering.written)
        gone = truth.numbers_in([*self._gathering.gone(), *ids])
        last_vector = truth.last_vector()
        n_new = sum(len(numbers) for numbers, _ in self._embed(truth, ids, tell))
        unused = truth.remove_chunks(gone)
        change = Change(str(before.folder), tuple(gone), tuple(unused), last_vector)
        parts: _Parts = {WORDS: None, VECTORS: None}
        if before.can_be_changed_by(self._embedder, WORDS):
            parts[WORDS] = change
        if before.can_be_changed_by(self._embedder, VECTORS):
            if len(unused) + n_new <= _MOST_CHANGED * truth.count_vectors():
                parts[VECTORS] = change
            else:
                self._restart_vectors()
        return parts

    def _embed(
        self, truth: Truth, ids: Sequence[str], tell: Progress
    ) -> Iterator[tuple[list[int], Vectors]]:
        """Give documents their chunks; the vectors that are new, some documents at a time."""
        from index.chunk import chunk

        for done, group in _groups(truth, ids):
            last_vector = truth.last_vector()
            chunks = chunk(group)
            titles = {document.id: document.title for document in group}
            # The title says what a chunk that was cut from its head is about.
            texts = [f"{titles[c.doc_id]}\n{c.text}" for c in chunks]
            keys = [hashlib.sha256(text.encode()).digest()[:16] for text in texts]
            vectors = truth.vectors_of(keys)
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
            rows = self._embedder.passages(list(new.values()))
            if rows.shape[1] != self._dim:
                raise EmbeddingMismatchError(
                    f"the index holds vectors of {self._dim} numbers, the embedding "
                    f"{self._embedder.id!r} now gives {rows.shape[1]}: run qa index --rebuild"
                )
            numbers = truth.add_vectors(rows)
            vectors |= zip(new, numbers, strict=True)
            truth.add_chunks(chunks, keys, [vectors[key] for key in keys])
            tell("embed", done, len(ids))
            places = {n: at for at, n in enumerate(numbers) if n is not None and n > last_vector}
            yield list(places), rows[list(places.values())]

    def _make(self, manifest: Manifest, parts: _Parts, probe: Probe | None, tell: Progress) -> None:
        """Make parts; where a changed copy does not serve, from the truth alone."""
        try:
            self._make_once(manifest, parts, probe, tell)
        except BuildError:
            if not any(parts.values()):
                raise
            shutil.rmtree(self._folder / WORDS, ignore_errors=True)
            self._restart_vectors()
            self._make_once(manifest, dict.fromkeys(parts), None, tell)

    def _make_once(
        self, manifest: Manifest, parts: _Parts, probe: Probe | None, tell: Progress
    ) -> None:
        with probe or Probe(self._folder) as asked:
            tables = self._make_parts(manifest.dim, parts, tell)
            paths = part_files(self._folder)
            write_manifest(self._folder, manifest)
            tell("verify", 0, 1)
            asked.ask()
            files = file_marks(self._folder, paths, tables)  # on the other core
            found = asked.faults()
        if found:
            raise BuildError(
                f"What was built does not verify ({'; '.join(found.values())}); the index before "
                "is still in use"
            )
        write_manifest(self._folder, replace(manifest, files=files))
        tell("verify", 1, 1)

    def _make_parts(self, dim: int, parts: _Parts, tell: Progress) -> str:
        """Make words, and vectors that are not made yet; a hash of what Chroma's database holds."""
        tell("store", 0, 1)
        words = WordsChild(self._folder, parts[WORDS])
        try:
            if VECTORS in parts:
                self._give_vectors(dim, parts[VECTORS], tell)
            # While nobody has the database open, and before the probe does, and so writes to it.
            tables = tables_digest(self._folder / DATABASE)
            words.finish()
        finally:
            words.end()
        tell("store", 1, 1)
        return tables

    def _give_vectors(self, dim: int, change: Change | None, tell: Progress) -> None:
        """Give the child the vectors that are new, all of them without a ``change``."""
        if change:
            self._vectors.drop(change.vectors)
        truth = Truth.open(self._folder / TRUTH)
        above, done = change.last_vector if change else 0, 0
        total = truth.count_vectors(above)
        try:
            for numbers, rows in truth.all_vectors(dim, above):
                self._vectors.add(numbers, rows)
                done += len(numbers)
                tell("store", done, total)
        finally:
            truth.close()
        self._vectors.finish()

    def _manifest(self, digests: dict[str, str], n_chunks: int) -> Manifest:
        return Manifest(
            generation=self.name,
            roots=self._gathering.roots(),
            removed=tuple(sorted(self._gathering.removed)),
            documents=digests,
            chunking=CHUNKING,
            embedding=self._embedder.id,
            dim=self._dim,
            n_chunks=n_chunks,
            files={},
            versions=library_versions(),
        )

    def _report(self, digests: dict[str, str], n_chunks: int) -> BuildReport:
        old = self._before.known.digests if self._before else {}
        return BuildReport(
            generation=self.name,
            added=tuple(id_ for id_ in digests if id_ not in old),
            changed=tuple(id_ for id_ in digests if old.get(id_, digests[id_]) != digests[id_]),
            removed=tuple(id_ for id_ in old if id_ not in digests),
            unchanged=tuple(id_ for id_ in digests if old.get(id_) == digests[id_]),
            refused=tuple(self._gathering.refused),
            left_out=self._gathering.left_out,
            n_chunks=n_chunks,
            mended=tuple(sorted(self._before.faults)) if self._before else (),
        )


def _groups(truth: Truth, ids: Sequence[str]) -> Iterator[tuple[int, list[Document]]]:
    """(documents done after it, group), each group of about ``_GROUP_CHARS``."""
    group: list[Document] = []
    size = 0
    for done, doc_id in enumerate(ids, start=1):
        group.append(truth.document(doc_id))
        size += len(group[-1].text)
        if size >= _GROUP_CHARS or done == len(ids):
            yield done, group
            group, size = [], 0
