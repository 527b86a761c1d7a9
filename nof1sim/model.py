"""The nouns. Frozen, made of arrays, free of behaviour beyond looking things up.

Axes: `patients` in protocol order, `days` 0-based in arrays (day 1 of the study is column 0), pixels (row, column).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_ARM = -1
"""Arm code of a day without any treatment (baseline, run-in, washout)."""

# Stage of a lesion on a day. The order is part of the file format (truth/lesion_days.parquet stores the names).
STAGES = (
    "microcomedone",
    "closed_comedone",
    "open_comedone",
    "papule",
    "pustule",
    "nodule",
    "crust",
    "excoriation",
    "erythema",  # post-inflammatory erythema (PIE), the "red macule"
    "hyperpigmentation",  # post-inflammatory hyperpigmentation (PIH), the "brown macule"
    "scar",
    "resolving",  # what is left of a healed lesion for some days where no mark follows: drawn, never counted
)
STAGE_CODE = {name: code for code, name in enumerate(STAGES)}
INFLAMMATORY = ("papule", "pustule", "nodule", "crust", "excoriation")
COMEDONES = ("closed_comedone", "open_comedone")
MARKS = ("erythema", "hyperpigmentation", "scar")


def patient_key(rank: int) -> str:
    """`P001` for rank 0: the name of a patient in paths and random addresses (patient_id may be anything)."""
    return f"P{rank + 1:03d}"


@dataclass(frozen=True, slots=True)
class Patient:
    """The truth about one person.

    key : `P001` ..., by rank; names the random streams and the files.
    patient_id : "1" .. "n", or the user's own value.
    age_years, sex ("F" or "M"), ita_deg (individual typology angle of the skin, degrees), fitzpatrick (1 to 6).
    traits : further numbers of a person that conditions or renderers look up by name.
    """

    key: str
    patient_id: str
    rank: int
    age_years: float
    sex: str
    ita_deg: float
    fitzpatrick: int
    traits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who they are. `patients` (n); `effect[arm]` (n,) individual steady-state effect in the latent's unit."""

    patients: tuple[Patient, ...]
    effects: Mapping[str, Floats]
    numbers: Mapping[str, Floats]  # individual parameters of the severity model, each (n,)

    def __len__(self) -> int:
        return len(self.patients)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The design written out. All (patients, days).

    arm : index into `arms`, or NO_ARM.  block : 1-based number of the period.
    label : per period, what the `treatment` column says ("Baseline", "Washout", or the arm's label).
    sequences : per patient, the periods in order, e.g. ("Baseline", "Antibiotics", "Cream").
    """

    arms: tuple[str, ...]
    arm: NDArray[np.int16]
    block: NDArray[np.int16]
    labels: tuple[str, ...]  # every label that occurs
    label: NDArray[np.int16]  # index into labels
    sequences: tuple[tuple[str, ...], ...]

    @property
    def days(self) -> int:
        return int(self.arm.shape[1])


@dataclass(frozen=True, slots=True)
class Trajectories:
    """How they fare, all patients at once. Arrays are (patients, days).

    latent : the sum of `parts`, in `unit` ("severity", or "log birth rate" where severity emerges from the lesions).
    severity : latent clipped to the scale; None where severity emerges from the lesions.
    drive : further daily signals that the condition needs (e.g. "comedone_log_rate").
    taken : dose actually taken of each arm, 0 to 1.
    """

    schedule: Schedule
    unit: str
    latent: Floats
    parts: Mapping[str, Floats]
    severity: Floats | None
    taken: Mapping[str, Floats]
    drive: Mapping[str, Floats] = field(default_factory=dict)
    covariates: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return int(self.latent.shape[1])


@dataclass(frozen=True, slots=True)
class Lesions:
    """The lesions of one patient on one day, one array entry a lesion. What the scores count and a renderer draws.

    x_mm, y_mm : place on the canonical face chart (`nof1sim.chart`), fixed for the lesion's life.
    stage : code into STAGES.  diameter_mm, height_mm : size today (height negative for a pit).
    erythema : added haemoglobin, 0 to 1 (1 = a fresh papule's core).  melanin : added melanin, 0 to 1.
    pus, plug, crust : cover by pus, by a dark comedone plug, by a crust, 0 to 1.
    shape : a number 0 .. 2**31 - 1 that fixes the outline for life.
    visible : drawn.  counted : enters the scores (counted implies visible).
    """

    lesion_id: Ints
    x_mm: Floats
    y_mm: Floats
    stage: NDArray[np.int8]
    diameter_mm: Floats
    height_mm: Floats
    erythema: Floats
    melanin: Floats
    pus: Floats
    plug: Floats
    crust: Floats
    shape: Ints
    visible: Bools
    counted: Bools

    def __len__(self) -> int:
        return int(self.lesion_id.size)

    def take(self, index: Ints | Bools) -> Lesions:
        """The lesions at `index` (integers or a mask), in that order."""
        return Lesions(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Drive:
    """What makes one patient's lesions come and go. Arrays are (days,).

    severity : the severity that the lesion count must show; None where severity emerges from the lesions.
    log_rate, comedone_log_rate : log birth rate of lesions relative to baseline; None where a severity is given.
    baseline_count : whole-face inflammatory lesions of the untreated person (expected; 'birth_rate' model).
    comedone_ratio : non-inflammatory per inflammatory lesion of the untreated person.
    """

    severity: Floats | None
    log_rate: Floats | None
    comedone_log_rate: Floats | None
    baseline_count: float
    comedone_ratio: float
    days: int


@dataclass(frozen=True, slots=True)
class LesionField:
    """All lesions of one patient over the study as one table: the persistence map. One array entry a lesion.

    `columns` are what truth/lesions.parquet stores: lesion_id, site, x_mm, y_mm, region, kind, origin, birth_day,
    end_day and so on. `lost` counts, per day, target lesions that found no free site (0 in any sane run).
    """

    patient: Patient
    days: int
    columns: Mapping[str, NDArray[np.generic]]
    lost: Ints


@dataclass(frozen=True, slots=True)
class Scene:
    """What exists: a person, a day (1-based) and the lesions of that day.

    course : the patient's lesions over the whole study, for a renderer that prepares them once; None: only the day.
    """

    patient: Patient
    day: int
    lesions: Lesions
    course: LesionField | None = None


@dataclass(frozen=True, slots=True)
class Nuisance:
    """Everything about a photograph that is not the skin's disease. The defaults leave the picture alone."""

    yaw_deg: float = 0.0  # turn of the head beside that of the view
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    scale: float = 1.0
    shift_x: float = 0.0  # fraction of the image width
    shift_y: float = 0.0
    distance: float = 1.0  # factor on the camera's distance, in true perspective: 0.35 is a selfie at arm's length
    blur_px: float = 0.0  # focus; at the reference size of 512 px
    motion_px: float = 0.0  # length of the motion blur, at 512 px
    motion_deg: float = 0.0  # its direction, 0 to 180
    exposure_ev: float = 0.0
    white_balance_k: float = 0.0  # shift of the light's colour temperature, kelvin; below 0 is warmer
    tint: float = 0.0  # log gain of green against magenta
    light_key: float = 1.0  # factor on each light of the set-up
    light_fill: float = 1.0
    light_ring: float = 1.0
    light_room: float = 1.0
    light_side: float = 0.0  # -1 to 1: moves the main light from the image's left to its right
    light_hard: float = 0.0  # 0 soft light, 1 a hard lamp with sharp shadows
    oil: float = 1.0  # factor on the skin's gloss
    makeup: float = 0.0  # opacity of a foundation, 0 to 1
    tan: float = 0.0  # relative rise of the skin's melanin
    beard: float = 0.0  # growth since the last shave, 0 to 1
    smile: float = 0.0  # 0 to 1
    eyes_closed: float = 0.0  # 0 or 1
    noise: float = 0.0  # factor on the camera's sensor noise
    contrast: float = 0.0  # of the tone curve, beside the camera's own
    saturation: float = 1.0
    sharpening: float = 1.0  # factor on the camera's sharpening
    jpeg_quality: float = 0.0  # 1 to 100, a whole number; 0: the protocol's
    phone: str = ""  # name of the phone that took the picture; "": the clinic's camera


@dataclass(frozen=True, slots=True)
class View:
    """How a scene is looked at: complete, picklable, enough to draw the picture anywhere."""

    scene: Scene
    view: str  # "front", "left", "right" ...
    nuisance: Nuisance
    size_px: int
    seed: int
    address: tuple[str | int, ...]  # (patient key, day, occasion, view): the address of this picture's randomness
    layers: tuple[str, ...] = ()  # further truth images to return, see Render.layers


@dataclass(frozen=True, slots=True)
class Render:
    """A picture and the truth of its pixels.

    pixels : (h, w, 3) uint8 sRGB.
    lesion, support : (h, w) int32, lesion_id or 0: its core (the table's diameter), and every pixel it touched.
    boxes_px : (n, 4) x, y, width, height of each core; lesion_ids : (n,); area_px : (n,) visible core pixels.
    keypoints_px : name -> (x, y), NaN where hidden.
    drawn : every number that the renderer chose for this picture.
    layers : those that the view asked for. "parts" (h, w) uint8, codes of `nof1sim.render.base.PARTS`; "depth" (h, w)
        float, mm from the camera along its axis, NaN on the background; "normals" (h, w, 3) float, unit vectors in
        camera axes (right, up, to the camera), NaN on the background; "chart" (h, w, 2) float, x and y on the face
        chart in mm, NaN off the skin; "binary" (h, w) uint8, 255 within the core of any lesion, else 0.
    face : every number that the renderer chose for the person, the same in all pictures of theirs.
    """

    pixels: NDArray[np.uint8]
    lesion: NDArray[np.int32]
    support: NDArray[np.int32]
    lesion_ids: Ints
    boxes_px: Floats
    area_px: Ints
    keypoints_px: Mapping[str, tuple[float, float]]
    drawn: Mapping[str, float | str]
    layers: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    face: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """One picture of the grid: patient rank (0-based), day (1-based), occasion (1-based), view."""

    rank: int
    day: int
    occasion: int = 1
    view: str = "front"
