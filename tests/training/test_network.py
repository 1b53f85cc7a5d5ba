"""network: what is trained in torch and what is shipped agree. Needs torch (the extra `train`)."""

import numpy as np
import onnxruntime
import torch

from moderation.training.export import onnx_model
from moderation.training.network import Network, ranges


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
