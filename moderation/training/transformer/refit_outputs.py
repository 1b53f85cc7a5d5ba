"""One source's outputs of the careful reader learn anew; all else stays bit for bit.

An output is a logistic regression on the mean of the last layer's states. Where a source has new
comments, its outputs can be fitted to them in a minute or two, for the states are there already.
That helps with comments the network has not seen; outputs of sources that it has read more than
once lose by it, since it knows their comments by heart (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from moderation.scoring.onnx import Transformer, prepared
from moderation.training.corpora.catalogue import CorpusError
from moderation.training.linear.fitting import cross_entropy
from moderation.training.transformer import dataset
from moderation.training.transformer.dataset import Example
from moderation.training.transformer.unpack import rewritten, unpacked

PRIOR = 100.0  # against the squared change of a weight; 10 to 300 differ little on validation

Floats = npt.NDArray[np.float64]


def relearned(begin: Path, source: str, pool: Sequence[Example], work: Path) -> dict[str, bytes]:
    """The network of the careful model in `begin` with other outputs, and its tokenizer, by name.

    `pool` are the examples that train; those with a label of `source` are read. `work` is a folder
    for what comes between. Raises `CorpusError` for a source of which the model has no output.
    """
    tasks = dataset.tasks(begin)
    chosen = [task for task in tasks if task.startswith(f"{source}.")]
    if not chosen:
        known = sorted({task.partition(".")[0] for task in tasks})
        raise CorpusError(f"the model has no output of '{source}', only of {', '.join(known)}")
    model, tokenizer = ((begin / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
    weights = unpacked(model)
    examples = [it for it in pool if not it.targets.keys().isdisjoint(chosen)]
    width = weights["outputs.weight"].shape[1]
    # The same network with its states for outputs.
    bare = {"outputs.weight": np.eye(width, dtype="f4"), "outputs.bias": np.zeros(width, "f4")}
    work.mkdir(parents=True, exist_ok=True)
    (work / "model.onnx").write_bytes(rewritten(model, weights | bare))
    (work / "tokenizer.json").write_bytes(tokenizer)
    states = _states(Transformer.bare(work), [it.text for it in examples])
    for task in chosen:
        rows = [at for at, it in enumerate(examples) if task in it.targets]
        if not rows:
            continue
        answers = np.array([examples[at].targets[task] for at in rows])
        own = tasks.index(task)
        old = weights["outputs.weight"][own], float(weights["outputs.bias"][own])
        weights["outputs.weight"][own], weights["outputs.bias"][own] = fitted(
            states[rows], answers, *old
        )
    return {"model.onnx": rewritten(model, weights), "tokenizer.json": tokenizer}


def fitted(states: Floats, answers: Floats, weights: Floats, bias: float) -> tuple[Floats, float]:
    """A logistic regression near the one that is there: its `weights` and bias on raw states.

    `states` are rows x width, `answers` 0..1. The weights' change on standardised states costs
    its square times `PRIOR`; the bias is free.

    >>> states = np.array([[0.0], [1.0]]).repeat(2_000, axis=0)
    >>> answers = np.array([0.0, 1.0]).repeat(2_000)
    >>> weights, bias = fitted(states, answers, np.zeros(1), 0.0)
    >>> (states @ weights + bias > 0).tolist() == (answers > 0.5).tolist()
    True
    """
    mean, deviation = states.mean(0), states.std(0) + 1e-6
    scaled, before = (states - mean) / deviation, states @ weights + bias

    def loss(change: Floats) -> tuple[float, Floats]:
        odds = before + scaled @ change[:-1] + change[-1]
        value, missed = cross_entropy(odds, answers)
        value += PRIOR * float(change[:-1] @ change[:-1])
        return value, np.append(scaled.T @ missed + 2 * PRIOR * change[:-1], missed.sum())

    # One thread: how many share a sum would show in its last bits.
    with threadpool_limits(1):
        change = minimize(loss, np.zeros(len(weights) + 1), jac=True, method="L-BFGS-B").x
    raw = change[:-1] / deviation
    return weights + raw, bias + float(change[-1] - mean @ raw)


def _states(reader: Transformer, texts: Sequence[str]) -> Floats:
    """Texts x width: what the network says of each text's first window."""
    windows = [reader.encode(prepared(text).text)[0].ids for text in texts]
    return reader.run(windows)[0].astype(np.float64)
