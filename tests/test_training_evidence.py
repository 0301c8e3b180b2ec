"""The fit of the answer layer's weights, on questions of its own: needs scipy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is missing: pip install '.[training]'")

from index.embed import Vectors
from qa.evidence import WEIGHTS, Features
from qa.judge import EvalQuestion, Gold
from qa.match import Sentence
from qa.types import Turn
from tests.conftest import build_here
from training import evidence
from training.evidence import N_FOLDS, Example, collect, fit, fold_of, folds


def example(
    name: str,
    n: int,
    right: Sequence[bool],
    *,
    answerable: bool = True,
    of_sentences: Mapping[str, Sequence[float]],
    of_answers: Mapping[str, Sequence[float]] | None = None,
) -> Example:
    sentences = [Sentence("d", m, m + 1, "x", "en", "", 1.0) for m in range(len(right))]
    none = {"known": [0.0] * len(right)}
    told = Features(
        sentences=tuple(sentences),
        of_sentences={k: np.array(v, np.float32) for k, v in of_sentences.items()},
        of_answers={k: np.array(v, np.float32) for k, v in (of_answers or none).items()},
        unmentioned=(),
    )
    return Example(name, f"{name}-{n}", n % N_FOLDS, answerable, np.array(right, bool), told)


def examples(n: int = 240) -> list[Example]:
    """Questions in which "tells" points at the right sentence and "noise" nowhere."""
    rng = np.random.default_rng(7)
    made = []
    for i in range(n):
        right = [bool(m == i % 3) for m in range(3)]
        answerable = i % 2 == 0
        tells = np.array(right, float) + rng.normal(0, 0.4, 3)
        known = np.full(3, float(answerable)) + rng.normal(0, 0.4, 3)
        made.append(
            example(
                "clapnq",
                i,
                right if answerable else [False] * 3,
                answerable=answerable,
                of_sentences={"tells": list(tells), "noise": list(rng.normal(0, 1, 3))},
                of_answers={"known": list(known), "noise": list(rng.normal(0, 1, 3))},
            )
        )
    return made


def test_what_tells_gets_the_weight() -> None:
    weights = fit(examples())
    assert set(weights) == {"sentence", "confidence"}
    assert set(weights["sentence"]) == {"tells", "noise"}
    assert list(weights["confidence"]) == ["constant", "known", "noise"]
    assert weights["sentence"]["tells"] > 2 > 1 > abs(weights["sentence"]["noise"])
    assert weights["confidence"]["known"] > 2 > 1 > abs(weights["confidence"]["noise"])
    # Even odds half way between what is known and what is not.
    middle = weights["confidence"]["constant"] + weights["confidence"]["known"] / 2
    assert abs(middle) < 1


def test_a_fit_is_the_same_every_time_and_in_any_order() -> None:
    made = examples()
    once = fit(made)
    assert fit(made) == once
    for model, weights in fit(made[::-1]).items():
        assert weights == pytest.approx(once[model], abs=0.01)


def test_the_unit_of_a_feature_does_not_matter() -> None:
    made = examples()
    scaled = [
        replace(
            e,
            features=replace(
                e.features,
                of_sentences={
                    **e.features.of_sentences,
                    "tells": e.features.of_sentences["tells"] * 10,
                },
            ),
        )
        for e in made
    ]
    one, ten = fit(made)["sentence"], fit(scaled)["sentence"]
    assert ten["tells"] == pytest.approx(one["tells"] / 10, abs=0.005)
    assert ten["noise"] == pytest.approx(one["noise"], abs=0.01)


def test_a_feature_that_never_varies_harms_nothing() -> None:
    made = [
        replace(
            e,
            features=replace(
                e.features,
                of_sentences={**e.features.of_sentences, "same": np.ones(3, np.float32)},
            ),
        )
        for e in examples()
    ]
    weights = fit(made)["sentence"]
    assert all(np.isfinite(list(weights.values())))
    assert weights["tells"] > 2


def test_a_set_counts_what_it_is_to_count_however_many_questions_it_has() -> None:
    counted = evidence._counted(
        [("clapnq", True)] * 8 + [("clapnq", False)] * 2 + [("seeds", True)],
        {"clapnq": 1.5, "seeds": 0.5},
    )
    assert float(counted.sum()) == pytest.approx(1)
    assert float(counted[:8].sum()) == pytest.approx(1.5 / 3.5)
    assert float(counted[8:10].sum()) == pytest.approx(1.5 / 3.5)
    assert float(counted[10]) == pytest.approx(0.5 / 3.5)


def test_each_example_is_left_out_once() -> None:
    made = examples()
    parts = list(folds(made))
    assert len(parts) == N_FOLDS
    assert sorted(e.id for _, out in parts for e in out) == sorted(e.id for e in made)
    for kept, out in parts:
        assert {e.fold for e in kept}.isdisjoint({e.fold for e in out})
        assert len(kept) + len(out) == len(made)


def question(id_: str, **fields: object) -> EvalQuestion:
    made = EvalQuestion(id=id_, lang="en", question="Who?", answerable=True)
    return replace(made, **fields)  # type: ignore[arg-type]


def test_questions_on_one_article_or_in_one_conversation_share_a_fold() -> None:
    def of(doc_id: str) -> int:
        return fold_of(question("q", gold=(Gold(doc_id, "x"),)))

    assert of("xq-en-Normans-0") == of("xq-de-Normans-7") == of("sq2-Normans-12")
    assert len({of(f"sq2-Article{n}-0") for n in range(40)}) == N_FOLDS
    turns = (Turn("user", "What is a bridge?"),)
    talks = [question(f"q{n}", history=turns, gold=(Gold(f"d{n}", "x"),)) for n in range(9)]
    assert len({fold_of(talk) for talk in talks}) == 1
    assert fold_of(question("a", scope=("d",))) == fold_of(question("b", scope=("d",)))
    assert 0 <= fold_of(question("alone")) < N_FOLDS


TEXT = "The old bridge was built by monks. It rained on Monday. Bread is baked at night."
ASKED = [
    {
        "id": "q1",
        "lang": "en",
        "question": "Who built the old bridge?",
        "answerable": True,
        "gold": [{"doc_id": "d1", "answer": "built by monks", "start": 19}],
        "accept": ["monks"],
        "scope": ["d1", "gone"],
    },
    {
        "id": "q2",
        "lang": "en",
        "question": "Who sank the ship?",
        "answerable": False,
        "gold": [],
        "scope": ["d1"],
    },
    {
        "id": "q3",
        "lang": "en",
        "question": "Who sank the ship?",
        "answerable": False,
        "gold": [],
        "scope": ["gone"],
    },
]


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every set that is asked for, each of one document and three questions."""
    build_here(monkeypatch.setattr)
    monkeypatch.setattr(evidence, "_SQUAD2_SAMPLE", 3)
    for name in {*evidence._OPEN, *evidence._SCOPED, *evidence._CONFIDENCE}:
        folder = tmp_path / "sets" / name
        folder.mkdir(parents=True)
        document = {"id": "d1", "text": TEXT, "lang": "de" if name == "xquad" else "en"}
        (folder / "corpus.jsonl").write_text(json.dumps(document), "utf-8")
        (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, ASKED)), "utf-8")
    return tmp_path / "sets"


