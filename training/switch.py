"""Words swapped for their translations, so that dictionary words are met in sentences too.

The order of words means nothing to a bag of them, so *the governments of Europe* may as well be
*de governments of Europa*: code-switching (Qin et al., "CoSDA-ML", 2020). Dutch gains most,
whose dictionary is large and whose text is scarce.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from training.data import LANGUAGES
from training.texts import Ids, Texts

_SWITCHED = 0.1  # of the words
_N_CHOICES = 4
# A translation in another sense is further away than this from the word.
_LEAST_COSINE = 0.35


class Switch:
    """Swaps one word in ten, where the dictionary has a translation in the same sense."""

    def __init__(
        self, texts: Texts, table: npt.NDArray[np.float32], rng: np.random.Generator
    ) -> None:
        """``table`` tells senses apart: the one that training starts from will do."""
        self._rng = rng
        self._choices = np.full((len(texts.word_numbers), _N_CHOICES), -1)
        for word, translations in _translations(texts).items():
            of_word = _unit(texts, table, word)
            near = {other: float(of_word @ _unit(texts, table, other)) for other in translations}
            chosen = sorted(near, key=lambda other: (-near[other], other))[:_N_CHOICES]
            chosen = [other for other in chosen if near[other] > _LEAST_COSINE]
            if chosen:
                self._choices[word] = np.resize(chosen, _N_CHOICES)

    def __call__(self, words: Ids) -> Ids:
        """The words in order, some of them swapped."""
        choices = self._choices[words, self._rng.integers(0, _N_CHOICES, len(words))]
        swapped = (self._rng.random(len(words)) < _SWITCHED) & (choices >= 0)
        return np.where(swapped, choices, words)


def _translations(texts: Texts) -> dict[int, set[int]]:
    """The single words that the dictionary gives for a single word in another language."""
    translations: defaultdict[int, set[int]] = defaultdict(set)
    for group in texts.groups:
        entries = [[texts.words_of(int(text)) for text in of_language] for of_language in group]
        words = [{int(entry[0]) for entry in of if len(entry) == 1} for of in entries]
        for a in range(len(LANGUAGES)):
            others = set().union(*(words[b] for b in range(len(LANGUAGES)) if b != a))
            for word in words[a]:
                translations[word] |= others - {word}
    return translations


def _unit(texts: Texts, table: npt.NDArray[np.float32], word: int) -> npt.NDArray[np.float32]:
    tokens, _ = texts.tokens(np.array([word]))
    vector = table[tokens].sum(axis=0)
    unit: npt.NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
