"""Texts to vectors: the shipped static model, or any LlamaIndex embedding in its place.

It knows nothing of documents, stores or languages; other models are in ``embedders``.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from model2vec import StaticModel
    from tokenizers import Tokenizer

Vectors = npt.NDArray[np.float32]

MODEL_FOLDER = Path(__file__).parent / "model"
NAMES = "names.txt"
# Words and sentences whose vectors stay at hand: about 50 MB of each. The tokens of as many
# words take 10 MB; what is longer than _LONGEST_REMEMBERED bytes is rarely a word.
_REMEMBERED = 50_000
_LONGEST_REMEMBERED = 64
# UTF-8 with a space for whatever in ASCII is neither letter nor digit.
_WORDS = bytes(c if c >= 128 or chr(c).isalnum() else 32 for c in range(256))
# Text of these alone may turn small first. Beyond them are marks, and one may join the small
# letter but not the capital: J\u030c stays two characters where j\u030c is the one letter \u01f0.
_MAY_HOLD_MARKS = re.compile("[^\0-\xff‐-‧€]")
_PLAIN = re.compile("[A-Za-zÀ-ÖØ-öø-ÿ]+|[0-9]+")


class Embedder(Protocol):
    """What the library needs of an embedding."""

    @property
    def id(self) -> str:
        """Names the model and its weights; a store opens only for the id it was built with."""

    @property
    def dim(self) -> int:
        """The length of each vector."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """float32 array (n_texts, dim), rows of unit length in order; (0, dim) if empty."""

    def query(self, text: str) -> Vectors:
        """float32 array (dim,) of unit length; all zero for a text without a known token."""


class ShippedEmbedder(Embedder):
    """The static Dutch, German and English model in ``index/model``; loads in 0.2 s, once.

    A text's vector is the weighted mean of its tokens' vectors, so a word has one too. A
    token's weight starts from its smooth inverse frequency, a / (a + p) (Arora, Liang and
    Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017), and is trained.

    The vectors are what model2vec's ``encode`` gives but for the last bits, three times as fast
    and more: see ``_Model``. A text has the same vector, bit for bit, whatever is asked beside it.
    """

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        self._folder = folder
        self._loading = threading.Lock()
        self._loaded: _Model | None = None
        self._sentence = lru_cache(_REMEMBERED)(self.query)
        self._word = lru_cache(_REMEMBERED)(self._weighted)

    @property
    def id(self) -> str:  # noqa: D102 - see Embedder
        return f"shipped-{weights_sha256(self._folder)[:16]}"

    @property
    def dim(self) -> int:  # noqa: D102 - see Embedder
        return int(self._model.vectors.shape[1])

    @property
    def _model(self) -> _Model:
        with self._loading:
            if self._loaded is None:
                self._loaded = _Model(_load(self._folder))
            return self._loaded

    def passages(self, texts: Sequence[str]) -> Vectors:  # noqa: D102 - see Embedder
        model = self._model
        sums = np.zeros((len(texts), self.dim), np.float32)
        # All are cut before any is summed: each of the two is at home in the processor's cache.
        for row, tokens in zip(sums, [model.tokens(text) for text in texts], strict=True):
            if tokens:
                np.add.reduce(model.vectors.take(tokens, axis=0), axis=0, out=row)
        return unit(sums)

    def query(self, text: str) -> Vectors:  # noqa: D102 - see Embedder
        row: Vectors = self.passages([text])[0]
        return row

    def sentences(self, texts: Sequence[str]) -> Vectors:
        """``passages``, for texts that come back often: those seen lately are not encoded again."""
        return np.stack([self._sentence(text) for text in texts]) if texts else self.passages([])

    def words(self, words: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Unit vectors (n_words, dim) and weights (n_words,) of single words.

        A word weighs as much as its heaviest token: about 0.25 for "the", 1 for "users",
        1.8 for "amazon".
        """
        if not words:
            return self.passages([]), np.zeros(0, np.float32)
        rows, weights = zip(*map(self._word, words), strict=True)
        return np.stack(rows), np.array(weights, np.float32)

    def knows(self, word: str) -> bool:
        """Whether the model has a vector for this very word rather than for pieces of it.

        >>> [shipped().knows(word) for word in ("Bridge", "Brücke", "brigde", "the bridge")]
        [True, True, False, False]
        """
        return self._model.is_one_token(word)

    def is_name(self, word: str) -> bool:
        """Whether a word that the model knows is a name, in whatever case it is written.

        >>> [shipped().is_name(word) for word in ("Facebook", "berlin", "Bridge")]
        [True, True, False]
        """
        return word.lower() in _names(self._folder)

    def _weighted(self, word: str) -> tuple[Vectors, float]:
        of_tokens = self._model.vectors[self._model.tokens(word)]
        return self.query(word), float(np.linalg.norm(of_tokens, axis=1).max(initial=0.0))


