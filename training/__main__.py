"""``python -m training --data DIR --out DIR`` makes the shipped model, from text to folder."""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import wordfreq
from model2vec import StaticModel

from index.embed import weights_sha256
from training import teacher, vocabulary
from training.data import Corpus, read
from training.evaluate import evaluate
from training.export import export, pruned
from training.sample import Sampler
from training.smooth import smooth
from training.texts import Texts
from training.train import Recipe, Teacher, reduced, start, train

# While training there are many more words than are shipped: what they learn from, and lend to,
# the spelling of others stays when they go.
_N_TOKENS = 120_000
_N_SHIPPED = 55_000
_N_ENGLISH_WORDS = 60_000  # of general language, each a text of its own for the teacher


def main() -> None:
    """Run every step and print what the development split says of the result."""
    options = _options()
    began = time.monotonic()
    # One thread cuts the same pieces each time.
    os.environ["RAYON_NUM_THREADS"] = "1"
    torch.manual_seed(options.seed)
    options.work.mkdir(parents=True, exist_ok=True)
    recipe = replace(Recipe(), n_steps=options.steps)

    corpus = read(options.data)
    print(f"{len(corpus.units):,} units, {len(corpus.groups):,} dictionary groups")
    words = vocabulary.build(corpus, _N_TOKENS)
    english = [w for w in wordfreq.top_n_list("en", _N_ENGLISH_WORDS) if w.isalpha()]
    texts = Texts(corpus, words, english)
    taught = _taught(corpus, texts, english, recipe.dim, options.work)

    table = start(texts, taught, words.probabilities)
    sources = [unit.source for unit in corpus.units]
    sampler = Sampler(texts, sources, np.random.default_rng(options.seed))
    table = train(table, texts, taught, sampler, recipe, options.work / "losses.jsonl")
    table = smooth(table, words, texts.counts(len(words.tokens)))
    export(*pruned(words, table, options.tokens), options.out)

    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.0f} minutes; sha256 {weights_sha256(options.out)}")
    model = StaticModel.from_pretrained(options.out)
    figures = evaluate(lambda batch: model.encode(list(batch)), corpus)
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training text")
    parser.add_argument("--out", type=Path, required=True, help="folder the model is written to")
    parser.add_argument(
        "--work", type=Path, default=Path(".training"), help="folder for teacher vectors and losses"
    )
    parser.add_argument("--steps", type=int, default=Recipe().n_steps, help="batches to train for")
    parser.add_argument("--tokens", type=int, default=_N_SHIPPED, help="tokens of the model")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _taught(
    corpus: Corpus, texts: Texts, english_words: list[str], dim: int, work: Path
) -> Teacher:
    """The teacher's vectors of all that is English."""
    sentences = [unit.texts["en"] for unit in corpus.units if "en" in unit.texts]
    entries = [entry for group in corpus.groups for entry in group.get("en", ())]
    english = list(dict.fromkeys([*sentences, *entries, *english_words]))
    of_text = np.full(len(texts.numbers), -1)
    of_text[[texts.numbers[text] for text in english]] = np.arange(len(english))
    return reduced(teacher.encode(english, work), of_text, dim)


if __name__ == "__main__":
    main()
