"""network: what is trained in torch and what is shipped agree. Needs torch (the extra `train`)."""

import numpy as np
import onnxruntime
import pytest
import torch

from moderation.scoring.store import SHIPPED, champions
from moderation.training.transformer import dataset, finetune
from moderation.training.transformer.export import onnx_model
from moderation.training.transformer.network import Network, ranges


def test_shipped_graph_agrees_with_torch() -> None:
    """The int8 graph gives what the network gives, but for rounding."""
    torch.manual_seed(0)
    network = Network(200, 5).eval()
    torch.nn.init.normal_(network.places, std=0.02)
    ids = torch.randint(0, 200, (16, 24))
    mask = torch.ones(16, 24)
    found = ranges(network, [(ids, mask)])
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    session = onnxruntime.InferenceSession(onnx_model(weights, found))
    given = {"ids": ids.numpy(), "mask": mask.numpy().astype(np.int32)}
    with torch.no_grad():
        wanted = network(ids, mask).numpy()
    assert np.corrcoef(session.run(["pooled"], given)[0].ravel(), wanted.ravel())[0, 1] > 0.99


def test_what_went_on_from_a_model_is_taken_half_way_back() -> None:
    """All weights are the mean of both ends, but a new task's, which has no beginning."""
    begin = SHIPPED / "careful" / champions(SHIPPED)["careful"]
    tasks = [*dataset.tasks(begin), "zoo.new"]
    start, _ = finetune._trained(begin, tasks)
    learned = {name: value + 1 for name, value in start.state_dict().items()}
    found = finetune._halfway(learned, begin, tasks)
    expected = {name: value + 0.5 for name, value in start.state_dict().items()}
    expected["outputs.bias"][-1] += 0.5
    assert found["outputs.bias"].tolist() == pytest.approx(expected["outputs.bias"].tolist())
    name = "layers.2.widen.weight"
    assert found[name].flatten()[:9].tolist() == pytest.approx(
        expected[name].flatten()[:9].tolist()
    )
