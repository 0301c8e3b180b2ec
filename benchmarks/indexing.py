"""The index at scale: how fast it is built, brought up to date, searched, and asked meanwhile.

    python benchmarks/indexing.py speed      # 100,000 chunks, beside LlamaIndex's own way
    python benchmarks/indexing.py million    # 1,000,000 chunks; --store DIR keeps the store
    python benchmarks/indexing.py update     # one of 10,000 documents changes
    python benchmarks/indexing.py files      # 10,000 small text files
    python benchmarks/indexing.py asking     # eight threads ask through 20 rebuilds

Each prints one table. The text is generated (``benchmarks/generated.py``), the same for everyone.
``--chunks``, ``--documents`` … ask for less, to try it.

- A build is timed in a process of its own, the imports it needs included, the start of Python not.
  Its processor time, of all cores together, tells when something else kept the machine busy.
- Memory is that of the process and all its children together, looked at twice a second: pages
  that several of them share count once (Linux), or not at all (elsewhere).
- LlamaIndex's way is its ``IngestionPipeline`` with its ``SentenceSplitter`` into its
  ``ChromaVectorStore``, with our embedding, cut to chunks of about our size, in runs of fewer than
  the 5,461 nodes that Chroma takes at once. It gets no cache and no document store, so that it
  neither remembers nor checks anything, and texts are embedded in large batches.
- Searches and questions are words of the generated text, each asked once, after 20 others.

``speed`` needs LlamaIndex's Chroma store: ``pip install -e '.[test,benchmarks]'``.
"""

# Not called index.py: every script in this folder would import that instead of the package.

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import psutil

from benchmarks.generated import document, questions, write_files, write_jsonl
from index import Library
from index.generation import current
from qa import Answer, Assistant

SEED = 5
CHUNKS_PER_DOCUMENT = 11.5
SAMPLE_S = 0.5  # looking at a GB ten times as often takes a third of a core
MB = 1_000_000

T = TypeVar("T")


def main() -> None:
    """Measure and print."""
    options = _options()
    _say(f"{os.cpu_count()} cores, {platform.platform()}, Python {platform.python_version()}")
    _print_table(options.measure(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the index.")
    commands = parser.add_subparsers(required=True, metavar="WHAT")

    def command(measure: Callable[[argparse.Namespace], list[Row]]) -> argparse.ArgumentParser:
        added = commands.add_parser(measure.__name__, help=measure.__doc__)
        added.set_defaults(measure=measure)
        return added

    command(speed).add_argument("--chunks", type=int, default=100_000)
    large = command(million)
    large.add_argument("--chunks", type=int, default=1_000_000)
    large.add_argument("--store", type=Path, help="keep it here; one that is there is not rebuilt")
    command(update).add_argument("--documents", type=int, default=10_000)
    command(files).add_argument("--files", type=int, default=10_000)
    through = command(asking)
    through.add_argument("--rebuilds", type=int, default=20)
    through.add_argument("--documents", type=int, default=500, help="how many there are besides")
    return parser.parse_args()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# The table


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, and what it must reach, if anything."""

    measure: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        """A line of a Markdown table."""
        must = verdict = ""
        if self.least is not None:
            must, reached = f"≥ {self._with_unit(self.least)}", self.value >= self.least
            verdict = "reached" if reached else "missed"
        elif self.most is not None:
            must, reached = f"≤ {self._with_unit(self.most)}", self.value <= self.most
            verdict = "reached" if reached else "missed"
        return f"| {self.measure} | {must} | {self._with_unit(self.value)} | {verdict} |"

    def _with_unit(self, value: float) -> str:
        exact = value >= 100 or value % 1 == 0
        return f"{value:{',.0f' if exact else '.3g'}} {self.unit}".rstrip()


def _print_table(rows: Sequence[Row]) -> None:
    print("| measure | must | measured | |\n|---|---|---|---|")
    for row in rows:
        print(row)


# Processes and memory


@dataclass(frozen=True, slots=True)
class Run(Generic[T]):
    """What a process of its own gave, what that took, and the most memory it held."""

    result: T
    wall_s: float
    cpu_s: float  # of all cores, its children's included
    peak_bytes: int


def in_process(work: Callable[..., T], *args: Any) -> Run[T]:  # noqa: ANN401 - of that function
    """``work(*args)`` in a new process; its children's memory counts too.

    Raises:
        RuntimeError: it ended without a result; its own error is on the screen.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, work, args))
    process.start()
    theirs.close()
    watched = psutil.Process(process.pid)
    peak = 0
    while not ours.poll(SAMPLE_S):
        peak = max(peak, _memory(watched))
    try:
        result, wall_s, cpu_s = ours.recv()
    except EOFError as error:
        process.join()
        raise RuntimeError(f"{work.__name__} ended with code {process.exitcode}") from error
    process.join()
    return Run(result, wall_s, cpu_s, peak)


