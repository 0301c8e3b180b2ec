from __future__ import annotations

import hashlib
import random
import re
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.embed import Vectors
from index.errors import LibraryError, StoreDamagedError, UnknownDocumentError
from index.truth import Origin, Truth, digest
from index.types import Chunk, Document, DocumentEntry, Refused

TEXT = "Een zin. 👨‍👩‍👧 e\u0301. שלום."
FIRST = Document("b/één.pdf", TEXT, "Één", "nl", "2021-01", "/b/één.pdf", (0, 9))
SECOND = Document("a.txt", "Tot\x00ziens. Dag.", "", "", None, "/a.txt")
ORIGIN = Origin("/b/één.pdf", "/b", "f" * 64)
CHUNKS = [
    Chunk("c1", FIRST.id, 0, 15, TEXT[:15], ((0, 8), (9, 15))),
    Chunk("c2", FIRST.id, 18, 23, TEXT[18:23], ((18, 23),)),
    Chunk("c3", SECOND.id, 0, 15, SECOND.text, ((0, 10), (11, 15))),
]
ROWS = np.array([[1, 0], [0, 1]], np.float32)
KEYS = [b"k1", b"k2", b"k1"]


def numbered(n: int) -> Vectors:
    """Rows (n, 2), each with a direction of its own and its place, from 1, as second number."""
    return np.stack([np.ones(n), np.arange(1, n + 1)], axis=1).astype(np.float32)


def some_chunks(n: int, doc_id: str = FIRST.id) -> list[Chunk]:
    return [Chunk(f"{doc_id}#{i}", doc_id, 0, 8, TEXT[:8], ((0, 8),)) for i in range(n)]


