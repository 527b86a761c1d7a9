"""Rates with Monte Carlo intervals beside published ones, as Markdown; and work shared by processes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import numpy as np
from scipy.stats import binomtest

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
A, B = TypeVar("A"), TypeVar("B")


def rate(hits: Sequence[bool]) -> str:
    """A share in per cent with its 95 % Monte Carlo interval (Wilson 1927): "4.8 (3.6 to 6.3)"."""
    size = len(hits)
    count = int(np.sum(hits))
    interval = binomtest(count, size).proportion_ci(method="wilson")
    return f"{100 * count / size:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


def distance(hits: Sequence[bool], published: float, published_size: int) -> float:
    """Our rate minus a published one, in standard errors of a difference between two simulations."""
    size = len(hits)
    ours = float(np.mean(hits))
    both = (ours * size + published * published_size) / (size + published_size)
    se = math.sqrt(both * (1 - both) * (1 / size + 1 / published_size))
    return (ours - published) / se if se > 0 else 0.0


def show(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def shared(function: Callable[[A], B], jobs: Sequence[A], workers: int) -> list[B]:
    """`function` of each job, in order, by so many processes of one thread each."""
    if workers < 2:
        return [function(job) for job in jobs]
    os.environ.update({name: "1" for name in THREADS if name not in os.environ})
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, jobs, chunksize=max(1, min(25, len(jobs) // (4 * workers)))))
