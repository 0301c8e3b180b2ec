"""How long a newcomer waits: start-up of the command, and an answer in a running process.

    python benchmarks/startup.py

Prints the median of five runs each, in one go, beside ``import chromadb`` as the yardstick:
machines differ, ratios less. The store is built from the shipped articles in a temporary folder.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qa import Assistant

RUNS = 5
QUESTION = "Why did Amazon drop Parler?"


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        assistant = Assistant.open(store)
        assistant.library.build()
        commands = {
            "import chromadb": [sys.executable, "-c", "import chromadb"],
            "qa --help": [sys.executable, "-m", "qa", "--help"],
            "import qa, index": [sys.executable, "-c", "import qa, index"],
            "qa ask": [sys.executable, "-m", "qa", "ask", "--store", str(store), QUESTION],
        }
        measured: dict[str, tuple[list[float], list[float]]] = {n: ([], []) for n in commands}
        for _ in range(RUNS):  # in turn, so that a slow minute hits all of them
            for name, command in commands.items():
                wall, cpu = _run(command)
                measured[name][0].append(wall)
                measured[name][1].append(cpu)
        yardstick = [statistics.median(x) for x in measured["import chromadb"]]
        print(f"{'':20}{'wall s':>8}{'cpu s':>8}{'wall ratio':>12}{'cpu ratio':>12}")
        for name, both in measured.items():
            wall, cpu = (statistics.median(x) for x in both)
            ratios = f"{wall / yardstick[0]:12.2f}{cpu / yardstick[1]:12.2f}"
            print(f"{name:20}{wall:8.2f}{cpu:8.2f}{ratios}")
        print(f"answer in a running process: {_answer_ms(assistant):.1f} ms")


def _run(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one process and its children."""
    before = os.times()
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    after = os.times()
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system


def _answer_ms(assistant: Assistant) -> float:
    """The median over questions that were not asked before, the first left out."""
    questions = [f"{QUESTION[:-1]} in {year}?" for year in range(2000, 2011)]
    times = []
    for question in questions:
        start = time.perf_counter()
        assistant.ask(question)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
