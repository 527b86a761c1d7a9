"""Time-lapse: an animation per patient and view, a frame a photograph, days without one shown as gaps."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from PIL import Image

from ...model import patient_key
from ..layout import OBSERVATIONS
from ..reader import IMAGE_COLUMN, Dataset
from .base import Options, Tell
from .choices import one_of, refuse_pictureless, some_patients
from .common import number, write_note
from .design import study_of
from .film import WRITERS, require
from .frames import GROUND, Colour, Moment, Strip, colours_of, frame
from .source import Source

LEFT, MISSED, NO_PICTURE = "left the study", "missed", "no picture"


@dataclass(frozen=True, slots=True)
class _Film:
    """One animation: its name, what each frame says with the path of its picture, and the strip's shared part."""

    name: str
    moments: list[tuple[Moment, str | None]]
    strip: Strip


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write `P001_front.webp` and so on: the patient's key and the view, as in the names of the pictures.

    Raises
    ------
    DatasetError
        No pictures, a damaged one, no encoder.
    InputError
        Options outside their range, no such patient.
    """
    refuse_pictureless(dataset, "timelapse")
    format = one_of(options, "format", tuple(WRITERS))
    side = 2 * round(number(options, "size", 256, 160, 1024) / 2)
    fps = number(options, "fps", 8, 1, 50)
    ranks = some_patients(options, "patients", dataset)
    require(format)
    source, observations = Source(dataset), dataset.observations()
    source.check(OBSERVATIONS)
    colours = colours_of(observations["treatment"].unique().to_list(), study_of(dataset).treatments)
    patients = observations.partition_by("patient_id", maintain_order=True)
    views = [name for name in observations.columns if name.startswith(IMAGE_COLUMN)]
    films = [
        _Film(
            f"{patient_key(rank)}_{view.removeprefix(IMAGE_COLUMN)}", list(_moments(rows, view)), _strip(rows, colours)
        )
        for rank, rows in enumerate(patients)
        for view in views
        if rank in ranks and rows[view].count()
    ]
    done, total = 0, sum(len(film.moments) for film in films)
    out.mkdir()
    for film in films:
        count = len(film.moments)
        told = _told(
            _frames(source, film, side), lambda made, before=done: tell(before + made, total, "Drawing frames")
        )
        WRITERS[format](out / f"{film.name}.{format}", told, count, fps, dataset.about)
        done += count
    tell(total, total, "Drawing frames")
    write_note(out, dataset, "timelapse", options)


def _strip(rows: pl.DataFrame, colours: dict[str, Colour]) -> Strip:
    days = rows.unique("day", keep="first", maintain_order=True)["treatment"].to_list()
    return Strip(f"Patient {rows['patient_id'][0]}", days, colours, rows["occasion"].n_unique())


def _moments(rows: pl.DataFrame, view: str) -> Iterator[tuple[Moment, str | None]]:
    """What each frame says, and its picture. Of the days after a patient has left, only the first has a frame."""
    gone = rows["dropped_out"] if "dropped_out" in rows.columns else [False] * rows.height
    columns = rows.select("day", "occasion", "treatment", "AcneSeverity", view).iter_rows()
    for (day, occasion, treatment, score, path), left in zip(columns, gone, strict=True):
        if path is not None:
            message = ""
        elif left:
            message = LEFT
        else:
            message = MISSED if score is None else NO_PICTURE
        yield Moment(day, occasion, treatment, score, message), path
        if message == LEFT:
            return


def _frames(source: Source, film: _Film, side: int) -> Iterator[Image.Image]:
    """Frame after frame. A gap repeats the last picture; before the first one it is empty, of that one's size."""
    first = next(path for _, path in film.moments if path is not None)
    shown = Image.new("RGB", _picture(source.read(first), side).size, GROUND)
    for moment, path in film.moments:
        if path is not None:
            shown = _picture(source.read(path), side)
        yield frame(shown, moment, film.strip)


def _told(frames: Iterator[Image.Image], tell: Callable[[int], None]) -> Iterator[Image.Image]:
    for made, one in enumerate(frames):
        tell(made)
        yield one


def _picture(data: bytes, side: int) -> Image.Image:
    """A picture, `side` pixels wide and of an even height."""
    image = Image.open(io.BytesIO(data))
    height = 2 * round(side * image.height / image.width / 2)
    image.draft("RGB", (side, height))  # a JPEG is read at the next larger eighth of its size: four times as fast
    return image.convert("RGB").resize((side, height), Image.Resampling.LANCZOS)
