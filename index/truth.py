"""The truth of a generation: documents, chunks and vectors, in one SQLite file.

Chroma and tantivy are derived from it and can be made again. SQLite's only door.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np

from index.embed import Vectors
from index.errors import StoreDamagedError, UnknownDocumentError
from index.types import Chunk, Document, DocumentEntry

_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, text TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    date TEXT, source TEXT NOT NULL, pages TEXT NOT NULL, size_chars INTEGER NOT NULL,
    sha256 TEXT NOT NULL, path TEXT NOT NULL, root TEXT NOT NULL, file_sha256 TEXT NOT NULL);
CREATE INDEX documents_by_path ON documents (path);
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL, doc_id TEXT NOT NULL, start INTEGER NOT NULL,
    "end" INTEGER NOT NULL, sentences TEXT NOT NULL, vector_key TEXT NOT NULL);
CREATE INDEX chunks_by_document ON chunks (doc_id);
CREATE INDEX chunks_by_vector ON chunks (vector_key);
CREATE TABLE incomplete (path TEXT PRIMARY KEY);
CREATE TABLE vectors (
    key TEXT PRIMARY KEY, vector BLOB NOT NULL, direction BLOB) WITHOUT ROWID;
CREATE INDEX vectors_by_direction ON vectors (direction);
"""
_ENTRY = "id, title, language, date, source, size_chars, sha256"
# Below SQLite's oldest limit on variables in one statement, 999.
_VARIABLES = 900
# Documents whose text stays at hand: those of one search's hits, for several searches.
_CACHED_DOCUMENTS = 64

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Origin:
    """The file a document came from, and the hash of that file's bytes."""

    path: str
    root: str
    file_sha256: str


