"""Define the careful model's network: a small BERT encoder, mean pooling, one output per task.

It is written in plain torch, so that training needs no other library. The architecture is that of
the published all-MiniLM-L6-v2.
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
    """A layer of the encoder: attention and feed-forward, each with residual and post-norm."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.attention_output = nn.Linear(WIDTH, WIDTH)
        self.attention_norm = nn.LayerNorm(WIDTH, EPSILON)
        self.feed_forward_input = nn.Linear(WIDTH, INNER)
        self.feed_forward_output = nn.Linear(INNER, WIDTH)
        self.feed_forward_norm = nn.LayerNorm(WIDTH, EPSILON)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """Return the states after this layer (rows x length x width).

        `bias` is added to the attention scores: 0 for tokens, a large negative number for padding.
        """
        rows, length, _ = states.shape
        qkv = self.qkv(states).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        # Not the fused kernel: its backward pass on a CPU takes longer than everything else.
        scores = query @ key.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
        context = torch.softmax(scores + bias, -1).to(value.dtype) @ value
        context = context.transpose(1, 2).reshape(rows, length, WIDTH)
        states = self.attention_norm(states + self.attention_output(context))
        inner = functional.gelu(self.feed_forward_input(states))
        return self.feed_forward_norm(states + self.feed_forward_output(inner))


class Network(nn.Module):
    """The encoder and its outputs: from token ids and mask to one logit for each task.

    A task is to predict one label of one corpus.
    """

    def __init__(self, vocabulary: int, tasks: int) -> None:
        super().__init__()
        self.token_embeddings = nn.Embedding(vocabulary, WIDTH)
        self.position_embeddings = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.embedding_norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.outputs = nn.Linear(WIDTH, tasks)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the logits (rows x tasks).

        `ids` are token ids, and `mask` is 0 for padding; both are rows x length.
        """
        positions = self.position_embeddings[: ids.shape[1]]
        states = self.embedding_norm(self.token_embeddings(ids) + positions)
        bias = ((1.0 - mask) * -10_000.0)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, bias)
        weights = mask[:, :, None]
        pooled = (states * weights).sum(1) / weights.sum(1)
        return self.outputs(pooled)


def initialise(network: Network, pretrained: Mapping[str, Tensor], token_ids: list[int]) -> None:
    """Copy the pretrained weights into the network, and initialise its outputs at random.

    `token_ids` are the pretrained ids of the network's tokens, in the order of its vocabulary.
    """
    with torch.no_grad():
        prefix = "embeddings."
        token_embeddings = pretrained[f"{prefix}word_embeddings.weight"]
        network.token_embeddings.weight.copy_(token_embeddings[token_ids])
        positions = pretrained[f"{prefix}position_embeddings.weight"]
        # Every token is of type 0: the type's embedding can be added to the position's.
        token_type = pretrained[f"{prefix}token_type_embeddings.weight"][0]
        network.position_embeddings.copy_(positions + token_type)
        _copy(network.embedding_norm, pretrained, f"{prefix}LayerNorm")
        for number, layer in enumerate(network.layers):
            prefix = f"encoder.layer.{number}."
            for end in ("weight", "bias"):
                parts = [pretrained[f"{prefix}attention.self.{name}.{end}"] for name in _ATTENTION]
                getattr(layer.qkv, end).copy_(torch.cat(parts))
            _copy(layer.attention_output, pretrained, f"{prefix}attention.output.dense")
            _copy(layer.attention_norm, pretrained, f"{prefix}attention.output.LayerNorm")
            _copy(layer.feed_forward_input, pretrained, f"{prefix}intermediate.dense")
            _copy(layer.feed_forward_output, pretrained, f"{prefix}output.dense")
            _copy(layer.feed_forward_norm, pretrained, f"{prefix}output.LayerNorm")
        nn.init.zeros_(network.outputs.bias)
        nn.init.normal_(network.outputs.weight, std=0.02)


def _copy(module: Any, pretrained: Mapping[str, Tensor], name: str) -> None:
    module.weight.copy_(pretrained[f"{name}.weight"])
    module.bias.copy_(pretrained[f"{name}.bias"])


def activation_ranges(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> dict[str, Any]:
    """Return the minimum and maximum (2 x channels) of each linear layer's input, by layer name.

    The layer of the outputs is left out. `batches` are pairs of token ids and mask.
    """
    ranges: dict[str, Tensor] = {}
    is_token = torch.ones(0)

    def observe(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            values = inputs[0][is_token]
            bounds = torch.stack([values.amin(0), values.amax(0)])
            if name in ranges:
                bounds[0] = torch.minimum(bounds[0], ranges[name][0])
                bounds[1] = torch.maximum(bounds[1], ranges[name][1])
            ranges[name] = bounds

        return hook

    hooks = [
        module.register_forward_pre_hook(observe(name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and name != "outputs"
    ]
    with torch.no_grad():
        for ids, mask in batches:
            is_token = mask > 0
            network(ids, mask)
    for hook in hooks:
        hook.remove()
    return {name: value.numpy() for name, value in ranges.items()}
