"""Which documents the next generation holds: what the roots give, told from what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.read import SourceFile, content_hash, list_files, read_file
from index.truth import Origin, Truth
from index.types import Refused

Progress = Callable[[str, int, int], None]
"""Called with the stage (read, embed, store, verify), how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a generation is to be made from."""

    roots: tuple[str, ...]  # files and folders, absolute
    named: tuple[str, ...] = ()  # the paths that a person named just now
    removed: tuple[str, ...] = ()  # ids that a person removed


class Gathering:
    """The documents of one build, admitted one by one into its truth."""

    def __init__(self, truth: Truth, sources: Sources, before: Path | None) -> None:
        """Gather into ``truth``; ``before`` is the truth of the generation in use."""
        self.refused: list[Refused] = []
        self.left_out = 0
        self.removed = set(sources.removed)
        self._truth = truth
        self._sources = sources
        self._before = before
        self._known: dict[str, Origin] = {}
        self._incomplete_before: set[str] = set()
        if before is not None:
            known = Truth.open(before)
            self._known, self._incomplete_before = known.origins(), known.incomplete()
            known.close()
        self._taken: dict[str, Origin] = {}
        self._clashed: set[str] = set()
        self._incomplete: set[str] = set()

    def run(self, tell: Progress, *, reuse: bool) -> None:
        """Read every file of the roots, or take it over where its bytes are the same."""
        gone = self._gone()
        listing = list_files([root for root in self._sources.roots if root not in gone])
        self.refused += listing.refused
        self.left_out = listing.left_out
        # Where one root lies inside another, a file is taken once.
        files = list({file.path: file for file in reversed(listing.files)}.values())[::-1]
        ids_of = self._ids_by_file()
        for done, file in enumerate(files):
            tell("read", done, len(files))
            self._take(file, ids_of if reuse else {})
        for doc_id, origin in self._known.items():
            if origin.root in gone:
                self._copy(doc_id, origin)
        self._truth.mark_incomplete(self._incomplete)
        tell("read", len(files), len(files))

    def roots(self) -> tuple[str, ...]:
        """The roots to remember: all but those newly named that were refused as a whole."""
        used = {origin.root for origin in self._taken.values()}
        refused = {refused.source for refused in self.refused} & set(self._sources.named)
        return tuple(r for r in self._sources.roots if r in used or r not in refused)

    @property
    def all_named_failed(self) -> bool:
        """Whether there is nothing but what was named just now, and nothing in that."""
        return not self._taken and set(self._sources.roots) == set(self._sources.named) != set()

    def _gone(self) -> set[str]:
        """Remembered roots that are not there: an unplugged disk must not empty the index."""
        used = [origin.root for origin in self._known.values()]
        gone = {root for root in self._sources.roots if root in used and not Path(root).exists()}
        for root in sorted(gone):
            why = (
                f"is not there any more; its {used.count(root)} documents are kept "
                f"(to drop them: qa sources remove {root})"
            )
            self.refused.append(Refused(root, why))
        return gone

    def _ids_by_file(self) -> dict[Origin, list[str]]:
        """The documents of each known file of which everything was taken."""
        ids: dict[Origin, list[str]] = {}
        for doc_id, origin in self._known.items():
            if origin.path not in self._incomplete_before:
                ids.setdefault(origin, []).append(doc_id)
        return ids

    def _take(self, file: SourceFile, known: dict[Origin, list[str]]) -> None:
        try:
            origin = Origin(str(file.path), file.root, content_hash(file.path))
        except OSError as error:
            why = f"cannot be read ({error.strerror or error})"
            self.refused.append(Refused(str(file.path), why))
            return
        if origin in known:
            for doc_id in known[origin]:
                self._copy(doc_id, origin)
            return
        for found in read_file(file):
            if isinstance(found, Refused):
                self._refuse(origin, found.source, found.reason)
            elif self._admits(found.id, origin):
                self._truth.add_document(found, origin)

    def _copy(self, doc_id: str, origin: Origin) -> None:
        assert self._before is not None  # an id is known from there
        if self._admits(doc_id, origin):
            self._truth.copy_document(self._before, doc_id)

    def _admits(self, doc_id: str, origin: Origin) -> bool:
        """Whether a document may be added; if not, it has been refused.

        One that was removed comes back only when its path is named again. Of two with one
        id the one that is in the index already stays; where neither is, neither is taken.
        """
        if doc_id in self.removed:
            if not any(within(origin.path, path) for path in self._sources.named):
                self._refuse(origin, doc_id, "was removed; name its path to take it back")
                return False
            self.removed.discard(doc_id)
        if doc_id in self._clashed:
            self._refuse_clash(doc_id, origin, "others")
            return False
        other = self._taken.get(doc_id)
        if other is None:
            self._taken[doc_id] = origin
            return True
        return self._admits_second(doc_id, origin, other)

    def _admits_second(self, doc_id: str, origin: Origin, other: Origin) -> bool:
        known = self._known.get(doc_id)
        owner = known.path if known else None
        if owner == other.path != origin.path:
            self._refuse_clash(doc_id, origin, other.path)
            return False
        self._truth.remove_documents([doc_id])
        self._refuse_clash(doc_id, other, origin.path)
        if owner == origin.path != other.path:
            self._taken[doc_id] = origin
            return True
        self._refuse_clash(doc_id, origin, other.path)
        del self._taken[doc_id]
        self._clashed.add(doc_id)
        return False

    def _refuse_clash(self, doc_id: str, origin: Origin, other: str) -> None:
        why = f"has the same document id {doc_id!r} as {other}; rename one"
        self._refuse(origin, origin.path, why)

    def _refuse(self, origin: Origin, source: str, reason: str) -> None:
        # Such a file is read again next time, so that every report is whole.
        self._incomplete.add(origin.path)
        self.refused.append(Refused(source, reason))


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