class _Model:
    """A static model's token vectors, and the tokens of a text.

    The tokenizer cuts a text at whatever ASCII has besides letters and digits, and each word
    between by itself. So each is cut once; cutting takes longer than all that follows.
    """

    def __init__(self, static: StaticModel) -> None:
        self.vectors: Vectors = static.embedding
        assert static.max_length is not None
        self._max_tokens = static.max_length
        self._max_chars = static.max_length * static.median_token_length
        self._known = _Known(static.tokenizer)

    def tokens(self, text: str) -> list[int]:
        """As model2vec cuts it, the unknown tokens included: their vectors are zero."""
        text = text[: self._max_chars]
        if not _MAY_HOLD_MARKS.search(text):
            text = text.lower()
        words = text.encode("utf-8", "surrogatepass").translate(_WORDS).split()
        tokens = chain.from_iterable(map(self._known.__getitem__, words))
        return list(tokens)[: self._max_tokens]

    def is_one_token(self, word: str) -> bool:
        tokens = self.tokens(word)
        return len(tokens) == 1 and bool(self.vectors[tokens[0]].any())


class _Known(dict[bytes, tuple[int, ...]]):
    """The tokens of words, in UTF-8; those it lacks are cut."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cut = tokenizer.model.tokenize
        # Most words are tokens. Those that are none of their own left the model when it was made.
        super().__init__({word.encode(): (i,) for word, i in tokenizer.get_vocab().items()})
        self._n_tokens = len(self)

    def __missing__(self, word: bytes) -> tuple[int, ...]:
        text = word.decode("utf-8", "surrogatepass")
        if _PLAIN.fullmatch(text):
            # All that the tokenizer does with it but cut is to lower-case it.
            tokens = tuple([token.id for token in self._cut(text.lower())])
        else:
            tokens = tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)
        if len(word) <= _LONGEST_REMEMBERED:
            if len(self) >= self._n_tokens + _REMEMBERED:
                self._forget()
            self[word] = tokens
        return tokens

    def _forget(self) -> None:
        """Drop all but the tokens, which came first; other threads may ask meanwhile."""
        for word in list(self)[self._n_tokens :]:
            self.pop(word, None)


def _load(folder: Path) -> StaticModel:
    """The model in a folder of model2vec's format, each token's vector times its weight.

    Not by ``StaticModel.from_pretrained``, which imports the client of a model hub for it:
    that takes longer than all the rest of loading.
    """
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    arrays = load_file(folder / "model.safetensors")
    vectors = arrays["embeddings"][arrays["mapping"]].astype(np.float32)
    vectors *= arrays["weights"][:, None]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # StaticModel copies it, which takes as long as reading it did; nobody else holds this one.
    tokenizer.__deepcopy__ = lambda _: tokenizer  # type: ignore[attr-defined]
    model = StaticModel(
        vectors,
        tokenizer,
        config=config,
        normalize=config["normalize"],
        max_length=config["max_length"],
    )
    assert model.unk_token_id is not None
    vectors[model.unk_token_id] = 0.0
    return model


class LlamaIndexEmbedder(Embedder):
    """Any LlamaIndex embedding as an ``Embedder``, for ``Library.open``."""

    def __init__(self, embedding: BaseEmbedding) -> None:
        self._embedding = embedding
        self._dim: int | None = None

    @property
    def id(self) -> str:  # noqa: D102 - see Embedder
        return f"llama-index-{type(self._embedding).__name__}-{self._embedding.model_name}"

    @property
    def dim(self) -> int:  # noqa: D102 - see Embedder
        if self._dim is None:
            self._dim = len(self._embedding.get_query_embedding("dimension"))
        return self._dim

    def passages(self, texts: Sequence[str]) -> Vectors:  # noqa: D102 - see Embedder
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        rows = self._embedding.get_text_embedding_batch(list(texts))
        return unit(np.array(rows, np.float32))

    def query(self, text: str) -> Vectors:  # noqa: D102 - see Embedder
        row = np.array([self._embedding.get_query_embedding(text)], np.float32)
        units = unit(row)
        first: Vectors = units[0]
        return first


def unit(rows: Vectors) -> Vectors:
    """The rows of an array (n, dim) drawn to unit length; what is all zero stays so."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = rows / np.maximum(lengths, np.float32(1e-12))
    return units


@cache
def shipped() -> ShippedEmbedder:
    """The shipped model, loaded once in a process."""
    return ShippedEmbedder()


@cache
def _names(folder: Path) -> frozenset[str]:
    """The names of a model folder, in lower case: ``python -m training.names`` writes them."""
    return frozenset((folder / NAMES).read_text("utf-8").split())


@cache
def weights_sha256(folder: Path = MODEL_FOLDER) -> str:
    """The hash of a model folder's weights, as 64 hex digits."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
