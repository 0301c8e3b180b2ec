"""The bytes of a file → its content, by kind; kinds that can do harm in a process of their own.

A parser of a binary or tangled format can hang, crash or ask for all the memory there is.
``Parsers`` gives such a file to a child process, ended when it takes too much: that file is
refused, and the next one gets a new child.

python -m index.parse MEMORY_BYTES CPU_S: such a child; it is asked on stdin, answers on stdout.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from index.child import end_with_parent, start
from index.decode import Content, UnreadableError, decode

if sys.platform != "win32":
    import resource

# Where the reader of each kind is: a function of a module of this package, (bytes) -> Content.
_READERS = {
    ".csv": "read_csv.read_csv",
    ".docx": "read_docx.read_docx",
    ".eml": "read_eml.read_eml",
    ".epub": "read_epub.read_epub",
    ".htm": "read_html.read_html",
    ".html": "read_html.read_html",
    ".json": "read_json.read_json",
    ".markdown": "read_markdown.read_markdown",
    ".md": "read_markdown.read_markdown",
    ".pdf": "read_pdf.read_pdf",
    ".pptx": "read_pptx.read_pptx",
    ".text": "parse.read_text",
    ".txt": "parse.read_text",
    ".xls": "read_xlsx.read_xlsx",
    ".xlsx": "read_xlsx.read_xlsx",
}
KINDS = tuple(_READERS)
# These take time and memory in proportion to their size, so that a small one needs no child.
_PLAIN_KINDS = frozenset((".markdown", ".md", ".text", ".txt"))
_SMALL_BYTES = 1_000_000

_MOST_PROCESSES = 2
_OUT_OF_MEMORY = 77  # how a child exits that was refused memory
_LENGTH_BYTES = 8
_ENDED = "could not be read: it ended the process that read it"

_T = TypeVar("_T")
Records = list[dict[str, Any]]


def parse(suffix: str, raw: bytes) -> Content | Records:
    """What the reader of files that end in ``suffix`` makes of ``raw``, in this process.

    Of a JSON list whose items all have "id" and "text", the items: each is a document.

    Raises:
        UnreadableError: it cannot be read.
    """
    if suffix == ".json" and (records := _records(raw)):
        return records
    module, function = _READERS[suffix].split(".")
    content: Content = getattr(importlib.import_module(f"index.{module}"), function)(raw)
    return content


def read_text(raw: bytes) -> Content:
    """The text, whatever its encoding.

    Raises:
        UnreadableError: It is not text, or in an encoding that cannot be told.
    """
    return Content(decode(raw))


def _records(raw: bytes) -> Records:
    r"""The items of a JSON list of documents; none of any other file.

    >>> _records(b'[{"id": "1", "text": "Een."}]'), _records(b'[{"text": "Een."}]')
    ([{'id': '1', 'text': 'Een.'}], [])
    """
    if not re.match(rb"(\xef\xbb\xbf)?\s*\[", raw):
        return []
    try:
        items: list[Any] = json.loads(raw)
    except (ValueError, RecursionError):
        return []  # what is wrong with it is for its reader to say
    are_documents = (isinstance(item, dict) and {"id", "text"} <= item.keys() for item in items)
    return items if all(are_documents) else []


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may take for one file.

    Memory counts as address space and is limited on Linux, processor time on any Unix; Windows
    can limit neither for a process, so that there only the clock and the answer count.
    """

    memory_bytes: int = 1_000_000_000  # beyond what it starts with
    cpu_s: int = 30
    wall_s: float = 60
    answer_bytes: int = 50_000_000


class Parsers:
    """A few child processes that parse, each started when it is first needed.

    They hold no file but their two pipes, and end when this is left or its process dies.
    Safe to use from several threads.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        """Start nothing yet; ``limits`` are those of a file."""
        n_processes = min(_MOST_PROCESSES, os.cpu_count() or 1)
        self._children = [_Child(limits or Limits()) for _ in range(n_processes)]
        # The last that was idle comes first: files one by one need one child only.
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()
        for child in self._children:
            self._idle.put(child)
        self._threads = ThreadPoolExecutor(n_processes, "parsers")

    def __enter__(self) -> Parsers:
        return self

    def __exit__(self, *raised: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for child in self._children:
            child.close()  # whatever it is at: nobody waits for it any more
        self._threads.shutdown()

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Have ``call`` run, which will ``parse``, by a thread that has a child to itself."""
        return self._threads.submit(call)

    def parse(self, suffix: str, raw: bytes) -> Content | Records:
        """As the function ``parse``, in a child process; but a small plain text in this one.

        Raises:
            UnreadableError: it cannot be read, takes more than the limits, or ended the child.
        """
        if suffix in _PLAIN_KINDS and len(raw) <= _SMALL_BYTES:
            return parse(suffix, raw)
        child = self._idle.get()
        try:
            return child.parse(suffix, raw)
        finally:
            self._idle.put(child)


