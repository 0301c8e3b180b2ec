"""What a build takes from its sources, looked at without one: what is read, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from index.errors import StoreDamagedError
from index.gather import Gathering, Known, Sources
from index.truth import Truth

KAT = "De kat zit op de mat."
BRUG = "De brug is vandaag dicht."


def quiet(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


class Told:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.all: list[tuple[str, int, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.all.append((stage, done, total))


class Store:
    """A truth that is brought up to date again and again, each time in a copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = 0

    @property
    def path(self) -> Path:
        return self._folder / f"{self._turn}.sqlite"

    def known(self) -> Known:
        return Known.of(self.path) if self._turn else Known()

    def gather(
        self,
        roots: Sequence[Path],
        *,
        named: Sequence[Path] = (),
        removed: Sequence[str] = (),
        meanwhile: Callable[[], object] = int,
        reuse: bool = True,
    ) -> Gathering:
        """Look and take; ``meanwhile`` happens between the two."""
        sources = Sources(tuple(map(str, roots)), tuple(map(str, named)), tuple(removed))
        gathering = Gathering(sources, self.known())
        gathering.look(quiet, reuse=reuse)
        meanwhile()
        before = self.path
        self._turn += 1
        truth = Truth.copy(before, self.path) if before.exists() else Truth.create(self.path)
        gathering.take(truth, quiet)
        truth.close()
        return gathering

    def texts(self) -> dict[str, str]:
        truth = Truth.open(self.path)
        texts = {entry.id: truth.document(entry.id).text for entry in truth.entries()}
        truth.close()
        return texts


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "store").mkdir()
    return Store(tmp_path / "store")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder of two documents and one file that is refused."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "kat.txt").write_text(KAT)
    (folder / "brug.txt").write_text(BRUG)
    (folder / "leeg.txt").write_text("")
    return folder


def is_all_known(store: Store, roots: Sequence[Path], *, named: Sequence[Path] = ()) -> bool:
    sources = Sources(tuple(map(str, roots)), tuple(map(str, named)))
    gathering = Gathering(sources, store.known())
    gathering.look(quiet, reuse=True)
    return gathering.is_all_known


def test_nothing_is_known_at_first(store: Store, docs: Path) -> None:
    assert store.known() == Known()
    assert not is_all_known(store, [docs])
    gathering = store.gather([docs])
    assert gathering.written == {"docs/kat.txt", "docs/brug.txt"}
    assert [refused.reason for refused in gathering.refused] == ["is empty"]
    assert store.texts() == {"docs/brug.txt": BRUG, "docs/kat.txt": KAT}


def test_what_is_known_is_not_read_again(store: Store, docs: Path) -> None:
    store.gather([docs])
    (docs / "kat.txt").touch()
    assert is_all_known(store, [docs])

    def lose() -> None:  # whoever read them now would find nothing
        for path in docs.iterdir():
            path.unlink()

    again = store.gather([docs], meanwhile=lose)
    assert again.written == set()
    assert again.gone() == []
    # What was refused for what it holds is told each time, and no more read than the others.
    assert [refused.reason for refused in again.refused] == ["is empty"]
    assert store.texts() == {"docs/brug.txt": BRUG, "docs/kat.txt": KAT}


def test_what_is_known_of_a_truth_is_what_was_gathered(store: Store, docs: Path) -> None:
    store.gather([docs])
    known = store.known()
    assert known.origins.keys() == known.digests.keys() == {"docs/brug.txt", "docs/kat.txt"}
    assert known.origins["docs/kat.txt"].path == str(docs / "kat.txt")
    assert [origin.path for origin in known.refusals] == [str(docs / "leeg.txt")]
    assert known.unsettled == set()


def test_of_a_damaged_truth_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "truth.sqlite").write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreDamagedError):
        Known.of(tmp_path / "truth.sqlite")


def test_without_reuse_all_is_read_and_written(store: Store, docs: Path) -> None:
    store.gather([docs])
    sources = Sources((str(docs),))
    gathering = Gathering(sources, store.known())
    gathering.look(quiet, reuse=False)
    assert not gathering.is_all_known
    (docs / "kat.txt").write_text(KAT + " Nog steeds.")
    again = store.gather([docs], reuse=False)
    assert again.written == store.texts().keys()
    assert store.texts()["docs/kat.txt"] == KAT + " Nog steeds."


def test_a_changed_a_new_and_a_vanished_file_are_told_apart(store: Store, docs: Path) -> None:
    store.gather([docs])
    (docs / "kat.txt").write_text("De kat slaapt.")
    (docs / "nieuw.txt").write_text("Er is brood.")
    (docs / "brug.txt").unlink()
    assert not is_all_known(store, [docs])
    gathering = store.gather([docs])
    assert gathering.written == {"docs/kat.txt", "docs/nieuw.txt"}
    assert gathering.gone() == ["docs/brug.txt"]
    assert store.texts() == {"docs/kat.txt": "De kat slaapt.", "docs/nieuw.txt": "Er is brood."}


def test_a_file_that_vanished_is_seen_though_no_other_is_to_be_read(
    store: Store, docs: Path
) -> None:
    store.gather([docs])
    (docs / "brug.txt").unlink()
    assert not is_all_known(store, [docs])


def test_a_document_from_another_file_is_said_anew_and_not_written(
    store: Store, tmp_path: Path
) -> None:
    one, other = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    one.write_text('{"id": "kat", "text": "De kat zit op de mat."}\n')
    store.gather([one])
    one.rename(other)
    gathering = store.gather([other])
    assert gathering.written == set()
    assert gathering.gone() == []
    assert store.known().origins["kat"].path == str(other)
    assert store.texts() == {"kat": KAT}


