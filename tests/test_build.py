from __future__ import annotations

import contextlib
import os
import pkgutil
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from index import (
    BuildError,
    BuildReport,
    EmbeddingMismatchError,
    Library,
    LibraryError,
    NoStoreError,
    UnknownDocumentError,
)
from index.embed import Vectors
from index.generation import TRUTH, Manifest
from index.library import SEEDS
from index.parse import Parsers
from index.read import Reading, SourceFile, read_files
from tests.conftest import ConceptEmbedder

pytestmark = pytest.mark.usefixtures("quick_verify")
Write = Callable[[str, str], Path]

KAT = "# Kat\n\nDe kat zit op de mat.\n"
BRUG = "# Brug\n\nDie Brücke ist heute gesperrt.\n"
BROOD = "# Brood\n\nThe bread is fresh.\n"


@pytest.fixture
def embedder() -> ConceptEmbedder:
    return ConceptEmbedder()


@pytest.fixture
def empty(tmp_path: Path, embedder: ConceptEmbedder) -> Library:
    """A library in which nothing was built yet."""
    return Library(tmp_path / "store", embedder)


@pytest.fixture
def docs(write: Write) -> Path:
    """A folder of two documents."""
    write("docs/brug.md", BRUG)
    return write("docs/kat.md", KAT).parent


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that builds read."""
    names: list[str] = []

    def noting(files: Iterable[SourceFile], parsers: Parsers) -> Iterator[Reading]:
        for reading in read_files(files, parsers):
            names.append(reading.file.path.name)
            yield reading

    monkeypatch.setattr("index.gather.read_files", noting)
    return names


def generations(store: Path) -> list[str]:
    """The folders of finished generations and of those in the making."""
    folders = [*store.glob("gen-*/"), *store.glob("building-*/")]
    return sorted(folder.name for folder in folders)


def ids(library: Library) -> list[str]:
    return [entry.id for entry in library.documents()]


def manifest(library: Library) -> Manifest:
    with library.snapshot() as snapshot:
        return snapshot.manifest


def told(report: BuildReport) -> tuple[Sequence[str], ...]:
    return report.added, report.changed, report.removed, report.unchanged


def reasons(report: BuildReport) -> dict[str, str]:
    return {Path(refused.source).name: refused.reason for refused in report.refused}


# What is told apart


def test_a_first_build_without_paths_takes_the_shipped_articles(empty: Library) -> None:
    report = empty.build()
    assert report.added == tuple(f"seeds/{path.name}" for path in sorted(SEEDS.glob("*.md")))
    assert empty.roots() == (str(SEEDS),)
    assert empty.documents()[0].title.startswith("Parler van het internet verdwenen")


def test_a_first_build_with_a_path_takes_that_alone(empty: Library, docs: Path) -> None:
    report = empty.build([docs])
    assert report == BuildReport(
        generation="gen-000001",
        added=("docs/brug.md", "docs/kat.md"),
        changed=(),
        removed=(),
        unchanged=(),
        refused=(),
        left_out=0,
        n_chunks=2,
    )
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


def test_added_changed_and_removed_files_are_told_apart(
    empty: Library, docs: Path, write: Write
) -> None:
    write("docs/blijft.md", "# Blijft\n\nDit blijft.\n")
    empty.build([docs])
    write("docs/brood.md", BROOD)
    write("docs/kat.md", KAT.replace("mat", "stoel"))
    (docs / "brug.md").unlink()
    report = empty.build()
    assert told(report) == (
        ("docs/brood.md",),
        ("docs/kat.md",),
        ("docs/brug.md",),
        ("docs/blijft.md",),
    )
    assert report.generation == "gen-000002"
    assert empty.document("docs/kat.md").text == "# Kat\n\nDe kat zit op de stoel.\n"
    assert "Brücke" not in " ".join(hit.chunk.text for hit in empty.search("brug", 99))


def test_an_unchanged_build_publishes_nothing(
    empty: Library, docs: Path, embedder: ConceptEmbedder
) -> None:
    first = empty.build([docs])
    embedder.given.clear()
    os.utime(docs / "kat.md", (0, 0))  # it is the bytes that count, not the clock
    again = empty.build([docs])
    assert (again.generation, again.n_chunks) == (first.generation, first.n_chunks)
    assert told(again) == ((), (), (), ("docs/brug.md", "docs/kat.md"))
    assert embedder.given == []
    assert generations(empty.store) == ["gen-000001"]


def test_a_changed_title_alone_is_a_change(empty: Library, docs: Path, write: Write) -> None:
    write("docs/kat.md", "---\ntitle: Oud\n---\nDe kat slaapt.\n")
    empty.build([docs])
    fingerprint = manifest(empty).fingerprint
    write("docs/kat.md", "---\ntitle: Nieuw\n---\nDe kat slaapt.\n")
    assert empty.build().changed == ("docs/kat.md",)
    assert empty.documents()[1].title == "Nieuw"
    # The title is embedded with each chunk: another title gives other evidence.
    assert manifest(empty).fingerprint != fingerprint


def test_only_new_text_is_embedded(
    empty: Library, docs: Path, write: Write, embedder: ConceptEmbedder
) -> None:
    empty.build([docs])
    assert sorted(embedder.given) == [
        "Brug\nBrug\n\nDie Brücke ist heute gesperrt.",
        "Kat\nKat\n\nDe kat zit op de mat.",
    ]
    embedder.given.clear()
    (docs / "kat.md").rename(docs / "poes.md")
    write("docs/brood.md", BROOD)
    report = empty.build()
    assert told(report)[:3] == (("docs/brood.md", "docs/poes.md"), (), ("docs/kat.md",))
    assert embedder.given == ["Brood\nBrood\n\nThe bread is fresh."]
    assert empty.search("cat", 1)[0].chunk.doc_id == "docs/poes.md"


def test_equal_texts_are_embedded_once(
    empty: Library, docs: Path, write: Write, embedder: ConceptEmbedder
) -> None:
    write("docs/kopie.md", KAT)
    empty.build([docs])
    assert len(embedder.given) == len(set(embedder.given)) == 2
    found = empty.search("cats", 2)
    assert [hit.chunk.doc_id for hit in found] == ["docs/kat.md", "docs/kopie.md"]
    assert [hit.dense for hit in found] == pytest.approx([1, 1])


def test_afresh_reads_and_embeds_everything_again(
    empty: Library, docs: Path, embedder: ConceptEmbedder
) -> None:
    empty.build([docs])
    embedder.given.clear()
    report = empty.build(afresh=True)
    assert report.generation == "gen-000002"
    assert told(report) == ((), (), (), ("docs/brug.md", "docs/kat.md"))
    assert len(embedder.given) == 2


def test_equal_content_has_one_fingerprint_and_other_content_another(
    tmp_path: Path, empty: Library, docs: Path, embedder: ConceptEmbedder
) -> None:
    empty.build([docs])
    elsewhere = shutil.copytree(docs, tmp_path / "elsewhere" / "docs")
    other = Library(tmp_path / "other", embedder)
    other.build([elsewhere])
    assert manifest(other).fingerprint == manifest(empty).fingerprint
    (elsewhere / "kat.md").write_text(KAT + "Nog een zin.\n")
    other.build()
    assert manifest(other).fingerprint != manifest(empty).fingerprint


def test_progress_is_told_stage_by_stage_and_ends_full(empty: Library, docs: Path) -> None:
    stages: list[tuple[str, int, int]] = []
    empty.build([docs], progress=lambda *stage: stages.append(stage))
    assert list(dict.fromkeys(name for name, _, _ in stages)) == [
        "read",
        "embed",
        "store",
        "verify",
    ]
    assert [stage for stage in stages if stage[1] == stage[2]] == [
        ("read", 2, 2),
        ("embed", 2, 2),
        ("store", 1, 1),
        ("verify", 1, 1),
    ]


# What is not done twice


def test_a_file_with_the_same_bytes_is_neither_read_nor_embedded_again(
    empty: Library, docs: Path, write: Write, embedder: ConceptEmbedder, read: list[str]
) -> None:
    empty.build([docs])
    assert read == ["brug.md", "kat.md"]
    read.clear()
    embedder.given.clear()
    write("docs/brood.md", BROOD)
    report = empty.build()
    assert told(report) == (("docs/brood.md",), (), (), ("docs/brug.md", "docs/kat.md"))
    assert read == ["brood.md"]
    assert embedder.given == ["Brood\nBrood\n\nThe bread is fresh."]
    assert sorted(hit.chunk.doc_id for hit in empty.search("cat bridge bread", 9)) == ids(empty)


def test_a_file_that_is_saved_anew_as_it_was_is_neither_read_nor_published(
    empty: Library, docs: Path, write: Write, read: list[str]
) -> None:
    empty.build([docs])
    read.clear()
    draft = write("draft", KAT)
    draft.replace(docs / "kat.md")  # as editors save: another file of the same name
    assert told(empty.build()) == ((), (), (), ("docs/brug.md", "docs/kat.md"))
    assert read == []
    assert generations(empty.store) == ["gen-000001"]


def test_a_change_that_leaves_the_text_as_it_was_is_no_change(
    empty: Library, docs: Path, embedder: ConceptEmbedder, read: list[str]
) -> None:
    empty.build([docs])
    embedder.given.clear()
    read.clear()
    (docs / "kat.md").write_bytes(b"\xef\xbb\xbf" + KAT.encode())  # a byte order mark
    assert told(empty.build()) == ((), (), (), ("docs/brug.md", "docs/kat.md"))
    assert (read, embedder.given) == (["kat.md"], [])
    read.clear()
    empty.build()
    assert read == []  # its new bytes are known


def test_a_renamed_file_is_not_embedded_again(
    empty: Library, docs: Path, embedder: ConceptEmbedder
) -> None:
    empty.build([docs])
    embedder.given.clear()
    (docs / "kat.md").rename(docs / "poes.md")
    assert told(empty.build())[:3] == (("docs/poes.md",), (), ("docs/kat.md",))
    assert embedder.given == []
    found = empty.search("cat zit mat", 9)
    assert [hit.chunk.doc_id for hit in found] == ["docs/poes.md", "docs/brug.md"]
    assert found[0].dense == pytest.approx(1)


def test_a_changed_document_alone_is_embedded_and_nothing_of_it_is_left(
    empty: Library, docs: Path, write: Write, embedder: ConceptEmbedder
) -> None:
    empty.build([docs])
    before = empty.search("brug", 1)[0].chunk
    embedder.given.clear()
    write("docs/kat.md", "# Kat\n\nDas Brot schmeckt.\n")
    report = empty.build()
    assert (report.changed, report.n_chunks) == (("docs/kat.md",), 2)
    assert embedder.given == ["Kat\nKat\n\nDas Brot schmeckt."]
    assert empty.search("brug", 1)[0].chunk == before
    assert "mat" not in " ".join(hit.chunk.text for hit in empty.search("kat mat", 9))
    assert [hit.lexical for hit in empty.search("mat", 9)] == [0, 0]


def test_a_file_that_changes_back_is_found_as_at_first(
    empty: Library, docs: Path, write: Write
) -> None:
    empty.build([docs])
    fingerprint, found = manifest(empty).fingerprint, empty.search("kat", 9)
    write("docs/kat.md", BROOD)
    empty.build()
    assert empty.search("kat", 9) != found
    write("docs/kat.md", KAT)
    empty.build()
    assert (manifest(empty).fingerprint, empty.search("kat", 9)) == (fingerprint, found)


def test_a_refused_file_is_read_again_when_it_changes_or_is_named(
    empty: Library, docs: Path, write: Write, read: list[str]
) -> None:
    bad = write("docs/kapot.pdf", "%PDF-1.4 kapot")
    first = empty.build([docs])
    assert "kapot.pdf" in reasons(first)
    read.clear()
    assert empty.build().refused == first.refused
    assert read == []
    assert empty.build([bad]).refused == first.refused
    assert read == ["kapot.pdf"]
    assert empty.build([docs]).refused == first.refused
    assert read == ["kapot.pdf"] * 2
    write("docs/kapot.pdf", "%PDF-1.4 anders")
    empty.build()
    assert read == ["kapot.pdf"] * 3
    bad.unlink()
    assert empty.build().refused == ()


class Noted:
    """A function that notes that it was called."""

    def __init__(self, calls: list[str], name: str) -> None:
        self.name = name
        self._calls = calls
        self._real = pkgutil.resolve_name(name)

    def __call__(self, *given: object) -> object:
        self._calls.append(self._real.__name__)
        return self._real(*given)


def test_a_change_among_many_is_applied_to_copies_and_a_large_one_is_not(
    empty: Library, docs: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    updated: list[str] = []
    for module, name in (("vectors", "update_vectors"), ("lexical", "update_words")):
        noted = Noted(updated, f"index.{module}.{name}")
        monkeypatch.setattr(noted.name, noted)
    for n in range(9):
        write(f"docs/{n}.md", f"# {n}\n\n{'kat ' * n}{'brug ' * (9 - n)}.\n")
    empty.build([docs])
    write("docs/kat.md", BROOD)
    empty.build()
    (docs / "3.md").unlink()
    empty.build()
    for n in range(3):
        write(f"docs/{n}.md", f"# {n}\n\n{'regen ' * (n + 1)}{'brood ' * (n * n + 1)}.\n")
    empty.build()
    assert sorted(updated) == ["update_vectors"] * 2 + ["update_words"] * 3
    assert empty.search("regen", 1)[0].dense == pytest.approx(0.5**0.5)
    empty.close()
    assert empty.check() == {}


# Roots


def test_roots_add_up_and_only_starts_them_anew(empty: Library, docs: Path, write: Write) -> None:
    brood = write("brood.md", BROOD)
    empty.build([docs])
    empty.add([brood])
    assert ids(empty) == ["brood.md", "docs/brug.md", "docs/kat.md"]
    assert empty.roots() == (str(docs), str(brood))
    report = empty.build([brood], only=True)
    assert told(report) == ((), (), ("docs/brug.md", "docs/kat.md"), ("brood.md",))
    assert empty.roots() == (str(brood),)


def test_only_without_a_path_changes_no_root(empty: Library, docs: Path) -> None:
    empty.build([docs])
    assert empty.build(only=True).unchanged == ("docs/brug.md", "docs/kat.md")


def test_only_with_a_path_that_does_not_exist_leaves_the_index_as_it_was(
    empty: Library, docs: Path, tmp_path: Path
) -> None:
    empty.build([docs])
    with pytest.raises(BuildError, match=r"nothing to index.*does not exist"):
        empty.build([tmp_path / "typo"], only=True)
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


def test_a_path_that_does_not_exist_is_refused_and_not_remembered(
    empty: Library, docs: Path, tmp_path: Path
) -> None:
    report = empty.build([docs, tmp_path / "typo"])
    assert reasons(report) == {"typo": "does not exist"}
    assert empty.roots() == (str(docs),)


def test_a_root_in_a_root_is_indexed_once(empty: Library, docs: Path, write: Write) -> None:
    inner = write("docs/sub/brood.md", BROOD).parent
    empty.build([docs, inner, docs / "kat.md"])
    assert ids(empty) == ["docs/brug.md", "docs/kat.md", "docs/sub/brood.md"]


def test_a_root_may_be_removed_with_its_documents(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    report = empty.remove([str(docs)])
    assert told(report) == ((), (), ("docs/brug.md", "docs/kat.md"), ("brood.md",))
    assert empty.build().added == ()
    assert ids(empty) == ["brood.md"]


def test_a_root_is_one_however_its_path_is_written(
    empty: Library, docs: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(docs)
    empty.build(["../docs", ".", docs, f"{docs}/", write("brood.md", BROOD)])
    assert empty.roots() == (str(docs), str(docs.parent / "brood.md"))
    empty.remove(["../docs"])
    assert ids(empty) == ["brood.md"]


def test_a_vanished_root_keeps_its_documents_and_is_reported(
    empty: Library, docs: Path, write: Write
) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    docs.rename(docs.with_name("weg"))
    report = empty.build()
    assert told(report)[:3] == ((), (), ())
    assert reasons(report)["docs"].startswith("is not there any more; its 2 documents are kept")
    assert empty.search("cat", 1)[0].chunk.doc_id == "docs/kat.md"
    docs.with_name("weg").rename(docs)
    assert empty.build().refused == ()


def test_a_vanished_root_that_was_given_by_a_relative_path_keeps_its_documents(
    empty: Library, docs: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.chdir(docs)
    empty.build(["../docs", write("brood.md", BROOD)])
    docs.rename(docs.with_name("weg"))
    empty.build()
    assert ids(empty) == ["brood.md", "docs/brug.md", "docs/kat.md"]


def test_a_vanished_root_keeps_its_documents_when_all_is_built_afresh(
    empty: Library, docs: Path, write: Write
) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    docs.rename(docs.with_name("weg"))
    empty.build(afresh=True)
    assert ids(empty) == ["brood.md", "docs/brug.md", "docs/kat.md"]


def test_a_vanished_root_may_be_removed(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    shutil.rmtree(docs)
    assert empty.remove([str(docs)]).removed == ("docs/brug.md", "docs/kat.md")


def test_an_emptied_folder_stays_a_root(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    (docs / "kat.md").unlink()
    (docs / "brug.md").unlink()
    assert empty.build().removed == ("docs/brug.md", "docs/kat.md")
    write("docs/kat.md", KAT)
    assert empty.build().added == ("docs/kat.md",)


# Removing documents


def test_a_removed_document_comes_back_only_when_its_path_is_named(
    empty: Library, docs: Path, write: Write
) -> None:
    empty.build([docs])
    assert empty.remove(["docs/kat.md"]).removed == ("docs/kat.md",)
    report = empty.build()
    assert report.refused[0].reason == "was removed; name its path to take it back"
    write("docs/kat.md", KAT + "Anders.\n")
    assert empty.build(afresh=True).added == ()
    assert ids(empty) == ["docs/brug.md"]
    assert empty.build([docs]).added == ("docs/kat.md",)
    assert empty.build().unchanged == ("docs/brug.md", "docs/kat.md")


def test_a_removed_document_comes_back_when_its_file_is_named(empty: Library, docs: Path) -> None:
    empty.build([docs])
    empty.remove(["docs/kat.md"])
    empty.build([docs / "kat.md"])
    assert any("De kat zit" in hit.chunk.text for hit in empty.search("kat", 9))


def test_a_removed_document_of_a_folder_that_was_given_as_a_link_comes_back_when_named(
    empty: Library, docs: Path
) -> None:
    link = docs.with_name("link")
    link.symlink_to(docs)
    empty.build([link])
    assert empty.remove(["link/kat.md"]).removed == ("link/kat.md",)
    assert empty.build([link]).added == ("link/kat.md",)
    empty.remove(["link/kat.md"])
    empty.build([link / "kat.md"])
    assert any("De kat zit" in hit.chunk.text for hit in empty.search("kat", 9))


def test_a_removed_document_is_neither_read_nor_embedded_and_is_told_of_each_time(
    empty: Library, docs: Path, write: Write, embedder: ConceptEmbedder, read: list[str]
) -> None:
    empty.build([docs])
    read.clear()
    embedder.given.clear()
    assert empty.remove(["docs/kat.md"]).refused == ()
    for _ in range(2):
        assert reasons(empty.build()) == {"kat.md": "was removed; name its path to take it back"}
    assert (read, embedder.given) == ([], [])
    assert ids(empty) == ["docs/brug.md"]


def test_a_single_file_may_be_removed_by_its_id(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    assert empty.remove(["brood.md"]).removed == ("brood.md",)
    assert empty.roots() == (str(docs),)


def test_removing_one_line_of_a_file_of_lines_leaves_the_others(
    empty: Library, write: Write
) -> None:
    lines = '{"id": "a", "text": "De kat."}\n{"id": "b", "text": "De brug."}\n'
    empty.build([write("corpus.jsonl", lines)])
    assert empty.remove(["a"]).removed == ("a",)
    assert ids(empty) == ["b"]
    empty.build()
    assert ids(empty) == ["b"]


def test_removing_what_is_not_there_removes_nothing(empty: Library, docs: Path) -> None:
    empty.build([docs])
    with pytest.raises(UnknownDocumentError, match="'nope' is neither a document's id nor"):
        empty.remove(["docs/kat.md", "nope"])
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


def test_a_name_may_be_given_twice(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs, write("brood.md", BROOD)])
    assert empty.remove(["brood.md", "brood.md"]).removed == ("brood.md",)


def test_an_index_may_be_emptied_and_stays_empty(empty: Library, docs: Path, write: Write) -> None:
    empty.build([docs])
    assert empty.remove([str(docs)]).n_chunks == 0
    assert empty.documents() == []
    assert empty.search("kat") == []
    assert empty.roots() == ()
    assert empty.build([write("brood.md", BROOD)]).added == ("brood.md",)


def test_an_emptied_index_is_not_filled_with_the_shipped_articles(
    empty: Library, docs: Path
) -> None:
    empty.build([docs])
    empty.remove([str(docs)])
    with contextlib.suppress(BuildError):  # there is nothing to index
        empty.build()
    assert ids(empty) == []


# Two with one id


def test_two_new_files_of_one_id_are_both_refused_naming_each_other(
    empty: Library, write: Write, docs: Path
) -> None:
    one, other = write("a/x.txt", "De kat."), write("b/x.txt", "De brug.")
    report = empty.build([docs, one, other])
    assert {(refused.source, refused.reason) for refused in report.refused} == {
        (str(one), f"has the same document id 'x.txt' as {other}; rename one"),
        (str(other), f"has the same document id 'x.txt' as {one}; rename one"),
    }
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


def test_three_new_files_of_one_id_are_all_refused(
    empty: Library, write: Write, docs: Path
) -> None:
    files = [write(f"{folder}/x.txt", f"De kat van {folder}.") for folder in "abc"]
    report = empty.build([docs, *files])
    assert {refused.source for refused in report.refused} == {str(path) for path in files}
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


@pytest.mark.parametrize("first", [True, False], ids=["named last", "named first"])
def test_a_new_file_of_an_id_that_is_taken_is_refused_and_the_old_one_stays(
    empty: Library, write: Write, first: bool
) -> None:
    old, new = write("a/x.txt", "De kat."), write("b/x.txt", "De brug.")
    empty.build([old])
    report = empty.build([old, new] if first else [new, old], only=True)
    assert told(report) == ((), (), (), ("x.txt",))
    assert [(refused.source, refused.reason) for refused in report.refused] == [
        (str(new), f"has the same document id 'x.txt' as {old}; rename one")
    ]
    assert empty.document("x.txt").text == "De kat."
    assert empty.roots() == (str(old),)


@pytest.mark.parametrize("vanishes", ["a", "b"])
def test_of_two_with_one_id_the_other_is_taken_when_one_has_gone(
    empty: Library, write: Write, docs: Path, vanishes: str
) -> None:
    files = {side: write(f"{side}/in/x.txt", f"De kat van {side}.") for side in "ab"}
    write("a/in/y.txt", "De brug van a.")
    write("b/in/y.txt", "De brug van b.")
    assert len(empty.build([docs, *(path.parent for path in files.values())]).refused) == 4
    files.pop(vanishes).unlink()
    report = empty.build()
    assert (report.added, report.removed) == (("in/x.txt",), ())
    assert {Path(refused.source).name for refused in report.refused} == {"y.txt"}
    [left] = files
    assert empty.document("in/x.txt").text == f"De kat van {left}."
    assert "in/x.txt" in [hit.chunk.doc_id for hit in empty.search(f"kat {left}", 9)]


def test_nothing_but_two_files_of_one_id_is_nothing_to_index(empty: Library, write: Write) -> None:
    files = [write("a/x.txt", "De kat."), write("b/x.txt", "De brug.")]
    with pytest.raises(BuildError, match=r"nothing to index: .* same document id 'x.txt'"):
        empty.build(files)


# What is refused


def test_bad_files_are_listed_with_reasons_while_good_ones_are_indexed(
    empty: Library, docs: Path, write: Write
) -> None:
    write("docs/leeg.txt", " \n")
    write("docs/plaatje.png", "x")
    write("docs/kapot.pdf", "%PDF-1.4 kapot")
    write("docs/regels.jsonl", '{"id": "goed", "text": "Goed."}\n{"id": 5}\nonzin\n')
    write("docs/.verborgen.md", "x")
    (docs / "link.md").symlink_to(docs / "kat.md")
    report = empty.build([docs])
    assert report.added == ("docs/brug.md", "docs/kat.md", "goed")
    assert report.left_out == 2
    assert len(report.refused) == 5
    told_of = reasons(report)
    assert told_of["leeg.txt"] == "is empty"
    assert told_of["plaatje.png"].startswith("unsupported kind '.png'")
    assert "kapot.pdf" in told_of


def test_bad_lines_of_an_unchanged_file_are_told_of_again(empty: Library, write: Write) -> None:
    path = write("regels.jsonl", '{"id": "goed", "text": "Goed."}\nonzin\n')
    assert empty.build([path]).refused == empty.build().refused != ()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_folder_below_one_whose_name_is_no_text_is_refused_in_a_sentence(
    empty: Library, docs: Path, tmp_path: Path
) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this file system takes no such names")
    below = shutil.copytree(docs, odd / "below")
    with contextlib.suppress(BuildError):
        assert empty.build([docs, below]).added == ("docs/brug.md", "docs/kat.md")


@pytest.mark.parametrize("make", ["empty folder", "empty file", "nothing", "only bad files"])
def test_nothing_to_index_is_said_and_leaves_no_index(
    empty: Library, tmp_path: Path, write: Write, make: str
) -> None:
    path = tmp_path / "given"
    if make == "empty folder":
        path.mkdir()
    elif make == "empty file":
        path = write("given.txt", "")
    elif make == "only bad files":
        write("given/a.png", "x")
        write("given/b.exe", "x")
    with pytest.raises(BuildError, match=r"^There is nothing to index: .*given"):
        empty.build([path])
    assert not empty.exists()
    assert generations(empty.store) == []
    with pytest.raises(NoStoreError, match=r"There is no index in .* yet; run: qa index"):
        empty.search("kat")


def test_a_document_without_a_word_is_kept_and_shown(
    empty: Library, docs: Path, write: Write
) -> None:
    write("docs/streep.md", "—\n")
    empty.build([docs])
    assert empty.document("docs/streep.md").text == "—\n"
    assert empty.search("kat", 1)[0].chunk.doc_id == "docs/kat.md"


# What fails


def test_another_embedding_is_refused_in_a_sentence_and_a_new_build_takes_it(
    empty: Library, docs: Path
) -> None:
    empty.build([docs])
    other = Library(empty.store, ConceptEmbedder("other"))
    for use in (
        other.documents,
        lambda: other.search("kat"),
        lambda: other.document("docs/kat.md"),
    ):
        with pytest.raises(EmbeddingMismatchError) as caught:
            use()
        assert str(caught.value) == (
            f"The index in {empty.store} was built with the embedding 'concepts', not 'other'; "
            "open it with that one, or run: qa index --rebuild"
        )
    assert other.build().generation == "gen-000002"
    assert other.search("cat", 1)[0].chunk.doc_id == "docs/kat.md"
    with pytest.raises(EmbeddingMismatchError, match="'other', not 'concepts'"):
        empty.search("kat")


class Failing(ConceptEmbedder):
    """A service that is down."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        raise ConnectionError("no route to host")


