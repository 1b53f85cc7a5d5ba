"""The lower layers of a shipped network, when only those above them learn.

They are read in int8, as they will be served, and their tensors go into the new file as they
stand. So training costs a third for two layers of six, and a repository that holds both files
stores what they share once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from moderation.training.export import LAYERS


class Lower:
    """The embedding and all layers but the `upper` ones of a file that `export` wrote."""

    def __init__(self, model: bytes, upper: int) -> None:
        self.layers = LAYERS - upper  # that stay as they are
        whole = onnx.load_from_string(model)
        norms = [node for node in whole.graph.node if node.op_type == "LayerNormalization"]
        last = norms[2 * self.layers].output[0]  # the embedding has one, each layer two
        part = _until(whole, last)
        self._last = last
        self._tensors = {tensor.name: tensor for tensor in part.graph.initializer}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            part.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def states(self, ids: npt.NDArray[np.int64], mask: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """What the layers above see: rows x length x width."""
        inputs = {"ids": ids, "mask": mask.astype(np.int32)}
        found: npt.NDArray[np.float32] = self._session.run([self._last], inputs)[0]
        return found

    def kept(self, model: bytes) -> bytes:
        """The same new file with these layers' tensors as they were."""
        new = onnx.load_from_string(model)
        for tensor in new.graph.initializer:
            if tensor.name in self._tensors:
                tensor.CopyFrom(self._tensors[tensor.name])
        return bytes(new.SerializeToString())


def _until(model: Any, name: str) -> Any:
    """The part of a model that makes `name`."""
    part = onnx.ModelProto()
    part.CopyFrom(model)
    at = next(i for i, node in enumerate(model.graph.node) if name in node.output)
    del part.graph.node[at + 1 :]
    used = {own for node in part.graph.node for own in node.input}
    tensors = [tensor for tensor in part.graph.initializer if tensor.name in used]
    del part.graph.initializer[:]
    part.graph.initializer.extend(tensors)
    del part.graph.output[:]
    shape = ["rows", "length", "width"]
    part.graph.output.append(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
    )
    return part
