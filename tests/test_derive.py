"""Derived parts: made by child processes, from changes as from nothing."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from index import BuildError, Hit, Library
from index.derive import Change, VectorsChild, WordsChild
from index.embed import Vectors as Rows
from index.embed import shipped
from index.generation import MANIFEST, TRUTH, VECTORS, WORDS, read_manifest
from index.lexical import Words
from index.truth import Truth
from index.vectors import Vectors
from index.verify import PARTS, _fault
from tests.conftest import ConceptEmbedder

ROOT = Path(__file__).parent.parent
Write = Callable[[str, str], Path]
Child = WordsChild | VectorsChild
WORDS_OF_TEXTS = (
    "kat katten brug brood regen fiets toren haven zaterdag gesloten open nieuw oud hoog "
    "Brücke Katze Regen Hafen Turm geschlossen samstags bridge harbour tower closed Saturday "
    "1987 2021 Reykjavik Ostrenvik de het een der die und the and of in"
).split()
QUERIES = ("Wanneer is de haven gesloten?", "tower of Reykjavik 1987", "Katze Brücke", "")

BUILD = """
import sys
from pathlib import Path
from index import Library
from tests.test_derive import Dense
store, path, *afresh = sys.argv[1:]
Library(Path(store), Dense()).build([path], afresh=bool(afresh))
"""


class Dense(ConceptEmbedder):
    """Gives each text a vector of its own, so that there are many to store."""

    def __init__(self) -> None:
        super().__init__("dense")

    def query(self, text: str) -> Rows:
        numbers = np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], np.int32)
        row = numbers.astype(np.float32)
        unit: Rows = row / np.linalg.norm(row)
        return unit


def generations(store: Path) -> list[str]:
    """The folders of finished generations and of those in the making."""
    return sorted(f.name for f in (*store.glob("gen-*/"), *store.glob("building-*/")))


def children_of(pid: int) -> list[int]:
    """The derive processes of one that builds."""
    listed = subprocess.check_output(["ps", "-eo", "pid,ppid,args"], text=True).splitlines()[1:]
    rows = [line.split(None, 2) for line in listed]
    return [int(own) for own, parent, args in rows if int(parent) == pid and "index.derive" in args]


def is_running(pid: int) -> bool:
    """Whether a process is there, and is no zombie that waits for whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


@pytest.fixture
def docs(write: Write) -> Path:
    return write("docs/kat.md", "# Kat\n\nDe kat zit op de mat.\n").parent


@pytest.fixture
def built(tmp_path: Path, docs: Path, quick_verify: None) -> Iterator[Library]:
    library = Library(tmp_path / "store", ConceptEmbedder())
    library.build([docs])
    yield library
    library.close()


# A child of its own


@pytest.fixture
def beside(built: Library, tmp_path: Path) -> Path:
    """A folder with the truth of ``built``, and no more."""
    folder = tmp_path / "beside"
    folder.mkdir()
    shutil.copy(built.store / "gen-000001" / TRUTH, folder)
    return folder


def test_parts_are_made_by_children(built: Library, beside: Path) -> None:
    words, vectors = WordsChild(beside), VectorsChild(beside, 4)
    truth = Truth.open(beside / TRUTH)
    for numbers, rows in truth.all_vectors(4):
        vectors.add(numbers, rows)
    truth.close()
    for child in (words, vectors):
        child.finish()
        child.end()
    shutil.copy(built.store / "gen-000001" / MANIFEST, beside)
    assert [_fault(beside, read_manifest(beside), part, "probe") for part in PARTS] == ["", "", ""]


def test_parts_are_made_of_those_before(built: Library, beside: Path) -> None:
    change = Change(str(built.store / "gen-000001"), (), (), 1)
    rows = np.eye(4, dtype=np.float32)[1:3]
    words, vectors = WordsChild(beside, change), VectorsChild(beside, 4, Path(change.before))
    vectors.drop([])
    vectors.add([2, 3], rows)
    vectors.add([], rows[:0])
    for child in (words, vectors):
        child.finish()
        child.end()
    made = Vectors(beside / VECTORS)
    assert {n: row.tolist() for n, row in made.rows([1, 2, 3]).items()} == {
        1: [1, 0, 0, 0],
        2: [0, 1, 0, 0],
        3: [0, 0, 1, 0],
    }
    made.close()
    assert len(Words(beside / WORDS)) == 1


