"""From a shipped int8 ONNX file back to the network's weights, to go on training from them.

What `export` did is undone: scales are multiplied in again and the narrowing of wide channels
divided out. The rounding stays, which a few batches of training make good.
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

_PRODUCTS = ("attend", "gather", "widen", "narrow")
_NORMS = ("attended", "done")


def unpacked(model: bytes) -> dict[str, Array]:
    """The weights by name (see `network.py`) of a file that `export.onnx_model` wrote.

    Raises `ValueError` for a graph of another build.
    """
    graph = onnx.load_from_string(model).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    parts = Parts.of(graph)
    found = {name: stored[own] for name, own in parts.plain.items()}
    found["outputs.weight"] = found["outputs.weight"].T
    words, scales = (stored[own] for own in parts.words)
    found["words.weight"] = words * scales
    for name, (weight, scale, inverse) in parts.products.items():
        found[f"{name}.weight"] = (stored[weight] * stored[scale]).T * stored[inverse]
    return {name: value.astype(np.float32) for name, value in found.items()}


def rewritten(model: bytes, weights: Mapping[str, Array]) -> bytes:
    """The same file with other biases, norms and outputs; what is in int8 stays bit for bit.

    `weights` are named as `unpacked` names them; there may be more outputs than before. Two
    versions that differ by no more cost a repository a hundredth of the file.
    Raises `ValueError` for a graph of another build.
    """
    whole = onnx.load_from_string(model)
    stored = {tensor.name: tensor for tensor in whole.graph.initializer}
    for name, own in Parts.of(whole.graph).plain.items():
        value = weights[name].T if name == "outputs.weight" else weights[name]
        stored[own].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), own))
    for output in whole.graph.output:
        output.type.tensor_type.shape.dim[-1].dim_value = len(weights["outputs.bias"])
    onnx.checker.check_model(whole)
    return bytes(whole.SerializeToString())


class Parts(NamedTuple):
    """Under what names a graph stores the weights: plain, or in int8 with what undoes that."""

    plain: dict[str, str]
    words: tuple[str, str]  # and their scales
    products: dict[str, tuple[str, str, str]]  # the weight, its scales, the inverse of narrowing

    @classmethod
    def of(cls, graph: Any) -> Self:
        """Those of a graph. Raises `ValueError` for one of another build."""
        by_type: dict[str, list[Any]] = defaultdict(list)
        for node in graph.node:
            by_type["Product" if node.op_type in _INT8 else node.op_type].append(node)
        makers = {node.output[0]: node for node in graph.node}
        products, norms = by_type["Product"], by_type["LayerNormalization"]
        if len(products) != LAYERS * len(_PRODUCTS) or len(norms) != 1 + LAYERS * len(_NORMS):
            raise ValueError("this ONNX file is not one that `moderation train careful` wrote")
        plain = {
            "places": by_type["Slice"][1].input[0],
            "outputs.weight": by_type["MatMul"][0].input[1],
            "outputs.bias": makers["tokens"].input[1],
        }
        rounded = {}
        named = (f"layers.{at}.{name}" for at in range(LAYERS) for name in _PRODUCTS)
        for name, node in zip(named, products, strict=True):
            states, weight, scales, bias = (node.input[at] for at in _INT8[node.op_type])
            plain[f"{name}.bias"] = bias
            narrowed = makers[makers[states].input[0]]
            rounded[name] = weight, scales, narrowed.input[1]
        named = (f"layers.{at}.{name}" for at in range(LAYERS) for name in _NORMS)
        for name, node in zip(("embedded", *named), norms, strict=True):
            plain[f"{name}.weight"], plain[f"{name}.bias"] = node.input[1:3]
        words, scales = (node.input[0] for node in by_type["Gather"])
        return cls(plain, (words, scales), rounded)


# Where an operator has its rounded states, weight, its scales and the bias among its inputs.
_INT8 = {"MatMulIntegerToFloat": (0, 1, 3, 6), "QAttention": (0, 1, 4, 2)}
