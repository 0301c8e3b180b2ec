"""Nothing leaves this machine, and nothing is imported that is not needed."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Python runs this before anything else, in every process that a process starts too.
_GUARD = """
import os, socket

_LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None, socket.gethostname()}

def _note(what):
    with open(os.environ["ATTEMPTS"], "a") as stream:
        stream.write(f"{what}\\n")
    raise OSError(f"the network is not to be used: {what}")

def _host(address):
    return address[0] if isinstance(address, tuple) else None  # a path: a socket of this machine

def _guarded(name, place):
    kept = getattr(socket.socket, name)
    def guarded(self, *arguments):
        if _host(arguments[place(arguments)]) not in _LOCAL:
            _note(f"{name} {arguments[place(arguments)]}")
        return kept(self, *arguments)
    setattr(socket.socket, name, guarded)

for _name in ("connect", "connect_ex"):
    _guarded(_name, lambda arguments: 0)
_guarded("sendto", lambda arguments: len(arguments) - 1)

def _looked_up(name):
    kept = getattr(socket, name)
    def guarded(host, *arguments, **named):
        plain = host.decode() if isinstance(host, bytes) else host
        if plain not in _LOCAL:
            _note(f"{name} {plain}")
        return kept(host, *arguments, **named)
    setattr(socket, name, guarded)

for _name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    _looked_up(_name)
"""


class Sealed:
    """Runs Python where every way out of the machine fails and is written down."""

    def __init__(self, folder: Path) -> None:
        (folder / "guard").mkdir()
        (folder / "guard" / "sitecustomize.py").write_text(_GUARD)
        (folder / "home").mkdir()
        self._attempts = folder / "attempts"
        self._folder = folder

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A process of ``python *arguments``, with a new home and no proxy."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and name != "QA_STORE"
        }
        paths = [str(self._folder / "guard"), str(ROOT)]
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env={
                **kept,
                "PYTHONPATH": os.pathsep.join(paths),
                "ATTEMPTS": str(self._attempts),
                "HOME": str(self._folder / "home"),
            },
        )

    def run(self, *arguments: str) -> str:
        """What ``python *arguments`` prints; it must succeed without a word on stderr."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, "")
        return out

    @property
    def attempts(self) -> list[str]:
        return self._attempts.read_text().splitlines() if self._attempts.exists() else []


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    return Sealed(tmp_path)


def test_the_guard_stops_and_records_every_way_out(sealed: Sealed) -> None:
    program = """
        import socket, subprocess, sys, urllib.request
        def out():
            socket.create_connection(("192.0.2.1", 80), 1)
        def ask():
            urllib.request.urlopen("http://models.example/")
        def send():
            socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))
        for way in (out, ask, send):
            try:
                way()
            except OSError:
                continue
            raise SystemExit(f"{way.__name__} went out")
        listening = socket.create_server(("127.0.0.1", 0))
        socket.create_connection(listening.getsockname()).close()
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, "-c", sys.orig_argv[2], "child"], check=True)
    """
    sealed.run("-c", textwrap.dedent(program))
    # create_connection looks even a number up.
    alone = ["getaddrinfo 192.0.2.1", "getaddrinfo models.example", "sendto ('192.0.2.1', 53)"]
    assert sealed.attempts == alone * 2


def test_building_and_asking_need_no_network_no_key_and_no_store(sealed: Sealed) -> None:
    program = "import qa; print(qa.answer('Waar studeerde Henry Goodwin?').citations[0].quote)"
    assert "University" in sealed.run("-c", program)  # built first, and verified
    assert "Cambridge" in sealed.run("-m", "qa", "ask", "Where did Henry Goodwin study?")
    assert "5 unchanged" in sealed.run("-m", "qa", "index")
    assert sealed.attempts == []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_the_page_starts_and_is_fetched_without_network(sealed: Sealed, seed_store: Path) -> None:
    port = free_port()
    page = sealed.start("-m", "qa", "serve", "--store", str(seed_store), "--port", str(port))
    try:
        assert page.stdout is not None
        assert page.stdout.readline() == f"Ready: http://127.0.0.1:{port}\n"
        status, text = get(port, "/")
        assert status == 200
        assert "<html" in text
        # Nor does the page send the one who reads it anywhere.
        assert "fonts.googleapis.com/css" not in text
        taken = sealed.start("-m", "qa", "serve", "--store", str(seed_store), "--port", str(port))
        _, said = taken.communicate(timeout=60)
        assert taken.returncode == 1
        assert f"Port {port} on 127.0.0.1 cannot be used" in said
        assert said.count("\n") == 1
    finally:
        page.send_signal(signal.SIGINT)
        _, err = page.communicate(timeout=30)
    assert "Traceback" not in err
    assert page.returncode in {0, 130}
    assert sealed.attempts == []


# What asking and showing can do without
_HEAVY = [
    *["chromadb", "gradio", "llama_index", "model2vec", "tantivy", "py3langid", "pypdfium2"],
    *["httpx", "openai"],
]


@pytest.fixture
def imported() -> Callable[[str], set[str]]:
    """``imported(program)``: the packages that are there when the program has run."""

    def run(program: str) -> set[str]:
        ended = "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
        found = subprocess.run(
            [sys.executable, "-c", program + ended],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        return set(found.stdout.splitlines()[-1].split())

    return run


@pytest.mark.parametrize(
    "program",
    [
        "import qa, index",
        "from qa import Assistant, Turn, answer\nfrom index import Library",
        "import qa.__main__, qa.errors, qa.settings, qa.types, qa.render, index.types",
        "from qa.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass",
        "from qa.__main__ import main\nassert main(['ask', '']) == 2",
    ],
    ids=["packages", "names", "modules", "help", "wrong use"],
)
def test_what_is_not_used_is_not_imported(
    program: str, imported: Callable[[str], set[str]]
) -> None:
    assert imported(program) & {*_HEAVY, "sentencex", "tqdm", "ui"} == set()


def test_asking_imports_neither_the_page_nor_the_builder(
    seed_store: Path, imported: Callable[[str], set[str]]
) -> None:
    program = (
        "from qa.__main__ import main\n"
        f"assert main(['ask', '--store', {str(seed_store)!r}, 'Why did Amazon drop Parler?']) == 0"
    )
    found = imported(program)
    assert found & {"gradio", "llama_index", "sentencex", "pypdfium2", "ui"} == set()
    assert {"chromadb", "tantivy", "model2vec"} <= found


def test_listing_and_showing_sources_needs_no_search(
    seed_store: Path, imported: Callable[[str], set[str]]
) -> None:
    program = (
        "from qa.__main__ import main\n"
        f"assert main(['sources', '--store', {str(seed_store)!r}]) == 0"
    )
    assert imported(program) & {*_HEAVY, "sentencex", "tqdm", "ui"} == set()
