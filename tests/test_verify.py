from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.errors import LibraryError
from index.generation import (
    DATABASE,
    MANIFEST,
    TRUTH,
    VECTORS,
    WORDS,
    Manifest,
    file_marks,
    hash_faults,
    is_remembered,
    library_versions,
    part_files,
    read_manifest,
    size_faults,
    write_manifest,
)
from index.lexical import Words, write_words
from index.tables import tables_digest
from index.truth import Origin, Truth
from index.types import Chunk, Document
from index.vectors import Vectors, write_vectors
from index.verify import PARTS, _fault, faults, probe

# Above 1,000 vectors Chroma keeps its graph in files of its own.
N, DIM = 1_200, 16
ROWS = np.random.default_rng(5).normal(size=(N, DIM)).astype(np.float32)
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
ROOT = Path(__file__).parent.parent
GRAPH = ("data_level0.bin", "link_lists.bin", "header.bin", "length.bin", "index_metadata.pickle")


def _write_truth(path: Path) -> dict[str, str]:
    """Three documents of 400 sentences, each a chunk with a vector of its own; their digests."""
    truth = Truth.create(path)
    vectors = truth.add_vectors(ROWS)
    for d in range(3):
        sentences = [f"Zin {n:03} van stuk {d}." for n in range(400)]
        size = len(sentences[0]) + 1
        text = " ".join(sentences)
        truth.put_document(
            Document(f"stuk{d}", text, f"Stuk {d}", "nl", "2021-01", f"/stuk{d}"),
            Origin(f"/stuk{d}", "/", "0" * 64),
        )
        spans = [(n * size, n * size + size - 1) for n in range(400)]
        chunks = [Chunk(f"c{d}.{a}", f"stuk{d}", a, b, text[a:b], ((a, b),)) for a, b in spans]
        keys = [f"{d} {n}".encode() for n in range(400)]
        truth.add_chunks(chunks, keys, vectors[400 * d : 400 * (d + 1)])
    digests = truth.digests()
    truth.close()
    return digests


def _write_derived(folder: Path) -> None:
    """The words and the vectors of the truth in a folder."""
    truth = Truth.open(folder / TRUTH)
    texts = truth.chunk_texts(1, truth.last_chunk())
    write_words(folder / WORDS, [(n, language, text) for n, language, _, text in texts])
    write_vectors(folder / VECTORS, truth.all_vectors(DIM))
    truth.close()


def marks_of(folder: Path, tables: str = "") -> dict[str, str]:
    return file_marks(folder, part_files(folder), tables)


