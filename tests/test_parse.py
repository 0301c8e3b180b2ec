from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from index.decode import Content, UnreadableError
from index.parse import KINDS, Limits, Parsers, Records, parse
from tests.documents import make_docx, make_pdf
from tests.reading import DUTCH

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
ROOT = Path(__file__).parent.parent
PAGE = f"<title>Brug</title><p>{DUTCH}".encode()
SLOW_PAGE = b"<p>a<b>b</b>" * 100_000  # about a second of work
LARGE_PAGE = b"<p>" + b"een brug " * 3_000_000


def children(pid: int) -> list[int]:
    """The processes that ``pid`` started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def the_child(before: list[int]) -> int:
    (pid,) = set(children(os.getpid())) - set(before)
    return pid


def reason(parsers: Parsers, suffix: str, raw: bytes) -> str:
    with pytest.raises(UnreadableError) as raised:
        parsers.parse(suffix, raw)
    return str(raised.value)


def test_a_child_finds_what_is_found_in_this_process(tmp_path: Path) -> None:
    files = {
        ".pdf": make_pdf(tmp_path / "a.pdf", [[DUTCH], ["Twee."]], title="Brug").read_bytes(),
        ".docx": make_docx(tmp_path / "a.docx", ["# Kop", DUTCH]).read_bytes(),
        ".html": PAGE,
        ".csv": "naam;aantal\nbrug;twee\n".encode("utf-16"),
        ".json": b'[{"id": "1", "text": "Een.", "date": "2020"}]',
        ".md": b"---\ntitle: Brug\n---\n" + 100_000 * b"Een brug. ",
    }
    with Parsers() as parsers:
        for suffix, raw in files.items():
            assert parsers.parse(suffix, raw) == parse(suffix, raw)


def test_every_kind_has_a_reader_that_refuses_noise() -> None:
    for suffix in KINDS:
        with pytest.raises(UnreadableError):
            parse(suffix, b"\0\1\2\3" * 500)


def test_what_is_wrong_with_a_file_is_told_as_its_reader_says_it() -> None:
    with Parsers() as parsers:
        assert reason(parsers, ".pdf", b"x") == "is not a PDF, whatever its name says"
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)


def test_no_child_is_started_before_it_is_needed_nor_two_where_one_will_do() -> None:
    before = children(os.getpid())
    with Parsers() as parsers:
        parsers.parse(".txt", b"een")
        assert children(os.getpid()) == before
        for _ in range(3):
            parsers.parse(".html", PAGE)
        first = the_child(before)
        parsers.parse(".html", PAGE)
        assert the_child(before) == first
    assert children(os.getpid()) == before


def stopped(parsers: Parsers) -> tuple[int, Future[Content | Records]]:
    """A child that is frozen while it reads a page, and what waits for it."""
    before = children(os.getpid())
    parsers.parse(".html", PAGE)
    child = the_child(before)
    os.kill(child, signal.SIGSTOP)
    return child, parsers.submit(partial(parsers.parse, ".html", PAGE))


def test_a_child_that_is_killed_from_outside_costs_no_file() -> None:
    with Parsers() as parsers:
        child, waiting = stopped(parsers)
        assert parsers.parse(".html", PAGE)  # by the other one
        os.kill(child, signal.SIGKILL)
        assert waiting.result() == parse(".html", PAGE)
        calls = [parsers.submit(partial(parsers.parse, ".html", PAGE)) for _ in range(4)]
        assert [call.result() for call in calls] == [parse(".html", PAGE)] * 4


def test_a_child_that_is_killed_between_two_files_costs_none() -> None:
    before = children(os.getpid())
    with Parsers() as parsers:
        parsers.parse(".html", PAGE)
        child = the_child(before)
        os.kill(child, signal.SIGKILL)
        until(lambda: psutil.Process(child).status() == psutil.STATUS_ZOMBIE)
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)


def test_a_child_that_hangs_is_ended_and_replaced() -> None:
    with Parsers(Limits(wall_s=1)) as parsers:
        child, waiting = stopped(parsers)
        with pytest.raises(UnreadableError, match=r"^could not be read: it took more than 1 s$"):
            waiting.result()
        assert child not in children(os.getpid())
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)


def test_memory_is_limited() -> None:
    with Parsers(Limits(memory_bytes=100_000_000)) as parsers:
        assert reason(parsers, ".html", LARGE_PAGE) == "needs more than 0.1 GB of memory to read"
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)


@pytest.mark.parametrize("megabytes", [90, 120, 150])
def test_a_text_for_which_memory_is_short_is_never_cut(megabytes: int) -> None:
    limits = Limits(memory_bytes=megabytes * 1_000_000)
    with Parsers(limits) as parsers, suppress(UnreadableError):
        content = parsers.parse(".html", LARGE_PAGE)
        assert isinstance(content, Content)
        assert len(content.text) == len(LARGE_PAGE) - len("<p> ")


def test_a_child_that_keeps_much_memory_is_replaced() -> None:
    before = children(os.getpid())
    with Parsers(Limits(memory_bytes=100_000_000)) as parsers:
        parsers.parse(".html", SLOW_PAGE[:400_000])
        first = the_child(before)
        parsers.parse(".html", SLOW_PAGE[:400_000])
        assert the_child(before) == first
        parsers.parse(".html", PAGE + b"a" * 9_000_000)
        parsers.parse(".html", PAGE)
        assert the_child(before) != first


def test_processor_time_is_limited_for_each_file_and_not_for_all_together() -> None:
    with Parsers(Limits(cpu_s=1)) as parsers:
        start = time.monotonic()
        while time.monotonic() < start + 2:
            parsers.parse(".html", SLOW_PAGE[:400_000])
        why = reason(parsers, ".html", SLOW_PAGE * 5)
        assert why == "could not be read: it took more than 1 s of computing"
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)


def test_the_length_of_the_answer_is_limited() -> None:
    with Parsers(Limits(answer_bytes=500_000)) as parsers:
        assert reason(parsers, ".html", b"a" * 500_000) == "gives more than 0.5 MB of text"
        assert parsers.parse(".html", b"a" * 400_000) == Content("a" * 400_000)


def test_a_child_holds_nothing_but_its_pipes(tmp_path: Path) -> None:
    before = children(os.getpid())
    with (tmp_path / "open").open("wb") as ours, Parsers() as parsers:
        os.set_inheritable(ours.fileno(), True)
        calls = [parsers.submit(partial(parsers.parse, ".html", SLOW_PAGE)) for _ in range(2)]
        until(lambda: len(children(os.getpid())) == len(before) + 2)
        for call in calls:
            call.result()
        for child in set(children(os.getpid())) - set(before):
            held = [link.readlink() for link in Path(f"/proc/{child}/fd").iterdir()]
            assert len([path for path in held if str(path).startswith("pipe:")]) == 2
            assert {str(path) for path in held if not str(path).startswith("pipe:")} == {
                "/dev/null"
            }


def test_leaving_waits_for_no_file() -> None:
    before = children(os.getpid())
    with Parsers() as parsers:
        stopped(parsers)
        for _ in range(5):
            parsers.submit(partial(parsers.parse, ".html", SLOW_PAGE))
        start = time.monotonic()
    assert time.monotonic() - start < 1
    assert children(os.getpid()) == before


PARENT = """
from functools import partial
from index.parse import Parsers