def assert_is_a_sentence(child: Child, about: str) -> None:
    with pytest.raises(BuildError) as caught:
        child.finish()
    child.end()
    assert about in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_part_that_cannot_be_made_is_a_sentence(beside: Path) -> None:
    for part in (WORDS, VECTORS):
        (beside / part).write_text("in the way")
    assert_is_a_sentence(WordsChild(beside), str(beside / WORDS))
    assert_is_a_sentence(VectorsChild(beside, 4), str(beside / VECTORS))


def test_a_child_that_has_ended_says_why_to_whoever_goes_on_giving(beside: Path) -> None:
    (beside / VECTORS).write_text("in the way")
    child = VectorsChild(beside, 4)
    rows = np.full((1_000, 4), 0.5, np.float32)

    def give() -> None:
        while True:
            child.add(range(1_000), rows)

    try:
        with pytest.raises(BuildError, match=r"vector index in .*beside.* cannot be written"):
            give()
    finally:
        child.end()


def test_words_of_a_truth_that_is_damaged_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / TRUTH).write_bytes(b"?" * 20_000)
    assert_is_a_sentence(WordsChild(tmp_path), f"The documents in {tmp_path / TRUTH}")


def test_a_part_to_be_changed_that_is_not_there_is_a_sentence(beside: Path) -> None:
    change = Change(str(beside / "nowhere"), (), (), 0)
    assert_is_a_sentence(WordsChild(beside, change), "nowhere")
    assert_is_a_sentence(VectorsChild(beside, 4, Path(change.before)), "nowhere")


def test_children_that_are_done_end_quietly_each_time(built: Library, tmp_path: Path) -> None:
    # A thread of theirs waits for their input to end: it must not keep Python from ending.
    for n in range(8):
        folder = tmp_path / f"other{n}"
        folder.mkdir()
        shutil.copy(built.store / "gen-000001" / TRUTH, folder)
        child = WordsChild(folder)
        child.finish()
        child.end()


def test_a_child_that_is_let_go_ends_at_once(beside: Path) -> None:
    child = VectorsChild(beside, 4)
    [pid] = children_of(os.getpid())
    child.end()
    assert not is_running(pid)


@pytest.fixture
def large(write: Write) -> Path:
    """A folder that takes a second or two to store."""
    lines = [f'{{"id": "d{n}", "text": "Tekst {n} van de brug."}}\n' for n in range(4_000)]
    return write("large/lines.jsonl", "".join(lines)).parent


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, docs: Path, large: Path, quick_verify: None) -> Iterator[Start]:
    """``start()`` adds ``large`` to a store in a process whose children are writing by then."""
    store = tmp_path / "store"
    library = Library(store, Dense())
    library.build([docs])
    library.close()
    started: list[subprocess.Popen[str]] = []

    def build(*afresh: str) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", BUILD, str(store), str(large), *afresh],
                cwd=ROOT,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        assert within(60, lambda: bool(list(store.glob("building-*/vectors/chroma.sqlite3"))))
        return started[0]

    yield build
    for process in started:
        process.kill()
        process.communicate()


def test_children_end_soon_after_a_parent_that_is_killed(start: Start, tmp_path: Path) -> None:
    building = start()
    children = children_of(building.pid)
    assert children
    building.kill()
    building.wait()
    assert within(5, lambda: not any(map(is_running, children)))
    left = Library(tmp_path / "store", Dense())
    assert [entry.id for entry in left.documents()] == ["docs/kat.md"]
    assert generations(left.store) == ["gen-000001"]  # opening it swept
    left.close()


def test_an_interrupt_ends_the_children_and_leaves_nothing(start: Start, tmp_path: Path) -> None:
    building = start()
    children = children_of(building.pid)
    os.killpg(building.pid, signal.SIGINT)  # as a terminal does: to each of them
    building.wait(timeout=20)
    assert building.returncode in {1, -signal.SIGINT}
    assert not any(map(is_running, children))
    assert generations(tmp_path / "store") == ["gen-000001"]


def test_a_child_that_is_killed_is_a_build_error_and_the_old_index_answers(
    start: Start, tmp_path: Path
) -> None:
    building = start("afresh")
    for child in children_of(building.pid):
        os.kill(child, signal.SIGKILL)
    _, err = building.communicate(timeout=60)
    assert building.returncode == 1
    said = err.splitlines()[-1]
    assert said.startswith("index.errors.BuildError: ")
    assert said.endswith("cannot be made: its process ended with -9")
    assert generations(tmp_path / "store") == ["gen-000001"]
    library = Library(tmp_path / "store", Dense())
    assert library.search("kat", 1)[0].chunk.doc_id == "docs/kat.md"
    library.close()


