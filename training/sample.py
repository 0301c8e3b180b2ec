"""Batches to train on: translations, dictionary entries, and questions with their passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.data import LANGUAGES
from training.texts import Ids, Texts

_DUTCH = LANGUAGES.index("nl")
# How often a unit is drawn, against 1: sources that repeat themselves less, running text more.
_DRAWN = {"tatoeba-anki": 0.5, "eforms-sdk": 0.5, "ntrex": 1.5, "flores": 1.5}
_DRAWN_WITH_DUTCH = 1.6
# Sources whose units follow one another as in a document: passages can be made of them.
_PASSAGES_DRAWN = {
    "ntrex": 1.5,
    "flores": 1.5,
    "gnome-user-docs": 1.0,
    "mozilla-www-l10n": 1.0,
    "coronamelder": 1.0,
    "digikam-doc": 0.5,
}
_PASSAGE_WITH_DUTCH = 3.0
_DICTIONARY = 0.2  # of a batch of pairs
_DROPPED = (0.2, 0.5, 0.7)  # of a sentence's words, to make a question of it
_SHORT = 4  # words; shorter ones are questions as they stand
_MADE_UP = 0.85  # of the passages; with none, 48 of 100 passages came first, with these 50
_WITH_QUESTION_WORD = 0.6  # of the questions
_QUESTION_WORDS = {
    "en": "how many|how much|which|who|what is|when did|where|why|how|what did|in which|"
    "what was the|who was|how long|what kind of",
    "de": "wie viele|wie viel|welche|wer|was ist|wann|wo|warum|wie|was hat|in welchem|"
    "was war die|welcher|wie lange|welches|wozu|woher",
    "nl": "hoeveel|welke|wie|wat is|wanneer|waar|waarom|hoe|wat deed|in welk|wat was de|"
    "wie was|hoe lang|wat voor|waarvoor|welk",
}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Texts that mean the same, and the English text that says so too (-1 if there is none)."""

    left: Ids
    right: Ids
    english: Ids


@dataclass(frozen=True, slots=True)
class Bag:
    """Bags of words in a row: word numbers, and which bag (0, 1, …) each is of."""

    words: Ids
    bag: Ids
    n_bags: int


class Sampler:
    """Draws batches; the same seed draws the same ones."""

    def __init__(self, texts: Texts, sources: Sequence[str], rng: np.random.Generator) -> None:
        self._texts, self._sources, self.rng = texts, sources, rng
        dutch = texts.units[:, _DUTCH] >= 0
        drawn = np.array([_DRAWN.get(source, 1.0) for source in sources])
        running = np.array([_PASSAGES_DRAWN.get(source, 0.0) for source in sources])
        self._pair_odds = np.cumsum(drawn * np.where(dutch, _DRAWN_WITH_DUTCH, 1.0))
        self._passage_odds = np.cumsum(running * np.where(dutch, _PASSAGE_WITH_DUTCH, 1.0))
        self._units_in = [np.flatnonzero(texts.units[:, i] >= 0) for i in range(len(LANGUAGES))]
        self._question_words = [
            [texts.known_words(opening) for opening in _QUESTION_WORDS[language].split("|")]
            for language in LANGUAGES
        ]

    def pairs(self, n: int) -> Pairs:
        """``n`` pairs in two of their languages, a fifth of them dictionary entries."""
        n_entries = int(n * _DICTIONARY)
        units = self._texts.units[self._draw(self._pair_odds, n - n_entries)]
        order = np.argsort(np.where(units < 0, 2.0, self.rng.random(units.shape)), axis=1)
        left, right = (np.take_along_axis(units, order[:, i : i + 1], 1)[:, 0] for i in (0, 1))
        entries = np.array([self._entry() for _ in range(n_entries)]).reshape(-1, 3)
        return Pairs(
            np.concatenate([left, entries[:, 0]]),
            np.concatenate([right, entries[:, 1]]),
            np.concatenate([units[:, 0], entries[:, 2]]),
        )

    def _entry(self) -> tuple[int, int, int]:
        group = self._texts.groups[self.rng.integers(len(self._texts.groups))]
        a, b = self.rng.permutation([i for i in range(len(LANGUAGES)) if len(group[i])])[:2]
        english = self._one_of(group[0]) if len(group[0]) else -1
        return self._one_of(group[a]), self._one_of(group[b]), english

    def _one_of(self, numbers: Ids) -> int:
        return int(numbers[self.rng.integers(len(numbers))])

    def questions(self, n: int) -> tuple[Bag, Bag]:
        """``n`` questions, each a thinned sentence, and the passages that answer them."""
        n_made_up = int(n * _MADE_UP)
        drawn = [self._among_others(unit) for unit in self._draw(self._pair_odds, n_made_up)]
        drawn += [self._in_document(unit) for unit in self._draw(self._passage_odds, n - n_made_up)]
        return _bag([question for question, _ in drawn]), _bag([passage for _, passage in drawn])

    def _among_others(self, unit: int) -> tuple[Ids, Ids]:
        """The passage is the sentence in another language, among one to three of any text.

        Few sources are running text; with these, every unit teaches how to find a sentence in
        a passage.
        """
        units = self._texts.units
        asked_in, told_in = self.rng.permutation(np.flatnonzero(units[unit] >= 0))[:2]
        others = [self._one_of(self._units_in[told_in]) for _ in range(self.rng.integers(1, 4))]
        passage = [self._texts.words_of(units[i, told_in]) for i in (unit, *others)]
        return self._thinned(units[unit, asked_in], asked_in), np.concatenate(passage)

    def _in_document(self, unit: int) -> tuple[Ids, Ids]:
        """The passage is three or four units around the sentence, in any language.

        In the question's own language it goes without the sentence itself (the inverse cloze
        task of Lee, Chang and Toutanova, 2019).
        """
        units = self._texts.units
        asked_in, told_in = self.rng.choice(np.flatnonzero(units[unit] >= 0), 2)
        start = max(0, unit - int(self.rng.integers(3)))
        around = [
            i
            for i in range(start, min(len(units), start + int(self.rng.integers(3, 5))))
            if self._sources[i] == self._sources[unit] and units[i, told_in] >= 0
        ]
        if asked_in == told_in:
            around = [i for i in around if i != unit] or around
        passage = [self._texts.words_of(units[i, told_in]) for i in around or [unit]]
        return self._thinned(units[unit, asked_in], asked_in), np.concatenate(passage)

    def _thinned(self, text: int, language: int) -> Ids:
        """A text without many of its words, mostly behind a question word."""
        words = self._texts.words_of(text)
        kept = words
        if len(words) > _SHORT:
            kept = words[self.rng.random(len(words)) > self.rng.choice(_DROPPED)]
        if self.rng.random() < _WITH_QUESTION_WORD:
            openings = self._question_words[language]
            kept = np.concatenate([openings[self.rng.integers(len(openings))], kept])
        return kept if len(kept) else words

    def _draw(self, odds: npt.NDArray[np.float64], n: int) -> Ids:
        drawn: Ids = np.searchsorted(odds, self.rng.random(n) * odds[-1], side="right")
        return drawn


def _bag(bags: list[Ids]) -> Bag:
    lengths = [len(bag) for bag in bags]
    return Bag(np.concatenate(bags), np.repeat(np.arange(len(bags)), lengths), len(bags))
