"""A library of documents: open it, build it, search it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.errors import LibraryError, NoStoreError, StoreDamagedError, UnknownDocumentError
from index.generation import current, forget, read_manifest, writer_lock

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.gather import Progress, Sources
    from index.snapshot import Snapshot
    from index.types import BuildReport, Document, DocumentEntry, Hit

SEEDS = Path(__file__).parent.parent / "seeds"
UPLOADS = "uploads"

_T = TypeVar("_T")


class Library:
    """The documents of one store. Safe to use from several threads.

    Each call answers from the newest published generation, whichever process built it; a
    generation in use is kept until its last reader is done.
    """

    def __init__(self, store: Path, embedder: Embedder) -> None:
        self.store = store
        self._embedder = embedder
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._readers: dict[Snapshot, int] = {}

    @classmethod
    def open(cls, store: str | Path, *, embedder: Embedder | None = None) -> Library:
        """The library in the folder ``store``, which need not exist until it is built.

        Without an ``embedder`` the shipped model is used; ``LlamaIndexEmbedder`` makes one of
        any LlamaIndex embedding.
        """
        from index.embed import shipped

        # Absolute: the process may go elsewhere, and Chroma remembers stores by their path.
        return cls(Path(store).absolute(), shipped() if embedder is None else embedder)

    # Reading

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The newest generation, which stays as it is for as long as it is held.

        Raises:
            NoStoreError: nothing has been built yet.
            StoreDamagedError, EmbeddingMismatchError: it cannot be opened.
        """
        held = self._acquire()
        try:
            yield held
        finally:
            self._release(held)

    def read(self, use: Callable[[Snapshot], _T]) -> _T:
        """``use(snapshot)`` of the newest generation.

        Once more with a newer one, should another process have replaced this one and deleted
        its files before all of them were open here.

        Raises:
            NoStoreError, StoreDamagedError, EmbeddingMismatchError: as ``snapshot`` does.
        """
        with self.snapshot() as snapshot:
            try:
                return use(snapshot)
            except StoreDamagedError:
                if current(self.store) == snapshot.name:
                    raise
        with self.snapshot() as newer:
            return use(newer)

    def exists(self) -> bool:
        """Whether something has been built here."""
        return current(self.store) is not None

    def documents(self) -> list[DocumentEntry]:
        """Every document but its text, sorted by id."""
        with self.snapshot() as snapshot:
            return snapshot.documents()

    def document(self, doc_id: str) -> Document:
        """The document with its exact text.

        Raises:
            UnknownDocumentError: there is none with that id.
        """
        with self.snapshot() as snapshot:
            return snapshot.document(doc_id)

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        sources: Sequence[str] | None = None,
        languages: Sequence[str] | None = None,
    ) -> list[Hit]:
        """The ``k`` chunks that fit best, best first; see ``Snapshot.search``."""
        return self.read(
            lambda snapshot: snapshot.search(query, k, sources=sources, languages=languages)
        )

    def roots(self) -> tuple[str, ...]:
        """The files and folders that are indexed, as absolute paths."""
        with self.snapshot() as snapshot:
            return snapshot.manifest.roots

    # Writing

    def build(
        self,
        paths: Sequence[str | Path] = (),
        *,
        only: bool = False,
        afresh: bool = False,
        progress: Progress | None = None,
    ) -> BuildReport:
        """Add ``paths`` to the roots and bring the index up to date with all of them.

        A new store without ``paths`` takes the shipped articles. ``only`` makes ``paths``
        the only roots; ``afresh`` reads and embeds everything again.

        Raises:
            BuildError: nothing could be published; what was there still answers.
            StoreBusyError: another process is writing.
        """
        from index.gather import Sources, within

        named = tuple(dict.fromkeys(_absolute(path) for path in paths))
        with writer_lock(self.store):
            if afresh and named:
                self._forget_damage()
            sources = self._sources()
            kept = () if only and named else sources.roots
            # A path inside a folder that is a root already is read with that one.
            new = [path for path in named if not any(within(path, root) for root in kept)]
            if not kept and not new and not self.exists():
                new = [str(SEEDS)]
            return self._build(Sources((*kept, *new), named, sources.removed), afresh, progress)

    def add(self, paths: Sequence[str | Path], progress: Progress | None = None) -> BuildReport:
        """Add files and folders; ``build`` with ``paths``."""
        return self.build(paths, progress=progress)

    def remove(self, names: Sequence[str], progress: Progress | None = None) -> BuildReport:
        """Remove documents by id, or roots with all their documents by path.

        Raises:
            UnknownDocumentError: a name is neither; nothing was removed.
        """
        from index.gather import Sources

        with writer_lock(self.store):
            sources = self._sources()
            with self.snapshot() as snapshot:
                origins = snapshot.origins()
            roots, removed = list(sources.roots), set(sources.removed)
            for name in dict.fromkeys(names):
                root = name if name in roots else _absolute(name)
                if name in origins:
                    root = origins[name].root
                    if any(o.root == root for doc_id, o in origins.items() if doc_id != name):
                        removed.add(name)
                        continue
                if root not in roots:
                    raise UnknownDocumentError(
                        f"{name!r} is neither a document's id nor an indexed path; "
                        "qa sources lists both"
                    )
                roots.remove(root)
            left = Sources(tuple(roots), (), tuple(sorted(removed)))
            report = self._build(left, False, progress)
        # What was asked for is no refusal.
        refused = tuple(r for r in report.refused if r.source not in removed)
        return replace(report, refused=refused)

    def close(self) -> None:
        """Let go of every file once the last reader is done."""
        with self._lock:
            closing, self._snapshot = self._snapshot, None
            if closing is not None and not self._readers.get(closing):
                self._retire(closing)

    def _build(self, sources: Sources, afresh: bool, progress: Progress | None) -> BuildReport:
        from index.build import build
        from index.snapshot import held

        return build(
            self.store,
            self._embedder,
            sources,
            afresh=afresh,
            held=held(self.store),
            progress=progress,
        )

    def _forget_damage(self) -> None:
        """Let a rebuild from named paths begin anew where the pointer cannot be read."""
        try:
            current(self.store)
        except StoreDamagedError:
            forget(self.store)

    def _sources(self) -> Sources:
        from index.gather import Sources

        name = current(self.store)
        if name is None:
            return Sources(roots=())
        manifest = read_manifest(self.store / name)
        return Sources(roots=manifest.roots, removed=manifest.removed)

    def _acquire(self) -> Snapshot:
        from index.snapshot import Snapshot

        with self._lock:
            name = current(self.store)
            if name is None:
                raise NoStoreError(f"There is no index in {self.store} yet; run: qa index")
            if self._snapshot is None or self._snapshot.name != name:
                opened = self._open_newest(Snapshot, name)
                before, self._snapshot = self._snapshot, opened
                self._readers[opened] = 0
                if before is not None and not self._readers[before]:
                    self._retire(before)
            self._readers[self._snapshot] += 1
            return self._snapshot

    def _open_newest(self, snapshot: type[Snapshot], name: str) -> Snapshot:
        try:
            return snapshot(self.store / name, self._embedder)
        except LibraryError:
            newer = current(self.store)
            if newer is None or newer == name:
                raise
            # Another process published, and deleted this one, between two lines of ours.
            return snapshot(self.store / newer, self._embedder)

    def _release(self, held: Snapshot) -> None:
        with self._lock:
            self._readers[held] -= 1
            if held is not self._snapshot and not self._readers[held]:
                self._retire(held)

    def _retire(self, snapshot: Snapshot) -> None:
        """Close a generation that nobody here reads any more, and delete one that was replaced."""
        from index.snapshot import held

        del self._readers[snapshot]
        snapshot.close()
        if snapshot.name not in {current(self.store), *held(self.store)}:
            shutil.rmtree(self.store / snapshot.name, ignore_errors=True)


def _absolute(path: str | Path) -> str:
    # Not resolve(): the name that a person gave a linked folder is the one in its ids.
    return os.path.abspath(path)  # noqa: PTH100
