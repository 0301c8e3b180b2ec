"""Whole stores: processes that are killed or compete, threads, and files that are damaged."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from index import (
    BuildError,
    EmbeddingMismatchError,
    Library,
    LibraryError,
    NoStoreError,
    StoreBusyError,
    StoreDamagedError,
)
from index.embed import Vectors
from index.generation import FORMAT
from tests.conftest import ConceptEmbedder

Write = Callable[[str, str], Path]
QUESTION = "Hoeveel gebruikers heeft Parler?"

# Builds a store with the hand-checkable embedding, and does something at a named stage.
BUILD = """
import os, signal, sys, time
from index import Library
from index.errors import LibraryError
from index.verify import verify
from index.embed import Vectors
from tests.conftest import ConceptEmbedder
import index.build
index.build.verify_in_child = verify
store, path, stage = sys.argv[1:]
def at(name, now, total):
    if name == stage:
        {action}
def sweep(store, held, real=index.build.sweep):  # the first step after a build was published
    if (store / "CURRENT").read_text() == "gen-000002\\n":
        at("sweep", 0, 1)
    real(store, held)
index.build.sweep = sweep
try:
    print(Library(__import__("pathlib").Path(store), ConceptEmbedder()).build([path], progress=at))
except LibraryError as error:
    print(type(error).__name__, error)
