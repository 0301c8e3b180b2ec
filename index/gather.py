"""Which documents the next generation holds: what the roots give, told from what is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.parse import Parsers
from index.read import Reading, SourceFile, content_hash, list_files, read_files, shown
from index.truth import Origin, Truth, digest
from index.types import Document, Refused

_WAS_REMOVED = "was removed; name its path to take it back"

Progress = Callable[[str, int, int], None]
"""Called with the stage (read, embed, store, verify), how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a generation is to be made from."""

    roots: tuple[str, ...]  # files and folders, absolute
    named: tuple[str, ...] = ()  # the paths that a person named just now
    removed: tuple[str, ...] = ()  # ids that a person removed
    store: Path | None = None  # no source, even where it lies below a root


@dataclass(frozen=True, slots=True)
class Known:
    """What the generation in use says of its documents; empty where there is none."""

    origins: dict[str, Origin] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    refusals: dict[Origin, list[Refused]] = field(default_factory=dict)
    unsettled: set[Origin] = field(default_factory=set)  # files to be read again whatever they hold

    @classmethod
    def of(cls, path: Path) -> Known:
        """What the truth at ``path`` says.

        Raises:
            StoreDamagedError: it cannot be read.
        """
        truth = Truth.open(path)
        known = cls(truth.origins(), truth.digests(), truth.refusals(), truth.unsettled())
        truth.close()
        return known


class Gathering:
    """The documents of one build: first looked for, then taken into a truth."""

    def __init__(self, sources: Sources, known: Known) -> None:
        self.refused: list[Refused] = []
        self.left_out = 0
        self.removed = set(sources.removed)
        self.written: set[str] = set()  # ids of the documents that are new to the truth
        self._sources = sources
        self._known = known
        # Files are known by where they are, which a named path may be a link to.
        self._named = {os.path.realpath(path) for path in sources.named}
        self._to_read: list[tuple[SourceFile, Origin]] = []
        self._taken: dict[str, Origin] = {}
        self._clashed: set[str] = set()
        self._refusals: dict[Origin, list[Refused]] = {}
        self._unsettled: set[Origin] = set()
        self._reuse = True

    def look(self, tell: Progress, *, reuse: bool) -> None:
        """List the files of the roots, and tell those whose bytes are known from the others.

        Without ``reuse`` none is, and no document is taken as it was.
        """
        self._reuse = reuse
        gone = self._gone()
        listing = list_files(
            [root for root in self._sources.roots if root not in gone], self._sources.store
        )
        self.refused += listing.refused
        self.left_out = listing.left_out
        self._keep(gone)
        ids_of = self._ids_by_file() if reuse else {}
        # Where one root lies inside another, a file is taken once.
        files = list({file.path: file for file in reversed(listing.files)}.values())[::-1]
        for done, file in enumerate(files):
            tell("read", done, len(files))
            self._look_at(file, ids_of)

    @property
    def is_all_known(self) -> bool:
        """Whether every document is as it was, none is gone and none has come."""
        return not self._to_read and self._taken.keys() == self._known.origins.keys()

    def take(self, truth: Truth, tell: Progress) -> None:
        """Read the files that are not known, into a truth that holds what is."""
        origins = {file.path: origin for file, origin in self._to_read}
        with Parsers() as parsers:
            readings = read_files([file for file, _ in self._to_read], parsers)
            for done, reading in enumerate(readings):
                tell("read", done, len(origins))
                self._take(truth, reading, origins[reading.file.path])
        truth.remove_documents(self.gone())
        truth.put_refusals(self._refusals, self._unsettled)
        tell("read", len(origins), len(origins))

    def gone(self) -> list[str]:
        """The known documents that are no more, sorted by id."""
        return sorted(self._known.origins.keys() - self._taken.keys())

    def roots(self) -> tuple[str, ...]:
        """The roots to remember: all but those newly named that were refused as a whole."""
        used = {origin.root for origin in self._taken.values()}
        refused = {r.source for r in self.refused} & set(map(shown, self._sources.named))
        return tuple(r for r in self._sources.roots if r in used or shown(r) not in refused)

    @property
    def all_named_failed(self) -> bool:
        """Whether there is nothing but what was named just now, and nothing in that."""
        return not self._taken and set(self._sources.roots) == set(self._sources.named) != set()

    def _gone(self) -> set[str]:
        """Remembered roots that are not there: an unplugged disk must not empty the index."""
        used = [origin.root for origin in self._known.origins.values()]
        gone = {root for root in self._sources.roots if root in used and not Path(root).exists()}
        for root in sorted(gone):
            why = (
                f"is not there any more; its {used.count(root)} documents are kept "
                f"(to drop them: qa sources remove {root})"
            )
            self.refused.append(Refused(root, why))
        return gone

    def _keep(self, roots: set[str]) -> None:
        """Let what comes from these roots be as it was."""
        known = self._known
        self._taken |= {d: origin for d, origin in known.origins.items() if origin.root in roots}
        self._refusals |= {o: some for o, some in known.refusals.items() if o.root in roots}
        self._unsettled |= {origin for origin in known.unsettled if origin.root in roots}

    def _ids_by_file(self) -> dict[Origin, list[str]]:
        """The documents of each known file, none of one that was refused."""
        ids: dict[Origin, list[str]] = {origin: [] for origin in self._known.refusals}
        for doc_id, origin in self._known.origins.items():
            ids.setdefault(origin, []).append(doc_id)
        return ids

    def _look_at(self, file: SourceFile, known: dict[Origin, list[str]]) -> None:
        try:
            origin = Origin(str(file.path), file.root, content_hash(file.path))
        except OSError as error:
            why = f"cannot be read ({error.strerror or error})"
            self.refused.append(Refused(str(file.path), why))
            return
        refusals = self._known.refusals.get(origin, [])
        # What a person names again was perhaps refused for a reason that has gone.
        again = origin in self._known.unsettled or (refusals and self._is_named(origin))
        if origin not in known or again:
            self._to_read.append((file, origin))
            return
        for doc_id in known[origin]:
            if doc_id in self.removed:
                self._refuse(origin, doc_id, _WAS_REMOVED)
            else:
                self._taken[doc_id] = origin
        for refused in refusals:
            self._refuse(origin, refused.source, refused.reason)

    def _is_named(self, origin: Origin) -> bool:
        return any(within(origin.path, path) for path in self._named)

    def _take(self, truth: Truth, reading: Reading, origin: Origin) -> None:
        for found in reading:
            if isinstance(found, Refused):
                self._refuse(origin, found.source, found.reason)
            elif self._admits(truth, found.id, origin):
                self._put(truth, found, origin)
        if reading.sha256 != origin.file_sha256:
            self._unsettled.add(origin)  # it could not be read, or was written to meanwhile

    def _put(self, truth: Truth, document: Document, origin: Origin) -> None:
        as_known = self._known.digests.get(document.id) == digest(document)
        if as_known and self._reuse and document.id not in self.written:
            truth.put_origin(document.id, document.source, origin)
        else:
            truth.put_document(document, origin)
            self.written.add(document.id)

    def _admits(self, truth: Truth, doc_id: str, origin: Origin) -> bool:
        """Whether a document may be added; if not, it has been refused.

        One that was removed comes back only when its path is named again. Of two with one
        id the one that is in the index already stays; where neither is, neither is taken.
        """
        if doc_id in self.removed:
            if not self._is_named(origin):
                self._refuse(origin, doc_id, _WAS_REMOVED)
                return False
            self.removed.discard(doc_id)
        if doc_id in self._clashed:
            self._refuse_clash(doc_id, origin, "others")
            return False
        other = self._taken.get(doc_id)
        if other is None:
            self._taken[doc_id] = origin
            return True
        return self._admits_second(truth, doc_id, origin, other)

    def _admits_second(self, truth: Truth, doc_id: str, origin: Origin, other: Origin) -> bool:
        known = self._known.origins.get(doc_id)
        owner = known.path if known else None
        if owner == other.path != origin.path:
            self._refuse_clash(doc_id, origin, other.path)
            return False
        self._refuse_clash(doc_id, other, origin.path)
        if owner == origin.path != other.path:
            self._taken[doc_id] = origin
            return True
        self._refuse_clash(doc_id, origin, other.path)
        truth.remove_documents([doc_id])
        del self._taken[doc_id]
        self.written.discard(doc_id)
        self._clashed.add(doc_id)
        return False

    def _refuse_clash(self, doc_id: str, origin: Origin, other: str) -> None:
        why = f"has the same document id {doc_id!r} as {other}; rename one"
        self._refuse(origin, origin.path, why)
        self._unsettled.add(origin)  # the other may go

    def _refuse(self, origin: Origin, source: str, reason: str) -> None:
        refused = Refused(source, reason)
        self._refusals.setdefault(origin, []).append(refused)
        self.refused.append(refused)


def within(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it.

    >>> within("/a/b", "/a"), within("/ab", "/a"), within("/a", "/a")
    (True, False, True)
    """
    return Path(path).is_relative_to(folder)


def nothing_to_index(refused: Sequence[Refused]) -> str:
    """Why there is nothing to index, in one sentence."""
    if not refused:
        return "There is nothing to index: the sources hold no documents"
    first = refused[0]
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    return f"There is nothing to index: {first.source} {first.reason}{more}"
