"""The Renderer interface. Names resolve in `nof1sim.plugins`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from nof1sim.model import Render, View

PARTS = {
    0: "background",
    1: "skin",  # ears and neck, too
    2: "lips",
    3: "eyes",
    4: "brows",
    5: "hair",  # of the head and of a beard
    6: "cloth",  # a garment
    7: "headwear",
}
"""Code of a pixel in the layer "parts" -> what it shows."""
PART_CODE = {name: code for code, name in PARTS.items()}


@runtime_checkable
class Renderer(Protocol):
    """Draws pictures. Built once in each process.

    name : as in the protocol.  modality : what the pictures are, e.g. "face photograph".
    views : the views it can draw.  batch_size : how many views of a patient it likes at once.
    repeatable : "bitwise" (same bytes on one CPU type) or "seeded" (same up to rounding).

    A renderer may also have, on the class, both asked before one is built:
    accepts(view) : a static or class method; whether it can draw a view, where `views` names only the most common.
    layers : names of the `Render.layers` that it can give; none where it does not say.
    processes : how many processes draw with it unless a user says otherwise: 1 for one that fills a GPU; or a static
        method that tells from `images.renderer_options`.
    ignores : fields of a `Nuisance` that it cannot draw; it is given neutral ones, and the truth says so.
    persons : "invented" (where it does not say), "photographs" of real persons, or a static method that tells which
        from `images.renderer_options`: what a dataset says of its pictures.
    missing(options) : a static method; what these options need and this machine has not, a sentence each.
    ita_deg(options) : a static method; the skin's tone of each patient, where it is not the protocol's to choose.
    settle(options, condition) : a static method; of options with a `path` of this machine those that a protocol keeps
        (a hash of what lies there), and the environment variables that tell worker processes the place.
    compiled() : a static method; False where `prepare` would compile for long: then it runs once, before any worker.
    Options : pydantic model of `images.renderer_options`; an instance is what the renderer is then built with.
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
