"""What a person can set from outside, read once at the edge."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process.

    >>> Settings().store.name
    '.qa'
    """

    store: Path = Path(".qa")  # QA_STORE: the folder of the index, relative to where one is

    @classmethod
    def from_env(cls) -> Settings:
        """The settings that the environment gives; an empty variable counts as none."""
        store = os.environ.get("QA_STORE")
        return cls(store=Path(store)) if store else cls()
