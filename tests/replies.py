"""Replies of language models that are made from the sentences they were given.

    citing("Gab gains 600,000 users a day [{600.000}].")

cites the first sentence that has "600.000" in it, by the id that the prompt gave it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from llama_index.core.base.llms.types import (
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM

from tests.llm_server import Messages

Reply = Callable[[Messages], str]

_LINE = re.compile(
    r"^\[(?P<id>\w{4})\] \((?P<title>.*?), (?:nl|de|en)\) (?P<text>.*)$", re.MULTILINE
)


def sentences_of(messages: Messages) -> dict[str, str]:
    """The sentences that a prompt has, by their ids."""
    return {m["id"]: m["text"] for m in _LINE.finditer(messages[-1]["content"])}


def citing(reply: str) -> Reply:
    """A model that says this, with the ids of the sentences whose words stand in braces."""

    def say(messages: Messages) -> str:
        given = sentences_of(messages)

        def id_of(words: re.Match[str]) -> str:
            return next(id_ for id_, text in given.items() if words[1] in text)

        return re.sub(r"\{([^}]*)\}", id_of, reply)

    return say


class Canned(CustomLLM):
    """A LlamaIndex model that gives a reply in pieces of a few characters."""

    reply: Reply
    size_chars: int = 9

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="canned")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:  # noqa: ANN401
        return CompletionResponse(text=self.reply([{"content": prompt}]))

    def stream_complete(
        self,
        prompt: str,
        formatted: bool = False,
        **_: Any,  # noqa: ANN401
    ) -> CompletionResponseGen:
        return self._pieces(self.complete(prompt).text)

    def _pieces(self, text: str) -> CompletionResponseGen:
        for at in range(0, len(text), self.size_chars):
            end = at + self.size_chars
            yield CompletionResponse(text=text[:end], delta=text[at:end])
