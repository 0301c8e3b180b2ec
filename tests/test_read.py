from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.parse import KINDS, Parsers
from index.read import Reading, SourceFile, content_hash, list_files, read_file, read_files
from index.types import Document, Refused
from tests.reading import DUTCH, NOISE, read, refusal, source, written

SUFFIXES = [*KINDS, ".jsonl"]


# --- finding -------------------------------------------------------------------------------------


def test_a_folder_is_walked_and_its_files_are_named_from_its_name_down(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "b" / "map.pdf").mkdir(parents=True)
    for name in ("z.txt", "b/a.MD", "b/map.pdf/deep.html"):
        written(folder / name, "x")
    listing = list_files([folder])
    assert [file.doc_id for file in listing.files] == [
        "docs/b/a.MD",
        "docs/b/map.pdf/deep.html",
        "docs/z.txt",
    ]
    assert listing.files[2] == SourceFile(folder / "z.txt", "docs/z.txt", str(folder))
    assert (listing.refused, listing.left_out) == ((), 0)


def test_hidden_things_and_links_are_counted_and_never_read(tmp_path: Path) -> None:
    outside = written(tmp_path / "secret.txt", "secret")
    folder = tmp_path / "docs"
    (folder / ".git").mkdir(parents=True)
    written(folder / ".git" / "a.txt", "x")
    written(folder / ".hidden.txt", "x")
    (folder / "link.txt").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    (folder / "nowhere.txt").symlink_to("absent")
    written(folder / "a.txt", "x")
    listing = list_files([folder])
    assert [file.doc_id for file in listing.files] == ["docs/a.txt"]
    assert (listing.refused, listing.left_out) == ((), 5)


def test_a_root_that_is_a_link_is_resolved_and_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "v2").mkdir()
    written(tmp_path / "v2" / "a.txt", "x")
    (tmp_path / "docs").symlink_to("v2")
    (file,) = list_files([tmp_path / "docs"]).files
    expected = SourceFile(tmp_path / "v2" / "a.txt", "docs/a.txt", str(tmp_path / "docs"))
    assert file == expected


def test_a_single_file_is_named_by_its_name_and_counts_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "x")
    assert list_files([path, str(path)]).files == (SourceFile(path, "a.txt", str(path)),)


def test_a_relative_root_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "a.txt", "x")
    monkeypatch.chdir(tmp_path)
    (file,) = list_files(["."]).files
    assert (file.path, file.doc_id) == (tmp_path / "a.txt", f"{tmp_path.name}/a.txt")


def test_what_cannot_be_read_is_refused_by_path_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    written(tmp_path / "a.rtf", "x")
    written(tmp_path / "README", "x")
    written(tmp_path / "a\nb.txt", "x")
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "loop").symlink_to("loop")
    names = ["empty", "a.rtf", "README", "a\nb.txt", "pipe.txt", "loop", "gone.txt"]
    listing = list_files([tmp_path / name for name in names])
    kinds = (
        ".csv .docx .eml .epub .htm .html .json .jsonl .markdown .md .pdf .pptx .text .txt "
        ".xls .xlsx"
    )
    found = {Path(refused.source).name: refused.reason for refused in listing.refused}
    assert listing.files == ()
    assert found.pop("loop") in (
        "is a symbolic link that leads back to itself",
        "is a symbolic link, which is not followed",
    )
    assert found == {
        "README": f"unsupported kind ''; use {kinds}",
        "a\nb.txt": "its name holds control or undecodable characters",
        "a.rtf": f"unsupported kind '.rtf'; use {kinds}",
        "empty": "holds no documents",
        "gone.txt": "does not exist",
        "pipe.txt": "is neither a file nor a folder",
    }


def test_a_name_that_is_no_unicode_is_refused_and_can_be_printed(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text("x")
    (refused,) = list_files([tmp_path]).refused
    assert refused.source.endswith(r"caf\udce9.txt")
    assert refused.source.isascii()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused_alone(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0)
    written(tmp_path / "a.txt", "x")
    listing = list_files([tmp_path])
    assert len(listing.files) == 1
    assert listing.refused[0].reason == "may not be read: permission denied"


# --- opening -------------------------------------------------------------------------------------


def test_a_file_that_vanishes_or_becomes_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert refusal(path) == "does not exist"
    path.symlink_to(written(tmp_path / "secret.txt", "secret"))
    assert refusal(path) == "is a symbolic link, which is not followed"
    path.unlink()
    os.mkfifo(path)
    assert refusal(path) == "cannot be read: is not a file any more"
    path.unlink()
    path.mkdir()
    assert refusal(path) == "cannot be read: is not a file any more"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_too_large_a_file_or_line_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as stream:
        stream.truncate(50_000_001)
    (refused,) = read_file(source(path))
    assert isinstance(refused, Refused)
    assert refused.reason == "is larger than 50 MB"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("content", [b"", b" \r\n\t\n"])
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    assert refusal(written(tmp_path / f"a{suffix}", content)) == "is empty"


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xff\xfe \0\n\0", b"---\na: b\n---\n"])
def test_a_file_without_text_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(written(tmp_path / "a.md", content)) == "is empty"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_refused(tmp_path: Path, suffix: str) -> None:
    for item in read_file(source(written(tmp_path / f"a{suffix}", NOISE))):
        assert isinstance(item, Refused)


def test_the_hash_tells_changed_bytes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "abc")
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert content_hash(path) == expected


