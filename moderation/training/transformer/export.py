"""Export the trained network to an int8 ONNX file.

The graph is built by hand from onnxruntime's operators. A traced graph would be larger and slower,
and tracing needs torch. Weights are int8 with one scale per output channel; embeddings have one
scale per token. The scales of activations are fixed: their ranges are measured on training texts
beforehand, and not on each batch. So a comment's score never depends on the other comments in its
batch. Before quantising, channels with large activations are scaled down, and the weights that they
are multiplied by are scaled up by the same factor (SmoothQuant, Xiao et al. 2023).

`unpack.py` reads such a file back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
ORT_DOMAIN = "com.microsoft"  # of onnxruntime's contributed operators

Array = npt.NDArray[Any]


def onnx_model(weights: Mapping[str, Array], ranges: Mapping[str, Array]) -> bytes:
    """Return the network as the bytes of an int8 ONNX file.

    `weights` are named as in `network.py`. For every linear layer, `ranges` holds the minimum and
    the maximum of each input channel (2 x channels).

    The graph's inputs are token ids, `ids` (int64), and `mask` (int32), which is 0 for padding;
    both are rows x length. Its outputs are `tokens` (rows x length x tasks) and `pooled` (rows x
    tasks), which is the mean of `tokens` over the mask.
    """
    graph = GraphBuilder()
    states = _add_embeddings(graph, weights)
    for number in range(LAYERS):
        prefix = f"layers.{number}."
        states = _add_layer(graph, states, _select(weights, prefix), _select(ranges, prefix))
    _add_outputs(graph, states, weights)
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
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(ORT_DOMAIN, 1)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def quantise(weights: Array, axis: int) -> tuple[Array, Array]:
    """Return the weights as int8, and their scales: the largest magnitude along `axis`, over 63.

    Only seven bits are used. Processors without VNNI add pairs of products in 16 bits, which would
    overflow with eight bits.

    >>> quantise(np.array([[1.0, -2.0], [0.5, 2.0]], np.float32), axis=0)[0].tolist()
    [[63, -63], [31, 63]]
    """
    scales = np.maximum(np.abs(weights).max(axis, keepdims=True) / 63, 1e-12)
    return np.rint(weights / scales).astype(np.int8), scales.astype(np.float32)


class Operands(NamedTuple):
    """The names of the inputs of onnxruntime's operator `MatMulIntegerToFloat`, in its order."""

    states: str
    weight: str
    states_scale: str
    weight_scales: str
    states_zero: str
    weight_zeros: str


class GraphBuilder:
    """Builds an ONNX graph.

    Every method adds to the graph, and returns the name (or names) of what it added.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Array) -> str:
        """Add a constant tensor to the graph, and return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(
        self, operator: str, *inputs: str, domain: str = "", name: str = "", **attributes: Any
    ) -> str:
        """Add an operator with these inputs to the graph, and return the name of its output."""
        name = name or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def quantise(self, states: str, weight: Array, ranges: Array) -> Operands:
        """Add what a product in int8 needs: `states` as uint8, and `weight` as int8, with scales.

        `states` is the name of a tensor in the graph. `weight` is outputs x inputs. `ranges` holds
        the minimum and the maximum of each channel of `states`. Returns the names of the operands.
        """
        largest = np.maximum(np.abs(ranges).max(0), 1e-5)
        smoothing = np.sqrt(largest / np.maximum(np.abs(weight).max(0), 1e-5))
        low, high = (ranges / smoothing).min(), (ranges / smoothing).max()
        scale = np.float32((high - low) / 255)
        zero = np.uint8(np.clip(np.rint(-low / scale), 0, 255))
        smoothed = self.node("Mul", states, self.constant((1 / smoothing).astype(np.float32)))
        int8, scales = quantise((weight * smoothing).T, 0)
        names = self.constant(np.asarray(scale)), self.constant(np.asarray(zero))
        return Operands(
            states=self.node("QuantizeLinear", smoothed, *names),
            weight=self.constant(int8),
            states_scale=names[0],
            weight_scales=self.constant(scales[0]),
            states_zero=names[1],
            weight_zeros=self.constant(np.zeros(scales.size, np.int8)),
        )

    def linear(self, states: str, weight: Array, bias: Array, ranges: Array) -> str:
        """Add a linear layer in int8, and return the name of its output.

        `states` is the name of the layer's input. `weight` is outputs x inputs, as in torch.
        `ranges` holds the minimum and the maximum of each channel of the input.
        """
        operands = self.quantise(states, weight, ranges)
        return self.node("MatMulIntegerToFloat", *operands, self.constant(bias), domain=ORT_DOMAIN)

    def layer_norm(self, states: str, weight: Array, bias: Array) -> str:
        """Add a layer norm that is not fused with the addition before it.

        On a CPU, this is faster than the operator that fuses both.
        """
        parameters = self.constant(weight), self.constant(bias)
        return self.node("LayerNormalization", states, *parameters, epsilon=EPSILON)


