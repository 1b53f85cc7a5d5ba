"""The torch network agrees with the exported graph. Needs torch (the extra `train`)."""

import numpy as np
import onnxruntime
import pytest
import torch

from moderation.scoring.store import SHIPPED, champions
from moderation.training.transformer import dataset, finetune
from moderation.training.transformer.export import onnx_model
from moderation.training.transformer.network import Network, activation_ranges


def test_exported_graph_agrees_with_torch() -> None:
    """The int8 graph's outputs correlate with the network's at over 0.99."""
    torch.manual_seed(0)
    network = Network(200, 5).eval()
    torch.nn.init.normal_(network.position_embeddings, std=0.02)
    ids = torch.randint(0, 200, (16, 24))
    mask = torch.ones(16, 24)
    ranges = activation_ranges(network, [(ids, mask)])
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    session = onnxruntime.InferenceSession(onnx_model(weights, ranges))
    inputs = {"ids": ids.numpy(), "mask": mask.numpy().astype(np.int32)}
    with torch.no_grad():
        expected = network(ids, mask).numpy()
    assert np.corrcoef(session.run(["pooled"], inputs)[0].ravel(), expected.ravel())[0, 1] > 0.99


def test_tuned_weights_are_averaged_with_the_base_model() -> None:
    """All weights are the mean of both models, except the outputs of a new task."""
    base = SHIPPED / "careful" / champions(SHIPPED)["careful"]
    tasks = [*dataset.load_tasks(base), "zoo.new"]
    network, _ = finetune._network_of_model(base, tasks)
    tuned = {name: value + 1 for name, value in network.state_dict().items()}
    mean = finetune._average_weights(tuned, base, tasks)
    expected = {name: value + 0.5 for name, value in network.state_dict().items()}
    expected["outputs.bias"][-1] += 0.5
    assert mean["outputs.bias"].tolist() == pytest.approx(expected["outputs.bias"].tolist())
    name = "layers.2.feed_forward_input.weight"
    assert mean[name].flatten()[:9].tolist() == pytest.approx(expected[name].flatten()[:9].tolist())
