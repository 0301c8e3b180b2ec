from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import StoreDamagedError
from index.generation import MANIFEST, file_marks, read_manifest, write_manifest
from index.verify import verify, verify_in_child


@pytest.fixture
def folder(store: Path) -> Path:
    """A generation that a test may damage."""
    return store / "gen-000001"


def largest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_size)


def delete(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def scramble(path: Path) -> None:
    """Every bit of the middle third turned over; the size stays."""
    content = path.read_bytes()
    third = len(content) // 3
    turned = bytes(255 - byte for byte in content[third : 2 * third])
    path.write_bytes(content[:third] + turned + content[2 * third :])


FILES = [
    MANIFEST,
    "truth.sqlite",
    "words/meta.json",
    "words/*.term",
    "words/*.idx",
    "words/*.store",
    "words/*.fast",
    "words/*.fieldnorm",
    "vectors/chroma.sqlite3",
    "vectors/*/data_level0.bin",
    "vectors/*/header.bin",
]


def test_a_generation_as_it_was_built_is_whole(folder: Path) -> None:
    verify_in_child(folder)


def test_a_generation_stays_whole_when_it_is_read(folder: Path) -> None:
    for _ in range(2):
        verify(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [delete, empty, halve])
def test_a_file_that_is_lost_or_cut_off_is_found_and_named(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    path = largest(folder, name)
    damage(path)
    with pytest.raises(StoreDamagedError) as caught:
        verify(folder)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


# The rest of vectors/ is left out: below 1,000 chunks Chroma answers from its database alone.
@pytest.mark.parametrize("name", [name for name in FILES[1:] if not name.startswith("vectors")])
def test_a_scrambled_file_of_the_same_size_is_found(folder: Path, name: str) -> None:
    scramble(largest(folder, name))
    with pytest.raises(StoreDamagedError):
        verify(folder)


def test_a_scrambled_vector_index_is_told_in_a_sentence_and_not_a_traceback(folder: Path) -> None:
    scramble(folder / "vectors" / "chroma.sqlite3")
    with pytest.raises(StoreDamagedError, match="vectors") as caught:
        verify_in_child(folder)
    assert "Error:" not in str(caught.value)
    assert "\n" not in str(caught.value)


def change(folder: Path, sql: str) -> None:
    with sqlite3.connect(folder / "truth.sqlite") as database:
        assert database.execute(sql).rowcount > 0
    database.close()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE documents SET text = replace(text, 'Parler', 'Perler')", "text of .* has changed"),
        ("UPDATE documents SET sha256 = 'x'", "5 documents differ from the manifest"),
        ("DELETE FROM documents WHERE language = 'en'", "1 documents differ from the manifest"),
        ("DELETE FROM chunks WHERE number = 61", "60 chunks, not 61"),
        ("DELETE FROM vectors", "61 vectors in the vector index, not 0"),
    ],
)
def test_a_truth_that_does_not_agree_with_the_rest_is_found(
    folder: Path, sql: str, said: str
) -> None:
    change(folder, sql)
    write_manifest(folder, replace(read_manifest(folder), files=file_marks(folder)))
    with pytest.raises(StoreDamagedError, match=said):
        verify(folder)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE documents SET title = upper(title)",
        "UPDATE documents SET date = '2091-01'",
        'UPDATE chunks SET "end" = "end" - 1 WHERE number = 7',
        "UPDATE chunks SET sentences = replace(sentences, '1', '2')",
        "UPDATE vectors SET vector = zeroblob(1024)",
    ],
)
def test_anything_that_was_changed_in_the_truth_is_found(folder: Path, sql: str) -> None:
    size = (folder / "truth.sqlite").stat().st_size
    change(folder, sql)
    assert (folder / "truth.sqlite").stat().st_size == size
    with pytest.raises(StoreDamagedError):
        verify(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n_chunks", 60),
        ("documents", {}),
        ("dim", 3),
        ("files", {"gone": "bytes:1"}),
        ("format", 9),
    ],
)
def test_a_manifest_that_does_not_agree_with_the_rest_is_found(
    folder: Path, field: str, value: object
) -> None:
    fields = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps(fields | {field: value}), "utf-8")
    with pytest.raises(StoreDamagedError):
        verify(folder)


def test_what_lies_in_the_folder_one_works_in_is_not_run(
    seed_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index.py", "numpy.py", "json.py", "chromadb.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    try:
        verify_in_child(seed_store / "gen-000001")
    finally:
        assert not (tmp_path / "ran").exists()


def test_there_is_nothing_to_verify_where_there_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        verify(tmp_path)