def _add_embeddings(graph: GraphBuilder, weights: Mapping[str, Array]) -> str:
    int8, scales = quantise(weights["token_embeddings.weight"], 1)
    states = graph.node("Gather", graph.constant(int8), "ids")
    states = graph.node("Cast", states, to=TensorProto.FLOAT)
    states = graph.node("Mul", states, graph.node("Gather", graph.constant(scales), "ids"))
    zero, one, two = (graph.constant(np.array([number])) for number in range(3))
    length = graph.node("Slice", graph.node("Shape", "ids"), one, two)
    positions = graph.node("Slice", graph.constant(weights["position_embeddings"]), zero, length)
    states = graph.node("Add", states, positions)
    return graph.layer_norm(
        states, weights["embedding_norm.weight"], weights["embedding_norm.bias"]
    )


def _add_layer(
    graph: GraphBuilder, states: str, weights: Mapping[str, Array], ranges: Mapping[str, Array]
) -> str:
    def linear(inputs: str, name: str) -> str:
        bias = weights[f"{name}.bias"]
        return graph.linear(inputs, weights[f"{name}.weight"], bias, ranges[name])

    def add_and_norm(values: str, residual: str, name: str) -> str:
        total = graph.node("Add", values, residual)
        return graph.layer_norm(total, weights[f"{name}.weight"], weights[f"{name}.bias"])

    qkv = graph.quantise(states, weights["qkv.weight"], ranges["qkv"])
    bias = graph.constant(weights["qkv.bias"])
    operands = (
        qkv.states,
        qkv.weight,
        bias,
        qkv.states_scale,
        qkv.weight_scales,
        "mask",
        qkv.states_zero,
        qkv.weight_zeros,
    )
    attention = graph.node("QAttention", *operands, domain=ORT_DOMAIN, num_heads=HEADS)
    states = add_and_norm(linear(attention, "attention_output"), states, "attention_norm")
    inner = graph.node("Gelu", linear(states, "feed_forward_input"), domain=ORT_DOMAIN)
    return add_and_norm(linear(inner, "feed_forward_output"), states, "feed_forward_norm")


def _add_outputs(graph: GraphBuilder, states: str, weights: Mapping[str, Array]) -> None:
    tokens = graph.node("MatMul", states, graph.constant(weights["outputs.weight"].T))
    tokens = graph.node("Add", tokens, graph.constant(weights["outputs.bias"]), name="tokens")
    one, two = (graph.constant(np.array([number])) for number in (1, 2))
    mask = graph.node("Unsqueeze", graph.node("Cast", "mask", to=TensorProto.FLOAT), two)
    total = graph.node("ReduceSum", graph.node("Mul", tokens, mask), one, keepdims=0)
    count = graph.node("ReduceSum", mask, one, keepdims=0)
    graph.node("Div", total, count, name="pooled")


def _select(named: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): named[name] for name in named if name.startswith(prefix)}
