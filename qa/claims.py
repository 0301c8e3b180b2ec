"""Is a claim held by the sentences it cites? Told without a language model, across nl, de and en.

Each check looks for one thing that language models get wrong, and gives the words that it found
or missed. None of them understands: together they let most true statements in other words pass,
and few in which a number, a name, a denial, a role or an addition is false; ``tests/claims.jsonl``
says how many. What passes is what nothing was found against.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qa.claim_meaning import check_meaning
from qa.claim_names import check_names, check_roles
from qa.claim_negations import check_negation
from qa.claim_text import Source
from qa.claim_values import check_values
from qa.types import Check

_MARKUP = re.compile(
    r"https?:|www\.|javascript:|data:\w+/|<[/!a-z]|!\[|\]\(|&#?\w+;", re.IGNORECASE
)
_QUOTATION = re.compile(r"[“„«»\"]([^“”„«»\"]+)[”“»«\"]|(?<!\w)[‘‚']([^‘’‚']{3,})[’‘'](?!\w)")


def checks(statement: str, language: str, sources: Sequence[Source]) -> tuple[Check, ...]:
    """What was looked for of a statement in the sentences it cites, and found or not.

    In the order of ``Check``'s table; "citation" and "opinion" are not told here.

    >>> source = Source("Gab zegt dat het elke dag 600.000 gebruikers wint.", "nl")
    >>> [c.what for c in checks("Gab gains 600,000 users a day.", "en", [source]) if c.holds]
    ['value', 'meaning']
    >>> [c for c in checks("Gab gains 700,000 users a day.", "en", [source]) if not c.holds]
    [Check(what='value', holds=False, found=('700,000',))]
    """
    claim = Source(statement, language)
    looked: tuple[Callable[[Source, Sequence[Source]], Check | None], ...] = (
        _check_markup,
        check_values,
        _check_quotations,
        check_names,
        check_negation,
        check_roles,
        check_meaning,
    )
    return tuple(check for look in looked if (check := look(claim, sources)))


def _check_markup(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether what looks like a link or a tag stands in the sources; None if nothing does."""
    found = tuple(match.group() for match in _MARKUP.finditer(claim.text))
    alien = tuple(mark for mark in found if not any(mark in s.text for s in sources))
    return Check("markup", not alien, alien or found) if found else None


def _check_quotations(claim: Source, sources: Sequence[Source]) -> Check | None:
    """Whether what is in quotation marks stands in the sources; None if nothing is."""
    quoted = tuple(match[1] or match[2] for match in _QUOTATION.finditer(claim.text))
    texts = [_bare(source.text) for source in sources]
    wrong = tuple(quote for quote in quoted if not any(_bare(quote) in text for text in texts))
    return Check("quotation", not wrong, wrong or quoted) if quoted else None


def _bare(text: str) -> str:
    """Text on one line, with straight marks, without what ends a quotation."""
    straight = re.sub("[“”„«»‘’‚']", '"', " ".join(text.split()))
    return straight.strip(' ".,;:!?…')
