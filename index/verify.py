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

# Own-vector searches, spread over the chunks.
_PROBES = 64
# Nearest neighbour search is approximate even when all is well: at worst 1 % was out of reach
# (single texts beside thousands nearly alike). Of a store that lost 15 %, this many probes
# find more than 5 % with a probability of .99; below 97 vectors every one knows every other.
_MUST_REACH = 0.95
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
            _verify_vectors(folder, truth, manifest.dim)
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


def _verify_vectors(folder: Path, truth: Truth, dim: int) -> None:
    from index.vectors import Vectors

    vectors = Vectors(folder / VECTORS)
    try:
        directions = truth.directions()
        _expect(folder, "vectors in the vector index", len(vectors), len(directions))
        if not directions:  # no chunk has a known word
            return
        spread = np.linspace(0, len(directions) - 1, min(_PROBES, len(directions)))
        probes = [directions[int(at)] for at in spread]
        rows = truth.vectors(probes, dim)
        reached = sum(vectors.search(rows[n], 1)[0][1] > _SAME for n in probes)
        if reached < _MUST_REACH * len(probes):
            raise StoreDamagedError(
                f"{folder / VECTORS}: {len(probes) - reached} of {len(probes)} vectors tried "
                "cannot be found by themselves"
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
