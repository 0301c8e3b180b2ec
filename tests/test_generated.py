from __future__ import annotations

import hashlib
import json
import statistics
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.generated import document, documents, questions, write_files, write_jsonl
from index.language import identify
from index.read import SourceFile, read_file
from index.types import LANGUAGES, Document


def test_a_seed_gives_the_same_text_everywhere() -> None:
    texts = "".join(record["text"] for record in documents(6, seed=1))

    # Figures of the benchmarks compare only while this holds.
    assert hashlib.sha256(texts.encode()).hexdigest()[:16] == "5161575bb5821368"


def test_fewer_documents_are_the_first_of_more() -> None:
    assert list(documents(3, seed=1)) == list(documents(5, seed=1))[:3]


def test_another_seed_and_another_place_give_another_text() -> None:
    texts = {document(number, seed)["text"] for number in (0, 3) for seed in (1, 2)}

    assert len(texts) == 4


@pytest.mark.parametrize("sentences", [5, 30])
def test_each_document_is_in_the_language_it_says(sentences: int) -> None:
    for record in documents(9, seed=1, sentences=sentences):
        assert identify(record["text"], among=LANGUAGES)[0] == record["lang"]


def test_sentences_are_as_long_as_those_of_newspapers() -> None:
    texts = [record["text"].replace("\n\n", " ") for record in documents(60, seed=1)]
    lengths = [len(s.split()) for text in texts for s in text.rstrip(".").split(". ")]

    assert 14 <= statistics.median(lengths) <= 20
    assert max(lengths) > 2 * statistics.median(lengths)


def test_the_second_word_is_about_half_as_frequent_as_the_first() -> None:
    words = Counter(
        w for d in documents(90, seed=1) if d["lang"] == "en" for w in d["text"].split()
    )
    (_, first), (_, second), (_, third), *_ = words.most_common(5)

    assert 0.4 < second / first < 0.65
    assert 0.25 < third / first < 0.45


def test_a_file_of_them_is_read_whole(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "corpus.jsonl", 4, seed=1)

    read = list(read_file(SourceFile(path, path.name, str(path))))

    assert [d.text for d in read if isinstance(d, Document)] == [
        record["text"] for record in documents(4, seed=1)
    ]
    assert json.loads(path.read_text("utf-8").splitlines()[2])["id"] == "document-0000002"


def test_small_files_have_about_600_characters(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "files", 60, seed=1)

    sizes = [len(path.read_text("utf-8")) for path in folder.iterdir()]

    assert len(sizes) == 60
    assert 500 < statistics.mean(sizes) < 750


def test_a_question_is_four_to_eight_words_of_one_document() -> None:
    texts = [record["text"] for record in documents(5, seed=1)]

    for question in questions(20, seed=1, n_documents=5):
        words = question.rstrip("?").split()
        assert 4 <= len(words) <= 8
        assert any(all(word in text for word in words) for text in texts)
