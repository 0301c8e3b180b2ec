"""Nearest vectors by cosine. Chroma's only door.

Chroma holds vectors and their numbers and nothing else: texts and metadata live in the
truth, where they cost a quarter of the time and are not copied. It gets each vector once:
equal ones fill each other's lists of neighbours, and what they leave out is never found (of
50 vectors beside 1,000 equal ones a third). A folder written here is never written again; a
new generation gets a new one, or a copy to which the difference is applied.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import chromadb
import numpy as np
from chromadb import Collection
from chromadb.api.client import Client
from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.config import Settings
from chromadb.errors import ChromaError

from index.embed import Vectors as Rows
from index.errors import BuildError, StoreDamagedError

_COLLECTION = "vectors"
# Chroma's defaults (100, 100, 16) find .93 of the true ten best among 60,000 vectors, these .99,
# for 2 ms more a search and no more time to write. 48 neighbours instead of 16 keep single texts
# in reach beside thousands that are nearly alike: of 500 beside 5,000, 1 is lost instead of 17.
# Choosing them from 100 candidates instead of 64 takes half as long again, and finds no more.
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_search": 800,
    "ef_construction": 64,
    "max_neighbors": 48,
}
# Of how many changes Chroma keeps a log that it goes through whenever it opens the folder,
# before it writes them to the index's own files.
_LOGGED = 1_000


# AttributeError: Chroma keeps what it failed to open, and gives it half made next time.
_UNREADABLE = (AttributeError, ChromaError, ValueError)


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
        self._shadow: TemporaryDirectory[str] | None = None
        try:
            self._client, self._collection = _opened(folder)
        except _UNREADABLE:
            # It takes note of each opening, which needs a little room on a disk that may be full.
            try:
                self._shadow = _shadow(folder)
                self._client, self._collection = _opened(Path(self._shadow.name))
            except (OSError, *_UNREADABLE) as error:
                self._leave_shadow()
                raise self._damaged(error) from error

    def __len__(self) -> int:
        try:
            return self._collection.count()
        except ChromaError as error:
            raise self._damaged(error) from error

    def search(self, vector: Rows, k: int) -> list[tuple[int, float]]:
        """The ``k`` nearest (number, cosine), nearest first; approximate (HNSW)."""
        (found,) = self._nearest([vector], k)
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def nearest(self, rows: Sequence[Rows]) -> list[float]:
        """The cosine of each of these vectors (dim,) with the nearest that is found."""
        found = self._nearest(rows, 1) if rows else []
        return [hits[0][1] if hits else -1.0 for hits in found]

    def _nearest(self, rows: Sequence[Rows], k: int) -> list[list[tuple[int, float]]]:
        """For each vector (dim,) the ``k`` nearest (number, cosine), in the order of Chroma."""
        try:
            found = self._collection.query(
                query_embeddings=np.stack(rows), n_results=k, include=["distances"]
            )
        except ChromaError as error:
            raise self._damaged(error) from error
        distances = found["distances"]
        assert distances is not None
        # Chroma's cosine distance is 1 - cosine; turned round here, once.
        return [
            [(int(n), 1.0 - float(distance)) for n, distance in zip(*of_one, strict=True)]
            for of_one in zip(found["ids"], distances, strict=True)
        ]

    def rows(self, numbers: Sequence[int]) -> dict[int, Rows]:
        """The vectors (dim,) as Chroma has them; numbers that it lacks are left out."""
        try:
            found = self._collection.get(
                ids=[str(number) for number in numbers], include=["embeddings"]
            )
        except ChromaError as error:
            raise self._damaged(error) from error
        rows = np.asarray(found["embeddings"], np.float32)
        return {int(number): row for number, row in zip(found["ids"], rows, strict=True)}

    def close(self) -> None:
        """Let go of every file; no search may be running."""
        self._client.close()
        self._leave_shadow()

    def _leave_shadow(self) -> None:
        if self._shadow is not None:
            self._shadow.cleanup()

    def _damaged(self, error: Exception) -> StoreDamagedError:
        return StoreDamagedError(
            f"The vector index in {self._folder} cannot be read ({error}); run: qa index --rebuild"
        )


def _opened(folder: Path) -> tuple[Client, Collection]:
    client = _client(folder)
    return client, client.get_collection(_COLLECTION, embedding_function=None)


def _shadow(folder: Path) -> TemporaryDirectory[str]:
    """A folder elsewhere with a copy of Chroma's database, and links to what it only reads."""
    shadow = TemporaryDirectory(prefix="qa-vectors-", ignore_cleanup_errors=True)
    for path in folder.absolute().iterdir():
        if path.is_dir():
            (Path(shadow.name) / path.name).symlink_to(path, target_is_directory=True)
        else:
            shutil.copyfile(path, Path(shadow.name) / path.name)
    return shadow


