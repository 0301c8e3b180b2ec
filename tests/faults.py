"""Builds that are killed, stores that are damaged, disks that are full: what must hold after.

Each function makes a fault in real processes and returns what was wrong afterwards, as sentences;
none if all was well. ``tests/test_faults.py`` asks some of it, ``benchmarks/faults.py`` all.

python -m tests.faults POINT REACHED MODULE ARGUMENT…: a module as a build starts it, with a point
at which it, or the build, is killed.
"""

from __future__ import annotations

import fnmatch
import inspect
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import psutil

from index.errors import StoreBusyError
from index.generation import (
    DATABASE,
    MANIFEST,
    POINTER,
    TRUTH,
    VECTORS,
    WORDS,
    current,
    points_to,
    read_manifest,
)
from index.tables import tables_digest
from index.truth import Truth

T = TypeVar("T")
Answers = list[dict[str, Any]]

# The documents

OLD, NEW = 0, 1
# For each state the files there are. The second changes one, adds one and removes one.
_FILES: tuple[dict[str, str], dict[str, str]] = (
    {
        "toren.md": "# De toren van Elmveld\n\nDe toren van Elmveld is 41 meter hoog. De toren van "
        "Elmveld werd gebouwd in 1874.\n",
        "brug.txt": "Die Brücke in Rohrau wurde 1911 eröffnet. Die Brücke dort ist gesperrt.\n",
        "kerk.html": "<title>The church of Stanwick</title><p>The church of Stanwick has 12 bells."
        " The organ of Stanwick was built by Ada Lorne.</p>",
        "haven.md": "# Haven van Oosthorn\n\nDe haven van Oosthorn telt 320 ligplaatsen. "
        "Havenmeester van Oosthorn is Bram Kolk.\n",
    },
    {
        "toren.md": "# De toren van Elmveld\n\nDe toren van Elmveld is 57 meter hoog. De toren van "
        "Elmveld werd gebouwd in 1874.\n",
        "kerk.html": "<title>The church of Stanwick</title><p>The church of Stanwick has 12 bells."
        " The organ of Stanwick was built by Ada Lorne.</p>",
        "haven.md": "# Haven van Oosthorn\n\nDe haven van Oosthorn telt 320 ligplaatsen. "
        "Havenmeester van Oosthorn is Bram Kolk.\n",
        "molen.html": "<title>The mill of Harrow</title><p>The mill of Harrow burned down in 1932. "
        "The mill of Harrow belonged to Otto Vance.</p>",
    },
)
QUESTIONS = (
    "Hoe hoog is de toren van Elmveld?",
    "Wanneer werd de toren van Elmveld gebouwd?",
    "Wann wurde die Brücke in Rohrau eröffnet?",
    "Is de brug in Rohrau gesperrt?",
    "How many bells has the church of Stanwick?",
    "Who built the organ of Stanwick?",
    "Hoeveel ligplaatsen telt de haven van Oosthorn?",
    "Wie is havenmeester van Oosthorn?",
    "When did the mill of Harrow burn down?",
    "To whom did the mill of Harrow belong?",
)


def write_state(docs: Path, state: int) -> None:
    """Make ``docs`` hold the files of a state and nothing else."""
    docs.mkdir(parents=True, exist_ok=True)
    for path in docs.iterdir():
        if path.name not in _FILES[state]:
            path.unlink()
    for name, text in _FILES[state].items():
        (docs / name).write_text(text, "utf-8")


