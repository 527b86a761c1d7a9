"""A face pack of toy networks: the files' names, shapes and routing are those of antelopev2, the maths is not.

The "detector" takes a bright square for a face, the "recogniser" projects its pattern at random. insightface's own
routing, suppression of overlaps, alignment and normalisation run as ever.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="onnx is not installed (extra: face)")
from onnx import TensorProto, helper, numpy_helper, save

FACE_SHARE = 0.25
"""Side of the square that the detector takes for a face, as a share of the picture's."""
KPS = np.array([(-40, -30), (40, -30), (0, 10), (-30, 50), (30, 50)], float)
"""Key points from the middle of a face, in a picture of 640 px."""
HALF_BOX = 110.0
KERNEL, STRIDES, ANCHORS, OFFSET = 5, (8, 16, 32), 2, 16.0


def write_pack(
    folder: Path, names: tuple[str, str] = ("scrfd_10g_bnkps.onnx", "glintr100.onnx"), seed: int = 0
) -> Path:
    """Write a pack; `seed` is that of the recogniser's weights."""
    folder.mkdir(parents=True, exist_ok=True)
    _detector(folder / names[0])
    _recogniser(folder / names[1], seed)
    return folder


def face(
    person: int,
    size: int = 128,
    middle: tuple[float, float] = (0.5, 0.5),
    noise: float = 0.0,
    share: float = FACE_SHARE,
) -> NDArray[np.uint8]:
    """A dark picture with one "face": a bright square with the person's pattern."""
    return add_face(np.full((size, size, 3), 20, np.uint8), person, middle, noise, share)


def add_face(
    image: NDArray[np.uint8],
    person: int,
    middle: tuple[float, float],
    noise: float = 0.0,
    share: float = FACE_SHARE,
) -> NDArray[np.uint8]:
    """The picture with one face more."""
    size = image.shape[0]
    side = round(size * share)
    rng = np.random.default_rng(person)
    pattern = np.kron(rng.choice([90.0, 250.0], (8, 8, 3)), np.ones((side // 8, side // 8, 1)))
    pattern += noise * np.random.default_rng(1000 + person).normal(size=pattern.shape)
    side = pattern.shape[0]
    x, y = round(middle[0] * size - side / 2), round(middle[1] * size - side / 2)
    out = image.copy()
    out[y : y + side, x : x + side] = pattern.clip(0, 255).astype(np.uint8)
    return out


def _constant(name: str, value: NDArray[np.float32]):
    return numpy_helper.from_array(np.asarray(value, np.float32), name)


def _shape(name: str, *dims: int):
    return numpy_helper.from_array(np.array(dims, np.int64), name)


def _detector(path: Path) -> None:
    nodes, constants, outputs = [], [_shape("one", -1, 1), _shape("four", -1, 4), _shape("ten", -1, 10)], []
    for stride in STRIDES:
        square = {"kernel_shape": [stride] * 2, "strides": [stride] * 2}
        nodes.append(helper.make_node("AveragePool", ["image"], [f"squares{stride}"], **square))
        wide = {"kernel_shape": [KERNEL] * 2, "pads": [KERNEL // 2] * 4, "count_include_pad": 1}
        nodes.append(helper.make_node("AveragePool", [f"squares{stride}"], [f"pooled{stride}"], **wide))
    for kind, width in (("score", 1), ("box", 4), ("kps", 10)):
        for stride in STRIDES:
            weight, bias = np.zeros((ANCHORS * width, 3, 1, 1)), np.zeros(ANCHORS * width)
            middle = np.array([1, 1]) * (OFFSET if stride == 32 else 0)
            if kind == "score" and stride == 32:
                weight[0], bias[0] = 128 / 255 / 3, 0.5  # undoes insightface's (x - 127.5) / 128
            elif kind == "box":
                bias[:] = np.tile(np.concatenate([HALF_BOX - middle, HALF_BOX + middle]) / stride, ANCHORS)
            elif kind == "kps":
                bias[:] = np.tile(((KPS + middle) / stride).ravel(), ANCHORS)
            name = f"{kind}{stride}"
            constants += [_constant(f"w_{name}", weight), _constant(f"b_{name}", bias)]
            reshape = {1: "one", 4: "four", 10: "ten"}[width]
            nodes += [
                helper.make_node("Conv", [f"pooled{stride}", f"w_{name}", f"b_{name}"], [f"c_{name}"]),
                helper.make_node("Transpose", [f"c_{name}"], [f"t_{name}"], perm=[0, 2, 3, 1]),
                helper.make_node("Reshape", [f"t_{name}", reshape], [name]),
            ]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width]))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "h", "w"])
    _save(path, nodes, [image], outputs, constants)


def _recogniser(path: Path, seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(3 * 14 * 14, 512))
    weights -= weights.mean(axis=0)  # so that brightness alone makes nobody alike
    nodes = [
        helper.make_node("AveragePool", ["face"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["embedding"]),
    ]
    face_in = helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 112, 112])
    out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 512])
    _save(path, nodes, [face_in], [out], [_constant("weights", weights)])


def _save(path: Path, nodes, inputs, outputs, constants) -> None:
    graph = helper.make_graph(nodes, "stub", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    save(model, str(path))
