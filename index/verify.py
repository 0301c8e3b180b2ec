"""Is a generation whole? Asked of a child process: a damaged index can kill the one that reads it.

python -m index.verify DEPTH FOLDER PART…
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import TYPE_CHECKING, Literal

from index.child import end_with_parent, start, stop
from index.embed import Vectors as Rows
from index.errors import LibraryError, StoreDamagedError
from index.generation import (
    DATABASE,
    TRUTH,
    VECTORS,
    WORDS,
    Manifest,
    forget,
    hash_faults,
    is_remembered,
    read_manifest,
    remember,
    size_faults,
)
from index.tables import tables_digest
from index.truth import Truth

if TYPE_CHECKING:
    from index.vectors import Vectors

PARTS = (TRUTH, WORDS, VECTORS)
# Own-vector searches, spread over the vectors.
_PROBES = 64
# Nearest neighbour search is approximate even when all is well: at worst 1 % was out of reach
# (single texts beside thousands nearly alike). Of a store that lost 15 %, this many probes
# find more than 5 % with a probability of .99; below 97 vectors every one knows every other.
_MUST_REACH = 0.95
_SAME = 0.999  # cosine of a vector with itself

Depth = Literal["probe", "hashes", "all"]
"""How closely to look: open each part and search it; compare each file's hash as well; and each
document and vector, too."""
_TIMEOUTS_S: dict[Depth, float] = {"probe": 600, "hashes": 1_800, "all": 7_200}


def faults(folder: Path, manifest: Manifest, *, everything: bool = False) -> dict[str, str]:
    """What is wrong with parts (TRUTH, WORDS, VECTORS) of a generation: part → what, in words.

    Looks at the size of each file; and, unless it was found whole before and no file was touched
    since, has a child look at the hashes and search each part: a single bit can make a later
    search end the process. With ``everything`` each document and vector is looked at, whatever is
    remembered.
    """
    found = _by_part(size_faults(folder, manifest.files))
    if not everything and not found and is_remembered(folder, manifest.files):
        return {}
    left = [part for part in PARTS if part not in found]
    found |= probe(folder, left, depth="all" if everything else "hashes")
    if found:
        forget(folder)
    else:
        remember(folder, manifest.files)
    return found


def damaged_truth(folder: Path, what: str) -> StoreDamagedError:
    """The error of a generation of which the documents cannot be read."""
    return StoreDamagedError(
        f"The documents in {folder} are damaged ({what}); restore a copy of the store, or read "
        "the sources again with: qa index --rebuild"
    )


def _by_part(by_file: Mapping[str, str]) -> dict[str, str]:
    """The first fault of each part."""
    found: dict[str, str] = {}
    for name, what in by_file.items():
        found.setdefault(name.partition("/")[0], f"{name} {what}")
    return found


def probe(folder: Path, parts: Sequence[str] = PARTS, *, depth: Depth = "probe") -> dict[str, str]:
    """What a ``Probe`` finds wrong with parts, if any."""
    if not parts:
        return {}
    with Probe(folder, parts, depth=depth) as child:
        return child.faults()


class Probe:
    """A child process that reads parts of a generation when it is asked what is wrong with them.

    It can be started before they are there: what it needs takes a second to import.
    """

    def __init__(
        self, folder: Path, parts: Sequence[str] = PARTS, *, depth: Depth = "probe"
    ) -> None:
        self._folder = folder
        self._parts = parts
        self._depth: Depth = depth
        self._process = self._start(parts)

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *raised: object) -> None:
        stop(self._process)

    def ask(self) -> None:
        """Have it look already, while something else is done; ``faults`` then waits for it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, as ``faults`` will find
            self._process.stdin.write(b"now\n")
            self._process.stdin.flush()

    def faults(self) -> dict[str, str]:
        """What is wrong, in words, by part; where one kills the child, another reads the rest."""
        found: dict[str, str] = {}
        left = list(self._parts)
        while left:
            ready, *told = self._said() or [""]
            for part, what in map(json.loads, told):
                left.remove(part)
                if what:
                    found[part] = what
            if left:
                killer = left.pop(0 if ready else -1)  # VECTORS are last
                found[killer] = f"reading {killer} ended the process that did"
                self._process = self._start(left)
        return found

    def _start(self, parts: Sequence[str]) -> Popen[bytes]:
        return start("index.verify", self._depth, str(self._folder), *parts)

    def _said(self) -> list[str]:
        """The lines that the child writes until it ends, or has taken too long."""
        try:
            said, _ = self._process.communicate(b"now\n", _TIMEOUTS_S[self._depth])
        except TimeoutExpired:
            self._process.kill()
            said, _ = self._process.communicate()
        return said.decode().splitlines()


