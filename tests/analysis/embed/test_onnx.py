"""A user's ONNX file: a real one, written byte by byte, since nothing that writes ONNX is a dependency."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nof1sim.analysis.embed import choose, vectors
from nof1sim.analysis.images import Shots
from nof1sim.errors import AnalysisError

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


def number(field: int, value: int) -> bytes:
    """A protobuf varint field (https://protobuf.dev/programming-guides/encoding)."""
    return varint(field << 3) + varint(value)


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def block(field: int, content: bytes | str) -> bytes:
    """A length-delimited field."""
    data = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name: str, *dims: int | str) -> bytes:
    """A ValueInfoProto of floats."""
    shape = b"".join(block(1, number(1, d) if isinstance(d, int) else block(2, d)) for d in dims)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, shape)))


def mean_model(batch: int | str) -> bytes:
    """ReduceMean over height and width of (batch, 3, 16, 16): opset 13, IR version 8 (onnx.proto3)."""
    axes = block(5, block(1, "axes") + number(8, 2) + number(8, 3) + number(20, 7))
    keep = block(5, block(1, "keepdims") + number(3, 0) + number(20, 2))
    node = block(1, "x") + block(2, "y") + block(4, "ReduceMean") + axes + keep
    graph = block(1, node) + block(2, "g") + block(11, tensor("x", batch, 3, 16, 16)) + block(12, tensor("y", batch, 3))
    return number(1, 8) + block(8, block(1, "") + number(2, 13)) + block(7, graph)


def shots(n: int) -> Shots:
    pixels = np.random.default_rng(3).integers(0, 256, (n, 16, 16, 3), np.uint8)
    zeros = np.zeros(n, np.int64)
    return Shots(zeros, np.arange(n), zeros + 1, zeros + 1, zeros == 1, pixels)


@pytest.mark.parametrize("batch", ["n", 4])
def test_a_file_gives_its_own_answer(tmp_path: Path, batch: int | str) -> None:
    """Also one whose batch is fixed and does not divide the pictures."""
    path = tmp_path / "mean.onnx"
    path.write_bytes(mean_model(batch))
    model = choose(str(path))
    assert model.needs.size_px == 16
    seen = shots(10)
    assert vectors(model, seen) == pytest.approx(seen.pixels.mean((1, 2)) / 255, abs=1e-6)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "none.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(AnalysisError, match=r"an ONNX file"):
        choose(str(path))
