from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.tables import tables_digest
from index.vectors import Vectors, write_vectors

ROWS = np.eye(4, dtype=np.float32)
NUMBERS = [1, 2, 3, 4]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Chroma's database of four vectors, in a folder whose name a URI would take apart."""
    folder = tmp_path / "a b#c?d%41 é"
    write_vectors(folder, [(NUMBERS, ROWS)])
    return folder / "chroma.sqlite3"


def change(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as opened:
        opened.execute(sql)
        opened.commit()


def test_reading_changes_neither_the_digest_nor_the_file(database: Path) -> None:
    content = database.read_bytes()
    assert tables_digest(database) == tables_digest(database)
    assert tables_digest(database).startswith("sqlite:")
    assert database.read_bytes() == content
    assert not list(database.parent.glob("*-journal")) + list(database.parent.glob("*-wal"))


def test_a_database_that_chroma_opened_has_other_bytes_and_the_same_digest(database: Path) -> None:
    content, digest = database.read_bytes(), tables_digest(database)
    for _ in range(3):
        vectors = Vectors(database.parent)
        assert vectors.search(ROWS[2], 1)[0][0] == 3
        assert vectors.rows(NUMBERS).keys() == set(NUMBERS)
        vectors.close()
    assert database.read_bytes() != content
    assert tables_digest(database) == digest


def test_where_a_row_lies_in_the_file_is_no_matter(database: Path) -> None:
    digest = tables_digest(database)
    content = database.read_bytes()
    change(database, "VACUUM")
    assert database.read_bytes() != content
    assert tables_digest(database) == digest


def test_a_row_that_differs_in_any_table_but_chroma_s_notes_is_another_digest(
    database: Path,
) -> None:
    content, digest = database.read_bytes(), tables_digest(database)
    with closing(sqlite3.connect(database)) as opened:
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = [name for (name,) in opened.execute(sql)]
        filled = [t for t in tables if opened.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0]]
    assert {"collections", "segments", "embeddings_queue", "acquire_write"} <= set(filled)
    for table in set(filled) - {"acquire_write", "sqlite_sequence"}:
        change(database, f'DELETE FROM "{table}"')
        assert tables_digest(database) != digest, table
        database.write_bytes(content)
    change(database, "DELETE FROM acquire_write")
    assert tables_digest(database) == digest


def test_a_value_of_another_type_is_another_digest(tmp_path: Path) -> None:
    values = ["1", "'1'", "1.0", "x'31'", "NULL", "'NULL'"]
    digests = set()
    for number, value in enumerate(values):
        path = tmp_path / str(number)
        change(path, f"CREATE TABLE t AS SELECT {value} AS a")
        digests.add(tables_digest(path))
    assert len(digests) == len(values)


def test_a_row_in_another_table_is_another_digest(tmp_path: Path) -> None:
    for name in ("one", "other"):
        change(tmp_path / name, "CREATE TABLE a (x)")
        change(tmp_path / name, "CREATE TABLE b (x)")
    change(tmp_path / "one", "INSERT INTO a VALUES (1)")
    change(tmp_path / "other", "INSERT INTO b VALUES (1)")
    assert tables_digest(tmp_path / "one") != tables_digest(tmp_path / "other")


@pytest.mark.parametrize("content", [None, b"not a database" * 1_000], ids=["lost", "overwritten"])
def test_a_database_that_cannot_be_read_has_no_digest_and_is_not_made(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "chroma.sqlite3").write_bytes(content)
    assert tables_digest(tmp_path / "chroma.sqlite3").startswith("unreadable (")
    assert (tmp_path / "chroma.sqlite3").exists() == (content is not None)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9])
def test_a_database_that_was_cut_off_never_has_the_digest_of_the_whole(
    database: Path, kept: float
) -> None:
    digest, content = tables_digest(database), database.read_bytes()
    database.write_bytes(content[: int(len(content) * kept)])
    assert tables_digest(database) != digest


def test_text_that_is_no_unicode_has_no_digest(tmp_path: Path) -> None:
    change(tmp_path / "a", "CREATE TABLE t AS SELECT CAST(x'ff' AS TEXT) AS a")
    assert tables_digest(tmp_path / "a").startswith("unreadable (")
