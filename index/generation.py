"""Generations: each build is a folder of its own, made visible by replacing one pointer.

A store is a folder with ``CURRENT`` (one line: the name of the generation in use), that
generation's folder and what is remembered of its files (``gen-….seen``), ``writer.lock``,
``readers/`` and ``uploads/``. A generation is built in a folder of another name and gets its own
only when it is whole; then it is never written to again. So a build that fails or is killed leaves
the one before answering, and the newest there is can be told even without the pointer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from index.errors import BuildError, StoreDamagedError
from index.locks import HOLDER, clear_dead, is_leased

FORMAT = 3
TRUTH, WORDS, VECTORS = "truth.sqlite", "words", "vectors"
DATABASE = f"{VECTORS}/chroma.sqlite3"
POINTER, MANIFEST = "CURRENT", "manifest.json"
_NAME = re.compile(r"gen-\d{6,}")
_STAGING = "building-"


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
    files: dict[str, str]  # path below the folder → hash and size, as ``file_marks`` gives it
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

    Where the pointer is lost or garbled, the newest generation there is.

    Raises:
        StoreDamagedError: the pointer names one that is not there, or it cannot be read and there
            is none.
    """
    try:
        name = (store / POINTER).read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return _newest(store)
    except OSError as error:
        raise StoreDamagedError(
            f"{store / POINTER} cannot be read ({error}); run: qa index --rebuild PATH…"
        ) from error
    if _NAME.fullmatch(name):
        if not (store / name).is_dir() and points_to(store, name):
            raise StoreDamagedError(
                f"{store / POINTER} names {name}, which is not there; restore a copy of the store, "
                "or run: qa index --rebuild PATH…"
            )
        return name
    newest = _newest(store)
    if newest is None:
        raise StoreDamagedError(
            f"{store / POINTER} holds {name[:40]!r}, not the name of a generation, and there is "
            "none beside it; run: qa index --rebuild PATH…"
        )
    return newest


def _newest(store: Path) -> str | None:
    names = [folder.name for folder in _generations(store)]
    return max(names, key=_number, default=None)


def _number(name: str) -> int:
    return int(name.removeprefix("gen-"))


def points_to(store: Path, name: str) -> bool:
    """Whether the pointer itself names this generation."""
    try:
        return (store / POINTER).read_text("utf-8", "replace").strip() == name
    except OSError:
        return False


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    Raises:
        StoreDamagedError: it is not there, is not as it was written, or is of another format.
    """
    fields = _read_fields(folder)
    try:
        _check_format(folder, fields["format"])
        if fields.pop("sha256") != _checksum(fields):
            raise ValueError("it has changed since it was written")
        fields["roots"], fields["removed"] = tuple(fields["roots"]), tuple(fields["removed"])
        return Manifest(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def read_roots(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The roots and the removed ids of a generation of this or an older format.

    Raises:
        StoreDamagedError: the manifest does not tell.
        BuildError: it is of a newer format, which is not for this version to replace.
    """
    fields = _read_fields(folder)
    try:
        if fields["format"] > FORMAT:
            raise BuildError(_newer(folder, fields["format"]))
        return tuple(map(str, fields["roots"])), tuple(map(str, fields["removed"]))
    except (KeyError, TypeError) as error:
        raise _unreadable(folder, error) from error


def _read_fields(folder: Path) -> dict[str, Any]:
    try:
        fields = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(folder, error) from error
    if not isinstance(fields, dict):
        raise _unreadable(folder, TypeError("it is no JSON object"))
    return fields


def _unreadable(folder: Path, error: Exception) -> StoreDamagedError:
    return StoreDamagedError(
        f"{folder / MANIFEST} cannot be read ({error}); run: qa index --rebuild PATH…"
    )


