from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import StoreBusyError, StoreDamagedError
from index.generation import (
    FORMAT,
    MANIFEST,
    Manifest,
    current,
    file_marks,
    library_versions,
    next_name,
    publish,
    read_manifest,
    sweep,
    write_manifest,
    writer_lock,
)

WRITTEN = Manifest(
    generation="gen-000001",
    roots=("/één", "/b"),
    removed=("b/weg.txt",),
    documents={"b/a.txt": "0" * 64, "é.txt": "1" * 64},
    chunking="sentences",
    embedding="concepts",
    dim=4,
    n_chunks=3,
    files={"truth.sqlite": "bytes:5"},
    versions={"chromadb": "1.5.9"},
)


def make(store: Path, *names: str) -> None:
    for name in names:
        (store / name).mkdir()
        (store / name / "file").write_text(name)


def test_a_manifest_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_manifest(tmp_path, WRITTEN)
    assert read_manifest(tmp_path) == WRITTEN


def test_a_manifest_that_was_cut_off_anywhere_is_damage(tmp_path: Path) -> None:
    write_manifest(tmp_path, WRITTEN)
    content = (tmp_path / MANIFEST).read_bytes().rstrip()
    for length in range(len(content)):
        (tmp_path / MANIFEST).write_bytes(content[:length])
        with pytest.raises(StoreDamagedError, match="cannot be read"):
            read_manifest(tmp_path)


@pytest.mark.parametrize("content", ["[]", "5", "null", "{}", '{"roots": []}', "\x00"])
def test_what_is_no_manifest_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        read_manifest(tmp_path)


def test_a_lost_manifest_is_damage(tmp_path: Path) -> None:
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        read_manifest(tmp_path)


def test_a_manifest_of_a_newer_format_asks_for_a_newer_version(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(WRITTEN, format=FORMAT + 1))
    with pytest.raises(StoreDamagedError, match="install a newer version"):
        read_manifest(tmp_path)


def test_a_manifest_of_an_older_format_asks_to_index_again(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(WRITTEN, format=1))
    with pytest.raises(StoreDamagedError, match="index the sources again"):
        read_manifest(tmp_path)


def test_a_manifest_of_a_newer_format_may_have_fields_we_do_not_know(tmp_path: Path) -> None:
    write_manifest(tmp_path, replace(WRITTEN, format=FORMAT + 1))
    fields = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    (tmp_path / MANIFEST).write_text(json.dumps(fields | {"signature": "…"}), "utf-8")
    with pytest.raises(StoreDamagedError, match="install a newer version"):
        read_manifest(tmp_path)


def test_the_fingerprint_is_that_of_documents_chunking_and_embedding() -> None:
    same = replace(
        WRITTEN,
        generation="gen-000009",
        roots=("/elders",),
        removed=(),
        n_chunks=9,
        files={},
        versions={},
    )
    assert same.fingerprint == WRITTEN.fingerprint
    assert re.fullmatch("[0-9a-f]{16}", WRITTEN.fingerprint)
    others = [
        replace(WRITTEN, documents={"b/a.txt": "0" * 64}),
        replace(WRITTEN, documents={"b/a.txt": "0" * 64, "é.txt": "2" * 64}),
        replace(WRITTEN, chunking="lines"),
        replace(WRITTEN, embedding="lengths"),
    ]
    assert len({manifest.fingerprint for manifest in [WRITTEN, *others]}) == 5


def test_the_versions_of_what_wrote_the_files_are_known() -> None:
    assert library_versions().keys() == {"chromadb", "tantivy", "sentencex"}


def test_every_file_but_the_manifest_is_known_by_its_hash_and_chroma_s_by_their_size(
    tmp_path: Path,
) -> None:
    (tmp_path / "vectors").mkdir()
    (tmp_path / "vectors" / "a").write_bytes(b"12")
    (tmp_path / "truth.sqlite").write_bytes(b"123")
    write_manifest(tmp_path, WRITTEN)
    assert file_marks(tmp_path) == {
        "truth.sqlite": f"sha256:{hashlib.sha256(b'123').hexdigest()}",
        "vectors/a": "bytes:2",
    }


