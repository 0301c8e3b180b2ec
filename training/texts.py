"""Texts as bags of tokens, cut anew each time they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from training.data import LANGUAGES, Corpus
from training.vocabulary import Vocabulary, segment_all, words

Ids = npt.NDArray[np.int64]

# Words beyond these are left off a text; 99 in 100 units are shorter.
_MAX_WORDS = 72
_MAX_TOKENS_A_WORD = 8


class Texts:
    """The distinct texts of a corpus by number, as words, and the words as tokens."""

    def __init__(self, corpus: Corpus, vocabulary: Vocabulary, others: Iterable[str] = ()) -> None:
        """Number the texts of ``corpus`` and ``others``."""
        self.numbers: dict[str, int] = {}
        self.units = np.array(
            [[self._number(unit.texts.get(lang)) for lang in LANGUAGES] for unit in corpus.units]
        )
        self.groups = [
            [np.array([self._number(t) for t in group.get(lang, ())], int) for lang in LANGUAGES]
            for group in corpus.groups
        ]
        for text in others:
            self._number(text)
        word_numbers: dict[str, int] = {}
        bags = [
            [word_numbers.setdefault(word, len(word_numbers)) for word in words(text)[:_MAX_WORDS]]
            for text in self.numbers
        ]
        self.word_numbers = word_numbers
        self._starts = np.cumsum([0, *map(len, bags)])
        self._words = np.array([word for bag in bags for word in bag], np.int64)
        whole, spelled = segment_all(vocabulary, list(word_numbers))
        self._whole, self._spelled = _padded(whole), _padded(spelled)

    def _number(self, text: str | None) -> int:
        return -1 if text is None else self.numbers.setdefault(text, len(self.numbers))

    def known_words(self, text: str) -> Ids:
        """The words of any text, by number; those of no text here are left out."""
        known = [self.word_numbers[word] for word in words(text) if word in self.word_numbers]
        return np.array(known, np.int64)

    def words_of(self, text: int) -> Ids:
        """The words of one text, by number."""
        words: Ids = self._words[self._starts[text] : self._starts[text + 1]]
        return words

    def bags(self, texts: Ids) -> tuple[Ids, Ids]:
        """The words of many texts in a row, and which text (0, 1, …) each is of."""
        lengths = self._starts[texts + 1] - self._starts[texts]
        before = np.cumsum(lengths) - lengths
        places = np.repeat(self._starts[texts] - before, lengths) + np.arange(lengths.sum())
        return self._words[places], np.repeat(np.arange(len(texts)), lengths)

    def tokens(self, words: Ids, spelled: npt.NDArray[np.bool_] | None = None) -> tuple[Ids, Ids]:
        """The tokens of words in a row, and which word (0, 1, …) each is of.

        Words marked in ``spelled`` are cut as if they had no token of their own, which is how
        a text looks that holds words nobody has seen.
        """
        cut = self._whole[words]
        if spelled is not None:
            cut = np.where(spelled[:, None], self._spelled[words], cut)
        known = cut >= 0
        return cut[known], np.repeat(np.arange(len(words)), known.sum(axis=1))

    def counts(self, n_tokens: int) -> Ids:
        """How often each token occurs in all texts, words taken whole."""
        tokens, _ = self.tokens(self._words)
        return np.bincount(tokens, minlength=n_tokens)


def _padded(cuts: Sequence[list[int]]) -> Ids:
    rows = np.full((len(cuts), _MAX_TOKENS_A_WORD), -1)
    for row, cut in zip(rows, cuts, strict=True):
        known = [token for token in cut if token][:_MAX_TOKENS_A_WORD]
        row[: len(known)] = known
    return rows