def _checksum(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _check_format(folder: Path, found: int) -> None:
    if found > FORMAT:
        raise StoreDamagedError(_newer(folder, found))
    if found < FORMAT:
        raise StoreDamagedError(
            f"{folder} has format {found}, older than {FORMAT}, the oldest this version reads; "
            "run: qa index --rebuild"
        )


def _newer(folder: Path, found: int) -> str:
    return (
        f"{folder} has format {found}, newer than {FORMAT}, the newest this version reads; "
        "install a newer version"
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a generation whose other files are all there."""
    fields = json.loads(json.dumps(asdict(manifest)))
    text = json.dumps({**fields, "sha256": _checksum(fields)}, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")


def part_files(folder: Path) -> list[Path]:
    """The files below a generation's folder but its manifest, sorted."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / MANIFEST)


def file_marks(folder: Path, paths: Iterable[Path], tables: str) -> dict[str, str]:
    """What each of the files of a generation is known by, by its posix path below the folder.

    ``sha256:…`` of its bytes; for Chroma's database, to which it writes when it opens it,
    ``tables``. Each is followed by its size.
    """
    marks = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        mark = tables if name == DATABASE else _sha256(path)
        marks[name] = f"{mark} {path.stat().st_size}"
    return marks


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def size_faults(folder: Path, marks: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with files by their size alone: path below the folder → what, in words."""
    faults = {}
    for name, mark in marks.items():
        expected = int(mark.rpartition(" ")[2])
        try:
            size = (folder / name).stat().st_size
        except OSError:
            faults[name] = "is missing"
            continue
        # Chroma's database grows a little, every few hundred times that it is opened.
        if size < expected or (size > expected and name != DATABASE):
            faults[name] = f"has {size} bytes, not {expected}"
    return faults


def graph_marks(marks: Mapping[str, str]) -> dict[str, str]:
    """Those of the files that Chroma reads as they are: a bit of them can end the process."""
    return {
        name: m for name, m in marks.items() if name.startswith(f"{VECTORS}/") and name != DATABASE
    }


def hash_faults(folder: Path, marks: Mapping[str, str], tables: str = "") -> dict[str, str]:
    """What is wrong with the content of files that are all there: path → what, in words."""
    found = {name: tables if name == DATABASE else _sha256(folder / name) for name in marks}
    return {
        name: "has changed since it was written"
        for name, mark in marks.items()
        if found[name] != mark.rpartition(" ")[0]
    }


@contextmanager
def staging(store: Path) -> Iterator[Path]:
    """A new folder for a generation that is being built; gone again unless it was published."""
    # Never the same twice: what a killed build started may still be writing to its own.
    folder = store / f"{_STAGING}{uuid.uuid4().hex[:12]}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def next_name(store: Path) -> str:
    """A name that no generation of this store has had while the newest is there."""
    newest = _newest(store)
    return f"gen-{_number(newest) + 1 if newest else 1:06d}"


def publish(folder: Path, name: str) -> None:
    """Make a whole generation in a staging folder the one in use, durably: all of it, or not."""
    store = folder.parent
    for path in sorted(folder.rglob("*")):
        _fsync(path)
    _fsync(folder)
    folder.rename(store / name)
    _fsync(store)
    point(store, name)


def point(store: Path, name: str) -> None:
    """Make ``CURRENT`` name a generation, durably."""
    pointer = store / f"{POINTER}.new"
    pointer.write_text(name + "\n", "utf-8")
    _fsync(pointer)
    pointer.replace(store / POINTER)
    _fsync(store)


def _fsync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows has no fsync of a folder
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def drop_replaced(store: Path) -> None:
    """Delete the generations before the one in use that nobody reads; needs no lock."""
    name = current(store)
    for folder in _generations(store) if name else ():
        if _number(folder.name) < _number(str(name)):
            drop(store, folder.name)


def is_tidy(store: Path) -> bool:
    """Whether a store holds nothing that only a build leaves which did not come to its end."""
    name = current(store)
    newer = [f for f in _generations(store) if name and _number(f.name) > _number(name)]
    left = [*newer, *_staged(store), *store.glob("*.new"), *store.glob(HOLDER)]
    return not left and (name is None or points_to(store, name))


def tidy(store: Path) -> None:
    """Delete what nobody needs any more, and set a lost pointer right; under the writer's lock."""
    try:
        name = current(store)
    except StoreDamagedError:
        return  # nothing can be told from what is there, and the pointer is soon replaced
    if name is not None and not points_to(store, name):
        point(store, name)
    sweep(store)


def sweep(store: Path) -> None:
    """Delete what builds left that did not end; only the holder of the lock may.

    And every generation but the one in use that nobody reads.
    """
    for folder in _staged(store):
        shutil.rmtree(folder, ignore_errors=True)
    for draft in store.glob("*.new"):
        draft.unlink(missing_ok=True)
    for folder in _generations(store):
        drop(store, folder.name)
    clear_dead(store)


def drop(store: Path, name: str) -> None:
    """Delete a generation unless it is in use or being read."""
    if name != current(store) and not is_leased(store, name):
        (store / f"{name}.seen").unlink(missing_ok=True)
        # Where the system cannot delete a file that is open, it goes next time.
        shutil.rmtree(store / name, ignore_errors=True)


def _generations(store: Path) -> list[Path]:
    return [folder for folder in store.glob("gen-*") if _NAME.fullmatch(folder.name)]


def _staged(store: Path) -> list[Path]:
    return list(store.glob(f"{_STAGING}*"))


# What was found whole, by the size and time of its files


def remember(folder: Path, marks: Mapping[str, str]) -> None:
    """Note that a generation is whole as it is now, so that opening it asks no more.

    To be told again whenever Chroma has opened its database, and so written to it.
    """
    seen = folder.with_suffix(".seen")
    try:
        draft = seen.with_suffix(f".{os.getpid()}.new")
        draft.write_text(json.dumps(_stats(folder, marks)), "utf-8")
        draft.replace(seen)
    except OSError:
        return  # a store that cannot be written is looked at each time


def forget(folder: Path) -> None:
    """Note that a generation is not known to be whole."""
    folder.with_suffix(".seen").unlink(missing_ok=True)


def is_remembered(folder: Path, marks: Mapping[str, str]) -> bool:
    """Whether a generation was found whole and no file of it was touched since."""
    try:
        seen = json.loads(folder.with_suffix(".seen").read_text("utf-8"))
        return bool(seen == _stats(folder, marks))
    except (OSError, ValueError, RecursionError):
        return False


def _stats(folder: Path, marks: Mapping[str, str]) -> dict[str, list[int]]:
    """(size, time of the last change in ns) of each file."""
    stats = {name: (folder / name).stat() for name in (*marks, MANIFEST)}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}