def _client(folder: Path) -> Client:
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(path=str(folder), settings=settings)
    assert isinstance(client, Client)  # the interface it is typed as lacks close()
    return client


def write_vectors(folder: Path, batches: Iterable[tuple[list[int], Rows]]) -> None:
    """Make a vector index in ``folder`` of batches of (numbers, their unit rows).

    Raises:
        BuildError: Chroma cannot write it.
    """
    given = iter(batches)
    first, n = list[tuple[list[int], Rows]](), 0
    while n < _LOGGED and (batch := next(given, None)):
        first.append(batch)
        n += len(batch[0])
    # Fewer than it would log go to the files as well: else these are others at each opening.
    logged = max(1, min(n, _LOGGED))
    hnsw: CreateHNSWConfiguration = {**_HNSW, "sync_threshold": logged, "batch_size": logged}
    with _writing(folder) as client:
        collection = client.create_collection(
            _COLLECTION, embedding_function=None, configuration={"hnsw": hnsw}
        )
        _add(client, collection, _logged_little(collection, itertools.chain(first, given), logged))


def _logged_little(
    collection: Collection, batches: Iterator[tuple[list[int], Rows]], logged: int
) -> Iterator[tuple[list[int], Rows]]:
    """The batches, Chroma being told meanwhile of how many changes to keep a log.

    When there are more it writes all of its index anew: a million vectors, 5,000 at a time, would
    be 200 files of up to 1.4 GB. So it may log half of what it holds, and less for the last batch.
    """
    n, most = 0, logged
    batch = next(batches, None)
    while batch:
        following = next(batches, None)
        wanted = logged if following is None else max(logged, n // 2)
        if wanted > 2 * most or wanted == logged < most:
            collection.modify(configuration={"hnsw": {"sync_threshold": wanted}})
            most = wanted
        yield batch
        n += len(batch[0])
        batch = following


def update_vectors(
    folder: Path,
    before: Path,
    change: Callable[[], tuple[Sequence[int], Iterable[tuple[list[int], Rows]]]],
) -> None:
    """Make a vector index in ``folder`` of the one in ``before``, which stays as it is.

    ``change`` is asked when the copy is open, which takes longer than the rest: for the numbers
    of the vectors that are gone, and the batches of those that are new.

    Raises:
        BuildError: Chroma cannot read or write it.
    """
    with _writing(folder, before) as client:
        collection = client.get_collection(_COLLECTION, embedding_function=None)
        collection.count()  # has Chroma read the whole index
        removed, batches = change()
        limit = client.get_max_batch_size()
        for at in range(0, len(removed), limit):
            collection.delete(ids=[str(number) for number in removed[at : at + limit]])
        _add(client, collection, batches)


@contextmanager
def _writing(folder: Path, before: Path | None = None) -> Iterator[Client]:
    try:
        if before is not None:
            shutil.copytree(before, folder)
        client = _client(folder)
        try:
            yield client
        finally:
            client.close()
    except (ChromaError, OSError, ValueError) as error:
        raise BuildError(
            f"The vector index in {folder} cannot be written ({error}); is the disk full?"
        ) from error


def _add(client: Client, collection: Collection, batches: Iterable[tuple[list[int], Rows]]) -> None:
    # Chroma fails on more than 5,461 records at once (SQLite's variables); it tells the number.
    limit = client.get_max_batch_size()
    for numbers, rows in batches:
        for at in range(0, len(numbers), limit):
            collection.add(
                ids=[str(number) for number in numbers[at : at + limit]],
                embeddings=np.ascontiguousarray(rows[at : at + limit]),
            )
