from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import BuildError, StoreDamagedError
from index.generation import (
    DATABASE,
    FORMAT,
    MANIFEST,
    Manifest,
    current,
    drop,
    file_marks,
    hash_faults,
    is_remembered,
    is_tidy,
    library_versions,
    next_name,
    part_files,
    point,
    points_to,
    publish,
    read_manifest,
    read_roots,
    remember,
    size_faults,
    staging,
    sweep,
    write_manifest,
)
from index.locks import Lease

WRITTEN = Manifest(
    generation="gen-000001",
    roots=("/één", "/b"),
    removed=("b/weg.txt",),
    documents={"b/a.txt": "0" * 64, "é.txt": "1" * 64},
    chunking="sentences",
    embedding="concepts",
    dim=4,
    n_chunks=3,
    files={"truth.sqlite": "sha256:00 5"},
    versions={"chromadb": "1.5.9"},
)


def make(store: Path, *names: str) -> None:
    for name in names:
        (store / name).mkdir()
        (store / name / "file").write_text(name)


def publish_new(store: Path, name: str) -> None:
    with staging(store) as folder:
        (folder / "file").write_text(name)
        publish(folder, name)


def names(store: Path) -> list[str]:
    return sorted(path.name for path in store.iterdir())


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


@pytest.mark.parametrize("older", [1, FORMAT - 1])
def test_a_manifest_of_an_older_format_asks_to_rebuild(tmp_path: Path, older: int) -> None:
    write_manifest(tmp_path, replace(WRITTEN, format=older))
    with pytest.raises(StoreDamagedError, match=f"format {older}, older than .* --rebuild"):
        read_manifest(tmp_path)


def test_the_roots_are_read_of_an_older_format_and_a_newer_one_is_left_alone(
    tmp_path: Path,
) -> None:
    # As format 2 was written: no checksum, and marks of another kind.
    fields = {"format": 2, "generation": "gen-000007", "roots": ["/één"], "removed": ["b/weg.txt"]}
    (tmp_path / MANIFEST).write_text(json.dumps(fields), "utf-8")
    with pytest.raises(StoreDamagedError, match="older"):
        read_manifest(tmp_path)
    assert read_roots(tmp_path) == (("/één",), ("b/weg.txt",))
    write_manifest(tmp_path, replace(WRITTEN, format=FORMAT + 1))
    with pytest.raises(BuildError, match="newer than"):
        read_roots(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"roots": ["/a"]}', '{"roots": 5, "removed": []}'])
