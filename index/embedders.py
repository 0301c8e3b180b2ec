"""The embedding that a setting names: the shipped model, one in a folder, or one on a server.

sentence-transformers' only door, and model2vec's beside ``embed``. Each is imported when its model
is first needed, and every vector is looked at before it is used.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.embed import Embedder, Vectors, shipped, unit
from index.errors import EmbeddingError

SHIPPED = "shipped"
_MODEL2VEC, _SENTENCES = "model2vec", "sentence-transformers"
# What sentence-transformers calls its prompts.
_ROLES = ("query", "document", "passage", "corpus")
# How much of a library's own words an error repeats.
_SAID_CHARS = 150


def embedder(setting: str = SHIPPED, model: str = "", key: str = "") -> Embedder:
    """The embedding that ``setting`` names; a model is loaded, or a server asked, when needed.

    Args:
        setting: ``shipped``; a folder with a model2vec or sentence-transformers model;
            ``model2vec:NAME`` or ``sentence-transformers:NAME``, from the Hugging Face hub unless
            they are on this machine already; or the address of an OpenAI-compatible server.
        model: What the server calls the model.
        key: What the server wants to see.

    Raises:
        EmbeddingError: it is none of these.
    """
    if setting in {"", SHIPPED}:
        return shipped()
    if is_address(setting):
        return _on_server(setting, model, key)
    kind, _, name = setting.partition(":")
    if kind in {_MODEL2VEC, _SENTENCES} and name:
        return _of_hub(kind, name)
    folder = Path(setting).expanduser()
    if folder.is_dir():
        return _of_folder(folder)
    raise EmbeddingError(
        f"The embedding {setting!r} is neither a folder nor a server's address; give {SHIPPED}, a "
        f"folder, {_MODEL2VEC}:NAME, {_SENTENCES}:NAME or http://HOST/v1"
    )


def is_address(setting: str) -> bool:
    """Whether it is meant as the address of a server.

    >>> [is_address(setting) for setting in ("http://localhost:11434/v1", "models/http", "shipped")]
    [True, False, False]
    """
    return setting.lower().startswith(("http:", "https:"))


# Prefixes


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a family of models was trained to see before a question and before a passage."""

    family: str = ""  # part of the embedding's id
    question: str = ""
    passage: str = ""


_SEARCHING = "Represent this sentence for searching relevant passages: "
# By the model's name in lower case, without its owner; the first that fits counts. From the
# cards of these models on the Hugging Face hub:
_FAMILIES = (
    # intfloat/multilingual-e5-large-instruct, intfloat/e5-mistral-7b-instruct: "No need to add
    # instruction for retrieval documents". The task is the one that their paper searches with.
    (
        r"\be5-.*instruct",
        Prefixes(
            "e5-instruct",
            "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
            "Query: ",
        ),
    ),
    # intfloat/multilingual-e5-small, intfloat/e5-base-v2
    (r"\be5-", Prefixes("e5", "query: ", "passage: ")),
    # nomic-ai/nomic-embed-text-v1.5, nomic-embed-text-v2-moe, modernbert-embed-base
    (
        r"\bnomic-embed-text|\bmodernbert-embed",
        Prefixes("nomic", "search_query: ", "search_document: "),
    ),
    # BAAI/bge-small-en-v1.5, which Ollama calls bge-large where it is large; bge-m3 wants none.
    # mixedbread-ai/mxbai-embed-large-v1 has the same.
    (r"\bbge-(small|base|large)(-en|$)|\bmxbai-embed-large", Prefixes("bge", _SEARCHING)),
    # Snowflake/snowflake-arctic-embed-l-v2.0, which Ollama calls snowflake-arctic-embed2
    (r"\barctic-embed(2|.*-v2)", Prefixes("arctic-2", "query: ")),
    # Snowflake/snowflake-arctic-embed-m-v1.5 and those before it
    (r"\barctic-embed", Prefixes("arctic", _SEARCHING)),
)


def prefixes(model: str) -> Prefixes:
    """The prefixes of the family that the name belongs to; empty ones for any other.

    >>> prefixes("intfloat/multilingual-e5-small").passage
    'passage: '
    >>> prefixes("nomic-embed-text:latest").question
    'search_query: '
    >>> prefixes("BAAI/bge-m3")
    Prefixes(family='', question='', passage='')
    """
    name = model.lower().rpartition("/")[2].partition(":")[0]
    for pattern, found in _FAMILIES:
        if re.search(pattern, name):
            return found
    return Prefixes()


# Whatever gives vectors


class Encoder(Protocol):
    """A model or a server that gives vectors of any length, which nobody has looked at."""

    n_texts: int  # that it takes at once

    def passages(self, texts: list[str]) -> object:
        """A row for each text, in their order."""

    def question(self, text: str) -> object:
        """The row of a question."""


