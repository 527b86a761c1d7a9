"""One call edits a photograph: existing spots are found and, if wanted, faded; lesions of a severity are added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nof1sim.errors import Fault, InputError, RenderError
from nof1sim.model import Bools, Floats, Lesions
from nof1sim.randomness import stream
from nof1sim.render.portrait.compose import Composite, compose, on_skin
from nof1sim.render.portrait.prepare import Canvas
from nof1sim.render.portrait.reduce import reduced
from nof1sim.render.portrait.spots import Spots, find_spots

from .lesions import (
    Area,
    cheek_density,
    choose,
    count_for_grade,
    count_for_severity,
    hayashi_class,
    shown_count,
)
from .stock import Person, kind_of

Scope = Literal["face", "half", "patch"]
SCOPES: tuple[Scope, ...] = ("face", "half", "patch")
TRIES = 4
"""Rounds in which lesions that left no core in the picture are replaced by others."""
LEAST_SKIN = 0.5
"""Of `Canvas.skin`, where a patch counts as skin."""
LEAST_FACING = 0.25
"""Cosine between skin and camera: farther round the face a lesion is a sliver."""
FALSE_SPOTS = 7
"""Lesion-like spots that clear skin may show: see `spots`."""
HALF_FACE_YAW_DEG = 25.0
FRONTAL_YAW_DEG, BOTH_SIDES = 15.0, 0.35
"""A whole face from the front: turned by less than this, and each side has at least this share of the skin."""
AGES = (10.0, 100.0)
"""Years that the cohort's shift of lesions between regions is used for."""


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked of an edit: at most one of severity (0 to 3), grade (Hayashi 0 to 3), lesions; none adds nothing.

    reduce : 0 to 1, how far existing spots are faded first. scope : "face"; "half", a photograph of half a face, whose
    own count is classed; "patch", skin without a face, at a cheek's density. age_years, sex : shift lesions between
    regions as in the simulated cohort. vary : draw the count of a grade from around the middle of its range.
    """

    severity: float | None = None
    grade: int | None = None
    lesions: Lesions | None = None
    reduce: float = 0.0
    scope: Scope = "face"
    age_years: float = 22.0
    sex: Literal["F", "M"] = "F"
    vary: bool = False

    def __post_init__(self) -> None:
        given = [name for name in ("severity", "grade", "lesions") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(str(Fault(" and ".join(f"--{n}" for n in given), "both", "one of them")))
        if not 0.0 <= self.reduce <= 1.0:
            raise InputError(str(Fault("--reduce", self.reduce, "0 (leave them) to 1 (clear them)")))
        if self.severity is not None:
            count_for_severity(self.severity)
        if self.grade is not None:
            count_for_grade(self.grade)
        if not AGES[0] <= self.age_years <= AGES[1]:
            raise InputError(str(Fault("--age", self.age_years, f"{AGES[0]:g} to {AGES[1]:g} years")))
        if self.scope not in SCOPES:
            raise InputError(str(Fault("scope", self.scope, ", ".join(SCOPES))))


@dataclass(frozen=True, slots=True)
class Edited:
    """An edited photograph and the truth of it. Pixels (h, w), lesions (n,).

    before, pixels : (h, w, 3) uint8. lesion, support : (h, w) int32, lesion_id of a core, of all that a lesion touched.
    faded : (h, w) bool, where existing spots were reduced. Outside `support` and `faded` pixels equal before's bytes.
    lesions : all that were chosen. x_px, y_px : their places. drawn : which have a core in the picture.
    whole_face : lesions of the wanted severity on a whole face, None where a table was given. asked, added :
    inflammatory lesions that this picture should show and does show. grade : Hayashi class of the added ones; None on a
    patch. found : existing spots, before any reduction. notes : what the user should know. left : red spots found after
    the reduction, before lesions are added; None without one.
    """

    before: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    lesion: NDArray[np.int32]
    support: NDArray[np.int32]
    faded: Bools
    lesions: Lesions
    x_px: Floats
    y_px: Floats
    drawn: Bools
    whole_face: int | None
    asked: int
    added: int
    grade: int | None
    found: Spots
    notes: tuple[str, ...]
    left: int | None


def edit(canvas: Canvas, want: Want, seed: int) -> Edited:
    """Edit a prepared photograph. A pure function: equal arguments, equal result; doses are nested (`lesions.choose`).

    Raises
    ------
    RenderError
        The skin that shows has no room for the lesions of the wanted Hayashi class.
    InputError
        A severity or grade off its scale.
    """
    found = find_spots(canvas)
    base, faded, left = canvas, np.zeros(canvas.face.shape, bool), None
    if want.reduce > 0:
        base, faded = reduced(canvas, found, want.reduce)
        left = find_spots(base).count
    whole = _whole_face(want, seed, canvas)
    asked = int((kind_of(_given(want).stage) == 0).sum()) if whole is None else _shown(canvas, want, whole)
    lesions, picture = _drawn(base, want, seed, asked, found if want.reduce < 1 else None)
    sites = canvas.face.place(lesions.x_mm, lesions.y_mm)
    drawn = np.isin(lesions.lesion_id, picture.drawn)
    added = int((drawn & (kind_of(lesions.stage) == 0)).sum())
    grade = None if want.scope == "patch" else hayashi_class(added, want.scope)
    _check_room(canvas, want, whole, asked, added)
    return Edited(
        canvas.photograph.pixels, picture.pixels, picture.lesion, picture.support, faded, lesions,
        sites.x_px.astype(float), sites.y_px.astype(float), drawn, whole, asked, added, grade, found,
        _notes(canvas, want, found.count if left is None else left, asked, added, drawn), left,
    )  # fmt: skip


def _given(want: Want) -> Lesions:
    assert want.lesions is not None
    return want.lesions


def _whole_face(want: Want, seed: int, canvas: Canvas) -> int | None:
    if want.lesions is not None:
        return None
    if want.grade is not None:
        rng = stream(seed, canvas.photograph.sha256, "count") if want.vary else None
        return count_for_grade(want.grade, rng)
    return count_for_severity(want.severity or 0.0)


def _shown(canvas: Canvas, want: Want, whole: int) -> int:
    return shown_count(whole, want.scope, _skin_mm2(canvas))


def _skin_mm2(canvas: Canvas) -> float:
    return float((canvas.skin >= LEAST_SKIN).sum()) * canvas.face.mm_per_px**2


def _drawn(canvas: Canvas, want: Want, seed: int, asked: int, avoided: Spots | None) -> tuple[Lesions, Composite]:
    """Lesions and the picture with them; those that leave no core in it are replaced by others."""
    if want.lesions is not None:
        return want.lesions, compose(canvas, want.lesions)
    person = Person(f"photo {canvas.photograph.sha256[:16]}", float(canvas.ita_deg), want.age_years, want.sex)
    height, width = canvas.face.shape
    patch = want.scope == "patch"
    size = (width * canvas.face.mm_per_px, height * canvas.face.mm_per_px) if patch else None
    per_one = {"face": 1.0, "half": 2.0, "patch": 1 / max(cheek_density() * _skin_mm2(canvas), 1e-9)}[want.scope]
    hidden: set[tuple[float, float]] = set()
    tries = 0
    while True:
        lesions = choose(person, seed, asked, Area(_fits(canvas, avoided, hidden), size, per_one))
        picture = compose(canvas, lesions)
        lost = ~np.isin(lesions.lesion_id, picture.drawn) & (kind_of(lesions.stage) == 0)
        tries += 1
        if tries == TRIES or not lost.any():
            return lesions, picture
        hidden |= set(zip(lesions.x_mm[lost].tolist(), lesions.y_mm[lost].tolist(), strict=True))


def _check_room(canvas: Canvas, want: Want, whole: int | None, asked: int, added: int) -> None:
    """RenderError if the lesions that fit make another Hayashi class than the wanted one."""
    if whole is None or want.scope == "patch":
        return
    wanted, got = hayashi_class(asked, want.scope), hayashi_class(added, want.scope)
    if wanted != got:
        given = f"room for {added} of {asked} inflammatory lesions (Hayashi class {got} instead of {wanted})"
        half = " For a photograph of half a face say so: --half." if want.scope == "face" else ""
        advice = f"Ask for less, or give a photograph that shows more skin, or shows it larger.{half}"
        raise RenderError(str(Fault(canvas.photograph.name, given, "skin enough for the class", advice)))


def _notes(canvas: Canvas, want: Want, left: int, asked: int, added: int, drawn: Bools) -> tuple[str, ...]:
    """What the user should know. left : red spots that stay."""
    notes: list[str] = []
    if want.lesions is not None and not drawn.all():
        notes.append(f"{int((~drawn).sum())} of {drawn.size} lesions lie on no skin that shows and were not drawn")
    elif added < asked:
        notes.append(f"room for {added} of {asked} inflammatory lesions only")
    if want.lesions is None and left > asked + FALSE_SPOTS:
        more = ": --reduce 1 fades them" if want.reduce < 1 else ""
        shows = "still" if want.reduce else "already"
        notes.append(f"{shows} shows about {left} lesion-like spots, more than the {asked} asked for{more}")
    if want.scope == "face" and abs(canvas.face.yaw_deg) >= HALF_FACE_YAW_DEG:
        notes.append(f"turned by {canvas.face.yaw_deg:.0f} degrees: if it shows half a face, say --half")
    if want.scope == "half" and _whole_from_the_front(canvas):
        notes.append(
            "looks like a whole face from the front: with --half it gets and is classed by half of the lesions"
        )
    return tuple(notes)


def _whole_from_the_front(canvas: Canvas) -> bool:
    x_mm = canvas.face.chart[..., 0][canvas.skin >= LEAST_SKIN]
    sides = [int((x_mm > 0).sum()), int((x_mm < 0).sum())]
    return abs(canvas.face.yaw_deg) < FRONTAL_YAW_DEG and min(sides) > BOTH_SIDES * max(sum(sides), 1)


def _fits(canvas: Canvas, avoided: Spots | None, hidden: set[tuple[float, float]]) -> Callable[[Lesions], Bools]:
    """Which lesions lie on skin that shows, off the spots that stay and off the `hidden` places."""

    def fits(lesions: Lesions) -> Bools:
        sites = canvas.face.place(lesions.x_mm, lesions.y_mm)
        ok = on_skin(canvas, lesions, sites) & (sites.normal @ canvas.face.rotation[2] >= LEAST_FACING)
        if avoided is not None and len(avoided):
            dx, dy = sites.x_px[:, None] - avoided.x_px, sites.y_px[:, None] - avoided.y_px
            apart_px = 0.5 * (lesions.diameter_mm[:, None] + avoided.diameter_mm) / canvas.face.mm_per_px
            ok &= ~(np.hypot(dx, dy) < apart_px).any(axis=1)
        if hidden:
            places = zip(lesions.x_mm.tolist(), lesions.y_mm.tolist(), strict=True)
            ok &= np.array([place not in hidden for place in places], bool)
        return np.asarray(ok, bool)

    return fits
