"""Question in, cited answer out.

>>> from qa import answer
>>> answer("Why did Amazon drop Parler?").citations[0].quote  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from qa.assistant import Assistant
from qa.errors import GroundingError, ModelError, QAError, QuestionError, SettingsError
from qa.settings import Settings
from qa.types import Answer, Citation, Disagreement, Stance, Statement, Turn

__all__ = [
    "Answer",
    "Assistant",
    "Citation",
    "Disagreement",
    "GroundingError",
    "ModelError",
    "QAError",
    "QuestionError",
    "SettingsError",
    "Stance",
    "Statement",
    "Turn",
    "answer",
]


def answer(question: str, *, history: Sequence[Turn] = ()) -> Answer:
    """The answer from the default store, which is built from the shipped articles if missing.

    Raises:
        QuestionError: there is no question, or it is too long.
        SettingsError: the environment sets what cannot be.
        index.LibraryError: the index cannot be built or read.
    """
    settings = Settings.from_env()
    assistant = _default(replace(settings, store=settings.store.absolute()))
    if not assistant.library.exists():
        assistant.library.build()
    return assistant.ask(question, history=history)


@cache
def _default(settings: Settings) -> Assistant:
    return Assistant.from_settings(settings)
