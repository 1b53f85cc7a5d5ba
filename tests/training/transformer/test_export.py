"""The exported int8 graph computes the same as the network, and can be unpacked again."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from moderation.training.transformer.export import HEADS, LAYERS, onnx_model
from moderation.training.transformer.unpack import replace_weights, unpack_weights

WIDTH, INNER, TOKENS, TASKS = 48, 96, 50, 3
Array = npt.NDArray[np.float32]
Weights = dict[str, Array]


def weight_shapes() -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a narrow network's weights, without the norms."""
    linear = {
        "qkv": (3 * WIDTH, WIDTH),
        "attention_output": (WIDTH, WIDTH),
        "feed_forward_input": (INNER, WIDTH),
        "feed_forward_output": (WIDTH, INNER),
    }
    shapes: dict[str, tuple[int, ...]] = {
        "token_embeddings.weight": (TOKENS, WIDTH),
        "position_embeddings": (64, WIDTH),
    }
    for number in range(LAYERS):
        for name, shape in linear.items():
            shapes[f"layers.{number}.{name}.weight"] = shape
            shapes[f"layers.{number}.{name}.bias"] = shape[:1]
    return shapes | {"outputs.weight": (TASKS, WIDTH), "outputs.bias": (TASKS,)}


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Random weights, and norms with weight 1 and bias 0."""
    rng = np.random.default_rng(0)
    shapes = weight_shapes()
    values = {name: rng.normal(0, 0.15, shape).astype("f4") for name, shape in shapes.items()}
    norms = [
        f"layers.{number}.{name}"
        for number in range(LAYERS)
        for name in ("attention_norm", "feed_forward_norm")
    ]
    for name in ("embedding_norm", *norms):
        values[f"{name}.weight"] = np.ones(WIDTH, "f4")
        values[f"{name}.bias"] = np.zeros(WIDTH, "f4")
    return values


def layer_norm(states: Array) -> Array:
    """Normalise without weights."""
    spread = states.std(-1, keepdims=True)
    return np.asarray((states - states.mean(-1, keepdims=True)) / spread, np.float32)


def run_in_float(weights: Weights, ids: list[int]) -> tuple[Array, dict[str, Array]]:
    """Run one text through the network in numpy.

    Return the logits, and the range of every linear layer's inputs.
    """
    ranges = {}

    def linear(states: Array, name: str) -> Array:
        ranges[name] = np.stack([states.min(0), states.max(0)])
        return states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    positions = weights["position_embeddings"][: len(ids)]
    states = layer_norm(weights["token_embeddings.weight"][ids] + positions)
    for number in range(LAYERS):
        prefix = f"layers.{number}."
        qkv = linear(states, f"{prefix}qkv").reshape(len(ids), 3, HEADS, -1)
        query, key, value = qkv.transpose(1, 2, 0, 3)
        scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS))
        context = scores / scores.sum(-1, keepdims=True) @ value
        context = context.transpose(1, 0, 2).reshape(len(ids), WIDTH)
        states = layer_norm(states + linear(context, f"{prefix}attention_output"))
        inner = linear(states, f"{prefix}feed_forward_input")
        # Gelu's tanh approximation, which is close enough to the exact function.
        inner = inner / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        states = layer_norm(states + linear(inner, f"{prefix}feed_forward_output"))
    return (states @ weights["outputs.weight"].T + weights["outputs.bias"]).mean(0), ranges


def test_int8_graph_is_close_to_the_network(weights: Weights) -> None:
    """The outputs correlate with those in floating point at over 0.98."""
    texts = [[*np.random.default_rng(seed).integers(0, TOKENS, 20)] for seed in range(8)]
    expected, ranges = zip(*(run_in_float(weights, text) for text in texts), strict=True)
    all_ranges = {
        name: np.stack(
            [np.min([r[name][0] for r in ranges], 0), np.max([r[name][1] for r in ranges], 0)]
        )
        for name in ranges[0]
    }
    session = onnxruntime.InferenceSession(onnx_model(weights, all_ranges))
    mask = np.ones((8, 20), np.int32)
    pooled = session.run(["pooled"], {"ids": np.array(texts, np.int64), "mask": mask})[0]
    assert np.corrcoef(np.ravel(pooled), np.ravel(expected))[0, 1] > 0.98


def test_padding_and_other_rows_do_not_change_a_score(weights: Weights) -> None:
    """A text scores the same alone and padded to a longer one; `pooled` is the mean of `tokens`."""
    short, long = [5, 6, 7], [*range(20)]
    ranges = run_in_float(weights, long)[1]
    session = onnxruntime.InferenceSession(onnx_model(weights, ranges))
    ids = np.array([short + [0] * 17, long], np.int64)
    mask = np.array([[1] * 3 + [0] * 17, [1] * 20], np.int32)
    pooled, tokens = session.run(None, {"ids": ids, "mask": mask})
    alone = session.run(["pooled"], {"ids": ids[:1, :3], "mask": mask[:1, :3]})[0]
    assert pooled[0] == pytest.approx(alone[0], abs=1e-4)
    assert pooled[0] == pytest.approx(tokens[0, :3].mean(0), abs=1e-5)


def test_unpacking_restores_the_weights(weights: Weights) -> None:
    """The weights of an exported file differ from the original ones only by rounding."""
    ranges = run_in_float(weights, [*range(20)])[1]
    unpacked = unpack_weights(onnx_model(weights, ranges))
    assert unpacked.keys() == weights.keys()
    for name, value in weights.items():
        assert unpacked[name].shape == value.shape
        error = np.sqrt(np.mean((unpacked[name] - value) ** 2))
        assert error <= 0.05 * np.sqrt(np.mean(value**2)), name


def test_replacing_weights_leaves_int8_tensors_bit_for_bit(weights: Weights) -> None:
    """Other biases, norms and outputs are written into the same file; nothing else changes."""
    old = onnx_model(weights, run_in_float(weights, [*range(20)])[1])
    before = unpack_weights(old)
    assert replace_weights(old, before) == old
    changed = {name: value + 0.1 if value.ndim == 1 else value for name, value in before.items()}
    changed["outputs.bias"] = np.append(changed["outputs.bias"], np.float32(7))
    changed["outputs.weight"] = np.vstack([before["outputs.weight"], before["outputs.weight"][:1]])
    new = replace_weights(old, changed)
    for name, value in unpack_weights(new).items():
        assert value == pytest.approx(changed[name]), name
    assert _int8_tensors(new) == _int8_tensors(old)
    ids, mask = np.array([[5, 6, 7]], np.int64), np.ones((1, 3), np.int32)
    pooled = onnxruntime.InferenceSession(new).run(["pooled"], {"ids": ids, "mask": mask})[0]
    assert pooled.shape == (1, len(changed["outputs.bias"]))


def _int8_tensors(model: bytes) -> list[bytes]:
    tensors = onnx.load_from_string(model).graph.initializer
    return [tensor.raw_data for tensor in tensors if tensor.data_type == onnx.TensorProto.INT8]


def test_graph_of_another_build_is_refused(weights: Weights) -> None:
    """`unpack_weights` raises a `ValueError` for a graph that `export` did not write."""
    model = onnx.load_from_string(onnx_model(weights, run_in_float(weights, [1, 2])[1]))
    del model.graph.node[-20:]
    with pytest.raises(ValueError, match="not one that"):
        unpack_weights(model.SerializeToString())
