"""Texts to vectors: the shipped static model, or any LlamaIndex embedding in its place.

model2vec's only door. It knows nothing of documents, stores or languages.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from model2vec import StaticModel

Vectors = npt.NDArray[np.float32]

MODEL_FOLDER = Path(__file__).parent / "model"
# Words and sentences whose vectors stay at hand; about 50 MB of each.
_REMEMBERED = 50_000
_T = TypeVar("_T")


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
    """The static Dutch, German and English model in ``index/model``; loads in 0.4 s, once.

    A text's vector is the weighted mean of its tokens' vectors, so a word has one too. A
    token's weight starts from its smooth inverse frequency, a / (a + p) (Arora, Liang and
    Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", 2017), and is trained.
    """

    def __init__(self, folder: Path = MODEL_FOLDER) -> None:
        self._folder = folder
        self._model_: StaticModel | None = None
        self._loading = threading.Lock()
        self._words: dict[str, tuple[Vectors, float]] = {}
        self._sentences: dict[str, Vectors] = {}

    @property
    def id(self) -> str:  # noqa: D102 - see Embedder
        return f"shipped-{weights_sha256(self._folder)[:16]}"

    @property
    def dim(self) -> int:  # noqa: D102 - see Embedder
        return int(self._model.dim)

    @property
    def _model(self) -> StaticModel:
        with self._loading:
            if self._model_ is None:
                self._model_ = _load(self._folder)
            return self._model_

    def passages(self, texts: Sequence[str]) -> Vectors:  # noqa: D102 - see Embedder
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        # In this process: model2vec would otherwise fork a pool for 10,000 texts and more.
        encoded = self._model.encode(list(texts), use_multiprocessing=False)
        return np.asarray(encoded, np.float32)

    def query(self, text: str) -> Vectors:  # noqa: D102 - see Embedder
        row: Vectors = self.passages([text])[0]
        return row

    def sentences(self, texts: Sequence[str]) -> Vectors:
        """``passages``, for texts that come back often: those seen lately are not encoded again."""
        rows = _recall(self._sentences, texts, self.passages)
        return np.stack(rows) if rows else self.passages([])

    def words(self, words: Sequence[str]) -> tuple[Vectors, Vectors]:
        """Unit vectors (n_words, dim) and weights (n_words,) of single words.

        A word weighs as much as its heaviest token: about 0.25 for "the", 1 for "users",
        1.8 for "amazon".
        """
        known = _recall(self._words, words, self._weighted)
        if not known:
            return self.passages([]), np.zeros(0, np.float32)
        return np.stack([row for row, _ in known]), np.array([w for _, w in known], np.float32)

    def _weighted(self, words: Sequence[str]) -> Iterator[tuple[Vectors, float]]:
        tokens = self._model.tokenize(list(words))
        for row, ids in zip(self.passages(words), tokens, strict=True):
            yield row, max((self._weight(token) for token in ids), default=0.0)

    def _weight(self, token: int) -> float:
        mapping, weights = self._model.token_mapping, self._model.weights
        assert mapping is not None
        assert weights is not None
        row = self._model.embedding[mapping[token]].astype(np.float32)
        return float(weights[token] * np.linalg.norm(row))


def _load(folder: Path) -> StaticModel:
    """The model in a folder of model2vec's format.

    Not by ``StaticModel.from_pretrained``, which imports the client of a model hub for it:
    that takes longer than all the rest of loading.
    """
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    arrays = load_file(folder / "model.safetensors")
    return StaticModel(
        arrays["embeddings"],
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        config=config,
        normalize=config["normalize"],
        weights=arrays["weights"],
        token_mapping=arrays["mapping"],
        max_length=config["max_length"],
    )


def _recall(
    known: dict[str, _T], texts: Sequence[str], compute: Callable[[Sequence[str]], Iterable[_T]]
) -> list[_T]:
    """What is known of each text, computed for those that are new; from several threads too."""
    found = {text: known.get(text) for text in texts}
    new = [text for text, value in found.items() if value is None]
    made = dict(zip(new, compute(new), strict=True))
    if len(known) + len(made) > _REMEMBERED:
        known.clear()
    known.update(made)
    all_of_them = {text: value for text, value in found.items() if value is not None} | made
    return [all_of_them[text] for text in texts]


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
        return _unit(np.array(rows, np.float32))

    def query(self, text: str) -> Vectors:  # noqa: D102 - see Embedder
        row = np.array([self._embedding.get_query_embedding(text)], np.float32)
        units = _unit(row)
        first: Vectors = units[0]
        return first


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Vectors = rows / np.maximum(lengths, np.float32(1e-12))
    return units


@cache
def shipped() -> ShippedEmbedder:
    """The shipped model, loaded once in a process."""
    return ShippedEmbedder()


@cache
def weights_sha256(folder: Path = MODEL_FOLDER) -> str:
    """The hash of a model folder's weights, as 64 hex digits."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
