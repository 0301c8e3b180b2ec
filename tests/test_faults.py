"""What must hold after a fault; ``benchmarks/faults.py`` asks the same of many more."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from index import BuildError
from index.derive import VectorsChild
from tests import faults
from tests.faults import KINDS, POINTS, WAYS, Bench, Healthy, Kind, Point

# Each point in one kind of build.
_KILLS: list[tuple[Point, Kind]] = [(point, KINDS[(n + 1) % 3]) for n, point in enumerate(POINTS)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.make(tmp_path_factory.mktemp("kills"))


@pytest.fixture(scope="module")
def after_kills(bench: Bench) -> list[str]:
    """What was wrong after each kill; two at a time, as most of it is waiting."""
    return faults.at_once([partial(faults.killed_at, bench, *kill) for kill in _KILLS])


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    return Healthy.make(tmp_path_factory.mktemp("damage"))


# Killed builds


def test_there_are_twenty_points() -> None:
    assert len({point.name for point in POINTS}) == 20


@pytest.mark.parametrize(("point", "kind"), _KILLS, ids=[point.name for point, _ in _KILLS])
def test_a_build_that_is_killed_leaves_the_old_state_or_the_new(
    after_kills: list[str], point: Point, kind: Kind
) -> None:
    assert [fault for fault in after_kills if fault.startswith(f"{kind}, {point.name}:")] == []


def test_kills_at_any_moment_add_up_to_nothing(tmp_path: Path) -> None:
    assert faults.killed_at_random(tmp_path, 3) == []


def test_a_point_that_no_build_comes_to_is_told(bench: Bench) -> None:
    never = Point("never", "index.truth.Truth.open", given="no such path")
    assert faults.killed_at(bench, never, "update") == ["update, never: the point was not reached"]


def test_a_child_that_is_dead_before_it_is_given_anything_is_told(tmp_path: Path) -> None:
    child = VectorsChild(tmp_path, 4)
    try:
        child._process.kill()
        child._process.wait()
        with pytest.raises(BuildError, match=r"vectors cannot be made: its process ended with -9"):
            child.add([1], np.ones((1, 4), np.float32))
    finally:
        child.end()


# Two writers


def test_of_two_writers_one_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    assert faults.two_writers(tmp_path, 2) == []


# Damage


def test_damage_to_any_file_is_seen_and_no_answer_is_wrong_without_a_word(
    healthy: Healthy,
) -> None:
    ways = [way for way in WAYS if way != "misspelt"]
    jobs = [
        partial(
            faults.damaged, healthy, name, ways[n % len(ways)], unnoticed=False, mend=n % 6 == 0
        )
        for n, name in enumerate(healthy.files())
    ]
    assert faults.at_once(jobs) == []


@pytest.mark.parametrize("unnoticed", [False, True], ids=["touched", "untouched"])
def test_a_text_that_has_changed_in_the_store_is_not_cited(
    healthy: Healthy, unnoticed: bool
) -> None:
    name = "gen-000001/truth.sqlite"
    assert faults.damaged(healthy, name, "misspelt", unnoticed=unnoticed, mend=True) == []


def test_a_wrong_bit_in_a_file_that_was_found_whole_ends_no_process(healthy: Healthy) -> None:
    (header,) = [name for name in healthy.files() if name.endswith("/header.bin")]
    assert faults.damaged(healthy, header, "one bit", unnoticed=True, mend=True) == []


# Full disks


@pytest.mark.parametrize("spare_kb", [0, 150])
def test_the_old_index_answers_while_the_disk_is_full(bench: Bench, spare_kb: int) -> None:
    try:
        said, wrong = faults.disk_filled(bench, bench.docs, bench.answers[1], spare_kb)
    except PermissionError as error:
        pytest.skip(str(error))
    assert said != "it fits"
    assert wrong == []


def test_the_old_index_answers_where_no_larger_file_may_be_written(bench: Bench) -> None:
    said, wrong = faults.file_limited(bench, bench.docs, bench.answers[1], kb=100)
    assert said != "it fits"
    assert wrong == []


# Erasure


def test_what_was_removed_is_nowhere_in_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "erased"
    assert faults.in_process(faults.erased, folder).result == {}
    assert faults.in_process(faults.numbers_left, folder / "store").result == []