class _Child:
    """One process at a time, in which one file at a time is parsed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.RLock()  # to start or to end it
        self._closed = False

    def parse(self, suffix: str, raw: bytes) -> Content | Records:
        was_used = self._process is not None
        try:
            return self._parsed(suffix, raw)
        except _EndedError:
            if not was_used:
                raise
            # Perhaps by what an earlier file left behind, or from outside.
            return self._parsed(suffix, raw)

    def _parsed(self, suffix: str, raw: bytes) -> Content | Records:
        process = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(self._limits.wall_s, stop)
        clock.start()
        try:
            answer = self._asked(process, suffix, raw)
        except (EOFError, OSError) as error:
            process.kill()
            why = self._why(process.wait(), late=late.is_set())
            raise (_EndedError if why == _ENDED else UnreadableError)(why) from error
        finally:
            clock.cancel()
            clock.join()
        spent = answer.pop("spent")
        if spent or late.is_set():
            self._end()
        if "refused" in answer:
            raise UnreadableError(answer["refused"])
        if "records" in answer:
            records: Records = answer["records"]
            return records
        return Content(**answer | {"pages": tuple(answer["pages"])})

    def close(self) -> None:
        """End the process, whatever it is at, and start no other."""
        with self._turn:
            self._closed = True
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        with self._turn:
            if self._closed:
                raise UnreadableError("was not read: all reading was ended")
            if self._process is None or self._process.poll() is not None:
                self._end()
                memory, computing = self._limits.memory_bytes, self._limits.cpu_s
                self._process = start("index.parse", str(memory), str(computing))
            return self._process

    def _end(self) -> None:
        with self._turn:
            if self._process is None:
                return
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe
                with suppress(OSError):  # what was not sent any more cannot be
                    pipe.close()
            self._process = None

    def _asked(self, process: subprocess.Popen[bytes], suffix: str, raw: bytes) -> dict[str, Any]:
        assert process.stdin
        assert process.stdout
        _send(process.stdin, suffix.encode())
        _send(process.stdin, raw)
        length = _length(process.stdout)
        if length > self._limits.answer_bytes:
            self._end()
            most = self._limits.answer_bytes / 1e6
            raise UnreadableError(f"gives more than {most:g} MB of text")
        answer: dict[str, Any] = json.loads(_exactly(process.stdout, length))
        return answer

    def _why(self, exit_code: int, *, late: bool) -> str:
        limits = self._limits
        if late:
            return f"could not be read: it took more than {limits.wall_s:g} s"
        if exit_code == _OUT_OF_MEMORY:
            return f"needs more than {limits.memory_bytes / 1e9:g} GB of memory to read"
        if sys.platform != "win32" and exit_code == -signal.SIGXCPU:
            return f"could not be read: it took more than {limits.cpu_s} s of computing"
        return _ENDED


class _EndedError(UnreadableError):
    """A child ended by no limit."""


# --- the pipes: each message is its length and then its bytes -----------------------------------


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(_LENGTH_BYTES, "big"))
    stream.write(message)
    stream.flush()


def _length(stream: IO[bytes]) -> int:
    return int.from_bytes(_exactly(stream, _LENGTH_BYTES), "big")


def _exactly(stream: IO[bytes], n_bytes: int) -> bytes:
    found = stream.read(n_bytes)
    if len(found) < n_bytes:
        raise EOFError
    return found


# --- the child ----------------------------------------------------------------------------------


def main() -> None:
    """Parse what comes until no more can come: the other end is closed, or its process dead."""
    memory_bytes, cpu_s = map(int, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    end_with_parent()  # amid a file too; a closed pipe is seen only between two files
    at_start = _address_space("VmPeak")
    _limit_memory(at_start + memory_bytes + memory_bytes // 2)
    while True:
        try:
            suffix = _exactly(sys.stdin.buffer, _length(sys.stdin.buffer)).decode()
            raw = _exactly(sys.stdin.buffer, _length(sys.stdin.buffer))
        except EOFError:
            return
        _limit_time(cpu_s)
        try:
            answer = _answer(suffix, raw)
            # Libraries leak, and what was freed is not always given back.
            answer["spent"] = _address_space("VmSize") > at_start + memory_bytes // 4
            message = json.dumps(answer, ensure_ascii=False).encode()
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        # libxml2 may take refused memory for the end of the text, and say nothing. The system
        # refuses only half as much again, which all that was cut has passed this on the way to.
        if _address_space("VmPeak") > at_start + memory_bytes:
            os._exit(_OUT_OF_MEMORY)
        _send(answers, message)


def _answer(suffix: str, raw: bytes) -> dict[str, Any]:
    try:
        parsed = parse(suffix, raw)
    except UnreadableError as error:
        return {"refused": str(error)}
    return {"records": parsed} if isinstance(parsed, list) else asdict(parsed)


def _address_space(field: str) -> int:
    """How many bytes of it are in use (VmSize) or ever were (VmPeak); 0 where nothing tells."""
    if sys.platform != "linux":
        return 0
    status = Path("/proc/self/status").read_text("utf-8")
    return int(re.findall(rf"{field}:\s+(\d+) kB", status)[0]) * 1024


def _limit_memory(most: int) -> None:
    if sys.platform == "linux":
        _set(resource.RLIMIT_AS, most)


def _limit_time(cpu_s: int) -> None:
    """Let the next file take this much and no more."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        _set(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + cpu_s)
        _set(resource.RLIMIT_CORE, 0)


def _set(limit: int, most: int) -> None:
    _, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
