"""Documents in, hits out: read, chunk, embed, store and search. Knows nothing of answers."""

from index.errors import (
    BuildError,
    EmbeddingError,
    EmbeddingMismatchError,
    LibraryError,
    NoStoreError,
    StoreBusyError,
    StoreDamagedError,
    UnknownDocumentError,
)
from index.library import Library
from index.types import BuildReport, Chunk, Document, DocumentEntry, Hit, Refused

__all__ = [
    "BuildError",
    "BuildReport",
    "Chunk",
    "Document",
    "DocumentEntry",
    "EmbeddingError",
    "EmbeddingMismatchError",
    "Hit",
    "Library",
    "LibraryError",
    "NoStoreError",
    "Refused",
    "StoreBusyError",
    "StoreDamagedError",
    "UnknownDocumentError",
]
