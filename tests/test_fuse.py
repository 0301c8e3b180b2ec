from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fuse import LEXICAL_WEIGHT, fuse

NUMBERS = st.integers(1, 30)
COSINES = st.dictionaries(NUMBERS, st.floats(-1, 1))
SCORES = st.dictionaries(NUMBERS, st.floats(0, 40))


def test_a_sum_worked_by_hand() -> None:
    # 1: 0.5; 2: 0.2 + 0.03 * 10 = 0.5 too; 3: 0.03 * 12 = 0.36; 4: -0.1 + 0.03 * 1 = -0.07
    fused = fuse({1: 0.5, 2: 0.2, 4: -0.1}, {2: 10.0, 3: 12.0, 4: 1.0}, weight=0.03)
    assert [number for number, _ in fused] == [1, 2, 3, 4]
    assert [score for _, score in fused] == pytest.approx([0.5, 0.5, 0.36, -0.07])


@pytest.mark.parametrize(
    ("dense", "lexical", "expected"),
    [
        ({}, {}, []),
        ({7: 0.25}, {}, [(7, 0.25)]),
        ({}, {7: 10.0}, [(7, 10.0 * LEXICAL_WEIGHT)]),
        ({9: 0.5, 3: 0.5, 5: 0.5}, {}, [(3, 0.5), (5, 0.5), (9, 0.5)]),
    ],
    ids=["nothing", "dense alone", "lexical alone", "ties by number"],
)
def test_either_side_may_be_empty(
    dense: dict[int, float], lexical: dict[int, float], expected: list[tuple[int, float]]
) -> None:
    assert fuse(dense, lexical) == expected


@given(COSINES, SCORES)
def test_neither_side_gates_the_other(dense: dict[int, float], lexical: dict[int, float]) -> None:
    assert {number for number, _ in fuse(dense, lexical)} == dense.keys() | lexical.keys()


@given(COSINES, SCORES)
def test_the_best_come_first_and_ties_by_number(
    dense: dict[int, float], lexical: dict[int, float]
) -> None:
    fused = fuse(dense, lexical)
    assert fused == sorted(fused, key=lambda item: (-item[1], item[0]))


@given(COSINES, SCORES)
def test_without_weight_only_the_cosine_counts(
    dense: dict[int, float], lexical: dict[int, float]
) -> None:
    expected = {number: dense.get(number, 0.0) for number in dense.keys() | lexical.keys()}
    assert dict(fuse(dense, lexical, weight=0.0)) == expected
