"""Follows the roots of a library and brings its index up to date after each burst of changes.

The system tells of changes in folders. The roots themselves are looked at twice a second: one
may vanish, come back, lead elsewhere, be a single file, or have been added by another process.
For a network drive that tells nothing, WATCHFILES_FORCE_POLLING=1 makes ``watchfiles`` look.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from index.errors import BuildError, LibraryError, StoreBusyError
from index.library import Library
from index.types import BuildReport

_TICK_S = 0.5
# Some programs save by writing a second file, deleting the first and renaming: within a second.
_QUIET_S = 1.0
_AT_LATEST_S = 30.0
_BUSY_S = 5.0


def watch(library: Library, last: BuildReport) -> Iterator[BuildReport | LibraryError]:
    """Refresh the index after each burst of changes, without end.

    ``last`` is the report of the build before. Yields the report of each refresh that changed
    something or refused something new, and the error of each that failed. A ``BuildError`` is
    followed by the next change; a ``StoreBusyError`` comes once, then the other writer is
    waited for.

    Raises:
        LibraryError: the store is gone or damaged.
        OSError: the system cannot watch the folders.
    """
    refused = set(last.refused)
    for _ in _bursts(library):
        for result in _refresh(library):
            if isinstance(result, LibraryError):
                yield result
                continue
            if result.added or result.changed or result.removed or {*result.refused} - refused:
                yield result
            refused = set(result.refused)


def _refresh(library: Library) -> Iterator[BuildReport | LibraryError]:
    """One build, however long another process is writing."""
    told = False
    while True:
        result: BuildReport | LibraryError
        try:
            result = library.build()
        except (BuildError, StoreBusyError) as error:
            result = error
        busy = isinstance(result, StoreBusyError)
        if not (busy and told):
            yield result
        if not busy:
            return
        told = True
        time.sleep(_BUSY_S)


def _bursts(library: Library) -> Iterator[None]:
    """One item when the roots are followed, and one after each burst of changes."""
    store = os.path.realpath(library.store)
    seen = _look(library)
    # What changed before they were followed is the first burst.
    began: float | None = time.monotonic()
    latest = time.monotonic()
    while True:
        folders = _folders(seen)
        with closing(_notices(folders)) as notices:
            for changed in notices:
                roots, now = _look(library), time.monotonic()
                if roots != seen or any(_is_read(path, folders, store) for path in changed):
                    began, latest = began or now, now
                seen = roots
                if _folders(roots) != folders or folders.keys() & changed:
                    break  # one is another folder now, maybe of the same name: follow that
                if began and (now - latest >= _QUIET_S or now - began >= _AT_LATEST_S):
                    began = None
                    yield


class _Mark(NamedTuple):
    """What a root is at the moment; another one means that something changed."""

    path: str  # where it leads
    device: int
    is_folder: bool
    modified_ns: int  # 0 for a folder, as is its size: what is in it is told of
    size: int


def _look(library: Library) -> dict[str, _Mark | None]:
    return {root: _mark(root) for root in library.roots()}


def _mark(root: str) -> _Mark | None:
    try:
        path = os.path.realpath(root, strict=True)
        found = os.stat(path)  # noqa: PTH116 - the path is a string on its way to watchfiles
    except OSError:
        return None  # it is not there, or not reachable
    if stat.S_ISDIR(found.st_mode):
        return _Mark(path, found.st_dev, True, 0, 0)
    return _Mark(path, found.st_dev, False, found.st_mtime_ns, found.st_size)


def _folders(roots: dict[str, _Mark | None]) -> dict[str, int]:
    """The folders among the roots, where they lead, each with its device."""
    return {mark.path: mark.device for mark in roots.values() if mark and mark.is_folder}


def _notices(folders: Iterable[str]) -> Generator[set[str], None, None]:
    """The paths that changed below ``folders``, at every tick, also when there are none.

    Ends if a folder is not there.
    """
    from watchfiles import Change
    from watchfiles import watch as follow

    try:
        for notices in follow(
            *folders,
            watch_filter=None,  # with one, a tick at which nothing passes it would be left out
            debounce=int(_TICK_S * 1000),
            rust_timeout=int(_TICK_S * 1000),
            yield_on_timeout=True,
            ignore_permission_denied=True,
        ):
            # A folder is modified when a file in it is, hidden ones too; the file has a notice.
            yield {
                path
                for change, path in notices
                if change != Change.modified or not Path(path).is_dir()
            }
    except FileNotFoundError:
        time.sleep(_TICK_S)
    except (OSError, RuntimeError) as error:  # RuntimeError: what watchfiles has no name for
        raise OSError(
            f"The system cannot watch the folders ({error}); set WATCHFILES_FORCE_POLLING=1 to "
            "have them looked through instead"
        ) from error


def _is_read(path: str, folders: Iterable[str], store: str) -> bool:
    """Whether a build reads what lies at ``path``, as ``index.read`` finds files.

    >>> [_is_read(p, ["/d"], "/d/s") for p in ("/d/a/b.md", "/d/.a/b.md", "/e/b.md", "/d/s/x")]
    [True, False, False, False]
    >>> _is_read("/d/.s/uploads/b.md", ["/d", "/d/.s/uploads"], "/d/.s")
    True
    """
    changed = Path(path)
    for folder in folders:
        if not changed.is_relative_to(folder):
            continue
        hidden = any(part.startswith(".") for part in changed.relative_to(folder).parts)
        ours = changed.is_relative_to(store) and not Path(folder).is_relative_to(store)
        if not hidden and not ours:
            # The system follows symbolic links, a build does not.
            return os.path.realpath(changed.parent) == str(changed.parent)
    return False
