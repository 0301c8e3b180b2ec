"""Which sentences say the same, and which give different values for the same thing."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from index.embed import Vectors, shipped
from index.lexical import stem
from qa.evidence import Evidence
from qa.expected import new_values
from qa.match import may_be_name
from qa.question import Question
from qa.values import Value, comparable, same, values
from qa.words import NEGATIONS, WORD, content_words

# Cosine of two sentences from which they count as the same fact, whatever their languages.
_SAME_FACT = 0.72
# Cosine of two capitalised words that may be one name, or one noun in two languages.
_SAME_NAME = 0.6
# Cosine of two sentences that speak of the same thing, though they give different values.
_SAME_THING = 0.5
# And of two that say who did it, or who it is.
_SAME_ROLE = 0.6
# How much worse than the best (log odds) a sentence may answer and still contradict it.
_RIVALS = 2.0
# Two sentences are one but for a few words if they share this much and differ in so many.
_SHARED = 0.5
_MOST_REPLACED = 3
# Cosines: of a word that is what was asked about, and of two words for things of one kind.
_ASKED_ABOUT = 0.5
_SAME_KIND = 0.12
# How much less a sentence may be about the names asked after, and still be about the same.
_SLACK = 0.1
_AT_A_PLACE = re.compile(r"\b(?:in|at|from|near|aus|bei|im|bij|uit|te|nach|naar)\s+(\w+)", re.I)


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
    close = closeness(first, others)
    found: dict[str, Evidence] = {}
    for n in np.argsort(-close, kind="stable"):
        other = others[int(n)]
        if close[n] < _SAME_FACT:
            break
        if other.doc_id != first.doc_id and _says_the_same(first, other):
            found.setdefault(other.doc_id, other)
    return list(found.values())


def closeness(first: Evidence, others: Sequence[Evidence]) -> Vectors:
    """(n_others,) cosines of the meaning of one sentence with that of others."""
    rows = shipped().sentences([first.text, *(e.text for e in others)])
    # Rounded, so that copies of one sentence keep their order.
    close: Vectors = np.round(rows[1:] @ rows[0], 5)
    return close


def _says_the_same(first: Evidence, other: Evidence) -> bool:
    return (
        not contradicts(first.text, other.text)
        and _same_names(first, other)
        and not all(_replaced(first, other))
    )


def contradicts(first: str, second: str) -> bool:
    """Whether two sentences cannot both say the same: other values, or one denies.

    >>> contradicts("Vier miljoen leden.", "4 million members."), contradicts("It is.", "Not so.")
    (False, True)
    """
    return _differ(values(first), values(second)) or _denies(first) != _denies(second)


def _differ(first: Sequence[Value], second: Sequence[Value]) -> bool:
    """Whether some value of each has no counterpart in the other, but others of its sort."""
    alone = [v for v in first if not any(same(v, other) for other in second)]
    facing = [v for v in second if not any(same(v, other) for other in first)]
    return any(comparable(v, other) for v in alone for other in facing)


def _denies(text: str) -> bool:
    return any(word.lower() in NEGATIONS for word in WORD.findall(text))


def _same_names(first: Evidence, other: Evidence) -> bool:
    """Whether each capitalised word of the one that has fewer is met in the other."""
    fewer, more = sorted((_capitalised(first), _capitalised(other)), key=len)
    if not fewer:
        return True
    if not more:
        return False
    near = _nearest(fewer, more)
    near[[[a == b for b in more] for a in fewer]] = 1.0
    return bool((near.max(axis=1) >= _SAME_NAME).all())


def _capitalised(evidence: Evidence) -> list[str]:
    words = content_words(evidence.text, evidence.language)
    return [word.lower() for word in words if word[0].isupper()]


def different_values(question: Question, evidence: Sequence[Evidence]) -> list[ValueGroup]:
    """The answers that documents give where they differ, best evidence first; else empty.

    The best sentence is compared with the best of every other document that speaks of the
    same thing: where a number or a time was asked for by the values in them, else by the
    words that stand in the one in place of those in the other.
    """
    if not evidence or not evidence[0].is_statement:
        return []
    first = evidence[0]
    # What is said of another town is no other answer.
    alike = [e for e in evidence if e.is_statement and e.names >= first.names - _SLACK]
    if question.kind in {"how_many", "how_much", "when"}:
        return _by_value(question, alike)
    return _by_words(question, alike)


def _by_value(question: Question, evidence: Sequence[Evidence]) -> list[ValueGroup]:
    # The best must count what was asked for; the others need only speak of the same thing,
    # in whatever words: "10 miljoen gebruikers" and "vier miljoen leden".
    first = evidence[0]
    asked_for = new_values(question, first.text)
    if not asked_for or not first.fits:
        return []
    giving = [e for e in evidence if new_values(question, e.text)]
    groups: list[tuple[list[Value], list[Evidence]]] = []
    for one in _best_of_each_document(first, giving, _SAME_THING):
        given = [v for v in new_values(question, one.text) if comparable(v, asked_for[0])]
        if given:
            _join(groups, given, one)
    if len(groups) < 2:
        return []
    return [ValueGroup(given[0].text, tuple(members)) for given, members in groups]


def _best_of_each_document(
    first: Evidence, evidence: Sequence[Evidence], at_least: float
) -> list[Evidence]:
    """The best sentence of each document among those as near to the first in meaning."""
    best = {first.doc_id: first}
    for one, near in zip(evidence, closeness(first, evidence), strict=True):
        if near >= at_least:
            best.setdefault(one.doc_id, one)
    return list(best.values())


def _join(
    groups: list[tuple[list[Value], list[Evidence]]], given: list[Value], one: Evidence
) -> None:
    """Put evidence to the group of which it gives a value, or into a group of its own."""
    for known, members in groups:
        if any(same(v, w) for v in known for w in given):
            # Who gives the same value beside another difference is no witness to the statement.
            if not contradicts(members[0].text, one.text):
                members.append(one)
            return
    groups.append((given, [one]))


def _by_words(question: Question, evidence: Sequence[Evidence]) -> list[ValueGroup]:
    first = evidence[0]
    near = [e for e in evidence if e.fits >= first.fits and e.score >= first.score - _RIVALS]
    groups: list[tuple[list[str], list[Evidence]]] = []
    for one in _best_of_each_document(first, near, _SAME_THING)[1:]:
        rivals = _rival_words(question, first, one)
        if rivals is None:
            continue
        own, other = rivals
        groups = groups or [(own, [first])]
        known = next((members for words, members in groups if set(words) & set(other)), None)
        if known is None:
            groups.append((other, [one]))
        elif same_fact(known[0], [one]):
            known.append(one)
    return [
        ValueGroup(_as_it_stands(members[0].text, words), tuple(members))
        for words, members in groups
    ]


def _as_it_stands(text: str, words: Sequence[str]) -> str:
    """The longest run of ``words`` in a text that has them.

    >>> _as_it_stands("Ann Lee opened it in Delft.", ["Lee", "Ann", "Delft"])
    'Ann Lee'
    """
    word = "|".join(map(re.escape, words))
    runs = re.findall(rf"(?:{word})(?:[ -](?:{word}))*", text)
    return str(max(runs, key=len))


def _rival_words(
    question: Question, first: Evidence, other: Evidence
) -> tuple[list[str], list[str]] | None:
    """The words of each of two sentences that answer alike but for these; None if they do not.

    Names for names where somebody was asked for, in whatever languages; else a few words for
    words of the same kind in what is otherwise one sentence: "linked to ice hockey" and
    "linked to football".
    """
    # The first word may be what the answer is one of: "which colour", "the capital".
    first_term, *terms = [term.word.lower() for term in question.terms] or [""]
    if question.kind == "who":
        one, two = (_new_names(e, {first_term, *terms}) for e in (first, other))
        if closeness(first, [other])[0] < _SAME_ROLE or not one or not two:
            return None
        return (one, two) if _nearest(one, two).max() < _SAME_NAME else None
    one, two = _replaced(first, other)
    if not one or not two or not first_term:
        return None
    about = _nearest([*one, *two], terms).max(initial=0.0)
    alike = about < _ASKED_ABOUT and _nearest(one, two).max() >= _SAME_KIND
    return (one, two) if alike else None


def _replaced(first: Evidence, other: Evidence) -> tuple[list[str], list[str]]:
    """The words in which two sentences of one language differ that are one but for a few."""
    one, two = (_stems(e) for e in (first, other))
    shared = one.keys() & two.keys()
    rest = (
        [w for s, w in one.items() if s not in shared],
        [w for s, w in two.items() if s not in shared],
    )
    alike = first.language == other.language and len(shared) >= _SHARED * max(len(one), len(two))
    few = max(map(len, rest)) <= _MOST_REPLACED
    return rest if alike and few else ([], [])


def _stems(evidence: Evidence) -> dict[str, str]:
    """Each content word of a sentence by its stem, in order; those of values left out."""
    text = evidence.text
    for value in values(text):
        text = text.replace(value.text, " " * len(value.text))
    words = content_words(text, evidence.language)
    stems = {stem(word.lower(), evidence.language): word for word in words}
    return {key: word for key, word in stems.items() if key}


def _new_names(evidence: Evidence, known: Collection[str]) -> list[str]:
    """The names in a sentence but places and what is ``known``.

    Its first word has a capital anyway.
    """
    places = {match.group(1) for match in _AT_A_PLACE.finditer(evidence.text)}
    return [
        word
        for word in content_words(evidence.text, evidence.language)[1:]
        if word[0].isupper()
        and word.lower() not in known
        and word not in places
        and may_be_name(word, evidence.language)
    ]


def _nearest(one: Sequence[str], two: Sequence[str]) -> Vectors:
    """(n_one, n_two) cosines of words."""
    rows, _ = shipped().words([word.lower() for word in one])
    columns, _ = shipped().words([word.lower() for word in two])
    near: Vectors = rows @ columns.T
    return near
