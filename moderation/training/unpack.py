"""From a shipped int8 ONNX file back to the network's weights, to go on training from them.

What `export` did is undone: scales are multiplied in again and the narrowing of wide channels
divided out. The rounding stays, which a few batches of training make good.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from moderation.training.export import LAYERS

Array = npt.NDArray[Any]

_PRODUCTS = ("attend", "gather", "widen", "narrow")
_NORMS = ("attended", "done")


def unpacked(model: bytes) -> dict[str, Array]:
    """The weights by name (see `network.py`) of a file that `export.onnx_model` wrote.

    Raises `ValueError` for a graph of another build.
    """
    graph = onnx.load_from_string(model).graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    by_type: dict[str, list[Any]] = defaultdict(list)
    for node in graph.node:
        by_type["Product" if node.op_type in _INT8 else node.op_type].append(node)
    makers = {node.output[0]: node for node in graph.node}
    products, norms = by_type["Product"], by_type["LayerNormalization"]
    if len(products) != LAYERS * len(_PRODUCTS) or len(norms) != 1 + LAYERS * len(_NORMS):
        raise ValueError("this ONNX file is not one that `moderation train careful` wrote")
    words, scales = (stored[node.input[0]] for node in by_type["Gather"])
    found = {
        "words.weight": words * scales,
        "places": stored[by_type["Slice"][1].input[0]],
        "outputs.weight": stored[by_type["MatMul"][0].input[1]].T,
        "outputs.bias": stored[makers["tokens"].input[1]],
    }
    named = (f"layers.{at}.{name}" for at in range(LAYERS) for name in _PRODUCTS)
    for name, node in zip(named, products, strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = _product(node, makers, stored)
    named = (f"layers.{at}.{name}" for at in range(LAYERS) for name in _NORMS)
    for name, node in zip(("embedded", *named), norms, strict=True):
        found[f"{name}.weight"], found[f"{name}.bias"] = (stored[own] for own in node.input[1:3])
    return {name: value.astype(np.float32) for name, value in found.items()}


# Where an operator has its rounded states, weight, its scales and the bias among its inputs.
_INT8 = {"MatMulIntegerToFloat": (0, 1, 3, 6), "QAttention": (0, 1, 4, 2)}


def _product(node: Any, makers: dict[str, Any], stored: dict[str, Array]) -> tuple[Array, Array]:
    states, weight, scales, bias = (node.input[at] for at in _INT8[node.op_type])
    narrowed = makers[makers[states].input[0]]
    inverse = stored[narrowed.input[1]]  # of the narrowing
    whole = (stored[weight] * stored[scales]).T * inverse
    return whole, stored[bias]
