"""Sentences that cannot stand alone: a quote cut in two, a claim about "him".

Such a sentence is cited together with the one beside it, as they stand in the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from qa.evidence import Evidence
from qa.words import PERSONS, WORD

# Whether a mark opens or closes: by what stands around it, for in German “ closes.
_OPENING = re.compile(r"(?<!\w)[\"„“«»](?=\w)|(?<=\s)[\"„“«»](?=\S)")
_CLOSING = re.compile(r"(?<=[\w.,!?…])[\"“”«»](?!\w)")
_MAX_CHARS = 600
# Within a paragraph one character stands between two sentences; a blank line is two.
_GAP = 1


def completed(one: Evidence, others: Sequence[Evidence]) -> Evidence:
    """The sentence with the one before or after it, if it leans on that; else as it is."""
    before = next((e for e in others if _follows(e, one)), None)
    after = next((e for e in others if _follows(one, e)), None)
    if after is not None and _is_left_open(one.text) and _is_closed(after.text):
        return _joined(one, after, one)
    if before is not None and _is_closed(one.text) and _is_left_open(before.text):
        return _joined(before, one, one)
    if before is not None and _names_nobody(one) and _names_somebody(before):
        return _joined(before, one, one)
    return one


def _follows(first: Evidence, second: Evidence) -> bool:
    return first.doc_id == second.doc_id and 0 <= second.start - first.end <= _GAP


def _is_left_open(text: str) -> bool:
    """Whether a quotation begins in a sentence and does not end in it."""
    last = max((m.start() for m in _OPENING.finditer(text)), default=-1)
    return last >= 0 and not _CLOSING.search(text, last + 1)


def _is_closed(text: str) -> bool:
    """Whether a quotation ends in a sentence that did not begin in it."""
    first = _CLOSING.search(text)
    return first is not None and not _OPENING.search(text, 0, first.start())


def _names_nobody(one: Evidence) -> bool:
    """Whether a sentence opens with a pronoun for a person: "He said so."."""
    opening = WORD.search(one.text)
    return opening is not None and opening.group().lower() in PERSONS.get(one.language, ())


def _names_somebody(before: Evidence) -> bool:
    return before.is_statement and not _names_nobody(before)


def _joined(first: Evidence, second: Evidence, kept: Evidence) -> Evidence:
    text = f"{first.text}{' ' * (second.start - first.end)}{second.text}"
    if len(text) > _MAX_CHARS:
        return kept
    return replace(kept, start=first.start, end=second.end, text=text)
