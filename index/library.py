"""A library of documents: open it, build it, search it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from index.errors import (
    LibraryError,
    NoStoreError,
    StoreDamagedError,
    UnknownDocumentError,
)
from index.generation import (
    MANIFEST,
    POINTER,
    current,
    drop,
    drop_replaced,
    is_tidy,
    points_to,
    read_manifest,
    read_roots,
    tidy,
)
from index.locks import Lease, writer_lock

if TYPE_CHECKING:
    from index.embed import Embedder
    from index.gather import Progress, Sources
    from index.snapshot import Snapshot
    from index.types import BuildReport, Document, DocumentEntry, Hit

SEEDS = Path(__file__).parent.parent / "seeds"
UPLOADS = "uploads"
# How often a generation that is held is compared with the one in use: soon enough that what was
# removed is gone from the disk before anybody looks.
_LOOK_EVERY_S = 2.0

_T = TypeVar("_T")


class Library:
    """The documents of one store. Safe to use from several threads.

    Each call answers from the newest published generation, whichever process built it; a
    generation in use is kept until its last reader is done, and then deleted.
    """

    def __init__(self, store: Path, embedder: Embedder) -> None:
        self.store = store
        self._embedder = embedder
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._watched = False

    @classmethod
    def open(cls, store: str | Path, *, embedder: Embedder | None = None) -> Library:
        """The library in the folder ``store``, which need not exist until it is built.

        Without an ``embedder`` the shipped model is used; ``index.embedders.embedder`` makes one
        of a setting, ``LlamaIndexEmbedder`` of any LlamaIndex embedding.
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
            yield held.snapshot
        finally:
            self._release(held)

    def read(self, use: Callable[[Snapshot], _T]) -> _T:
        """``use(snapshot)`` of the newest generation.

        Raises:
            NoStoreError, StoreDamagedError, EmbeddingMismatchError: as ``snapshot`` does.
        """
        with self.snapshot() as snapshot:
            return use(snapshot)

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

    def check(self) -> dict[str, str]:
        """What is wrong with the newest generation, every byte of it looked at; {} if nothing.

        The part (see ``index.generation``) → what, in words. A damaged word or vector index is
        made anew by the next ``build``, damaged documents by one that is ``afresh``.

        Raises:
            NoStoreError: nothing has been built yet.
        """
        from index.verify import faults

        try:
            lease, name = self._leased()
        except StoreDamagedError as error:
            return {MANIFEST: str(error)}
        try:
            folder = self.store / name
            found = faults(folder, read_manifest(folder), everything=True)
        except StoreDamagedError as error:
            found = {MANIFEST: str(error)}
        finally:
            lease.end()
        if not points_to(self.store, name):
            found[POINTER] = f"{POINTER} is lost or garbled; {name}, the newest, is used"
        return found

    def check_embedding(self) -> None:
        """See that the embedding is there, and the one that the index, if any, was built with.

        Raises:
            EmbeddingError: it cannot be loaded or does not answer.
            EmbeddingMismatchError: the index was built with another.
            StoreDamagedError: the index cannot be opened.
        """
        if self.exists():
            self.read(lambda snapshot: snapshot.check_embedding())
        else:
            _ = self._embedder.dim

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
            sources = self._sources(afresh=afresh, named=bool(named))
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
            self._let_go()

    def _build(self, sources: Sources, afresh: bool, progress: Progress | None) -> BuildReport:
        from index.build import build

        return build(self.store, self._embedder, sources, afresh=afresh, progress=progress)

    def _sources(self, *, afresh: bool = False, named: bool = False) -> Sources:
        """The sources of the generation in use.

        Raises:
            StoreDamagedError: its manifest cannot be read. To build ``afresh`` from paths that
                are ``named`` it is not needed.
        """
        from index.gather import Sources

        try:
            name = current(self.store)
            if name is None:
                return Sources(roots=())
            if afresh:
                roots, removed = read_roots(self.store / name)
                return Sources(roots, removed=removed)
            manifest = read_manifest(self.store / name)
        except StoreDamagedError:
            if afresh and named:
                return Sources(roots=())
            raise
        return Sources(roots=manifest.roots, removed=manifest.removed)

    def _acquire(self) -> _Held:
        with self._lock:
            if self._held is None or self._held.name != current(self.store):
                opened = self._opened()
                self._let_go()
                self._held = opened
                self._tidy()
                self._watch()
            self._held.readers += 1
            return self._held

    def _opened(self) -> _Held:
        from index.snapshot import Snapshot

        lease, name = self._leased()
        try:
            return _Held(Snapshot(self.store / name, self._embedder), lease)
        except LibraryError:
            lease.end()
            raise

    def _leased(self) -> tuple[Lease, str]:
        """The name of the newest generation, which nobody deletes until the lease ends."""
        while True:
            name = current(self.store)
            if name is None:
                raise NoStoreError(f"There is no index in {self.store} yet; run: qa index")
            lease = Lease(self.store, name)
            # Whoever replaces it from here on sees the lease.
            if current(self.store) == name:
                return lease, name
            lease.end()

    def _release(self, held: _Held) -> None:
        with self._lock:
            held.readers -= 1
            if held is not self._held and not held.readers:
                self._retire(held)

    def _let_go(self) -> None:
        """Hold no generation; the one that was is retired when its last reader is done."""
        held, self._held = self._held, None
        if held is not None and not held.readers:
            self._retire(held)

    def _retire(self, held: _Held) -> None:
        """Close a generation that nobody here reads any more, and delete one that was replaced."""
        held.snapshot.close()
        held.lease.end()
        with suppress(StoreDamagedError):  # which whoever reads next is told
            drop(self.store, held.name)

    def _tidy(self) -> None:
        """Clear up what a killed build left, unless somebody is building now."""
        with suppress(LibraryError, OSError):
            drop_replaced(self.store)
            # Seldom: who wants to build meanwhile must not have to wait.
            if not is_tidy(self.store):
                with writer_lock(self.store, timeout_s=0):
                    tidy(self.store)

    def _watch(self) -> None:
        """See to it that a replaced generation is let go of though nobody asks any more."""
        if not self._watched:
            self._watched = True
            library = weakref.ref(self)
            threading.Thread(target=_look, args=(library,), name="qa-library", daemon=True).start()

    def _let_go_of_replaced(self) -> bool:
        """Whether there is something that may still be replaced."""
        with self._lock, suppress(StoreDamagedError):
            if self._held is not None and self._held.name != current(self.store):
                self._let_go()
            self._watched = self._held is not None
        return self._watched


class _Held:
    """A generation that is open here, and how many are reading it."""

    def __init__(self, snapshot: Snapshot, lease: Lease) -> None:
        self.snapshot = snapshot
        self.lease = lease
        self.readers = 0

    @property
    def name(self) -> str:
        return self.snapshot.name


def _look(reference: weakref.ref[Library]) -> None:
    """Look every now and then, until there is nothing to let go of."""
    pause = threading.Event()
    while not pause.wait(_LOOK_EVERY_S):
        library = reference()
        if library is None or not library._let_go_of_replaced():
            return
        del library


def _absolute(path: str | Path) -> str:
    # Not resolve(): the name that a person gave a linked folder is the one in its ids.
    return os.path.abspath(path)  # noqa: PTH100
