"""The columns of every table: name, type, unit, meaning. The one place where they are said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from . import layout

ID, INT, FLOAT, SMALL, FLAG, TEXT, DATE = (
    pl.String(),
    pl.Int64(),
    pl.Float64(),
    pl.Float32(),
    pl.Boolean(),
    pl.String(),
    pl.Date(),
)
GRADE = "grade, 0 to 3"
RECORDED = "on the recorded scale"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; with `prefix`, all columns whose names begin with `name` (such as `rater_`)."""

    name: str
    dtype: pl.DataType
    description: str
    unit: str = ""
    nullable: bool = False
    required: bool = True
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: where it lies, what a row is, its columns in order."""

    path: str
    row: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """What the table says about a column; None if it knows none of that name."""
        for column in self.columns:
            if column.name == name and not column.prefix:
                return column
        fits = [column for column in self.columns if column.prefix and name.startswith(column.name)]
        return max((c for c in fits if name != c.name), key=lambda c: len(c.name), default=None)

    def rank(self, given: Sequence[str]) -> Callable[[str], tuple[int, int]]:
        """Sort key of column names: the table's order; columns of one prefix stay as they were given."""
        places = {id(column): place for place, column in enumerate(self.columns)}
        return lambda name: (places[id(self.column(name))], given.index(name))


def _maybe(name: str, dtype: pl.DataType, description: str, unit: str = "") -> Column:
    return Column(name, dtype, description, unit, nullable=True, required=False)


def _any(prefix: str, dtype: pl.DataType, description: str, unit: str = "") -> Column:
    return Column(prefix, dtype, description, unit, nullable=True, required=False, prefix=True)


CONTRAST = "second arm minus first (a single arm: minus untreated); with three or more arms only these two."

_PATIENT = Column("patient_id", ID, "Who: 1 .. n, or the protocol's own names.")
_DAY = Column("day", INT, "Day of the study; the first is 1.", "day")
_CALENDAR = (
    _PATIENT,
    Column("date", DATE, "Calendar date of the day."),
    Column("block", INT, "Period of the design, baseline included; the first is 1."),
    _DAY,
    Column("treatment", TEXT, "The assigned treatment's label, or that of the period without one."),
)

OBSERVATIONS = Table(
    layout.OBSERVATIONS,
    "a patient, day and occasion, whether or not anything was recorded",
    (
        *_CALENDAR,
        Column("AcneSeverity", FLOAT, "Recorded severity; empty when missing.", RECORDED, nullable=True),
        Column("occasion", INT, "Which photograph of the day; the first is 1."),
        _any("image_", TEXT, "The photograph of this view, relative to the dataset; empty when missing."),
        _maybe("self_report", FLOAT, "The patient's own rating; empty when missing.", "0 to 10"),
        _any("rater_", FLOAT, "What this rater scored (a lesion count, or an IGA of 0 to 4); empty when missing."),
        _any("covariate_", FLOAT, "A recorded covariate of the day."),
        _maybe("dropped_out", FLAG, "True from the day on which the patient left the study."),
    ),
)

PATIENTS = Table(
    layout.PATIENTS,
    "a patient",
    (
        _PATIENT,
        Column("key", TEXT, "Name of the patient in paths, P001 for the first."),
        Column("age_years", FLOAT, "Age; empty for photographed persons.", "year", nullable=True),
        Column("sex", TEXT, "F or M; empty for photographed persons.", nullable=True),
        Column(
            "ita_deg",
            FLOAT,
            "Individual typology angle of the skin: its lightness (of a photograph: estimated).",
            "degree",
        ),
        Column("fitzpatrick", INT, "Fitzpatrick skin type, 1 to 6."),
        _maybe("sequence", TEXT, "The periods in order, separated by ' > '."),
        _any("effect_", FLOAT, "Individual steady-state effect of this arm at full dose.", "latent"),
        _any("steady_", FLOAT, "Severity in the long run under this arm.", GRADE),
        _maybe("steady_contrast", FLOAT, f"Difference of the steady_ columns: {CONTRAST}", GRADE),
        _any("realised_", FLOAT, "Mean true severity over the days of this arm, carry-over and all.", GRADE),
        _maybe("realised_contrast", FLOAT, f"Difference of the realised_ columns: {CONTRAST}", GRADE),
        _maybe("responder", FLAG, "Whether the steady contrast is large enough to count as a response."),
        _maybe("dropout_day", INT, "First day after leaving the study; empty for a completer.", "day"),
        _maybe("lost_lesions", INT, "Lesions that found no free site (0 in any sane run)."),
        _any("trait_", FLOAT, "A further number of the person (conditions and renderers use it)."),
        _any("number_", FLOAT, "An individual parameter of the severity model."),
    ),
)

