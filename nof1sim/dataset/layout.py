"""Every path of a dataset, as pure functions: POSIX strings relative to the dataset's root."""

from __future__ import annotations

import re
from datetime import date
from pathlib import PurePosixPath
from urllib.parse import quote

from ..model import Unit, patient_key

CARD = "README.md"
MANIFEST = "manifest.json"
MANIFEST_SHA = "manifest.sha256"
OBSERVATIONS = "observations.csv"
CROISSANT = "croissant.json"
"""A description of the dataset that an export may add; no run writes it."""
IMAGES = "images"
IMAGE_SUMS = "images.sha256"

TRUTH = "truth"
TRUTH_MANIFEST = "truth/manifest.json"
PATIENTS = "truth/patients.csv"
DAYS = "truth/days.csv"
LESIONS = "truth/lesions.parquet"
LESION_DAYS = "truth/lesion_days.parquet"
BOXES = "truth/boxes.parquet"
KEYPOINTS = "truth/keypoints.parquet"
PICTURES = "truth/images.parquet"
TRUTH_SUMS = "truth/images.sha256"
MASKS = "truth/masks"
PERSISTENCE = "truth/persistence"
FACES = "truth/faces.json"
LAYERS = {"parts": ".png", "depth": ".png", "normals": ".png", "chart": ".npz", "binary": ".png"}
"""Further truth images, each in a folder of its name under truth/, and the ending of their files."""

PACKS = "packs"
TRUTH_PACKS = "truth/packs"
"""Folders of the tar files that hold pictures, and what is true of them, with `images.layout: packed`."""
PIECES = ("lesions", "lesion_days", "boxes", "keypoints", "images")
"""Tables of the truth that `images.layout: packed` writes in pieces: `truth/lesion_days/000000.parquet`."""

WORK = ".nof1sim"
PARTS = ".nof1sim/parts"
LOCKS = ".nof1sim/locks"
START = ".nof1sim/start.json"

PIECE_PATIENTS = 64
"""Patients of a piece of a table, and of a folder of parts: what is read, listed or held at a time."""

SUFFIX = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
"""Ending of an image file, by the protocol's name of its format."""

_ROOT_FILES = frozenset({CARD, MANIFEST, MANIFEST_SHA, OBSERVATIONS, IMAGE_SUMS, CROISSANT})
_TRUTH_FILES = frozenset(
    {
        TRUTH_MANIFEST,
        TRUTH_SUMS,
        PATIENTS,
        DAYS,
        LESIONS,
        LESION_DAYS,
        BOXES,
        KEYPOINTS,
        PICTURES,
        FACES,
    }
)
_KEYED = re.compile(r"(P\d{3,})/\1_d\d{3,}(_\d+)?_[A-Za-z][A-Za-z0-9_-]*")
_KEY = re.compile(r"/P(\d{3,})/[^/]+$")
_HETTICH = re.compile(r"[^/]+_\d{8}_severity_\d+(_[A-Za-z0-9_-]+)?")
_IMAGE_LIKE = re.compile(
    r"(?:images/(.+)\.(?:jpg|png|webp)|truth/(?:masks|parts|depth|normals|binary)/(.+)\.png|truth/chart/(.+)\.npz)"
)
_PACK = re.compile(r"(?:truth/)?packs/(P\d{3,}_d\d{3,}(_\d+)?_[A-Za-z][A-Za-z0-9_-]*)\.tar")
_INDEX = re.compile(r"(?:truth/)?packs/\d{6,}\.parquet")
_PIECE = re.compile(rf"truth/(?:{'|'.join(PIECES)})/\d{{6,}}\.parquet")
_PART = re.compile(r"\.nof1sim/parts/\d{6,}/(\d{8,})-(\d+)-[0-9A-Za-z]+-[0-9a-f]{16}\.parquet")
_PERSISTENCE = re.compile(r"truth/persistence/P\d{3,}\.npz")


def image_stem(unit: Unit) -> str:
    """`P001_d001_front`, or `P001_d001_2_front` for the second occasion of the day."""
    occasion = "" if unit.occasion == 1 else f"_{unit.occasion}"
    return f"{patient_key(unit.rank)}_d{unit.day:03d}{occasion}_{unit.view}"


def image_path(unit: Unit, format: str = "jpeg") -> str:
    """`images/P001/P001_d001_front.jpg`."""
    return f"{IMAGES}/{patient_key(unit.rank)}/{image_stem(unit)}{SUFFIX[format]}"


