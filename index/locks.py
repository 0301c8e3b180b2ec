"""Who writes to a store, and who reads which generation of it: filelock's only door.

Locks are the system's: they end with the process that holds them, however that ends.
"""

from __future__ import annotations

import json
import os
import socket
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import BuildError, StoreBusyError

# Long enough for another writer's last step, short enough that nobody thinks it hangs.
_LOCK_TIMEOUT_S = 1.5
_READERS = "readers"
HOLDER = "writer.json"


@contextmanager
def writer_lock(store: Path, timeout_s: float = _LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the store's only right to write.

    Raises:
        StoreBusyError: somebody else holds it, and did so for ``timeout_s``.
        BuildError: the store's folder cannot be made.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"{store} cannot be a store ({error.strerror}); name a folder that may be written"
        ) from error
    holder = store / HOLDER
    lock = FileLock(store / "writer.lock", timeout=timeout_s)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreBusyError(
            f"Another process ({_read_holder(holder)}) is writing to {store}; "
            "try again when it is done"
        ) from error
    except OSError as error:
        raise BuildError(f"{store} cannot be written to ({error.strerror or error})") from error
    try:
        with suppress(OSError):  # a full disk, which the build tells of in its own words
            holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text("utf-8"))
        return f"process {holder['pid']} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it has not said which yet"


class Lease:
    """Keeps a generation from being deleted while it is read, by whichever process.

    A file of its own, locked. Whoever reads ``CURRENT`` again after taking it, and finds the
    same generation, can rely on it: who replaces that one looks for leases afterwards.
    """

    def __init__(self, store: Path, generation: str) -> None:
        """Take a lease; where the store may not be written, nothing is deleted either."""
        path = store / _READERS / f"{generation}.{uuid.uuid4().hex}.lock"
        # Another thread than the one that took it may end it.
        lock = FileLock(path, thread_local=False)
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            lock.acquire()
        # A process that ends clears its own away.
        self._end = weakref.finalize(self, _end, lock, path, os.getpid())

    def end(self) -> None:
        """Let the generation go."""
        self._end()


def _end(lock: FileLock, path: Path, holder: int) -> None:
    if os.getpid() != holder:
        return  # a fork of the process that reads; the lock is not its own
    lock.release()
    with suppress(OSError):
        path.unlink(missing_ok=True)


def is_leased(store: Path, generation: str) -> bool:
    """Whether somebody reads a generation."""
    leases = (store / _READERS).glob(f"{generation}.*.lock")
    return any(not _clear_if_dead(path) for path in leases)


def clear_dead(store: Path) -> None:
    """Delete the leases of processes that were killed."""
    for path in (store / _READERS).glob("*.lock"):
        _clear_if_dead(path)


def _clear_if_dead(path: Path) -> bool:
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return False
    # While it is held: who was about to lock it then finds it gone, and makes another.
    with suppress(OSError):
        path.unlink(missing_ok=True)
    lock.release()
    return True
