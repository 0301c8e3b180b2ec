from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import (
    EmbeddingMismatchError,
    Hit,
    Library,
    StoreDamagedError,
    UnknownDocumentError,
)
from index.embed import shipped
from index.fuse import LEXICAL_WEIGHT
from index.snapshot import Snapshot
from tests.conftest import ConceptEmbedder

NL, DE = (
    "seeds/000-nl-parler-van-internet-verdwenen.md",
    "seeds/001-de-amazon-nimmt-parler-vom-netz.md",
)
MATZE = "seeds/002-de-matze-wirft-konzernen-absprache-vor.md"
SLUIT, EN = "seeds/003-nl-amazon-sluit-parler-af.md", "seeds/004-en-amazon-cuts-off-parler.md"
N_CHUNKS = 61
QUESTION = "Wanneer werd het account van Parler door Amazon geblokkeerd?"


@pytest.fixture(scope="module")
def seeds(library: Library) -> Iterator[Snapshot]:
    with library.snapshot() as snapshot:
        yield snapshot


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """Documents of one sentence each, with vectors that can be checked by hand."""
    folder = tmp_path_factory.mktemp("small")
    texts = {
        "bruecke.md": ("de", "Die Brücke ist gesperrt."),
        "kat.md": ("nl", "De kat van Reykjavik eet brood."),
        "pont.md": ("fr", "Le pont de Reykjavik date de 1987."),
        "twee.md": ("nl", "Het regen regen regen."),
    }
    for name, (language, text) in texts.items():
        path = folder / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\ntitle: T\nlanguage: {language}\n---\n{text}\n", "utf-8")
    library = Library(folder / "store", ConceptEmbedder())
    library.build([folder / "docs"])
    with library.snapshot() as snapshot:
        yield snapshot
    library.close()


def names(hits: list[Hit]) -> list[str]:
    return [hit.chunk.doc_id.removeprefix("docs/") for hit in hits]


def places(hits: list[Hit]) -> list[tuple[str, int]]:
    return [(hit.chunk.doc_id, hit.chunk.start) for hit in hits]


# Both sides


def test_a_german_passage_is_found_for_a_dutch_question(seeds: Snapshot) -> None:
    best = seeds.search("Welke golfbond bestrafte Trump?", 5)
    assert any(hit.chunk.doc_id == DE and "Golf-Verband" in hit.chunk.text for hit in best)


@pytest.mark.parametrize(
    ("question", "doc_id", "words"),
    [
        ("23.59 Uhr", DE, "23.59"),
        ("Henry Goodwin", EN, "Henry Goodwin"),
        ("600.000", SLUIT, "600.000"),
        ("Bare-Metal", MATZE, "Bare-Metal-Produkte"),
        ("Kara Swisher", SLUIT, "Kara Swisher"),
        ("vuurpeloton", NL, "vuurpeloton"),
    ],
)
def test_a_name_or_number_is_found_by_words(
    seeds: Snapshot, question: str, doc_id: str, words: str
) -> None:
    best = seeds.search(question, 1)[0]
    assert best.chunk.doc_id == doc_id
    assert words in best.chunk.text
    assert best.lexical > 0


def test_neither_side_gates_the_other(small: Snapshot) -> None:
    # "katze" has the vector of the Dutch text (1/√2 of it) and none of its words; of "1987"
    # no vector knows anything.
    by_meaning, by_words = small.search("katze", 1)[0], small.search("1987", 1)[0]
    assert names([by_meaning, by_words]) == ["kat.md", "pont.md"]
    assert by_meaning.dense == pytest.approx(0.5**0.5)
    assert by_meaning.lexical == 0
    assert by_words.dense == 0
    assert by_words.lexical > 0


def test_a_score_is_the_cosine_and_the_weighted_words(small: Snapshot) -> None:
    hits = small.search("brug Reykjavik bread", 9)
    # brug + bread is (0, 1, 1, 0)/√2: the bridge 1/√2, and cat and bread (1, 0, 1, 0)/√2: 1/2
    assert {name: hit.dense for name, hit in zip(names(hits), hits, strict=True)} == {
        "bruecke.md": pytest.approx(0.5**0.5),
        "kat.md": pytest.approx(0.5),
        "pont.md": pytest.approx(0),
        "twee.md": pytest.approx(0),
    }
    for hit in hits:
        assert hit.score == pytest.approx(hit.dense + LEXICAL_WEIGHT * hit.lexical)


