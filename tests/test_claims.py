"""How well claims are told from what their sources hold: pairs written apart from the check.

``claims.jsonl`` holds a statement, the sentences it cites, and whether these hold it: "true" ones,
in other words, and ones in which a single thing was changed. The part "held-out" was not looked
at while the check was built.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qa.claim_text import Source
from qa.claims import checks
from qa.ground import supported
from qa.question import language_of
from qa.types import Check, Citation

ROOT = Path(__file__).parent.parent
CHANGES = ("digit", "unit", "date", "name", "addition", "speaker", "negation")
# What the README calls each kind.
LABELS = {
    "true": "true, in other words: accepted",
    "changed": "one thing changed: rejected",
    "digit": "… a number",
    "unit": "… a unit, a scale or a currency",
    "date": "… a date, a day or a time",
    "name": "… a name",
    "addition": "… something added",
    "speaker": "… who said or did it",
    "negation": "… a denial, or an opposite",
}
# Below what was measured by a few of a hundred: for a change that loses more than it gains.
FLOORS = {
    ("build", "true"): 0.88,
    ("build", "changed"): 0.91,
    ("held-out", "true"): 0.74,
    ("held-out", "changed"): 0.81,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement with what it cites, and what was found."""

    id: str
    part: str
    story: str
    kind: str  # "true" or what was changed
    statement: str
    language: str
    sources: tuple[Source, ...]
    checks: tuple[Check, ...]

    @property
    def is_accepted(self) -> bool:
        return all(check.holds for check in self.checks)

    @property
    def is_told_rightly(self) -> bool:
        return self.is_accepted == (self.kind == "true")


@cache
def pairs() -> tuple[Pair, ...]:
    lines = (ROOT / "tests" / "claims.jsonl").read_text("utf-8").splitlines()
    return tuple(map(_pair, map(json.loads, lines)))


def _pair(fields: dict[str, Any]) -> Pair:
    statement = fields["statement"]
    sources = tuple(Source(source["text"], source["language"]) for source in fields["sources"])
    return Pair(
        fields["id"],
        fields["part"],
        fields["story"],
        fields["kind"],
        statement,
        fields["language"],
        sources,
        checks(statement, language_of(statement), sources),
    )


def rates(part: str) -> dict[str, tuple[int, int]]:
    """For each kind, and "changed" for all but the true ones: (told rightly, of how many)."""
    right, total = Counter[str](), Counter[str]()
    for pair in pairs():
        if pair.part == part:
            for kind in (pair.kind, *(["changed"] if pair.kind != "true" else [])):
                right[kind] += pair.is_told_rightly
                total[kind] += 1
    return {kind: (right[kind], total[kind]) for kind in total}


# The pairs


def test_there_are_enough_pairs_of_each_kind() -> None:
    kinds = Counter(pair.kind for pair in pairs())
    assert kinds["true"] >= 150
    assert sum(kinds[kind] for kind in CHANGES) >= 150
    assert set(kinds) == {"true", *CHANGES}
    held_out = [pair for pair in pairs() if pair.part == "held-out"]
    assert 3 * len(held_out) >= len(pairs())


def test_no_source_is_in_both_parts() -> None:
    parts = defaultdict(set)
    for pair in pairs():
        for source in pair.sources:
            parts[source.text].add(pair.part)
    assert [text for text, found in parts.items() if len(found) > 1] == []
    assert len({pair.statement for pair in pairs()}) == len({pair.id for pair in pairs()})


def test_half_of_the_statements_are_in_another_language_than_their_source() -> None:
    across = sum(pair.language != pair.sources[0].language for pair in pairs())
    assert 0.4 <= across / len(pairs()) <= 0.6


# How well they are told


@pytest.mark.parametrize(("part", "kind"), FLOORS)
def test_true_claims_are_accepted_and_changed_ones_rejected(part: str, kind: str) -> None:
    right, total = rates(part)[kind]
    assert right / total >= FLOORS[part, kind], f"{right} of {total}"


def test_the_readme_gives_these_rates() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    build, held_out = rates("build"), rates("held-out")
    for kind, label in LABELS.items():
        told = " | ".join("{} of {}".format(*part[kind]) for part in (build, held_out))
        assert f"| {label} | {told} |" in readme


def test_what_was_found_are_words_of_the_statement() -> None:
    for pair in pairs():
        for check in pair.checks:
            words = re.findall(r"\w+", " ".join(check.found).lower())
            if check.what != "role":  # names are there as the sources have them
                assert [w for w in words if w not in pair.statement.lower()] == [], pair.id


# One thing at a time