def test_a_change_whose_child_is_killed_is_made_from_the_documents_alone(
    start: Start, tmp_path: Path
) -> None:
    building = start()
    for child in children_of(building.pid):
        os.kill(child, signal.SIGKILL)
    _, err = building.communicate(timeout=60)
    assert (building.returncode, err) == (0, "")
    library = Library(tmp_path / "store", Dense())
    assert library.check() == {}
    assert len(library.documents()) == 4_001
    library.close()


# A store of many changes is as one that was built at once


class Folder:
    """A folder of documents that changes at random, and what a build should tell of it."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._random = random.Random(seed)
        self._fresh = 0
        path.mkdir(parents=True)
        for _ in range(10):
            self._add()

    @property
    def texts(self) -> dict[str, str]:
        return {f"docs/{path.name}": path.read_text("utf-8") for path in self.path.iterdir()}

    def change(self) -> None:
        for _ in range(self._random.randint(1, 3)):
            self._random.choice([self._add, self._edit, self._remove, self._rename, self._copy])()

    def _name(self) -> Path:
        self._fresh += 1
        return self.path / f"{self._fresh:03}.md"

    def _add(self) -> None:
        n_words = self._random.choice([3, 30, 300])
        words = self._random.choices(WORDS_OF_TEXTS, k=n_words)
        cut = [" ".join(words[at : at + 9]).capitalize() for at in range(0, n_words, 9)]
        title = " ".join(words[:2])
        self._name().write_text(f"# {title}\n\n{'. '.join(cut)}.\n", "utf-8")

    def _some(self) -> Path:
        paths = sorted(self.path.iterdir())
        return self._random.choice(paths)

    def _edit(self) -> None:
        path = self._some()
        path.write_text(path.read_text("utf-8").replace("de ", "die ") + "Slot.\n", "utf-8")

    def _remove(self) -> None:
        if len(self.texts) > 3:
            self._some().unlink()

    def _rename(self) -> None:
        self._some().rename(self._name())

    def _copy(self) -> None:
        shutil.copy(self._some(), self._name())


def shown(hits: Sequence[Hit]) -> dict[tuple[str, int], tuple[str, float, float, float]]:
    return {
        (hit.chunk.doc_id, hit.chunk.start): (hit.chunk.text, hit.score, hit.dense, hit.lexical)
        for hit in hits
    }


def assert_same(one: Library, other: Library) -> None:
    """Both give the same documents and the same answers."""
    with one.snapshot() as a, other.snapshot() as b:
        assert a.documents() == b.documents()
        assert a.manifest.documents == b.manifest.documents
        assert a.fingerprint == b.fingerprint
        for query in QUERIES:
            found, expected = shown(a.search(query, 500)), shown(b.search(query, 500))
            assert found.keys() == expected.keys()
            for key, (text, *scores) in expected.items():
                assert found[key][0] == text
                assert found[key][1:] == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_store_of_many_changes_answers_like_one_that_was_built_at_once(
    seed: int, tmp_path: Path, quick_verify: None
) -> None:
    folder = Folder(tmp_path / "docs", seed)
    updated = Library(tmp_path / "store", shipped())
    updated.build([folder.path])
    for step in range(1, 9):
        before = folder.texts
        folder.change()
        after = folder.texts
        report = updated.build()
        assert set(report.added) == after.keys() - before.keys()
        assert set(report.removed) == before.keys() - after.keys()
        assert set(report.changed) == {d for d in before if after.get(d, before[d]) != before[d]}
        assert {entry.id for entry in updated.documents()} == after.keys()
        for doc_id, text in after.items():
            assert updated.document(doc_id).text == text
        if step % 4 == 0:
            fresh = Library(tmp_path / f"fresh{step}", shipped())
            fresh.build([folder.path])
            assert_same(updated, fresh)
            fresh.close()
    updated.close()


def test_thirty_changes_in_a_row_leave_every_byte_sound(tmp_path: Path, quick_verify: None) -> None:
    folder = Folder(tmp_path / "docs", 30)
    library = Library(tmp_path / "store", shipped())
    library.build([folder.path])
    for n in range(30):
        folder.change()
        name = library.build().generation
        made = library.store / name
        manifest = read_manifest(made)
        faults = {p: w for p in PARTS if (w := _fault(made, manifest, p, "all"))}
        assert faults == {}, n
        assert generations(library.store) == [name]
    assert library.check() == {}
    assert {entry.id for entry in library.documents()} == folder.texts.keys()
    library.close()
