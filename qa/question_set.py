"""A set's files read: its questions checked line by line, and its documents' texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.decode import plain_in_place
from qa.errors import QuestionError
from qa.judge import EvalQuestion, Gold, Value
from qa.question import clean
from qa.types import Role, Turn

_NONE = type(None)
_Fields = Mapping[str, tuple[type, ...]]  # of an object: the types that each field may have
_QUESTION: _Fields = {
    "id": (str,),
    "lang": (str,),
    "question": (str,),
    "answerable": (bool,),
    "gold": (list,),
    "type": (str, _NONE),
    "accept": (list, dict, _NONE),
    "values": (list, _NONE),
    "scope": (list, _NONE),
    "history": (list, _NONE),
}
_GOLD: _Fields = {"doc_id": (str,), "answer": (str,), "start": (int, _NONE)}
_VALUE: _Fields = {"value": (str,), "accept": (list,), "docs": (list,), "gold": (list, _NONE)}
_TURN: _Fields = {"role": (str,), "text": (str,)}
_WORDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
    _NONE: "left out",
}
_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "agent": "assistant"}


def load_texts(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The text and the language of each document of a corpus, by id.

    A line that is no document is passed over: the index refuses it and says so. A document
    whose line names no language has none here.

    Raises:
        OSError: the file cannot be read.
    """
    texts, languages = {}, {}
    for line in path.read_text("utf-8-sig", errors="replace").split("\n"):
        try:
            document = json.loads(line)
            texts[document["id"]] = plain_in_place(str(document["text"]))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if document.get("lang"):
            languages[document["id"]] = str(document["lang"])
    return texts, languages


def load_questions(path: Path) -> list[EvalQuestion]:
    """The questions of a set, one JSON object a line, in their order.

    ``{"id", "lang", "question", "answerable", "gold": [{"doc_id", "answer", "start"?}]}`` and,
    where it has them, ``"type"``, ``"accept"`` (patterns, in a list or in lists by name),
    ``"values"`` (``[{"value", "accept", "docs", "gold"?}]``), ``"scope"`` (document ids) and
    ``"history"`` (``[{"role", "text"}]``). Other fields are passed over.

    Raises:
        QuestionError: there is no question, or a line is none; it says which, and what to do.
        OSError: the file cannot be read.
    """
    try:
        # Not splitlines(): U+2028 ends no line of JSON.
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise QuestionError(f"{path} is not text in UTF-8 ({error.reason})") from error
    questions: dict[str, EvalQuestion] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _question(line)
            if question.id in questions:
                raise QuestionError(f'The "id" {question.id!r} is taken; give each its own')
        except QuestionError as error:
            raise QuestionError(f"{path}, line {number}: {error}") from error
        questions[question.id] = question
    if not questions:
        raise QuestionError(f"{path} holds no question; write one a line")
    return list(questions.values())


def _question(line: str) -> EvalQuestion:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise QuestionError(f"{_cut(line)} is not JSON; write one object a line") from error
    fields = _checked(row, _QUESTION, "The line")
    clean(fields["question"])
    return EvalQuestion(
        id=fields["id"],
        lang=fields["lang"],
        question=fields["question"],
        answerable=fields["answerable"],
        gold=_gold(fields["gold"]),
        accept=_patterns(_flat(fields.get("accept") or [])),
        values=tuple(_value(row) for row in fields.get("values") or []),
        scope=None if fields.get("scope") is None else _texts(fields["scope"], "scope"),
        history=tuple(_turn(row) for row in fields.get("history") or []),
        type=fields.get("type") or "?",
    )


def _checked(row: object, fields: _Fields, what: str) -> dict[str, Any]:
    """The object itself, each of its fields of one of the types it may have."""
    if not isinstance(row, dict):
        raise QuestionError(f"{what} is {_cut(row)}; make it an object with {_named(fields)}")
    for name, types in fields.items():
        # Not isinstance(): true is a whole number to Python.
        if type(row.get(name)) not in types:
            seen = f"is {_cut(row[name])}" if name in row else "is missing"
            kinds = " or ".join(_WORDS[kind] for kind in types)
            raise QuestionError(f'"{name}" {seen}; make it {kinds}')
    return row


def _named(fields: _Fields) -> str:
    return ", ".join(f'"{name}"' for name, types in fields.items() if _NONE not in types)


def _cut(value: object) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return repr(shown if len(shown) <= 40 else f"{shown[:40]}…")


def _gold(rows: Iterable[object]) -> tuple[Gold, ...]:
    checked = [_checked(row, _GOLD, 'One of "gold"') for row in rows]
    return tuple(
        Gold(row["doc_id"], row["answer"], -1 if row.get("start") is None else row["start"])
        for row in checked
    )


def _value(row: object) -> Value:
    fields = _checked(row, _VALUE, 'One of "values"')
    return Value(
        value=fields["value"],
        accept=_patterns(fields["accept"]),
        docs=_texts(fields["docs"], "docs"),
        gold=_gold(fields.get("gold") or []),
    )


def _turn(row: object) -> Turn:
    fields = _checked(row, _TURN, 'One of "history"')
    if fields["role"] not in _ROLES:
        raise QuestionError(f'"role" is {_cut(fields["role"])}; make it one of {", ".join(_ROLES)}')
    return Turn(_ROLES[fields["role"]], fields["text"])


def _texts(rows: Sequence[object], name: str) -> tuple[str, ...]:
    for row in rows:
        if not isinstance(row, str):
            raise QuestionError(f'One of "{name}" is {_cut(row)}; make it text')
    return tuple(row for row in rows if isinstance(row, str))


def _flat(accept: list[Any] | dict[str, Any]) -> list[Any]:
    if isinstance(accept, list):
        return accept
    for name, patterns in accept.items():
        if not isinstance(patterns, list):
            raise QuestionError(f'"{name}" of "accept" is {_cut(patterns)}; make it a list')
    return [pattern for patterns in accept.values() for pattern in patterns]


def _patterns(rows: Sequence[object]) -> tuple[str, ...]:
    patterns = _texts(rows, "accept")
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise QuestionError(
                f'One of "accept" is {_cut(pattern)}, no regular expression ({error})'
            ) from error
    return patterns
