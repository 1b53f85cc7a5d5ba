"""Fit the careful model's outputs for one corpus again. All other weights stay bit for bit.

The network has an output for each label of each corpus. An output is a logistic regression on the
mean of the last layer's states. If a corpus has new comments, its outputs can be fitted to them in
a minute or two, because nothing else is trained. Fitting again helps with comments that the network
has not been trained on. It hurts corpora whose comments the network was trained on more than once,
because the network has memorised these comments (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from moderation.scoring.onnx import Transformer, prepare
from moderation.training.corpora.catalogue import CorpusError
from moderation.training.linear.fitting import cross_entropy
from moderation.training.transformer import dataset
from moderation.training.transformer.dataset import Example
from moderation.training.transformer.unpack import replace_weights, unpack_weights

PENALTY = 100.0  # of a weight's squared change; 10 to 300 differ little on validation

Floats = npt.NDArray[np.float64]


def refit_outputs(base: Path, source: str, pool: Sequence[Example], work: Path) -> dict[str, bytes]:
    """Fit a careful model's outputs for one corpus again, and return the new model's files by name.

    The model is in the folder `base`, and the corpus is named `source`. `pool` holds the training
    examples; only those with a label of the corpus are used. `work` is a folder for intermediate
    files.

    Raises `CorpusError` if the model has no output for `source`.
    """
    tasks = dataset.load_tasks(base)
    refitted = [task for task in tasks if task.startswith(f"{source}.")]
    if not refitted:
        known = sorted({task.partition(".")[0] for task in tasks})
        raise CorpusError(f"the model has no output of '{source}', only of {', '.join(known)}")
    model, tokenizer = ((base / name).read_bytes() for name in ("model.onnx", "tokenizer.json"))
    weights = unpack_weights(model)
    examples = [example for example in pool if not example.targets.keys().isdisjoint(refitted)]
    width = weights["outputs.weight"].shape[1]
    # The same network, with the identity as its output layer: it returns the states.
    identity = {"outputs.weight": np.eye(width, dtype="f4"), "outputs.bias": np.zeros(width, "f4")}
    work.mkdir(parents=True, exist_ok=True)
    (work / "model.onnx").write_bytes(replace_weights(model, weights | identity))
    (work / "tokenizer.json").write_bytes(tokenizer)
    states = _states(Transformer.without_card(work), [example.text for example in examples])
    for task in refitted:
        rows = [row for row, example in enumerate(examples) if task in example.targets]
        if not rows:
            continue
        targets = np.array([examples[row].targets[task] for row in rows])
        column = tasks.index(task)
        old = weights["outputs.weight"][column], float(weights["outputs.bias"][column])
        weights["outputs.weight"][column], weights["outputs.bias"][column] = fit_output(
            states[rows], targets, *old
        )
    return {"model.onnx": replace_weights(model, weights), "tokenizer.json": tokenizer}


def fit_output(
    states: Floats, targets: Floats, weights: Floats, bias: float
) -> tuple[Floats, float]:
    """Fit a logistic regression that stays near the given `weights` and `bias`.

    `states` are rows x width, and `targets` are between 0 and 1. A change of the weights is
    penalised: on standardised states, it costs `PENALTY` times its square. A change of the bias is
    not penalised. Returns the new weights and bias.

    >>> states = np.array([[0.0], [1.0]]).repeat(2_000, axis=0)
    >>> targets = np.array([0.0, 1.0]).repeat(2_000)
    >>> weights, bias = fit_output(states, targets, np.zeros(1), 0.0)
    >>> (states @ weights + bias > 0).tolist() == (targets > 0.5).tolist()
    True
    """
    mean, deviation = states.mean(0), states.std(0) + 1e-6
    standardised, old_logits = (states - mean) / deviation, states @ weights + bias

    def loss(change: Floats) -> tuple[float, Floats]:
        logits = old_logits + standardised @ change[:-1] + change[-1]
        value, residuals = cross_entropy(logits, targets)
        value += PENALTY * float(change[:-1] @ change[:-1])
        gradient = standardised.T @ residuals + 2 * PENALTY * change[:-1]
        return value, np.append(gradient, residuals.sum())

    # One thread: the number of threads changes the last bits of a sum.
    with threadpool_limits(1):
        change = minimize(loss, np.zeros(len(weights) + 1), jac=True, method="L-BFGS-B").x
    raw = change[:-1] / deviation
    return weights + raw, bias + float(change[-1] - mean @ raw)


def _states(network: Transformer, texts: Sequence[str]) -> Floats:
    """Return the mean of the last layer's states for each text (texts x width).

    If a text is too long for the network, only the first part that fits is used.
    """
    windows = [network.encode(prepare(text).text)[0].ids for text in texts]
    return network.run(windows)[0].astype(np.float64)
