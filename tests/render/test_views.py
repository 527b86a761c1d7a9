"""The nuisance of a picture: pure, stationary, correlated as asked, within its limits, and nothing at dial 0."""

from __future__ import annotations

import math
import re
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from nof1sim.model import Nuisance, Patient, Scene
from nof1sim.protocol.images import KINDS, PRESETS, NuisanceSettings
from nof1sim.render import draw_nuisance, habits, view_of, views

from .conftest import make_lesions, make_patient

PAGE = (Path(__file__).parents[2] / "docs" / "photographs.md").read_text(encoding="utf-8")
SETTINGS = NuisanceSettings()
HOME = NuisanceSettings(preset="home")
NONE = NuisanceSettings(preset="none")
FULL = NuisanceSettings(**dict.fromkeys(KINDS, 1.0))
MAN = make_patient(1, age=30.0, sex="M")

FIELDS_OF = {
    "pose": {"yaw_deg", "pitch_deg"},
    "framing": {"scale", "shift_x", "shift_y", "roll_deg"},
    "distance": {"distance"},
    "focus": {"blur_px"},
    "motion": {"motion_px", "motion_deg"},
    "exposure": {"exposure_ev"},
    "white_balance": {"white_balance_k", "tint"},
    "light": {"light_key", "light_fill", "light_ring", "light_room", "light_side"},
    "shadows": {"light_hard"},
    "phone": {"distance", "contrast", "saturation", "sharpening", "jpeg_quality", "phone"},
    "oil": {"oil"},
    "makeup": {"makeup"},
    "beard": {"beard"},
    "tan": {"tan"},
    "expression": {"smile"},
    "eyes": {"eyes_closed"},
    "noise": {"noise"},
}


def draw(
    day: int, occasion: int = 1, view: str = "front", settings: NuisanceSettings = SETTINGS, seed: int = 0,
    patient: Patient | None = None, **shifted: float,
) -> Nuisance:  # fmt: skip
    return draw_nuisance(seed, patient or make_patient(), day, occasion, view, settings, shifted)  # type: ignore[arg-type]


def changed(a: Nuisance, b: Nuisance) -> set[str]:
    return {name for name in Nuisance.__dataclass_fields__ if getattr(a, name) != getattr(b, name)}


def test_pure_and_without_replay() -> None:
    alone = draw(200, settings=HOME)
    for day in range(1, 20):
        draw(day, settings=HOME)
    assert draw(200, settings=HOME) == alone
    assert draw(201, settings=HOME) != alone
    assert draw(200, settings=HOME, seed=1) != alone
    assert draw(200, settings=HOME, patient=make_patient(1)) != alone


def test_stationary_with_the_stated_correlation() -> None:
    wanted = 0.6
    settings = NuisanceSettings(exposure=0.5, day_correlation=wanted)
    z = np.array([draw(day, settings=settings).exposure_ev for day in range(1, 2501)]) / 0.4
    assert abs(z.mean()) < 0.15
    assert abs(z.std() - 1) < 0.08
    # Pictures of a day share 70 % of the variance, and only that part is correlated over days.
    lag1 = np.corrcoef(z[1:], z[:-1])[0, 1]
    assert abs(lag1 - 0.7 * wanted) < 0.08
    assert abs(z[:1250].std() - z[-1250:].std()) < 0.1


def test_occasions_of_a_day_share_most() -> None:
    first, second = ([draw(day, occasion, settings=HOME) for day in range(1, 401)] for occasion in (1, 2))
    rolls = [[n.roll_deg for n in some] for some in (first, second)]
    assert 0.55 < np.corrcoef(*rolls)[0, 1] < 0.82
    assert rolls[0] != rolls[1]
    for name in ("beard", "makeup", "tan", "phone"):  # of the day, or of the person
        assert [getattr(n, name) for n in first] == [getattr(n, name) for n in second]


