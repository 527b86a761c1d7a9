"""From the protocol's `images` to a renderer, with every fault that can be told before one is built."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from pydantic import ValidationError

from .. import plugins
from ..conditions.base import Condition
from ..dataset.statements import Persons
from ..errors import Fault, ProtocolError, RenderError, did_you_mean, refuse
from ..model import Nuisance, View
from ..protocol import Protocol
from ..protocol.images import Images
from ..render.base import Renderer

WHERE = "images.renderer_options"
NEUTRAL = asdict(Nuisance())
"""The nuisance that leaves a picture alone."""


def named(images: Images) -> Images:
    """`NAME:PATH` of a known renderer as its name and the option `path`; anything else as it is."""
    name, colon, path = images.renderer.partition(":")
    if not (colon and path and name in plugins.known("renderers")):
        return images
    return images.model_copy(update={"renderer": name, "renderer_options": {**images.renderer_options, "path": path}})


@contextmanager
def settled(protocol: Protocol) -> Iterator[Protocol]:
    """The protocol without the path of this machine that its renderer was given: what it says instead is up to the
    renderer (`Renderer.settle`), and worker processes learn the place from the environment, inside. Without such a
    path it is the protocol itself."""
    if not needs_settling(protocol.images):
        yield protocol
        return
    images = named(protocol.images)
    options, places = renderer_class(images).settle(images.renderer_options, condition_of(protocol))
    before = {name: os.environ.get(name) for name in places}
    os.environ.update(places)
    try:
        yield protocol.model_copy(update={"images": images.model_copy(update={"renderer_options": options})})
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def needs_settling(images: Images) -> bool:
    """Whether the renderer was given a path that no protocol should keep."""
    images = named(images)
    return images.enabled and "path" in images.renderer_options and hasattr(renderer_class(images), "settle")


def as_kept(protocol: Protocol) -> Protocol:
    """The protocol as a dataset of it keeps it: without the path of this machine, if it has one."""
    if not needs_settling(protocol.images):
        return protocol
    with settled(protocol) as kept:
        return kept


def condition_of(protocol: Protocol) -> Condition:
    """The protocol's condition."""
    return plugins.resolve("conditions", protocol.condition.name, "condition.name")(protocol.condition)


def renderer_class(images: Images) -> Any:
    """The class behind `images.renderer`.

    Raises
    ------
    ProtocolError
        Nothing answers to the name, or what does is no renderer.
    """
    images = named(images)
    found = plugins.resolve("renderers", images.renderer, "images.renderer")
    if getattr(found, "views", None) is None or not hasattr(found, "render"):
        fault = Fault("images.renderer", images.renderer, "a class with `views` and `render(views)`")
        raise ProtocolError(f"{fault} It must have the interface nof1sim.render.Renderer.", [fault])
    return found


def make_renderer(images: Images) -> Renderer:
    """The renderer of a protocol, with its options. Built once in each process: this is where weights load.

    Raises
    ------
    ProtocolError
        As `renderer_class`, or an option that the renderer does not have.
    RenderError
        What the renderer needs (weights, a package) is not here.
    """
    images = named(images)
    found = renderer_class(images)
    refuse(option_faults(found, images), f"The renderer {images.renderer!r}")
    options = getattr(found, "Options", None)
    return found() if options is None else found(options.model_validate(images.renderer_options))


def processes(images: Images) -> int | None:
    """How many processes the protocol's renderer wants at most; None: as many as there are cores."""
    if not images.enabled:
        return None
    told: Any = renderer_class(images)
    found: Any = getattr(told, "processes", None)
    if callable(found):
        return told.processes(named(images).renderer_options)
    return found


def seen_by(renderer: Renderer, view: View) -> View:
    """A view without what the renderer cannot draw of its nuisance: the truth records what is in the picture."""
    ignored: Sequence[str] = getattr(renderer, "ignores", ())
    if not ignored:
        return view
    return replace(view, nuisance=replace(view.nuisance, **{name: NEUTRAL[name] for name in ignored}))


def option_faults(renderer: Any, images: Images) -> list[Fault]:
    """The faults of `images.renderer_options`."""
    options = getattr(renderer, "Options", None)
    if options is None:
        return [Fault(f"{WHERE}.{name}", given, "no options with this renderer", "Leave it out.")
                for name, given in images.renderer_options.items()]  # fmt: skip
    try:
        options.model_validate(images.renderer_options)
    except ValidationError as error:
        return [_fault(options, found) for found in error.errors()]
    return []


def _fault(options: Any, found: Any) -> Fault:
    where = ".".join((WHERE, *map(str, found["loc"])))  # of the options together: no name of one
    if found["type"] == "extra_forbidden":
        known = list(options.model_fields)
        hint = did_you_mean(str(found["loc"][-1]), known)
        return Fault(where, found["input"], f"one of {', '.join(known)}", hint)
    return Fault(where, found["input"], found["msg"].removeprefix("Value error, "))


def check_images(protocol: Protocol) -> None:
    """Refuse views and layers that the renderer cannot draw, and options that it does not have."""
    images = named(protocol.images)
    if not images.enabled:
        return
    renderer = renderer_class(images)
    layers: Sequence[str] = getattr(renderer, "layers", ())
    faults = [fault for view in images.views for fault in view_faults(renderer, "images.views", view)]
    faults += [
        Fault("images.layers", name, ", ".join(layers) or "none with this renderer", did_you_mean(name, layers))
        for name in images.layers
        if name not in layers
    ]
    faults += _people_faults(protocol, renderer)
    refuse(faults + option_faults(renderer, images), f"The renderer {images.renderer!r}")


def persons_of(images: Images) -> Persons:
    """Who is in the pictures of a protocol: "invented" persons, or real ones in "photographs" that were edited."""
    told: Any = renderer_class(images)
    found: Any = getattr(told, "persons", "invented")
    if callable(found):
        return told.persons(images.renderer_options)
    return found


def require_photographs(images: Images) -> None:
    """Refuse to start where photographs that the protocol names are not on this machine.

    Raises
    ------
    RenderError
        Lists all of them; or says that no folder is known.
    """
    images = named(images)
    asked = getattr(renderer_class(images), "missing", None) if images.enabled else None
    lines: Sequence[str] = asked(images.renderer_options) if asked is not None else ()
    if lines:
        raise RenderError("\n".join(lines))


def _people_faults(protocol: Protocol, renderer: Any) -> list[Fault]:
    """The fault of a protocol with more patients than its renderer has photographs."""
    named = protocol.images.renderer_options.get("photographs")
    count = protocol.cohort.patients
    if getattr(renderer, "persons", "") != "photographs" or not isinstance(named, list) or len(named) >= count:
        return []
    advice = "Simulate fewer, or start anew with --faces and a larger folder."
    return [Fault("cohort.patients", count, f"at most {len(named)}, the photographs of {WHERE}", advice)]


def accepts(renderer: Any, view: str) -> bool:
    """Whether a renderer (its class will do) can draw a view."""
    asked = getattr(renderer, "accepts", None)
    return view in renderer.views if asked is None else bool(asked(view))


def view_faults(renderer: Any, where: str, view: str) -> list[Fault]:
    """The fault of a view that a renderer cannot draw, if it is one."""
    if accepts(renderer, view):
        return []
    known: Sequence[str] = renderer.views
    turned = "; or a turned view such as yaw20 or yaw-35_pitch10" if hasattr(renderer, "accepts") else ""
    return [Fault(where, view, ", ".join(known) + turned, did_you_mean(view, known))]
