"""Working through batches on a device whose memory may not suffice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .extras import optional, wrong
from .regions import batches

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(items: Sequence[Item], size: int, work: Callable[[list[Item]], list[Result]]) -> list[Result]:
    """`work` on equal padded batches; out of memory halves the batch for the rest, and at 1 raises."""
    torch, done = optional("torch"), []
    while len(done) < len(items):
        try:
            for batch, real in batches(items[len(done) :], size):
                done.extend(work(batch)[:real])
        except torch.OutOfMemoryError as error:
            if size == 1:
                advice = "Set `offload`, a half precision, or a smaller picture or window."
                raise wrong("device memory", _first_line(error), "memory for one picture at a time", advice) from None
            size //= 2
        if torch.cuda.is_available() and len(done) < len(items):
            torch.cuda.empty_cache()  # after the handler, which held the failed batch's tensors
    return done


def _first_line(error: Any) -> str:
    return str(error).strip().split("\n")[0][:100]