def describe(folder: Path, manifest: Manifest) -> Manifest:
    """Write the manifest for the files as they are."""
    manifest = replace(
        manifest, files=file_marks(folder, part_files(folder), tables_digest(folder / DATABASE))
    )
    write_manifest(folder, manifest)
    return manifest


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole generation of 1,200 chunks; a test takes a copy: ``folder``."""
    folder = tmp_path_factory.mktemp("built") / "gen-000001"
    folder.mkdir()
    digests = _write_truth(folder / TRUTH)
    _write_derived(folder)
    describe(
        folder,
        Manifest(
            generation="gen-000001",
            roots=("/",),
            removed=(),
            documents=digests,
            chunking="sentences",
            embedding="random",
            dim=DIM,
            n_chunks=N,
            files={},
            versions=library_versions(),
        ),
    )
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A generation that a test may damage."""
    return shutil.copytree(built, tmp_path / "gen-000001")


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command of each process that is started."""
    started = []
    start = subprocess.Popen.__init__

    def counting(child: subprocess.Popen[str], command: list[str], **options: Any) -> None:  # noqa: ANN401 - as the real one
        started.append(command)
        start(child, command, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", counting)
    return started


def fault_found_here(folder: Path, part: str, *, everything: bool = False) -> str:
    """What a child would say of a part that kills no process: a new one costs a second."""
    depth = "all" if everything else "probe"
    return _fault(folder, read_manifest(folder), part, depth)


def files_of(folder: Path) -> list[str]:
    return sorted(read_manifest(folder).files)


def graph_file(folder: Path, name: str) -> Path:
    return next(folder.glob(f"vectors/*/{name}"))


def delete(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garble(path: Path) -> None:
    """Other bytes, as many."""
    path.write_bytes(random.Random(3).randbytes(path.stat().st_size))


# A whole generation


def test_a_generation_as_it_was_built_is_whole_and_looked_at_again_only_when_touched(
    folder: Path, children: list[list[str]]
) -> None:
    manifest = read_manifest(folder)
    assert faults(folder, manifest) == {}
    assert len(children) == 1
    assert faults(folder, manifest) == {}
    assert len(children) == 1
    assert faults(folder, manifest, everything=True) == {}
    assert len(children) == 2
    assert "all" in children[1]
    (folder / TRUTH).touch()
    assert faults(folder, manifest) == {}
    assert len(children) == 3
    assert is_remembered(folder, manifest.files)


def test_what_was_remembered_is_not_believed_when_everything_is_asked_for(folder: Path) -> None:
    manifest = read_manifest(folder)
    stat = (folder / TRUTH).stat()
    assert faults(folder, manifest) == {}
    content = bytearray((folder / TRUTH).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / TRUTH).write_bytes(content)
    # A disk that forgets changes no time.
    os.utime(folder / TRUTH, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert faults(folder, manifest) == {}
    assert faults(folder, manifest, everything=True)[TRUTH] == (
        "truth.sqlite has changed since it was written"
    )


def test_reading_a_generation_leaves_it_whole(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert faults(folder, manifest) == {}
    for _ in range(2):
        vectors, words = Vectors(folder / VECTORS), Words(folder / WORDS)
        assert vectors.search(ROWS[7], 1)[0][0] == 8
        assert words.search("stuk", 5)
        vectors.close()
    assert faults(folder, manifest) == {}
    assert hash_faults(folder, manifest.files, tables_digest(folder / DATABASE)) == {}


def test_a_generation_that_was_opened_very_often_is_still_whole(folder: Path) -> None:
    manifest = read_manifest(folder)
    size = (folder / DATABASE).stat().st_size
    # What Chroma writes each time that it opens its database.
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        database.executemany("INSERT INTO acquire_write (lock_status) VALUES (?)", [(1,)] * 50_000)
        database.commit()
    assert (folder / DATABASE).stat().st_size > size
    assert size_faults(folder, manifest.files) == {}
    assert faults(folder, manifest, everything=True) == {}


def test_what_lies_in_the_folder_one_works_in_is_not_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index.py", "numpy.py", "json.py", "chromadb.py"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    try:
        assert probe(folder) == {}
    finally:
        assert not (tmp_path / "ran").exists()


def test_there_is_nothing_to_find_whole_where_there_is_nothing(tmp_path: Path) -> None:
    found = probe(tmp_path)
    assert found.keys() == set(PARTS)
    assert all("manifest.json cannot be read" in what for what in found.values())


# Damaged files


@pytest.mark.parametrize("damage", [delete, empty, halve])
def test_each_file_that_is_lost_or_cut_off_is_named(
    built: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    marks = read_manifest(built).files
    assert {f"vectors/*/{name}" for name in GRAPH} == {
        f"vectors/*/{Path(name).name}" for name in marks if name.count("/") == 2
    }
    for number, name in enumerate(files_of(built)):
        if damage is not delete and not (built / name).stat().st_size:
            continue
        folder = shutil.copytree(built, tmp_path / str(number))
        damage(folder / name)
        assert size_faults(folder, marks).keys() == {name}


@pytest.mark.parametrize(
    ("name", "damage"), [(TRUTH, halve), ("words/*.store", delete), (DATABASE, empty)]
)
def test_the_part_that_lost_a_file_is_told_and_the_others_are_fine(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    manifest = read_manifest(folder)
    path = next(folder.glob(name))
    damage(path)
    found = faults(folder, manifest)
    part = name.split("/")[0]
    assert path.name in found[part]
    # Without the truth nobody can say that the vectors are those that belong to it.
    assert found.keys() - {part} <= ({VECTORS} if part == TRUTH else set())
    assert not is_remembered(folder, manifest.files)


def test_each_file_that_was_zeroed_is_found(built: Path, tmp_path: Path) -> None:
    marks = read_manifest(built).files
    for number, name in enumerate(files_of(built)):
        if (built / name).stat().st_size:
            folder = shutil.copytree(built, tmp_path / str(number))
            zero(folder / name)
            found = hash_faults(folder, marks, tables_digest(folder / DATABASE))
            assert found == {name: "has changed since it was written"}


def test_each_bit_that_was_turned_is_found(folder: Path) -> None:
    marks = read_manifest(folder).files
    tables = tables_digest(folder / DATABASE)
    rng = random.Random(7)
    for name in files_of(folder):
        content = (folder / name).read_bytes()
        for _ in range(20 if content and name != DATABASE else 0):
            turned = bytearray(content)
            turned[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            (folder / name).write_bytes(turned)
            only = {name: marks[name]}
            assert hash_faults(folder, only, tables) == {name: "has changed since it was written"}
        (folder / name).write_bytes(content)
    assert hash_faults(folder, marks, tables) == {}


def test_a_bit_turned_in_each_part_is_told_of_each_part(folder: Path) -> None:
    manifest = read_manifest(folder)
    turned = [folder / TRUTH, next(folder.glob("words/*.term")), graph_file(folder, GRAPH[0])]
    for path in turned:
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
    found = faults(folder, manifest, everything=True)
    assert [found[part] for part in PARTS] == [
        f"{path.relative_to(folder).as_posix()} has changed since it was written"
        for path in (turned[0], turned[1], turned[2])
    ]


def test_a_bit_turned_in_chroma_s_database_is_found_or_leaves_every_vector_right(
    built: Path, tmp_path: Path
) -> None:
    content = (built / DATABASE).read_bytes()
    rng = random.Random(7)
    unfound = 0
    for number in range(20):
        turned = bytearray(content)
        turned[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        folder = shutil.copytree(built, tmp_path / str(number))
        (folder / DATABASE).write_bytes(turned)
        if not fault_found_here(folder, VECTORS, everything=True):
            unfound += 1
            vectors = Vectors(folder / VECTORS)
            stored = vectors.rows(range(1, N + 1))
            assert stored.keys() == set(range(1, N + 1))
            assert all(np.allclose(stored[n], ROWS[n - 1], atol=1e-6) for n in stored)
            assert all(vectors.search(ROWS[n], 1)[0][0] == n + 1 for n in range(0, N, 40))
            vectors.close()
    assert unfound < 20


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("data_level0.bin", garble),
        ("data_level0.bin", zero),
        ("link_lists.bin", zero),
        ("header.bin", garble),
        ("index_metadata.pickle", garble),
    ],
)
def test_a_graph_that_is_none_is_told_by_whoever_survives_it(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(graph_file(folder, name))
    manifest = read_manifest(folder)
    found = faults(folder, manifest)
    assert found.keys() == {VECTORS}
    assert "\n" not in found[VECTORS]
    assert not is_remembered(folder, manifest.files)


def test_a_part_that_kills_its_reader_does_not_hide_the_next(
    folder: Path, children: list[list[str]]
) -> None:
    garble(graph_file(folder, "data_level0.bin"))
    for path in folder.glob("words/*.term"):
        garble(path)
    found = probe(folder, [VECTORS, WORDS])
    assert found.keys() == {VECTORS, WORDS}
    if "ended the process" in found[VECTORS]:
        assert children[1][-1] == WORDS


@pytest.mark.parametrize("name", GRAPH)
def test_a_graph_of_which_a_file_is_garbled_is_found_when_everything_is_asked_for(
    folder: Path, name: str
) -> None:
    manifest = read_manifest(folder)
    garble(graph_file(folder, name))
    only = {mark: m for mark, m in manifest.files.items() if mark.endswith(name)}
    assert hash_faults(folder, only, "").keys() == only.keys()


@pytest.mark.parametrize("broken", ["import os\nos.abort()\n", "raise ImportError('no glibc')\n"])
def test_a_chroma_that_cannot_be_loaded_is_no_fault_of_the_documents_or_words(
    folder: Path, tmp_path: Path, broken: str
) -> None:
    code = tmp_path / "code"
    shutil.copytree(ROOT / "index", code / "index", ignore=shutil.ignore_patterns("model"))
    (code / "chromadb.py").write_text(broken)
    script = (
        "import json, sys; from pathlib import Path; from index.verify import probe\n"
        "print(json.dumps(probe(Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-P", "-c", script, str(folder)]
    said = subprocess.check_output(command, env={**os.environ, "PYTHONPATH": str(code)}, text=True)
    assert json.loads(said).keys() == {VECTORS}


# Parts that do not agree


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / TRUTH)) as database:
        assert database.execute(sql).rowcount > 0
        database.commit()


@pytest.mark.parametrize(
    ("sql", "part", "said"),
    [
        ("UPDATE documents SET sha256 = 'x'", TRUTH, "3 documents differ from the manifest"),
        ("UPDATE documents SET date = '2091-01' WHERE id = 'stuk1'", TRUTH, "1 documents differ"),
        ("DELETE FROM documents WHERE id = 'stuk2'", TRUTH, "1 documents differ from"),
        ("DELETE FROM chunks WHERE number = 61", TRUTH, "1199 chunks, not 1200"),
        ("DELETE FROM vectors", VECTORS, "1200 vectors in the vector index, not 0"),
        ("UPDATE vectors SET vector = zeroblob(64) WHERE number % 7", VECTORS, "cannot be found"),
    ],
)
def test_a_truth_that_does_not_agree_with_the_rest_is_found(
    folder: Path, sql: str, part: str, said: str
) -> None:
    change(folder, sql)
    describe(folder, read_manifest(folder))
    assert said in fault_found_here(folder, part)


def test_one_text_or_vector_that_differs_is_found_when_everything_is_asked_for(
    folder: Path,
) -> None:
    change(folder, "UPDATE documents SET text = replace(text, 'Zin 100', 'Zon 100')")
    change(folder, "UPDATE vectors SET vector = zeroblob(64) WHERE number = 1001")
    describe(folder, read_manifest(folder))
    assert fault_found_here(folder, TRUTH) == fault_found_here(folder, VECTORS) == ""
    text, vector = (fault_found_here(folder, part, everything=True) for part in (TRUTH, VECTORS))
    assert "the text of 'stuk0' has changed" in text
    assert vector == "vectors: vector 1001 is not as it was embedded"


def test_words_that_are_too_few_are_found(folder: Path) -> None:
    manifest = read_manifest(folder)
    shutil.rmtree(folder / WORDS)
    write_words(folder / WORDS, [(n, "nl", "zin") for n in range(1, 1_001)])
    describe(folder, manifest)
    assert fault_found_here(folder, WORDS) == "It has 1000 chunks in the word index, not 1200"


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_chunks", 60), ("documents", {}), ("files", {"gone": "sha256:00 1"}), ("format", 9)],
)
def test_a_manifest_that_was_edited_is_found(folder: Path, field: str, value: object) -> None:
    fields = json.loads((folder / MANIFEST).read_text("utf-8"))
    (folder / MANIFEST).write_text(json.dumps(fields | {field: value}), "utf-8")
    with pytest.raises(LibraryError):
        read_manifest(folder)


def test_a_manifest_of_another_length_of_vectors_is_found(folder: Path) -> None:
    write_manifest(folder, replace(read_manifest(folder), dim=3))
    assert probe(folder, [VECTORS]).keys() == {VECTORS}


def test_a_generation_without_chunks_is_its_truth_alone(tmp_path: Path) -> None:
    folder = tmp_path / "gen-000001"
    folder.mkdir()
    Truth.create(folder / TRUTH).close()
    manifest = Manifest("gen-000001", (), (), {}, "", "", DIM, 0, marks_of(folder), {})
    write_manifest(folder, manifest)
    assert faults(folder, manifest, everything=True) == {}
