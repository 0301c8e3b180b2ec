"""The truth of a generation: documents, chunks and vectors, in one SQLite file.

Chroma and tantivy are derived from it and can be made again. SQLite's door; ``tables`` looks
through another, into Chroma's own file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import numpy as np

from index.embed import Vectors
from index.errors import StoreDamagedError, UnknownDocumentError
from index.types import Chunk, Document, DocumentEntry, Refused

# A document's text stands last in its row: what comes before it is read without it. Numbers are
# never given twice, since the derived parts know chunks and vectors by nothing else.
_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, language TEXT NOT NULL, date TEXT,
    source TEXT NOT NULL, pages TEXT NOT NULL, size_chars INTEGER NOT NULL,
    sha256 TEXT NOT NULL, path TEXT NOT NULL, root TEXT NOT NULL, file_sha256 TEXT NOT NULL,
    text TEXT NOT NULL);
CREATE TABLE refusals (
    path TEXT NOT NULL, root TEXT NOT NULL, file_sha256 TEXT NOT NULL, source TEXT NOT NULL,
    reason TEXT NOT NULL);
CREATE TABLE unsettled (path TEXT NOT NULL, root TEXT NOT NULL, file_sha256 TEXT NOT NULL);
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, doc_id TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, sentences TEXT NOT NULL, key BLOB NOT NULL,
    vector INTEGER);
CREATE INDEX chunks_by_document ON chunks (doc_id);
CREATE INDEX chunks_by_key ON chunks (key);
CREATE INDEX chunks_by_vector ON chunks (vector);
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, direction BLOB NOT NULL UNIQUE, vector BLOB NOT NULL);
"""
# Wide enough for 15 vectors of 256 numbers: on SQLite's usual 4 KB a quarter of each was empty.
_PAGE_BYTES = 16_384
_CACHE_KB = 16_384
# A file of which a larger part is empty is written anew.
_MOST_EMPTY = 0.25
_ENTRY = "id, title, language, date, source, size_chars, sha256"
# Below SQLite's oldest limit on variables in one statement, 999.
_VARIABLES = 900
# Documents whose text stays at hand: those of one search's hits, for several searches.
_CACHED_DOCUMENTS = 64
_VECTOR_BATCH = 5_000

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
        truth = cls._writing(path)
        with truth._translated():
            truth._db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            truth._db.executescript(_SCHEMA)
        return truth

    @classmethod
    def copy(cls, before: Path, path: Path) -> Truth:
        """A truth that is written to and holds at first what the one at ``before`` does.

        Raises:
            StoreDamagedError: it cannot be copied or read.
        """
        try:
            shutil.copyfile(before, path)
        except OSError as error:
            raise _damaged(before, error) from error
        return cls._writing(path)

    @classmethod
    def _writing(cls, path: Path) -> Truth:
        try:
            connection = sqlite3.connect(path)
            # Nobody reads a generation before it is whole: no journal is needed to undo with.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")  # fsynced once, when published
            # What is removed is overwritten, so that its words are nowhere in the file.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
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

    def put_document(self, document: Document, origin: Origin) -> None:
        """Keep a document, in place of the one with its id if there is one."""
        self._documents.pop(document.id, None)
        self._execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
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
                document.text,
            ),
        )

    def put_origin(self, doc_id: str, source: str, origin: Origin) -> None:
        """Say anew where a document, which stays as it is, comes from."""
        self._documents.pop(doc_id, None)
        self._execute(
            "UPDATE documents SET source = ?, path = ?, root = ?, file_sha256 = ? WHERE id = ?",
            (source, origin.path, origin.root, origin.file_sha256, doc_id),
        )

    def remove_documents(self, ids: Iterable[str]) -> None:
        """Drop documents; their chunks are dropped by ``remove_chunks``."""
        self._documents.clear()
        self._execute_many("DELETE FROM documents WHERE id = ?", [(id_,) for id_ in ids])

    def put_refusals(
        self, refusals: Mapping[Origin, Sequence[Refused]], unsettled: Iterable[Origin]
    ) -> None:
        """Remember these refusals by their files, the files to read again, and no others."""
        self._execute("DELETE FROM refusals")
        self._execute("DELETE FROM unsettled")
        self._execute_many(
            "INSERT INTO refusals VALUES (?, ?, ?, ?, ?)",
            [
                (origin.path, origin.root, origin.file_sha256, refused.source, refused.reason)
                for origin, some in refusals.items()
                for refused in some
            ],
        )
        self._execute_many("INSERT INTO unsettled VALUES (?, ?, ?)", map(astuple, unsettled))

    def add_vectors(self, rows: Vectors) -> list[int | None]:
        """Keep unit rows (n, dim), equal ones once; the number of each, None of a zero one."""
        directions = [_direction(row) for row in rows]
        self._execute_many(
            "INSERT OR IGNORE INTO vectors (direction, vector) VALUES (?, ?)",
            [
                (direction, row.tobytes())
                for direction, row in zip(directions, rows, strict=True)
                if direction
            ],
        )
        kept = [direction for direction in directions if direction]
        numbers = dict(
            self._where("SELECT direction, number FROM vectors WHERE direction IN", kept)
        )
        return [numbers[direction] if direction else None for direction in directions]

    def add_chunks(
        self, chunks: Sequence[Chunk], keys: Sequence[bytes], vectors: Sequence[int | None]
    ) -> None:
        """Number chunks on from the last ever kept, and keep them.

        ``keys`` are the hashes of what was embedded for them, ``vectors`` the numbers of their
        vectors, as ``add_vectors`` gave them.
        """
        self._execute_many(
            'INSERT INTO chunks (id, doc_id, start, "end", sentences, key, vector) '
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (c.id, c.doc_id, c.start, c.end, json.dumps(c.sentences), key, vector)
                for c, key, vector in zip(chunks, keys, vectors, strict=True)
            ],
        )

    def remove_chunks(self, numbers: Sequence[int]) -> list[int]:
        """Drop chunks, and the vectors that no chunk has any more; the numbers of those."""
        had = {row[0] for row in self._where("SELECT vector FROM chunks WHERE number IN", numbers)}
        self._execute_many("DELETE FROM chunks WHERE number = ?", [(n,) for n in numbers])
        asked = sorted(had - {None})
        used = {row[0] for row in self._where("SELECT vector FROM chunks WHERE vector IN", asked)}
        unused = [number for number in asked if number not in used]
        self._execute_many("DELETE FROM vectors WHERE number = ?", [(n,) for n in unused])
        return unused

    def forget_chunks(self) -> None:
        """Drop all chunks and vectors."""
        self._execute("DELETE FROM chunks")
        self._execute("DELETE FROM vectors")

    def shrink(self) -> None:
        """Write the file anew if much of it is empty; nothing else may have it open."""
        with self._translated():
            self._db.commit()
            pages, empty = (
                self._db.execute(f"PRAGMA {count}").fetchone()[0]
                for count in ("page_count", "freelist_count")
            )
            if empty <= _MOST_EMPTY * pages:
                return
            # Not a plain VACUUM, which writes all text to a temporary file somewhere else.
            small = self._path.with_suffix(".small")
            self._db.execute("VACUUM INTO ?", (str(small),))
        self._db.close()
        small.replace(self._path)
        self._db = self._writing(self._path)._db

    # Reading

    def entries(self) -> list[DocumentEntry]:
        """Every document but its text, sorted by id."""
        rows = self._rows(f"SELECT {_ENTRY} FROM documents ORDER BY id")
        return [DocumentEntry(*row) for row in rows]

    def digests(self) -> dict[str, str]:
        """For each document's id its ``digest``, sorted by id."""
        rows = self._rows(
            "SELECT id, title, language, date, pages, sha256 FROM documents ORDER BY id"
        )
        return {row[0]: _hash(row) for row in rows}

    def document(self, doc_id: str) -> Document:
        """The document with its exact text.

        Raises:
            UnknownDocumentError: there is none with that id.
            StoreDamagedError: it cannot be read, or is not as it was written.
        """
        with self._cache_lock:
            if doc_id in self._documents:
                return self._documents[doc_id]
        row = self._one(
            "SELECT id, text, title, language, date, source, pages, sha256 FROM documents "
            "WHERE id = ?",
            (doc_id,),
        )
        if row is None:
            raise UnknownDocumentError(
                f"No document has the id {doc_id!r}; qa sources lists those there are"
            )
        id_, text, title, language, date, source, pages, sha256 = row
        document = Document(id_, text, title, language, date, source, tuple(json.loads(pages)))
        if document.sha256 != sha256:  # a bit of it turned: nobody may be shown that as a quote
            raise _damaged(self._path, ValueError(f"the text of {doc_id!r} has changed"))
        with self._cache_lock:
            self._documents[doc_id] = document
            while len(self._documents) > _CACHED_DOCUMENTS:
                self._documents.popitem(last=False)
        return document

    def origins(self) -> dict[str, Origin]:
        """For each document's id the file it came from, sorted by id."""
        rows = self._rows("SELECT id, path, root, file_sha256 FROM documents ORDER BY id")
        return {id_: Origin(*rest) for id_, *rest in rows}

    def refusals(self) -> dict[Origin, list[Refused]]:
        """What was refused, by the file it comes from."""
        refusals: dict[Origin, list[Refused]] = {}
        for path, root, file_sha256, source, reason in self._rows("SELECT * FROM refusals"):
            origin = Origin(path, root, file_sha256)
            refusals.setdefault(origin, []).append(Refused(source, reason))
        return refusals

    def unsettled(self) -> set[Origin]:
        """The files that are to be read again even if they are as they were."""
        return {Origin(*row) for row in self._rows("SELECT * FROM unsettled")}

    def count_chunks(self) -> int:
        """How many chunks there are; their numbers begin at 1 and may have gaps."""
        return int(self._one("SELECT count(*) FROM chunks")[0])

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

    def numbers_in(self, doc_ids: Sequence[str]) -> list[int]:
        """The numbers of the chunks of these documents."""
        return [n for (n,) in self._where("SELECT number FROM chunks WHERE doc_id IN", doc_ids)]

    def last_chunk(self) -> int:
        """The highest number of a chunk; 0 where there is none."""
        return int(self._one("SELECT coalesce(max(number), 0) FROM chunks")[0])

    def chunk_texts(self, first: int, last: int) -> Iterator[tuple[int, str, str, str]]:
        """(number, language, title, text) of the chunks numbered so, both included, in order."""
        rows = self._rows(
            'SELECT number, doc_id, start, "end" FROM chunks '
            "WHERE number BETWEEN ? AND ? ORDER BY number",
            (first, last),
        )
        for number, doc_id, start, end in rows:
            document = self.document(doc_id)
            yield number, document.language, document.title, document.text[start:end]

    def vectors(self, numbers: Sequence[int], dim: int) -> dict[int, Vectors]:
        """The vectors (dim,) of chunks by number: of unit length, or zero."""
        rows = self._where(
            "SELECT chunks.number, vectors.vector FROM chunks LEFT JOIN vectors "
            "ON chunks.vector = vectors.number WHERE chunks.number IN",
            numbers,
        )
        zero = bytes(4 * dim)
        return {number: np.frombuffer(blob or zero, np.float32, dim) for number, blob in rows}

    def vectors_of(self, keys: Sequence[bytes]) -> dict[bytes, int | None]:
        """The number of the vector of each of these hashes that a chunk has; None: a zero one."""
        return dict(self._where("SELECT key, vector FROM chunks WHERE key IN", keys))

    def having(self, vectors: Sequence[int]) -> list[tuple[int, int]]:
        """(vector's number, chunk's number) of each chunk that has one of these vectors."""
        return list(self._where("SELECT vector, number FROM chunks WHERE vector IN", vectors))

    def last_vector(self) -> int:
        """The highest number of a vector; 0 where there is none."""
        return int(self._one("SELECT coalesce(max(number), 0) FROM vectors")[0])

    def count_vectors(self, above: int = 0) -> int:
        """How many different vectors have a number higher than ``above``; zero ones have none."""
        return int(self._one("SELECT count(*) FROM vectors WHERE number > ?", (above,))[0])

    def some_vectors(self, n: int, dim: int) -> list[Vectors]:
        """At most ``n`` of the different vectors (dim,), spread over all."""
        rows = self._rows(
            "SELECT vector FROM vectors WHERE number IN (SELECT number FROM "
            "(SELECT number, row_number() OVER (ORDER BY number) AS place FROM vectors) "
            "WHERE place * ?1 / ?2 > (place - 1) * ?1 / ?2)",
            (n, max(n, self.count_vectors())),
        )
        return [np.frombuffer(blob, np.float32, dim) for (blob,) in rows]

    def all_vectors(self, dim: int, above: int = 0) -> Iterator[tuple[list[int], Vectors]]:
        """The different vectors in batches: (numbers higher than ``above``, unit rows (n, dim))."""
        while True:
            rows = list(
                self._rows(
                    "SELECT number, vector FROM vectors WHERE number > ? ORDER BY number LIMIT ?",
                    (above, _VECTOR_BATCH),
                )
            )
            if not rows:
                return
            numbers, blobs = zip(*rows, strict=True)
            yield list(numbers), np.frombuffer(b"".join(blobs), np.float32).reshape(-1, dim)
            above = numbers[-1]

    def _rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with self._translated():
            yield from self._db.execute(sql, values)

    def _one(self, sql: str, values: Sequence[object] = ()) -> Any:  # noqa: ANN401 - a row, or None
        with self._translated():
            return self._db.execute(sql, values).fetchone()

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

    def _chunk(self, id_: str, doc_id: str, start: int, end: int, sentences: str) -> Chunk:
        text = self.document(doc_id).text[start:end]
        spans = tuple((a, b) for a, b in json.loads(sentences))
        return Chunk(id_, doc_id, start, end, text, spans)

    def _where(
        self, select: str, values: Sequence[str] | Sequence[int] | Sequence[bytes]
    ) -> Iterator[tuple[Any, ...]]:
        for some in _batches(values):
            marks = ",".join("?" * len(some))
            yield from self._rows(f"{select} ({marks})", some)


def _batches(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for at in range(0, len(values), _VARIABLES):
        yield values[at : at + _VARIABLES]


def digest(document: Document) -> str:
    """A hash of what a reader sees of a document, wherever it lies."""
    pages = json.dumps(document.pages)
    seen = (document.id, document.title, document.language, document.date, pages, document.sha256)
    return _hash(seen)


def _hash(row: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(row).encode()).hexdigest()


def _direction(row: Vectors) -> bytes | None:
    """Equal for equal vectors; a chunk of which no word is known has a zero one, and none."""
    return hashlib.sha256(row.tobytes()).digest()[:16] if row.any() else None


def _damaged(path: Path, error: Exception) -> StoreDamagedError:
    return StoreDamagedError(
        f"The documents in {path} cannot be read or written ({error}); where the disk is full, "
        "free some of it, else restore a copy of the store or index the sources anew"
    )