def test_importing_it_loads_no_parser() -> None:
    heavy = (
        "{'pypdfium2', 'docx', 'pptx', 'python_calamine', 'lxml', 'yaml', "
        "'charset_normalizer', 'py3langid'}"
    )
    code = f"import sys, index.read; sys.exit(str({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"


# --- title, language, date -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("De brug gaat in mei open\n\nDe gemeente meldt het.", "De brug gaat in mei open"),
        ("\n\nNews\n\nParler goes offline after all\n\nIt did.", "Parler goes offline after all"),
        ("De gemeente meldt dat de brug in mei opengaat.\nEn meer.", "jaar verslag 2020"),
        ("een lijst van woorden\nzonder punt aan het eind", "jaar verslag 2020"),
    ],
)
def test_the_title_is_a_headline_or_the_name_of_the_file(
    tmp_path: Path, text: str, title: str
) -> None:
    assert read(written(tmp_path / "jaar_verslag-2020.txt", text)).title == title


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (DUTCH, "nl"),
        ("The council has decided that the bridge will open in spring.", "en"),
        ("Die Gemeinde hat beschlossen, dass die Brücke öffnet.", "de"),
        ("La commune a décidé que le pont ouvrirait au printemps.", "fr"),
        ("Kop en alinea", "nl"),
        ("ok", ""),
        ("12 34 56", ""),
    ],
)
def test_the_language_is_told_from_the_text(tmp_path: Path, text: str, language: str) -> None:
    assert read(written(tmp_path / "a.txt", text)).language == language


@pytest.mark.parametrize(
    ("given", "date"),
    [
        ("2021", "2021"),
        ("2021-02", "2021-02"),
        ("2021-02-03", "2021-02-03"),
        ("2021-02-03T23:59:00+01:00", "2021-02-03"),
        ("2021-02-30", None),
        ("2021-13", None),
        ("0000", None),
        ("20210203", None),
        ("3 mei 2021", None),
        ("", None),
    ],
)
def test_a_date_is_kept_in_three_forms_only(tmp_path: Path, given: str, date: str | None) -> None:
    line = json.dumps({"id": "1", "text": DUTCH, "date": given})
    assert read(written(tmp_path / "a.jsonl", line)).date == date


# --- JSONL ---------------------------------------------------------------------------------------


def test_each_line_of_jsonl_is_a_document(tmp_path: Path) -> None:
    lines = [
        {
            "id": "a",
            "text": f"{DUTCH}\r\nTwee.",
            "title": "T",
            "lang": "nl-BE",
            "date": "2020-01-02T03",
        },
        {"id": "b/c", "text": DUTCH, "url": "https://x.nl", "title": None, "extra": [1]},
    ]
    raw = "\ufeff" + "\r\n\n".join(json.dumps(line) for line in lines)
    path = written(tmp_path / "a.jsonl", raw)
    assert list(read_file(source(path))) == [
        Document("a", f"{DUTCH} \nTwee.", "T", "nl", "2020-01-02", f"{path}:1"),
        Document("b/c", DUTCH, "b/c", "nl", None, "https://x.nl"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON: "),
        ("[1]", "is not a JSON object"),
        ('{"text": "x"}', "has no 'id'"),
        ('{"id": "x"}', "has no 'text'"),
        ('{"id": 1, "text": "x"}', "its 'id' is not a string"),
        ('{"id": "", "text": "x"}', "has an empty 'id'"),
        ('{"id": "1", "text": null}', "its 'text' is not a string"),
        ('{"id": "1", "text": "x", "date": 2020}', "its 'date' is not a string"),
        ('{"id": "1", "text": " \\n"}', "is empty"),
        ('{"id": "1", "text": "a\\u0000b"}', "its 'text' holds a NUL character"),
        ('{"id": "a\\u0000b", "text": "x"}', "its 'id' holds a NUL character"),
        ('{"id": "1", "text": "a\\ud800b"}', "its 'text' holds half a character"),
        ('{"id": "1", "text": ' + "[" * 100_000, "is nested too deep"),
        ('{"id": "1", "text": ' + "9" * 5_000 + "}", "is not JSON: "),
        (b'{"id": "1", "text": "\xe9"}', "is not in UTF-8"),
    ],
)
def test_a_bad_line_is_refused_by_number_and_the_others_are_kept(
    tmp_path: Path, line: str | bytes, reason: str
) -> None:
    good = b'{"id": "good", "text": "Goed."}\n'
    bad = line if isinstance(line, bytes) else line.encode()
    path = written(tmp_path / "a.jsonl", good + bad + b"\n" + good)
    first, refused, last = read_file(source(path))
    assert isinstance(first, Document)
    assert isinstance(last, Document)
    assert isinstance(refused, Refused)
    assert refused.source == f"{path}:2"
    assert refused.reason.startswith(reason)


