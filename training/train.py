"""The table of token vectors: a start from the English teacher, then contrastive training.

Every token starts as the weighted mean of the teacher's vectors of the English sides it occurs
with. Training then pulls texts that mean the same together, in any pair of languages, and the
others of a batch apart (InfoNCE; van den Oord, Li and Vinyals, 2018), and draws each text to
what its English side means to the teacher (Reimers and Gurevych, "Making Monolingual Sentence
Embeddings Multilingual", 2020).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch.nn.functional import cross_entropy, embedding, embedding_bag, normalize
from tqdm import trange

from training.sample import Bag, Pairs, Sampler
from training.switch import Switch
from training.texts import Ids, Texts
from training.vocabulary import sif_weights

Table = npt.NDArray[np.float32]

_LOGGED_EVERY = 100
_WARM_UP = 50
_SPELLED = 0.3  # of the words, cut as if they had no token of their own


@dataclass(frozen=True, slots=True)
class Recipe:
    """What was chosen on the development split."""

    dim: int = 256
    n_steps: int = 4_000
    n_pairs: int = 1_024
    n_questions: int = 716
    learning_rate: float = 2e-3
    scale: float = 20.0  # of cosines, before the softmax
    question_weight: float = 0.7


@dataclass(frozen=True, slots=True)
class Teacher:
    """The teacher's vectors in the student's dimensions, and which text has which (-1: none)."""

    vectors: Table
    of_text: Ids


def reduced(vectors: Table, of_text: Ids, dim: int) -> Teacher:
    """The vectors centred and turned to their ``dim`` main axes (PCA), of unit length."""
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(centred[::4].T))
    turned = centred @ axes[:, ::-1][:, :dim].astype(np.float32)
    norms = np.linalg.norm(turned, axis=1, keepdims=True)
    return Teacher((turned / np.maximum(norms, 1e-9)).astype(np.float32), of_text)


def start(texts: Texts, teacher: Teacher, probabilities: npt.NDArray[np.float64]) -> Table:
    """The table (n_tokens, dim) that training starts from; zero rows for tokens never met."""
    weights = sif_weights(probabilities)
    sums = np.zeros((len(weights), teacher.vectors.shape[1]), np.float32)
    totals = np.zeros(len(weights))
    for ids, english, weight in _taught(texts, teacher):
        for part in range(0, len(ids), 20_000):
            chosen = slice(part, part + 20_000)
            shares = _shares(texts, ids[chosen], weights) * weight
            sums += shares @ teacher.vectors[teacher.of_text[english[chosen]]]
            totals += np.asarray(shares.sum(axis=1)).ravel()
    met = totals > 0
    means = sums / np.maximum(totals, 1e-9)[:, None]
    means[met] -= means[met].mean(axis=0)
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return (means * (weights * met)[:, None]).astype(np.float32)


def _taught(texts: Texts, teacher: Teacher) -> list[tuple[Ids, Ids, float]]:
    """(texts, the English text that says the same, how much that counts)."""
    taught = []
    for language in range(3):
        units = texts.units[(texts.units[:, 0] >= 0) & (texts.units[:, language] >= 0)]
        taught.append((units[:, language], units[:, 0], 1.0))
    entries = [
        (entry, english)
        for group in texts.groups
        for of_language in group
        for entry in of_language
        for english in group[0][:3]
    ]
    if entries:
        taught.append((np.array(entries)[:, 0], np.array(entries)[:, 1], 1.5))
    alone = np.array(
        [i for i in np.flatnonzero(teacher.of_text >= 0) if len(texts.words_of(int(i))) == 1]
    )
    return [*taught, (alone, alone, 2.0)]


def _shares(texts: Texts, ids: Ids, weights: npt.NDArray[np.float64]) -> scipy.sparse.csr_matrix:
    """Tokens × texts: what share of a text's meaning a token is given."""
    words, of_text = texts.bags(ids)
    tokens, of_word = texts.tokens(words)
    owner = of_text[of_word]
    lengths = np.bincount(owner, minlength=len(ids))
    share = (weights[tokens] / lengths[owner]).astype(np.float32)
    return scipy.sparse.csr_matrix((share, (tokens, owner)), (len(weights), len(ids)))


