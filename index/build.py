"""Sources → a new generation: read, chunk, embed, store; published whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.embed import Embedder, Vectors
from index.errors import BuildError, LibraryError, StoreDamagedError
from index.gather import Gathering, Progress, Sources, nothing_to_index
from index.generation import (
    TRUTH,
    VECTORS,
    WORDS,
    Manifest,
    current,
    file_marks,
    library_versions,
    next_name,
    publish,
    read_manifest,
    sweep,
    write_manifest,
)
from index.truth import Truth
from index.types import BuildReport, Document, DocumentEntry
from index.verify import verify_in_child

# Documents are chunked and embedded in groups of about this size, which bounds memory.
_GROUP_CHARS = 1_000_000
_STORE_BATCH = 5_000


def build(
    store: Path,
    embedder: Embedder,
    sources: Sources,
    *,
    afresh: bool = False,
    held: Collection[str] = (),
    progress: Progress | None = None,
) -> BuildReport:
    """Bring the store up to date with its sources; the caller holds the writer lock.

    What the generation before already knows is taken over: files with the same bytes are
    not read again, chunks with the same words not embedded again; ``afresh`` does it all.
    When nothing differs, nothing is published. Generations in ``held`` are not deleted.

    Raises:
        BuildError: there is nothing to index, or what was built does not verify. The
            generation before stays in use.
    """
    tell = progress or _quiet
    sweep(store, held)
    before = _before(store)
    name = next_name(store)
    try:
        with _staging(store / name) as folder:
            report = _stage(folder, embedder, sources, before, tell, afresh=afresh)
            if report.generation == name:
                publish(store, name)
    except BuildError:
        raise
    except (OSError, LibraryError) as error:
        raise BuildError(
            f"The index could not be built ({error}); the one before is still in use"
        ) from error
    sweep(store, held)
    return report


def _stage(
    folder: Path,
    embedder: Embedder,
    sources: Sources,
    before: _Before | None,
    tell: Progress,
    *,
    afresh: bool,
) -> BuildReport:
    """Fill ``folder`` with a whole, verified generation, or find that there is nothing new."""
    truth = Truth.create(folder / TRUTH)
    try:
        gathering = Gathering(truth, sources, before.truth if before else None)
        gathering.run(tell, reuse=not afresh)
        manifest = _manifest(folder.name, gathering, embedder, truth)
        if not manifest.documents and (before is None or gathering.all_named_failed):
            raise BuildError(nothing_to_index(gathering.refused))
        report = _report(folder.name, gathering, before, truth)
        if before is not None and not afresh and _nothing_new(report, before, manifest):
            was = before.manifest
            return replace(report, generation=was.generation, n_chunks=was.n_chunks)
        _chunk_and_embed(truth, embedder, None if afresh else before, tell)
        n_chunks = truth.count_chunks()
    finally:
        truth.close()
    _store(folder, manifest.dim, n_chunks, tell)
    write_manifest(folder, replace(manifest, n_chunks=n_chunks, files=file_marks(folder)))
    tell("verify", 0, 1)
    try:
        verify_in_child(folder)
    except StoreDamagedError as error:
        raise BuildError(
            f"What was built does not verify ({error}); the index before is still in use"
        ) from error
    tell("verify", 1, 1)
    return replace(report, n_chunks=n_chunks)


def _quiet(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class _Before:
    """The generation in use while the next one is built."""

    folder: Path
    manifest: Manifest

    @property
    def truth(self) -> Path:
        return self.folder / TRUTH


def _before(store: Path) -> _Before | None:
    name = current(store)
    return _Before(store / name, read_manifest(store / name)) if name else None


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A new folder that is gone again unless ``CURRENT`` names it in the end."""
    folder.mkdir()
    try:
        yield folder
    finally:
        if current(folder.parent) != folder.name:
            shutil.rmtree(folder, ignore_errors=True)


def _report(name: str, gathering: Gathering, before: _Before | None, truth: Truth) -> BuildReport:
    new = {entry.id: entry for entry in truth.entries()}
    old: dict[str, DocumentEntry] = {}
    if before is not None:
        known = Truth.open(before.truth)
        old = {entry.id: entry for entry in known.entries()}
        known.close()
    return BuildReport(
        generation=name,
        added=tuple(doc_id for doc_id in new if doc_id not in old),
        changed=tuple(d for d in new if d in old and old[d] != new[d]),
        removed=tuple(doc_id for doc_id in old if doc_id not in new),
        unchanged=tuple(d for d in new if old.get(d) == new[d]),
        refused=tuple(gathering.refused),
        left_out=gathering.left_out,
        n_chunks=0,
    )


def _nothing_new(report: BuildReport, before: _Before, now: Manifest) -> bool:
    was = before.manifest
    return (
        not (report.added or report.changed or report.removed)
        and was.fingerprint == now.fingerprint
        and (was.roots, was.removed) == (now.roots, now.removed)
    )


def _manifest(name: str, gathering: Gathering, embedder: Embedder, truth: Truth) -> Manifest:
    from index.chunk import CHUNKING

    return Manifest(
        generation=name,
        roots=gathering.roots(),
        removed=tuple(sorted(gathering.removed)),
        documents=truth.digests(),
        chunking=CHUNKING,
        embedding=embedder.id,
        dim=embedder.dim,
        n_chunks=0,
        files={},
        versions=library_versions(),
    )


# Chunking and embedding


def _chunk_and_embed(
    truth: Truth, embedder: Embedder, before: _Before | None, tell: Progress
) -> None:
    from index.chunk import chunk

    ids = [entry.id for entry in truth.entries()]
    reuse = before is not None and before.manifest.embedding == embedder.id
    for done, group in _groups(truth, ids):
        chunks = chunk(group)
        titles = {document.id: document.title for document in group}
        texts = [_embedded(titles[c.doc_id], c.text) for c in chunks]
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        if before is not None and reuse:
            truth.copy_vectors(before.truth, keys)
        missing = set(truth.missing_vectors(keys))
        new = {key: text for key, text in zip(keys, texts, strict=True) if key in missing}
        truth.add_vectors(list(new), embedder.passages(list(new.values())))
        truth.add_chunks(chunks, keys)
        tell("embed", done, len(ids))


def _embedded(title: str, text: str) -> str:
    """What is embedded for a chunk: the title says what a chunk cut from its head is about."""
    return f"{title}\n{text}"


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


# Storing


def _store(folder: Path, dim: int, n_chunks: int, tell: Progress) -> None:
    if not n_chunks:
        return
    from index.lexical import write_words
    from index.vectors import write_vectors

    truth = Truth.open(folder / TRUTH)
    try:
        tell("store", 0, n_chunks)
        write_words(
            folder / WORDS,
            ((n, lang, f"{title}\n{text}") for n, lang, title, text in truth.chunk_texts()),
        )
        write_vectors(folder / VECTORS, _directions(truth, dim, tell))
    finally:
        truth.close()


def _directions(truth: Truth, dim: int, tell: Progress) -> Iterator[tuple[list[int], Vectors]]:
    """Each different vector once, under the lowest number of the chunks that have it."""
    numbers = truth.directions()
    for at in range(0, len(numbers), _STORE_BATCH):
        some = numbers[at : at + _STORE_BATCH]
        rows = truth.vectors(some, dim)
        yield some, np.stack([rows[number] for number in some])
        tell("store", at + len(some), len(numbers))
