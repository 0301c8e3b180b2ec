"""What can go wrong with a question; what can go wrong with the documents is in ``index.errors``.

    QAError
    ├── QuestionError    the question cannot be answered as it was asked; also a ValueError
    ├── SavedAnswerError a file is not an answer that was saved; also a ValueError
    ├── ModelError       the language model gave no answer that can be used
    ├── SettingsError    what the environment sets cannot be; also a ValueError
    ├── StoppedError     nobody wants the answer any more
    └── GroundingError   an answer did not pass its own check, and is not shown

A program that wants to survive anything a person types catches ``QuestionError``; one that
wants to survive anything at all catches ``(QAError, index.LibraryError)``. That the documents
do not say is no error: the ``Answer`` has ``refused=True``.
"""

from typing import Literal

Fault = Literal[
    "missing", "unreachable", "slow", "too_long", "busy", "refused", "redirected", "garbled",
    "failed", "resting",
]  # fmt: skip


class QAError(Exception):
    """The base of every error of the answer layer."""


class QuestionError(QAError, ValueError):
    """The question is empty, too long or not text, or its restriction cannot be.

    The message says which, in English; ``code`` names it for a screen that has its own words:
    ``empty``, ``too_long``, or ``unfit`` for all that only a program can get wrong.
    """

    def __init__(self, message: str, code: str = "unfit") -> None:
        super().__init__(message)
        self.code = code


class SavedAnswerError(QAError, ValueError):
    """A file is not an answer that was saved."""


class ModelError(QAError):
    """The language model gave no answer that can be used; the message never holds the key.

    ===========  =================================================================================
    code         what happened
    ===========  =================================================================================
    missing      a package that it needs is not installed
    unreachable  its server does not answer
    slow         it was not done in time
    too_long     it wrote or sent more than it may
    busy         its server has too much to do just now
    refused      its server does not take the key, or does not know the model
    redirected   its server points to another address, which is not followed
    garbled      what came is no answer
    failed       it, or its server, broke down over the question
    resting      it was not asked: it failed too often a moment ago
    ===========  =================================================================================
    """

    def __init__(self, message: str, code: Fault) -> None:
        super().__init__(message)
        self.code: Fault = code


class SettingsError(QAError, ValueError):
    """What was set cannot be, or not together; the message names the variable."""


class StoppedError(QAError):
    """Nobody wants the answer any more: whoever asked said so."""


class GroundingError(QAError):
    """An answer is not what its sources say: a fault in the program, never in a document."""