class Truth:
    """The SQLite file of one generation, being written or open for reading."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._cache_lock = threading.Lock()

    @classmethod
    def create(cls, path: Path) -> Truth:
        """A new, empty truth that is written to."""
        try:
            connection = sqlite3.connect(path)
            # Nobody reads a generation before it is whole: no journal is needed to undo with.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")  # fsynced once, when published
            connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise _damaged(path, error) from error
        return cls(connection, path)

    @classmethod
    def open(cls, path: Path) -> Truth:
        """The truth at ``path``, read only.

        Raises:
            StoreDamagedError: it is not there, or SQLite cannot read it.
        """
        uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
        try:
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute("SELECT count(*) FROM documents").fetchone()
        except sqlite3.Error as error:
            raise _damaged(path, error) from error
        return cls(connection, path)

    def close(self) -> None:
        """Commit what was written and let go of the file."""
        with self._translated():
            self._db.commit()
        self._db.close()

    # Writing

    def add_document(self, document: Document, origin: Origin) -> None:
        """Keep a document; its id must be new."""
        self._execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                document.text,
                document.title,
                document.language,
                document.date,
                document.source,
                json.dumps(document.pages),
                len(document.text),
                document.sha256,
                origin.path,
                origin.root,
                origin.file_sha256,
            ),
        )

    def remove_documents(self, ids: Iterable[str]) -> None:
        """Drop documents that have no chunks yet."""
        self._execute_many("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])

    def mark_incomplete(self, paths: Iterable[str]) -> None:
        """Remember files of which something was refused."""
        self._execute_many("INSERT INTO incomplete VALUES (?)", [(path,) for path in paths])

    def add_chunks(self, chunks: Sequence[Chunk], vector_keys: Sequence[str]) -> None:
        """Number chunks on from the last and keep them."""
        self._execute_many(
            'INSERT INTO chunks (id, doc_id, start, "end", sentences, vector_key) '
            "VALUES (?, ?, ?, ?, ?, ?)",
            [
                (c.id, c.doc_id, c.start, c.end, json.dumps(c.sentences), key)
                for c, key in zip(chunks, vector_keys, strict=True)
            ],
        )

    def add_vectors(self, keys: Sequence[str], rows: Vectors) -> None:
        """Keep unit rows, one for each key; a key that is there already stays as it is."""
        self._execute_many(
            "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
            [(key, row.tobytes(), _direction(row)) for key, row in zip(keys, rows, strict=True)],
        )

    def missing_vectors(self, keys: Sequence[str]) -> list[str]:
        """Those keys, each once and in order, that have no vector yet."""
        known = {row[0] for row in self._where("SELECT key FROM vectors WHERE key IN", keys)}
        return [key for key in dict.fromkeys(keys) if key not in known]

    # Reading

    def entries(self) -> list[DocumentEntry]:
        """Every document but its text, sorted by id."""
        rows = self._rows(f"SELECT {_ENTRY} FROM documents ORDER BY id")
        return [DocumentEntry(*row) for row in rows]

    def digests(self) -> dict[str, str]:
        """For each document's id a hash of what a reader sees of it, wherever it lies."""
        rows = self._rows(
            "SELECT id, title, language, date, pages, sha256 FROM documents ORDER BY id"
        )
        return {row[0]: hashlib.sha256(repr(row).encode()).hexdigest() for row in rows}

    def document(self, doc_id: str) -> Document:
        """The document with its exact text.

        Raises:
            UnknownDocumentError: there is none with that id.
        """
        with self._cache_lock:
            if doc_id in self._documents:
                return self._documents[doc_id]
        found = self._rows(
            "SELECT id, text, title, language, date, source, pages FROM documents WHERE id = ?",
            (doc_id,),
        )
        row = next(found, None)
        if row is None:
            raise UnknownDocumentError(
                f"No document has the id {doc_id!r}; qa sources lists those there are"
            )
        id_, text, title, language, date, source, pages = row
        document = Document(id_, text, title, language, date, source, tuple(json.loads(pages)))
        with self._cache_lock:
            self._documents[doc_id] = document
            while len(self._documents) > _CACHED_DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    def origins(self) -> dict[str, Origin]:
        """For each document's id the file it came from, sorted by id."""
        rows = self._rows("SELECT id, path, root, file_sha256 FROM documents ORDER BY id")
        return {id_: Origin(*rest) for id_, *rest in rows}

    def incomplete(self) -> set[str]:
        """The files of which something was refused."""
        return {row[0] for row in self._rows("SELECT path FROM incomplete")}

    def count_chunks(self) -> int:
        """How many chunks there are; they are numbered from 1."""
        return int(next(self._rows("SELECT count(*) FROM chunks"))[0])

    def numbers(
        self, *, sources: Sequence[str] | None = None, languages: Sequence[str] | None = None
    ) -> list[int]:
        """The numbers of the chunks of those documents, in order; None restricts nothing."""
        asked, kinds = set(sources or ()), set(languages or ())
        wanted = [
            entry.id
            for entry in self.entries()
            if (sources is None or entry.id in asked)
            and (languages is None or entry.language in kinds)
        ]
        rows = self._where("SELECT number FROM chunks WHERE doc_id IN", wanted)
        return sorted(row[0] for row in rows)

    def chunks(self, numbers: Sequence[int]) -> dict[int, Chunk]:
        """Chunks by number; numbers that do not exist are left out."""
        rows = self._where(
            'SELECT number, id, doc_id, start, "end", sentences FROM chunks WHERE number IN',
            numbers,
        )
        return {number: self._chunk(*rest) for number, *rest in rows}

    def numbers_of(self, chunk_ids: Sequence[str], doc_ids: Sequence[str]) -> list[tuple[int, str]]:
        """(number, id) of chunks, given their ids and the documents they are in."""
        wanted = set(chunk_ids)
        rows = self._where("SELECT number, id FROM chunks WHERE doc_id IN", doc_ids)
        return [(number, id_) for number, id_ in rows if id_ in wanted]

    def chunk_texts(self) -> Iterator[tuple[int, str, str, str]]:
        """(number, language, title, text) of every chunk, in order."""
        rows = self._rows('SELECT number, doc_id, start, "end" FROM chunks ORDER BY number')
        for number, doc_id, start, end in rows:
            document = self.document(doc_id)
            yield number, document.language, document.title, document.text[start:end]

    def vectors(self, numbers: Sequence[int], dim: int) -> dict[int, Vectors]:
        """The unit vectors (dim,) of chunks by number."""
        rows = self._where(
            "SELECT number, vector FROM chunks JOIN vectors ON vector_key = key WHERE number IN",
            numbers,
        )
        return {number: np.frombuffer(blob, np.float32, dim) for number, blob in rows}

    def directions(self) -> list[int]:
        """The lowest chunk number of each direction, in order; a zero vector has none."""
        rows = self._rows(
            "SELECT min(number) FROM chunks JOIN vectors ON vector_key = key "
            "WHERE direction IS NOT NULL GROUP BY direction"
        )
        return sorted(number for (number,) in rows)

    def alike(self, numbers: Sequence[int]) -> list[tuple[int, int]]:
        """(number, number) of each of these chunks with each that has the same direction."""
        rows = self._where(
            "SELECT a.number, b.number FROM chunks a JOIN vectors u ON a.vector_key = u.key "
            "JOIN vectors v ON u.direction = v.direction JOIN chunks b ON v.key = b.vector_key "
            "WHERE a.number IN",
            numbers,
        )
        return list(rows)

    # Copying from the generation before

    def copy_document(self, before: Path, doc_id: str) -> None:
        """Take over a document, its text and its origin, from the truth at ``before``."""
        self._attach(before)
        self._execute(
            "INSERT INTO documents SELECT * FROM before.documents WHERE id = ?", (doc_id,)
        )

    def copy_vectors(self, before: Path, keys: Sequence[str]) -> None:
        """Take over the vectors that the truth at ``before`` has for ``keys``."""
        self._attach(before)
        for some in _batches(keys):
            marks = ",".join("?" * len(some))
            self._execute(
                "INSERT OR IGNORE INTO vectors "
                f"SELECT * FROM before.vectors WHERE key IN ({marks})",
                some,
            )

    def _rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with self._translated():
            yield from self._db.execute(sql, values)

    def _execute(self, sql: str, values: Sequence[object] = ()) -> None:
        with self._translated():
            self._db.execute(sql, values)

    def _execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with self._translated():
            self._db.executemany(sql, rows)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from error

    def _attach(self, before: Path) -> None:
        attached = {row[1] for row in self._rows("PRAGMA database_list")}
        if "before" not in attached:
            with self._translated():
                self._db.commit()
            self._execute("ATTACH ? AS before", (str(before),))

    def _chunk(self, id_: str, doc_id: str, start: int, end: int, sentences: str) -> Chunk:
        text = self.document(doc_id).text[start:end]
        spans = tuple((a, b) for a, b in json.loads(sentences))
        return Chunk(id_, doc_id, start, end, text, spans)

    def _where(
        self, select: str, values: Sequence[str] | Sequence[int]
    ) -> Iterator[tuple[Any, ...]]:
        for some in _batches(values):
            marks = ",".join("?" * len(some))
            yield from self._rows(f"{select} ({marks})", some)


def _batches(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(values), _VARIABLES):
        yield values[at : at + _VARIABLES]


def _direction(row: Vectors) -> bytes | None:
    """Equal for equal vectors; a chunk of which no word is known has a zero one, and none."""
    return hashlib.sha256(row.tobytes()).digest()[:16] if row.any() else None


def _damaged(path: Path, error: sqlite3.Error) -> StoreDamagedError:
    return StoreDamagedError(
        f"The documents in {path} cannot be read or written ({error}); where the disk is full, "
        "free some of it, else restore a copy of the store or index the sources anew"
    )
