"""Key points of a photograph in a JSON file beside it: read with every fault that can be told, written whole or not.

`face.jpg` has its points in `face.jpg.landmarks.json`, or else in `face.landmarks.json`:

    {"points_px": {"pupil_left": [412.0, 388.5], "menton": [360, 701], ...}, "size_px": [720, 960], "source": "clicked"}

Left and right are the patient's: `pupil_left` lies at the image's right. Pixels count from the centre of the upper left
one, in the picture as it stands upright after its EXIF orientation. `null` is a point that cannot be seen. In place of
`points_px` a file may have the list of a landmark network: `landmarks_5`, `landmarks_68` or `landmarks_106`.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nof1sim.errors import Fault, InputError, did_you_mean
from nof1sim.render.skin.warp import LEAST_POINTS, PLACES, from_5

from .schemes import named_68, named_106

ENDING = ".landmarks.json"
NAMES = (*PLACES, *(f"ibug_{k:02d}" for k in range(18, 69)))
"""Every name that a key point may have: those of the face chart, and `ibug_01` to `ibug_68`."""
SCHEMES: dict[str, tuple[int, Callable[[Any], dict[str, tuple[float, float]]]]] = {
    "landmarks_5": (5, from_5), "landmarks_68": (68, named_68), "landmarks_106": (106, named_106),
}  # fmt: skip
"""Key of a list of points -> how many they are, and what makes named points of them."""
KEYS = ("points_px", "size_px", "source", *SCHEMES)
SLACK = 0.5
"""Landmarks of a face at the picture's edge may lie outside it by this share of its longer side: networks guess."""

Points = dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sidecar:
    """points_px : name -> (x, y), hidden ones left out.  size_px : width, height, if told.  source : who says so."""

    points_px: Points
    size_px: tuple[int, int] | None
    source: str


def sidecar_places(photograph: Path) -> tuple[Path, Path]:
    """Where the points of a photograph may lie, the better place first."""
    return photograph.with_name(photograph.name + ENDING), photograph.with_name(photograph.stem + ENDING)


def find_sidecar(photograph: Path) -> Path | None:
    """The file with the points of a photograph, if there is one."""
    return next((path for path in sidecar_places(photograph) if path.is_file()), None)


def read_sidecar(path: str | os.PathLike[str], size_px: tuple[int, int] | None = None) -> Points:
    """The named key points of a sidecar file. Parameters and errors as `load_sidecar`."""
    return load_sidecar(path, size_px).points_px


def load_sidecar(path: str | os.PathLike[str], size_px: tuple[int, int] | None = None) -> Sidecar:
    """A sidecar file, checked.

    Parameters
    ----------
    path : the JSON file.
    size_px : width and height of its photograph, upright; None where nobody has looked.

    Raises
    ------
    InputError
        No JSON, a name that nobody knows, a point outside the picture, another picture's size, fewer than five points,
        left and right exchanged. All faults are listed.
    """
    where, file = Path(path).name, Path(path)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{where}: cannot be read as JSON ({error}). Write it again: nof1sim landmarks.") from None
    return parse_sidecar(document, where, size_px)


def parse_sidecar(document: Any, where: str, size_px: tuple[int, int] | None = None) -> Sidecar:
    """What a sidecar's document says; see `load_sidecar`. `where`: its name in an error."""
    if not isinstance(document, Mapping):
        raise InputError(str(Fault(where, document, f"a mapping with {', '.join(KEYS)}")))
    faults = [Fault(f"{where}: {key}", value, ", ".join(KEYS), did_you_mean(key, KEYS))
              for key, value in document.items() if key not in KEYS]  # fmt: skip
    told, size_faults = _size(document.get("size_px"), where, size_px)
    given = [key for key in ("points_px", *SCHEMES) if key in document]
    if len(given) != 1:
        allowed = f"exactly one of points_px, {', '.join(SCHEMES)}"
        _refuse([*faults, *size_faults, Fault(f"{where}: points", given, allowed)])
    points, point_faults = _points(document[given[0]], given[0], where, told or size_px)
    source = document.get("source", "sidecar")
    if not isinstance(source, str):
        faults.append(Fault(f"{where}: source", source, "a text such as 'clicked'"))
    _refuse([*faults, *size_faults, *point_faults])
    _refuse(_faults_together(points, where))
    return Sidecar(points, told, source if given[0] == "points_px" else f"{source} ({given[0]})")


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InputError("\n".join(map(str, faults)))


