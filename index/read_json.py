"""JSON → lines of ``name: value``, as one would read a table or a form."""

from __future__ import annotations

import json
import re
from typing import NoReturn, Union

from index.decode import Content, UnreadableError, plain
from index.rows import LIMIT_CELLS, LIMIT_CHARS, TOO_LARGE, one_line

_MAX_DEPTH = 200
# What fits on one line; the sentence finder cuts longer ones anyway.
_LINE_CHARS = 800
_LONG_CHARS = 200  # a value longer than this is a text of its own
_WORD_CHARS = 40  # a list of values up to this stands on one line, like tags

# Numbers are as they are written; an object is the tuple of its members, as a name may come twice.
_Value = Union[str, bool, None, list["_Value"], "_Object"]
_Object = tuple[tuple[str, "_Value"], ...]


def read_json(raw: bytes) -> Content:
    """Each object as a line of its values, a list of objects as a table.

    What is in an object in an object is named ``outer inner: value``; an object that has no room on
    one line has a line for each of its members. Lists of objects and long texts stand by themselves
    under their name. Strings are exact but for the white space around them; null and empty ones
    are left out. Of a name that comes twice in an object both values are kept.

    Raises:
        UnreadableError: It is not JSON in UTF-8 or UTF-16, nested too deep, too large, or holds no
            text.
    """
    value = _parsed(raw)
    lines = _lines(*_Writer().parts("", value))
    if not lines:
        raise UnreadableError("holds no text")
    text = "\n\n".join(lines)
    if re.search("[\ud800-\udfff]", text):
        raise UnreadableError("holds half a character (a lone surrogate)")
    members = value if isinstance(value, tuple) else ()
    titles = (inner for name, inner in members if name == "title" and isinstance(inner, str))
    return Content(text, title=one_line(next(titles, "")))


def _parsed(raw: bytes) -> _Value:
    try:
        value: _Value = json.loads(
            raw.decode(json.detect_encoding(raw)),
            object_pairs_hook=tuple,
            parse_constant=_no_number,
            parse_float=str,
            parse_int=str,
        )
    except UnicodeDecodeError as error:
        raise UnreadableError("is neither in UTF-8 nor in UTF-16; save it as UTF-8") from error
    except ValueError as error:
        raise UnreadableError(f"is not JSON: {error}") from error
    except RecursionError as error:
        raise UnreadableError("is nested too deep") from error
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


class _Writer:
    """Writes one value, keeping count: a name is repeated for each value under it.

    Each method gives what may share a line with other members of the same object, then the lines
    that may not.
    """

    def __init__(self) -> None:
        self._n_values = 0
        self._n_chars = 0

    def parts(self, name: str, value: _Value, depth: int = 0) -> tuple[list[str], list[str]]:
        if depth > _MAX_DEPTH:
            raise UnreadableError("is nested too deep")
        self._n_values += 1
        if self._n_values > LIMIT_CELLS:
            raise UnreadableError(f"has more than {LIMIT_CELLS:,} values; split it")
        if isinstance(value, tuple):
            return self._object(name, value, depth)
        if isinstance(value, list):
            return self._list(name, value, depth)
        if value is None:
            return [], []
        return self._leaf(name, str(value).lower() if isinstance(value, bool) else value)

    def _object(self, name: str, value: _Object, depth: int) -> tuple[list[str], list[str]]:
        short, lines, apart = list[str](), list[str](), list[str]()
        for inner, member in value:
            full_name = self._counted(f"{name} {one_line(inner)}".strip())
            member_short, member_lines = self.parts(full_name, member, depth + 1)
            short += member_short
            lines += member_lines
            apart += _lines(member_short, member_lines)
        return (short, lines) if len("; ".join(short)) <= _LINE_CHARS else ([], apart)

    def _list(self, name: str, value: list[_Value], depth: int) -> tuple[list[str], list[str]]:
        lines = list[str]()
        for item in value:
            lines += _lines(*self.parts("", item, depth + 1))
        if not any(map(_holds, value)) and all(len(line) <= _WORD_CHARS for line in lines):
            words = ", ".join(lines)
            if len(words) <= _LINE_CHARS:
                return self._leaf(name, words)
        return [], [*_heading(name), *lines]

    def _leaf(self, name: str, value: str) -> tuple[list[str], list[str]]:
        text = plain(value).strip()
        if not text:
            return [], []
        if len(text) > _LONG_CHARS or "\n" in text:
            return [], [*_heading(name), self._counted(text)]
        return [self._counted(f"{name}: {text}" if name else text)], []

    def _counted(self, text: str) -> str:
        self._n_chars += len(text)
        if self._n_chars > LIMIT_CHARS:
            raise UnreadableError(TOO_LARGE)
        return text


def _lines(short: list[str], lines: list[str]) -> list[str]:
    return ["; ".join(short), *lines] if short else lines


def _heading(name: str) -> list[str]:
    return [f"{name}:"] if name else []


def _holds(value: _Value) -> bool:
    return isinstance(value, list | tuple)
