"""The nuisance of a picture: pure, stationary, correlated as asked, clipped where the renderer must not go."""

from __future__ import annotations

import numpy as np

from nof1sim.model import Nuisance, Scene
from nof1sim.protocol.types import NuisanceSettings
from nof1sim.render import draw_nuisance, view_of

from .conftest import make_lesions, make_patient

SETTINGS = NuisanceSettings()


def draw(day: int, occasion: int = 1, view: str = "front", settings: NuisanceSettings = SETTINGS, seed: int = 0):
    return draw_nuisance(seed, "P001", day, occasion, view, settings)


def test_pure_and_without_replay() -> None:
    alone = draw(200)
    for day in range(1, 20):
        draw(day)
    assert draw(200) == alone
    assert draw(201) != alone
    assert draw(200, seed=1) != alone
    assert draw_nuisance(0, "P002", 200, 1, "front", SETTINGS) != alone


def test_stationary_with_the_stated_correlation() -> None:
    wanted = 0.6
    settings = SETTINGS.model_copy(update={"day_correlation": wanted})
    z = np.array([draw(day, settings=settings).exposure_ev for day in range(1, 3001)]) / settings.exposure_sd_ev
    assert abs(z.mean()) < 0.15
    assert abs(z.std() - 1) < 0.08
    # Pictures of a day share 70 % of the variance, and only that part is correlated over days.
    lag1 = np.corrcoef(z[1:], z[:-1])[0, 1]
    assert abs(lag1 - 0.7 * wanted) < 0.08
    assert abs(z[:1500].std() - z[-1500:].std()) < 0.1


def test_occasions_of_a_day_share_most() -> None:
    first = np.array([draw(day, 1).roll_deg for day in range(1, 401)])
    second = np.array([draw(day, 2).roll_deg for day in range(1, 401)])
    assert 0.55 < np.corrcoef(first, second)[0, 1] < 0.82
    assert not np.array_equal(first, second)


def test_turns_are_clipped() -> None:
    wild = SETTINGS.model_copy(update={"yaw_sd_deg": 30.0, "pitch_sd_deg": 30.0})
    for day in range(1, 50):
        n = draw(day, settings=wild)
        assert abs(n.yaw_deg) <= 3.0
        assert abs(n.pitch_deg) <= 3.0


def test_zero_settings_are_the_identity() -> None:
    fields = dict.fromkeys(NuisanceSettings.model_fields, 0.0)
    assert draw(3, settings=NuisanceSettings(**fields)) == Nuisance()


def test_view_of_is_complete() -> None:
    scene = Scene(make_patient(), 7, make_lesions([(30, -30)]))
    view = view_of(scene, 3, 2, "front", 128, SETTINGS)
    assert view.address == ("P001", 7, 2, "front")
    assert view.seed == 3
    assert view.size_px == 128
    assert view.nuisance == draw(7, 2, seed=3)
    assert view_of(scene, 3, 2, "front", 128, None).nuisance == Nuisance()
