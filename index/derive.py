"""The derived parts of a generation, each made by a process of its own.

python -m index.derive words FOLDER: reads the truth there, and a change from its input
python -m index.derive vectors FOLDER DIM [BEFORE]: makes ready, and then reads from its input which
vectors are gone of those in BEFORE, and the new ones as they are embedded

Chroma holds Python's global lock while it adds, so that in the process that builds no question
would be answered; and both cores are busy.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE
from typing import BinaryIO

import numpy as np

from index.child import end_with_parent, start, stop
from index.embed import Vectors
from index.errors import BuildError, LibraryError
from index.generation import TRUTH, VECTORS, WORDS
from index.truth import Truth


@dataclass(frozen=True, slots=True)
class Change:
    """What is other in a truth than in that of the generation it was copied from."""

    before: str  # that generation's folder
    chunks: tuple[int, ...]  # numbers of chunks that are gone
    vectors: tuple[int, ...]  # numbers of vectors that are gone
    last_vector: int  # the highest number of a vector that was there


class _Child:
    """A process that makes one part; ended when this is left, if it has not by then."""

    def __init__(self, part: str, folder: Path, *options: str) -> None:
        self._part = folder / part
        self._process = start("index.derive", part, str(folder), *options, stderr=PIPE)

    def finish(self) -> None:
        """Wait until the part is made.

        Raises:
            BuildError: it cannot be made.
        """
        said, exit_code = self._end_of_process()
        if exit_code:
            raise self._error(said, exit_code)

    def end(self) -> None:
        """Let the process go, whatever it is at."""
        stop(self._process)

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(message)
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._error(*self._end_of_process()) from error

    def _end_of_process(self) -> tuple[str, int]:
        """What it wrote when it ended, and with what."""
        assert self._process.stderr is not None
        said = self._process.stderr.read().decode("utf-8", "replace").strip()
        return said, self._process.wait()

    def _error(self, said: str, exit_code: int) -> BuildError:
        ended = f"{self._part} cannot be made: its process ended with {exit_code}"
        return BuildError(said.splitlines()[-1] if said else ended)


class WordsChild(_Child):
    """Makes WORDS from the truth in the same folder, which nobody writes to any more."""

    def __init__(self, folder: Path, change: Change | None = None) -> None:
        """With a ``change``, from the words of the generation before."""
        super().__init__(WORDS, folder)
        self._send(json.dumps(change and asdict(change)).encode() + b"\n")


class VectorsChild(_Child):
    """Makes VECTORS of what it is given.

    It can be started before there is anything to give: it takes a second to import what it
    needs, and to copy and open the vectors of the generation before.
    """

    def __init__(self, folder: Path, dim: int, before: Path | None = None) -> None:
        """From nothing, or from what the generation in the folder ``before`` has."""
        super().__init__(VECTORS, folder, str(dim), *([str(before)] if before else []))
        if before is None:
            self.drop(())

    def drop(self, numbers: Sequence[int]) -> None:
        """Tell it, before any is added, which vectors of those before are gone; to be told once.

        Raises:
            BuildError: it has ended, for the reason told.
        """
        self._send(_frame(numbers))

    def add(self, numbers: Sequence[int], rows: Vectors) -> None:
        """Give it vectors: their numbers and unit rows (n, dim).

        Raises:
            BuildError: it has ended, for the reason told.
        """
        if numbers:
            self._send(_frame(numbers) + np.ascontiguousarray(rows, np.float32).tobytes())

    def finish(self) -> None:  # noqa: D102 - see _Child
        self._send(_frame(()))
        super().finish()


def _frame(numbers: Sequence[int]) -> bytes:
    """How many vectors there are, and their numbers."""
    return np.array([len(numbers), *numbers], np.int64).tobytes()


def main() -> int:
    """Make the part named on the command line; 0 when it is made, else 1 and why."""
    part, folder, *options = sys.argv[1:]
    end_with_parent()
    try:
        if part == WORDS:
            given = json.loads(sys.stdin.buffer.readline())
            _make_words(Path(folder), Change(**given) if given else None)
        else:
            dim, *before = options
            _make_vectors(Path(folder), int(dim), Path(before[0]) if before else None)
    except LibraryError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _make_words(folder: Path, change: Change | None) -> None:
    from index import lexical

    truth = Truth.open(folder / TRUTH)

    def rows(first: int, last: int) -> Iterator[tuple[int, str, str]]:
        for number, language, title, text in truth.chunk_texts(first, last):
            yield number, language, f"{title}\n{text}"

    last = truth.last_chunk()
    if change is None:
        lexical.write_words(folder / WORDS, rows(1, last))
    else:
        before = Path(change.before) / WORDS
        lexical.update_words(folder / WORDS, before, change.chunks, rows, last)
    truth.close()


def _make_vectors(folder: Path, dim: int, before: Path | None) -> None:
    from index.vectors import update_vectors, write_vectors

    def change() -> tuple[list[int], Iterator[tuple[list[int], Vectors]]]:
        return _numbers(sys.stdin.buffer), _given(sys.stdin.buffer, dim)

    if before is None:
        write_vectors(folder / VECTORS, change()[1])
    else:
        update_vectors(folder / VECTORS, before / VECTORS, change)


def _given(stream: BinaryIO, dim: int) -> Iterator[tuple[list[int], Vectors]]:
    """The batches of vectors that the parent sends, until it says that there are no more."""
    while numbers := _numbers(stream):
        n = len(numbers)
        rows = np.frombuffer(_exactly(stream, 4 * n * dim), np.float32)
        yield numbers, rows.reshape(n, dim)


def _numbers(stream: BinaryIO) -> list[int]:
    """A frame."""
    n = int(np.frombuffer(_exactly(stream, 8), np.int64)[0])
    numbers: list[int] = np.frombuffer(_exactly(stream, 8 * n), np.int64).tolist()
    return numbers


def _exactly(stream: BinaryIO, n_bytes: int) -> bytes:
    given = stream.read(n_bytes)
    if len(given) < n_bytes:  # the parent is gone, and nobody wants the rest
        os._exit(1)
    return given


if __name__ == "__main__":
    sys.exit(main())
