"""The table and its vocabulary as a folder that model2vec loads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from training.vocabulary import Segmenter, Vocabulary

Table = npt.NDArray[np.float32]

_MAX_TOKENS_A_TEXT = 1_024


def pruned(vocabulary: Vocabulary, table: Table, n_tokens: int) -> tuple[Vocabulary, Table]:
    """The ``n_tokens`` tokens that would be missed most, and their rows.

    A word is missed by √p · |its vector − the sum of the pieces it would fall into|, p being
    how often it is met. Tokens that no text is ever cut into go first: the tokenizer always
    prefers another cut of them.
    """
    segmenter = Segmenter(vocabulary)
    n_fixed = 1 + vocabulary.n_pieces
    missed = np.full(len(table), np.inf)
    for i in range(n_fixed, len(table)):
        token = vocabulary.tokens[i]
        pieces = [piece for piece in segmenter.segment(token, without=token) if piece]
        missed[i] = np.linalg.norm(table[i] - table[pieces].sum(axis=0))
    missed[n_fixed:] *= np.sqrt(np.maximum(vocabulary.probabilities[n_fixed:], 1e-8))
    missed[_never_cut(vocabulary)] = -1.0
    kept = np.sort(np.argsort(-missed, kind="stable")[:n_tokens])
    kept = kept[missed[kept] >= 0]
    n_pieces = int((kept < n_fixed).sum()) - 1
    smaller = Vocabulary(
        tuple(vocabulary.tokens[i] for i in kept), vocabulary.scores[kept], n_pieces
    )
    return smaller, table[kept]


def _never_cut(vocabulary: Vocabulary) -> npt.NDArray[np.int64]:
    model = vocabulary.tokenizer().model
    found = [
        i
        for i, token in enumerate(vocabulary.tokens)
        if i and [piece.id for piece in model.tokenize(token)] != [i]
    ]
    return np.array(found, np.int64)


def export(vocabulary: Vocabulary, table: Table, folder: Path) -> None:
    """Write ``tokenizer.json``, ``model.safetensors`` and ``config.json``.

    Each row is kept as 8-bit integers of its direction and a float32 weight.
    """
    lengths = np.linalg.norm(table, axis=1) + 1e-9
    units = table / lengths[:, None]
    steps = np.abs(units).max(axis=1) / 127 + 1e-12
    arrays = {
        "embeddings": np.clip(np.rint(units / steps[:, None]), -127, 127).astype(np.int8),
        "weights": (lengths * steps).astype(np.float32),
        "mapping": np.arange(len(table), dtype=np.int32),
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_file(arrays, folder / "model.safetensors")
    vocabulary.tokenizer().save(str(folder / "tokenizer.json"), pretty=False)
    config = {"normalize": True, "max_length": _MAX_TOKENS_A_TEXT}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