def write_many(docs: Path, sentences: int) -> None:
    """So many different sentences besides, each a document."""
    draw = random.Random(7)
    names = [f"{a}{b}{c}" for a in "BDFKLMNPRST" for b in ("a", "e", "ov") for c in ("lm", "rk")]
    lines = [
        {"id": f"note-{n:05d}", "text": f"{draw.choice(names)} met {draw.choice(names)} near the "
         f"{draw.choice(names)} hall on day {n} and paid {draw.randrange(10_000)} guilders."}
        for n in range(sentences)
    ]  # fmt: skip
    (docs / "notes.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# Processes

# Forked from one that has loaded everything: a new one would take seconds before it begins.
_FORKED = multiprocessing.get_context("forkserver")
_LOADED = ("pytest", "chromadb", "tantivy", "index.chunk", "index.build", "index.snapshot",
           "index.read_html", "qa.evidence", "qa.compose", "qa.ground", "qa.question",
           "tests.faults")  # fmt: skip
_FORKED.set_forkserver_preload(list(_LOADED))
_MOST_S = 120


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """How a process ended, what it gave (None if it did not come to that), and its group."""

    code: int
    result: T | None
    group: int
    wall_s: float


def in_process(
    work: Callable[..., T], *args: object, kill_after_s: float | None = None
) -> Ended[T]:
    """``work(*args)`` in a process of its own, which leads a group of its own.

    With ``kill_after_s`` it is killed then, unless it has ended.
    """
    receiving, sending = _FORKED.Pipe(duplex=False)
    process = _FORKED.Process(target=_work, args=(sending, work, *args))
    start = time.perf_counter()
    process.start()
    sending.close()
    assert process.pid is not None
    result: T | None = None
    with receiving, suppress(EOFError):
        if receiving.poll(_MOST_S if kill_after_s is None else kill_after_s):
            result = receiving.recv()
        else:
            process.kill()
    process.join()
    assert process.exitcode is not None
    return Ended(process.exitcode, result, process.pid, time.perf_counter() - start)


def _given(ended: Ended[T]) -> T:
    assert ended.result is not None, f"a process ended with {ended.code}"
    return ended.result


def _work(sending: Connection, work: Callable[..., T], *args: object) -> None:
    os.setpgid(0, 0)
    result = work(*args)
    sending.send(result)


def alive(group: int) -> list[str]:
    """The command lines of the processes of a group that have not ended."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def left_alive(group: int, within_s: float = 5) -> list[str]:
    """The processes of a killed build that are still there after so long; they are ended then."""
    end = time.monotonic() + within_s
    while (found := alive(group)) and time.monotonic() < end:
        time.sleep(0.05)
    if found:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    return [f"its child is alive after {within_s} s: {command}" for command in found]


def at_once(jobs: Sequence[Callable[[], list[str]]], workers: int = 2) -> list[str]:
    """What all of these find, so many at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        return [fault for found in pool.map(lambda job: job(), jobs) for fault in found]


# Building and looking, in processes of their own


def built(store: Path, docs: Path, afresh: bool = False) -> str:
    """Build a store; why it could not be, or ""."""
    from index import Library, LibraryError

    try:
        with closing(Library.open(store)) as library:
            library.build([docs], afresh=afresh)
    except LibraryError as error:
        return str(error)
    return ""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody sees who opens a store and asks."""

    faults: dict[str, str]  # by ``Library.check``
    damage: dict[str, str]  # by opening it
    answers: Answers | None  # None: there is no store yet, or error says why
    error: str
    wrong: list[str]  # citations that are not what the source says
    left: list[str]  # what is in the store afterwards


def look(store: Path, texts: dict[str, str] | None = None, check: bool = True) -> Look:
    """Open a store as a new process does, ask everything, and see what is there then.

    ``texts`` are the sources as they are, by document id, to compare citations with.
    """
    from index import Library, LibraryError, NoStoreError
    from qa import Assistant

    library = Library.open(store)
    answers, error, wrong = None, "", list[str]()
    faults, damage = dict[str, str](), dict[str, str]()
    try:
        asked = [Assistant(library).ask(question) for question in QUESTIONS]
        answers = [_compared(answer.to_dict()) for answer in asked]
        wrong = [
            f"{c.doc_id} is cited with {c.quote!r}"
            for answer in asked
            for c in (*answer.citations, *answer.nearest)
            if texts is not None and texts[c.doc_id][c.start : c.end] != c.quote
        ]
        damage = library.read(lambda snapshot: dict(snapshot.damage))
        # Afterwards: what a killed build left is set right by whoever opens the store.
        faults = library.check() if check else {}
    except NoStoreError:
        pass
    except LibraryError as caught:
        error = f"{type(caught).__name__}: {caught}"
    library.close()
    return Look(faults, damage, answers, error, wrong, _names(store))


def _compared(answer: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in answer.items() if key not in ("index", "elapsed_ms")}
    loaded: dict[str, Any] = json.loads(json.dumps(kept))
    return loaded


def _names(store: Path) -> list[str]:
    readers = store / "readers"
    return sorted(
        [path.name for path in store.glob("*") if path != readers]
        + [f"readers/{path.name}" for path in readers.glob("*")]
    )


def looked(store: Path, *args: object) -> Look:
    """``look`` in a process of its own.

    Raises:
        AssertionError: the process died of it.
    """
    ended = in_process(look, store, *args)
    assert ended.result is not None, f"the process that opened the store ended with {ended.code}"
    return ended.result


_TIDY = re.compile(r"CURRENT|gen-\d+|gen-\d+\.seen|writer\.lock|uploads")


def untidy(names: Sequence[str]) -> list[str]:
    """What does not belong in a store at rest."""
    generations = [name for name in names if re.fullmatch(r"gen-\d+", name)]
    odd = [name for name in names if not _TIDY.fullmatch(name)]
    if len(generations) != 1 or f"{generations[0]}.seen" not in names:
        odd = [name for name in names if name.startswith("gen-")] + odd
    return [f"left in the store: {', '.join(odd)}"] if odd else []


@dataclass(frozen=True, slots=True)
class Bench:
    """Both states' answers, and what every run starts from."""

    folder: Path
    docs: Path  # the second state's
    before: Path  # a store of the first state's, whose root is ``docs``
    answers: tuple[Answers, Answers]

    @classmethod
    def make(cls, folder: Path) -> Bench:
        """Build both states."""
        docs, stores = folder / "docs", (folder / "old", folder / "new")
        answers = []
        for state, store in enumerate(stores):
            write_state(docs, state)
            error = in_process(built, store, docs).result
            assert error == "", error
            seen = looked(store)
            assert seen.answers is not None, seen.error
            assert (seen.faults, untidy(seen.left)) == ({}, [])
            answers.append(seen.answers)
        old, new = answers
        assert sum(a != b for a, b in zip(old, new, strict=True)) >= 4, "the states are too alike"
        return cls(folder, docs, stores[OLD], (old, new))

    def fresh(self, name: str) -> Path:
        """A place for a store."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)) / "store"


# Kill -9 at named points

Kind = Literal["first", "update", "afresh"]
KINDS: tuple[Kind, ...] = ("first", "update", "afresh")


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a build: the n-th call of a function whose arguments look so."""

    name: str
    target: str
    before: bool = False  # the call, or after it
    call: int = 1
    given: str = "*"
    child: str = ""  # the module that a child process runs, where it happens in one
    kills_parent: bool = False  # that child kills the build instead of itself, and goes on
    of_old: bool = False  # a first build has no such moment


def _of_child(name: str, target: str, module: str, **more: Any) -> Point:  # noqa: ANN401
    return Point(name, target, child=module, **more)


_DERIVE, _VERIFY = "index.derive", "index.verify"
POINTS = (
    Point("the lock is taken", "pathlib.Path.write_text", given="*/writer.json*"),
    Point("the folder for it is made", "pathlib.Path.mkdir", given="*/building-????????????"),
    Point("the truth is copied", "index.truth.Truth._writing"),
    Point("a document is read", "index.truth.Truth.put_document"),
    Point("all documents are read", "index.gather.Gathering.take"),
    Point("vectors are kept, their chunks not", "index.truth.Truth.add_vectors"),
    Point("the truth is closed", "index.build.WordsChild", before=True),
    Point("both children are started", "subprocess.Popen._execute_child", call=2,
          given="*index.derive*"),
    _of_child("the words' child dies", "index.lexical._publish", _DERIVE, before=True),
    _of_child("the vectors' child dies", "index.vectors._add", _DERIVE, before=True),
    _of_child("words are being written", "index.lexical._write", _DERIVE, kills_parent=True),
    _of_child("vectors are being written", "index.vectors._add", _DERIVE, kills_parent=True),
    _of_child("it is being verified", "index.verify._fault", _VERIFY, before=True, call=2,
              kills_parent=True),
    Point("a file is on the disk", "index.generation._fsync"),
    Point("it has its name", "pathlib.Path.rename", given="*/building-* */gen-*"),
    Point("the pointer is drafted", "pathlib.Path.write_text", given="*/CURRENT.new*"),
    Point("the pointer is replaced", "pathlib.Path.replace", given="*/CURRENT.new *"),
    Point("it is being remembered", "pathlib.Path.replace", before=True, given="*.new *.seen"),
    Point("the old one is half deleted", "os.unlink", given="chroma.sqlite3*", of_old=True),
    Point("the lock is about to be released", "filelock.FileLock.release", before=True),
)  # fmt: skip


def killed_at(bench: Bench, point: Point, kind: Kind) -> list[str]:
    """Kill one build, and see what is there then."""
    store = bench.fresh(kind)
    if kind != "first":
        shutil.copytree(bench.before, store)
    originals = contents(bench.docs)
    reached = store.with_name("reached")
    ended = in_process(_build_until, point, reached, store, bench.docs, kind == "afresh")
    faults = left_alive(ended.group)
    if not reached.exists() and not (point.of_old and kind == "first"):
        faults.append("the point was not reached")
    old = None if kind == "first" else bench.answers[OLD]
    faults += _wrong_after(store, bench, (old, bench.answers[NEW]))
    if contents(bench.docs) != originals:
        faults.append("the originals have changed")
    shutil.rmtree(store.parent)
    return [f"{kind}, {point.name}: {fault}" for fault in faults]


def _wrong_after(
    store: Path, bench: Bench, allowed: tuple[Answers | None, Answers | None]
) -> list[str]:
    """What is wrong with a store after its build was killed; it is built again if it is none."""
    seen = looked(store)
    if seen.answers is None and not seen.error and None in allowed:
        error = in_process(built, store, bench.docs).result
        seen = looked(store)
        allowed = (bench.answers[NEW], None)
        if error:
            return [f"it cannot be built again: {error}"]
    faults = [f"check says {seen.faults}"] if seen.faults else []
    if seen.answers is None or seen.answers not in allowed:
        faults.append(f"it gives neither state's answers {seen.error}")
    return faults + untidy(seen.left)


def _build_until(point: Point, reached: Path, store: Path, docs: Path, afresh: bool) -> str:
    """Build, and be killed at that point, or else when it is done."""
    arm(point, reached)
    error = built(store, docs, afresh)
    if not error:
        os.kill(os.getpid(), signal.SIGKILL)
    return error


def arm(point: Point, reached: Path) -> None:
    """See to it that this process, or its child, is killed when it comes to that point."""
    if point.child:
        _wrap("subprocess.Popen.__init__", partial(_started_armed, point, reached))
    else:
        _wrap(point.target, partial(_killing, point, reached, itertools.count(1)))


def _wrap(target: str, wrapper: Callable[..., Any]) -> None:
    owner, name = _owner(target)
    function = getattr(owner, name)

    def wrapped(*args: object, **kwargs: object) -> object:
        return wrapper(function, *args, **kwargs)

    is_bound = inspect.ismethod(function)
    setattr(owner, name, staticmethod(wrapped) if is_bound else wrapped)


def _owner(target: str) -> tuple[Any, str]:
    """The module or class that a dotted name is an attribute of, and that attribute's name."""
    *path, name = target.split(".")
    owner: Any = import_module(path[0])
    for part in path[1:]:
        if inspect.ismodule(owner) and not hasattr(owner, part):
            import_module(f"{owner.__name__}.{part}")
        owner = getattr(owner, part)
    return owner, name


def _killing(
    point: Point,
    reached: Path,
    calls: Iterator[int],
    function: Callable[..., Any],
    *args: object,
    **kwargs: object,
) -> object:
    given = " ".join(map(str, args))
    is_now = fnmatch.fnmatchcase(given, point.given) and next(calls) == point.call
    if is_now and point.before:
        _kill(point, reached)
    result = function(*args, **kwargs)
    if is_now:
        _kill(point, reached)
    return result


def _kill(point: Point, reached: Path) -> None:
    reached.touch()
    os.kill(os.getppid() if point.kills_parent else os.getpid(), signal.SIGKILL)
    time.sleep(60)  # a child with much left to do, which must end by itself


def _started_armed(
    point: Point,
    reached: Path,
    function: Callable[..., Any],
    self: object,
    command: Sequence[str],
    *args: object,
    **kwargs: object,
) -> object:
    """Start a child as the build does, with the point in it."""
    if point.child in command:
        at = list(command).index("-m")
        told = [json.dumps(asdict(point)), str(reached)]
        command = [*command[:at], "-m", "tests.faults", *told, *command[at + 1 :]]
    return function(self, command, *args, **kwargs)


def main() -> None:
    told, reached, module, *rest = sys.argv[1:]
    point = Point(**json.loads(told))
    sys.argv = [module, *rest]
    # Run by its name and not as __main__, so that the point is in what runs.
    found = import_module(module)
    _wrap(point.target, partial(_killing, point, Path(reached), itertools.count(1)))
    sys.exit(found.main())


# Kill -9 at any moment


def killed_at_random(folder: Path, n: int, seed: int = 5) -> list[str]:
    """``n`` kills of one store's updates, each going on from what the one before left."""
    docs, store = folder / "docs", folder / "store"
    expected, took = list[Answers | None](), 0.0
    for state in (NEW, OLD):
        write_state(docs, state)
        took = in_process(built, store, docs).wall_s
        expected.insert(0, looked(store).answers)
    draw, state, faults = random.Random(seed), OLD, list[str]()
    for number in range(n):
        state = 1 - state
        write_state(docs, state)
        moment = draw.random() * took
        ended = in_process(built, store, docs, kill_after_s=moment)
        found = left_alive(ended.group)
        seen = looked(store)
        if seen.faults:
            found.append(f"check says {seen.faults}")
        if seen.answers not in expected:
            found.append(f"it gives neither state's answers {seen.error}")
        found += untidy(seen.left)
        faults += [f"kill {number + 1}, after {moment:.2f} s: {fault}" for fault in found]
    return faults


# Two writers


def two_writers(folder: Path, runs: int) -> list[str]:
    """Two processes build at once, ``runs`` times; whoever is refused builds again afterwards."""
    store, faults = folder / "store", list[str]()
    roots = [folder / "left", folder / "right"]
    for number in range(runs):
        for root in roots:
            root.mkdir(exist_ok=True)
            text = f"The {root.name} hall number {number} has {number + 3} doors.\n"
            (root / f"{number}.txt").write_text(text, "utf-8")
            (root / "all.txt").write_text(text * 3, "utf-8")
        found = _race(store, roots) + _given(in_process(unreachable, store))
        expected = {f"{r.name}/{n}.txt" for r in roots for n in (*range(number + 1), "all")}
        missing = expected - set(_given(in_process(_documents, store)))
        found += [f"lost: {sorted(missing)}"] if missing else []
        faults += [f"run {number + 1}: {fault}" for fault in found]
    return faults


def _race(store: Path, roots: Sequence[Path]) -> list[str]:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda root: in_process(_refused_in, store, root), roots))
    faults, refused = [], 0
    for one, other, root in zip(ended, ended[::-1], roots, strict=True):
        assert one.result is not None, one.code
        error, took_s = one.result
        if error:
            refused += 1
            if f"process {other.group} on" not in error or took_s > 2:
                faults.append(f"after {took_s:.1f} s it says {error!r}, not process {other.group}")
            again = in_process(built, store, root).result
            faults += [f"nor can it build afterwards: {again}"] if again else []
    return [*faults, *(["both were refused"] if refused == 2 else [])]