def _size(given: Any, where: str, size_px: tuple[int, int] | None) -> tuple[tuple[int, int] | None, list[Fault]]:
    """The size that the file tells, and what is wrong with it."""
    if given is None:
        return None, []
    place = f"{where}: size_px"
    whole = isinstance(given, list) and len(given) == 2 and all(type(side) is int and side > 0 for side in given)
    if not whole:
        return None, [Fault(place, given, "[width, height] in whole pixels")]
    told = (given[0], given[1])
    if size_px is None or told == size_px:
        return told, []
    turned = "The points are wanted in the upright picture, after its EXIF orientation. " * (told == size_px[::-1])
    advice = f"{turned}Are they of another picture, or of another version of it? Click them again: nof1sim landmarks."
    return None, [Fault(place, given, f"{list(size_px)}, the size of the photograph", advice)]


def _points(given: Any, key: str, where: str, size: tuple[int, int] | None) -> tuple[Points, list[Fault]]:
    """Points by name, and what is wrong with each."""
    if key == "points_px":
        if not isinstance(given, Mapping):
            return {}, [Fault(f"{where}: {key}", given, "a mapping of names to [x, y]")]
        rows = dict(given)
        unknown = [Fault(f"{where}: {key}.{name}", name, "names of the face chart (nof1sim landmarks --names)",
                         did_you_mean(name, NAMES)) for name in rows if name not in NAMES]  # fmt: skip
        seen = {str(name): at for name, at in rows.items() if at is not None and name in NAMES}
        faults = [fault for name, at in seen.items() for fault in _place(at, f"{where}: {key}.{name}", size)]
        return ({} if faults else {name: (float(at[0]), float(at[1])) for name, at in seen.items()}), unknown + faults
    count, named = SCHEMES[key]
    if not isinstance(given, list) or len(given) != count:
        had = len(given) if isinstance(given, list) else given
        return {}, [Fault(f"{where}: {key}", had, f"a list of {count} points [x, y]")]
    faults = [fault for k, at in enumerate(given) for fault in _place(at, f"{where}: {key}[{k}]", size)]
    return ({} if faults else named(np.asarray(given, float)[:, :2])), faults


def _place(at: Any, where: str, size: tuple[int, int] | None) -> list[Fault]:
    """The fault of one point."""
    numbers = isinstance(at, list) and len(at) in (2, 3) and all(type(v) in (int, float) for v in at)
    if not numbers or not all(map(math.isfinite, at)):
        return [Fault(where, at, "[x, y], two finite numbers in pixels, or null where it is hidden")]
    if size is None:
        return []
    slack = SLACK * max(size) if "landmarks_" in where else 1.0
    if all(-slack <= v <= side - 1 + slack for v, side in zip(at, size, strict=False)):
        return []
    return [Fault(where, at, f"a place in the picture of {size[0]} x {size[1]} px")]


def _faults_together(points: Points, where: str) -> list[Fault]:
    """Too few points, or left and right exchanged: the map from the chart to the picture turns it over."""
    known = {name: at for name, at in points.items() if name in PLACES}
    if len(known) < LEAST_POINTS:
        advice = "Click more: nof1sim landmarks."
        return [Fault(f"{where}: points", len(known), f"{LEAST_POINTS} or more of the face chart's", advice)]
    chart = np.array([(*PLACES[name], 1.0) for name in known])
    picture = np.array(list(known.values()), float)
    affine, *_ = np.linalg.lstsq(chart, picture, rcond=None)
    area = float(np.linalg.det(affine[:2]))  # chart y runs up, picture y down: below 0 for a face as it is
    if area < 0:
        return []
    advice = "Left is the patient's left, at the image's right: exchange _left and _right."
    return [Fault(f"{where}: points", "a mirrored face", "the patient's left at the image's right", advice)]


def sidecar_bytes(
    points_px: Mapping[str, Any], size_px: tuple[int, int], source: str, where: str = "key points"
) -> bytes:
    """What a sidecar file holds, checked; a hidden point is None. Errors as `load_sidecar`."""
    rows = {name: None if at is None else [float(v) for v in at] for name, at in points_px.items()}
    document = {"points_px": rows, "size_px": list(size_px), "source": source}
    parse_sidecar(document, where, size_px)
    return (json.dumps(document, indent=1) + "\n").encode()


def write_sidecar(path: Path, points_px: Mapping[str, Any], size_px: tuple[int, int], source: str) -> None:
    """Write a sidecar file, checked first, whole or not at all; a hidden point is None. Errors as `load_sidecar`."""
    data = sidecar_bytes(points_px, size_px, source, path.name)
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written ({error.strerror}). Give a folder of yours.") from None