def test_spreads_are_those_of_the_table() -> None:
    drawn = [draw(day, settings=FULL) for day in range(1, 1201)]
    for name, (_, sd) in views.SPREAD.items():
        if name not in views.LIMITS:
            assert np.std([getattr(n, name) for n in drawn]) == pytest.approx(sd, rel=0.1), name
    for name, (_, sd) in views.LOG_SPREAD.items():
        assert np.std(np.log([getattr(n, name) for n in drawn])) == pytest.approx(sd, rel=0.1), name
    for name, (_, top) in views.TOP.items():
        values = [getattr(n, name) for n in drawn]
        assert 0 <= min(values) < 0.1 * top
        assert 0.9 * top < max(values) <= top
    still = np.mean([n.motion_px == 0 for n in drawn])
    assert still == pytest.approx(views.STILL_SHARE, abs=0.06)


def test_everything_stays_within_its_limits() -> None:
    shifts = dict.fromkeys(KINDS, 1.0)
    for settings in (FULL, HOME, NONE):
        for day in range(1, 120):
            for n in (draw(day, settings=settings, patient=MAN), draw(day, settings=settings, **shifts)):
                for name, (low, high) in views.LIMITS.items():
                    assert low <= getattr(n, name) <= high, name
                assert n.eyes_closed in (0.0, 1.0)
                assert n.jpeg_quality == round(n.jpeg_quality)
                assert 0 <= n.motion_deg < 180
                assert 0.0 <= n.tan <= 0.8


def test_the_default_is_a_standardised_photograph() -> None:
    drawn = [draw(day, patient=p) for day in range(1, 200) for p in (make_patient(), MAN)]
    assert np.std([n.yaw_deg for n in drawn]) == pytest.approx(4.0, rel=0.15)
    for name in ("distance", "motion_px", "light_hard", "makeup", "eyes_closed", "jpeg_quality", "phone"):
        assert {getattr(n, name) for n in drawn} == {getattr(Nuisance(), name)}, name