class CheckedEmbedder(Embedder):
    """An encoder that is loaded when first needed, every row of it looked at.

    Safe to use from several threads, if the encoder is.
    """

    def __init__(self, id_: str, name: str, load: Callable[[], Encoder]) -> None:
        self._id = id_
        self._name = name
        self._load = load
        self._loading = threading.Lock()
        self._loaded: Encoder | None = None
        self._dim: int | None = None

    @property
    def id(self) -> str:  # noqa: D102 - see Embedder
        return self._id

    @property
    def dim(self) -> int:
        """The length of each vector, for which the encoder is asked once.

        Raises:
            EmbeddingError: it cannot be loaded or does not answer.
        """
        if self._dim is None:
            self._dim = len(self.query("dimension"))
        return self._dim

    def passages(self, texts: Sequence[str]) -> Vectors:
        """As ``Embedder`` says.

        Raises:
            EmbeddingError: the encoder cannot be loaded, does not answer, or gives no vectors.
        """
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        encoder = self._encoder
        batches = [texts[i : i + encoder.n_texts] for i in range(0, len(texts), encoder.n_texts)]
        # Each by itself: a row too few and one too many together look well.
        rows = [self._checked(encoder.passages(list(batch)), len(batch)) for batch in batches]
        return np.concatenate(rows)

    def query(self, text: str) -> Vectors:
        """As ``Embedder`` says.

        Raises:
            EmbeddingError: the encoder cannot be loaded, does not answer, or gives no vector.
        """
        row: Vectors = self._checked([self._encoder.question(text)], 1)[0]
        return row

    @property
    def _encoder(self) -> Encoder:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _checked(self, given: object, n_texts: int) -> Vectors:
        """Unit rows (n_texts, dim) of what was given, if it is that."""
        try:
            with np.errstate(over="ignore"):  # found below
                rows = np.asarray(given, np.float32)
                lengths = np.linalg.norm(rows, axis=1)
        except (TypeError, ValueError) as error:
            raise self._unusable("what are no vectors of one length") from error
        if rows.ndim != 2:
            raise self._unusable("what are no vectors")
        if len(rows) != n_texts:
            raise self._unusable(f"{len(rows)} vectors for {n_texts} texts")
        dim = rows.shape[1]
        if not dim:
            raise self._unusable("vectors without a number in them")
        if self._dim not in {None, dim}:
            raise self._unusable(f"vectors of {dim} numbers, where it gave {self._dim} before")
        if not np.isfinite(lengths).all():
            raise self._unusable("a vector with a number that is none or too large")
        self._dim = dim
        return unit(rows)

    def _unusable(self, what: str) -> EmbeddingError:
        return EmbeddingError(f"{self._name} gives {what}; name another in QA_EMBEDDING")


# Models on this machine


@dataclass(frozen=True, slots=True)
class _Model:
    """A model that a library of its kind can load."""

    kind: str
    name: str  # which says its family
    place: str  # a folder, or its name on the hub
    described: str
    remedy: str  # what to do when it cannot be loaded

    def embedder(self, weights: str = "") -> Embedder:
        """It, to be loaded when needed; ``weights`` tells them from others of the same name."""
        id_ = _id(self.kind, self.name, weights, prefixes(self.name).family)
        return CheckedEmbedder(id_, self.described, self._load)

    def _load(self) -> Encoder:
        return _Model2Vec(self) if self.kind == _MODEL2VEC else _SentenceTransformers(self)


def _of_hub(kind: str, name: str) -> Embedder:
    return _Model(
        kind=kind,
        name=name,
        place=name,
        described=f"The {kind} model {name!r}",
        remedy="see that its name is right and the Hugging Face hub can be reached",
    ).embedder()


def _of_folder(folder: Path) -> Embedder:
    """The model in a folder, known by its weights: they are what vectors depend on.

    Raises:
        EmbeddingError: there is none in it.
    """
    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise _no_model(folder)
    kind = _MODEL2VEC if _is_static(folder) else _SENTENCES
    return _Model(
        kind=kind,
        name=_name_of(folder),
        place=str(folder),
        described=f"The {kind} model in {folder}",
        remedy="copy the folder once more, or name another in QA_EMBEDDING",
    ).embedder(_weights_sha256(folder.resolve())[:16])


def _id(*parts: str) -> str:
    return "-".join(filter(None, parts))


def _name_of(folder: Path) -> str:
    """A folder's own name, or that of the model where the hub's client made the folder."""
    path = folder.resolve()
    if path.parent.name == "snapshots":  # models--intfloat--multilingual-e5-small/snapshots/3c0…
        return path.parent.parent.name.rpartition("--")[2]
    return path.name


def _is_static(folder: Path) -> bool:
    """Whether the model in a folder is model2vec's, as far as its files say."""
    modules = _json(folder / "modules.json")
    if isinstance(modules, list):
        kinds = {str(m.get("type")).rpartition(".")[2] for m in modules if isinstance(m, dict)}
        return "StaticEmbedding" in kinds and kinds <= {"StaticEmbedding", "Normalize"}
    config = _json(folder / "config.json")
    return isinstance(config, dict) and config.get("model_type", _MODEL2VEC) == _MODEL2VEC


def _json(path: Path) -> object:
    """What a file holds; None where it is not there."""
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise EmbeddingError(
            f"{path} cannot be read ({error}); copy the model's folder once more"
        ) from error
    return found


