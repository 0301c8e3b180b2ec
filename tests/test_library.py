"""Whole stores: processes that are killed or compete, threads, and files that are damaged."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from index import (
    BuildError,
    EmbeddingMismatchError,
    Library,
    NoStoreError,
    StoreBusyError,
    StoreDamagedError,
)
from index.embed import Vectors
from index.generation import FORMAT, MANIFEST, POINTER, TRUTH, VECTORS, WORDS
from index.lexical import Words
from tests.conftest import ConceptEmbedder

Write = Callable[[str, str], Path]
QUESTION = "Hoeveel gebruikers heeft Parler?"

# Builds a store with the hand-checkable embedding, and does something at a named stage.
BUILD = """
import os, signal, sys, time
from pathlib import Path
import index.build
from index import Library
from index.errors import LibraryError
from tests.conftest import ConceptEmbedder, build_here
store, path, stage = sys.argv[1:]
def patch(name, value):
    setattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2], value)
{start}
def at(name, now, total):
    if name == stage:
        {action}
def remember(*given, real=index.build.remember):  # the first step after a build was published
    at("published", 0, 1)
    real(*given)
index.build.remember = remember
try:
    print(Library(Path(store), ConceptEmbedder()).build([path], progress=at))
except LibraryError as error:
    print(type(error).__name__, error)
"""
HERE = "build_here(patch)"
KILL = BUILD.format(start=HERE, action="os.kill(os.getpid(), signal.SIGKILL)")
# Tells that it is there, and waits for a line before it goes on.
WAIT = BUILD.format(start=HERE, action="print('there', flush=True); sys.stdin.readline()")
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


def generations(store: Path) -> list[str]:
    """The folders of finished generations and of those in the making."""
    return sorted(f.name for f in (*store.glob("gen-*/"), *store.glob("building-*/")))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def found(library: Library, query: str = "cat bread") -> list[str]:
    return [hit.chunk.doc_id for hit in library.search(query, 9)]


# Other processes


@pytest.mark.parametrize(
    ("stage", "published"),
    [("read", False), ("store", False), ("verify", False), ("published", True)],
)
def test_after_a_kill_the_old_or_the_new_index_answers_and_the_next_build_cleans_up(
    built: Library, write: Write, stage: str, published: bool
) -> None:
    brood = write("docs/brood.md", "# Brood\n\nHet brood is op.\n")
    ended = subprocess.run(child(KILL, built.store, brood.parent, stage), cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    # The folders are read before there is a place to write to.
    assert len(generations(built.store)) == (1 if stage == "read" else 2)
    expected = ["docs/kat.md"] + ["docs/brood.md"] * published
    assert sorted(found(built)) == sorted(expected)
    # Whoever reads clears away what it left, at once.
    assert generations(built.store) == ["gen-000002" if published else "gen-000001"]
    again = built.build()
    assert again.added == (() if published else ("docs/brood.md",))
    assert sorted(found(built)) == ["docs/brood.md", "docs/kat.md"]
    assert generations(built.store) == ["gen-000002"]
    assert not (built.store / "writer.json").exists()


def test_after_a_kill_of_the_first_build_there_is_no_index_and_the_next_makes_one(
    tmp_path: Path, docs: Path, quick_verify: None
) -> None:
    library = Library(tmp_path / "store", ConceptEmbedder())
    subprocess.run(child(KILL, library.store, docs, "verify"), cwd=ROOT, check=False)
    with pytest.raises(NoStoreError):
        library.search("cat")
    assert library.build([docs]).added == ("docs/kat.md",)
    assert generations(library.store) == ["gen-000001"]
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
    with pytest.raises(StoreBusyError, match=f"process {writer.pid} on "):
        built.build(afresh=True)
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
    script = BUILD.format(start="", action="pass").replace(
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
        assert generations(built.store) == ["gen-000001"]
    assert built.build().added == ("docs/brood.md",)


# Readers in other processes

# Opens the store, tells that it did, and waits for a line; then again, before it ends.
READ = """
import sys
from pathlib import Path
from index import Library
from tests.conftest import ConceptEmbedder
library = Library(Path(sys.argv[1]), ConceptEmbedder())
def tell(hits):
    print(sorted(hit.chunk.doc_id for hit in hits), flush=True)
    sys.stdin.readline()
{read}
"""
IDLE = READ.format(read="for _ in range(2): tell(library.search('cat bread', 9))")
HOLD = READ.format(
    read="""
