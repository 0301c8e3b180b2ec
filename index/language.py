"""Which language a text is in: py3langid's only door. It reads words, not what they mean."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import cache

from index.errors import LibraryError

# The walk over the letters is plain Python, about 2 ms for 5,000; more text changes no verdict.
_ENOUGH_CHARS = 5_000
_loading = threading.Lock()


def identify(text: str, among: Sequence[str] | None = None) -> tuple[str, float]:
    """The code of the likeliest language, and its probability.

    Codes are ISO 639-1, of three letters for the few languages that have none there.
    ``("", 0.0)`` for a text without letters. ``among`` restricts the choice, and the
    probability is then relative to those languages alone.

    >>> identify("Waar staat het oude stadhuis?", among=("nl", "de", "en"))[0]
    'nl'
    >>> identify("1234 — 5678")
    ('', 0.0)

    Raises:
        ValueError: None of the languages in ``among`` is known.
    """
    sample = text[:_ENOUGH_CHARS].strip()
    if not any(map(str.isalpha, sample)):
        return "", 0.0
    # Raw scores of all languages: restricting the identifier itself would do so for every thread.
    with _loading:
        rank = _load()
    scores = dict(rank(sample))
    if among is not None:
        scores = {code: scores[code] for code in among if code in scores}
    if not scores:
        raise ValueError(f"none of {among!r} is a language that can be identified")
    return _likeliest(scores, n_bytes=len(sample.encode("utf-8", "replace")))


def _likeliest(scores: dict[str, float], n_bytes: int) -> tuple[str, float]:
    best = max(scores, key=scores.__getitem__)
    # The temperature is py3langid's own: it keeps the softmax calibrated across lengths.
    warmth = math.sqrt(n_bytes)
    total = sum(math.exp((score - scores[best]) / warmth) for score in scores.values())
    return best, 1 / total


@cache
def _load() -> Callable[[str], list[tuple[str, float]]]:
    # 0.35 s or more, so only when the first text comes.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    rank: Callable[[str], list[tuple[str, float]]]
    try:
        rank = LanguageIdentifier.from_model_file(MODEL_FILE).rank
    except OSError as error:  # it unpacks its model into a temporary file
        raise LibraryError(
            f"The language identifier cannot be loaded ({error}); is the disk full?"
        ) from error
    return rank
