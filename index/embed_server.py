"""An embedding on an OpenAI-compatible server, through LlamaIndex.

It knows how to ask, and what it means when nothing comes; vectors are looked at in ``embedders``.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import TypeVar

from index.embedders import Encoder, missing, prefixes
from index.endpoint import (
    FAULTS,
    MISSHAPEN,
    client,
    knows_no_such_model,
    may_pass,
    models,
    why,
)
from index.errors import EmbeddingError

# A server on a laptop may first have to load a model of some gigabytes.
_TIMEOUT_S = 60.0
# 32 vectors of 8,192 numbers are 6 MB of JSON.
_MAX_BYTES = 16_000_000
# What a build waits for a server that has too much to do: hosted ones count by the minute.
_WAITS_S = (1.0, 5.0, 15.0, 40.0)
# How many of a server's models an error names.
_NAMED = 10

_T = TypeVar("_T")


class ServerEncoder(Encoder):
    """A model on an OpenAI-compatible server, through LlamaIndex."""

    # Text Embeddings Inference takes no more unless told to; Ollama and vLLM gain nothing by it.
    n_texts = 32

    def __init__(self, url: str, model: str, key: str) -> None:
        try:
            from llama_index.embeddings.openai_like import OpenAILikeEmbedding
            from openai import OpenAIError
        except ImportError as error:
            raise missing(f"The embedding server at {url}", "llm") from error
        self._url, self._model, self._key, self._prefixes = url, model, key, prefixes(model)
        self._faults = (OpenAIError, *FAULTS, *MISSHAPEN)
        asking = client(timeout_s=_TIMEOUT_S, max_bytes=_MAX_BYTES)
        weakref.finalize(self, asking.close)
        self._embedding = OpenAILikeEmbedding(
            model_name=model,
            api_base=url,
            # Without one LlamaIndex would take OPENAI_API_KEY, which is not for this server.
            api_key=key or "none",
            embed_batch_size=self.n_texts,
            timeout=_TIMEOUT_S,
            max_retries=0,
            http_client=asking,
        )

    def passages(self, texts: list[str]) -> object:
        """A row for each text, which is waited for where the server has too much to do.

        Raises:
            EmbeddingError: it does not give them.
        """
        prefixed = [self._prefixes.passage + text for text in texts]
        for wait_s in _WAITS_S:
            try:
                return self._embedding.get_text_embedding_batch(prefixed)
            except self._faults as error:
                if not may_pass(error):
                    raise self._failed(error) from error
            time.sleep(wait_s)
        return self._asked(self._embedding.get_text_embedding_batch, prefixed)

    def question(self, text: str) -> object:
        """The row of a question.

        Raises:
            EmbeddingError: it does not give it.
        """
        # Somebody waits: at once or not at all.
        return self._asked(self._embedding.get_query_embedding, self._prefixes.question + text)

    def _asked(self, ask: Callable[[_T], object], said: _T) -> object:
        try:
            return ask(said)
        except self._faults as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> EmbeddingError:
        if knows_no_such_model(error):
            return EmbeddingError(
                f"The embedding server at {self._url} does not know the model {self._model!r}; "
                f"name another in QA_EMBEDDING_MODEL{self._has()}"
            )
        return EmbeddingError(
            f"The embedding server at {self._url} {why(error)}; see that it runs, and what "
            "QA_EMBEDDING, QA_EMBEDDING_MODEL and QA_EMBEDDING_KEY say"
        )

    def _has(self) -> str:
        """The models that the server lists, as the end of a sentence."""
        try:
            listed = models(self._url, self._key)
        except FAULTS:
            return ""
        return f" (it has {', '.join(listed[:_NAMED])})" if listed else ""
