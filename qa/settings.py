"""What a person can set from outside, read once at the edge."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path

from index import Library
from qa.errors import SettingsError

_YES, _NO = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process; ``docs/models.md`` says what each may be.

    >>> Settings().store.name
    '.qa'

    Raises:
        SettingsError: what was set cannot be, or not together.
    """

    store: Path = Path(".qa")  # QA_STORE: the folder of the index, relative to where one is
    embedding: str = "shipped"  # QA_EMBEDDING: as ``index.embedders.embedder`` takes it
    embedding_model: str = ""  # QA_EMBEDDING_MODEL: what a server calls it
    embedding_key: str = field(default="", repr=False)  # QA_EMBEDDING_KEY
    llm: str = ""  # QA_LLM: the address of a server; empty: no language model
    llm_model: str = ""  # QA_LLM_MODEL: what that server calls it
    llm_key: str = field(default="", repr=False)  # QA_LLM_KEY
    llm_deadline_s: float = 60.0  # QA_LLM_DEADLINE_S: what it may take for one question
    llm_second_opinion: bool = False  # QA_LLM_SECOND_OPINION

    def __post_init__(self) -> None:
        self._check_embedding()
        self._check_llm()

    def _check_embedding(self) -> None:
        from index.embedders import is_address

        # The address is not repeated: there may be a password in it.
        if is_address(self.embedding) and not self.embedding_model:
            raise SettingsError(
                "QA_EMBEDDING is the address of a server; set QA_EMBEDDING_MODEL to the name of "
                "a model there"
            )
        if self.embedding_model and not is_address(self.embedding):
            raise SettingsError(
                f"QA_EMBEDDING_MODEL is {self.embedding_model!r}, a model on a server, but "
                f"QA_EMBEDDING is {self.embedding!r}; set that to the server's address"
            )

    def _check_llm(self) -> None:
        if self.llm and not self.llm_model:
            raise SettingsError(
                "QA_LLM is set without a model; set QA_LLM_MODEL to the name of one there"
            )
        if not self.llm and (self.llm_model or self.llm_second_opinion):
            name = "QA_LLM_MODEL" if self.llm_model else "QA_LLM_SECOND_OPINION"
            raise SettingsError(
                f"{name} is set, but no language model; set QA_LLM to the address of a server"
            )
        if not (math.isfinite(self.llm_deadline_s) and self.llm_deadline_s > 0):
            raise _no_deadline(self.llm_deadline_s)

    @classmethod
    def from_env(cls) -> Settings:
        """The settings that the environment gives; an empty variable counts as none.

        Raises:
            SettingsError: what it gives cannot be.
        """
        kept = cls()
        return cls(
            store=Path(os.environ.get("QA_STORE") or kept.store),
            embedding=_set("QA_EMBEDDING") or kept.embedding,
            embedding_model=_set("QA_EMBEDDING_MODEL"),
            embedding_key=_set("QA_EMBEDDING_KEY"),
            llm=_set("QA_LLM"),
            llm_model=_set("QA_LLM_MODEL"),
            llm_key=_set("QA_LLM_KEY"),
            llm_deadline_s=_seconds("QA_LLM_DEADLINE_S", kept.llm_deadline_s),
            llm_second_opinion=_is_on("QA_LLM_SECOND_OPINION"),
        )


def open_library(settings: Settings, store: Path | None = None) -> Library:
    """The library in ``store``, or else the one set, with the embedding that is set.

    Raises:
        EmbeddingError: the embedding is none, or not there.
    """
    from index.embedders import embedder

    embedding = embedder(settings.embedding, settings.embedding_model, settings.embedding_key)
    return Library.open(store or settings.store, embedder=embedding)


def _set(name: str) -> str:
    # A name or a key that was copied often has a line end after it.
    return os.environ.get(name, "").strip()


def _seconds(name: str, default: float) -> float:
    text = _set(name)
    try:
        return float(text) if text else default
    except ValueError as error:
        raise _no_deadline(text) from error


def _no_deadline(value: object) -> SettingsError:
    return SettingsError(
        f"QA_LLM_DEADLINE_S is {value!r}; set it to a number of seconds above 0, such as 60"
    )


def _is_on(name: str) -> bool:
    text = _set(name).lower()
    if text and text not in _YES | _NO:
        raise SettingsError(f"{name} is {text!r}; set it to 1 or 0")
    return text in _YES
