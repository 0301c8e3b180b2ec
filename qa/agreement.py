"""Which sentences say the same, and which give different values for the same thing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Vectors, shipped
from qa.evidence import Evidence, new_values
from qa.question import Question
from qa.values import Value, ValueKind, values
from qa.words import NEGATIONS, WORD, content_words

# Cosine of two sentences from which they count as the same fact, whatever their languages.
_SAME_FACT = 0.72
# Cosine of two capitalised words that may be one name, or one noun in two languages.
_SAME_NAME = 0.6
# Cosine of two sentences that speak of the same thing, though they give different values.
_SAME_THING = 0.5


# What belongs to a number when it is shown: "£12.4m", "84,50 euro", "13 %".
_UNIT_BEFORE = re.compile(r"[€$£]\s?$")
_UNIT_AFTER = re.compile(r"\s?(?:%|€|\$|£|euro\b|dollars?\b|pounds?\b|(?:m|bn|k)\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ValueGroup:
    """Evidence from several documents that gives one value."""

    value: str  # in the words of the first, its unit with it
    evidence: tuple[Evidence, ...]


def same_fact(first: Evidence, others: Sequence[Evidence]) -> list[Evidence]:
    """Those of ``others``, one a document, that say what ``first`` says.

    They are close in meaning, speak of the same names, give no other number, date or time,
    and neither denies what the other states.
    """
    close = _closeness(first, others)
    found: dict[str, Evidence] = {}
    for n in np.argsort(-close, kind="stable"):
        other = others[int(n)]
        if close[n] < _SAME_FACT:
            break
        if other.doc_id != first.doc_id and _says_the_same(first, other):
            found.setdefault(other.doc_id, other)
    return list(found.values())


def _closeness(first: Evidence, others: Sequence[Evidence]) -> Vectors:
    rows = shipped().sentences([first.text, *(e.text for e in others)])
    close: Vectors = rows[1:] @ rows[0]
    return close


def _says_the_same(first: Evidence, other: Evidence) -> bool:
    return not contradicts(first.text, other.text) and _same_names(first, other)


def contradicts(first: str, second: str) -> bool:
    """Whether two sentences cannot both say the same: other values, or one denies.

    >>> contradicts("Vier miljoen leden.", "4 million members."), contradicts("It is.", "Not so.")
    (False, True)
    """
    return not _compatible(values(first), values(second)) or _denies(first) != _denies(second)


def _denies(text: str) -> bool:
    return any(word.lower() in NEGATIONS for word in WORD.findall(text))


def _same_names(first: Evidence, other: Evidence) -> bool:
    """Whether each capitalised word of the one that has fewer is met in the other."""
    fewer, more = sorted((_capitalised(first), _capitalised(other)), key=len)
    if not fewer:
        return True
    if not more:
        return False
    one, _ = shipped().words(fewer)
    two, _ = shipped().words(more)
    near = one @ two.T
    near[[[a == b for b in more] for a in fewer]] = 1.0
    return bool((near.max(axis=1) >= _SAME_NAME).all())


def _capitalised(evidence: Evidence) -> list[str]:
    words = content_words(evidence.text, evidence.language)
    return [word.lower() for word in words if word[0].isupper()]


def _compatible(first: Sequence[Value], second: Sequence[Value]) -> bool:
    """Whether no kind of value that both give differs.

    "1500 inhabitants" reads like a year: against a number it counts as one.
    """
    one, two = {v.kind for v in first}, {v.kind for v in second}
    if ("year" in one) != ("year" in two) and "number" in one ^ two:
        return bool(_amounts(first) & _amounts(second))
    return all(_keys(first, kind) & _keys(second, kind) for kind in one & two)


def _amounts(found: Sequence[Value]) -> frozenset[str]:
    return _keys(found, "number") | _keys(found, "year")


def _keys(found: Sequence[Value], kind: ValueKind) -> frozenset[str]:
    return frozenset(value.key for value in found if value.kind == kind)


def different_values(question: Question, evidence: Sequence[Evidence]) -> list[ValueGroup]:
    """The values that documents give where they differ, best evidence first; else empty.

    Only for questions after a number or a time. The best sentence that gives one is
    compared with the best of every other document that speaks of the same thing.
    """
    if question.kind not in {"how_many", "how_much", "when"}:
        return []
    # The best must count what was asked for; the others need only speak of the same thing,
    # in whatever words: "10 miljoen gebruikers" and "vier miljoen leden".
    giving = [e for e in evidence if e.is_statement and new_values(question, e.text)]
    if not giving or giving[0] is not evidence[0] or not giving[0].fits:
        return []
    close = _closeness(giving[0], giving)
    best = {giving[0].doc_id: giving[0]}
    for one, closeness in zip(giving, close, strict=True):
        if closeness >= _SAME_THING:
            best.setdefault(one.doc_id, one)
    kind = new_values(question, giving[0].text)[0].kind
    kinds: tuple[ValueKind, ...] = (kind,) if question.kind == "when" else ("number", "year")
    groups: dict[frozenset[str], list[Evidence]] = {}
    for one in best.values():
        keys = frozenset().union(*(_keys(new_values(question, one.text), k) for k in kinds))
        members = groups.setdefault(next((g for g in groups if g & keys), keys), [])
        # Who gives the same value beside another difference is no witness to the statement.
        if not members or not contradicts(members[0].text, one.text):
            members.append(one)
    groups.pop(frozenset(), None)
    if len(groups) < 2:
        return []
    return [_group(question, members, kinds) for members in groups.values()]


def _group(question: Question, members: list[Evidence], kinds: Collection[ValueKind]) -> ValueGroup:
    text = members[0].text
    value = next(v for v in new_values(question, text) if v.kind in kinds)
    before, after = _UNIT_BEFORE.search(text[: value.start]), _UNIT_AFTER.match(text[value.end :])
    shown = f"{before[0] if before else ''}{value.text}{after[0] if after else ''}"
    return ValueGroup(shown, tuple(members))
