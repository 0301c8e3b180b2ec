"""What happens to an index when things go wrong: kills, two writers, damage, full disks, erasure.

    python benchmarks/faults.py kills          # 20 points of three kinds of build
    python benchmarks/faults.py random-kills   # 60 moments, each going on from the last
    python benchmarks/faults.py writers        # two at once, 20 times
    python benchmarks/faults.py damage         # each file of two stores, in seven ways
    python benchmarks/faults.py full-disk      # at twelve stages; needs root for a small disk
    python benchmarks/faults.py erasure        # 20 words in 20 documents

Each prints one table, and what was wrong, a line each, to the error stream. How the faults are
made and what must hold after them is in ``tests/faults.py``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests import faults
from tests.faults import KINDS, POINTS, SEEN_AT_ONCE, WAYS, Bench, Healthy

Counted = dict[str, list[str]]
"""For each measure what was wrong."""

# More than Chroma adds before it writes its graph to the disk.
LARGE_SENTENCES = 1_600
# Of what a build takes on the disk: how much of that is left.
SPARE = (0, 0.02, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
FILE_KB = (20, 300, 1_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Make faults and see what holds.")
    commands: list[Callable[[Path], Counted]] = [
        kills, random_kills, writers, damage, full_disk, erasure,
    ]  # fmt: skip
    by_name = {each.__name__.replace("_", "-"): each for each in commands}
    parser.add_argument("what", choices=by_name)
    parser.add_argument("--strict", action="store_true", help="exit with 1 if anything was wrong")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        counted = by_name[options.what](Path(folder))
    print("| measure | must | measured | |\n|---|---|---|---|")
    for measure, found in counted.items():
        for fault in found:
            print(fault, file=sys.stderr)
        print(f"| {measure} | 0 | {len(found)} | {'missed' if found else 'reached'} |")
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    if options.strict and any(counted.values()):
        sys.exit(1)


def kills(folder: Path) -> Counted:
    """Kill a build at each point, in each kind of build."""
    bench = Bench.make(folder)
    return {
        f"{len(POINTS)} kills, {kind}: wrong": faults.at_once(
            [partial(faults.killed_at, bench, point, kind) for point in POINTS]
        )
        for kind in KINDS
    }


def random_kills(folder: Path) -> Counted:
    """Kill updates at any moment, never starting anew."""
    return {"60 kills at any moment: wrong": faults.killed_at_random(folder, 60)}


def writers(folder: Path) -> Counted:
    """Two processes build at once."""
    return {"two writers, 20 times: lost, unreachable": faults.two_writers(folder, 20)}


def damage(folder: Path) -> Counted:
    """Damage each file in each way, and mend it."""
    (folder / "small").mkdir()
    (folder / "large").mkdir()
    small = Healthy.make(folder / "small")
    large = Healthy.make(folder / "large", LARGE_SENTENCES)
    # What else there is in the large one is larger, not other.
    vectors = [name for name in large.files() if "/vectors/" in name]
    return {
        "each file damaged: wrong": faults.at_once(_damages(small, small.files())),
        "each vector file of a larger store: wrong": faults.at_once(_damages(large, vectors)),
    }


def _damages(healthy: Healthy, names: list[str]) -> list[Callable[[], list[str]]]:
    return [
        partial(faults.damaged, healthy, name, way, unnoticed=unnoticed, mend=not unnoticed)
        for name in names
        for way in WAYS
        for unnoticed in ((False,) if way in SEEN_AT_ONCE else (False, True))
    ]


def full_disk(folder: Path) -> Counted:
    """Build where there is too little room, at more and more of it."""
    bench = Bench.make(folder)
    faults.write_many(bench.docs, 400)
    whole = folder / "whole"
    error = faults.in_process(faults.built, whole, bench.docs).result
    assert error == "", error
    takes_kb = sum(map(len, faults.contents(whole).values())) // 1024
    new = faults.looked(whole).answers
    assert new is not None
    counted: Counted = {}
    for share in SPARE:
        said, found = faults.disk_filled(bench, bench.docs, new, int(share * takes_kb))
        counted[f"{100 * share:.0f} % of the room ({_in_short(said)}): wrong"] = found
    for kb in FILE_KB:
        said, found = faults.file_limited(bench, bench.docs, new, kb)
        counted[f"files of {kb} KB ({_in_short(said)}): wrong"] = found
    return counted


def _in_short(said: str) -> str:
    """Which part did not fit."""
    parts = ("documents", "word index", "vector index", "it fits")
    return next((part for part in parts if part in said), "before it began")


def erasure(folder: Path) -> Counted:
    """Remove 20 documents, and look for a word of each."""
    found = faults.in_process(faults.erased, folder / "erased").result
    assert found is not None
    left = faults.in_process(faults.numbers_left, folder / "erased" / "store").result
    assert left is not None
    return {
        "20 words of removed documents: still found": [
            f"{word} in {', '.join(where)}" for word, where in found.items()
        ],
        "chunks that the parts know and the truth does not": left,
    }


if __name__ == "__main__":
    main()