parsers = Parsers()
parsers.parse(".html", b"<p>een")
print("started", flush=True)
if {busy}:
    page = b"<p>a<b>b</b>" * 4_000_000
    calls = [parsers.submit(partial(parsers.parse, ".html", page)) for _ in range(4)]
    [call.result() for call in calls]
input()
"""


@pytest.mark.parametrize("busy", [False, True])
def test_a_parent_that_is_killed_leaves_no_child(busy: bool) -> None:
    code = PARENT.format(busy=busy)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"started\n"
        until(lambda: len(children(parent.pid)) == 1 + busy)
        theirs = children(parent.pid)
        if busy:
            time.sleep(0.5)  # until they are amid a page
        parent.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in theirs), seconds=5)


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from index.parse import Parsers\n"
        "print('mine')\n"
        "with Parsers() as parsers:\n"
        "    print(parsers.parse('.html', b'<p>een').text)\n"
    )
    # A file of the same name as one of ours, in the folder one works in, is not ours.
    (tmp_path / "json.py").write_text("print('not ours')")
    done = subprocess.run(
        [sys.executable, "-P", str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["mine", "een"]


def test_a_child_is_not_interrupted_where_its_parent_is() -> None:
    before = children(os.getpid())
    with Parsers() as parsers:
        parsers.parse(".html", PAGE)
        os.kill(the_child(before), signal.SIGINT)
        child = the_child(before)
        assert parsers.parse(".html", PAGE) == parse(".html", PAGE)
        assert the_child(before) == child
