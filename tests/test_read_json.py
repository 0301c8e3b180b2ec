from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.decode import UnreadableError
from index.read_json import read_json

LONG = "Een lange tekst, die voor zichzelf staat. " * 6


def text(value: object) -> str:
    return read_json(json.dumps(value).encode()).text


def refusal(raw: bytes) -> str:
    with pytest.raises(UnreadableError) as refused:
        read_json(raw)
    return str(refused.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"naam": "Jan", "stad": "Gent"}, {"naam": "Eva"}], "naam: Jan; stad: Gent\n\nnaam: Eva"),
        ({"naam": "Jan", "adres": {"straat": "Ei 1"}}, "naam: Jan; adres straat: Ei 1"),
        ({"a": {"b": {"c": 1}}, "d": None, "e": "", "f": [], "g": {}}, "a b c: 1"),
        ({"ja": True, "nee": False}, "ja: true; nee: false"),
        ({"soort": ["oud", "groen"], "n": [1, 2]}, "soort: oud, groen; n: 1, 2"),
        ([[1, 2], [3, 4]], "1, 2\n\n3, 4"),
        ({"x": [[1, 2], [3]]}, "x:\n\n1, 2\n\n3"),
        (
            {"firma": "X", "mensen": [{"naam": "Jan"}, {"naam": "Eva"}]},
            "firma: X\n\nmensen:\n\nnaam: Jan\n\nnaam: Eva",
        ),
        ([{"id": 1, "body": "een\r\n\r\ntwee", "n": 2}], "id: 1; n: 2\n\nbody:\n\neen\n\ntwee"),
        ([{"id": 1, "body": LONG}], f"id: 1\n\nbody:\n\n{LONG.strip()}"),
        ([LONG[:41], "b"], f"{LONG[:41]}\n\nb"),
        ("enig", "enig"),
        ({" naam \n vol": "  twee  spaties & < > 😀 "}, "naam vol: twee  spaties & < > 😀"),
        ({"a": "x\u0000y\u0007z"}, "a: x y z"),
    ],
)
def test_an_object_reads_as_a_line_and_what_has_no_room_stands_by_itself(
    value: object, expected: str
) -> None:
    assert text(value) == expected


def test_an_object_too_long_for_a_line_has_a_line_for_each_member() -> None:
    people = {f"p{i}": {"naam": f"Jan {i}", "stad": "Gent"} for i in range(100)}
    lines = text({"titel": "Lijst", "mensen": people}).split("\n\n")
    assert lines[:2] == ["titel: Lijst", "mensen p0 naam: Jan 0; mensen p0 stad: Gent"]
    assert len(lines) == 101


def test_numbers_are_as_they_were_written_and_names_that_come_twice_are_kept() -> None:
    raw = b'{"n": 1.50, "n": 1e3, "m": 123456789012345678901234567890, "z": -0}'
    assert read_json(raw).text == "n: 1.50; n: 1e3; m: 123456789012345678901234567890; z: -0"
    digits = b"1" * 10_000
    assert read_json(digits).text == digits.decode()


def test_its_title_is_the_one_at_the_top() -> None:
    assert read_json(b'{"x": {"title": "in"}, "title": "Een \\n titel"}').title == "Een titel"
    assert read_json(b'[{"title": "in"}]').title == ""
    assert read_json(b'{"title": ["a"]}').title == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_of_json_is_read(encoding: str) -> None:
    assert read_json('{"straße": "één 😀"}'.encode(encoding)).text == "straße: één 😀"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ('["é"]'.encode("cp1252"), "is neither in UTF-8 nor in UTF-16; save it as UTF-8"),
        (b"{'a': 1}", "is not JSON: "),
        (b'{"a": 1}\n{"a": 2}', "is not JSON: "),
        (b'{"a": NaN}', "is not JSON: NaN is not a number"),
        (b"[-Infinity]", "is not JSON: -Infinity is not a number"),
        (b"[" * 1_000_000, "is nested too deep"),
        (b'{"a":' * 100_000, "is nested too deep"),
        (b"[" * 202 + b"1" + b"]" * 202, "is nested too deep"),
        (b'["\\ud800"]', "holds half a character (a lone surrogate)"),
        (b'{"a": {}, "b": [null, ""]}', "holds no text"),
        (b"[" + b"1," * 1_000_000 + b"1]", "has more than 1,000,000 values; split it"),
        (
            b'{"' + b"k" * 100_000 + b'": {' + b'"a": 1,' * 2_000 + b'"a": 1}}',
            "is larger than 100 MB when written out; split it",
        ),
    ],
)
def test_what_is_no_json_or_too_much_is_refused(raw: bytes, why: str) -> None:
    started = time.monotonic()
    assert refusal(raw).startswith(why)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "inside", [b"[" + b"1," * 200_000 + b"1]", b"[" + b"[]," * 200_000 + b"1]"]
)
def test_deep_json_is_read_soon(inside: bytes) -> None:
    started = time.monotonic()
    assert read_json(b"[" * 190 + inside + b"]" * 190).text.startswith("1")
    assert time.monotonic() - started < 10


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), max_size=60)
VALUES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=30,
)


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [word for inner in value.values() for word in strings(inner)]
    if isinstance(value, list):
        return [word for inner in value for word in strings(inner)]
    return [str(value)]


@settings(deadline=None)
@given(VALUES)
def test_no_string_is_lost(value: object) -> None:
    found = text([value, "slot"])
    assert all(word in found for word in strings(value))
    assert found.endswith("slot")


@given(st.lists(st.dictionaries(WORDS, WORDS.filter(bool), min_size=1, max_size=4), min_size=1))
def test_the_members_of_records_come_in_order(records: list[dict[str, str]]) -> None:
    lines = ("; ".join(f"{k}: {v}" if k else v for k, v in record.items()) for record in records)
    assert text(records) == "\n\n".join(lines)


def test_damaged_json_is_read_or_refused() -> None:
    chance = random.Random(11)
    whole = json.dumps([{"a": "Éva", "n": [1, 2.5, None, True], "x": {"y": "a\nb"}}] * 5).encode()
    for _ in range(2_000):
        raw = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            raw[chance.randrange(len(raw))] = chance.choice([*b'{}[]",:\\u0dtfn ', 0, 255])
        try:
            assert read_json(bytes(raw)).text
        except UnreadableError as refused:
            assert str(refused)  # noqa: PT017
