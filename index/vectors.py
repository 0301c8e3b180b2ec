"""Nearest chunks by cosine. Chroma's only door.

Chroma holds chunk numbers and vectors and nothing else: texts and metadata live in the
truth, where they cost a quarter of the time and are not copied. It gets each vector once:
equal ones fill each other's lists of neighbours, and what they leave out is never found (of
50 vectors beside 1,000 equal ones a third). A folder written here is never written again; a
new generation gets a new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateCollectionConfiguration
from chromadb.config import Settings
from chromadb.errors import ChromaError

from index.embed import Vectors as Rows
from index.errors import BuildError, StoreDamagedError

_COLLECTION = "chunks"
# Searching wider than Chroma's default finds .998 instead of .98 of the true ten best at
# 20,000 vectors, for 1 ms more. More neighbours than its 16 keep single texts in reach beside
# thousands that are nearly alike: of 500 beside 5,000, 4 are lost instead of 18, writing takes
# half as long again.
_HNSW: CreateCollectionConfiguration = {
    "hnsw": {"space": "cosine", "ef_search": 400, "ef_construction": 200, "max_neighbors": 48}
}


class Vectors:
    """The vector index of one generation, open for reading."""

    def __init__(self, folder: Path) -> None:
        """Open the collection in ``folder``.

        Raises:
            StoreDamagedError: Chroma cannot open it.
        """
        self._folder = folder
        # Chroma would make what is not there, and the index would look empty.
        if not (folder / "chroma.sqlite3").is_file():
            raise self._damaged(FileNotFoundError("chroma.sqlite3 is missing"))
        try:
            self._client = _client(folder)
            self._collection = self._client.get_collection(_COLLECTION, embedding_function=None)
        except (ChromaError, ValueError) as error:
            raise self._damaged(error) from error

    def __len__(self) -> int:
        try:
            return self._collection.count()
        except ChromaError as error:
            raise self._damaged(error) from error

    def search(self, vector: Rows, k: int) -> list[tuple[int, float]]:
        """The ``k`` nearest (chunk number, cosine), nearest first; approximate (HNSW)."""
        try:
            found = self._collection.query(
                query_embeddings=vector.reshape(1, -1), n_results=k, include=["distances"]
            )
        except ChromaError as error:
            raise self._damaged(error) from error
        distances = found["distances"]
        assert distances is not None
        # Chroma's cosine distance is 1 - cosine; turned round here, once.
        ranked = [
            (int(number), 1.0 - float(distance))
            for number, distance in zip(found["ids"][0], distances[0], strict=True)
        ]
        return sorted(ranked, key=lambda hit: (-hit[1], hit[0]))

    def close(self) -> None:
        """Let go of every file; no search may be running."""
        self._client.close()

    def _damaged(self, error: Exception) -> StoreDamagedError:
        return StoreDamagedError(
            f"The vector index in {self._folder} cannot be read ({error}); run: qa index --rebuild"
        )


def _client(folder: Path) -> Client:
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(path=str(folder), settings=settings)
    assert isinstance(client, Client)  # the interface it is typed as lacks close()
    return client


def write_vectors(folder: Path, batches: Iterable[tuple[list[int], Rows]]) -> None:
    """Make a vector index in ``folder`` of batches of (chunk numbers, their unit rows).

    Raises:
        BuildError: Chroma cannot write it.
    """
    try:
        _write(folder, batches)
    except ChromaError as error:
        raise BuildError(
            f"The vector index in {folder} cannot be written ({error}); is the disk full?"
        ) from error


def _write(folder: Path, batches: Iterable[tuple[list[int], Rows]]) -> None:
    client = _client(folder)
    collection = client.create_collection(_COLLECTION, embedding_function=None, configuration=_HNSW)
    # Chroma fails on more than 5,461 records at once (SQLite's variables); it tells the number.
    limit = client.get_max_batch_size()
    for numbers, rows in batches:
        for at in range(0, len(numbers), limit):
            collection.add(
                ids=[str(number) for number in numbers[at : at + limit]],
                embeddings=np.ascontiguousarray(rows[at : at + limit]),
            )
    client.close()
