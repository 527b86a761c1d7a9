"""Worker: draws the pictures of a shard, writes them, and commits its part file last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .. import __version__
from ..dataset import layout
from ..dataset.images import encode, encode_mask
from ..dataset.layers import encode_layer
from ..dataset.packing import Loose, Packer, files_for
from ..dataset.parts import commit_part, part_row
from ..dataset.target import Target
from ..errors import DatasetError, Fault, RenderError
from ..model import Nuisance, Render, Unit, View
from ..protocol import Protocol
from ..run.engine import Report
from ..run.units import Shard, place
from ..severity.given import Given
from .names import image_name
from .plan import Plan
from .quality import probe
from .renderers import NEUTRAL, make_renderer, persons_of, seen_by


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
        self.target = _found(order.out)
        self.renderer = make_renderer(self.plan.protocol.images)

    def __call__(self, shard: Shard) -> Report:
        rows, failures, mine = [], [], set(shard.units)
        packed = self.plan.protocol.images.layout == "packed"
        with files_for(self.target, shard.units[0], packed) as files:
            for batch in shard.batches(self.renderer.batch_size):
                wanted = [unit for unit in batch if unit in mine]
                for unit, (view, render) in self.drawn(batch, wanted).items():
                    try:
                        if isinstance(render, RenderError):
                            raise render
                        rows.append(self.write(unit, view, render, files))
                    except RenderError as error:
                        failures.append(f"{place(unit)}: {error}")
            if packed and failures:  # a pack is the same whatever fails on the way: all of its shard, or not yet
                return Report(0, tuple(failures))
            if rows:
                commit_part(self.target, shard.id, self.plan.digest, files.close(rows))
        return Report(len(rows), tuple(failures))

    def drawn(self, batch: Sequence[Unit], wanted: Sequence[Unit]) -> dict[Unit, tuple[View, Render | RenderError]]:
        """The wanted pictures of a batch, drawn at once; where that fails, one by one.

        A renderer that only promises the same bytes for the same batch ("seeded") draws the whole batch for it.
        """
        units = list(wanted if self.renderer.repeatable == "bitwise" else batch)
        views = {unit: seen_by(self.renderer, self.plan.view(unit)) for unit in units}
        try:
            found: list[Render] = self.renderer.render(list(views.values()))
        except RenderError as error:
            alone = {unit: error if len(units) == 1 else self.alone(views[unit]) for unit in wanted}
            return {unit: (views[unit], render) for unit, render in alone.items()}
        renders = dict(zip(units, found, strict=True))
        return {unit: (views[unit], renders[unit]) for unit in wanted}

    def alone(self, view: View) -> Render | RenderError:
        """One picture, or why there is none."""
        try:
            return self.renderer.render([view])[0]
        except RenderError as error:
            return error

    def write(self, unit: Unit, view: View, render: Render, to: Loose | Packer) -> dict[str, Any]:
        """Write one picture; the row that its part file keeps."""
        image = image_name(self.plan, unit)
        written = files_of(self.plan, unit, view, render)
        files = {kind: to.store(kind, image, path, data) for kind, path, data in written}
        nuisance, face = plain(values_of(view.nuisance)), plain(dict(render.face))
        said = {
            "nuisance": departures(nuisance),
            "drawn": chosen(plain(dict(render.drawn)), nuisance | face),
            "face": face,
            "probe": probe(self.renderer, self.plan, unit),
        }
        return part_row(unit, files, said, boxes_of(render), plain(dict(render.keypoints_px)))


def _found(out: str) -> Target:
    """The dataset that a run has started, seen from here."""
    target = Target(out)
    if not target.exists(layout.START):
        raise DatasetError(
            f"{target}: a worker does not see the dataset that the run has started there. "
            "Give an --out that every process and machine reaches: a shared folder, or a store (s3://bucket/trial)."
        )
    return target


def files_of(plan: Plan, unit: Unit, view: View, render: Render) -> Iterator[tuple[str, str, bytes]]:
    """Kind (see `parts.KINDS`), path and bytes of every file of a picture; the image comes first."""
    images, path = plan.protocol.images, image_name(plan, unit)
    yield "image", path, picture_bytes(plan, view, render)
    if images.masks:
        yield "mask", layout.mask_of(path), encode_mask(render.lesion)
        yield "support", layout.mask_of(path, support=True), encode_mask(render.support)
    for name in images.layers:
        yield name, layout.layer_of(path, name), encode_layer(name, layer_of(render, name))


def layer_of(render: Render, name: str) -> NDArray[Any]:
    """A layer that the protocol asks for."""
    if name not in render.layers:
        given = ", ".join(render.layers) or "none"
        fault = Fault("images.layers", name, f"the renderer's own: {given}", "Leave it out, or take another renderer.")
        raise RenderError(str(fault))
    return render.layers[name]


def values_of(nuisance: Nuisance) -> dict[str, Any]:
    """A nuisance as a dict: `asdict` without its copies of every number."""
    return {name: getattr(nuisance, name) for name in NEUTRAL}


def departures(nuisance: dict[str, Any]) -> dict[str, Any]:
    """What of a nuisance is not neutral."""
    return {name: value for name, value in nuisance.items() if value != NEUTRAL[name]}


def chosen(drawn: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What the renderer chose for a picture that is not known already, from its nuisance or its face."""
    return {name: value for name, value in drawn.items() if known.get(name, ...) != value}


def boxes_of(render: Render) -> list[dict[str, Any]]:
    """One box a lesion whose core can be seen."""
    found = zip(render.lesion_ids.tolist(), render.boxes_px.tolist(), render.area_px.tolist(), strict=True)
    return [{"lesion_id": i, "x": x, "y": y, "w": w, "h": h, "area_px": area} for i, (x, y, w, h), area in found]


def picture_bytes(plan: Plan, view: View, render: Render) -> bytes:
    """The encoded picture, labelled in its metadata as synthetic, or as an edited photograph."""
    note = {
        "generator": f"nof1sim {__version__}",
        "protocol": plan.digest,
        "address": [str(label) for label in view.address],
    }
    images = plan.protocol.images
    return encode(render.pixels, images.format, quality_of(plan.protocol, view), note, persons_of(images))


def quality_of(protocol: Protocol, view: View) -> int:
    """The protocol's quality, or that of the phone that took the picture if it is worse."""
    phone = int(view.nuisance.jpeg_quality)
    return min(protocol.images.quality, phone) if phone else protocol.images.quality


def plain(thing: Any) -> Any:
    """What JSON can hold: keys as text, numpy scalars as numbers, NaN (a hidden key point) as null."""
    if isinstance(thing, float):
        return float(thing) if thing == thing else None
    if isinstance(thing, (str, int)):
        return thing
    if isinstance(thing, dict):
        return {str(key): plain(item) for key, item in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [plain(item) for item in thing]
    return plain(thing.item()) if hasattr(thing, "item") else thing
