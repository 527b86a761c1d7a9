"""Worker: draws the pictures of a shard, writes them, and commits its part file last."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from .. import __version__, plugins
from ..dataset import layout
from ..dataset.images import encode, encode_mask
from ..dataset.layers import encode_layer
from ..dataset.parts import commit_part, part_row
from ..dataset.target import Target
from ..errors import Fault, RenderError
from ..model import Nuisance, Render, Unit, View
from ..protocol import Protocol
from ..run.engine import Report
from ..run.units import Shard
from ..severity.given import Given
from .frames import NEUTRAL
from .names import image_name
from .plan import Plan
from .quality import probe


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What a worker needs to know: picklable, and small."""

    protocol_json: str
    out: str
    given: Given | None = None


class Worker:
    """Built once in each process; calling it with a shard draws, writes and commits the shard."""

    def __init__(self, order: WorkOrder) -> None:
        self.plan = Plan(Protocol.model_validate_json(order.protocol_json), order.given)
        self.target = Target(order.out)
        self.renderer = plugins.resolve("renderers", self.plan.protocol.images.renderer, "images.renderer")()

    def __call__(self, shard: Shard) -> Report:
        rows, failures = [], []
        for unit in shard.units:
            try:
                rows.append(self.draw(unit))
            except RenderError as error:
                failures.append(
                    f"patient {unit.rank + 1}, day {unit.day} ({unit.view}, occasion {unit.occasion}): {error}"
                )
        if rows:
            commit_part(self.target, shard.id, self.plan.protocol.digest, rows)
        return Report(len(rows), tuple(failures))

    def draw(self, unit: Unit) -> dict[str, Any]:
        """Draw and write one picture; the row that its part file keeps."""
        images = self.plan.protocol.images
        view = self.plan.view(unit)
        render = self.renderer.render([view])[0]
        path = image_name(self.plan, unit)
        files = {"image": self.target.store(path, picture_bytes(self.plan.protocol, view, render))}
        if images.masks:
            files["mask"] = self.target.store(layout.mask_of(path), encode_mask(render.lesion))
            support = layout.mask_of(path, support=True)
            files["support"] = self.target.store(support, encode_mask(render.support))
        for name in images.layers:
            files[name] = self.target.store(layout.layer_of(path, name), encode_layer(name, layer_of(render, name)))
        said = {
            "nuisance": plain(departures(view.nuisance)),
            "drawn": plain({**render.drawn, "keypoints_px": dict(render.keypoints_px)}),
            "face": plain(dict(render.face)),
            "probe": probe(self.renderer, self.plan, unit),
        }
        return part_row(unit, files, said, boxes_of(render))


def layer_of(render: Render, name: str) -> NDArray[Any]:
    """A layer that the protocol asks for."""
    if name not in render.layers:
        given = ", ".join(render.layers) or "none"
        fault = Fault("images.layers", name, f"the renderer's own: {given}", "Leave it out, or take another renderer.")
        raise RenderError(str(fault))
    return render.layers[name]


def departures(nuisance: Nuisance) -> dict[str, float | str]:
    """What of a nuisance is not neutral."""
    return {name: value for name, value in asdict(nuisance).items() if value != NEUTRAL[name]}


def boxes_of(render: Render) -> list[dict[str, Any]]:
    """One box a lesion whose core can be seen."""
    found = zip(render.lesion_ids.tolist(), render.boxes_px.tolist(), render.area_px.tolist(), strict=True)
    return [{"lesion_id": i, "x": x, "y": y, "w": w, "h": h, "area_px": area} for i, (x, y, w, h), area in found]


def picture_bytes(protocol: Protocol, view: View, render: Render) -> bytes:
    """The encoded picture, labelled as synthetic in its metadata."""
    note = {
        "generator": f"nof1sim {__version__}",
        "protocol": protocol.digest,
        "address": [str(label) for label in view.address],
    }
    return encode(render.pixels, protocol.images.format, quality_of(protocol, view), note)


def quality_of(protocol: Protocol, view: View) -> int:
    """The protocol's quality, or that of the phone that took the picture if it is worse."""
    phone = int(view.nuisance.jpeg_quality)
    return min(protocol.images.quality, phone) if phone else protocol.images.quality


def plain(thing: Any) -> Any:
    """What JSON can hold: keys as text, numpy scalars as numbers, NaN (a hidden key point) as null."""
    if isinstance(thing, dict):
        return {str(key): plain(item) for key, item in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [plain(item) for item in thing]
    if hasattr(thing, "item"):
        thing = thing.item()
    return None if isinstance(thing, float) and thing != thing else thing