def _work(back: Connection, work: Callable[..., T], args: Sequence[Any]) -> None:
    start = time.perf_counter()
    result = work(*args)
    wall_s = time.perf_counter() - start
    back.send((result, wall_s, sum(os.times()[:4])))


def _memory(process: psutil.Process) -> int:
    """Bytes that it and its children hold now."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                memory = one.memory_full_info()
                total += getattr(memory, "pss", memory.uss)
    return total


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for everything, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="qa-benchmark-") as folder:
        yield Path(folder)


def expect(holds: bool, what: str) -> None:
    """End here if what was measured is not what was meant to be measured."""
    if not holds:
        raise SystemExit(f"Nothing was measured: {what}")


def build_library(path: Path, store: Path) -> int:
    """Index everything at ``path``; how many chunks that makes."""
    with closing(Library.open(store)) as library:
        report = library.build([path])
        expect(not report.refused, f"{report.refused[:1]} was refused")
        return report.n_chunks


# Speed


def speed(options: argparse.Namespace) -> list[Row]:
    """100,000 chunks built, beside LlamaIndex's own pipeline into Chroma."""
    with workspace() as folder:
        corpus = folder / "corpus.jsonl"
        write_jsonl(corpus, round(options.chunks / CHUNKS_PER_DOCUMENT), SEED)
        _say("building")
        ours = in_process(build_library, corpus, folder / "ours")
        _say("building with LlamaIndex's pipeline")
        theirs = in_process(build_with_llamaindex, corpus, folder / "theirs")
    ratio = (ours.result / ours.wall_s) / (theirs.result / theirs.wall_s)
    return [
        *_build_rows("", ours),
        *_build_rows("LlamaIndex: ", theirs),
        Row("times as fast", ratio, least=3),
        Row("memory, of theirs", 100 * ours.peak_bytes / theirs.peak_bytes, "%", most=100),
    ]


def _build_rows(whose: str, run: Run[int]) -> list[Row]:
    return [
        Row(f"{whose}chunks", run.result),
        Row(f"{whose}time", run.wall_s, "s"),
        Row(f"{whose}processor time", run.cpu_s, "s"),
        Row(f"{whose}chunks a second", run.result / run.wall_s),
        Row(f"{whose}most memory", run.peak_bytes / MB, "MB"),
    ]


# Tokens, those of the title included, that give about as many chunks as ours.
_CHUNK_TOKENS = 116
# About 4,000 nodes, however many a document gives.
_DOCUMENTS_A_RUN = 350


def build_with_llamaindex(corpus: Path, store: Path) -> int:
    """Index the documents as LlamaIndex's manual has it; how many chunks that makes."""
    import chromadb
    from chromadb.api.client import Client
    from chromadb.config import Settings
    from llama_index.core import Document
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from qa.llamaindex import ShippedEmbedding

    embedding = ShippedEmbedding()
    embedding.embed_batch_size = 1_000
    client = chromadb.PersistentClient(str(store), Settings(anonymized_telemetry=False))
    assert isinstance(client, Client)  # the interface it is typed as lacks close()
    collection = client.create_collection("chunks", embedding_function=None)
    pipeline = IngestionPipeline(
        transformations=[
            SentenceSplitter(chunk_size=_CHUNK_TOKENS, chunk_overlap=0),
            embedding,
        ],
        vector_store=ChromaVectorStore(chroma_collection=collection),
        disable_cache=True,
    )
    with corpus.open(encoding="utf-8") as lines:
        records = map(json.loads, lines)
        while some := list(itertools.islice(records, _DOCUMENTS_A_RUN)):
            pipeline.run(
                documents=[
                    Document(id_=r["id"], text=r["text"], metadata={"title": r["title"]})
                    for r in some
                ]
            )
    n_chunks = collection.count()
    client.close()
    return n_chunks


