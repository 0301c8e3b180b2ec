from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from index import BuildReport, Library
from index.parse import Parsers
from index.read import Reading, list_files, read_files
from index.types import Document, Refused
from tests.hostile import CASES, Hostile
from tests.reading import DUTCH, source, written

LIMIT_S = 60
BY_NAME = {case.name: case for case in CASES}
NOT_READ = {"new\nline.txt", "dot.txt."}  # they are refused for their names
LONG = "line.txt"  # its 300,000 sentences would take longer to index than all the others together


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every hostile file, and what is hostile without content."""
    scratch = tmp_path_factory.mktemp("scratch")
    folder = tmp_path_factory.mktemp("folder") / "docs"
    folder.mkdir()
    for case in CASES:
        written(folder / case.name, case.content(scratch))
    os.mkfifo(folder / "pipe.txt")
    (folder / "folder.pdf").mkdir()
    (folder / "link.txt").symlink_to("/etc/passwd")
    (folder / "folder.pdf" / "hard.txt").hardlink_to(folder / "one-byte.txt")
    return folder


@pytest.fixture(scope="module")
def parsers() -> Iterator[Parsers]:
    with Parsers() as parsers:
        yield parsers


def is_as_expected(found: Document | Refused, case: Hostile) -> bool:
    if isinstance(found, Refused):
        return bool(case.refused) and case.refused in found.reason
    return not case.refused and found.text == case.text


@pytest.mark.parametrize("name", sorted(BY_NAME.keys() - NOT_READ))
def test_a_hostile_file_is_refused_or_read_as_written(
    folder: Path, parsers: Parsers, name: str
) -> None:
    start = time.monotonic()
    (found,) = Reading(source(folder / name), parsers)
    assert time.monotonic() - start < LIMIT_S
    assert is_as_expected(found, BY_NAME[name]), str(found)[:200]


def test_after_hostile_files_the_others_are_read_in_their_order(
    folder: Path, parsers: Parsers, tmp_path: Path
) -> None:
    bad = [folder / name for name in ("deep.html", "laughs.docx", "bomb.xlsx", "columns.csv")]
    good = [written(tmp_path / f"{n}.html", f"<p>{n}. {DUTCH}") for n in range(8)]
    mixed = [path for pair in zip(good, bad * 2, strict=True) for path in pair]
    found = [item for reading in read_files(map(source, mixed), parsers) for item in reading]
    assert [isinstance(item, Document) for item in found] == [True, False] * 8
    texts = [item.text for item in found if isinstance(item, Document)]
    assert texts == [f"{n}. {DUTCH}" for n in range(8)]


def test_all_that_is_given_is_listed_refused_or_left_out(folder: Path) -> None:
    listing = list_files([folder])
    refused = {Path(item.source).name: item.reason for item in listing.refused}
    assert len(listing.files) + len(refused) == len(CASES) + 2  # the pipe and the hard link
    assert listing.left_out == 1  # the symbolic link
    assert refused.pop("pipe.txt") == "is neither a file nor a folder"
    assert refused.keys() == NOT_READ
    assert all(BY_NAME[name].refused in reason for name, reason in refused.items())


@pytest.fixture(scope="module")
def built(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Library, BuildReport]]:
    (folder / LONG).rename(folder.parent / LONG)
    library = Library.open(tmp_path_factory.mktemp("store"))
    try:
        yield library, library.build([folder])
    finally:
        library.close()
        (folder.parent / LONG).rename(folder / LONG)


def test_a_folder_of_hostile_files_is_indexed_but_for_those_that_are_refused(
    built: tuple[Library, BuildReport],
) -> None:
    library, report = built
    readable = {f"docs/{case.name}" for case in CASES if not case.refused and case.name != LONG}
    assert set(report.added) == readable | {"docs/folder.pdf/hard.txt"}
    refused = {Path(item.source).name.removesuffix(":1"): item.reason for item in report.refused}
    assert refused.keys() == {case.name for case in CASES if case.refused} | {"pipe.txt"}
    assert all(BY_NAME[name].refused in why for name, why in refused.items() if name in BY_NAME)
    assert len(report.added) + len(report.refused) == len(CASES) - 1 + 2
    for doc_id in readable:
        assert library.document(doc_id).text == BY_NAME[doc_id.removeprefix("docs/")].text


def test_every_hit_in_hostile_text_is_an_exact_slice_of_it(
    built: tuple[Library, BuildReport],
) -> None:
    library, report = built
    assert {hit.chunk.doc_id for hit in library.search("brug voorjaar gemeente", 30)} >= {
        "docs/active.html",
        "docs/climbs.docx",
        "docs/pages.pdf",
        "docs/-rf.txt",
        "docs/marks.txt",
    }
    for query in ("brug", "rood", "Straße", "een twee", 'ALT\0\' OR "1" NEAR(', "שלום"):
        for hit in library.search(query, 50):
            text = library.document(hit.chunk.doc_id).text
            assert text[hit.chunk.start : hit.chunk.end] == hit.chunk.text
    assert report.n_chunks > 0
