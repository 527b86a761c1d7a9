"""COCO instances: a category per lesion stage, a box and a mask per lesion and picture, the lesion as a track.

Format: cocodataset.org/#format-data, object detection. Boxes, areas and run lengths are all measured on the mask, and
compared with truth/boxes.parquet.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from PIL import Image

from ...errors import DatasetError
from ...model import COMEDONES, INFLAMMATORY, MARKS, STAGE_CODE, STAGES
from ..images import MASK_LIMIT, decode_mask
from ..layout import BOXES, IMAGES
from ..reader import Dataset
from ..statements import Persons
from .base import Options, Tell
from .choices import one_of, refuse_pictureless
from .common import parts_of, write_note
from .rle import Segments, segments
from .source import Picture, Source, mask_in

ANNOTATIONS = "annotations"
INVISIBLE = ("microcomedone",)
"""Stages that are never drawn. The first of all stages is one, so that the codes of the others count from 1."""
GROUPS = {"inflammatory": INFLAMMATORY, "comedone": COMEDONES, "mark": MARKS}
LICENCE = {"id": 1, "name": "As said in README.md of the dataset", "url": ""}


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write annotations/instances.json (with a split, one file for each part) and images/.

    Ids of images and annotations are unique over the whole dataset, those of images the same with any split.

    Raises
    ------
    DatasetError
        A dataset without pictures or masks, a damaged file, masks that disagree with truth/boxes.parquet.
    """
    copied = one_of(options, "images", ("yes", "no")) == "yes"
    refuse_pictureless(dataset, "coco")
    source = Source(dataset)
    numbers = {unit: number for number, unit in enumerate(dataset.units(), start=1)}
    done, annotation_id = 0, 1
    (out / ANNOTATIONS).mkdir(parents=True)
    for name, ranks in parts_of(dataset, options.split, options.seed).items():
        path = out / ANNOTATIONS / ("_".join(filter(None, ("instances", name))) + ".json")
        waiting = path.with_suffix(".tmp")
        with path.open("w", encoding="ascii") as file, waiting.open("w+", encoding="ascii") as annotations:
            file.write(f'{_head(dataset)},\n"images":[')
            images, instances = _Items(file), _Items(annotations)
            for picture in source.pictures(ranks, truth=True):
                tell(done, len(numbers), "Annotating")
                data = source.read(picture.path)
                found, size = _segments(source, picture), Image.open(io.BytesIO(data)).size
                if copied:
                    place = out / picture.path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(data)
                number = numbers[picture.unit]
                images.add(_image(number, picture, size))
                for line in _annotations(annotation_id, number, picture, size, found):
                    instances.add(line)
                annotation_id += len(found.ids)
                done += 1
            file.write('],\n"annotations":[')
            annotations.seek(0)
            shutil.copyfileobj(annotations, file)
            file.write("]}\n")
        waiting.unlink()
    tell(done, done, "Annotating")
    write_note(out, dataset, "coco", options)


def _segments(source: Source, picture: Picture) -> Segments:
    """What the mask of a picture shows; the boxes table has to say the same."""
    path = mask_in(source, picture.path)
    if path is None:
        raise DatasetError(
            f"{source.dataset.url}: has no mask of {picture.path}, and COCO is made of masks. "
            "Simulate with images.masks: true, or take --to imagefolder --truth for boxes alone."
        )
    found = segments(decode_mask(source.read(path)))
    listed = [(box.lesion_id, box.x, box.y, box.w, box.h, box.area_px) for box in picture.boxes]
    columns = (found.ids.tolist(), found.boxes.tolist(), found.areas.tolist())
    measured = [(lesion_id, *box, area) for lesion_id, box, area in zip(*columns, strict=True)]
    if listed != measured:
        raise DatasetError(
            f"{source.dataset.url}: {path} and {BOXES} do not agree on the lesions of {picture.path}. "
            "Nothing was exported. nof1sim validate says more; simulate the dataset again."
        )
    return found


DESCRIPTIONS: dict[Persons, str] = {
    "invented": "Synthetic photographs of people who do not exist, by nof1sim. Not for diagnosis.",
    "photographs": "Photographs of real persons with synthetic lesions, by nof1sim. Not for diagnosis.",
}


def _head(dataset: Dataset) -> str:
    """The document up to its images."""
    info = {
        "description": DESCRIPTIONS[dataset.about.persons],
        "version": dataset.manifest["versions"]["nof1sim"],
        "contributor": "nof1sim",
        "synthetic": True,
        "digest": dataset.manifest["digest"],
    }
    drawn = [stage for stage in STAGES if stage not in INVISIBLE]
    categories = [{"id": STAGE_CODE[stage], "name": stage, "supercategory": _group(stage)} for stage in drawn]
    head = {"info": info, "licenses": [LICENCE], "categories": categories}
    return _json(head)[:-1]


def _group(stage: str) -> str:
    return next((group for group, stages in GROUPS.items() if stage in stages), stage)


def _image(number: int, picture: Picture, size: tuple[int, int]) -> str:
    return _json(
        {
            "id": number,
            "file_name": picture.path.removeprefix(f"{IMAGES}/"),
            "width": size[0],
            "height": size[1],
            "license": LICENCE["id"],
            **{name: picture.row[name] for name in ("patient_id", "day", "occasion", "view", "treatment")},
        }
    )


def _annotations(first: int, number: int, picture: Picture, size: tuple[int, int], found: Segments) -> Iterator[str]:
    width, height = size
    for offset, box in enumerate(picture.boxes):
        if box.stage not in STAGE_CODE or box.stage in INVISIBLE:
            raise DatasetError(
                f"{picture.path}: lesion {box.lesion_id} is in the mask, but its stage of the day is {box.stage!r}; "
                "nothing of that kind is drawn. Simulate the dataset again."
            )
        counts = found.counts[offset].replace("\\", "\\\\")  # of its characters (48 to 111) all that JSON escapes
        x, y, w, h = found.boxes[offset].tolist()
        yield (
            f'{{"id":{first + offset},"image_id":{number},"category_id":{STAGE_CODE[box.stage]},'
            f'"bbox":[{x},{y},{w},{h}],"area":{box.area_px},"iscrowd":0,'
            f'"segmentation":{{"size":[{height},{width}],"counts":"{counts}"}},'
            f'"lesion_id":{box.lesion_id},"track_id":{picture.unit.rank * (MASK_LIMIT + 1) + box.lesion_id}}}'
        )


class _Items:
    """Items of a JSON array that is written as it grows."""

    def __init__(self, file: IO[str]) -> None:
        self._file, self._before = file, "\n"

    def add(self, item: str) -> None:
        self._file.write(self._before + item)
        self._before = ",\n"


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
