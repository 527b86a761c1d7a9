"""The portrait renderer by itself: the square of the photograph, what stays untouched, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nof1sim_test_photos import SIZE, points, portrait, write_photo, write_photos
from PIL import Image

from nof1sim.errors import RenderError
from nof1sim.model import Lesions, Nuisance, Patient, Render, Scene, View
from nof1sim.render.portrait.finder import Finder, sha256_of
from nof1sim.render.portrait.options import PatientPhotograph, PortraitOptions
from nof1sim.render.portrait.photograph import cropped, from_pixels, read_photograph
from nof1sim.render.portrait.renderer import PortraitRenderer
from nof1sim.render.portrait.sitting import LEAST_SIDE_PX, sit, square
from nof1sim.render.skin import sample_lesions

PX = 128
PLACES = [(-38.0, -38.0), (40.0, -40.0), (0.0, 40.0), (12.0, -92.0)]


def named(path: Path, person: int = 0) -> PatientPhotograph:
    return PatientPhotograph(sha256=sha256_of(path), points_px=points(person), landmarks="clicked", ita_deg=40.0)


def look(lesions: Lesions, rank: int = 0, nuisance: Nuisance | None = None, size: int = PX) -> View:
    patient = Patient(f"P{rank + 1:03d}", str(rank + 1), rank, 20.0, "F", 40.0, 2)
    return View(Scene(patient, 3, lesions), "front", nuisance or Nuisance(), size, 5, (patient.key, 3, 1, "front"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="module")
def renderer(photos: Path) -> PortraitRenderer:
    both = [named(photos / "anna.png", 0), named(photos / "bela.jpg", 1)]
    return PortraitRenderer(PortraitOptions(consent="form v2", photographs=both), photos)


@pytest.fixture(scope="module")
def papules(renderer: PortraitRenderer) -> Render:
    return renderer.render([look(sample_lesions("papule", PLACES, "large"))])[0]


def test_outside_the_support_the_pixels_are_the_photograph_s(photos: Path, papules: Render) -> None:
    photograph = read_photograph(photos / "anna.png")
    base = cropped(photograph, square(photograph, points(0)), PX).pixels
    differ = (papules.pixels != base).any(-1)
    assert differ.sum() > 60
    assert not (differ & (papules.support == 0)).any()


def test_lesions_lie_where_the_chart_says(papules: Render) -> None:
    assert sorted(papules.lesion_ids.tolist()) == [1, 2, 3, 4]
    middle = {int(i): np.argwhere(papules.lesion == i).mean(0)[::-1] for i in papules.lesion_ids}
    eye, other = (np.array(papules.keypoints_px[f"exocanthion_{side}"]) for side in ("right", "left"))
    assert middle[1][0] < middle[3][0] < middle[2][0]  # the patient's right cheek lies at the image's left
    assert middle[3][1] < min(eye[1], other[1]) < middle[1][1] < papules.keypoints_px["menton"][1]
    red = papules.pixels[papules.lesion > 0].astype(float)
    around = papules.pixels[(papules.support == 0) & (np.arange(PX)[:, None] > eye[1])].astype(float)
    assert (red[:, 0] / red[:, 1]).mean() > (around[:, 0] / around[:, 1]).mean()
    assert papules.drawn["lesions_drawn"] == 4
    assert papules.drawn["lesions_hidden"] == 0


def test_a_day_without_lesions_and_a_look_through_the_camera(renderer: PortraitRenderer) -> None:
    none = sample_lesions("papule", [])
    clear = renderer.render([look(none)])[0]
    assert not clear.support.any()
    moved = renderer.render([look(none, nuisance=Nuisance(shift_x=0.1, noise=1.0))])[0]
    assert moved.keypoints_px["menton"][0] == pytest.approx(clear.keypoints_px["menton"][0] + 0.1 * PX)
    assert (moved.pixels != clear.pixels).any()


def test_the_same_bytes_whoever_was_drawn_before(renderer: PortraitRenderer, papules: Render) -> None:
    renderer.render([look(sample_lesions("papule", PLACES), rank=1)])
    again = renderer.render([look(sample_lesions("papule", PLACES, "large"))])[0]
    assert np.array_equal(again.pixels, papules.pixels)
    assert np.array_equal(again.support, papules.support)


def test_the_truth_says_what_it_is_and_claims_no_age(papules: Render) -> None:
    assert papules.face["persons"] == "photographs"
    assert papules.face["consent"] == "form v2"
    assert not {"age_years", "sex", "name"} & set(papules.face)


def test_the_square_never_leaves_the_picture() -> None:
    pixels = np.asarray(portrait(0).pixels)
    for crop in (pixels[:, 40:216], pixels[30:], pixels[:, 20:]):
        dx, dy = (40 if crop.shape[1] == 176 else SIZE - crop.shape[1]), SIZE - crop.shape[0]
        shifted = {name: (x - dx, y - dy) for name, (x, y) in points(0).items()}
        left, top, right, low = square(from_pixels(crop), shifted)
        assert 0 <= left < right <= crop.shape[1]
        assert 0 <= top < low <= crop.shape[0]
        assert right - left == low - top


def test_a_face_that_is_too_small() -> None:
    small = np.asarray(Image.fromarray(portrait(0).pixels).resize((120, 120)))
    share = 120 / SIZE
    with pytest.raises(RenderError, match=r"px or more from ear to ear"):
        sit(from_pixels(small), {name: (x * share, y * share) for name, (x, y) in points(0).items()}, 256)
    assert LEAST_SIDE_PX > 120


def test_photographs_that_are_not_there(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOF1SIM_FACES", raising=False)
    one = named(photos / "anna.png")
    options = PortraitOptions(consent="form v2", photographs=[one])
    view = look(sample_lesions("papule", PLACES))
    with pytest.raises(RenderError, match="--faces DIR, or NOF1SIM_FACES"):
        PortraitRenderer(options).render([view])
    write_photo(tmp_path / "other.png", 1)
    for _ in range(2):  # and it says so again
        with pytest.raises(RenderError, match=f"sha256 {one.sha256[:16]}.*the very files"):
            PortraitRenderer(options, tmp_path).render([view])
    with pytest.raises(RenderError, match="one for each patient, 2 or more"):
        PortraitRenderer(options, photos).render([look(sample_lesions("papule", PLACES), rank=1)])
    monkeypatch.setenv("NOF1SIM_FACES", str(photos))
    assert PortraitRenderer(options).render([view])[0].lesion.any()


def test_the_finder_lists_all_that_is_missing(photos: Path) -> None:
    lines = Finder(photos).missing(["0" * 64, sha256_of(photos / "anna.png"), "1" * 64])
    assert [line[:26] for line in lines] == ["photograph of patient 1: g", "photograph of patient 3: g"]
    assert len(Finder(None, {}).missing(["0" * 64, "1" * 64])) == 1


def test_warming_up_draws_nobody(renderer: PortraitRenderer) -> None:
    renderer.prepare()


def test_a_real_photograph() -> None:
    """NASA's public-domain portrait that scikit-image ships; points read off by eye."""
    data = pytest.importorskip("skimage.data")
    at = {
        "exocanthion_right": (192.5, 100.5), "exocanthion_left": (258.0, 103.5), "pronasale": (224.0, 127.0),
        "alare_right": (212.0, 127.5), "alare_left": (236.5, 127.0), "cheilion_right": (202.5, 139.0),
        "cheilion_left": (245.0, 140.0), "menton": (223.5, 177.5),
    }  # fmt: skip
    from nof1sim.render.portrait.compose import compose

    made = sit(from_pixels(data.astronaut(), "astronaut"), at, PX)
    lesions = sample_lesions("papule", [(-38.0, -38.0), (36.0, -36.0), (0.0, 40.0)], "large")
    out = compose(made.canvas, lesions)
    assert {1, 2} <= set(out.drawn)
    differ = (out.pixels != made.canvas.photograph.pixels).any(-1)
    assert differ.any()
    assert not (differ & (out.support == 0)).any()
