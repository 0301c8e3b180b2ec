"""Generations: each build is a folder of its own, made visible by replacing one pointer.

A store is a folder with ``CURRENT`` (one line: the name of the generation in use), that
generation's folder, ``writer.lock``, and ``uploads/``. A generation is never written to once
``CURRENT`` names it, so a build that fails or is killed leaves the one before answering.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from index.errors import BuildError, StoreBusyError, StoreDamagedError

FORMAT = 2
MANIFEST = "manifest.json"
TRUTH, WORDS, VECTORS = "truth.sqlite", "words", "vectors"
_POINTER = "CURRENT"
_NAME = re.compile(r"gen-\d{6,}")
# Long enough for another writer's last step, short enough that nobody thinks it hangs.
_LOCK_TIMEOUT_S = 1.5


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation holds and how it was made; written last, read first."""

    generation: str
    roots: tuple[str, ...]
    removed: tuple[str, ...]  # ids of documents that a person removed and no refresh brings back
    documents: dict[str, str]  # id → hash of all a reader sees of it, sorted by id
    chunking: str
    embedding: str  # id of the model, its weights' hash within
    dim: int
    n_chunks: int
    files: dict[str, str]  # path below the folder → hash or size, as ``file_marks`` gives it
    versions: dict[str, str]
    format: int = FORMAT

    @property
    def fingerprint(self) -> str:
        """A hash of the documents, the chunking and the embedding, as 16 hex digits.

        Two stores with one fingerprint give the same evidence.
        """
        made_of = json.dumps([self.documents, self.chunking, self.embedding])
        return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def library_versions() -> dict[str, str]:
    """The versions of what wrote the files, for whoever has to read them later."""
    return {name: version(name) for name in ("chromadb", "tantivy", "sentencex")}


def current(store: Path) -> str | None:
    """The name of the generation in use; None where nothing was published yet.

    Raises:
        StoreDamagedError: the pointer does not hold a generation's name.
    """
    try:
        name = (store / _POINTER).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreDamagedError(
            f"{store / _POINTER} cannot be read ({error}); run: qa index --rebuild PATH…"
        ) from error
    if not _NAME.fullmatch(name):
        raise StoreDamagedError(
            f"{store / _POINTER} holds {name[:40]!r}, not the name of a generation; write into "
            "it the name of the gen-… folder beside it, or run: qa index --rebuild PATH…"
        )
    return name


def forget(store: Path) -> None:
    """Remove a pointer that cannot be read, so that the store counts as new."""
    (store / _POINTER).unlink(missing_ok=True)


def next_name(store: Path) -> str:
    """A name that no generation of this store has had while its folder is there."""
    taken = [int(folder.name[4:]) for folder in _generations(store)]
    return f"gen-{max(taken, default=0) + 1:06d}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    Raises:
        StoreDamagedError: it is not there, is not a manifest, or is of another format.
    """
    try:
        fields: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        _check_format(folder, fields["format"])
        fields["roots"], fields["removed"] = tuple(fields["roots"]), tuple(fields["removed"])
        return Manifest(**fields)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreDamagedError(
            f"{folder / MANIFEST} cannot be read ({error}); remove the store and index "
            "the sources again"
        ) from error


def _check_format(folder: Path, found: int) -> None:
    if found > FORMAT:
        raise StoreDamagedError(
            f"{folder} has format {found}, newer than {FORMAT}, the newest this version reads; "
            "install a newer version"
        )
    if found < FORMAT:
        raise StoreDamagedError(
            f"{folder} has format {found}, older than {FORMAT}, the oldest this version reads; "
            "remove the store and index the sources again"
        )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a generation whose other files are all there."""
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")


def file_marks(folder: Path) -> dict[str, str]:
    """What each file below a generation but its manifest is known by, by its posix path.

    ``sha256:…`` of its bytes; only ``bytes:…``, their number, for Chroma's, which it writes
    anew with other bytes when it opens them.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    marks = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        if name.startswith(f"{VECTORS}/"):
            marks[name] = f"bytes:{path.stat().st_size}"
        elif name != MANIFEST:
            with path.open("rb") as file:
                marks[name] = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return marks


def publish(store: Path, name: str) -> None:
    """Make a complete generation the one in use, durably: all of it, or nothing."""
    for path in sorted((store / name).rglob("*")):
        _fsync(path)
    _fsync(store / name)
    pointer = store / f"{_POINTER}.new"
    pointer.write_text(name + "\n", "utf-8")
    _fsync(pointer)
    pointer.replace(store / _POINTER)
    _fsync(store)


def _fsync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows has no fsync of a folder
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(store: Path, held: Collection[str] = ()) -> None:
    """Delete every generation but the one in use; only the holder of the lock may.

    Those in ``held`` stay: readers in this process have them, and delete them when done.
    Where another process holds files open that the system then cannot delete, they go next time.
    """
    kept = {current(store), *held}
    for folder in _generations(store):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def _generations(store: Path) -> list[Path]:
    return [folder for folder in store.glob("gen-*") if _NAME.fullmatch(folder.name)]


@contextmanager
def writer_lock(store: Path) -> Iterator[None]:
    """Hold the store's only right to write; it ends with the process, however that ends.

    Raises:
        StoreBusyError: somebody else holds it.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"{store} cannot be a store ({error.strerror}); name a folder that may be written"
        ) from error
    holder = store / "writer.json"
    lock = FileLock(store / "writer.lock", timeout=_LOCK_TIMEOUT_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise StoreBusyError(
            f"Another process ({_read_holder(holder)}) is writing to {store}; "
            "try again when it is done"
        ) from error
    try:
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