def keys(n: int) -> list[bytes]:
    return [f"key {i}".encode() for i in range(n)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A truth in a folder whose name a URI would take apart."""
    folder = tmp_path / "a b#c?d%41 é"
    folder.mkdir()
    truth = Truth.create(folder / "truth.sqlite")
    truth.put_document(FIRST, ORIGIN)
    truth.put_document(SECOND, Origin("/a.txt", "/a.txt", "e" * 64))
    truth.add_chunks(CHUNKS, KEYS, truth.add_vectors(ROWS[[0, 1, 0]]))
    truth.close()
    return folder / "truth.sqlite"


def begun(path: Path) -> Truth:
    """A truth that is written to, with one document and no chunks."""
    truth = Truth.create(path)
    truth.put_document(FIRST, ORIGIN)
    return truth


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Truth]:
    """One that is begun, and closed after the test."""
    truth = begun(tmp_path / "new.sqlite")
    yield truth
    truth.close()


@pytest.fixture
def truth(path: Path) -> Iterator[Truth]:
    opened = Truth.open(path)
    yield opened
    opened.close()


def test_a_document_comes_back_as_it_was_given(truth: Truth) -> None:
    assert truth.document(FIRST.id) == FIRST
    assert truth.document(SECOND.id) == SECOND


@settings(max_examples=100, deadline=None)
@given(text=st.text(), title=st.text(), pages=st.lists(st.integers(0, 10**6)).map(tuple))
def test_any_document_comes_back_as_it_was_given(
    tmp_path_factory: pytest.TempPathFactory, text: str, title: str, pages: tuple[int, ...]
) -> None:
    document = Document("d", text, title, "nl", None, "d", pages)
    path = tmp_path_factory.mktemp("any") / "truth.sqlite"
    writing = Truth.create(path)
    writing.put_document(document, ORIGIN)
    writing.close()
    reading = Truth.open(path)
    assert reading.document("d") == document
    assert reading.entries()[0].size_chars == len(text)
    reading.close()


def test_entries_are_sorted_by_id_and_hold_all_but_the_text(truth: Truth) -> None:
    assert truth.entries() == [
        DocumentEntry("a.txt", "", "", None, "/a.txt", 15, SECOND.sha256),
        DocumentEntry(FIRST.id, "Één", "nl", "2021-01", "/b/één.pdf", 24, FIRST.sha256),
    ]


def test_origins_are_kept(truth: Truth) -> None:
    assert truth.origins() == {"a.txt": Origin("/a.txt", "/a.txt", "e" * 64), FIRST.id: ORIGIN}


def test_an_unknown_document_is_named(truth: Truth) -> None:
    with pytest.raises(UnknownDocumentError, match="No document has the id 'nope'"):
        truth.document("nope")


def test_chunks_are_numbered_from_one_and_come_back_as_they_were(truth: Truth) -> None:
    assert truth.count_chunks() == 3
    assert truth.chunks([3, 1, 2, 4, 0]) == {1: CHUNKS[0], 2: CHUNKS[1], 3: CHUNKS[2]}
    assert truth.chunks([]) == {}
    assert list(truth.chunk_texts(1, truth.last_chunk())) == [
        (1, "nl", "Één", TEXT[:15]),
        (2, "nl", "Één", TEXT[18:23]),
        (3, "", "", SECOND.text),
    ]


@pytest.mark.parametrize(
    ("sources", "languages", "expected"),
    [
        (None, None, [1, 2, 3]),
        ([FIRST.id], None, [1, 2]),
        (["a.txt", FIRST.id, "a.txt"], None, [1, 2, 3]),
        ([], None, []),
        (None, ["nl"], [1, 2]),
        (None, ["nl", ""], [1, 2, 3]),
        (None, [], []),
        (["a.txt"], ["nl"], []),
    ],
)
def test_chunks_are_chosen_by_source_and_language(
    truth: Truth, sources: list[str] | None, languages: list[str] | None, expected: list[int]
) -> None:
    assert truth.numbers(sources=sources, languages=languages) == expected


def test_chunks_are_found_by_id_within_their_documents(truth: Truth) -> None:
    assert truth.numbers_of(["c2", "c3"], [FIRST.id]) == [(2, "c2")]


def test_vectors_are_shared_by_equal_texts(truth: Truth) -> None:
    found = truth.vectors([1, 2, 3, 9], dim=2)
    assert {number: row.tolist() for number, row in found.items()} == {
        1: [1, 0],
        2: [0, 1],
        3: [1, 0],
    }


def test_equal_vectors_are_kept_once(new: Truth) -> None:
    assert new.add_vectors(ROWS[[0, 1, 0]]) == [1, 2, 1]
    assert new.add_vectors(ROWS[[1]]) == [2]
    assert new.count_vectors() == 2
    ((numbers, rows),) = new.all_vectors(2)
    assert numbers == [1, 2]
    assert rows.tolist() == ROWS.tolist()


def test_a_zero_vector_has_no_number_and_comes_back_as_zero(new: Truth) -> None:
    zero = np.zeros((1, 2), np.float32)
    (none,) = new.add_vectors(zero)
    assert none is None
    new.add_chunks(CHUNKS[:1], [b"unknown words"], [none])
    assert new.count_vectors() == 0
    assert new.vectors_of([b"unknown words"]) == {b"unknown words": None}
    assert new.vectors([1], 2)[1].tolist() == [0, 0]
    assert new.remove_chunks([1]) == []


def test_no_vectors_have_no_numbers(new: Truth) -> None:
    assert new.add_vectors(np.zeros((0, 2), np.float32)) == []


def test_the_chunks_that_have_a_vector_are_found_from_it(new: Truth) -> None:
    vectors = new.add_vectors(np.array([[1, 0], [0, 1], [0, 0]], np.float32))
    given = [vectors[place] for place in (0, 1, 0, 2, 0, 2)]
    new.add_chunks(some_chunks(6), keys(6), given)
    assert sorted(new.having([1, 2])) == [(1, 1), (1, 3), (1, 5), (2, 2)]
    assert new.having([3, 99]) == []


def test_what_was_embedded_before_is_known_by_its_key(truth: Truth) -> None:
    assert truth.vectors_of([b"z", b"k1", b"k2"]) == {b"k1": 1, b"k2": 2}
    assert truth.vectors_of([]) == {}


def test_thousands_of_values_are_more_than_sqlite_takes_at_once(tmp_path: Path) -> None:
    many = Truth.create(tmp_path / "truth.sqlite")
    documents = [Document(f"d{n:04}", f"tekst {n}", "", "nl", None, "") for n in range(2_000)]
    for document in documents:
        many.put_document(document, ORIGIN)
    spans = ((0, 5),)
    chunks = [Chunk(f"c{d.id}", d.id, 0, 5, "tekst", spans) for d in documents]
    everything = list(range(1, 2_001))
    assert many.add_vectors(numbered(2_000)) == everything
    many.add_chunks(chunks, keys(2_000), everything)
    assert many.numbers(sources=[document.id for document in documents]) == everything
    assert list(many.chunks(everything)) == everything
    assert many.vectors(everything, 2)[2_000].tolist() == [1, 2_000]
    assert many.vectors_of([*keys(2_000), b"new"]) == dict(
        zip(keys(2_000), everything, strict=True)
    )
    assert many.having(everything) == [(number, number) for number in everything]
    assert many.remove_chunks(everything) == everything
    assert many.count_chunks() == many.count_vectors() == 0
    many.close()


# What is removed


def test_a_vector_goes_with_the_last_chunk_that_has_it(new: Truth) -> None:
    new.add_chunks(some_chunks(4), keys(4), new.add_vectors(ROWS[[0, 1, 0, 0]]))
    assert new.remove_chunks([1, 3]) == []
    assert new.remove_chunks([2]) == [2]
    assert new.remove_chunks([4, 77]) == [1]
    assert new.remove_chunks([]) == []
    assert new.count_chunks() == new.count_vectors() == 0


def test_chunks_removed_together_take_the_vector_they_share(new: Truth) -> None:
    new.add_chunks(some_chunks(3), keys(3), new.add_vectors(ROWS[[0, 0, 1]]))
    assert new.remove_chunks([1, 2]) == [1]
    assert new.chunks([1, 2, 3]).keys() == {3}


@pytest.mark.parametrize("how", ["remove", "forget"])
@pytest.mark.parametrize("between", ["at once", "copied", "shrunk"])
def test_a_number_is_never_given_twice(tmp_path: Path, how: str, between: str) -> None:
    truth = Truth.create(tmp_path / "one.sqlite")
    truth.put_document(FIRST, ORIGIN)
    truth.add_chunks(some_chunks(300), keys(300), truth.add_vectors(numbered(300)))
    if how == "remove":
        truth.remove_chunks(range(2, 301))
    else:
        truth.forget_chunks()
    if between == "copied":
        truth.close()
        truth = Truth.copy(tmp_path / "one.sqlite", tmp_path / "two.sqlite")
    if between == "shrunk":
        truth.shrink()
    added = truth.add_vectors(np.array([[3, 4]], np.float32))
    truth.add_chunks(some_chunks(1, "another"), [b"k"], added)
    assert added == [truth.last_vector()] == [301]
    assert truth.last_chunk() == 301
    truth.close()


def test_chunk_texts_leave_out_numbers_that_are_gone(new: Truth) -> None:
    new.put_document(SECOND, ORIGIN)
    new.add_chunks([CHUNKS[n] for n in (0, 1, 2, 1, 0)], keys(5), [None] * 5)
    new.remove_chunks([2, 4])
    one, three, five = (
        (1, "nl", "Één", TEXT[:15]),
        (3, "", "", SECOND.text),
        (5, "nl", "Één", TEXT[:15]),
    )
    assert list(new.chunk_texts(1, 5)) == [one, three, five]
    assert list(new.chunk_texts(2, 4)) == [three]
    assert list(new.chunk_texts(5, 99)) == [five]
    assert list(new.chunk_texts(4, 3)) == list(new.chunk_texts(6, 9)) == []


def test_a_removed_document_is_gone(new: Truth) -> None:
    new.put_document(SECOND, ORIGIN)
    assert new.document(FIRST.id) == FIRST
    new.remove_documents([FIRST.id, "never there"])
    assert [entry.id for entry in new.entries()] == ["a.txt"]
    with pytest.raises(UnknownDocumentError):
        new.document(FIRST.id)


def test_a_document_put_again_takes_the_place_of_the_one_before(new: Truth) -> None:
    assert new.document(FIRST.id) == FIRST
    changed = replace(FIRST, text="Anders.", title="Ander", pages=())
    new.put_document(changed, Origin("/x", "/", "a" * 64))
    assert new.document(FIRST.id) == changed
    assert new.origins() == {FIRST.id: Origin("/x", "/", "a" * 64)}


def test_a_document_that_moved_is_the_same_from_elsewhere(new: Truth) -> None:
    assert new.document(FIRST.id) == FIRST
    digests = new.digests()
    moved = Origin("/elders/één.pdf", "/elders", "d" * 64)
    new.put_origin(FIRST.id, moved.path, moved)
    assert new.origins() == {FIRST.id: moved}
    assert new.entries()[0].source == moved.path
    assert new.document(FIRST.id) == replace(FIRST, source=moved.path)
    assert new.digests() == digests


def test_refusals_and_unsettled_files_come_back_and_replace_those_before(path: Path) -> None:
    one, other = Origin("/één", "/", "1" * 64), Origin("/b", "/b", "2" * 64)
    first = {
        one: [Refused("/één", "is empty"), Refused("/één: line 3", "has no 'text'")],
        other: [Refused("/b", "is no text: \N{SNOWMAN}")],
    }
    truth = Truth.copy(path, path.with_name("next.sqlite"))
    assert (truth.refusals(), truth.unsettled()) == ({}, set())
    truth.put_refusals(first, [other])
    truth.close()
    read = Truth.open(path.with_name("next.sqlite"))
    assert (read.refusals(), read.unsettled()) == (first, {other})
    read.close()
    truth = Truth.copy(path.with_name("next.sqlite"), path.with_name("last.sqlite"))
    truth.put_refusals({one: first[one][:1]}, {one, other})
    assert (truth.refusals(), truth.unsettled()) == ({one: first[one][:1]}, {one, other})
    truth.close()


# Copies, and what they leave on the disk


def test_a_copy_holds_the_same_and_what_is_changed_in_it_leaves_the_original(
    path: Path, tmp_path: Path
) -> None:
    before = path.read_bytes()
    copy = Truth.copy(path, tmp_path / "copy.sqlite")
    assert copy.document(FIRST.id) == FIRST
    assert copy.chunks([1, 2, 3]) == {1: CHUNKS[0], 2: CHUNKS[1], 3: CHUNKS[2]}
    copy.remove_documents([SECOND.id])
    assert copy.remove_chunks([2, 3]) == [2]
    copy.put_document(replace(FIRST, text="Anders."), ORIGIN)
    copy.add_vectors(numbered(500))
    copy.shrink()
    copy.close()
    assert path.read_bytes() == before
    read = Truth.open(tmp_path / "copy.sqlite")
    assert (read.document(FIRST.id).text, read.count_chunks(), read.count_vectors()) == (
        "Anders.",
        1,
        501,
    )
    read.close()


@pytest.mark.parametrize("content", [None, b"not a database" * 1_000], ids=["lost", "overwritten"])
def test_a_copy_of_a_damaged_truth_is_damage(path: Path, content: bytes | None) -> None:
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(StoreDamagedError, match="cannot be read"):  # noqa: PT012 - so may reading
        copy = Truth.copy(path, path.with_name("copy.sqlite"))
        copy.entries()


class Marked:
    """Documents of which every name, title, address and word is a marker found by its bytes."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.markers: dict[str, set[str]] = {}  # of the documents that are there, by id
        self.gone: set[str] = set()

    def word(self) -> str:
        return "q" + "".join(self._rng.choices("abcdefghijklmnoprstuvwxyz", k=11))

    def put(self, truth: Truth, doc_id: str) -> None:
        """A document in place of the one with its id, with chunks and vectors of its own."""
        # From several to a page of the file, to one on a hundred pages.
        words = [self.word() for _ in range(self._rng.choice([1, 5, 60, 1_500, 30_000]))]
        title, source, key = self.word(), self.word(), self.word()
        document = Document(doc_id, " ".join(words), title, "nl", None, source)
        old = truth.numbers_in([doc_id])
        truth.put_document(document, Origin(self.word(), self.word(), self.word()))
        ids = [self.word() for _ in range(self._rng.choice([1, 30]))]
        (vector,) = truth.add_vectors(
            np.frombuffer(hashlib.sha256(key.encode()).digest(), "f4")[None]
        )
        chunks = [Chunk(id_, doc_id, 0, 12, words[0], ((0, 12),)) for id_ in ids]
        truth.add_chunks(chunks, [key.encode()] * len(ids), [vector] * len(ids))
        truth.remove_chunks(old)
        self.gone |= self.markers.get(doc_id, set()) - {doc_id}
        origin = truth.origins()[doc_id]
        self.markers[doc_id] = {doc_id, *words, title, source, key, *ids}
        self.markers[doc_id] |= {origin.path, origin.root, origin.file_sha256}

    def remove(self, truth: Truth, doc_ids: Sequence[str]) -> None:
        truth.remove_documents(doc_ids)
        truth.remove_chunks(truth.numbers_in(doc_ids))
        for doc_id in doc_ids:
            self.gone |= self.markers.pop(doc_id)

    def found(self, path: Path) -> set[str]:
        """The markers whose bytes are anywhere in a file."""
        content = path.read_bytes().decode("latin-1")
        # Looked for at every place: what is left of one may stand right before another.
        words = {content[at : at + 12] for at in (m.start() for m in re.finditer("q", content))}
        return words & (self.gone | set().union(*self.markers.values()))


@pytest.mark.parametrize("seed", range(4))
def test_no_byte_is_left_of_what_was_removed_or_replaced(tmp_path: Path, seed: int) -> None:
    marked, path = Marked(seed), tmp_path / "0.sqlite"
    rng = random.Random(seed)
    truth = Truth.create(path)
    for turn in range(1, 5):
        for _ in range(25):
            again = marked.markers and rng.random() < 0.3
            marked.put(truth, rng.choice(list(marked.markers)) if again else marked.word())
        marked.remove(truth, rng.sample(list(marked.markers), len(marked.markers) // 2))
        if turn == 3:
            truth.shrink()
        truth.close()
        assert marked.found(path) == set().union(*marked.markers.values())
        assert marked.gone
        truth = Truth.copy(path, tmp_path / f"{turn}.sqlite")
        path = tmp_path / f"{turn}.sqlite"
    truth.close()


def test_no_byte_is_left_of_chunks_that_were_forgotten(tmp_path: Path) -> None:
    new = begun(tmp_path / "new.sqlite")
    marked = Marked(9)
    for _ in range(20):
        marked.put(new, marked.word())
    ids = [chunk.id for chunk in new.chunks(range(1, new.last_chunk() + 1)).values()]
    new.forget_chunks()
    new.close()
    assert len(ids) >= 20
    assert not marked.found(tmp_path / "new.sqlite") & set(ids)


def test_no_byte_is_left_of_a_refusal_that_was_withdrawn(tmp_path: Path) -> None:
    new = begun(tmp_path / "new.sqlite")
    origin = Origin("/geheim/pad", "/geheim", "0" * 64)
    new.put_refusals({origin: [Refused("/geheim/pad", "is verborgen")]}, [origin])
    new.put_refusals({}, [])
    new.close()
    content = (tmp_path / "new.sqlite").read_bytes()
    assert b"geheim" not in content
    assert b"verborgen" not in content


def everything(truth: Truth) -> object:
    ids = [entry.id for entry in truth.entries()]
    last = truth.last_chunk()
    return (
        [truth.document(id_) for id_ in ids],
        truth.origins(),
        truth.refusals(),
        truth.unsettled(),
        truth.chunks(range(1, last + 1)),
        truth.having(range(1, truth.last_vector() + 1)),
        [(numbers, rows.tolist()) for numbers, rows in truth.all_vectors(2)],
    )


def test_shrinking_makes_the_file_smaller_and_keeps_everything(tmp_path: Path) -> None:
    large, small = tmp_path / "large.sqlite", tmp_path / "small.sqlite"
    truth = begun(large)
    for n in range(40):
        truth.put_document(Document(f"d{n}", f"{n} " * 20_000, "", "nl", None, ""), ORIGIN)
    truth.add_chunks(some_chunks(200), keys(200), truth.add_vectors(numbered(200)))
    truth.put_refusals({ORIGIN: [Refused("a", "b")]}, [ORIGIN])
    truth.close()
    truth = Truth.copy(large, small)
    truth.remove_documents([f"d{n}" for n in range(1, 40)])
    truth.remove_chunks(range(1, 100))
    kept = everything(truth)
    truth.shrink()
    assert everything(truth) == kept
    assert small.stat().st_size < large.stat().st_size / 4
    truth.put_document(replace(FIRST, text="Anders."), ORIGIN)  # it may still be written to
    truth.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["large.sqlite", "small.sqlite"]
    read = Truth.open(small)
    assert read.document(FIRST.id).text == "Anders."
    read.close()


def test_a_file_that_is_nearly_full_is_not_written_anew(path: Path) -> None:
    truth = Truth.copy(path, path.with_name("copy.sqlite"))
    inode = path.with_name("copy.sqlite").stat().st_ino
    truth.shrink()
    truth.close()
    assert path.with_name("copy.sqlite").stat().st_ino == inode
    assert path.with_name("copy.sqlite").read_bytes() == path.read_bytes()


# All vectors, and some


def test_vectors_come_in_batches_in_order_from_above_a_number(
    new: Truth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.truth._VECTOR_BATCH", 10)
    new.add_chunks(some_chunks(25), keys(25), new.add_vectors(numbered(25)))
    assert new.remove_chunks(range(11, 16)) == list(range(11, 16))
    left = [*range(1, 11), *range(16, 26)]
    for above in (0, 1, 10, 12, 15, 24, 25, 99):
        batches = list(new.all_vectors(2, above))
        numbers = [number for some, _ in batches for number in some]
        assert numbers == [number for number in left if number > above]
        assert all(0 < len(some) <= 10 for some, _ in batches)
        assert all(rows[:, 1].tolist() == some for some, rows in batches)
        assert new.count_vectors(above) == len(numbers)


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 127, 128, 191, 1_000])
def test_some_vectors_are_spread_over_all(new: Truth, n: int) -> None:
    new.add_vectors(numbered(n))
    places = [int(row[1]) for row in new.some_vectors(64, 2)]
    assert len(set(places)) == len(places) <= 64
    assert len(places) >= min(n, 32)
    # Nowhere, the end included, is there a stretch of twice n / 64 without one.
    gaps = np.diff([0, *sorted(places), n + 1])
    assert gaps.max() <= n / 32 + 2


def test_some_vectors_are_spread_over_those_that_are_left(new: Truth) -> None:
    new.add_chunks(some_chunks(400), keys(400), new.add_vectors(numbered(400)))
    new.remove_chunks([number for number in range(1, 401) if number % 4])
    places = {int(row[1]) for row in new.some_vectors(50, 2)}
    assert len(places) == 50
    assert places <= set(range(4, 401, 4))


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Anders."},
        {"title": "Anders"},
        {"language": "de"},
        {"date": "2022"},
        {"pages": (0, 4)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_digest_changes_with_all_that_a_reader_reads(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    digests = []
    for name, document in (("one", FIRST), ("other", replace(FIRST, **change))):
        new = Truth.create(tmp_path / name)
        new.put_document(document, ORIGIN)
        digests.append(new.digests()[FIRST.id])
        new.close()
    assert digests[0] != digests[1]


def test_a_digest_does_not_change_with_the_file(tmp_path: Path) -> None:
    digests = []
    for name, origin in (("one", ORIGIN), ("other", Origin("/x", "/y", "z"))):
        new = Truth.create(tmp_path / name)
        new.put_document(FIRST, origin)
        digests.append(new.digests())
        new.close()
    assert digests[0] == digests[1]


def test_a_digest_is_that_of_the_document_without_a_truth(truth: Truth) -> None:
    assert truth.digests() == {SECOND.id: digest(SECOND), FIRST.id: digest(FIRST)}


def test_the_text_is_last_in_its_row_so_that_the_rest_is_read_without_it(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        columns = database.execute("PRAGMA table_info(documents)").fetchall()
    assert columns[-1][1] == "text"


def test_eight_threads_read_what_one_reads(truth: Truth) -> None:
    def read(_: int) -> bool:
        return truth.chunks([1, 2, 3]) == {1: CHUNKS[0], 2: CHUNKS[1], 3: CHUNKS[2]}

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(400)))


def test_a_truth_that_is_not_there_is_damage_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        Truth.open(tmp_path / "truth.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"not a database" * 1_000], ids=["emptied", "overwritten"]
)
def test_a_spoilt_truth_is_damage(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        Truth.open(path)


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7])
def test_a_truth_that_was_cut_off_is_damage_and_never_less_of_it(path: Path, kept: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(LibraryError):  # noqa: PT012 - opening or the first reading may tell
        cut = Truth.open(path)
        try:
            cut.entries()
            cut.document(FIRST.id)
            cut.chunks([1, 2, 3])
            cut.vectors([1, 2, 3], 2)
        finally:
            cut.close()