def test_a_file_that_was_written_to_meanwhile_is_read_again_next_time(
    store: Store, docs: Path
) -> None:
    path = docs / "kat.txt"
    store.gather([docs], meanwhile=lambda: path.write_text("De kat slaapt."))
    (unsettled,) = store.known().unsettled
    assert unsettled.path == str(path)
    path.write_text(KAT)  # as when it was first looked at
    assert not is_all_known(store, [docs])
    store.gather([docs])
    assert store.texts()["docs/kat.txt"] == KAT
    assert store.known().unsettled == set()
    assert is_all_known(store, [docs])


def test_a_file_to_be_read_again_is_so_after_its_disk_was_unplugged(
    store: Store, docs: Path
) -> None:
    path = docs / "kat.txt"
    store.gather([docs], meanwhile=lambda: path.write_text("De kat slaapt."))
    docs.rename(docs.with_name("unplugged"))
    gathering = store.gather([docs])
    assert "its 2 documents are kept" in gathering.refused[0].reason
    assert store.texts().keys() == {"docs/brug.txt", "docs/kat.txt"}
    docs.with_name("unplugged").rename(docs)
    path.write_text(KAT)
    store.gather([docs])
    assert store.texts()["docs/kat.txt"] == KAT


def test_a_file_that_cannot_be_read_is_tried_again(store: Store, docs: Path) -> None:
    path = docs / "kat.txt"

    def swap() -> None:
        path.unlink()
        path.mkdir()

    gathering = store.gather([docs], meanwhile=swap)
    assert [Path(r.source).name for r in gathering.refused] == ["kat.txt", "leeg.txt"]
    path.rmdir()
    path.write_text(KAT)
    assert store.gather([docs]).written == {"docs/kat.txt"}


def test_what_was_refused_is_read_again_when_it_is_named(store: Store, docs: Path) -> None:
    store.gather([docs])
    assert is_all_known(store, [docs])
    assert not is_all_known(store, [docs], named=[docs / "leeg.txt"])
    assert not is_all_known(store, [docs], named=[docs])


def test_a_removed_document_stays_out_until_it_is_named(store: Store, docs: Path) -> None:
    store.gather([docs])
    gathering = store.gather([docs], removed=["docs/kat.txt"])
    assert store.texts() == {"docs/brug.txt": BRUG}
    assert any("was removed" in refused.reason for refused in gathering.refused)
    (docs / "kat.txt").write_text("De kat slaapt.")
    store.gather([docs], removed=["docs/kat.txt"])
    assert store.texts() == {"docs/brug.txt": BRUG}
    back = store.gather([docs], named=[docs / "kat.txt"], removed=["docs/kat.txt"])
    assert back.removed == set()
    assert store.texts()["docs/kat.txt"] == "De kat slaapt."


def line(doc_id: str, text: str) -> str:
    return f'{{"id": "{doc_id}", "text": "{text}"}}\n'


def test_of_two_new_documents_with_one_id_neither_is_taken_until_one_goes(
    store: Store, tmp_path: Path
) -> None:
    files = [tmp_path / f"{name}.jsonl" for name in "abc"]
    for path in files:
        path.write_text(line("kat", f"De kat van {path.stem}.") + line(path.stem, BRUG))
    gathering = store.gather(files)
    assert store.texts().keys() == {"a", "b", "c"}
    assert gathering.written == {"a", "b", "c"}
    assert sum("same document id 'kat'" in r.reason for r in gathering.refused) == 3
    for path in files[1:]:
        path.unlink()
    store.gather(files[:1])
    assert store.texts() == {"a": BRUG, "kat": "De kat van a."}


@pytest.mark.parametrize("newcomer", ["0.jsonl", "z.jsonl"])
@pytest.mark.parametrize("changed", [False, True])
def test_the_document_that_is_in_the_index_stays_when_another_has_its_id(
    store: Store, tmp_path: Path, newcomer: str, changed: bool
) -> None:
    owner = tmp_path / "m.jsonl"
    owner.write_text(line("kat", KAT))
    store.gather([owner])
    text = "De kat slaapt." if changed else KAT
    owner.write_text(line("kat", text) + line("m", BRUG) * changed)
    # Alike or not, before the owner or after it: it is never the newcomer's.
    (tmp_path / newcomer).write_text(line("kat", KAT) + line("n", BRUG))
    store.gather([tmp_path / newcomer, owner])
    assert store.texts()["kat"] == text
    assert store.known().origins["kat"].path == str(owner)
    assert {origin.path for origin in store.known().unsettled} == {str(tmp_path / newcomer)}


def test_an_id_that_is_twice_in_one_file_is_refused_twice(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line("kat", KAT))
    store.gather([path])
    path.write_text(line("kat", KAT) + line("kat", "De kat slaapt.") + line("brug", BRUG))
    gathering = store.gather([path])
    assert store.texts() == {"brug": BRUG}
    assert gathering.gone() == ["kat"]


def test_how_far_it_is_is_told_up_to_the_end(store: Store, docs: Path) -> None:
    gathering, told = Gathering(Sources((str(docs),)), Known()), Told()
    gathering.look(told, reuse=True)
    truth = Truth.create(store.path)
    gathering.take(truth, told)
    truth.close()
    assert {stage for stage, _, _ in told.all} == {"read"}
    assert told.all[-1] == ("read", 3, 3)
    assert all(done <= total == 3 for _, done, total in told.all)


def test_a_known_document_of_another_title_is_written_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "kat", "text": "De kat zit op de mat.", "title": "Kat"}\n')
    store.gather([path])
    path.write_text('{"id": "kat", "text": "De kat zit op de mat.", "title": "Poes"}\n')
    assert store.gather([path]).written == {"kat"}
    truth = Truth.open(store.path)
    assert truth.document("kat").title == "Poes"
    truth.close()
