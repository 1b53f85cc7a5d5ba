"""The careful reader's network: a small BERT encoder, mean pooling, one output per task.

Written out, so that training needs torch alone and the ONNX export sees nothing but plain
operations. The weights are named as in the published all-MiniLM-L6-v2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, LAYERS, HEADS, INNER, POSITIONS = 384, 6, 12, 1536, 512
EPSILON = 1e-12
_ATTENTION = ("query", "key", "value")


class Layer(nn.Module):
    """Attention and feed-forward, each with its residual and norm (post-norm, as in BERT)."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.Linear(WIDTH, 3 * WIDTH)
        self.gather = nn.Linear(WIDTH, WIDTH)
        self.attended = nn.LayerNorm(WIDTH, EPSILON)
        self.widen = nn.Linear(WIDTH, INNER)
        self.narrow = nn.Linear(INNER, WIDTH)
        self.done = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """`bias` is added to the attention: 0 for tokens, a large negative number for padding."""
        rows, length, _ = states.shape
        mixed = self.attend(states).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        # Written out: on a CPU the fused kernel's backward pass takes longer than all the rest.
        scores = query @ key.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
        found = torch.softmax(scores + bias, -1).to(value.dtype) @ value
        found = found.transpose(1, 2).reshape(rows, length, WIDTH)
        states = self.attended(states + self.gather(found))
        inner = functional.gelu(self.widen(states))
        return self.done(states + self.narrow(inner))


class Network(nn.Module):
    """Token ids and mask to one logit per task."""

    def __init__(self, vocabulary: int, tasks: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH)
        self.places = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.embedded = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.outputs = nn.Linear(WIDTH, tasks)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """`ids` and `mask` are rows x length; the answer is rows x tasks."""
        states = self.embedded(self.words(ids) + self.places[: ids.shape[1]])
        bias = ((1.0 - mask) * -10_000.0)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, bias)
        weights = mask[:, :, None]
        pooled = (states * weights).sum(1) / weights.sum(1)
        return self.outputs(pooled)


def start(network: Network, published: Mapping[str, Tensor], kept: list[int]) -> None:
    """Take over the published weights, with the embeddings of the `kept` tokens only."""
    with torch.no_grad():
        prefix = "embeddings."
        network.words.weight.copy_(published[f"{prefix}word_embeddings.weight"][kept])
        places = published[f"{prefix}position_embeddings.weight"]
        # Every token is of type 0, so that its embedding joins the position's.
        network.places.copy_(places + published[f"{prefix}token_type_embeddings.weight"][0])
        _take(network.embedded, published, f"{prefix}LayerNorm")
        for number, layer in enumerate(network.layers):
            at = f"encoder.layer.{number}."
            for end in ("weight", "bias"):
                three = [published[f"{at}attention.self.{name}.{end}"] for name in _ATTENTION]
                getattr(layer.attend, end).copy_(torch.cat(three))
            _take(layer.gather, published, f"{at}attention.output.dense")
            _take(layer.attended, published, f"{at}attention.output.LayerNorm")
            _take(layer.widen, published, f"{at}intermediate.dense")
            _take(layer.narrow, published, f"{at}output.dense")
            _take(layer.done, published, f"{at}output.LayerNorm")
        nn.init.zeros_(network.outputs.bias)
        nn.init.normal_(network.outputs.weight, std=0.02)


def _take(module: Any, published: Mapping[str, Tensor], name: str) -> None:
    module.weight.copy_(published[f"{name}.weight"])
    module.bias.copy_(published[f"{name}.bias"])


def ranges(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, Any]:
    """The least and greatest input (2 x channels) of every linear layer, over (ids, mask)."""
    found: dict[str, Tensor] = {}
    keep = torch.ones(0)

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def seen(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0][keep]
            both = torch.stack([values.amin(0), values.amax(0)])
            if name in found:
                both[0] = torch.minimum(both[0], found[name][0])
                both[1] = torch.maximum(both[1], found[name][1])
            found[name] = both

        return seen

    hooks = [
        module.register_forward_pre_hook(watch(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and name != "outputs"
    ]
    with torch.no_grad():
        for ids, mask in batches:
            keep = mask > 0
            network(ids, mask)
    for hook in hooks:
        hook.remove()
    return {name: value.numpy() for name, value in found.items()}