DAYS = Table(
    layout.DAYS,
    "a patient and day",
    (
        *_CALENDAR,
        _maybe("arm", TEXT, "Name of the arm; empty on a day without treatment."),
        Column(
            "severity_true",
            FLOAT,
            "True severity of the day, 0 to 3; empty where a given table has none.",
            GRADE,
            nullable=True,
        ),
        Column("latent", FLOAT, "Sum of the part_ columns; its unit is in truth/manifest.json.", "latent"),
        _any("part_", FLOAT, "One term of the latent.", "latent"),
        _maybe("taken", FLOAT, "Dose actually taken of the assigned treatment.", "share, 0 to 1"),
        _any("taken_", FLOAT, "Dose actually taken of this arm.", "share, 0 to 1"),
        _any("drive_", FLOAT, "A further daily signal that the lesions follow."),
        _any("covariate_", FLOAT, "A covariate of the day, recorded or not."),
        _maybe("complete_score", FLOAT, "AcneSeverity had nothing been missing.", RECORDED),
        _any("complete_score_", FLOAT, "The same for a later occasion of the day.", RECORDED),
        _any("complete_", FLOAT, "What would stand in observations.csv had nothing been missing."),
        _maybe("score_missing", FLAG, "Whether the score of the day is missing."),
        _maybe("image_missing", FLAG, "Whether the photograph of the day is missing."),
        _maybe("missing_reason", TEXT, "Why something of the day is missing; empty when nothing is."),
        _any("score_missing_", FLAG, "Whether the score of this occasion is missing."),
        _any("image_missing_", FLAG, "Whether the photograph of this occasion is missing."),
        _any("missing_reason_", TEXT, "Why something of this occasion is missing."),
        _maybe(
            "photo_confounding",
            FLOAT,
            "Shift of the day's photographs with the treatment, of the full range (images.confounding).",
            "share, 0 to 1",
        ),
        _any("n_", INT, "Lesions on the face: n_inflammatory, n_left, n_right and so on.", "lesions"),
        _maybe("hayashi", INT, "Hayashi class of half the inflammatory lesions, 0 mild to 3 very severe."),
        _any("hayashi_", INT, "Hayashi class of one side of the face, or of the worse one."),
        _maybe("clear", FLAG, "No inflammatory lesion at all."),
        _maybe("iga", INT, "Investigator's global assessment, 0 to 4."),
        _maybe("gags_face", INT, "Global acne grading system, facial regions only, 0 to 32."),
        _maybe("gea", INT, "Global evaluation of acne, 0 to 5."),
        _maybe(
            "severity_lesions", FLOAT, "Severity that the counted lesions show (the inverse of the count map).", GRADE
        ),
        _any("clinical_", FLOAT, "A further clinical score that the condition computes from the lesions."),
    ),
)

