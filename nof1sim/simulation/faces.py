"""A folder of photographs becomes the patients of a protocol: all of them checked here, before anything is drawn.

The protocol then holds each photograph's hash, landmarks and skin tone; workers find the files by their hash and need
no face detector, and the digest depends on the pictures and the points.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Fault, InputError, Nof1simError
from ..protocol import Protocol, with_changes
from ..protocol.images import Images
from ..render.portrait.finder import FACES_VARIABLE
from ..render.portrait.folder import photographs_in
from .people import people

if TYPE_CHECKING:
    from ..render.portrait.landmarks import LandmarkReader

DIGITS = 2
"""Of a pixel: landmarks say no more, and a protocol stays readable."""


@contextmanager
def faces_from(folder: str | os.PathLike[str] | None) -> Iterator[None]:
    """Photographs come from `folder` inside, in worker processes, too; None: as the environment says.

    Raises
    ------
    InputError
        There is no such folder, or no picture in it.
    """
    if folder is None:
        yield
        return
    photographs_in(Path(folder).expanduser(), "--faces")
    before = os.environ.get(FACES_VARIABLE)
    os.environ[FACES_VARIABLE] = str(Path(folder).expanduser().resolve())
    try:
        yield
    finally:
        del os.environ[FACES_VARIABLE]
        if before is not None:
            os.environ[FACES_VARIABLE] = before


def with_faces(
    protocol: Protocol, folder: str | os.PathLike[str] | None, consent: str | None
) -> tuple[Protocol, tuple[str, ...]]:
    """The protocol with a folder's photographs as its patients, and what was decided for the user.

    A protocol that names its photographs already (that of a dataset) is left as it is.

    Raises
    ------
    InputError
        A renderer of invented persons; no folder or no consent; fewer photographs than patients; photographs that
        cannot be used: all of them are listed.
    """
    images = protocol.images
    folder = folder or os.environ.get(FACES_VARIABLE) or None
    if images.renderer != "portrait":
        if folder is None or (consent is None and os.environ.get(FACES_VARIABLE) == folder):
            return protocol, ()
        advice = "Add --renderer portrait, or leave the photographs out."
        raise InputError(str(Fault("--faces", str(folder), "only with a renderer of photographs", advice)))
    if images.renderer_options.get("photographs"):
        _same_consent(images, consent)
        return protocol, ()
    if folder is None:
        allowed = f"a folder with a photograph of each patient (or {FACES_VARIABLE})"
        raise InputError(str(Fault("--faces", None, allowed, "Write --faces DIR --consent TEXT.")))
    if not (consent or "").strip():
        advice = "Photographs of faces are personal data: say what the persons agreed to. It is recorded."
        raise InputError(str(Fault("--consent", consent, "a text such as 'signed form v2, item 4'", advice)))
    chosen, notes = _chosen(protocol, photographs_in(Path(folder).expanduser(), "--faces"))
    options = {"consent": str(consent).strip(), "photographs": _checked(chosen, images)}
    return with_changes(protocol, images={"renderer_options": options}), notes


def _same_consent(images: Images, consent: str | None) -> None:
    told = images.renderer_options.get("consent")
    if consent is not None and consent.strip() != told:
        advice = "Leave --consent out, or start from a protocol that names no photographs."
        raise InputError(str(Fault("--consent", consent, f"{told!r}, which the protocol records", advice)))


def _chosen(protocol: Protocol, files: Sequence[Path]) -> tuple[list[Path], tuple[str, ...]]:
    """A photograph for each patient: the one whose name is the patient's, else the next of the others by name."""
    ids = [patient.patient_id for patient in people(protocol).patients]
    if len(files) < len(ids):
        advice = f"Add {len(ids) - len(files)} more, or simulate fewer: --patients {len(files)}."
        given = f"{len(files)} photograph{'s' if len(files) > 1 else ''}"
        raise InputError(str(Fault("--faces", given, f"one for each of {len(ids)} patients", advice)))
    named = {path.stem: path for path in reversed(files) if path.stem in ids}
    others = iter([path for path in files if path not in named.values()])
    chosen = [named[name] if name in named else next(others) for name in ids]
    notes = []
    if len(files) > len(ids):
        notes.append(
            f"{len(files)} photographs, {len(ids)} patients: the first by name are used, to {chosen[-1].name}."
        )
    if named and len(named) < len(ids):
        notes.append(f"{len(named)} photographs bear a patient's id; the other patients have the rest, by name.")
    return chosen, tuple(notes)


def _checked(files: Sequence[Path], images: Images) -> list[dict[str, Any]]:
    """What the protocol says of each photograph. An InputError lists all that cannot be used."""
    from ..render.portrait.detect import open_landmarks  # only who has photographs waits for it
    from ..render.portrait.sidecar import find_sidecar

    reader = open_landmarks() if any(find_sidecar(path) is None for path in files) else None
    found, seen, faults = [], dict[str, str](), dict[str, list[str]]()
    for path in files:
        try:
            one = _named(path, images, reader)
        except Nof1simError as error:
            faults.setdefault(_without(path, str(error)), []).append(path.name)
            continue
        if one["sha256"] in seen:
            why = f"the same picture as {seen[one['sha256']]}; each patient needs their own."
            faults.setdefault(why, []).append(path.name)
        seen[one["sha256"]] = path.name
        found.append(one)
    if faults:
        head = (
            f"--faces: {sum(map(len, faults.values()))} of {len(files)} photographs cannot be used; nothing was drawn."
        )
        raise InputError("\n".join([head, *(f"  {', '.join(names)}: {why}" for why, names in faults.items())]))
    return found


def _named(path: Path, images: Images, reader: LandmarkReader | None) -> dict[str, Any]:
    from ..render.portrait.landmarks import landmarks_for
    from ..render.portrait.photograph import read_photograph
    from ..render.portrait.sitting import sit

    photograph = read_photograph(path)
    marks = landmarks_for(path, photograph, reader)
    points = {name: (round(x, DIGITS), round(y, DIGITS)) for name, (x, y) in sorted(marks.points_px.items())}
    sitting = sit(photograph, points, images.size_px)
    return {
        "sha256": photograph.sha256,
        "points_px": {name: list(at) for name, at in points.items()},
        "landmarks": marks.source,
        "ita_deg": round(sitting.canvas.ita_deg, 1),
    }


def _without(path: Path, letter: str) -> str:
    """An error's text without the file's name at its head."""
    for name in (str(path), path.name):
        letter = letter.removeprefix(f"{name}: ")
    return letter
