"""Landmark networks of constant output, in the published shapes: what reads them is insightface's own code.

1k3d68 gives 1,103 points in three dimensions, of which the last 68 count; 2d106det gives 106 in two. Coordinates are
-1 to 1 over the crop of 192 px around the face.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="onnx is not installed (extra: face)")
from onnx import TensorProto, helper, numpy_helper, save

CROP_PX = 192
MARGIN = 1.5
"""insightface crops a square of so many times the longer side of the face's box."""


def spread(count: int, width: int) -> NDArray[np.float32]:
    """(count, width) places within the crop, no two alike."""
    k = np.arange(count)
    places = np.stack([(k % 11) / 11 - 0.45, (k // 11) / 11 - 0.4, 0 * k], axis=-1)
    return places[:, :width].astype(np.float32)


def write_landmarks(folder: Path, file: str = "1k3d68.onnx") -> NDArray[np.float32]:
    """Write a landmark network; returns the places (68 or 106, 2) that it gives."""
    if file == "1k3d68.onnx":
        points = spread(68, 3)
        values = np.concatenate([np.full((1103 - 68, 3), 7.0, np.float32), points])
    else:
        values = points = spread(106, 2)
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["points", "nothing"], ["fc1"]),
    ]
    constants = [
        numpy_helper.from_array(np.zeros(1, np.float32), "zero"),
        numpy_helper.from_array(values.reshape(1, -1), "points"),
    ]
    data = helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, CROP_PX, CROP_PX])
    out = helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, values.size])
    graph = helper.make_graph(nodes, "stub", [data], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, str(folder / file))
    return points[:, :2]