"""
KILL = BUILD.format(action="os.kill(os.getpid(), signal.SIGKILL)")
# Tells that it is there, and waits for a line before it goes on.
WAIT = BUILD.format(action="print('there', flush=True); sys.stdin.readline()")
ROOT = Path(__file__).parent.parent


def child(script: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", script, *map(str, arguments)]


@pytest.fixture
def docs(write: Write) -> Path:
    return write("docs/kat.md", "# Kat\n\nDe kat zit op de mat.\n").parent


@pytest.fixture
def built(tmp_path: Path, docs: Path, quick_verify: None) -> Library:
    """A small store, built in this process."""
    library = Library(tmp_path / "store", ConceptEmbedder())
    library.build([docs])
    return library


def found(library: Library, query: str = "cat bread") -> list[str]:
    return [hit.chunk.doc_id for hit in library.search(query, 9)]


# Other processes


@pytest.mark.parametrize(
    ("stage", "published"), [("read", False), ("store", False), ("verify", False), ("sweep", True)]
)
def test_after_a_kill_the_old_or_the_new_index_answers_and_the_next_build_cleans_up(
    built: Library, write: Write, stage: str, published: bool
) -> None:
    brood = write("docs/brood.md", "# Brood\n\nHet brood is op.\n")
    ended = subprocess.run(child(KILL, built.store, brood.parent, stage), cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    left = sorted(path.name for path in built.store.glob("gen-*"))
    assert left == ["gen-000001", "gen-000002"]
    expected = ["docs/kat.md"] + ["docs/brood.md"] * published
    assert sorted(found(built)) == sorted(expected)
    again = built.build()
    assert again.added == (() if published else ("docs/brood.md",))
    assert sorted(found(built)) == ["docs/brood.md", "docs/kat.md"]
    assert [path.name for path in built.store.glob("gen-*")] == ["gen-000002"]
    assert not (built.store / "writer.json").exists()


def test_after_a_kill_of_the_first_build_there_is_no_index_and_the_next_makes_one(
    tmp_path: Path, docs: Path, quick_verify: None
) -> None:
    library = Library(tmp_path / "store", ConceptEmbedder())
    subprocess.run(child(KILL, library.store, docs, "verify"), cwd=ROOT, check=False)
    with pytest.raises(NoStoreError):
        library.search("cat")
    assert library.build([docs]).added == ("docs/kat.md",)
    assert [path.name for path in library.store.glob("gen-*")] == ["gen-000001"]
    assert found(library) == ["docs/kat.md"]


def test_a_second_writer_is_refused_and_a_reader_sees_what_the_first_makes(
    built: Library, write: Write
) -> None:
    brood = write("docs/brood.md", "# Brood\n\nHet brood is op.\n")
    assert found(built) == ["docs/kat.md"]
    writer = subprocess.Popen(
        child(WAIT, built.store, brood.parent, "verify"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "there\n"
    began = time.monotonic()
    with pytest.raises(StoreBusyError, match=f"process {writer.pid} on .*; try again"):
        built.remove(["docs/kat.md"])
    assert time.monotonic() - began < 2
    assert found(built) == ["docs/kat.md"]
    said, _ = writer.communicate("\n")
    assert "added=('docs/brood.md',)" in said
    assert sorted(found(built)) == ["docs/brood.md", "docs/kat.md"]  # not opened again
    assert len(built.documents()) == 2


def test_a_full_disk_is_told_in_a_sentence_and_the_index_still_answers(
    built: Library, write: Write
) -> None:
    write("docs/brood.md", "# Brood\n\n" + "Het brood is op. " * 2_000)
    # A limit on the size of a file fails a write as a full disk does; each fails another part.
    script = BUILD.format(action="pass").replace(
        "try:",
        "import resource\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(stage), int(stage)))\ntry:",
    )
    for limit in (20_000, 150_000):
        ended = subprocess.run(
            child(script, built.store, built.store.parent / "docs", limit),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.stdout.startswith("BuildError"), ended.stderr[-300:]
        assert found(built) == ["docs/kat.md"]
        assert [path.name for path in built.store.glob("gen-*")] == ["gen-000001"]
    assert built.build().added == ("docs/brood.md",)


# Threads


def test_eight_threads_search_while_builds_publish(built: Library, write: Write) -> None:
    stop = Event()

    def search() -> int:
        n = 0
        while not stop.is_set():
            assert "docs/kat.md" in found(built)
            assert built.document("docs/kat.md").text.startswith("# Kat")
            n += 1
        return n

    with ThreadPoolExecutor(8) as threads:
        searching = [threads.submit(search) for _ in range(8)]
        try:
            for n in range(4):
                write(f"docs/brood{n}.md", f"# Brood\n\nHet brood van {n} uur.\n")
                built.build()
        finally:
            stop.set()
        assert min(thread.result() for thread in searching) > 0
    assert sorted(found(built)) == [*(f"docs/brood{n}.md" for n in range(4)), "docs/kat.md"]


def test_eight_threads_search_while_another_library_publishes(built: Library, write: Write) -> None:
    writer = Library(built.store, ConceptEmbedder())

    def search(n: int) -> None:
        if n % 40 == 20:
            write(f"docs/brood{n}.md", f"# Brood\n\nHet brood van {n} uur.\n")
            writer.build()
        assert "docs/kat.md" in found(built)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(search, range(160)))
    assert len(built.documents()) == 5
    assert len(writer.documents()) == 5


def test_closing_lets_go_and_the_next_call_opens_again(built: Library) -> None:
    other = Library(built.store, ConceptEmbedder())
    assert found(built) == found(other)
    with built.snapshot() as held:
        built.close()
        assert held.search("cat")[0].chunk.doc_id == "docs/kat.md"  # its last reader is not done
    built.close()
    assert found(other) == ["docs/kat.md"]
    assert found(built) == ["docs/kat.md"]


# Nothing there


def test_without_an_index_every_call_says_so(tmp_path: Path) -> None:
    library = Library.open(tmp_path / "store")
    assert not library.exists()
    for use in (library.documents, library.roots, lambda: library.search("x")):
        with pytest.raises(NoStoreError, match=r"There is no index in .*store yet; run: qa index"):
            use()
    assert not library.store.exists()


# Damage


def use_all(library: Library) -> None:
    """Every way of reading; for a store that is damaged one of them must say so."""
    for entry in library.documents():
        library.document(entry.id)
    assert len(library.search(QUESTION, 100)) == 61
    assert len(library.search(QUESTION, 100, languages=["nl", "de", "en"])) == 61


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def turned(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes(255 - byte for byte in content))


@pytest.mark.parametrize("damage", [Path.unlink, half, turned], ids=["lost", "halved", "turned"])
@pytest.mark.parametrize(
    "name",
    [
        "CURRENT",
        "gen-000001/manifest.json",
        "gen-000001/truth.sqlite",
        "gen-000001/words/meta.json",
        "gen-000001/words/*.term",
        "gen-000001/words/*.idx",
        "gen-000001/vectors/chroma.sqlite3",
    ],
)
def test_a_damaged_store_says_so_in_a_sentence_and_never_finds_less(
    store: Path, name: str, damage: Callable[[Path], None]
) -> None:
    [path] = store.glob(name)
    damage(path)
    library = Library.open(store)
    with pytest.raises(LibraryError) as caught:
        use_all(library)
    library.close()
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)  # what to do


def test_a_lost_generation_says_so(store: Path) -> None:
    shutil.rmtree(store / "gen-000001")
    with pytest.raises(StoreDamagedError, match=r"manifest.json cannot be read"):
        Library.open(store).search(QUESTION)


def test_a_lost_vector_folder_says_so(store: Path) -> None:
    shutil.rmtree(store / "gen-000001" / "vectors")
    with pytest.raises(StoreDamagedError, match=r"vector index in .* cannot be read"):
        Library.open(store).search(QUESTION)


@pytest.mark.parametrize(
    "name", ["CURRENT", "gen-000001/words/meta.json", "gen-000001/vectors/chroma.sqlite3"]
)
def test_building_afresh_as_the_message_advises_repairs_the_store(
    built: Library, docs: Path, name: str
) -> None:
    built.close()
    (built.store / name).write_bytes(b"?")
    with pytest.raises(LibraryError):
        found(built)
    built.build([docs], afresh=True)
    assert found(built) == ["docs/kat.md"]


def test_a_store_of_a_newer_version_is_not_built_over(built: Library, docs: Path) -> None:
    path = built.store / "gen-000001" / "manifest.json"
    newer = json.loads(path.read_text("utf-8")) | {"format": FORMAT + 1}
    path.write_text(json.dumps(newer), "utf-8")
    for afresh in (False, True):
        with pytest.raises((StoreDamagedError, BuildError), match="newer"):
            built.build([docs], afresh=afresh)
    assert path.exists()


def test_an_embedding_of_the_same_name_and_another_dimension_is_refused(built: Library) -> None:
    class Wider(ConceptEmbedder):
        @property
        def dim(self) -> int:
            return 5

        def query(self, text: str) -> Vectors:
            return np.append(super().query(text), np.float32(0))

    with pytest.raises(EmbeddingMismatchError, match=r"4.* 5"):
        Library(built.store, Wider()).search("cat")