def main() -> int:
    """Print "ready" and, when asked, a line of JSON a part: the part, and what is wrong or ""."""
    end_with_parent()
    depth, folder, *parts = sys.argv[1:]
    with suppress(ImportError):  # which is told of the part that needs it
        for module in ("lexical", "vectors") if VECTORS in parts else ():
            importlib.import_module(f"index.{module}")
    _say("ready")
    if not sys.stdin.readline():
        return 0
    try:
        manifest = read_manifest(Path(folder))
    except LibraryError as error:
        for part in parts:
            _say(json.dumps([part, str(error)]))
        return 0
    for part in parts:
        _say(json.dumps([part, _fault(Path(folder), manifest, part, depth)]))
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _fault(folder: Path, manifest: Manifest, part: str, depth: str) -> str:
    """What is wrong with a part, in words, or ""; looked at here, where it may end the process."""
    try:
        if depth != "probe":
            _check_hashes(folder, part, manifest)
        _CHECKS[part](folder, manifest, depth == "all")
    except (LibraryError, OSError, ImportError) as error:
        return str(error)
    return ""


def _check_hashes(folder: Path, part: str, manifest: Manifest) -> None:
    tables = ""
    if part == VECTORS and DATABASE in manifest.files:
        tables = tables_digest(folder / DATABASE)
    marks = {name: m for name, m in manifest.files.items() if name.partition("/")[0] == part}
    for name, what in hash_faults(folder, marks, tables).items():
        raise StoreDamagedError(f"{name} {what}")


def _check_truth(folder: Path, manifest: Manifest, everything: bool) -> None:
    truth = Truth.open(folder / TRUTH)
    found, expected = truth.digests(), manifest.documents
    if found != expected:
        wrong = sorted(id_ for id_ in found | expected if found.get(id_) != expected.get(id_))
        raise StoreDamagedError(f"{len(wrong)} documents differ from the manifest: {wrong[:3]}")
    _expect("chunks", truth.count_chunks(), manifest.n_chunks)
    for doc_id in found if everything else ():
        truth.document(doc_id)  # raises where the text is another
    truth.close()


def _check_words(folder: Path, manifest: Manifest, everything: bool) -> None:  # noqa: ARG001
    if manifest.n_chunks:
        from index.lexical import Words

        _expect("chunks in the word index", len(Words(folder / WORDS)), manifest.n_chunks)


def _check_vectors(folder: Path, manifest: Manifest, everything: bool) -> None:
    if not manifest.n_chunks:
        return
    from index.vectors import Vectors

    vectors = Vectors(folder / VECTORS)
    truth = Truth.open(folder / TRUTH)
    _expect("vectors in the vector index", len(vectors), truth.count_vectors())
    _check_reach(vectors, truth.some_vectors(_PROBES, manifest.dim))
    for numbers, rows in truth.all_vectors(manifest.dim) if everything else ():
        stored = vectors.rows(numbers)
        for number, row in zip(numbers, rows, strict=True):
            if number not in stored or float(row @ stored[number]) < _SAME:
                raise StoreDamagedError(f"{VECTORS}: vector {number} is not as it was embedded")
    vectors.close()
    truth.close()


def _check_reach(vectors: Vectors, rows: Sequence[Rows]) -> None:
    nearest = vectors.nearest(rows)
    reached = sum(cosine > _SAME for cosine in nearest)
    if reached < _MUST_REACH * len(rows):
        raise StoreDamagedError(
            f"{VECTORS}: {len(rows) - reached} of {len(rows)} vectors tried cannot be found "
            "by themselves"
        )


def _expect(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise StoreDamagedError(f"It has {found} {what}, not {expected}")


_CHECKS: dict[str, Callable[[Path, Manifest, bool], None]] = {
    TRUTH: _check_truth,
    WORDS: _check_words,
    VECTORS: _check_vectors,
}


if __name__ == "__main__":
    sys.exit(main())