def _refused_in(store: Path, root: Path) -> tuple[str, float]:
    from index import Library

    library = Library.open(store)
    start = time.perf_counter()
    error = ""
    try:
        library.build([root])
    except StoreBusyError as busy:
        error = str(busy)
    return error, time.perf_counter() - start


def _documents(store: Path) -> list[str]:
    from index import Library

    with closing(Library.open(store)) as library:
        return [entry.id for entry in library.documents()]


def unreachable(store: Path) -> list[str]:
    """The chunks that their own words or vectors do not find."""
    from index.lexical import Words
    from index.vectors import Vectors

    folder = store / str(current(store))
    manifest, truth = read_manifest(folder), Truth.open(folder / TRUTH)
    words, vectors = Words(folder / WORDS), Vectors(folder / VECTORS)
    numbers = truth.numbers()
    faults = list[str]()
    rows = truth.vectors(numbers, manifest.dim)
    for number, chunk in truth.chunks(numbers).items():
        if number not in dict(words.search(chunk.text, 20)):
            faults.append(f"{chunk.id} is not found by its words")
        nearest = [vector for vector, _ in vectors.search(rows[number], 5)]
        if number not in {n for _, n in truth.having(nearest)}:
            faults.append(f"{chunk.id} is not found by its vector")
    vectors.close()
    truth.close()
    return faults