# A million


def million(options: argparse.Namespace) -> list[Row]:
    """1,000,000 chunks built, then searched and asked."""
    n_documents = round(options.chunks / CHUNKS_PER_DOCUMENT)
    rows = []
    with workspace() as folder:
        store = options.store or folder / "store"
        if current(store) is None:
            corpus = write_jsonl(folder / "corpus.jsonl", n_documents, SEED)
            _say("building")
            rows = _build_rows("", in_process(build_library, corpus, store))
        rows += _size_rows(store)
        _say("searching")
        found = in_process(search_times_ms, store, n_documents)
        _say("asking")
        asked = in_process(ask_times_ms, store, n_documents)
        commands_s = [_command_s(store, each) for each in questions(5, SEED + 3, n_documents)]
    return [
        *rows,
        Row("Library.search, median", _percentile(found.result, 50), "ms", most=60),
        Row("Library.search, 95th percentile", _percentile(found.result, 95), "ms", most=150),
        Row("memory while searching", found.peak_bytes / MB, "MB"),
        Row("Assistant.ask, median", _percentile(asked.result, 50), "ms"),
        Row("Assistant.ask, 95th percentile", _percentile(asked.result, 95), "ms"),
        Row("memory while asking", asked.peak_bytes / MB, "MB"),
        Row("qa ask, median", statistics.median(commands_s), "s"),
    ]


def _size_rows(store: Path) -> list[Row]:
    generation = store / (current(store) or "")
    return [
        Row(f"{part.name} on disk", _size(part) / MB, "MB") for part in sorted(generation.iterdir())
    ]


def _size(path: Path) -> int:
    return sum(part.stat().st_size for part in (path, *path.rglob("*")) if part.is_file())


def search_times_ms(store: Path, n_documents: int) -> list[float]:
    """Of 300 searches, one after the other."""
    with closing(Library.open(store)) as library:
        return _times_ms(library.search, n_documents, 300)


def ask_times_ms(store: Path, n_documents: int) -> list[float]:
    """Of 100 questions, one after the other."""
    assistant = Assistant.open(store)
    with closing(assistant.library):
        return _times_ms(assistant.ask, n_documents, 100)


def _times_ms(use: Callable[[str], object], n_documents: int, n: int) -> list[float]:
    for query in questions(20, SEED + 1, n_documents):
        use(query)
    return [1000 * _time_s(use, query) for query in questions(n, SEED, n_documents)]


def _time_s(use: Callable[..., object], *args: object) -> float:
    start = time.perf_counter()
    use(*args)
    return time.perf_counter() - start


def _command_s(store: Path, question: str) -> float:
    command = [sys.executable, "-m", "qa", "ask", "--store", str(store), question]
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _percentile(times: Sequence[float], percent: float) -> float:
    return float(np.percentile(times, percent)) if times else math.inf


# One of many changes


def update(options: argparse.Namespace) -> list[Row]:
    """10,000 documents indexed, then one of them changed, added, removed, renamed."""
    with workspace() as folder:
        documents = write_files(folder / "documents", options.documents, SEED, sentences=30)
        _say("building")
        run = in_process(update_times_s, documents, folder / "store")
    whole = run.result["all"]
    most = max(0.05 * whole, 2.0)
    return [
        Row(f"{options.documents:,} documents indexed", whole, "s"),
        Row("one changed", run.result["changed"], "s", most=most),
        *(Row(f"one {name}", run.result[name], "s") for name in ("added", "removed", "renamed")),
        Row("nothing changed", run.result["nothing"], "s"),
        Row("most memory", run.peak_bytes / MB, "MB"),
    ]