LESIONS = Table(
    layout.LESIONS,
    "a lesion, over its whole life",
    (
        _PATIENT,
        Column("lesion_id", INT, "Number of the lesion within the patient, 1 and up; the value in the masks."),
        _maybe("site", INT, "Follicle that the lesion grows on; one site may bear several, one after another."),
        Column("x_mm", FLOAT, "Place on the face chart, towards the patient's left.", "mm"),
        Column("y_mm", FLOAT, "Place on the face chart, up from the pupils' line.", "mm"),
        _maybe("region", TEXT, "Region of the face chart."),
        Column("kind", TEXT, "The stage that it reaches at its height."),
        _maybe("origin", TEXT, "What an inflammatory lesion grew from: comedone, normal skin, red macule, scar."),
        _maybe("parent_id", INT, "The lesion (comedone, mark, scar) that it grew from; 0 if none."),
        _maybe("micro_day", INT, "Comedones: first day as an invisible microcomedone.", "day"),
        Column("birth_day", INT, "First day that counts; 0 or less for a lesion older than the study.", "day"),
        _maybe("planned_days", INT, "How long it would count if nothing interfered.", "day"),
        _maybe("peak_day", INT, "Day of its greatest size, if it lives so long.", "day"),
        _maybe("last_counted_day", INT, "Last day that counts, at most the study's last.", "day"),
        _maybe("end_day", INT, "Last day on which it or its mark is drawn, at most the study's last; 0: never.", "day"),
        _maybe("ending", TEXT, "Why it stopped counting."),
        _maybe("peak_diameter_mm", FLOAT, "Diameter at its height.", "mm"),
        _maybe("peak_height_mm", FLOAT, "Height over the skin at its height.", "mm"),
        _any("peak_", FLOAT, "A further look at its height (erythema, melanin, plug).", "share, 0 to 1"),
        _maybe("scar", TEXT, "The scar that it leaves."),
        _maybe("scar_diameter_mm", FLOAT, "Diameter of the scar it would leave.", "mm"),
        _maybe("scar_depth_mm", FLOAT, "Depth of the scar it would leave.", "mm"),
        _maybe("scar_days", INT, "Days of the scar after the marks; very large: for good.", "day"),
        _maybe("cap_from", INT, "Pustules: days after birth_day at which the pus cap shows.", "day"),
        _maybe("cap_days", INT, "Days of the pus cap.", "day"),
        _maybe("crusts", FLAG, "Whether a crust follows the pus cap."),
        _maybe("pie_days", INT, "Days of the red mark that it leaves.", "day"),
        _maybe("pih_days", INT, "Days of the brown mark after that.", "day"),
        _maybe("superseded_day", INT, "Day on which a new lesion at the site ended its mark; 0: none.", "day"),
        _maybe("shape", INT, "A number that fixes the outline for life."),
    ),
)

LESION_DAYS = Table(
    layout.LESION_DAYS,
    "a lesion on a day",
    (
        _PATIENT,
        _DAY,
        Column("lesion_id", INT, "The lesion."),
        Column("stage", TEXT, "What it is that day."),
        Column("diameter_mm", SMALL, "Diameter of the core.", "mm"),
        _maybe("height_mm", SMALL, "Height over the skin; negative for a pit.", "mm"),
        _maybe("erythema", SMALL, "Added haemoglobin, 1 for a fresh papule's core.", "share, 0 to 1"),
        _maybe("melanin", SMALL, "Added melanin.", "share, 0 to 1"),
        _maybe("pus", SMALL, "Cover by pus.", "share, 0 to 1"),
        _maybe("plug", SMALL, "Cover by a comedone's dark plug.", "share, 0 to 1"),
        _maybe("crust", SMALL, "Cover by a crust.", "share, 0 to 1"),
        Column("visible", FLAG, "Drawn in the images."),
        Column("counted", FLAG, "Enters the scores; then it is always visible."),
    ),
)

BOXES = Table(
    layout.BOXES,
    "a lesion in an image",
    (
        _PATIENT,
        _DAY,
        Column("occasion", INT, "Which photograph of the day."),
        Column("view", TEXT, "From where: front, left, yaw20 and so on."),
        Column("image", TEXT, "The image, relative to the dataset."),
        Column("lesion_id", INT, "The lesion; the value in the mask."),
        Column("x", FLOAT, "Left edge of the box around the visible core.", "px"),
        Column("y", FLOAT, "Upper edge.", "px"),
        Column("w", FLOAT, "Width.", "px"),
        Column("h", FLOAT, "Height.", "px"),
        Column("area_px", INT, "Visible pixels of the core.", "px"),
    ),
)