# Damage


def _emptied(data: bytes) -> bytes:
    return b""


def _halved(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _zeroed(data: bytes) -> bytes:
    return bytes(len(data))


def _flipped(data: bytes) -> bytes:
    """One bit of every 256th byte is another."""
    changed = bytearray(data)
    for at in range(min(100, len(data) - 1), len(data), 256):
        changed[at] ^= 4
    return bytes(changed)


def _one_bit(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    return bytes(changed)


def _misspelt(data: bytes) -> bytes:
    """A number in a text is another, as one wrong bit can make it."""
    return data.replace(b"57 meter", b"56 meter").replace(b"12 bells", b"13 bells")


WAYS: dict[str, Callable[[bytes], bytes | None]] = {
    "emptied": _emptied,
    "halved": _halved,
    "deleted": lambda _: None,
    "zeroed": _zeroed,
    "flipped": _flipped,
    "one bit": _one_bit,
    "misspelt": _misspelt,
}
# Of another size, which opening sees.
SEEN_AT_ONCE = ("emptied", "halved", "deleted")
# Not part of what a store holds: it need not be told that they are damaged, only be as before.
_NOTES = (".seen", ".lock")


@dataclass(frozen=True, slots=True)
class Healthy:
    """A store, the documents it was made of, and what is right."""

    store: Path
    docs: Path
    answers: Answers
    texts: dict[str, str]

    @classmethod
    def make(cls, folder: Path, sentences: int = 0) -> Healthy:
        """A store of the second state, and so many sentences besides."""
        docs, store = folder / "docs", folder / "store"
        write_state(docs, NEW)
        if sentences:
            write_many(docs, sentences)
        error = in_process(built, store, docs).result
        assert error == "", error
        answers, texts = looked(store).answers, in_process(_texts, store).result
        assert answers is not None
        assert texts is not None
        return cls(store, docs, answers, texts)

    def files(self) -> list[str]:
        """Every file of the store that holds anything."""
        return [name for name, data in contents(self.store).items() if data]


def _texts(store: Path) -> dict[str, str]:
    from index import Library

    with closing(Library.open(store)) as library:
        return {entry.id: library.document(entry.id).text for entry in library.documents()}


def damaged(healthy: Healthy, name: str, way: str, *, unnoticed: bool, mend: bool) -> list[str]:
    """Damage one file of a copy of a store, open it, ask, check it, and build it again.

    ``unnoticed``: the file keeps the time of its last change, as when a disk forgets.
    """
    with tempfile.TemporaryDirectory(dir=healthy.docs.parent) as apart:
        store = shutil.copytree(healthy.store, Path(apart) / "store")
        if not _damage(store / name, WAYS[way], unnoticed=unnoticed):
            return []
        found = _wrong_when_damaged(healthy, store, name, way)
        if mend:
            found += _wrong_when_mended(healthy, store, name)
    how = f"{way}, its time kept" if unnoticed else way
    name = re.sub(r"[0-9a-f]{8}[0-9a-f-]{24,28}", "*", name)
    return [f"{name} {how}: {fault}" for fault in found]


def _damage(path: Path, way: Callable[[bytes], bytes | None], *, unnoticed: bool) -> bool:
    """Whether it is other than it was."""
    data, stat = path.read_bytes(), path.stat()
    changed = way(data)
    if changed is None:
        path.unlink()
    elif changed != data:
        path.write_bytes(changed)
        if unnoticed:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return changed != data


def _wrong_when_damaged(healthy: Healthy, store: Path, name: str, way: str) -> list[str]:
    ended = in_process(look, store, healthy.texts, False)
    if ended.result is None:
        in_process(checked, store)  # which tells what to mend
        return [f"whoever opens it and asks dies ({ended.code})"]
    seen, found = ended.result, list[str]()
    found += seen.wrong
    is_told = bool(seen.damage or seen.error)
    if name == POINTER and not is_told:  # set right by whoever opens the store, to the newest
        is_told = points_to(store, str(current(store)))
    if seen.answers is None and not seen.error:
        found.append("it is said that there is no store")
    if seen.answers is not None and seen.answers != healthy.answers and not seen.damage:
        found.append("it answers otherwise and does not say why")
    found += _silent(healthy.answers, seen.answers or [])
    if name.endswith(_NOTES):
        return found
    if way in SEEN_AT_ONCE and name != POINTER and not is_told:
        found.append("opening does not see it")
    if not (is_told or in_process(checked, store).result or _is_unread(healthy.store, store, name)):
        found.append("nor does check")
    return found


def _is_unread(healthy: Path, store: Path, name: str) -> bool:
    """Whether only what SQLite never reads is other: four fifths of Chroma's database are empty."""
    if not name.endswith(DATABASE):
        return False
    with closing(sqlite3.connect(f"file:{store / name}?mode=ro&immutable=1", uri=True)) as database:
        is_whole = database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return is_whole and tables_digest(store / name) == tables_digest(healthy / name)


def _silent(healthy: Answers, answers: Answers) -> list[str]:
    """The questions that are answered otherwise, with no word of damage."""
    from qa.phrases import PHRASES

    said = tuple(PHRASES["damaged"].values())
    return [
        f"{one['question']} is answered otherwise without a notice"
        for right, one in zip(healthy, answers, strict=False)
        if one != right and not (one["notice"] or "").startswith(said)
    ]


def checked(store: Path) -> dict[str, str]:
    """What ``Library.check`` says."""
    from index import Library

    with closing(Library.open(store)) as library:
        return library.check()


def _said(answers: Answers | None) -> list[tuple[Any, ...]]:
    """What answers say and cite.

    Which other documents come near is told by a search that is approximate: beside hundreds of
    sentences nearly alike a new index may reach one that the old one did not.
    """
    return [(one["text"], one["citations"], one["refused"]) for one in answers or ()]


def _wrong_when_mended(healthy: Healthy, store: Path, name: str) -> list[str]:
    afresh = name.endswith((TRUTH, MANIFEST))
    error = in_process(built, store, healthy.docs, afresh).result
    if error and "qa index --rebuild" in error:  # as it says
        error = in_process(built, store, healthy.docs, True).result
    if error != "":
        return [f"it is not mended: {error}"]
    ended = in_process(look, store)
    if ended.result is None:
        return [f"mended, whoever opens it and asks dies ({ended.code})"]
    seen = ended.result
    found = [f"mended, check says {seen.faults}"] if seen.faults else []
    if _said(seen.answers) != _said(healthy.answers):
        found.append("mended, it answers otherwise than before")
    return found + untidy(seen.left)


# Full disks


@contextmanager
def small_disk(folder: Path, kb: int) -> Iterator[Callable[[int], None]]:
    """A disk of so many KB at ``folder``, and a function that makes it another size.

    Raises:
        PermissionError: this system or user cannot make one.
    """
    folder.mkdir()

    def mount(*options: str) -> None:
        command = ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PermissionError(f"no small disk can be made here: {error}") from error

    mount("-o", f"size={kb}k")
    try:
        yield lambda more: mount("-o", f"remount,size={more}k")
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def disk_filled(bench: Bench, docs: Path, new: Answers, spare_kb: int) -> tuple[str, list[str]]:
    """Bring a store up to date on a disk with so much left; what was said, and what was wrong.

    The disk is then filled to the last byte, asked, and given room.
    """
    folder = Path(tempfile.mkdtemp(dir=bench.folder)) / "disk"
    used = sum(len(data) for data in contents(bench.before).values()) // 1024
    with small_disk(folder, used + spare_kb + 100) as resize:
        store = shutil.copytree(bench.before, folder / "store")
        _fill(folder / "fill", leave_kb=spare_kb)
        ended = in_process(built, store, docs)
        if ended.result is None:
            found = [f"the build ended with {ended.code}, not an error of ours"]
        elif ended.result == "":
            return "it fits", []
        else:
            found = []
        found += _wrong_while_full(bench, store, "after the build")
        _fill(folder / "filled")
        found += _wrong_while_full(bench, store, "with no byte left")
        # A folder without a file takes no byte.
        (store / "building-0123456789ab").mkdir()
        found += _wrong_while_full(bench, store, "and what a killed build left")
        (folder / "filled").unlink()
        resize(1_000_000)
        error = in_process(built, store, docs).result
        seen = looked(store)
        found += [f"with room again it cannot be built: {error}"] if error != "" else []
        found += [f"with room again, check says {seen.faults}"] if seen.faults else []
        found += ["with room again it answers otherwise"] if seen.answers != new else []
        found += untidy(seen.left)
    return str(ended.result), [f"{spare_kb} KB left: {fault}" for fault in found]


def _fill(path: Path, leave_kb: int = 0) -> None:
    left = shutil.disk_usage(path.parent).free - 1024 * leave_kb
    path.write_bytes(bytes(max(left, 0)))


def _wrong_while_full(bench: Bench, store: Path, when: str) -> list[str]:
    ended = in_process(look, store, None, False)
    if ended.result is None:
        return [f"{when}, whoever asks dies ({ended.code})"]
    seen = ended.result
    if seen.error or seen.answers != bench.answers[OLD]:
        return [f"{when}, it answers otherwise: {seen.error or seen.damage}"]
    return []


def file_limited(bench: Bench, docs: Path, new: Answers, kb: int) -> tuple[str, list[str]]:
    """The same where no file may be larger than so many KB, as ``ulimit -f`` has it."""
    store = bench.fresh("limited")
    shutil.copytree(bench.before, store)
    ended = in_process(_built_limited, kb, store, docs)
    if ended.result == "":
        return "it fits", []
    found = [] if ended.result else [f"the build ended with {ended.code}, not an error of ours"]
    found += _wrong_while_full(bench, store, "after the build")
    error = in_process(built, store, docs).result
    seen = looked(store)
    found += [f"without a limit it cannot be built: {error}"] if error != "" else []
    found += ["without a limit it answers otherwise"] if seen.answers != new else []
    return str(ended.result), [
        f"files of {kb} KB: {fault}" for fault in [*found, *untidy(seen.left)]
    ]


def _built_limited(kb: int, store: Path, docs: Path) -> str:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kb, 1024 * kb))
    return built(store, docs)