def mask_of(image: str, support: bool = False) -> str:
    """`truth/masks/P001/P001_d001_front.png`: the mask of an image's lesion cores; `_support`: all they touched."""
    inner = PurePosixPath(image).relative_to(IMAGES).with_suffix("")
    return f"{MASKS}/{inner}{'_support' if support else ''}.png"


def layer_of(image: str, name: str) -> str:
    """`truth/depth/P001/P001_d001_front.png`: a further truth image of an image."""
    inner = PurePosixPath(image).relative_to(IMAGES).with_suffix("")
    return f"{TRUTH}/{name}/{inner}{LAYERS[name]}"


def persistence_path(key: str) -> str:
    """`truth/persistence/P001.npz`: a patient's lesion persistence map."""
    return f"{PERSISTENCE}/{key}.npz"


def part_folder(rank: int) -> str:
    """The folder of a patient's parts, and of its neighbours'."""
    return f"{PARTS}/{rank // PIECE_PATIENTS:06d}"


def part_path(rank: int, pictures: int, shard_id: str, checksum: str) -> str:
    """The part file of a finished shard: whose it is, and how many pictures it has; `checksum` is that of its bytes."""
    return f"{part_folder(rank)}/{rank:08d}-{pictures}-{shard_id}-{checksum}.parquet"


def part_name(path: str) -> tuple[int, int]:
    """Rank and number of pictures, as the path of a part says them; (-1, 0) of a file that is no part."""
    found = _PART.fullmatch(path)
    return (int(found[1]), int(found[2])) if found else (-1, 0)


def pack_path(first: Unit, truth: bool = False) -> str:
    """`packs/P001_d001_front.tar`: the pack whose first picture this is; with `truth`, its masks and layers."""
    return f"{TRUTH_PACKS if truth else PACKS}/{image_stem(first)}.tar"


def index_path(rank: int, truth: bool = False) -> str:
    """`packs/000000.parquet`: where the files of a patient, and of its neighbours, lie in the packs."""
    return f"{TRUTH_PACKS if truth else PACKS}/{rank // PIECE_PATIENTS:06d}.parquet"


def piece_path(table: str, rank: int) -> str:
    """`truth/lesion_days/000000.parquet`: the piece of a table (its path) that has a patient and its neighbours."""
    return f"{PurePosixPath(table).with_suffix('')}/{rank // PIECE_PATIENTS:06d}.parquet"


def piece_of(path: str) -> str:
    """The path of the table of which this is a piece; "" where it is none."""
    return f"{PurePosixPath(path).parent}.parquet" if _PIECE.fullmatch(path) else ""


def rank_of(picture: str) -> int:
    """The patient whose image, mask or layer this is, by its path; -1 where the path does not say."""
    found = _KEY.search(picture)
    return int(found[1]) - 1 if found else -1


def hettich_name(
    patient_id: str, day: date, severity_class: int, occasion: int = 1, view: str = "front", format: str = "jpeg"
) -> str:
    """`1_20180101_severity_3.jpg`, the published simulated trial's names; a later occasion or another view is added."""
    extra = ("" if occasion == 1 else f"_{occasion}") + ("" if view == "front" else f"_{view}")
    return f"{quote(patient_id, safe=' ')}_{day:%Y%m%d}_severity_{severity_class}{extra}{SUFFIX[format]}"


def is_picture(path: str) -> bool:
    """Whether a path is that of an image, or of a truth image of one (mask, layer)."""
    return _IMAGE_LIKE.fullmatch(path) is not None


def is_pack(path: str) -> bool:
    """Whether a path is that of a pack."""
    return _PACK.fullmatch(path) is not None


def is_index(path: str) -> bool:
    """Whether a path is that of a piece of the packs' index."""
    return _INDEX.fullmatch(path) is not None


def is_generated(path: str) -> bool:
    """Whether a file of this path is one that a run writes (and `--overwrite` may therefore remove)."""
    if path in _ROOT_FILES or path in _TRUTH_FILES or path.startswith(f"{WORK}/") or _PERSISTENCE.fullmatch(path):
        return True
    if is_pack(path) or is_index(path) or _PIECE.fullmatch(path):
        return True
    image = _IMAGE_LIKE.fullmatch(path)
    inner = (image[1] or image[2] or image[3]) if image else ""
    return bool(_KEYED.fullmatch(inner) or _HETTICH.fullmatch(inner))