def failed(statement: str, *sources: str) -> list[str]:
    found = checks(statement, language_of(statement), [Source(s, language_of(s)) for s in sources])
    return [check.what for check in found if not check.holds]


TELLS = (
    "De gemeenteraad keurde dinsdag met 21 tegen 12 stemmen een begroting van 4 miljoen euro goed."
)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("The council approved a budget of four million euros on Tuesday.", []),
        ("Der Gemeinderat hat am Dienstag ein Budget von 4 Mio. Euro genehmigt.", []),
        ("The council approved a budget of five million euros on Tuesday.", ["value"]),
        ("The council approved a budget of four billion euros on Tuesday.", ["value"]),
        ("The council approved a budget of four million dollars on Tuesday.", ["value"]),
        ("The council approved a budget of four million euros on Thursday.", ["value"]),
        ("The council rejected a budget of four million euros on Tuesday.", ["negation"]),
        ("The council did not approve a budget of four million euros.", ["negation"]),
        ("De raad keurde een begroting van 4 miljoen euro af.", ["negation"]),
        ('The council approved a "generous budget" of four million euros.', ["quotation"]),
        ("The council approved a budget of four million euros <b>.", ["markup"]),
    ],
)
def test_one_change_is_found_by_its_check(statement: str, what: list[str]) -> None:
    assert failed(statement, TELLS) == what


SPOKE = (
    "Mayor Anna Smit said the bridge would open in May, but engineer Karl Weber warned that the "
    "pillars were too weak."
)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("Anna Smit said that the bridge would open in May.", []),
        ("Volgens Karl Weber zijn de pijlers te zwak.", []),
        ("Karl Weber said that the bridge would open in May.", ["role"]),
        ("Volgens Anna Smit zijn de pijlers te zwak.", ["role"]),
        ("Peter Vos said that the bridge would open in May.", ["name", "meaning"]),
    ],
)
def test_who_says_it_must_be_who_said_it(statement: str, what: list[str]) -> None:
    assert failed(statement, SPOKE) == what


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("vier miljoen", "4 million"),
        ("4 Mio.", "4.000.000"),
        ("600.000", "600,000"),
        ("three and a half years", "dreieinhalb Jahre"),
        ("six months", "een half jaar"),
        ("36 hours", "a day and a half"),
        ("two thirds", "zwei Drittel"),
        ("20 percent", "ein Fünftel"),
        ("70 percent", "zeven op de tien"),
        ("doubled", "verdubbeld"),
        ("3. März 2021", "March 3, 2021"),
        ("half negen", "20:30 Uhr"),
        ("120 km/h", "120 kilometres per hour"),
        ("12 square kilometres", "12 km²"),
        ("5,5 Prozent", "5.5 per cent"),
        ("200 minuten", "3 Stunden 20 Minuten"),
        ("der dreiwöchige Streik", "the three-week strike"),
    ],
)
def test_a_value_may_be_said_in_other_words(stated: str, told: str) -> None:
    for one, other in ((stated, told), (told, stated)):
        assert "value" not in failed(f"It was {one}.", f"Het was {other}.")


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("48 kilometres", "48 metres"),
        ("3 percentage points", "3 percent"),
        ("three weeks", "three days"),
        ("$5", "€5"),
        ("a third", "a quarter"),
        ("half of it", "doubled"),
        ("March", "februari"),
        ("im Herbst", "in spring"),
        ("more than 60", "fewer than 60"),
        ("the second", "de derde"),
        ("€6.99 a week", "€6.99 a month"),
    ],
)
def test_another_value_is_another(stated: str, told: str) -> None:
    assert "value" in failed(f"It was {stated}.", f"It was {told}.")


def citation(number: int, quote: str) -> Citation:
    language = language_of(quote)
    return Citation(number, "d", "", "", language, None, None, 0, len(quote), quote, "")


def test_the_extractive_answer_passes_the_same_check() -> None:
    """Whatever stands in a source holds against itself, even where it is not taken as verbatim."""
    for pair in pairs():
        for source in pair.sources:
            found = checks(source.text, source.language, [source])
            assert all(check.holds for check in found), (pair.id, found)


def test_a_statement_that_cites_nothing_is_not_supported() -> None:
    found = supported("It grew.", [])
    assert (found.state, [check.what for check in found.failed]) == ("unsupported", ["citation"])


def test_several_citations_hold_a_statement_together() -> None:
    said = "The tower is 48 metres high and was built in 1911."
    both = [citation(1, "The tower is 48 metres high."), citation(2, "It was built in 1911.")]
    assert supported(said, both).state == "supported"
    assert supported(said, both[:1]).state == "unsupported"
