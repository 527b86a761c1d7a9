from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1sim.dataset.deflate import LONGEST, deflated


def rows(ids: np.ndarray) -> bytes:
    """What PNG compresses: a zero before each row, two bytes a pixel, the high one first."""
    return b"".join(b"\0" + row.astype(">u2").tobytes() for row in ids)


@settings(max_examples=100, deadline=None)  # the first call compiles
@given(st.integers(1, 30), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.3, 1.0]))
def test_zlib_reads_it(height: int, width: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, rng.choice([2, 300, 65536]), (height, width)) * (rng.random((height, width)) < share)
    flat = np.repeat(ids, rng.integers(1, 9), axis=1).astype(np.int32)
    assert zlib.decompress(deflated(flat)) == rows(flat)


@pytest.mark.parametrize("value", [0, 1, 143, 144, 255, 256, 513, 36752, 65535])
def test_runs_of_any_length(value: int) -> None:
    """Around the longest match, its multiples and every table of lengths, also the rests of one and two bytes."""
    for length in range(1, 2 * LONGEST + 12):
        flat = np.full((1, length), value, np.int32)
        assert zlib.decompress(deflated(flat)) == rows(flat)


def test_the_worst_case_fits() -> None:
    ids = (np.random.default_rng(0).integers(0, 65536, (40, 40)) | 0x9090).astype(np.int32)
    assert zlib.decompress(deflated(ids)) == rows(ids)


def test_an_empty_mask_is_small() -> None:
    assert len(deflated(np.zeros((512, 512), np.int32))) < 4000