with library.snapshot() as held:
    tell([])
    # Its word and vector indexes are opened only now.
    tell(held.search("cat mat", 9))
tell(library.search("cat bread", 9))
"""
)
Reader = Callable[[str, Path], "subprocess.Popen[str]"]


@pytest.fixture
def reader() -> Iterator[Reader]:
    """``reader(script, store)`` starts a process and waits until it has the store open."""
    started: list[subprocess.Popen[str]] = []

    def start(script: str, store: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            child(script, store),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("[")
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def goes_on(process: subprocess.Popen[str]) -> str:
    """What a reader tells next."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_a_snapshot_held_by_another_process_works_until_it_is_released_and_then_goes(
    built: Library, write: Write, reader: Reader
) -> None:
    process = reader(HOLD, built.store)
    write("docs/kat.md", "# Brood\n\nHet brood is op.\n")
    built.build()
    time.sleep(2.5)  # longer than readers wait before they look
    assert generations(built.store) == ["gen-000001", "gen-000002"]
    assert goes_on(process) == "['docs/kat.md']\n"
    assert generations(built.store) == ["gen-000001", "gen-000002"]
    assert goes_on(process) == "['docs/kat.md']\n"
    assert generations(built.store) == ["gen-000002"]


def test_a_reader_that_is_killed_leaves_nothing_after_the_next_build(
    built: Library, write: Write, reader: Reader
) -> None:
    process = reader(HOLD, built.store)
    assert list((built.store / "readers").glob("gen-000001.*"))
    process.kill()
    process.wait()
    write("docs/brood.md", "# Brood\n\nHet brood is op.\n")
    built.build()
    assert generations(built.store) == ["gen-000002"]
    assert not list((built.store / "readers").iterdir())


# Erasure

MARKERS = [f"zorvak{chr(97 + n)}{chr(122 - n)}um" for n in range(20)]


def traces(store: Path) -> set[str]:
    """The markers that any byte of a store or any of its terms still has."""
    left = set()
    for path in store.rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            left |= {marker for marker in MARKERS if marker.encode() in content}
    for folder in store.glob("gen-*/words"):
        words = Words(folder)
        left |= {marker for marker in MARKERS if words.holds(marker)}
    return left


@pytest.fixture
def marked(built: Library, write: Write) -> Library:
    """``built`` with a document of words that are nowhere else."""
    for n in range(12):
        write(f"docs/brug{n}.md", f"# Brug {n}\n\nDe brug van {n} uur is {'open ' * n}.\n")
    text = "# Geheim\n\n" + "".join(f"Wie {marker.upper()} zegt.\n" for marker in MARKERS)
    write("docs/geheim.md", text)
    built.build()
    assert traces(built.store) == set(MARKERS)
    return built


def test_nothing_is_left_of_a_document_that_was_removed(marked: Library) -> None:
    assert marked.search(MARKERS[3], 1)[0].lexical > 0
    assert marked.remove(["docs/geheim.md"]).removed == ("docs/geheim.md",)
    assert marked.search(MARKERS[3], 1)[0].lexical == 0
    assert generations(marked.store) == ["gen-000003"]
    assert traces(marked.store) == set()
    marked.close()
    assert marked.check() == {}


def test_nothing_is_left_of_what_a_document_said_before_it_changed(
    marked: Library, write: Write
) -> None:
    write("docs/geheim.md", f"# Geheim\n\nWie {MARKERS[0]} zegt.\n")
    assert marked.build().changed == ("docs/geheim.md",)
    assert generations(marked.store) == ["gen-000003"]
    assert traces(marked.store) == {MARKERS[0]}


def test_an_idle_process_lets_go_of_what_was_removed(marked: Library, reader: Reader) -> None:
    process = reader(IDLE, marked.store)
    marked.remove(["docs/geheim.md"])
    assert within(5, lambda: generations(marked.store) == ["gen-000003"])
    assert traces(marked.store) == set()
    assert goes_on(process).startswith("['docs/brug0.md'")


# A store elsewhere


def test_a_store_that_is_copied_or_moved_while_it_is_open_answers_there(
    built: Library, tmp_path: Path
) -> None:
    whole = built.search("cat mat", 9)
    subprocess.run(["cp", "-r", built.store, tmp_path / "copy"], check=True)
    assert built.search("cat mat", 9) == whole
    built.store.rename(tmp_path / "moved")
    for name in ("copy", "moved"):
        other = Library(tmp_path / name, ConceptEmbedder())
        assert other.search("cat mat", 9) == whole
        other.close()
        assert other.check() == {}
        assert other.build(afresh=True).unchanged == ("docs/kat.md",)
        assert generations(other.store) == ["gen-000002"]
        other.close()


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


