"""``qa index --watch`` in a process of its own: what it takes up, what it leaves alone, its end."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from index import Library
from index.errors import StoreBusyError
from index.locks import writer_lock
from index.types import BuildReport
from index.watch import watch

ROOT = Path(__file__).parent.parent
# A refresh follows a change by about three seconds; a machine that does much else takes longer.
PATIENCE_S = 30.0
# Longer than any change waits for its refresh to begin.
LULL_S = 2.5


class Watching:
    """A running ``qa index --watch`` and what it printed so far."""

    def __init__(self, *arguments: str | Path) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "qa", "index", "--watch", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out)),
            threading.Thread(target=self._read, args=(self.process.stderr, self.err)),
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str], lines: list[str]) -> None:
        with stream:
            lines.extend(iter(stream.readline, ""))

    def reports(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out]

    def wait_for(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, (self.out, self.err)
            time.sleep(0.05)

    def wait_until_it_follows(self) -> None:
        self.wait_for(lambda: any("Watching" in line for line in self.err))

    def report_that(self, what: str, id_: str) -> dict[str, Any]:
        """The report that says that the document was ``what``, once there is one."""
        self.wait_for(lambda: any(id_ in report[what] for report in self.reports()))
        return next(report for report in self.reports() if id_ in report[what])

    def end(self, signal_: signal.Signals) -> int:
        """Signals it and its children, as a terminal's Ctrl-C does."""
        os.killpg(self.process.pid, signal_)
        code = self.process.wait(timeout=5)
        for reader in self._readers:
            reader.join()
        return code


class Place:
    """Two roots, a folder with the store in it and a single file, and who watches them."""

    def __init__(self, folder: Path) -> None:
        self.docs = folder / "docs"
        self.single = folder / "single.txt"
        self.store = self.docs / "store"
        self.docs.mkdir()
        self.single.write_text("The ferry leaves at nine.", "utf-8")
        for name in ("changed", "gone", "old"):
            (self.docs / f"{name}.txt").write_text(f"The {name} house has a red door.", "utf-8")
        self.watching = Watching("--json", "--store", self.store, self.docs, self.single)
        self.watching.wait_until_it_follows()

    def touched(self) -> int:
        """Another number after each build: all make files in the store's folder."""
        return self.store.stat().st_mtime_ns

    def settle(self) -> None:
        """Waits until no build has begun for a while."""
        deadline = time.monotonic() + PATIENCE_S
        before = 0
        while before != (before := self.touched()):
            assert time.monotonic() < deadline, "it builds without end"
            time.sleep(LULL_S)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("watched"))
    yield made
    made.watching.end(signal.SIGINT)


def test_a_new_file_is_found_by_a_search(place: Place) -> None:
    (place.docs / "new.txt").write_text("The lighthouse keeper is called Wobbe.", "utf-8")
    place.watching.report_that("added", "docs/new.txt")
    library = Library.open(place.store)
    assert library.search("Who keeps the lighthouse?", 1)[0].chunk.doc_id == "docs/new.txt"
    library.close()


def test_what_was_changed_removed_renamed_and_replaced_at_once_is_one_report(place: Place) -> None:
    (place.docs / "changed.txt").write_text("The changed house has a blue door.", "utf-8")
    (place.docs / "gone.txt").unlink()
    (place.docs / "old.txt").rename(place.docs / "renamed.txt")
    new = place.single.with_name("single.txt~")
    new.write_text("The ferry leaves at half past ten.", "utf-8")
    new.replace(place.single)
    report = place.watching.report_that("changed", "docs/changed.txt")
    assert report["changed"] == ["docs/changed.txt", "single.txt"]
    assert report["removed"] == ["docs/gone.txt", "docs/old.txt"]
    assert report["added"] == ["docs/renamed.txt"]


