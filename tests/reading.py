"""Reading one file in a test: what comes out of it, or why it is refused."""

from __future__ import annotations

import random
from pathlib import Path

from index.read import SourceFile, read_file
from index.types import Document, Refused

DUTCH = "De gemeente heeft besloten dat de brug in het voorjaar opengaat."
NOISE = random.Random(7).randbytes(5_000)


def source(path: Path) -> SourceFile:
    return SourceFile(path, path.name, str(path))


def read(path: Path) -> Document:
    (document,) = read_file(source(path))
    assert isinstance(document, Document), document
    return document


def refusal(path: Path) -> str:
    (refused,) = read_file(source(path))
    assert isinstance(refused, Refused), refused
    assert refused.source == str(path)
    return refused.reason


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path