def test_a_lost_generation_says_so(store: Path) -> None:
    shutil.rmtree(store / "gen-000001")
    with pytest.raises(StoreDamagedError, match=r"names gen-000001, which is not there;"):
        Library.open(store).search(QUESTION)


@pytest.mark.parametrize("content", [None, b"", b"?", b"\xff\xfe\x00"])
def test_without_its_pointer_a_store_answers_and_whoever_opens_it_sets_it_right(
    built: Library, content: bytes | None
) -> None:
    (built.store / "CURRENT").unlink()
    if content is not None:
        (built.store / "CURRENT").write_bytes(content)
    assert list(built.check()) == [POINTER]
    assert found(built) == ["docs/kat.md"]
    assert (built.store / "CURRENT").read_text() == "gen-000001\n"
    assert built.check() == {}


@pytest.mark.parametrize("part", [WORDS, VECTORS])
@pytest.mark.parametrize("damage", ["lost", "garbled"])
def test_a_damaged_index_is_made_anew_by_the_next_build(
    built: Library, part: str, damage: str, docs: Path
) -> None:
    whole = built.search("cat mat", 9)
    built.close()
    break_part(built.store / "gen-000001", part, damage)
    assert list(built.check()) == [part]
    report = built.build()
    assert (report.mended, report.unchanged) == ((part,), ("docs/kat.md",))
    assert built.search("cat mat", 9) == whole
    built.close()
    assert built.check() == {}
    assert built.build().mended == ()


@pytest.mark.parametrize("damage", ["lost", "garbled"])
def test_damaged_documents_are_said_and_read_again_by_a_build_afresh(
    built: Library, docs: Path, write: Write, damage: str
) -> None:
    away = write("away/brood.md", "# Brood\n\nHet brood is op.\n").parent
    built.build([away])
    built.close()
    break_part(built.store / "gen-000002", TRUTH, damage)
    shutil.rmtree(away)
    assert TRUTH in built.check()
    for use in (built.documents, built.build, lambda: built.remove(["docs/kat.md"])):
        with pytest.raises(StoreDamagedError, match=r"documents in .*; restore a copy .*rebuild$"):
            use()
    assert generations(built.store) == ["gen-000002"]
    report = built.build(afresh=True)
    assert report.added == ("docs/kat.md",)
    # What cannot be had again is told of.
    assert [(Path(r.source).name, r.reason) for r in report.refused] == [("away", "does not exist")]
    assert found(built) == ["docs/kat.md"]
    built.close()
    assert built.check() == {}


def test_after_a_damaged_manifest_the_sources_are_named_again(built: Library, docs: Path) -> None:
    built.close()
    path = built.store / "gen-000001" / "manifest.json"
    path.write_text(path.read_text("utf-8").replace("docs/kat.md", "docs/hat.md"), "utf-8")
    for use in (built.documents, built.build):
        with pytest.raises(StoreDamagedError, match=r"has changed since .*--rebuild PATH…$"):
            use()
    path.write_bytes(b"{")
    assert list(built.check()) == [MANIFEST]
    for afresh in (False, True):
        with pytest.raises(StoreDamagedError, match=r"manifest.json cannot be read .* PATH…$"):
            built.build(afresh=afresh)
    assert built.build([docs], afresh=True).added == ("docs/kat.md",)
    assert found(built) == ["docs/kat.md"]
    assert built.check() == {}


def test_a_store_of_an_older_version_is_built_afresh_from_its_sources(
    built: Library, docs: Path
) -> None:
    built.close()
    path = built.store / "gen-000001" / "manifest.json"
    older = json.loads(path.read_text("utf-8")) | {"format": 2}
    path.write_text(json.dumps(older), "utf-8")
    for use in (built.documents, built.build):
        with pytest.raises(StoreDamagedError, match=r"format 2, older .*run: qa index --rebuild$"):
            use()
    assert built.build(afresh=True).added == ("docs/kat.md",)
    assert built.roots() == (str(docs),)
    assert found(built) == ["docs/kat.md"]


def break_part(generation: Path, part: str, damage: str) -> None:
    """Lose a part, or garble its largest file so that nobody can tell by its size and time."""
    path = generation / part
    if damage == "garbled":
        files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        garble(max(files, key=lambda f: f.stat().st_size))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def garble(path: Path) -> None:
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


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