def test_a_document_in_another_language_is_found_by_its_words(small: Snapshot) -> None:
    assert small.document("docs/pont.md").language == "fr"
    assert names(small.search("date pont", 1)) == ["pont.md"]


def test_hits_are_ranked_from_one_best_first(seeds: Snapshot) -> None:
    hits = seeds.search(QUESTION, 20)
    assert [hit.rank for hit in hits] == list(range(1, 21))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.chunk.id for hit in hits}) == 20


def test_a_hit_is_an_exact_slice_of_its_document(seeds: Snapshot) -> None:
    for hit in seeds.search(QUESTION, N_CHUNKS):
        text = seeds.document(hit.chunk.doc_id).text
        assert hit.chunk.text == text[hit.chunk.start : hit.chunk.end]
        for start, end in hit.chunk.sentences:
            assert hit.chunk.start <= start < end <= hit.chunk.end


# Spelling


def test_a_mistyped_word_is_one_of_the_documents(seeds: Snapshot) -> None:
    typed = ["Parlr", "vuurpelton", "accuont", "Goodwinn"]
    assert seeds.spellings(typed, "nl") == {
        "Parlr": "parler",
        "vuurpelton": "vuurpeloton",
        "accuont": "account",
        "Goodwinn": "goodwin",
    }


def test_what_may_be_no_error_is_left_alone(seeds: Snapshot) -> None:
    # Held; of another language; in no document; a number; short; mixed; beyond recognition.
    kept = ["Parler", "settlement", "Mongolei", "600000", "Gbb", "p4rler", "xqzzyqxw", "the", ""]
    assert seeds.spellings(kept, "en") == {}
    assert seeds.spellings([], "en") == {}


def test_an_empty_index_spells_nothing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "brug.txt").write_text("De bridge is dicht.\n", "utf-8")
    library = Library(tmp_path / "store", ConceptEmbedder())
    library.build([tmp_path / "docs"])
    library.remove([str(tmp_path / "docs")])
    with library.snapshot() as snapshot:
        assert snapshot.spellings(["brigde"], "en") == {}
    library.close()


def test_no_word_of_a_removed_document_is_meant_or_kept(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "brug.txt").write_text("De bridge is dicht.\n", "utf-8")
    (tmp_path / "docs" / "toren.txt").write_text("De vuurtoren van Texel.\n", "utf-8")
    library = Library(tmp_path / "store", ConceptEmbedder())
    library.build([tmp_path / "docs"])
    with library.snapshot() as before:
        assert before.spellings(["vuurtoern"], "nl") == {"vuurtoern": "vuurtoren"}
    library.remove(["docs/toren.txt"])
    with library.snapshot() as after:
        assert after.spellings(["vuurtoern", "brigde"], "nl") == {"brigde": "bridge"}
    library.close()
    kept = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert [path for path in kept if b"vuurtoren" in path.read_bytes()] == []


# How many


@pytest.mark.parametrize("k", [N_CHUNKS, N_CHUNKS + 1, 10_000, 10**7])
def test_more_than_there_are_gives_every_chunk_once(seeds: Snapshot, k: int) -> None:
    hits = seeds.search(QUESTION, k)
    assert len({hit.chunk.id for hit in hits}) == len(hits) == N_CHUNKS
    assert hits[:5] == seeds.search(QUESTION, 5)


def test_none_asked_for_gives_none(seeds: Snapshot) -> None:
    assert seeds.search(QUESTION, 0) == []


def test_a_number_beyond_all_memory_does_not_end_the_process(seed_store: Path) -> None:
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "from index import Library\n"
        "print(len(Library.open(sys.argv[1]).search('Amazon', 10**12)))\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, str(seed_store)], capture_output=True, text=True, check=False
    )
    assert (child.returncode, child.stdout.strip()) == (0, str(N_CHUNKS))


# Restriction