def train(
    table: Table, texts: Texts, teacher: Teacher, sampler: Sampler, recipe: Recipe, log: Path
) -> Table:
    """The table after ``recipe.n_steps`` batches; the mean losses go to ``log``, as JSON lines."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows = torch.nn.Parameter(torch.tensor(table, device=device))
    optimizer = torch.optim.SparseAdam([rows])
    student = _Student(rows, texts, Switch(texts, table, sampler.rng), sampler.rng)
    targets = torch.from_numpy(teacher.vectors).to(device)
    losses: Counter[str] = Counter()
    with log.open("w", encoding="utf-8") as lines:
        for step in (steps := trange(recipe.n_steps, desc="train", unit="batch")):
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * _pace(step, recipe.n_steps)
            pairs = sampler.pairs(recipe.n_pairs)
            left, right, questions, passages = student.encode(
                student.bag(pairs.left),
                student.bag(pairs.right),
                *sampler.questions(recipe.n_questions),
            )
            parts = {
                "translation": _translation_loss(left, right, pairs, recipe.scale),
                "teacher": _teacher_loss(left, right, pairs.english, teacher.of_text, targets),
                "passage": recipe.question_weight * _info_nce(questions, passages, recipe.scale),
            }
            optimizer.zero_grad()
            torch.stack(list(parts.values())).sum().backward()
            optimizer.step()
            losses.update({name: loss.item() for name, loss in parts.items()})
            if step % _LOGGED_EVERY == _LOGGED_EVERY - 1:
                means = {name: round(total / _LOGGED_EVERY, 4) for name, total in losses.items()}
                lines.write(json.dumps({"step": step + 1} | means) + "\n")
                steps.set_postfix(means)
                losses.clear()
    trained: Table = rows.detach().cpu().numpy()
    return trained


def _pace(step: int, n_steps: int) -> float:
    """A short warm-up, then down in a straight line to a thirtieth."""
    return min(1.0, (step + 1) / _WARM_UP) * max(1 / 30, 1 - step / n_steps)


class _Student:
    """Texts to unit vectors, differentiable in the table's rows."""

    def __init__(
        self, rows: torch.Tensor, texts: Texts, switch: Switch, rng: np.random.Generator
    ) -> None:
        self._rows, self._texts, self._switch, self._rng = rows, texts, switch, rng

    def bag(self, texts: Ids) -> Bag:
        return Bag(*self._texts.bags(texts), len(texts))

    def encode(self, *bags: Bag) -> list[torch.Tensor]:
        """Unit vectors (n_bags, dim) of each, the words cut anew."""
        cuts = [self._cut(bag) for bag in bags]
        # Each row once: a batch holds most of its tokens many times, and the optimiser would
        # have to add up all of them.
        tokens, places = np.unique(np.concatenate([cut for cut, _ in cuts]), return_inverse=True)
        device = self._rows.device
        rows = embedding(torch.from_numpy(tokens).to(device), self._rows, sparse=True)
        vectors, begin = [], 0
        for cut, starts in cuts:
            of_cut = torch.from_numpy(places[begin : begin + len(cut)]).to(device)
            offsets = torch.from_numpy(starts).to(device)
            vectors.append(normalize(embedding_bag(of_cut, rows, offsets, mode="sum"), dim=1))
            begin += len(cut)
        return vectors

    def _cut(self, bag: Bag) -> tuple[Ids, Ids]:
        """The tokens of bags in a row, and where each bag begins."""
        spelled = self._rng.random(len(bag.words)) < _SPELLED
        tokens, of_word = self._texts.tokens(self._switch(bag.words), spelled)
        return tokens, np.searchsorted(bag.bag[of_word], np.arange(bag.n_bags))


def _info_nce(left: torch.Tensor, right: torch.Tensor, scale: float) -> torch.Tensor:
    scores = left @ right.T * scale
    own = torch.arange(len(left), device=left.device)
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


def _translation_loss(
    left: torch.Tensor, right: torch.Tensor, pairs: Pairs, scale: float
) -> torch.Tensor:
    """InfoNCE with the texts of a text's own side as negatives too.

    Without those, a batch would let each language keep to a corner of its own.
    """
    device = left.device
    same = (pairs.left[:, None] == pairs.left) | (pairs.right[:, None] == pairs.right)
    itself = np.eye(len(same), dtype=bool)
    # The same text drawn twice is no negative of its own translation.
    twice = torch.from_numpy(same & ~itself).to(device)
    either = torch.from_numpy(same | itself).to(device)
    across = (left @ right.T * scale).masked_fill(twice, -1e4)
    own = torch.arange(len(left), device=device)
    losses = [
        cross_entropy(
            torch.cat([scores, (side @ side.T * scale).masked_fill(either, -1e4)], 1), own
        )
        for scores, side in ((across, left), (across.T, right))
    ]
    return torch.stack(losses).mean()


def _teacher_loss(
    left: torch.Tensor, right: torch.Tensor, english: Ids, of_text: Ids, targets: torch.Tensor
) -> torch.Tensor:
    """The mean cosine distance of both sides to what the teacher makes of the English."""
    taught = np.flatnonzero((english >= 0) & (of_text[english] >= 0))
    places = torch.from_numpy(taught).to(targets.device)
    wanted = targets[torch.from_numpy(of_text[english[taught]]).to(targets.device)]
    return (2 - (left[places] * wanted).sum(1) - (right[places] * wanted).sum(1)).mean()