def test_a_manifest_that_tells_no_roots_is_damage(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        read_roots(tmp_path)


@pytest.mark.parametrize("turn", [0x01, 0x02, 0x10, 0x20, 0x80, 0xFF])
def test_any_byte_of_a_manifest_that_changed_is_found_or_means_the_same(
    tmp_path: Path, turn: int
) -> None:
    write_manifest(tmp_path, WRITTEN)
    content = (tmp_path / MANIFEST).read_bytes()
    found = 0
    for at in range(len(content)):
        turned = bytes([content[at] ^ turn])
        (tmp_path / MANIFEST).write_bytes(content[:at] + turned + content[at + 1 :])
        try:
            assert read_manifest(tmp_path) == WRITTEN
        except StoreDamagedError:
            found += 1
    assert found > len(content) / 2


@pytest.mark.parametrize("field", list(WRITTEN.__slots__))
def test_a_manifest_of_which_a_field_was_edited_is_damage(tmp_path: Path, field: str) -> None:
    write_manifest(tmp_path, WRITTEN)
    fields = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    fields[field] = {"generation": "gen-000002", "format": FORMAT}.get(field, ["/elders"])
    fields |= {"extra": 1} if field == "format" else {}
    (tmp_path / MANIFEST).write_text(json.dumps(fields), "utf-8")
    with pytest.raises(StoreDamagedError, match="changed since it was written"):
        read_manifest(tmp_path)


def test_brackets_without_end_are_no_manifest(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("[" * 200_000)
    with pytest.raises(StoreDamagedError, match="cannot be read"):
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


# Marks of files


def filled(folder: Path) -> dict[str, str]:
    """A generation's folder of three files and a manifest; the marks of the three."""
    (folder / "vectors").mkdir(parents=True)
    (folder / DATABASE).write_bytes(b"12345")
    (folder / "vectors" / "a").write_bytes(b"12")
    (folder / "truth.sqlite").write_bytes(b"123")
    marks = file_marks(folder, part_files(folder), "sqlite:ff")
    write_manifest(folder, replace(WRITTEN, files=marks))
    return marks


def test_every_file_but_the_manifest_is_known_by_its_hash_and_size(tmp_path: Path) -> None:
    expected = {
        "truth.sqlite": f"sha256:{hashlib.sha256(b'123').hexdigest()} 3",
        "vectors/a": f"sha256:{hashlib.sha256(b'12').hexdigest()} 2",
        DATABASE: "sqlite:ff 5",
    }
    assert filled(tmp_path) == expected
    assert file_marks(tmp_path, part_files(tmp_path), "sqlite:ff") == expected


def test_files_as_they_were_written_have_no_faults(tmp_path: Path) -> None:
    marks = filled(tmp_path)
    assert size_faults(tmp_path, marks) == hash_faults(tmp_path, marks, "sqlite:ff") == {}


def test_each_file_of_another_size_or_none_is_told(tmp_path: Path) -> None:
    marks = filled(tmp_path)
    (tmp_path / "truth.sqlite").unlink()
    (tmp_path / "vectors" / "a").write_bytes(b"123")
    (tmp_path / DATABASE).write_bytes(b"1234")
    assert size_faults(tmp_path, marks) == {
        "truth.sqlite": "is missing",
        "vectors/a": "has 3 bytes, not 2",
        DATABASE: "has 4 bytes, not 5",
    }


def test_chroma_s_database_may_grow(tmp_path: Path) -> None:
    marks = filled(tmp_path)
    (tmp_path / DATABASE).write_bytes(b"123456")
    assert size_faults(tmp_path, marks) == hash_faults(tmp_path, marks, "sqlite:ff") == {}


def test_content_of_the_same_size_that_changed_is_told(tmp_path: Path) -> None:
    marks = filled(tmp_path)
    (tmp_path / "truth.sqlite").write_bytes(b"124")
    assert size_faults(tmp_path, marks) == {}
    changed = "has changed since it was written"
    assert hash_faults(tmp_path, marks, "sqlite:ff") == {"truth.sqlite": changed}
    assert hash_faults(tmp_path, marks, "sqlite:fe").keys() == {"truth.sqlite", DATABASE}


# What was found whole


@pytest.fixture
def seen(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The folder of a generation that was found whole, and the marks of its files."""
    folder = tmp_path / "gen-000001"
    marks = filled(folder)
    assert not is_remembered(folder, marks)
    remember(folder, marks)
    return folder, marks


def test_a_generation_that_was_found_whole_is_remembered(
    seen: tuple[Path, dict[str, str]],
) -> None:
    folder, marks = seen
    assert is_remembered(folder, marks)
    assert names(folder.parent) == ["gen-000001", "gen-000001.seen"]


def test_what_chroma_writes_when_it_opens_its_database_has_to_be_noted(
    seen: tuple[Path, dict[str, str]],
) -> None:
    folder, marks = seen
    (folder / DATABASE).write_bytes(b"54321 and more")
    assert not is_remembered(folder, marks)
    remember(folder, marks)
    assert is_remembered(folder, marks)


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def rewrite(path: Path) -> None:
    time_ns = path.stat().st_mtime_ns
    path.write_bytes(b"x" * path.stat().st_size)
    if path.stat().st_mtime_ns == time_ns:  # a clock that is coarse
        os.utime(path, ns=(time_ns, time_ns + 1))


def lengthen(path: Path) -> None:
    stat = path.stat()
    path.write_bytes(path.read_bytes() + b"x")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def unlink(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("change", [touch, rewrite, lengthen, unlink])
@pytest.mark.parametrize("name", ["truth.sqlite", "vectors/a", MANIFEST])
def test_a_generation_is_not_remembered_once_a_file_of_it_was_touched(
    seen: tuple[Path, dict[str, str]], name: str, change: Callable[[Path], None]
) -> None:
    folder, marks = seen
    change(folder / name)
    assert not is_remembered(folder, marks)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b"\x00" * 9])
def test_a_garbled_note_remembers_nothing(
    seen: tuple[Path, dict[str, str]], content: bytes
) -> None:
    folder, marks = seen
    folder.with_suffix(".seen").write_bytes(content)
    assert not is_remembered(folder, marks)
    remember(folder, marks)
    assert is_remembered(folder, marks)


def test_a_store_that_cannot_be_written_is_not_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "gen-000001"
    marks = filled(folder)
    # In the way of any note, for root too, whom no permission holds back.
    folder.with_suffix(".seen").mkdir()
    remember(folder, marks)
    assert not is_remembered(folder, marks)


# The pointer


def test_nothing_is_in_use_before_the_first_is_published(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    assert current(tmp_path / "no such folder") is None
    assert next_name(tmp_path) == "gen-000001"


def test_publishing_makes_a_generation_the_one_in_use(tmp_path: Path) -> None:
    publish_new(tmp_path, "gen-000001")
    assert current(tmp_path) == "gen-000001"
    publish_new(tmp_path, "gen-000002")
    assert current(tmp_path) == "gen-000002"
    assert points_to(tmp_path, "gen-000002")
    assert not points_to(tmp_path, "gen-000001")
    assert (tmp_path / "gen-000002" / "file").read_text() == "gen-000002"
    assert names(tmp_path) == ["CURRENT", "gen-000001", "gen-000002"]


def test_publishing_syncs_every_file_then_renames_then_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename, replace_ = os.fsync, Path.rename, Path.replace

    def noting_fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        steps.append(f"fsync {path.relative_to(tmp_path)}".replace(folder.name, "staging"))
        fsync(handle)

    def noting_rename(path: Path, target: Path) -> Path:
        steps.append(f"rename to {target.name}")
        return rename(path, target)

    def noting_replace(path: Path, target: Path) -> Path:
        steps.append(f"replace {target.name}")
        return replace_(path, target)

    with staging(tmp_path) as folder:
        (folder / "vectors").mkdir()
        (folder / "vectors" / "a").write_bytes(b"1")
        (folder / "truth.sqlite").write_bytes(b"1")
        monkeypatch.setattr(os, "fsync", noting_fsync)
        monkeypatch.setattr(Path, "rename", noting_rename)
        monkeypatch.setattr(Path, "replace", noting_replace)
        publish(folder, "gen-000001")
    assert sorted(steps[:4]) == [
        "fsync staging",
        "fsync staging/truth.sqlite",
        "fsync staging/vectors",
        "fsync staging/vectors/a",
    ]
    assert steps[4:] == [
        "rename to gen-000001",
        "fsync .",
        "fsync CURRENT.new",
        "replace CURRENT",
        "fsync .",
    ]


@pytest.mark.parametrize("at", range(7))
def test_publishing_that_fails_at_any_write_leaves_the_old_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    publish_new(tmp_path, "gen-000001")
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
        publish_new(tmp_path, "gen-000002")
    except OSError:
        # file, folder, store, pointer; the last, after the pointer is replaced, is of the store
        assert current(tmp_path) == ("gen-000002" if at == 4 else "gen-000001")
    else:
        assert at >= 5
        assert current(tmp_path) == "gen-000002"
    monkeypatch.undo()
    sweep(tmp_path)
    assert names(tmp_path) == ["CURRENT", current(tmp_path)]


GARBLED = [
    b"",
    b"\n",
    b"gen-1",
    b"../gen-000001",
    b"gen-000001/..",
    b"gen-000001\ngen-000002",
    b"x" * 9_999,
    b"\xff\xfe\x00",
    b"\x00" * 11,
]


@pytest.mark.parametrize("content", [None, *GARBLED])
def test_without_a_pointer_the_newest_generation_is_in_use(
    tmp_path: Path, content: bytes | None
) -> None:
    make(tmp_path, "gen-000009", "gen-000010", "building-ffff", "gen-mine", "gen-000099.old")
    if content is not None:
        (tmp_path / "CURRENT").write_bytes(content)
    assert current(tmp_path) == "gen-000010"
    assert not points_to(tmp_path, "gen-000010")
    assert not is_tidy(tmp_path)


@pytest.mark.parametrize("content", GARBLED)
def test_a_garbled_pointer_beside_no_generation_is_damage(tmp_path: Path, content: bytes) -> None:
    make(tmp_path, "building-ffff", "gen-mine")
    (tmp_path / "CURRENT").write_bytes(content)
    with pytest.raises(StoreDamagedError, match="not the name of a generation") as caught:
        current(tmp_path)
    assert len(str(caught.value)) < 400 + len(str(tmp_path))


def test_a_pointer_to_what_is_missing_is_damage_and_no_other_is_taken(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001")
    write_manifest(tmp_path / "gen-000001", WRITTEN)
    point(tmp_path, "gen-000002")
    with pytest.raises(StoreDamagedError, match=r"names gen-000002, which is not there"):
        current(tmp_path)


def test_a_pointer_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001")
    (tmp_path / "CURRENT").mkdir()
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        current(tmp_path)


def test_names_are_ordered_by_their_numbers(tmp_path: Path) -> None:
    for name in ("gen-000009", "gen-000010", "gen-999999", "gen-1000000"):
        make(tmp_path, name)
        assert current(tmp_path) == name


def test_names_go_on_from_the_highest_that_is_there(tmp_path: Path) -> None:
    make(tmp_path, "gen-000009", "gen-000100", "gen-x", "gen-1000000")
    assert next_name(tmp_path) == "gen-1000001"


# What is deleted


def test_a_staging_folder_is_gone_after_an_error(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "file").write_text("half")
        assert names(tmp_path) == [folder.name]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), staging(tmp_path) as folder:
        fill(folder)
    assert names(tmp_path) == []


def test_a_staging_folder_is_gone_when_it_was_not_published(tmp_path: Path) -> None:
    with staging(tmp_path) as folder, staging(tmp_path) as other:
        assert folder != other
    assert names(tmp_path) == []


def test_a_staging_folder_is_no_generation(tmp_path: Path) -> None:
    with staging(tmp_path):
        assert current(tmp_path) is None
        assert next_name(tmp_path) == "gen-000001"


def test_a_sweep_keeps_the_one_in_use_and_what_is_no_generation(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000002", "gen-000003", "uploads", "gen-mine", "building-ff")
    for name in ("CURRENT.new", "gen-000002.99.new"):
        (tmp_path / name).write_text("half")
    for name in ("gen-000001.seen", "gen-000002.seen", "writer.lock"):
        (tmp_path / name).write_text("{}")
    point(tmp_path, "gen-000002")
    assert not is_tidy(tmp_path)
    sweep(tmp_path)
    assert names(tmp_path) == [
        "CURRENT",
        "gen-000002",
        "gen-000002.seen",
        "gen-mine",
        "uploads",
        "writer.lock",
    ]
    assert is_tidy(tmp_path)


def test_a_sweep_keeps_what_is_read_until_it_is_read_no_more(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000010")
    point(tmp_path, "gen-000010")
    lease, dead = Lease(tmp_path, "gen-000001"), tmp_path / "readers" / "gen-000010.dead.lock"
    dead.touch()
    sweep(tmp_path)
    assert (tmp_path / "gen-000001" / "file").exists()
    assert not dead.exists()
    lease.end()
    sweep(tmp_path)
    assert names(tmp_path) == ["CURRENT", "gen-000010", "readers"]
    assert names(tmp_path / "readers") == []


def test_the_generation_in_use_is_not_dropped(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000002")
    point(tmp_path, "gen-000001")
    drop(tmp_path, "gen-000001")
    drop(tmp_path, "gen-000002")
    drop(tmp_path, "gen-000003")  # as another reader may have done
    assert names(tmp_path) == ["CURRENT", "gen-000001"]


def test_a_sweep_of_a_store_whose_pointer_is_garbled_keeps_the_newest(tmp_path: Path) -> None:
    make(tmp_path, "gen-000001", "gen-000002")
    (tmp_path / "CURRENT").write_text("?")
    sweep(tmp_path)
    assert names(tmp_path) == ["CURRENT", "gen-000002"]


def test_a_sweep_of_a_store_that_lost_the_generation_in_use_deletes_no_other(
    tmp_path: Path,
) -> None:
    # As in a copy that was made while the next one was published.
    make(tmp_path, "gen-000001")
    point(tmp_path, "gen-000002")
    with pytest.raises(StoreDamagedError, match=r"names gen-000002, which is not there"):
        sweep(tmp_path)
    assert (tmp_path / "gen-000001" / "file").read_text() == "gen-000001"


def test_a_store_may_be_moved(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    publish_new(tmp_path / "a", "gen-000001")
    shutil.move(tmp_path / "a", tmp_path / "b c")
    assert current(tmp_path / "b c") == "gen-000001"
