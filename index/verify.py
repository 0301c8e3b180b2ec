"""Is a generation whole? Run in a child process: a damaged index can kill the one that reads it.

python -m index.verify FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from index.errors import LibraryError, StoreDamagedError
from index.generation import TRUTH, VECTORS, WORDS, file_marks, read_manifest
from index.truth import Truth

# Own-vector searches; 64 spread over the chunks find a store of which 5 % is unreachable
# with a probability of .96.
_PROBES = 64
# Nearest neighbour search is approximate even when all is well: 4 of 10,000 at most.
_MUST_REACH = 0.999
_SAME = 0.999  # cosine of a vector with itself, or with an equal text's
_TIMEOUT_S = 600


def verify(folder: Path) -> None:
    """Check that every part of a generation is there, readable and agrees with the others.

    Raises:
        StoreDamagedError: it does not; the message names the part.
    """
    manifest = read_manifest(folder)
    marks = file_marks(folder)
    for name, expected in manifest.files.items():
        if marks.get(name) != expected:
            what = "has changed since it was written" if name in marks else "is missing"
            raise StoreDamagedError(f"{folder / name} {what}")
    truth = Truth.open(folder / TRUTH)
    try:
        _verify_documents(truth, manifest.documents)
        n_chunks = truth.count_chunks()
        _expect(folder, "chunks", n_chunks, manifest.n_chunks)
        if n_chunks:
            _verify_words(folder, n_chunks)
            _verify_vectors(folder, truth, n_chunks, manifest.dim)
    finally:
        truth.close()


def _verify_documents(truth: Truth, expected: dict[str, str]) -> None:
    found = truth.digests()
    if found != expected:
        wrong = sorted(id_ for id_ in found | expected if found.get(id_) != expected.get(id_))
        raise StoreDamagedError(f"{len(wrong)} documents differ from the manifest: {wrong[:3]}")
    for entry in truth.entries():
        if truth.document(entry.id).sha256 != entry.sha256:
            raise StoreDamagedError(f"The stored text of {entry.id!r} has changed")


def _verify_words(folder: Path, n_chunks: int) -> None:
    from index.lexical import Words

    _expect(folder, "chunks in the word index", len(Words(folder / WORDS)), n_chunks)


def _verify_vectors(folder: Path, truth: Truth, n_chunks: int, dim: int) -> None:
    from index.vectors import Vectors

    vectors = Vectors(folder / VECTORS)
    try:
        _expect(folder, "chunks in the vector index", len(vectors), n_chunks)
        probes = np.unique(np.linspace(1, n_chunks, min(_PROBES, n_chunks)).astype(int))
        rows = truth.vectors([int(n) for n in probes], dim)
        _expect(folder, "stored vectors among those tried", len(rows), len(probes))
        spoken = {n: row for n, row in rows.items() if row.any()}  # no known word: no direction
        reached = sum(vectors.search(row, 1)[0][1] > _SAME for row in spoken.values())
        if reached < _MUST_REACH * len(spoken):
            raise StoreDamagedError(
                f"{folder / VECTORS}: {len(spoken) - reached} of {len(spoken)} chunks tried "
                "cannot be found by their own vector"
            )
    finally:
        vectors.close()


def _expect(folder: Path, what: str, found: int, expected: int) -> None:
    if found != expected:
        raise StoreDamagedError(f"{folder} has {found} {what}, not {expected}")


def verify_in_child(folder: Path) -> None:
    """``verify`` in a process of its own, which a damaged file may crash.

    Raises:
        StoreDamagedError: the generation is not whole, or reading it killed the child.
    """
    try:
        child = subprocess.run(
            # -P: what lies in the folder one happens to work in is not imported.
            [sys.executable, "-P", "-m", "index.verify", str(folder)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoreDamagedError(f"{folder} could not be read in {_TIMEOUT_S} s") from error
    if child.returncode == 0:
        return
    said = child.stderr.strip().splitlines()
    raise StoreDamagedError(said[-1] if said else f"Reading {folder} ended the process")


def main() -> int:
    """Verify the folder named on the command line; 0 when it is whole, else 1 and why."""
    try:
        verify(Path(sys.argv[1]))
    except LibraryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
