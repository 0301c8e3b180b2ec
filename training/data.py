"""The training text: aligned units, dictionary groups, and the part of both held out for choices.

A *unit* is one sentence or paragraph in two or three languages. Units stand in document order
within a source, so the last of them are documents of their own: those are the development
split. Nothing of it is trained on, and every choice of the recipe was made on it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "de", "nl")

# How many units at the end of a source are held out; only sources that are running text in all
# three languages. NTREX (news) and FLORES (Wikimedia) are nearest to what people ask about.
_HELD_OUT = {"ntrex": 150, "flores": 78, "gnome-user-docs": 240, "mozilla-www-l10n": 240}
# One dictionary group in forty is held out too, by the hash of its words.
_HELD_OUT_GROUPS = 40


@dataclass(frozen=True, slots=True)
class Unit:
    """One text in two or three languages."""

    source: str
    texts: Mapping[str, str]


Group = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything there is to train on and to choose by; units of the two share no text."""

    units: tuple[Unit, ...]
    groups: tuple[Group, ...]
    dev_units: tuple[Unit, ...]
    dev_groups: tuple[Group, ...]


def read(folder: Path) -> Corpus:
    """The corpus in a folder of ``train_tri``, ``train_pivot`` and ``dict`` ``.jsonl.gz`` files.

    Raises:
        FileNotFoundError: one of the three files is missing.
    """
    units = [*_units(folder / "train_tri.jsonl.gz"), *_units(folder / "train_pivot.jsonl.gz")]
    groups: list[Group] = [
        {language: tuple(row[language]) for language in LANGUAGES if row.get(language)}
        for row in _rows(folder / "dict.jsonl.gz")
    ]
    dev_units = _tails(units)
    held = {id(unit) for unit in dev_units}
    seen = {text for unit in dev_units for text in unit.texts.values()}
    return Corpus(
        # A sentence that also stands in the development split would make it easy.
        units=tuple(
            unit
            for unit in units
            if id(unit) not in held and not seen.intersection(unit.texts.values())
        ),
        groups=tuple(group for group in groups if not _held_out(group)),
        dev_units=dev_units,
        dev_groups=tuple(group for group in groups if _held_out(group)),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _units(path: Path) -> Iterator[Unit]:
    for row in _rows(path):
        texts = {language: str(row[language]) for language in LANGUAGES if language in row}
        yield Unit(str(row["src"]), texts)


def _tails(units: list[Unit]) -> tuple[Unit, ...]:
    tails: list[Unit] = []
    for source, n_units in _HELD_OUT.items():
        tails += [unit for unit in units if unit.source == source][-n_units:]
    return tuple(unit for unit in tails if len(unit.texts) == len(LANGUAGES))


def _held_out(group: Group) -> bool:
    words = " ".join(word for language in sorted(group) for word in group[language])
    return zlib.crc32(words.encode()) % _HELD_OUT_GROUPS == 0