# Erasure

MARKERS = tuple(f"{a}{b}{c}" for a in ("quorv", "blixt", "zemph", "wyrth", "jaspk")
                for b in ("ol", "ad") for c in ("ump", "esk"))  # fmt: skip


def erased(folder: Path) -> dict[str, list[str]]:
    """Remove 20 documents in four ways: where each of their words is still found."""
    from index import Library
    from qa import Assistant

    kept, gone = folder / "docs", folder / "gone"
    kept.mkdir(parents=True)
    gone.mkdir()
    for n in range(40):
        (kept / f"kept{n}.txt").write_text(f"The clerk of district {n} keeps {n + 7} registers.\n")
    for n, marker in enumerate(MARKERS):
        text = f"# {marker.title()}\n\nThe {marker} of district {n} is blue. See {marker}son.\n"
        ((gone if n % 4 == 3 else kept) / f"doc{n}.md").write_text(text, "utf-8")
    store = folder / "store"
    with closing(Library.open(store)) as library:
        library.build([kept, gone])
        answer = Assistant(library).ask(f"What colour is the {MARKERS[0]}?")
        assert MARKERS[0] in answer.text
        assert all(places(store, marker) for marker in MARKERS)
        library.remove([f"docs/doc{n}.md" for n in range(0, 20, 4)])
        for n in range(1, 20, 4):
            (kept / f"doc{n}.md").unlink()
        for n in range(2, 20, 4):
            (kept / f"doc{n}.md").write_text("# Other\n\nThis has been written anew.\n", "utf-8")
        library.build()
        library.remove([str(gone)])
        answers = [Assistant(library).ask(f"What colour is the {m}?") for m in MARKERS]
    found = {marker: places(store, marker) for marker in MARKERS}
    for marker, answer in zip(MARKERS, answers, strict=True):
        told = [answer.text, *(c.quote + c.title for c in (*answer.citations, *answer.nearest))]
        found[marker] += ["an answer"] if marker in " ".join(told).lower() else []
    return {marker: where for marker, where in found.items() if where}


