"""Read the network's weights back from an exported int8 ONNX file, to continue training.

This reverses `export.py`: weights are multiplied by their scales and divided by the smoothing
factors, by which `export.py` had scaled them up. The rounding error remains, but a few batches of
training repair it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from moderation.training.transformer.export import LAYERS

Array = npt.NDArray[Any]

_LINEAR = ("qkv", "attention_output", "feed_forward_input", "feed_forward_output")
_NORMS = ("attention_norm", "feed_forward_norm")


def unpack_weights(model: bytes) -> dict[str, Array]:
    """Return the weights in an ONNX file that `export.onnx_model` wrote, named as in `network.py`.

    Raises `ValueError` for any other ONNX file.
    """
    graph = onnx.load_from_string(model).graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    names = TensorNames.of(graph)
    weights = {name: tensors[tensor] for name, tensor in names.floats.items()}
    weights["outputs.weight"] = weights["outputs.weight"].T
    int8, scales = (tensors[tensor] for tensor in names.token_embeddings)
    weights["token_embeddings.weight"] = int8 * scales
    for name, (weight, scale, inverse) in names.linear.items():
        weights[f"{name}.weight"] = (tensors[weight] * tensors[scale]).T * tensors[inverse]
    return {name: value.astype(np.float32) for name, value in weights.items()}


def replace_weights(model: bytes, weights: Mapping[str, Array]) -> bytes:
    """Return an ONNX file with other biases, norms and outputs. Its int8 tensors do not change.

    `weights` has the names that `unpack_weights` returns. `weights` may have more outputs than the
    file. If two versions of a file differ only in biases, norms and outputs, a git repository needs
    little more space for both than for one.

    Raises `ValueError` for a file that `export.onnx_model` did not write.
    """
    proto = onnx.load_from_string(model)
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    for name, tensor in TensorNames.of(proto.graph).floats.items():
        value = weights[name].T if name == "outputs.weight" else weights[name]
        tensors[tensor].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), tensor))
    for output in proto.graph.output:
        output.type.tensor_type.shape.dim[-1].dim_value = len(weights["outputs.bias"])
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


class TensorNames(NamedTuple):
    """The names that a network's weights have in an ONNX graph.

    A weight is stored in floating point, or in int8 with scales.
    """

    floats: dict[str, str]
    token_embeddings: tuple[str, str]  # the weight and its scales
    linear: dict[str, tuple[str, str, str]]  # the weight, its scales, the inverse of smoothing

    @classmethod
    def of(cls, graph: Any) -> Self:
        """Find the names of the weights in an ONNX graph.

        Raises `ValueError` if `export.py` did not build the graph.
        """
        by_type: dict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            by_type["Linear" if node.op_type in _INT8 else node.op_type].append(node)
        producers = {node.output[0]: node for node in graph.node}
        nodes, norms = by_type["Linear"], by_type["LayerNormalization"]
        if len(nodes) != LAYERS * len(_LINEAR) or len(norms) != 1 + LAYERS * len(_NORMS):
            raise ValueError("this ONNX file is not one that `moderation train careful` wrote")
        floats = {
            "position_embeddings": by_type["Slice"][1].input[0],
            "outputs.weight": by_type["MatMul"][0].input[1],
            "outputs.bias": producers["tokens"].input[1],
        }
        linear = {}
        names = (f"layers.{number}.{name}" for number in range(LAYERS) for name in _LINEAR)
        for name, node in zip(names, nodes, strict=True):
            states, weight, scales, bias = (node.input[place] for place in _INT8[node.op_type])
            floats[f"{name}.bias"] = bias
            smoothed = producers[producers[states].input[0]]
            linear[name] = weight, scales, smoothed.input[1]
        names = (f"layers.{number}.{name}" for number in range(LAYERS) for name in _NORMS)
        for name, node in zip(("embedding_norm", *names), norms, strict=True):
            floats[f"{name}.weight"], floats[f"{name}.bias"] = node.input[1:3]
        int8, scales = (node.input[0] for node in by_type["Gather"])
        return cls(floats, (int8, scales), linear)


# By operator: the positions of the quantised states, the weight, its scales and the bias among
# the inputs.
_INT8 = {"MatMulIntegerToFloat": (0, 1, 3, 6), "QAttention": (0, 1, 4, 2)}