@pytest.mark.parametrize(
    ("sources", "languages"),
    [
        ([EN], None),
        ([NL, MATZE, NL], None),
        (None, ["de"]),
        (None, ["nl", "en"]),
        ([NL, DE, EN], ["de", "en"]),
        ([NL], ["de"]),
        ([], None),
        (None, []),
        (None, ["fr"]),
    ],
)
@pytest.mark.parametrize("question", [QUESTION, "Henry Goodwin", "Wie viele Nutzer?", ""])
def test_a_restricted_search_is_the_full_one_without_the_others(
    seeds: Snapshot, sources: list[str] | None, languages: list[str] | None, question: str
) -> None:
    spoken = {entry.id: entry.language for entry in seeds.documents()}
    expected = {
        hit.chunk.id: (hit.score, hit.dense, hit.lexical)
        for hit in seeds.search(question, N_CHUNKS)
        if (sources is None or hit.chunk.doc_id in sources)
        and (languages is None or spoken[hit.chunk.doc_id] in languages)
    }
    found = seeds.search(question, N_CHUNKS, sources=sources, languages=languages)
    assert {hit.chunk.id for hit in found} == expected.keys()
    for hit in found:
        scores = (hit.score, hit.dense, hit.lexical)
        assert scores == pytest.approx(expected[hit.chunk.id], abs=1e-5)


def test_hundreds_of_equal_texts_hide_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(400):
        (folder / f"notice{number}.md").write_text("# Notice\n\nThe office is closed.\n", "utf-8")
    questions = {
        "brug.md": ("# Brug\n\nDe brug wordt in het voorjaar geverfd.\n", "painting a bridge"),
        "kat.md": ("# Kat\n\nDe kat slaapt op de bank.\n", "where the cat sleeps"),
        "brood.md": ("# Brood\n\nDe bakker bakt het brood.\n", "bread from the bakery"),
    }
    for name, (text, _) in questions.items():
        (folder / name).write_text(text, "utf-8")
    library = Library(tmp_path / "store", shipped())
    library.build([folder])
    for name, (_, question) in questions.items():
        [hit] = library.search(question, k=1)
        assert hit.chunk.doc_id == f"docs/{name}"
    closed = library.search("Wanneer is het kantoor gesloten?", k=500)
    assert [hit.chunk.doc_id.startswith("docs/notice") for hit in closed] == [True] * 400 + [
        False
    ] * 3
    library.close()


def test_an_unknown_source_is_named(seeds: Snapshot) -> None:
    with pytest.raises(UnknownDocumentError, match="No document has the id 'nope'; qa sources"):
        seeds.search(QUESTION, sources=[NL, "nope"])


def test_an_unknown_document_is_named(seeds: Snapshot) -> None:
    with pytest.raises(UnknownDocumentError, match="'nope'"):
        seeds.document("nope")


# What a person types


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ('Amazon" OR NEAR(', "Amazon OR NEAR"),
        ("Parler*", "Parler"),
        ("nl:Parler", "nl Parler"),
        ("-Parler", "Parler"),
        ("{ $ne: 1 } Parler", "ne 1 Parler"),
        ("Parler\x00Amazon", "Parler Amazon"),
    ],
)
def test_an_operator_is_a_plain_character(seeds: Snapshot, typed: str, plain: str) -> None:
    assert {hit.chunk.id: hit.lexical for hit in seeds.search(typed, N_CHUNKS)} == {
        hit.chunk.id: hit.lexical for hit in seeds.search(plain, N_CHUNKS)
    }


@pytest.mark.parametrize(
    "query",
    [
        "",
        " \n",
        "?!",
        "\x00",
        "🇳🇱",
        "a" * 8_000,
        "Parler " * 1_150,
        "*" * 8_000,
        "\ud800",
        "ﷺ" * 900,
    ],
    ids=[
        "empty",
        "space",
        "marks",
        "NUL",
        "flag",
        "letters",
        "words",
        "stars",
        "surrogate",
        "nfkc",
    ],
)
def test_anything_may_be_asked(seeds: Snapshot, query: str) -> None:
    assert [hit.rank for hit in seeds.search(query, 3)] == [1, 2, 3]


@settings(max_examples=100, deadline=None)
@given(query=st.text(max_size=60))
def test_any_text_may_be_asked_and_gives_the_same_again(seeds: Snapshot, query: str) -> None:
    assert seeds.search(query, 5) == seeds.search(query, 5)


def test_a_question_without_a_word_is_like_nothing(seeds: Snapshot) -> None:
    assert [hit.score for hit in seeds.search("?!", 3)] == pytest.approx([0, 0, 0], abs=1e-6)


