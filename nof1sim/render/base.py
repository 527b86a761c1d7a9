"""The Renderer interface, and how a name in a protocol becomes one."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from typing import Literal, Protocol, runtime_checkable

from nof1sim.errors import unknown_name
from nof1sim.model import Render, View

RENDERERS = {"procedural": "nof1sim.render.procedural:ProceduralRenderer"}
"""Built-in renderers: name -> import path of a class or function that takes the options."""

ENTRY_POINTS = "nof1sim.renderers"
"""Entry point group under which other packages offer renderers."""


@runtime_checkable
class Renderer(Protocol):
    """Draws pictures. Built once in each process.

    name : as in the protocol.  modality : what the pictures are, e.g. "face photograph".
    views : the views it can draw.  batch_size : how many views it likes at once.
    repeatable : "bitwise" (same bytes on one CPU type) or "seeded" (same up to rounding).
    """

    name: str
    modality: str
    views: tuple[str, ...]
    repeatable: Literal["bitwise", "seeded"]
    batch_size: int

    def render(self, views: Sequence[View]) -> list[Render]:
        """One Render a view, in order. A result depends on its view alone."""
        ...

    def prepare(self) -> None:
        """Load or compile whatever the first picture would otherwise wait for."""
        ...


def known_renderers() -> tuple[str, ...]:
    """Names that `load_renderer` answers to, built-in and installed, without importing them."""
    return tuple(sorted({*RENDERERS, *(point.name for point in entry_points(group=ENTRY_POINTS))}))


def load_renderer(name: str, options: Mapping[str, object] | None = None) -> Renderer:
    """The renderer of a built-in name, an entry point of `nof1sim.renderers`, or a `module:Thing`.

    Raises
    ------
    nof1sim.errors.UnknownNameError
        Nothing answers to the name.
    """
    return _factory(name)(options)


def _factory(name: str):
    if name in RENDERERS:
        return _imported(RENDERERS[name])
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            return point.load()
    if ":" in name:
        try:
            return _imported(name)
        except (ImportError, AttributeError) as error:
            raise unknown_name("renderer", "images.renderer", name, known_renderers()) from error
    raise unknown_name("renderer", "images.renderer", name, known_renderers())


def _imported(path: str):
    module, _, thing = path.partition(":")
    return getattr(importlib.import_module(module), thing)
