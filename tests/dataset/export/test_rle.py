from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nof1sim.dataset.export.rle import segments


@st.composite
def label_images(draw: st.DrawFn) -> NDArray[np.int64]:
    """Blocks of labels, so that there are long runs and runs over the foot of a column."""
    height, width, block = (draw(st.integers(1, high)) for high in (12, 12, 4))
    labels = draw(st.lists(st.sampled_from([0, 0, 1, 2, 60000]), min_size=height * width, max_size=height * width))
    return np.kron(np.array(labels).reshape(height, width), np.ones((block, block), int))


@settings(deadline=None, max_examples=60)  # the first call compiles
@given(label_images())
def test_run_lengths_are_those_of_pycocotools(labels: NDArray[np.int64]) -> None:
    mask = pytest.importorskip("pycocotools.mask", reason="needs pycocotools")
    found = segments(labels)
    assert found.ids.tolist() == sorted(set(labels.ravel().tolist()) - {0})
    for place, label in enumerate(found.ids):
        expected = mask.encode(np.asfortranarray(labels == label).astype(np.uint8))
        assert found.counts[place] == expected["counts"].decode()
        assert found.boxes[place].tolist() == mask.toBbox(expected).tolist()
        assert found.areas[place] == mask.area(expected)


def test_a_known_mask() -> None:
    found = segments(np.array([[0, 7], [7, 7]]))
    assert (found.ids.tolist(), found.areas.tolist(), found.boxes.tolist()) == ([7], [3], [[0, 0, 2, 2]])
    assert found.counts == ["13"]  # one 0, then three 1


def test_skin_alone_has_no_segments() -> None:
    found = segments(np.zeros((5, 4), np.int32))
    assert (found.ids.size, found.counts) == (0, [])


def test_a_mask_of_one_lesion_only() -> None:
    assert segments(np.ones((3, 2), np.uint16)).counts == ["06"]