def places(store: Path, marker: str) -> list[str]:
    """Where a word is found: each part opened with its own library, and every byte of each file."""
    # Bytes of both ways that text is written, in whatever case.
    wanted = [marker.encode(), marker.encode("utf-16-le")]
    found = [
        f"a byte of {name}"
        for name, data in contents(store).items()
        if any(form in data.lower() for form in wanted)
    ]
    for folder in [path.parent for path in store.glob("gen-*/words")]:
        for path in sorted(folder.rglob("*.sqlite*")):
            found += [f"{path.name}: {table}" for table in _tables_with(path, marker)]
        found += [f"words: {term}" for term in _terms(folder / WORDS) if marker in term]
    return found


def _tables_with(path: Path, marker: str) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        names = [
            n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        return [
            name
            for name in names
            if any(
                marker in repr(row).lower() for row in database.execute(f'SELECT * FROM "{name}"')
            )
        ]


def _terms(folder: Path) -> list[str]:
    """Every term and every stored field of a word index."""
    from tantivy import Index, Query

    searcher = Index.open(str(folder)).searcher()
    terms = [
        term
        for field in ("stems", "forms", "language")
        for term, _ in searcher.terms_with_prefix(field, "", limit=None)
    ]
    hits = searcher.search(Query.all_query(), max(1, searcher.num_docs)).hits
    return terms + [str(searcher.doc(address).to_dict()) for _, address in hits]


def numbers_left(store: Path) -> list[str]:
    """Where the derived parts know a chunk or a vector that the truth lacks."""
    from index.vectors import Vectors

    folder = store / str(current(store))
    truth = Truth.open(folder / TRUTH)
    chunks = set(truth.numbers())
    known = {n for numbers, _ in truth.all_vectors(read_manifest(folder).dim) for n in numbers}
    vectors = Vectors(folder / VECTORS)
    stored = {int(id_) for id_ in vectors._collection.get(include=[])["ids"]}
    vectors.close()
    indexed = {int(number) for text in _terms(folder / WORDS)
               for number in re.findall(r"\{'number': \[(\d+)\]\}", text)}  # fmt: skip
    found = [f"vectors: {sorted(stored ^ known)}"] if stored != known else []
    return found + ([f"words: {sorted(indexed ^ chunks)}"] if indexed != chunks else [])


if __name__ == "__main__":
    main()
