from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.embed import Vectors as Rows
from index.errors import StoreDamagedError
from index.vectors import Vectors, write_vectors

N, DIM = 300, 16


def unit(rows: Rows) -> Rows:
    units: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


ROWS = unit(np.random.default_rng(7).normal(size=(N, DIM)).astype(np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors") / "written"
    batches = [(list(range(at + 1, at + 101)), ROWS[at : at + 100]) for at in range(0, N, 100)]
    write_vectors(folder, batches)
    return folder


@pytest.fixture(scope="module")
def vectors(folder: Path) -> Iterator[Vectors]:
    opened = Vectors(folder)
    yield opened
    opened.close()


def test_the_nearest_are_those_of_a_full_comparison(vectors: Vectors) -> None:
    for query in unit(np.random.default_rng(8).normal(size=(20, DIM)).astype(np.float32)):
        cosines = ROWS @ query
        best = sorted(range(N), key=lambda row: (-cosines[row], row))[:10]
        found = vectors.search(query, 10)
        assert [number for number, _ in found] == [row + 1 for row in best]
        assert [cosine for _, cosine in found] == pytest.approx(list(cosines[best]), abs=1e-5)


def test_every_row_is_found_by_itself(vectors: Vectors) -> None:
    assert [vectors.search(row, 1)[0][0] for row in ROWS] == list(range(1, N + 1))


def test_opposite_is_minus_one_and_across_is_nought(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v", [([5, 6, 7], np.array([[-1, 0], [0, 1], [1, 0]], np.float32))])
    opened = Vectors(tmp_path / "v")
    found = opened.search(np.array([1, 0], np.float32), 3)
    opened.close()
    assert [number for number, _ in found] == [7, 6, 5]
    assert [cosine for _, cosine in found] == pytest.approx([1, 0, -1], abs=1e-6)


def test_a_text_without_words_has_no_direction_and_is_like_nothing(vectors: Vectors) -> None:
    found = vectors.search(np.zeros(DIM, np.float32), 3)
    assert [cosine for _, cosine in found] == pytest.approx([0, 0, 0], abs=1e-6)


def test_equal_rows_come_by_number(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v", [([3, 1, 2], np.array([[1, 0]] * 3, np.float32))])
    opened = Vectors(tmp_path / "v")
    assert [number for number, _ in opened.search(np.array([1, 0], np.float32), 3)] == [1, 2, 3]
    opened.close()


def test_more_than_there_are_gives_all(vectors: Vectors) -> None:
    assert len(vectors) == N
    assert {number for number, _ in vectors.search(ROWS[0], N)} == set(range(1, N + 1))


def test_a_batch_may_be_larger_than_chroma_takes_at_once(tmp_path: Path) -> None:
    n = 6_000  # Chroma fails above 5,461
    rows = unit(np.random.default_rng(9).normal(size=(n, DIM)).astype(np.float32))
    write_vectors(tmp_path / "v", [(list(range(1, n + 1)), rows)])
    opened = Vectors(tmp_path / "v")
    assert len(opened) == n
    assert opened.search(rows[-1], 1)[0][0] == n
    opened.close()


def test_a_folder_may_be_closed_and_opened_again(folder: Path) -> None:
    for _ in range(2):
        opened = Vectors(folder)
        assert opened.search(ROWS[4], 1)[0][0] == 5
        opened.close()


def test_closing_one_reader_leaves_another_reading(folder: Path) -> None:
    one, other = Vectors(folder), Vectors(folder)
    one.close()
    assert other.search(ROWS[4], 1)[0][0] == 5
    other.close()


def test_a_folder_without_a_collection_is_damage(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match=r"vector index in .* cannot be read"):
        Vectors(tmp_path / "v")


def test_opening_what_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError):
        Vectors(tmp_path / "v")
    assert not (tmp_path / "v").exists()


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 1_000], ids=["emptied", "overwritten"]
)
def test_a_spoilt_database_is_damage(folder: Path, tmp_path: Path, content: bytes) -> None:
    copy = shutil.copytree(folder, tmp_path / "v")
    (copy / "chroma.sqlite3").write_bytes(content)
    with pytest.raises(StoreDamagedError, match=r"vector index in .* cannot be read"):
        Vectors(copy).search(ROWS[0], 1)