def test_an_embedding_that_fails_is_a_build_error_and_the_index_still_answers(
    empty: Library, docs: Path, write: Write
) -> None:
    empty.build([docs])
    write("docs/brood.md", BROOD)
    with pytest.raises(BuildError, match="no route to host"):
        Library(empty.store, Failing()).build()
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]


@pytest.mark.parametrize("stage", ["read", "embed", "store", "verify"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_build_that_stops_half_way_leaves_the_old_index_and_can_be_done_again(
    empty: Library, docs: Path, write: Write, stage: str, error: type[BaseException]
) -> None:
    empty.build([docs])
    write("docs/brood.md", BROOD)

    def stop(name: str, done: int, total: int) -> None:
        if name == stage:
            raise error

    with pytest.raises(error):
        empty.build(progress=stop)
    assert generations(empty.store) == ["gen-000001"]
    assert [hit.chunk.doc_id for hit in empty.search("kat", 9)] == ["docs/kat.md", "docs/brug.md"]
    assert empty.build().added == ("docs/brood.md",)
    assert empty.search("brood", 1)[0].chunk.doc_id == "docs/brood.md"


def test_what_does_not_verify_is_not_published(
    empty: Library, docs: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.build([docs])
    write("docs/brood.md", BROOD)
    probe = pkgutil.resolve_name("index.build.Probe")
    monkeypatch.setattr(probe, "faults", lambda _: {TRUTH: "It has 2 chunks, not 3"})
    with pytest.raises(BuildError, match=r"does not verify .It has 2 chunks, not 3.; the index"):
        empty.build()
    assert ids(empty) == ["docs/brug.md", "docs/kat.md"]
    assert generations(empty.store) == ["gen-000001"]


def test_a_store_that_is_a_file_is_refused_in_a_sentence(docs: Path, write: Write) -> None:
    library = Library(write("a-file", "x"), ConceptEmbedder())
    with pytest.raises(LibraryError, match="a-file"):
        library.documents()
    with pytest.raises(LibraryError, match="a-file"):
        library.build([docs])