@cache
def _weights_sha256(folder: Path) -> str:
    """The hash of all weights in a folder, as 64 hex digits.

    Raises:
        EmbeddingError: there are none, or one cannot be read.
    """
    paths = _weights(folder, ".safetensors") or _weights(folder, ".bin")
    if not paths:
        raise _no_model(folder)
    digest = hashlib.sha256()
    for path in paths:
        digest.update(_sha256(path))
    return digest.hexdigest()


def _weights(folder: Path, suffix: str) -> list[Path]:
    """The files of weights in a folder, and of each part of the model in a folder below it."""
    return sorted([*folder.glob(f"*{suffix}"), *folder.glob(f"*/*{suffix}")])


def _no_model(folder: Path) -> EmbeddingError:
    return EmbeddingError(
        f"There is no embedding in {folder}, which lacks modules.json and config.json or any "
        f"weights; name a folder that {_MODEL2VEC} or {_SENTENCES} saved"
    )


def _sha256(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise EmbeddingError(f"{path} cannot be read ({error.strerror})") from error


@contextmanager
def _loading(model: _Model) -> Iterator[None]:
    """Turn whatever a library raises over a model into one sentence."""
    try:
        yield
    # tokenizers raises nothing narrower over a file of its own, and torch anything at all.
    except Exception as error:
        raise EmbeddingError(
            f"{model.described} cannot be loaded ({_brief(error)}); {model.remedy}"
        ) from error


def _brief(error: Exception) -> str:
    """The beginning of a library's own words, on one line."""
    said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return said if len(said) <= _SAID_CHARS else f"{said[:_SAID_CHARS]}…"


def missing(described: str, extra: str) -> EmbeddingError:
    """The error of a model that needs one of the extras of pyproject.toml."""
    return EmbeddingError(
        f"{described} needs packages that are not installed; run: pip install '.[{extra}]'"
    )


class _Model2Vec(Encoder):
    """A static model, from a folder or by its name on the hub."""

    n_texts = 1024

    def __init__(self, model: _Model) -> None:
        with _loading(model):
            from model2vec import StaticModel

            # The hub is not asked for a model that is here.
            self._model = StaticModel.from_pretrained(model.place, force_download=False)
        self._prefixes = prefixes(model.name)

    def passages(self, texts: list[str]) -> object:
        return self._encode([self._prefixes.passage + text for text in texts])

    def question(self, text: str) -> object:
        return self._encode([self._prefixes.question + text])[0]

    def _encode(self, texts: list[str]) -> npt.NDArray[np.floating]:
        # Each process would need the model once more, and import this program again.
        return self._model.encode(texts, use_multiprocessing=False)


class _SentenceTransformers(Encoder):
    """A sentence encoder, from a folder or by its name on the hub."""

    n_texts = 1024  # which it sorts by their length, and takes 32 at a time

    def __init__(self, model: _Model) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise missing(model.described, _SENTENCES) from error
        with _loading(model):
            self._model = SentenceTransformer(model.place)
        self._described = model.described
        self._prefixes = prefixes(model.name)
        # Those with which it was saved are those it was trained with. Of the names for passages'
        # the library takes the first that is there, though it be empty.
        own = [role for role in _ROLES if self._model.prompts.get(role)]
        self._has_its_own = bool(own)
        self._of_passages = next((role for role in own if role != "query"), None)
        # Its tokenizer serves one thread at a time.
        self._encoding = threading.Lock()

    def passages(self, texts: list[str]) -> object:
        if self._has_its_own:
            encode = partial(self._model.encode_document, prompt_name=self._of_passages)
            return self._encode(encode, texts)
        return self._encode(self._model.encode, [self._prefixes.passage + t for t in texts])

    def question(self, text: str) -> object:
        if self._has_its_own:
            return self._encode(self._model.encode_query, [text])[0]
        return self._encode(self._model.encode, [self._prefixes.question + text])[0]

    def _encode(
        self, encode: Callable[..., npt.NDArray[np.floating]], texts: list[str]
    ) -> npt.NDArray[np.floating]:
        try:
            with self._encoding:
                return encode(texts, show_progress_bar=False)
        except RuntimeError as error:  # torch's, also for too little memory
            raise EmbeddingError(f"{self._described} failed ({_brief(error)})") from error


# Servers


def _on_server(url: str, model: str, key: str) -> Embedder:
    from index.endpoint import address

    try:
        at = address(url, key)
    except ValueError as error:
        raise EmbeddingError(str(error)) from error
    if not model:
        raise EmbeddingError(
            f"The server at {at} may have several models; name one in QA_EMBEDDING_MODEL"
        )
    # Not its address: a server may move, and the vectors stay what they are.
    id_ = _id("server", model, prefixes(model).family)
    return CheckedEmbedder(id_, f"The model {model!r} at {at}", lambda: _server(at, model, key))


def _server(url: str, model: str, key: str) -> Encoder:
    from index.embed_server import ServerEncoder

    return ServerEncoder(url, model, key)
