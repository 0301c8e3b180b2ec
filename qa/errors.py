"""What can go wrong with a question; what can go wrong with the documents is in ``index.errors``.

    QAError
    ├── QuestionError    the question cannot be answered as it was asked; also a ValueError
    ├── SavedAnswerError a file is not an answer that was saved; also a ValueError
    └── GroundingError   an answer did not pass its own check, and is not shown

A program that wants to survive anything a person types catches ``QuestionError``; one that
wants to survive anything at all catches ``(QAError, index.LibraryError)``. That the documents
do not say is no error: the ``Answer`` has ``refused=True``.
"""


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


class GroundingError(QAError):
    """An answer is not what its sources say: a fault in the program, never in a document."""