def test_a_burst_of_fifty_files_is_one_refresh(place: Place) -> None:
    (place.docs / "burst").mkdir()
    for n in range(50):
        written = place.docs / "burst" / f"{n}.tmp.txt"
        written.write_text(f"Barn {n} stands beside road {n}.", "utf-8")
        written.rename(place.docs / "burst" / f"{n}.txt")
        time.sleep(0.02)
    place.watching.report_that("added", "docs/burst/49.txt")
    added = [set(report["added"]) for report in place.watching.reports()]
    bursts = [ids for ids in added if any(id_.startswith("docs/burst/") for id_ in ids)]
    assert set().union(*bursts) == {f"docs/burst/{n}.txt" for n in range(50)}
    assert len(bursts) == 1


def test_what_no_build_reads_starts_none(place: Place) -> None:
    """The store lies in the folder too: after a build of its own it comes to rest."""
    place.settle()
    (place.docs / ".hidden.txt").write_text("A dog barks.", "utf-8")
    (place.docs / ".folder").mkdir()
    (place.docs / ".folder" / "inside.txt").write_text("A cat sleeps.", "utf-8")
    (place.store / "gen-000000").mkdir()
    (place.store / "gen-000000" / "note.txt").write_text("A cow moos.", "utf-8")
    before = place.touched()
    time.sleep(LULL_S)
    assert place.touched() == before


def test_a_folder_that_another_process_adds_is_followed(
    place: Place, tmp_path: Path, quick_verify: None
) -> None:
    more = tmp_path / "more"
    more.mkdir()
    (more / "a.txt").write_text("The well is twelve metres deep.", "utf-8")
    library = Library.open(place.store)
    library.build([more])
    library.close()
    (more / "b.txt").write_text("The pump is broken.", "utf-8")
    place.watching.report_that("added", "more/b.txt")
    # It vanishes, which is told, and another one comes in its place.
    shutil.rmtree(more)
    place.watching.wait_for(lambda: f"{more}" in str(place.watching.reports()[-1]["refused"]))
    more.mkdir()
    (more / "c.txt").write_text("The pump works again.", "utf-8")
    report = place.watching.report_that("added", "more/c.txt")
    assert report["removed"] == ["more/a.txt", "more/b.txt"]


def test_another_writer_is_told_of_once_and_waited_for(
    write: Callable[[str, str], Path],
    tmp_path: Path,
    quick_verify: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("index.watch._BUSY_S", 0.1)
    write("docs/a.txt", "The first train is the early one.")
    library = Library.open(tmp_path / "store")
    watching = watch(library, library.build([tmp_path / "docs"]))
    held, done = threading.Event(), threading.Event()

    def write_long() -> None:
        with writer_lock(library.store):
            held.set()
            done.wait(PATIENCE_S)

    writer = threading.Thread(target=write_long)
    writer.start()
    held.wait(PATIENCE_S)
    write("docs/late.txt", "The late train is the last one.")
    busy = next(watching)
    assert isinstance(busy, StoreBusyError)
    threading.Timer(2.5, done.set).start()  # one more try fails meanwhile
    report = next(watching)
    assert isinstance(report, BuildReport)
    assert report.added == ("docs/late.txt",)
    writer.join()
    library.close()


def test_a_build_that_fails_is_said_and_the_next_one_works(place: Place) -> None:
    said = len(place.watching.err)
    pid, unlimited = place.watching.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, unlimited))  # as on a full disk
    (place.docs / "full.txt").write_text("The barrel is full.", "utf-8")
    place.watching.wait_for(lambda: len(place.watching.err) > said)
    assert "could not be built" in place.watching.err[said]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    (place.docs / "empty.txt").write_text("The barrel is empty.", "utf-8")
    report = place.watching.report_that("added", "docs/full.txt")
    assert report["added"] == ["docs/empty.txt", "docs/full.txt"]


def test_a_signal_ends_it_in_words(store: Path, tmp_path: Path) -> None:
    other = shutil.copytree(store, tmp_path / "other")
    both = Watching("--store", store), Watching("--store", other)
    for watching, signal_, code in zip(
        both, (signal.SIGINT, signal.SIGTERM), (130, 143), strict=True
    ):
        watching.wait_until_it_follows()
        assert watching.end(signal_) == code
        assert watching.err[1:] == ["qa: Stopped watching\n"]
        assert watching.out[-1].endswith("chunks in gen-000001\n")