def test_two_processes_find_the_same(seeds: Snapshot, seed_store: Path) -> None:
    script = (
        "import json, sys; from index import Library\n"
        "hits = Library.open(sys.argv[1]).search(sys.argv[2], 61)\n"
        "print(json.dumps([[h.chunk.doc_id, h.chunk.start, h.score] for h in hits]))\n"
    )
    said = subprocess.check_output([sys.executable, "-c", script, str(seed_store), QUESTION])
    found = seeds.search(QUESTION, N_CHUNKS)
    assert json.loads(said) == [[h.chunk.doc_id, h.chunk.start, h.score] for h in found]


# Around a hit


def test_neighbours_stand_right_before_and_after(seeds: Snapshot) -> None:
    in_order = sorted(
        (hit.chunk for hit in seeds.search("", N_CHUNKS, sources=[EN])), key=lambda c: c.start
    )
    assert seeds.neighbours([in_order[3]]) == [in_order[2], in_order[4]]
    assert seeds.neighbours([in_order[3], in_order[4]]) == [in_order[2], in_order[5]]
    assert seeds.neighbours([in_order[3], in_order[5]]) == [in_order[2], in_order[4], in_order[6]]


def test_the_first_and_last_chunk_have_no_neighbour_in_another_document(seeds: Snapshot) -> None:
    first_and_last = []
    for doc_id in (DE, MATZE):
        chunks = [hit.chunk for hit in seeds.search("", N_CHUNKS, sources=[doc_id])]
        chunks.sort(key=lambda chunk: chunk.start)
        first_and_last.append((chunks[0], chunks[1], chunks[-2], chunks[-1]))
    (first, second, before_last, last), (_, _, _, other_last) = first_and_last
    assert seeds.neighbours([first]) == [second]
    assert seeds.neighbours([last]) == [before_last]
    other_before = first_and_last[1][2]
    assert seeds.neighbours([last, other_last]) == [before_last, other_before]


def test_no_chunks_have_no_neighbours(seeds: Snapshot) -> None:
    assert seeds.neighbours([]) == []


# Opening


def test_another_embedding_is_refused(seed_store: Path) -> None:
    with pytest.raises(EmbeddingMismatchError, match=r"'shipped-.*', not 'concepts'"):
        Snapshot(seed_store / "gen-000001", ConceptEmbedder())


def test_a_snapshot_may_be_closed_and_another_opened(store: Path) -> None:
    found = []
    for _ in range(2):
        snapshot = Snapshot(store / "gen-000001", shipped())
        found.append(places(snapshot.search(QUESTION, 5)))
        snapshot.close()
    assert found[0] == found[1]


def test_a_store_may_lie_in_any_folder(seed_store: Path, tmp_path: Path, seeds: Snapshot) -> None:
    copy = shutil.copytree(seed_store, tmp_path / "a b#c?d%41 é" / "store")
    moved = Library.open(copy)
    assert moved.search(QUESTION, 5) == seeds.search(QUESTION, 5)
    moved.close()


def test_a_snapshot_that_is_held_answers_after_another_was_published(
    store: Path, quick_verify: None, write: Callable[[str, str], Path]
) -> None:
    reader, writer = Library.open(store), Library.open(store)
    with reader.snapshot() as held:
        # Its word and vector indexes open with the first search, and that is only now.
        writer.build([write("nieuw.md", "# Nieuw\n\nEen nieuwe brug.\n")])
        assert len(held.search(QUESTION, N_CHUNKS)) == N_CHUNKS
    with reader.snapshot() as newest:
        assert newest.name == "gen-000002"
    reader.close()
    writer.close()


# Damage


def opened(store: Path) -> Snapshot:
    return Snapshot(store / "gen-000001", shipped())


def test_without_its_vectors_a_store_is_searched_by_words(store: Path, seeds: Snapshot) -> None:
    shutil.rmtree(store / "gen-000001" / "vectors")
    snapshot = opened(store)
    assert list(snapshot.damage) == ["vectors"]
    best = snapshot.search("Henry Goodwin", 1)
    # Of what is found by words, the vectors are in the truth.
    assert shown(best) == shown(seeds.search("Henry Goodwin", 1))
    assert len(snapshot.documents()) == 5
    only = snapshot.search(QUESTION, 99, sources=[NL])
    assert shown(only) == shown(seeds.search(QUESTION, 99, sources=[NL]))
    snapshot.close()


