"""A hash of what Chroma's database holds, read without Chroma.

The file's bytes are others each time that Chroma has opened it: it notes that it took a lock.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

# Tables to which Chroma writes when it opens the database, and SQLite's own counters.
_NOTES = ("acquire_write", "sqlite_sequence")
_ROWS = 1_000  # at a time: one by one takes a third longer


def tables_digest(path: Path) -> str:
    """A hash of all rows but those of Chroma's notes, as ``sqlite:…``.

    Not to be called in a process where Chroma has the file open: closing it would end its locks.
    """
    digest = hashlib.sha256()
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            sound = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if sound != "ok":
                return f"unreadable ({sound})"
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            ).fetchall()
            for (name,) in names:
                if name not in _NOTES:
                    digest.update(name.encode())
                    rows = database.execute(f'SELECT * FROM "{name}"')
                    while some := rows.fetchmany(_ROWS):
                        digest.update("".join(map(repr, some)).encode())
    except sqlite3.Error as error:
        return f"unreadable ({error})"
    return f"sqlite:{digest.hexdigest()}"