def update_times_s(folder: Path, store: Path) -> dict[str, float]:
    """Seconds of a first build of ``folder``, and of one after each of several changes."""
    first, second, third, *_ = sorted(folder.iterdir())
    text = document(len(list(folder.iterdir())), SEED)["text"]  # in none of the files
    changes: dict[str, Callable[[], object]] = {
        "nothing": lambda: None,
        "changed": lambda: first.write_text(text, "utf-8"),
        "added": lambda: (folder / "added.txt").write_text(text[:2_000], "utf-8"),
        "removed": second.unlink,
        "renamed": lambda: third.rename(folder / "renamed.txt"),
    }
    with closing(Library.open(store)) as library:
        times = {"all": _time_s(library.build, [folder])}
        for name, change in changes.items():
            _say(name)
            change()
            times[name] = _time_s(library.build)
            held = {entry.id: entry.sha256 for entry in library.documents()}
            expect(held == _on_disk(folder), f"{name}: the index is not as the folder is")
    return times


def _on_disk(folder: Path) -> dict[str, str]:
    """The hash of each file, by the id its document has."""
    return {
        f"{folder.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
    }


# Many small files


def files(options: argparse.Namespace) -> list[Row]:
    """10,000 small text files indexed."""
    with workspace() as folder:
        documents = write_files(folder / "documents", options.files, SEED)
        _say("building")
        run = in_process(build_library, documents, folder / "store")
    return [
        *_build_rows("", run),
        Row("files a second", options.files / run.wall_s, least=300),
    ]


# Asked while it is rebuilt

_THREADS = 8
_IDLE_S = 10


class Fact(NamedTuple):
    """What the text that changes says, with one value or the other."""

    question: str
    sentence: str
    values: tuple[str, str]


_FACTS = (
    Fact(
        "When does the ferry to Oldwick leave?",
        "The ferry to Oldwick leaves at {}.",
        ("9:15", "10:40"),
    ),
    Fact(
        "Who runs the bakery of Oldwick?",
        "The bakery of Oldwick is run by {}.",
        ("Ida Holm", "Max Orr"),
    ),
    Fact(
        "How many boats lie in Oldwick?", "{} boats lie in the harbour of Oldwick.", ("112", "87")
    ),
    Fact("What does a night at the inn cost?", "A night at the inn costs {} euros.", ("64", "71")),
    Fact(
        "Wie is de burgemeester van Veldrecht?",
        "De burgemeester van Veldrecht is {}.",
        ("Anna Smit", "Bram Kuiper"),
    ),
    Fact(
        "Hoe hoog is de toren van Veldrecht?",
        "De toren van Veldrecht is {} meter hoog.",
        ("48", "52"),
    ),
    Fact(
        "Wanneer begint de markt in Veldrecht?",
        "De markt in Veldrecht begint om {} uur.",
        ("8", "10"),
    ),
    Fact(
        "Wer leitet das Museum in Lindtal?",
        "Das Museum in Lindtal wird von {} geleitet.",
        ("Jonas Weber", "Greta Lang"),
    ),
    Fact(
        "Wann wurde die Brücke in Lindtal gebaut?",
        "Die Brücke in Lindtal wurde {} gebaut.",
        ("1911", "1934"),
    ),
    Fact("Wie viele Schüler hat die Schule?", "Die Schule hat {} Schüler.", ("310", "295")),
)


def asking(options: argparse.Namespace) -> list[Row]:
    """Eight threads ask through 20 rebuilds."""
    n = options.rebuilds
    with workspace() as folder:
        documents = write_files(folder / "documents", options.documents, SEED, sentences=30)
        assistant = Assistant.open(folder / "store")
        with closing(assistant.library):
            _say("building")
            expected = _expected(assistant, documents)
            phases = {}
            _say("asking while nothing happens")
            phases["idle"] = _asked_during(assistant, expected, time.sleep, _IDLE_S)
            _say("rebuilding in this process")
            phases["rebuilt here"] = _asked_during(
                assistant, expected, rebuild, assistant.library, documents, n
            )
            _say("rebuilding in another process")
            phases["rebuilt elsewhere"] = _asked_during(
                assistant, expected, in_process, rebuild_store, folder / "store", documents, n
            )
    idle = _percentile(phases["idle"].times_ms, 95)
    return [row for name, asked in phases.items() for row in _asked_rows(name, asked, idle)]


