"""A set's files: what a line may say, and what is said of one that says it wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa.errors import QuestionError
from qa.judge import EvalQuestion, Gold, Value
from qa.question_set import load_questions, load_texts
from qa.types import Turn

LEAST: dict[str, Any] = {
    "id": "a",
    "lang": "nl",
    "question": "Sinds wanneer draait de molen?",
    "answerable": True,
    "gold": [],
}
GOLD = {"doc_id": "d", "answer": "1782", "start": 37}
VALUE = {"value": "1782", "accept": ["17.."], "docs": ["d"]}


def lines(path: Path, *rows: object) -> Path:
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text(text, "utf-8")
    return path


def test_the_least_that_a_question_says(tmp_path: Path) -> None:
    (found,) = load_questions(lines(tmp_path / "q", LEAST))
    assert found == EvalQuestion("a", "nl", "Sinds wanneer draait de molen?", True)


def test_all_that_a_question_may_say(tmp_path: Path) -> None:
    row = LEAST | {
        "gold": [GOLD, {"doc_id": "e", "answer": ""}, GOLD | {"start": None}],
        "type": "disagree",
        "accept": {"nl": ["acht.*"], "any": ["17(82|91)", "x"]},
        "values": [VALUE, VALUE | {"gold": [GOLD]}],
        "scope": ["d", "e"],
        "history": [
            {"role": "user", "text": "Welke molen?"},
            {"role": "agent", "text": "Die van Wervelzand."},
            {"role": "assistant", "text": "En verder?"},
        ],
        "whatever": [1, 2],
    }
    (found,) = load_questions(lines(tmp_path / "q", row))
    assert found.gold == (Gold("d", "1782", 37), Gold("e", "", -1), Gold("d", "1782", -1))
    assert (found.type, found.accept) == ("disagree", ("acht.*", "17(82|91)", "x"))
    value = Value("1782", ("17..",), ("d",))
    assert found.values == (value, Value("1782", ("17..",), ("d",), (Gold("d", "1782", 37),)))
    assert found.scope == ("d", "e")
    assert [turn.role for turn in found.history] == ["user", "assistant", "assistant"]
    assert found.history[1] == Turn("assistant", "Die van Wervelzand.")


def test_what_is_null_is_as_if_left_out(tmp_path: Path) -> None:
    row = LEAST | dict.fromkeys(("type", "accept", "values", "scope", "history"))
    assert load_questions(lines(tmp_path / "q", row)) == load_questions(
        lines(tmp_path / "r", LEAST)
    )


def test_an_empty_scope_is_not_a_missing_one(tmp_path: Path) -> None:
    (found,) = load_questions(lines(tmp_path / "q", LEAST | {"scope": []}))
    assert found.scope == ()


def test_patterns_may_stand_in_one_list(tmp_path: Path) -> None:
    (found,) = load_questions(lines(tmp_path / "q", LEAST | {"accept": ["1782"]}))
    assert found.accept == ("1782",)


def test_questions_keep_their_order_and_empty_lines_are_none(tmp_path: Path) -> None:
    rows = ("\ufeff" + json.dumps(LEAST), "", "  ", LEAST | {"id": "c"}, LEAST | {"id": "b"}, "")
    assert [q.id for q in load_questions(lines(tmp_path / "q", *rows))] == ["a", "c", "b"]


def test_a_line_separator_ends_no_question(tmp_path: Path) -> None:
    row = json.dumps(LEAST | {"question": "Wat\u2028is dat?"}, ensure_ascii=False)
    (found,) = load_questions(lines(tmp_path / "q", row))
    assert found.question == "Wat\u2028is dat?"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{nonsense", "'{nonsense' is not JSON; write one object a line"),
        ("[" * 100_000, "is not JSON"),
        ([1], 'The line is \'[1]\'; make it an object with "id", "lang", "question"'),
        ("null", "The line is 'null'; make it an object"),
        ({"id": "a"}, '"lang" is missing; make it text'),
        (LEAST | {"id": 7}, "\"id\" is '7'; make it text"),
        (LEAST | {"id": None}, "\"id\" is 'null'; make it text"),
        (LEAST | {"answerable": 1}, "\"answerable\" is '1'; make it true or false"),
        (LEAST | {"answerable": "yes"}, "\"answerable\" is 'yes'; make it true or false"),
        (LEAST | {"question": " ? "}, "There is no question"),
        (LEAST | {"question": "why " * 9_000}, "ask it shorter"),
        (LEAST | {"gold": {}}, "\"gold\" is '{}'; make it a list"),
        (LEAST | {"gold": ["d"]}, "One of \"gold\" is 'd'; make it an object"),
        (LEAST | {"gold": [{"doc_id": "d"}]}, '"answer" is missing; make it text'),
        (LEAST | {"gold": [GOLD | {"start": True}]}, "make it a whole number or left out"),
        (LEAST | {"gold": [GOLD | {"start": "3"}]}, "\"start\" is '3'"),
        (LEAST | {"type": 3}, "\"type\" is '3'; make it text or left out"),
        (LEAST | {"accept": "1782"}, "make it a list or an object or left out"),
        (LEAST | {"accept": {"nl": "1782"}}, '"nl" of "accept" is \'1782\'; make it a list'),
        (LEAST | {"accept": [7]}, "One of \"accept\" is '7'; make it text"),
        (LEAST | {"accept": ["("]}, "One of \"accept\" is '(', no regular expression"),
        (LEAST | {"values": [{"value": "x"}]}, '"accept" is missing; make it a list'),
        (LEAST | {"values": [VALUE | {"docs": [1]}]}, "One of \"docs\" is '1'; make it text"),
        (LEAST | {"scope": "d"}, "\"scope\" is 'd'; make it a list or left out"),
        (LEAST | {"scope": [None]}, "One of \"scope\" is 'null'; make it text"),
        (LEAST | {"history": ["x"]}, "One of \"history\" is 'x'; make it an object"),
        (LEAST | {"history": [{"role": "user"}]}, '"text" is missing; make it text'),
        (
            LEAST | {"history": [{"role": "system", "text": ""}]},
            "\"role\" is 'system'; make it one of user, assistant, agent",
        ),
        (LEAST, "The \"id\" 'a' is taken; give each its own"),
    ],
)
def test_a_bad_line_is_named_with_what_was_seen_and_what_to_do(
    row: object, said: str, tmp_path: Path
) -> None:
    path = lines(tmp_path / "questions.jsonl", LEAST, "", row)
    with pytest.raises(QuestionError) as raised:
        load_questions(path)
    message = str(raised.value)
    assert message.startswith(f"{path}, line 3: ")
    assert said in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 200


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_file_without_questions_is_said(text: str, tmp_path: Path) -> None:
    with pytest.raises(QuestionError, match="holds no question; write one a line"):
        load_questions(lines(tmp_path / "q", text))


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(b'{"id": "caf\xe9"}')
    with pytest.raises(QuestionError, match="is not text in UTF-8"):
        load_questions(tmp_path / "q")


def test_texts_and_languages_are_read_and_what_is_no_document_is_passed_over(
    tmp_path: Path,
) -> None:
    rows: list[object] = [
        {"id": "a", "text": "één\r\n", "lang": "nl", "title": "T"},
        {"id": "b", "text": "two\x00"},
        {"id": "c"},
        {"id": [], "text": "x"},
        {"text": "x"},
        "nonsense",
        "[1]",
        "",
    ]
    found = load_texts(lines(tmp_path / "c", *rows))
    assert found == ({"a": "één \n", "b": "two "}, {"a": "nl"})  # as the index has them