def test_nothing_is_in_use_before_the_first_is_published(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    assert current(tmp_path / "no such folder") is None
    assert next_name(tmp_path) == "gen-000001"


def test_publishing_makes_a_generation_the_one_in_use(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000002")
    publish(tmp_path, "gen-000001")
    assert current(tmp_path) == "gen-000001"
    publish(tmp_path, "gen-000002")
    assert current(tmp_path) == "gen-000002"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "CURRENT",
        "gen-000001",
        "gen-000002",
    ]


@pytest.mark.parametrize("at", range(8))
def test_publishing_that_fails_at_any_write_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    make(tmp_path, "gen-000001", "gen-000002")
    publish(tmp_path, "gen-000001")
    calls = 0
    real = os.fsync

    def fail(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > at:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fail)
    try:
        publish(tmp_path, "gen-000002")
    except OSError:
        # file, folder, pointer; the last, after the pointer is replaced, is of the store
        assert current(tmp_path) == ("gen-000002" if at == 3 else "gen-000001")
    else:
        assert at >= 4
        assert current(tmp_path) == "gen-000002"


@pytest.mark.parametrize(
    "content",
    ["", "\n", "gen-1", "../gen-000001", "gen-000001/..", "gen-000001\ngen-000002", "x" * 9_999],
)
def test_a_pointer_to_anything_but_a_generation_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / "CURRENT").write_text(content)
    with pytest.raises(StoreDamagedError, match="not the name of a generation") as caught:
        current(tmp_path)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_a_pointer_that_is_no_text_is_damage(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        current(tmp_path)


def test_names_go_on_from_the_highest_that_is_there(tmp_path: Path) -> None:
    make(tmp_path, "gen-000009", "gen-000100", "gen-x", "gen-1000000")
    assert next_name(tmp_path) == "gen-1000001"


def test_a_sweep_keeps_the_one_in_use_and_what_is_no_generation(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000002", "gen-000003", "uploads", "gen-mine")
    publish(tmp_path, "gen-000002")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "CURRENT",
        "gen-000002",
        "gen-mine",
        "uploads",
    ]


def test_a_sweep_of_a_store_whose_pointer_is_damaged_deletes_nothing(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001")
    (tmp_path / "CURRENT").write_text("?")
    with pytest.raises(StoreDamagedError):
        sweep(tmp_path)
    assert (tmp_path / "gen-000001" / "file").read_text() == "gen-000001"


def test_one_writer_at_a_time_in_one_process(tmp_path: Path) -> None:
    with writer_lock(tmp_path):
        began = time.monotonic()
        with (
            pytest.raises(StoreBusyError, match=f"process {os.getpid()} on "),
            writer_lock(tmp_path),
        ):
            pass
        assert time.monotonic() - began < 2
    with writer_lock(tmp_path):
        pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), writer_lock(tmp_path):
        raise KeyboardInterrupt
    with writer_lock(tmp_path):
        pass


def test_a_second_process_is_refused_in_two_seconds_naming_the_first(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from index.errors import StoreBusyError; from index.generation import writer_lock\n"
        "began = time.monotonic()\n"
        "try:\n"
        "    with writer_lock(Path(sys.argv[1])): print('got it')\n"
        "except StoreBusyError as error: print(error, time.monotonic() - began, sep='|')\n"
    )
    with writer_lock(tmp_path):
        said = subprocess.check_output([sys.executable, "-c", script, str(tmp_path)], text=True)
    message, waited = said.split("|")
    assert f"process {os.getpid()} on" in message
    assert str(tmp_path) in message
    assert float(waited) < 2


def test_a_killed_writer_holds_no_lock(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from index.generation import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -9
    assert (tmp_path / "writer.json").exists()
    with writer_lock(tmp_path):
        assert json.loads((tmp_path / "writer.json").read_text())["pid"] == os.getpid()