KEYPOINTS = Table(
    layout.KEYPOINTS,
    "a key point of the face in an image",
    (
        _PATIENT,
        _DAY,
        Column("occasion", INT, "Which photograph of the day."),
        Column("view", TEXT, "From where: front, left, yaw20 and so on."),
        Column("image", TEXT, "The image, relative to the dataset."),
        Column("name", TEXT, "Name of the key point."),
        Column("x", FLOAT, "From the left edge; empty where the point is hidden.", "px", nullable=True),
        Column("y", FLOAT, "From the upper edge; empty where the point is hidden.", "px", nullable=True),
    ),
)

_NUISANCE = (
    ("yaw_deg", "Turn of the head to its left, beside that of the view.", "degree"),
    ("pitch_deg", "Lift of the chin.", "degree"),
    ("roll_deg", "Tilt of the head.", "degree"),
    ("scale", "Factor on the size of the face in the image.", ""),
    ("shift_x", "Shift of the face to the right.", "share of the image's width"),
    ("shift_y", "Shift of the face down.", "share of the image's width"),
    ("distance", "Factor on the camera's distance, in true perspective.", ""),
    ("blur_px", "Radius of the defocus, at 512 px.", "px"),
    ("motion_px", "Length of the motion blur, at 512 px.", "px"),
    ("motion_deg", "Direction of the motion blur.", "degree, 0 to 180"),
    ("exposure_ev", "Exposure.", "EV"),
    ("white_balance_k", "Shift of the light's colour temperature; below 0 is warmer.", "K"),
    ("tint", "Log gain of green against magenta.", ""),
    ("light_key", "Factor on the main light.", ""),
    ("light_fill", "Factor on the fill light.", ""),
    ("light_ring", "Factor on the ring light.", ""),
    ("light_room", "Factor on the light of the room.", ""),
    ("light_side", "Place of the main light, from the image's left to its right.", "-1 to 1"),
    ("light_hard", "Hardness of the light: 1 is a bare lamp with sharp shadows.", "share, 0 to 1"),
    ("oil", "Factor on the skin's gloss.", ""),
    ("makeup", "Opacity of a foundation.", "share, 0 to 1"),
    ("tan", "Relative rise of the skin's melanin.", "share"),
    ("beard", "Growth since the last shave.", "share, 0 to 1"),
    ("smile", "Smile.", "share, 0 to 1"),
    ("eyes_closed", "1 where the eyes are closed.", "0 or 1"),
    ("noise", "Factor on the camera's sensor noise.", ""),
    ("contrast", "Contrast of the tone curve, beside the camera's own.", ""),
    ("saturation", "Factor on the saturation.", ""),
    ("sharpening", "Factor on the camera's sharpening.", ""),
    ("jpeg_quality", "Quality of the phone's JPEG; 0: the protocol's.", "0 to 100"),
)
"""The numbers of `nof1sim.model.Nuisance`, in its order."""

PICTURES = Table(
    layout.PICTURES,
    "a picture, and how it was taken",
    (
        _PATIENT,
        _DAY,
        Column("occasion", INT, "Which photograph of the day."),
        Column("view", TEXT, "From where: front, left, yaw20 and so on."),
        Column("image", TEXT, "The image, relative to the dataset."),
        *(Column(name, FLOAT, description, unit) for name, description, unit in _NUISANCE),
        Column("phone", TEXT, "The phone that took the picture; empty: the clinic's camera.", nullable=True),
        _maybe("confounding", FLOAT, "Shift with the treatment, of the full range.", "share, 0 to 1"),
        Column("drawn", TEXT, "What else the renderer chose for this picture, as JSON."),
    ),
)

TABLES: dict[str, Table] = {
    "observations": OBSERVATIONS,
    "patients": PATIENTS,
    "days": DAYS,
    "lesions": LESIONS,
    "lesion_days": LESION_DAYS,
    "boxes": BOXES,
    "keypoints": KEYPOINTS,
    "images": PICTURES,
}
