"""Masks as COCO's compressed run lengths: every label of a label image in one pass.

The format is that of pycocotools (cocodataset/cocoapi, common/maskApi.c, rleEncode and rleToString): pixels column by
column, lengths of runs of 0 and 1 in turn, beginning with 0; from the fourth on the difference to the length two
before; five bits a character, the lowest first, 32 marks that more follow, 48 is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...compiled import digest_of, njit_named

njit = njit_named(digest_of(__file__))

CHARACTERS = 7
"""Of one length at most: 35 bits."""


@dataclass(frozen=True, slots=True)
class Segments:
    """The labels of one image, by ascending id.

    ids (n,); boxes (n, 4) x, y, width, height and areas (n,) in pixels; counts: n compressed run lengths.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.int64]
    areas: NDArray[np.int64]
    counts: list[str]


def segments(labels: NDArray[np.integer[Any]]) -> Segments:
    """Every label but 0 of an image (h, w) of labels of 0 and above."""
    height = labels.shape[0]
    columns = np.ascontiguousarray(labels.T, np.int32).ravel()
    runs = np.empty((_count(columns), 3), np.int64)
    _runs(columns, runs)
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    ids, first = np.unique(runs[:, 0], return_index=True)
    bounds = np.append(first, len(runs))
    table = np.empty((len(ids), 5), np.int64)
    text, ends = np.empty((2 * len(runs) + len(ids)) * CHARACTERS, np.uint8), np.empty(len(ids), np.int64)
    _measure(runs, bounds, height, table)
    used = _write(runs, bounds, columns.size, text, ends)
    whole, starts = text[:used].tobytes().decode("ascii"), [0, *ends.tolist()]
    counts = [whole[a:b] for a, b in pairwise(starts)]
    return Segments(ids, table[:, :4], table[:, 4], counts)


@njit()
def _count(columns):
    number, before = 0, 0
    for label in columns:
        if label != before and label != 0:
            number += 1
        before = label
    return number


@njit()
def _runs(columns, runs):
    """runs (n, 3): label, place of the first pixel, number of pixels."""
    at, before = -1, 0
    for place in range(columns.size):
        label = columns[place]
        if label != 0:
            if label != before:
                at += 1
                runs[at, 0], runs[at, 1], runs[at, 2] = label, place, 0
            runs[at, 2] += 1
        before = label


@njit()
def _measure(runs, bounds, height, table):
    """table (ids, 5): x, y, width, height, area."""
    for k in range(len(table)):
        low_x, low_y, high_x, high_y, area = 1 << 30, 1 << 30, -1, -1, 0
        for r in range(bounds[k], bounds[k + 1]):
            first, last = runs[r, 1], runs[r, 1] + runs[r, 2] - 1
            low_x, high_x = min(low_x, first // height), max(high_x, last // height)
            if first // height == last // height:
                low_y, high_y = min(low_y, first % height), max(high_y, last % height)
            else:  # from the foot of a column to the head of the next
                low_y, high_y = 0, height - 1
            area += runs[r, 2]
        table[k] = (low_x, low_y, high_x - low_x + 1, high_y - low_y + 1, area)


@njit()
def _write(runs, bounds, size, text, ends):
    """Fill `text` with every label's characters; ends (ids,): where each ends. The number of characters."""
    at = 0
    for k in range(len(ends)):
        end, older, old, number = 0, 0, 0, 0
        last = bounds[k + 1]
        for r in range(bounds[k], last + 1):
            for side in range(2):  # the gap before a run, then the run; after the last run only a gap
                if r < last:
                    length = runs[r, 1] - end if side == 0 else runs[r, 2]
                elif side == 0 and end < size:
                    length = size - end
                else:
                    break
                at = _character(length - older if number > 2 else length, text, at)
                older, old, number = old, length, number + 1
            if r < last:
                end = runs[r, 1] + runs[r, 2]
        ends[k] = at
    return at


@njit()
def _character(value, text, at):
    while True:
        bits = value & 31
        value >>= 5
        more = value != -1 if bits & 16 else value != 0
        text[at] = 48 + (bits | 32 if more else bits)
        at += 1
        if not more:
            return at