def test_control_characters_in_a_line_become_spaces_however_many(tmp_path: Path) -> None:
    controls = "".join(map(chr, range(1, 32)))
    line = json.dumps({"id": "1", "text": f"een{controls}twee"})
    spaces = "".join(c if c in "\t\n" else "\n" if c == "\r" else " " for c in controls)
    assert read(written(tmp_path / "a.jsonl", line)).text == f"een{spaces}twee"


# --- JSON ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["[", "\ufeff\n ["])
def test_a_json_list_of_documents_gives_each(tmp_path: Path, begin: str) -> None:
    good = {"id": "a", "text": f"{DUTCH}\r\nTwee.", "lang": "nl", "url": "https://x.nl", "n": [1]}
    items = [good, {"id": "b", "text": ""}, {"id": "c", "text": DUTCH, "title": "T"}]
    path = written(tmp_path / "a.json", f"{begin}{json.dumps(items)[1:]}")
    assert list(read_file(source(path))) == [
        Document("a", f"{DUTCH} \nTwee.", "a", "nl", None, "https://x.nl"),
        Refused(f"{path}:2", "is empty"),
        Document("c", DUTCH, "T", "nl", None, f"{path}:3"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        {"id": "a", "text": DUTCH},
        [{"id": "a", "text": DUTCH}, {"id": "b", "titel": DUTCH}],
        [{"id": "a", "text": DUTCH}, "b"],
        [DUTCH],
    ],
)
def test_any_other_json_is_one_document(tmp_path: Path, content: object) -> None:
    document = read(written(tmp_path / "a.json", json.dumps(content)))
    assert document.id == "a.json"
    assert DUTCH in document.text


# --- many files ----------------------------------------------------------------------------------


def test_files_are_read_in_their_order_by_one_process_or_another(tmp_path: Path) -> None:
    texts = {f"{n}{suffix}": f"Tekst {n}." for n in range(5) for suffix in (".txt", ".html")}
    texts["large.txt"] = "brug " * 300_000
    paths = [written(tmp_path / name, text) for name, text in texts.items()]
    paths.append(written(tmp_path / "a.jsonl", '{"id": "1", "text": "Een."}\n[]\n'))
    with Parsers() as parsers:
        readings = [
            (
                reading.file.path,
                [item.text if isinstance(item, Document) else item for item in reading],
            )
            for reading in read_files(map(source, paths), parsers)
        ]
    assert [path for path, _ in readings] == paths
    assert [found for _, (found, *_) in readings] == [*texts.values(), "Een."]
    assert readings[-1][1][1] == Refused(f"{paths[-1]}:2", "is not a JSON object")


def test_only_a_few_files_are_begun_before_they_are_taken(tmp_path: Path) -> None:
    begun = []

    def files() -> Iterator[SourceFile]:
        for n in range(20):
            begun.append(n)
            yield source(written(tmp_path / f"{n}.html", f"<p>{DUTCH}"))

    with Parsers() as parsers:
        for n, reading in enumerate(read_files(files(), parsers)):
            list(reading)
            assert len(begun) == min(n + 4, 20)


@pytest.mark.parametrize("suffix", [".txt", ".html", ".jsonl", ".pdf"])
def test_a_reading_tells_the_hash_of_what_it_read(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a{suffix}", f'{{"id": "1", "text": "{DUTCH}"}}\n\n[]')
    with Parsers() as parsers:
        reading = Reading(source(path), parsers)
        list(reading)
    assert reading.sha256 == content_hash(path)


def test_a_reading_of_what_is_gone_has_no_hash_and_says_so(tmp_path: Path) -> None:
    for suffix in (".txt", ".html", ".jsonl"):
        path = tmp_path / f"a{suffix}"
        with Parsers() as parsers:
            reading = Reading(source(path), parsers)
            assert list(reading) == [Refused(str(path), "does not exist")]
        assert reading.sha256 == ""


# --- whatever comes ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@settings(max_examples=300, deadline=None)
@given(
    suffix=st.sampled_from(SUFFIXES),
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text("<>/!-=\"'ab p&#;\n\r\t", max_size=200).map(str.encode),
    ),
)
def test_any_bytes_are_read_or_refused(folder: Path, suffix: str, content: bytes) -> None:
    for item in read_file(source(written(folder / f"a{suffix}", content))):
        if isinstance(item, Document):
            assert item.text.strip()
            assert item.title
            assert not {chr(c) for c in range(32)} - {"\n", "\t"} & set(item.text)
            assert item.text.encode()
            assert all(0 <= start <= len(item.text) for start in item.pages)
