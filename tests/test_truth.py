from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import LibraryError, StoreDamagedError, UnknownDocumentError
from index.truth import Origin, Truth
from index.types import Chunk, Document, DocumentEntry

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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A truth in a folder whose name a URI would take apart."""
    folder = tmp_path / "a b#c?d%41 é"
    folder.mkdir()
    truth = Truth.create(folder / "truth.sqlite")
    truth.add_document(FIRST, ORIGIN)
    truth.add_document(SECOND, Origin("/a.txt", "/a.txt", "e" * 64))
    truth.add_vectors(["k1", "k2"], ROWS)
    truth.add_chunks(CHUNKS, ["k1", "k2", "k1"])
    truth.close()
    return folder / "truth.sqlite"


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
    writing.add_document(document, ORIGIN)
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
    assert list(truth.chunk_texts()) == [
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


def test_chunks_of_one_direction_are_found_from_each_other(tmp_path: Path) -> None:
    new = Truth.create(tmp_path / "truth.sqlite")
    new.add_document(FIRST, ORIGIN)
    new.add_vectors(["k1", "k2"], ROWS)
    new.add_vectors(["k1 in other words", "unknown words"], np.array([[1, 0], [0, 0]], np.float32))
    keys = ["k1", "k2", "k1 in other words", "unknown words", "k1", "unknown words"]
    new.add_chunks([CHUNKS[0]] * len(keys), keys)
    assert new.directions() == [1, 2]
    assert sorted(new.alike([1, 2])) == [(1, 1), (1, 3), (1, 5), (2, 2)]
    assert new.alike([4, 9]) == []
    new.close()


def test_missing_vectors_are_told_once_and_in_order(truth: Truth) -> None:
    assert truth.missing_vectors(["z", "k1", "y", "z", "k2"]) == ["z", "y"]


def test_thousands_of_values_are_more_than_sqlite_takes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "truth.sqlite"
    many = Truth.create(path)
    documents = [Document(f"d{n:04}", f"tekst {n}", "", "nl", None, "") for n in range(2_000)]
    for document in documents:
        many.add_document(document, ORIGIN)
    keys = [f"k{n}" for n in range(2_000)]
    many.add_vectors(keys, np.arange(4_000, dtype=np.float32).reshape(-1, 2))
    spans = ((0, 5),)
    many.add_chunks([Chunk(f"c{d.id}", d.id, 0, 5, "tekst", spans) for d in documents], keys)
    everything = list(range(1, 2_001))
    assert many.numbers(sources=[document.id for document in documents]) == everything
    assert list(many.chunks(everything)) == everything
    assert many.vectors(everything, 2)[2_000].tolist() == [3_998, 3_999]
    assert many.missing_vectors([*keys, "new"]) == ["new"]
    many.close()


def test_a_key_that_has_a_vector_keeps_it(tmp_path: Path) -> None:
    new = Truth.create(tmp_path / "truth.sqlite")
    new.add_document(FIRST, ORIGIN)
    new.add_vectors(["k"], ROWS[:1])
    new.add_vectors(["k"], ROWS[1:])
    new.add_chunks(CHUNKS[:1], ["k"])
    assert new.vectors([1], 2)[1].tolist() == [1, 0]
    new.close()


def test_documents_and_vectors_are_taken_over_from_before(path: Path, tmp_path: Path) -> None:
    before = path.read_bytes()
    new = Truth.create(tmp_path / "new.sqlite")
    new.copy_document(path, FIRST.id)
    new.copy_vectors(path, ["k2", "unknown"])
    new.add_chunks(CHUNKS[1:2], ["k2"])
    assert new.document(FIRST.id) == FIRST
    assert new.origins() == {FIRST.id: ORIGIN}
    assert new.vectors([1], 2)[1].tolist() == [0, 1]
    assert new.missing_vectors(["k1", "k2"]) == ["k1"]
    new.close()
    assert path.read_bytes() == before


def test_a_removed_document_is_gone(tmp_path: Path) -> None:
    new = Truth.create(tmp_path / "truth.sqlite")
    new.add_document(FIRST, ORIGIN)
    new.add_document(SECOND, ORIGIN)
    new.remove_documents([FIRST.id, "never there"])
    assert [entry.id for entry in new.entries()] == ["a.txt"]
    new.close()


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
        new.add_document(document, ORIGIN)
        digests.append(new.digests()[FIRST.id])
        new.close()
    assert digests[0] != digests[1]


def test_a_digest_does_not_change_with_the_file(tmp_path: Path) -> None:
    digests = []
    for name, origin in (("one", ORIGIN), ("other", Origin("/x", "/y", "z"))):
        new = Truth.create(tmp_path / name)
        new.add_document(FIRST, origin)
        digests.append(new.digests())
        new.close()
    assert digests[0] == digests[1]


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
