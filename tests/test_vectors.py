from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from index.embed import Vectors as Rows
from index.errors import BuildError, StoreDamagedError
from index.tables import tables_digest
from index.vectors import Vectors, update_vectors, write_vectors

N, DIM = 300, 16


def unit(rows: Rows) -> Rows:
    units: Rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


def random_rows(n: int, seed: int) -> Rows:
    return unit(np.random.default_rng(seed).normal(size=(n, DIM)).astype(np.float32))


ROWS = random_rows(N, 7)
# Above 1,000 Chroma keeps its graph in files of its own.
MANY = 1_300


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
    for query in random_rows(20, 8):
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
    rows = random_rows(n, 9)
    write_vectors(tmp_path / "v", [(list(range(1, n + 1)), rows)])
    opened = Vectors(tmp_path / "v")
    assert len(opened) == n
    assert opened.search(rows[-1], 1)[0][0] == n
    stored = opened.rows(range(1, n + 1))
    assert list(stored) == list(range(1, n + 1))
    assert np.allclose(np.array(list(stored.values())), rows, atol=1e-6)
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


def test_rows_come_back_by_number_and_what_is_not_there_is_left_out(vectors: Vectors) -> None:
    stored = vectors.rows([5, 300, 1, 301, 0])
    assert stored.keys() == {1, 5, 300}
    assert all(np.allclose(row, ROWS[number - 1], atol=1e-6) for number, row in stored.items())
    assert vectors.rows([999]) == {}


# An index made of the one before


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 1,300 vectors, for reading."""
    folder = tmp_path_factory.mktemp("many") / "written"
    write_vectors(folder, [(list(range(1, MANY + 1)), random_rows(MANY, 11))])
    return folder


def held() -> dict[int, Rows]:
    """What ``many`` holds."""
    return dict(enumerate(random_rows(MANY, 11), start=1))


def content(folder: Path) -> dict[str, str]:
    """Each file of an index with a hash of what it holds."""
    return {
        path.relative_to(folder).as_posix(): tables_digest(path)
        if path.name == "chroma.sqlite3"
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def batches_of(rows: dict[int, Rows], size: int) -> Iterator[tuple[list[int], Rows]]:
    numbers = sorted(rows)
    for at in range(0, len(numbers), size):
        some = numbers[at : at + size]
        yield some, np.array([rows[number] for number in some])


def assert_holds(folder: Path, expected: dict[int, Rows], queries: Rows) -> None:
    """That it holds these vectors, and finds of each query what a full comparison does."""
    opened = Vectors(folder)
    assert len(opened) == len(expected)
    stored = opened.rows(sorted(expected))
    assert stored.keys() == expected.keys()
    assert all(np.allclose(stored[n], row, atol=1e-6) for n, row in expected.items())
    numbers, rows = np.array(list(expected)), np.array(list(expected.values()))
    for query in queries:
        best = numbers[np.argsort(-(rows @ query), kind="stable")[:10]]
        assert [number for number, _ in opened.search(query, 10)] == best.tolist()
    for number in sorted(expected)[::7]:
        assert opened.search(expected[number], 1)[0][0] == number
    opened.close()


@pytest.mark.parametrize("seed", range(3))
def test_an_updated_index_finds_what_one_written_anew_does(
    many: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    removed = rng.choice(np.arange(1, MANY + 1), size=200, replace=False).tolist()
    new = dict(enumerate(random_rows(250, 100 + seed), start=MANY + 1))
    kept = {number: row for number, row in held().items() if number not in set(removed)}
    update_vectors(tmp_path / "updated", many, lambda: (removed, batches_of(new, 99)))
    write_vectors(tmp_path / "anew", batches_of(kept | new, 5_000))
    queries = random_rows(30, 200 + seed)
    for folder in (tmp_path / "updated", tmp_path / "anew"):
        assert_holds(folder, kept | new, queries)


def test_what_an_update_is_made_of_stays_as_it_is(many: Path, tmp_path: Path) -> None:
    before = content(many)
    assert len(before) > 1
    opened = Vectors(many)  # as whoever asks meanwhile has it
    new = dict(enumerate(random_rows(1_200, 12), start=MANY + 1))
    update_vectors(tmp_path / "v", many, lambda: (list(range(1, 101)), batches_of(new, 5_000)))
    assert opened.search(held()[5], 1)[0][0] == 5
    opened.close()
    assert content(many) == before
    assert_holds(many, held(), random_rows(5, 13))


def test_an_index_may_be_updated_again_and_again(many: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    before, rows, last = many, held(), MANY
    for turn in range(8):
        removed = rng.choice(sorted(rows), size=150, replace=False).tolist()
        new = dict(enumerate(random_rows(150, 300 + turn), start=last + 1))
        change = partial(tuple, (removed, batches_of(new, 5_000)))
        update_vectors(tmp_path / str(turn), before, change)
        rows = {number: row for number, row in rows.items() if number not in set(removed)} | new
        before, last = tmp_path / str(turn), last + 150
    assert_holds(before, rows, random_rows(20, 14))


@pytest.mark.parametrize("removed", [[], [7], [7, 9_999]], ids=str)
def test_an_update_may_add_nothing(folder: Path, tmp_path: Path, removed: list[int]) -> None:
    update_vectors(tmp_path / "v", folder, lambda: (removed, []))
    left = {number: row for number, row in enumerate(ROWS, start=1) if number not in removed}
    assert_holds(tmp_path / "v", left, random_rows(5, 15))


def test_an_update_may_leave_nothing_of_what_was(folder: Path, tmp_path: Path) -> None:
    new = {N + 1: ROWS[3], N + 2: ROWS[4]}
    update_vectors(tmp_path / "v", folder, lambda: (list(range(1, N + 1)), batches_of(new, 1)))
    assert_holds(tmp_path / "v", new, ROWS[:0])


def test_equal_vectors_of_an_update_are_all_found(folder: Path, tmp_path: Path) -> None:
    new = dict.fromkeys(range(N + 1, N + 6), ROWS[3])
    update_vectors(tmp_path / "v", folder, lambda: ([4], batches_of(new, 2)))
    opened = Vectors(tmp_path / "v")
    assert [number for number, _ in opened.search(ROWS[3], 5)] == list(new)
    opened.close()


def test_an_update_of_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be written"):
        update_vectors(tmp_path / "v", tmp_path / "none", lambda: ([], []))


def test_an_update_of_a_spoilt_index_is_told(folder: Path, tmp_path: Path) -> None:
    spoilt = shutil.copytree(folder, tmp_path / "spoilt")
    (spoilt / "chroma.sqlite3").write_bytes(b"not a database" * 1_000)
    with pytest.raises(BuildError, match="cannot be written"):
        update_vectors(tmp_path / "v", spoilt, lambda: ([1], []))
