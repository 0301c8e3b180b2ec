"""Child processes that run a module of this package: how each of them is started and ends."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

_PARENT = "QA_PARENT_PID"


def start(module: str, *arguments: str, stderr: int = DEVNULL) -> Popen[bytes]:
    """Run ``python -m module arguments``, with pipes to its input and from its output.

    Not by multiprocessing, which would run a person's own script a second time.
    """
    return Popen(
        # -P: what lies in the folder one happens to work in is not imported.
        [sys.executable, "-P", "-m", module, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "MALLOC_ARENA_MAX": "1",  # glibc reserves 64 MB for each further thread
            _PARENT: str(os.getpid()),
        },
        stdin=PIPE,
        stdout=PIPE,
        stderr=stderr,
    )


def stop(process: Popen[bytes]) -> None:
    """End a child, whatever it is at."""
    process.kill()
    process.communicate()


def end_with_parent() -> None:
    """Called in a child: end within a second of the parent's end, however that ends.

    On Windows nothing tells; there a child ends when it has done what it was asked.
    """
    if os.name == "nt":
        return
    # Told, not asked: it may have ended before this one got here.
    parent = int(os.environ.get(_PARENT) or os.getppid())

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()
