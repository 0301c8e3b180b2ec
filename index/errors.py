"""Everything that can go wrong between a file and a hit.

    LibraryError                (never raised itself; catch it for "the library could not do it")
    ├── NoStoreError            there is no index at that place yet
    ├── StoreDamagedError       there is one, and a part of it cannot be trusted or read
    ├── StoreBusyError          another process is writing to it
    ├── EmbeddingError          the embedding cannot be loaded, or does not answer
    ├── EmbeddingMismatchError  it was built with another embedding model
    ├── UnknownDocumentError    no document has that id
    └── BuildError              nothing could be published; the old index still answers

Every message is one sentence or two: what happened, the value seen, what to do.
A file that cannot be read is no exception: it is a ``Refused`` in the ``BuildReport``.
"""


class LibraryError(Exception):
    """The base of every error of the index; catch it to report, not to repair."""


class NoStoreError(LibraryError):
    """There is no index at that place yet."""


class StoreDamagedError(LibraryError):
    """A part of the store cannot be trusted or read."""


class StoreBusyError(LibraryError):
    """Another process holds the writer lock."""


class EmbeddingError(LibraryError):
    """The embedding cannot be loaded, does not answer, or gives what are no vectors."""


class EmbeddingMismatchError(LibraryError):
    """The store was built with another embedding model."""


class UnknownDocumentError(LibraryError):
    """No document has that id."""


class BuildError(LibraryError):
    """Nothing could be published; the old index still answers."""