def _asked_rows(name: str, asked: Asked, idle_ms: float) -> list[Row]:
    p95 = _percentile(asked.times_ms, 95)
    rows = [
        Row(f"{name}: questions", len(asked.times_ms)),
        Row(f"{name}: generations that answered", len(asked.generations)),
        Row(f"{name}: errors", asked.errors, most=0),
        Row(f"{name}: mixed answers", asked.mixed, most=0),
        Row(f"{name}: median", _percentile(asked.times_ms, 50), "ms"),
        Row(f"{name}: 95th percentile", p95, "ms"),
    ]
    if name != "idle":
        rows.append(Row(f"{name}: 95th percentile, times idle", p95 / idle_ms, most=3))
    return rows


@dataclass(slots=True)
class Asked:
    """What one thread, or all of them, saw."""

    times_ms: list[float] = field(default_factory=list)
    generations: set[str] = field(default_factory=set)
    mixed: int = 0  # answers that are not those of the state they say they are of
    errors: int = 0


Expected = dict[str, list[dict[str, Any]]]
"""The answer to each question, by the fingerprint of the state it is of."""


def write_state(documents: Path, state: int) -> None:
    """Bring the folder into one of its two states, 0 or 1."""
    facts = [fact.sentence.format(fact.values[state]) for fact in _FACTS]
    facts = facts[::-1] if state else facts  # so that no sentence keeps its place
    (documents / "facts.txt").write_text("\n\n".join(facts) + "\n", "utf-8")


def rebuild(library: Library, documents: Path, n: int) -> None:
    """Change the folder from state to state and build, ``n`` times."""
    for number in range(n):
        write_state(documents, number % 2)
        report = library.build([documents])
        expect(len(report.changed) == 1, f"{report.changed} changed, not one document")


def rebuild_store(store: Path, documents: Path, n: int) -> None:
    """``rebuild`` for another process."""
    with closing(Library.open(store)) as library:
        rebuild(library, documents, n)


def _expected(assistant: Assistant, documents: Path) -> Expected:
    """Builds both states, the second one last."""
    expected = {}
    for state in (0, 1):
        write_state(documents, state)
        assistant.library.build([documents])
        answers = [assistant.ask(fact.question) for fact in _FACTS]
        for answer, fact in zip(answers, _FACTS, strict=True):
            right = fact.values[state] in answer.text
            expect(right, f"{fact.question} was answered {answer.text!r}")
        expected[answers[0].index["fingerprint"]] = [_compared(answer) for answer in answers]
    expect(len(expected) == 2, "both states have the same fingerprint")
    return expected


def _compared(answer: Answer) -> dict[str, Any]:
    return {k: v for k, v in answer.to_dict().items() if k not in ("index", "elapsed_ms")}


def _asked_during(
    assistant: Assistant,
    expected: Expected,
    work: Callable[..., object],
    *args: Any,  # noqa: ANN401 - of that function
) -> Asked:
    """What eight threads saw that asked for as long as ``work(*args)`` took."""
    stop = threading.Event()
    seen = [Asked() for _ in range(_THREADS)]
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = [pool.submit(_ask_on, assistant, expected, stop, each) for each in seen]
        try:
            work(*args)
        finally:
            stop.set()
    total = Asked()
    for each, future in zip(seen, futures, strict=True):
        total.times_ms += each.times_ms
        total.generations |= each.generations
        total.mixed += each.mixed
        error = future.exception()
        if error is not None:
            total.errors += 1
            _say(f"a thread failed: {error!r}")
    return total


def _ask_on(assistant: Assistant, expected: Expected, stop: threading.Event, seen: Asked) -> None:
    """Ask one question after the other until ``stop``, or until one fails."""
    for number, fact in itertools.cycle(enumerate(_FACTS)):
        if stop.is_set():
            return
        start = time.perf_counter()
        answer = assistant.ask(fact.question)
        seen.times_ms.append(1000 * (time.perf_counter() - start))
        seen.generations.add(answer.index["generation"])
        right = expected.get(answer.index["fingerprint"])
        if right is None or _compared(answer) != right[number]:
            seen.mixed += 1


if __name__ == "__main__":
    main()
