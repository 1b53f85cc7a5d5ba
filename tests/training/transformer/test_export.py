"""export: the int8 graph computes what the network's weights mean."""

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from moderation.training.transformer.export import HEADS, LAYERS, onnx_model
from moderation.training.transformer.unpack import rewritten, unpacked

WIDTH, INNER, WORDS, TASKS = 48, 96, 50, 3
Array = npt.NDArray[np.float32]
Weights = dict[str, Array]


def shapes() -> dict[str, tuple[int, ...]]:
    """The names and shapes of a narrow network's weights."""
    linear = {
        "attend": (3 * WIDTH, WIDTH),
        "gather": (WIDTH, WIDTH),
        "widen": (INNER, WIDTH),
        "narrow": (WIDTH, INNER),
    }
    found: dict[str, tuple[int, ...]] = {"words.weight": (WORDS, WIDTH), "places": (64, WIDTH)}
    for number in range(LAYERS):
        for name, shape in linear.items():
            found[f"layers.{number}.{name}.weight"] = shape
            found[f"layers.{number}.{name}.bias"] = shape[:1]
    return found | {"outputs.weight": (TASKS, WIDTH), "outputs.bias": (TASKS,)}


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Random weights; norms that change nothing."""
    draw = np.random.default_rng(0)
    found = {name: draw.normal(0, 0.15, shape).astype("f4") for name, shape in shapes().items()}
    for number in range(LAYERS):
        for name in ("attended", "done"):
            found[f"layers.{number}.{name}.weight"] = np.ones(WIDTH, "f4")
            found[f"layers.{number}.{name}.bias"] = np.zeros(WIDTH, "f4")
    norm = {"embedded.weight": np.ones(WIDTH, "f4"), "embedded.bias": np.zeros(WIDTH, "f4")}
    return found | norm


def normed(states: Array) -> Array:
    """Layer norm without weights."""
    spread = states.std(-1, keepdims=True)
    return np.asarray((states - states.mean(-1, keepdims=True)) / spread, np.float32)


def in_float(weights: Weights, ids: list[int]) -> tuple[Array, dict[str, Array]]:
    """The network of one text in numpy, and the range of every linear layer's inputs."""
    ranges = {}

    def linear(states: Array, name: str) -> Array:
        ranges[name] = np.stack([states.min(0), states.max(0)])
        return states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    states = normed(weights["words.weight"][ids] + weights["places"][: len(ids)])
    for number in range(LAYERS):
        at = f"layers.{number}."
        three = linear(states, f"{at}attend").reshape(len(ids), 3, HEADS, -1).transpose(1, 2, 0, 3)
        query, key, value = three
        scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS))
        seen = scores / scores.sum(-1, keepdims=True) @ value
        seen = seen.transpose(1, 0, 2).reshape(len(ids), WIDTH)
        states = normed(states + linear(seen, f"{at}gather"))
        inner = linear(states, f"{at}widen")
        # Gelu by its tanh formula, which is near enough to the exact one.
        inner = inner / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (inner + 0.044715 * inner**3)))
        states = normed(states + linear(inner, f"{at}narrow"))
    return (states @ weights["outputs.weight"].T + weights["outputs.bias"]).mean(0), ranges


def test_int8_graph_is_near_the_network(weights: Weights) -> None:
    """Rounding costs little: the outputs agree with those in floating point."""
    texts = [[*np.random.default_rng(seed).integers(0, WORDS, 20)] for seed in range(8)]
    wanted, ranges = zip(*(in_float(weights, text) for text in texts), strict=True)
    reach = {
        name: np.stack(
            [np.min([r[name][0] for r in ranges], 0), np.max([r[name][1] for r in ranges], 0)]
        )
        for name in ranges[0]
    }
    session = onnxruntime.InferenceSession(onnx_model(weights, reach))
    mask = np.ones((8, 20), np.int32)
    found = session.run(["pooled"], {"ids": np.array(texts, np.int64), "mask": mask})[0]
    assert np.corrcoef(np.ravel(found), np.ravel(wanted))[0, 1] > 0.98


def test_padding_and_neighbours_change_nothing(weights: Weights) -> None:
    """A text scores the same alone and, padded, beside a longer one; `pooled` is the mean."""
    short, long = [5, 6, 7], [*range(20)]
    ranges = in_float(weights, long)[1]
    session = onnxruntime.InferenceSession(onnx_model(weights, ranges))
    ids = np.array([short + [0] * 17, long], np.int64)
    mask = np.array([[1] * 3 + [0] * 17, [1] * 20], np.int32)
    both, tokens = session.run(None, {"ids": ids, "mask": mask})
    alone = session.run(["pooled"], {"ids": ids[:1, :3], "mask": mask[:1, :3]})[0]
    assert both[0] == pytest.approx(alone[0], abs=1e-4)
    assert both[0] == pytest.approx(tokens[0, :3].mean(0), abs=1e-5)


def test_unpacking_gives_the_weights_back(weights: Weights) -> None:
    """Training can go on from a shipped file: all that is lost is the rounding."""
    ranges = in_float(weights, [*range(20)])[1]
    found = unpacked(onnx_model(weights, ranges))
    assert found.keys() == weights.keys()
    for name, value in weights.items():
        assert found[name].shape == value.shape
        error = np.sqrt(np.mean((found[name] - value) ** 2))
        assert error <= 0.05 * np.sqrt(np.mean(value**2)), name


def test_what_is_in_int8_stays_bit_for_bit(weights: Weights) -> None:
    """Other biases, norms and outputs are written into the same file; nothing else changes."""
    old = onnx_model(weights, in_float(weights, [*range(20)])[1])
    before = unpacked(old)
    assert rewritten(old, before) == old
    changed = {name: value + 0.1 if value.ndim == 1 else value for name, value in before.items()}
    changed["outputs.bias"] = np.append(changed["outputs.bias"], np.float32(7))
    changed["outputs.weight"] = np.vstack([before["outputs.weight"], before["outputs.weight"][:1]])
    new = rewritten(old, changed)
    for name, value in unpacked(new).items():
        assert value == pytest.approx(changed[name]), name
    assert _int8(new) == _int8(old)
    ids, mask = np.array([[5, 6, 7]], np.int64), np.ones((1, 3), np.int32)
    pooled = onnxruntime.InferenceSession(new).run(["pooled"], {"ids": ids, "mask": mask})[0]
    assert pooled.shape == (1, len(changed["outputs.bias"]))


def _int8(model: bytes) -> list[bytes]:
    tensors = onnx.load_from_string(model).graph.initializer
    return [it.raw_data for it in tensors if it.data_type == onnx.TensorProto.INT8]


def test_a_foreign_graph_is_not_unpacked(weights: Weights) -> None:
    """A graph of another build is refused in words."""
    model = onnx.load_from_string(onnx_model(weights, in_float(weights, [1, 2])[1]))
    del model.graph.node[-20:]
    with pytest.raises(ValueError, match="not one that"):
        unpacked(model.SerializeToString())