def test_every_set_is_asked_as_it_is_to_be_fitted(sets: Path) -> None:
    made = list(collect(sets))
    asked = {(e.name, e.id) for e in made}
    assert {name for name, id_ in asked if id_ == "q1"} == {
        *(f"{name} open" for name in evidence._OPEN),
        *evidence._SCOPED,
        *evidence._CONFIDENCE,
    }
    assert {name for name, id_ in asked if id_ == "q2"} == {
        *evidence._SCOPED,
        *evidence._CONFIDENCE,
    }
    assert not [name for name, id_ in asked if id_ == "q3"]  # none of its documents is there
    for e in made:
        told = [s.text for s, right in zip(e.features.sentences, e.right, strict=True) if right]
        assert told == (["The old bridge was built by monks."] if e.id == "q1" else [])
        assert e.answerable is (e.id == "q1")


def test_the_weights_that_are_written_are_those_the_answer_layer_reads(
    sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)

    def varied(e: Example) -> Example:
        """One whose features vary as those of many questions do."""
        return replace(
            e,
            features=replace(
                e.features,
                of_sentences=jittered(e.features.of_sentences),
                of_answers=jittered(e.features.of_answers),
            ),
        )

    def jittered(of: Mapping[str, Vectors]) -> dict[str, Vectors]:
        return {
            name: (values + rng.normal(0, 0.5, len(values))).astype(np.float32)
            for name, values in of.items()
        }

    asked = list(collect(sets))
    made = [replace(varied(e), fold=n) for e in asked for n in range(N_FOLDS)]
    monkeypatch.setattr(evidence, "collect", lambda _: made)
    out = tmp_path / "weights.json"
    monkeypatch.setattr("sys.argv", ["evidence", "--sets", str(sets), "--out", str(out)])
    evidence.main()
    written = json.loads(out.read_text("utf-8"))
    shipped = json.loads(WEIGHTS.read_text("utf-8"))
    assert {model: list(weights) for model, weights in written.items()} == {
        model: list(weights) for model, weights in shipped.items()
    }
    printed = capsys.readouterr().out
    assert f"{len(made):,} examples" in printed
    for name in (*written["sentence"], *written["confidence"]):
        assert f"without {name}" in printed or name == "constant"
