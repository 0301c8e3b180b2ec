from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.errors import BuildError, StoreBusyError
from index.generation import point, sweep
from index.locks import Lease, clear_dead, is_leased, writer_lock

ROOT = Path(__file__).parent.parent
NAME = "gen-000001"

LEASE = """
import sys
from pathlib import Path
from index.locks import Lease

lease = Lease(Path(sys.argv[1]), sys.argv[2])
print("held", flush=True)
sys.stdin.read()
"""
WRITE = """
import sys
from pathlib import Path
from index.locks import writer_lock

with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
REFUSED = """
import sys
import time
from pathlib import Path
from index.errors import StoreBusyError
from index.locks import writer_lock

began = time.monotonic()
try:
    with writer_lock(Path(sys.argv[1])):
        print("got it")
except StoreBusyError as error:
    print(error, time.monotonic() - began, sep="|")
"""


@contextmanager
def process(script: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a script, once it has said that it holds what it is to hold."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def end(child: subprocess.Popen[str]) -> None:
    """Let it come to its end by itself."""
    child.communicate(timeout=30)
    assert child.returncode == 0


def kill(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    assert child.wait(timeout=30) == -signal.SIGKILL


def leases(store: Path) -> list[str]:
    return [path.name.split(".")[0] for path in (store / "readers").iterdir()]


# Who writes


def test_one_writer_at_a_time_in_one_process(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        began = time.monotonic()
        with (
            pytest.raises(StoreBusyError, match=f"process {os.getpid()} on "),
            writer_lock(tmp_path),
        ):
            pass
        assert time.monotonic() - began < 2
    with writer_lock(tmp_path):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer_lock(tmp_path):
        raise KeyboardInterrupt
    assert not (tmp_path / "writer.json").exists()
    with writer_lock(tmp_path):
        pass


def test_a_second_process_is_refused_in_two_seconds_naming_the_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", REFUSED, str(tmp_path)]
    with writer_lock(tmp_path):
        said = subprocess.check_output(command, text=True, cwd=ROOT)
    message, waited = said.split("|")
    assert f"process {os.getpid()} on {socket.gethostname()}" in message
    assert str(tmp_path) in message
    assert float(waited) < 2
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "got it\n"


def test_this_process_is_refused_while_another_writes_and_named_its_pid(tmp_path: Path) -> None:
    with process(WRITE, tmp_path) as child:
        with pytest.raises(StoreBusyError, match=f"process {child.pid} on "), writer_lock(tmp_path):
            pass
        assert json.loads((tmp_path / "writer.json").read_text())["pid"] == child.pid


def test_a_killed_writer_holds_no_lock(tmp_path: Path) -> None:
    with process(WRITE, tmp_path) as child:
        kill(child)
    assert (tmp_path / "writer.json").exists()
    with writer_lock(tmp_path):
        assert json.loads((tmp_path / "writer.json").read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("said", ["", "{", "[]", "5", '{"pid": 1}'])
def test_a_writer_that_has_not_said_who_it_is_is_told_all_the_same(
    tmp_path: Path, said: str
) -> None:
    with writer_lock(tmp_path):
        (tmp_path / "writer.json").write_text(said)
        with (
            pytest.raises(StoreBusyError, match="it has not said which"),
            writer_lock(tmp_path, timeout_s=0.05),
        ):
            pass


def test_a_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    with writer_lock(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()


def test_a_store_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(BuildError, match=r"cannot be a store .*; name a folder"),
        writer_lock(tmp_path / "file" / "store"),
    ):
        pass


# Who reads


def test_a_lease_is_of_one_generation(tmp_path: Path) -> None:
    lease = Lease(tmp_path, NAME)
    assert is_leased(tmp_path, NAME)
    assert not is_leased(tmp_path, "gen-000002")
    assert not is_leased(tmp_path, "gen-0000010")
    lease.end()
    assert not is_leased(tmp_path, NAME)


def test_a_generation_is_leased_until_the_last_lease_ends(tmp_path: Path) -> None:
    some = [Lease(tmp_path, NAME) for _ in range(3)]
    for lease in some:
        assert is_leased(tmp_path, NAME)
        lease.end()
    assert not is_leased(tmp_path, NAME)
    assert leases(tmp_path) == []


def test_a_lease_may_end_twice(tmp_path: Path) -> None:
    one, other = Lease(tmp_path, NAME), Lease(tmp_path, NAME)
    one.end()
    one.end()
    assert is_leased(tmp_path, NAME)
    other.end()


def test_a_lease_ends_when_nobody_has_it_any_more(tmp_path: Path) -> None:
    lease = Lease(tmp_path, NAME)
    assert is_leased(tmp_path, NAME)
    del lease
    gc.collect()
    assert not is_leased(tmp_path, NAME)


def test_another_thread_may_end_a_lease(tmp_path: Path) -> None:
    lease = Lease(tmp_path, NAME)
    thread = threading.Thread(target=lease.end)
    thread.start()
    thread.join()
    assert not is_leased(tmp_path, NAME)
    assert leases(tmp_path) == []


def test_another_process_sees_a_lease(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from index.locks import is_leased\n"
        "print(is_leased(Path(sys.argv[1]), sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(tmp_path), NAME]
    lease = Lease(tmp_path, NAME)
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "True\n"
    lease.end()
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "False\n"


@pytest.mark.parametrize("over", [end, kill])
def test_a_lease_ends_with_its_process(
    tmp_path: Path, over: Callable[[subprocess.Popen[str]], None]
) -> None:
    with process(LEASE, tmp_path, NAME) as child:
        for _ in range(2):  # asking does not end it
            assert is_leased(tmp_path, NAME)
            clear_dead(tmp_path)
        over(child)
        # One that ended took its file away; that of a killed one is left.
        assert leases(tmp_path) == ([] if over is end else [NAME])
    assert not is_leased(tmp_path, NAME)
    assert leases(tmp_path) == []


def test_what_killed_readers_left_is_cleared_and_what_is_held_is_not(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "gen-000002")
    with process(LEASE, tmp_path, NAME) as child:
        kill(child)
    assert sorted(leases(tmp_path)) == [NAME, "gen-000002"]
    clear_dead(tmp_path)
    assert leases(tmp_path) == ["gen-000002"]
    assert is_leased(tmp_path, "gen-000002")
    lease.end()


def test_what_another_process_reads_is_swept_when_it_is_killed(tmp_path: Path) -> None:
    for name in (NAME, "gen-000002"):
        (tmp_path / name).mkdir()
    point(tmp_path, "gen-000002")
    with process(LEASE, tmp_path, NAME) as child:
        sweep(tmp_path)
        assert (tmp_path / NAME).exists()
        kill(child)
    sweep(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_a_store_that_may_not_be_written_is_read_without_a_lease(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for store in (tmp_path / "file" / "store", tmp_path / "no such folder"):
        lease = Lease(store, NAME)
        assert not is_leased(store, NAME)
        clear_dead(store)
        lease.end()
        lease.end()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_nobody_reads_a_store_that_nobody_ever_read(tmp_path: Path) -> None:
    assert not is_leased(tmp_path, NAME)
    clear_dead(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_leases_hold_while_others_clear_away_what_is_dead(tmp_path: Path) -> None:
    stop = threading.Event()

    def clear() -> None:
        while not stop.is_set():
            clear_dead(tmp_path)

    cleaner = threading.Thread(target=clear)
    cleaner.start()
    try:
        for _ in range(300):
            lease = Lease(tmp_path, NAME)
            assert is_leased(tmp_path, NAME)
            lease.end()
    finally:
        stop.set()
        cleaner.join()


def test_a_forked_child_that_ends_leaves_its_parent_s_lease(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from index.locks import Lease, is_leased\n"
        "lease = Lease(Path(sys.argv[1]), sys.argv[2])\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "print(is_leased(Path(sys.argv[1]), sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), NAME]
    assert subprocess.check_output(command, text=True, cwd=ROOT) == "True\n"
