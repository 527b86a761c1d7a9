"""One picture of the grid, alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..dataset.images import Format, encode
from ..errors import Fault, InputError, refuse
from ..model import Render, Unit
from ..protocol import Protocol, load_protocol
from .plan import Plan
from .renderers import make_renderer, persons_of, renderer_class, seen_by, view_faults
from .worker import picture_bytes, quality_of

FORMATS: dict[str, Format] = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}


def render_unit(plan: Plan, unit: Unit) -> Render:
    """Draw a unit with the protocol's renderer."""
    renderer = make_renderer(plan.protocol.images)
    return renderer.render([seen_by(renderer, plan.view(unit))])[0]


def draw(
    protocol: Protocol | str | Path, patient: int, day: int, *, occasion: int = 1, view: str = "front"
) -> NDArray[np.uint8]:
    """The photograph of one patient-day, without any dataset: (h, w, 3) sRGB.

    `patient`, `day` and `occasion` count from 1.

    Raises
    ------
    ProtocolError
        The protocol cannot be run, or has no such patient, day, occasion or view.
    """
    chosen = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    plan = Plan(chosen)
    return render_unit(plan, checked_unit(plan, patient, day, occasion, view)).pixels


def checked_unit(plan: Plan, patient: int, day: int, occasion: int, view: str) -> Unit:
    """The unit at a place of the grid, or a letter that says where the grid ends."""
    protocol = plan.protocol
    limits = {
        "--patient": (patient, protocol.cohort.patients),
        "--day": (day, protocol.days),
        "--occasion": (occasion, protocol.images.occasions_per_day),
    }
    faults = [Fault(where, given, f"1 to {last}") for where, (given, last) in limits.items() if not 1 <= given <= last]
    if view not in protocol.images.views:  # nobody asked for it in the protocol, but it can be drawn all the same
        renderer = renderer_class(protocol.images)
        faults += view_faults(renderer, "--view", view)
    refuse(faults, "The picture asked for")
    return Unit(patient - 1, day, occasion, view)


def write_image(plan: Plan, patient: int, day: int, occasion: int, view: str, out: Path) -> None:
    """Draw one picture into a file; a name that ends like the protocol's format gives the dataset's very bytes."""
    unit = checked_unit(plan, patient, day, occasion, view)
    form = FORMATS.get(out.suffix.lower())
    if form is None:
        raise InputError(f"--out: got {out.name!r}; allowed endings: {', '.join(FORMATS)}.")
    if not out.parent.is_dir():
        raise InputError(f"--out: the folder {str(out.parent)!r} does not exist. Make it first.")
    render = render_unit(plan, unit)
    seen = plan.view(unit)
    if form == plan.protocol.images.format:
        data = picture_bytes(plan, seen, render)
    else:
        note, persons = {"generator": f"nof1sim {__version__}"}, persons_of(plan.protocol.images)
        data = encode(render.pixels, form, quality_of(plan.protocol, seen), note, persons)
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"--out: {out} cannot be written ({error.strerror}). Give a file in a folder of yours."
        ) from None
