"""From the trained network to an int8 ONNX file.

The graph is written by hand from onnxruntime's operators, since a traced one would be larger,
slower and need torch. Weights are int8 with one scale per column, the words' with one per word.
What flows between is rounded by ranges measured beforehand on training texts, and not by those of
the batch at hand, so that a comment's score never depends on its neighbours. Before that the wide
channels are narrowed and their weights widened by as much (SmoothQuant, Xiao et al. 2023).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
OWN = "com.microsoft"  # the domain of onnxruntime's own operators

Array = npt.NDArray[Any]


def onnx_model(weights: Mapping[str, Array], ranges: Mapping[str, Array]) -> bytes:
    """The network's weights by name (see `network.py`) as an int8 ONNX file.

    `ranges` holds, for every linear layer, the least and the greatest value of each input channel.
    Inputs `ids` (int64) and `mask` (int32), rows x length; outputs `pooled` (rows x tasks) and
    `tokens` (rows x length x tasks), of which `pooled` is the mean over the mask.
    """
    graph = Graph()
    states = _embedded(graph, weights)
    for number in range(LAYERS):
        own = _within(weights, f"layers.{number}."), _within(ranges, f"layers.{number}.")
        states = _layer(graph, states, *own)
    _outputs(graph, states, weights)
    sizes: list[str | int] = ["rows", "length", len(weights["outputs.bias"])]
    inputs = [
        helper.make_tensor_value_info("ids", TensorProto.INT64, sizes[:2]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, sizes[:2]),
    ]
    outputs = [
        helper.make_tensor_value_info("pooled", TensorProto.FLOAT, sizes[::2]),
        helper.make_tensor_value_info("tokens", TensorProto.FLOAT, sizes),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "careful", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(OWN, 1)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def quantised(weights: Array, axis: int) -> tuple[Array, Array]:
    """Weights as int8 and their scales, one for each slice along `axis`.

    Seven bits are used, so that processors without VNNI, which add pairs of products in 16 bits,
    do not overflow.

    >>> quantised(np.array([[1.0, -2.0], [0.5, 2.0]], np.float32), axis=0)[0].tolist()
    [[63, -63], [31, 63]]
    """
    scales = np.maximum(np.abs(weights).max(axis, keepdims=True) / 63, 1e-12)
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


class Rounded(NamedTuple):
    """The names of a product's operands in int8."""

    states: str
    weight: str
    scale: str
    scales: str
    zero: str
    zeros: str


class Graph:
    """The ONNX graph as it grows: what is added answers with the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array) -> str:
        """A stored tensor."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, operator: str, *inputs: str, domain: str = "", name: str = "", **more: Any
    ) -> str:
        """One operation."""
        name = name or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **more))
        return name

    def rounded(self, states: str, weight: Array, ranges: Array) -> Rounded:
        """`states` as uint8 by the `ranges` (low and high of each channel), and their weight."""
        reach = np.maximum(np.abs(ranges).max(0), 1e-5)
        narrowing = np.sqrt(reach / np.maximum(np.abs(weight).max(0), 1e-5))
        low, high = (ranges / narrowing).min(), (ranges / narrowing).max()
        scale = np.float32((high - low) / 255)
        zero = np.uint8(np.clip(np.rint(-low / scale), 0, 255))
        narrowed = self.node("Mul", states, self.constant((1 / narrowing).astype(np.float32)))
        stored, scales = quantised((weight * narrowing).T, 0)
        names = self.constant(np.asarray(scale)), self.constant(np.asarray(zero))
        return Rounded(
            states=self.node("QuantizeLinear", narrowed, *names),
            weight=self.constant(stored),
            scale=names[0],
            scales=self.constant(scales[0]),
            zero=names[1],
            zeros=self.constant(np.zeros(scales.size, np.int8)),
        )

    def product(self, states: str, weight: Array, bias: Array, ranges: Array) -> str:
        """`states` times a weight stored as torch does (outputs x inputs), in int8."""
        operands = self.rounded(states, weight, ranges)
        return self.node("MatMulIntegerToFloat", *operands, self.constant(bias), domain=OWN)

    def normed(self, states: str, weight: Array, bias: Array) -> str:
        """Layer norm. (With a separate addition it is faster on a CPU than the fused operator.)"""
        learned = self.constant(weight), self.constant(bias)
        return self.node("LayerNormalization", states, *learned, epsilon=EPSILON)


def _embedded(graph: Graph, weights: Mapping[str, Array]) -> str:
    stored, scales = quantised(weights["words.weight"], 1)
    found = graph.node("Gather", graph.constant(stored), "ids")
    found = graph.node("Cast", found, to=TensorProto.FLOAT)
    found = graph.node("Mul", found, graph.node("Gather", graph.constant(scales), "ids"))
    zero, one, two = (graph.constant(np.array([number])) for number in range(3))
    length = graph.node("Slice", graph.node("Shape", "ids"), one, two)
    places = graph.node("Slice", graph.constant(weights["places"]), zero, length)
    found = graph.node("Add", found, places)
    return graph.normed(found, weights["embedded.weight"], weights["embedded.bias"])


def _layer(
    graph: Graph, states: str, weights: Mapping[str, Array], ranges: Mapping[str, Array]
) -> str:
    def product(left: str, name: str) -> str:
        bias = weights[f"{name}.bias"]
        return graph.product(left, weights[f"{name}.weight"], bias, ranges[name])

    def joined(found: str, skipped: str, name: str) -> str:
        total = graph.node("Add", found, skipped)
        return graph.normed(total, weights[f"{name}.weight"], weights[f"{name}.bias"])

    left = graph.rounded(states, weights["attend.weight"], ranges["attend"])
    bias = graph.constant(weights["attend.bias"])
    operands = (left.states, left.weight, bias, left.scale, left.scales, "mask", left.zero)
    seen = graph.node("QAttention", *operands, left.zeros, domain=OWN, num_heads=HEADS)
    states = joined(product(seen, "gather"), states, "attended")
    inner = graph.node("Gelu", product(states, "widen"), domain=OWN)
    return joined(product(inner, "narrow"), states, "done")


def _outputs(graph: Graph, states: str, weights: Mapping[str, Array]) -> None:
    tokens = graph.node("MatMul", states, graph.constant(weights["outputs.weight"].T))
    tokens = graph.node("Add", tokens, graph.constant(weights["outputs.bias"]), name="tokens")
    one, two = (graph.constant(np.array([number])) for number in (1, 2))
    mask = graph.node("Unsqueeze", graph.node("Cast", "mask", to=TensorProto.FLOAT), two)
    total = graph.node("ReduceSum", graph.node("Mul", tokens, mask), one, keepdims=0)
    count = graph.node("ReduceSum", mask, one, keepdims=0)
    graph.node("Div", total, count, name="pooled")


def _within(named: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): named[name] for name in named if name.startswith(prefix)}