def test_without_its_words_a_store_is_searched_by_meaning(store: Path, seeds: Snapshot) -> None:
    shutil.rmtree(store / "gen-000001" / "words")
    snapshot = opened(store)
    assert list(snapshot.damage) == ["words"]
    best = snapshot.search("Welke golfbond bestrafte Trump?", 5)
    assert any(hit.chunk.doc_id == DE and "Golf-Verband" in hit.chunk.text for hit in best)
    assert {hit.lexical for hit in best} == {0}
    assert len(snapshot.search(QUESTION, 99)) == N_CHUNKS
    assert snapshot.spellings(["Amazzon"], "nl") == {}
    snapshot.close()


def test_without_words_and_vectors_the_documents_are_there(store: Path, seeds: Snapshot) -> None:
    for part in ("words", "vectors"):
        shutil.rmtree(store / "gen-000001" / part)
    snapshot = opened(store)
    assert sorted(snapshot.damage) == ["vectors", "words"]
    assert snapshot.document(NL) == seeds.document(NL)
    assert snapshot.search(QUESTION) == []
    snapshot.close()


# Garbles file after file of copies of a store, its size and time being what they were, and
# searches.
GARBLE = """
import os, shutil, sys
from pathlib import Path
from index import Library, LibraryError
from index.generation import read_manifest
from index.verify import _fault
store = Path(sys.argv[1])
files = [p for part in ("words", "vectors") for p in store.glob(f"gen-000001/{part}/**/*")]
for n, path in enumerate(path.relative_to(store) for path in files if path.is_file()):
    content = (store / path).read_bytes()
    turned, zeroed = bytes(255 - byte for byte in content), bytes(len(content))
    for garbled in {turned, zeroed} - {content}:
        copy = store.with_name(f"copy{n}{garbled == zeroed}")
        shutil.copytree(store, copy)
        stat = (copy / path).stat()
        (copy / path).write_bytes(garbled)
        os.utime(copy / path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        print(path, "zeroed" if garbled == zeroed else "turned", end=" ", flush=True)
        library = Library.open(copy)
        with library.snapshot() as snapshot:
            for query in ("Henry Goodwin", "Welke golfbond bestrafte Trump?", "Amazzon"):
                for hit in snapshot.search(query, 61):
                    chunk = hit.chunk
                    text = snapshot.document(chunk.doc_id).text
                    assert text[chunk.start : chunk.end] == chunk.text
            snapshot.spellings(["Amazzon", "Goodwim"], "en")
            for what in snapshot.damage.values():
                assert "\\n" not in what
        library.close()
        (copy / path).write_bytes(garbled)
        folder = copy / "gen-000001"
        fault = _fault(folder, read_manifest(folder), path.parts[1], "all")
        print(bool(fault), flush=True)
        shutil.rmtree(copy)
"""


@pytest.mark.parametrize("garbled", [b"\xff", b"\0"])
def test_vectors_that_cannot_be_opened_are_damage_each_time(store: Path, garbled: bytes) -> None:
    path = store / "gen-000001" / "vectors" / "chroma.sqlite3"
    path.write_bytes(garbled * path.stat().st_size)
    for _ in range(2):
        snapshot = opened(store)
        best = snapshot.search("Henry Goodwin", 1)
        assert (best[0].chunk.doc_id, list(snapshot.damage)) == (EN, ["vectors"])
        snapshot.close()


def test_a_file_that_was_garbled_unseen_ends_no_process_and_is_found_by_a_check(
    store: Path,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", GARBLE, str(store)],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
    assert "Traceback" not in ended.stderr
    lines = ended.stdout.splitlines()
    assert len(lines) > 12
    assert [line for line in lines if not line.endswith("True")] == []


def test_a_text_that_was_garbled_in_the_store_is_never_given(store: Path) -> None:
    path = store / "gen-000001" / "truth.sqlite"
    content, stat = path.read_bytes(), path.stat()
    assert b"600.000 nieuwe gebruikers" in content
    garbled = content.replace(b"600.000 nieuwe gebruikers", b"900.000 nieuwe gebruikers")
    path.write_bytes(garbled)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    snapshot = opened(store)
    try:
        with pytest.raises(StoreDamagedError, match=";"):
            snapshot.document(SLUIT)
        with pytest.raises(StoreDamagedError, match=";"):
            snapshot.search("600.000", 3)
    finally:
        snapshot.close()


def shown(hits: list[Hit]) -> list[tuple[str, int, float, float]]:
    return [(h.chunk.doc_id, h.chunk.start, round(h.score, 5), round(h.lexical, 4)) for h in hits]
