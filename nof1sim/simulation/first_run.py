"""The first run on a machine, or after an update, compiles kernels: once, not in every worker at the same time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ..protocol.images import Images
from ..run.engine import Engine
from ..run.local import ProcessEngine, beside
from .plan import Plan
from .renderers import make_renderer, renderer_class


def compile_first(plan: Plan, running: Engine, tell: Callable[[str], None]) -> None:
    """Where the renderer's kernels are not cached yet: have them compiled by one process, and the lesions' by this one.

    What fails here is met by a worker again, which can say of which picture.
    """
    images = plan.protocol.images
    compiled = getattr(renderer_class(images), "compiled", None) if images.enabled else None
    if compiled is None or not isinstance(running, ProcessEngine) or compiled():
        return
    tell("Compiling, once on this machine")
    with beside(_prepare, images), suppress(Exception):
        plan.block(0, 1)


def _prepare(images: Images) -> None:
    make_renderer(images).prepare()