def test_dial_zero_is_the_identity() -> None:
    zeros = NuisanceSettings(preset="home", **dict.fromkeys(KINDS, 0.0))
    for settings in (NONE, zeros):
        assert draw(3, settings=settings, patient=MAN) == Nuisance()
    assert "-0.0" not in repr(draw(3, settings=NONE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_dial_moves_its_own_fields_only(kind: str) -> None:
    """On its own against nothing, and turned up among all the others: no other number moves."""
    alone, among = NuisanceSettings(preset="none", **{kind: 0.7}), HOME.model_copy(update={kind: 0.15})
    moved: set[str] = set()
    for day in range(1, 40):
        for patient in (make_patient(), MAN):
            for settings, base in ((alone, NONE), (among, HOME)):
                moved |= changed(
                    draw(day, settings=settings, patient=patient), draw(day, settings=base, patient=patient)
                )
    extra = {"noise"} if kind == "phone" else set()
    assert moved == FIELDS_OF[kind] | extra


def test_presets_are_starting_points() -> None:
    mine = NuisanceSettings(preset="home", pose=0.1)
    assert mine.dials == PRESETS["home"] | {"pose": 0.1}
    assert list(mine.dials) == list(KINDS)
    assert SETTINGS.dials == PRESETS["clinic"]
    assert set(NuisanceSettings.model_fields) == {"preset", "day_correlation", *KINDS}


def test_beards_grow_and_are_shaved() -> None:
    men = [make_patient(rank, age=30.0, sex="M") for rank in range(12)]
    beards = np.array([[draw(day, settings=FULL, patient=man).beard for day in range(1, 57)] for man in men])
    assert np.ptp(beards, axis=1).max() > 0.25
    for course in beards:
        steps = np.diff(course)
        # Up by the same step every day, or down to the day of the shave.
        assert all(step == pytest.approx(1 / habits.FULL_GROWTH_DAYS) or b == course.min()
                   for step, b in zip(steps, course[1:], strict=True))  # fmt: skip
    assert all(draw(day, settings=FULL).beard == 0 for day in range(1, 20))  # a woman
    assert draw(5, settings=FULL, patient=make_patient(1, age=14.0, sex="M")).beard == 0


def test_makeup_is_a_habit() -> None:
    women = [make_patient(rank) for rank in range(12)]
    shares = [np.mean([draw(day, settings=FULL, patient=p).makeup > 0 for day in range(1, 61)]) for p in women]
    assert np.ptp(shares) > 0.5
    for rank in range(3):
        worn = {draw(day, settings=FULL, patient=make_patient(rank)).makeup for day in range(1, 61)} - {0.0}
        assert len(worn) <= 1


def test_tan_drifts_over_weeks() -> None:
    tan = np.array([draw(day, settings=FULL).tan for day in range(1, 801)])
    assert np.abs(np.diff(tan)).max() < 0.06
    assert np.corrcoef(tan[7:], tan[:-7])[0, 1] > 0.7
    assert 0 <= tan.min() < 0.1 * views.TAN
    assert tan.max() > 0.8 * views.TAN


def test_a_person_has_one_phone() -> None:
    phones = [{draw(day, settings=HOME, patient=make_patient(rank)).phone for day in (1, 9, 80)} for rank in range(40)]
    assert all(len(own) == 1 for own in phones)
    assert {name for own in phones for name in own} == {phone.name for phone in habits.PHONES}
    half = draw(1, settings=NuisanceSettings(preset="none", phone=0.5))
    phone = habits.habits_of(0, make_patient()).phone
    assert half.sharpening == pytest.approx((1 + phone.sharpening) / 2)
    assert half.jpeg_quality == round((100 + phone.jpeg_quality) / 2)
    assert half.distance == pytest.approx(math.sqrt(phone.distance))


def test_eyes_close_as_often_as_asked_and_in_one_picture_alone() -> None:
    settings = NuisanceSettings(preset="none", eyes=0.2)
    first, second = (
        np.array([draw(d, settings=settings, view=v).eyes_closed for d in range(1, 1001)]) for v in ("front", "left")
    )
    assert first.mean() == pytest.approx(0.2, abs=0.04)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
    assert draw(1, settings=NuisanceSettings(eyes=1.0)).eyes_closed == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_confounding_shifts_its_kind_along_the_documented_direction(kind: str) -> None:
    base, moved = [], []
    for day in range(1, 40):
        for settings in (SETTINGS, NONE):
            plain = draw(day, settings=settings, patient=MAN)
            shifted = draw(day, settings=settings, patient=MAN, **{kind: 1.0})
            extra = {"noise"} if kind == "phone" else set()
            assert changed(plain, shifted) <= FIELDS_OF[kind] | extra
            base.append(plain)
            moved.append(shifted)
    for field, full in views.TOWARD.get(kind, {}).items():  # type: ignore[call-overload]
        rise = np.mean([getattr(n, field) for n in moved]) - np.mean([getattr(n, field) for n in base])
        assert np.sign(rise) == np.sign(full), field
    if kind == "phone":
        assert {n.phone for n in moved} == {habits.SMOOTH.name}
    if kind == "makeup":
        assert all(n.makeup > 0 for n in moved)
    assert base != moved


def test_view_of_is_complete() -> None:
    scene = Scene(make_patient(), 7, make_lesions([(30, -30)]))
    view = view_of(scene, 3, 2, "front", 128, SETTINGS, layers=("depth",))
    assert view.address == ("P001", 7, 2, "front")
    assert view.seed == 3
    assert view.size_px == 128
    assert view.layers == ("depth",)
    assert view.nuisance == draw(7, 2, seed=3)
    assert view_of(scene, 3, 2, "front", 128, None).nuisance == Nuisance()


def row(start: str) -> list[str]:
    """The cells of the page's table row whose first cell is `start`."""
    line = next(line for line in PAGE.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in line.strip("|").split("|")[1:]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_the_presets(kind: str) -> None:
    assert [float(cell) for cell in row(f"`{kind}`")[:2]] == [PRESETS[name][kind] for name in ("clinic", "home")]  # type: ignore[index]


@pytest.mark.parametrize("phone", [*habits.PHONES, habits.SMOOTH], ids=lambda phone: phone.name)
def test_the_page_has_the_phones(phone: habits.Phone) -> None:
    cells = [float(re.sub("[^0-9.-]", "", cell)) for cell in row(f"`{phone.name}`")]
    assert cells == list(astuple(phone)[1:])
