"""What an edit changes, what it leaves alone, and that it is what was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nof1sim_test_edits import DARK, LIGHT, canvas, patch

from nof1sim.editing.edit import Want, edit
from nof1sim.editing.lesions import cheek_density, count_for_grade, count_for_severity, hayashi_class
from nof1sim.editing.stock import kind_of
from nof1sim.errors import InputError, RenderError
from nof1sim.render.skin import sample_lesions

SEVERITIES = (0.0, 0.5, 1.5, 2.5, 3.0)
HALF = "right"


def untouched(done):
    kept = (done.support == 0) & ~done.faded
    return (done.pixels == done.before)[kept].all()


@pytest.mark.parametrize("ita", [LIGHT, DARK])
@pytest.mark.parametrize(("scope", "view"), [("face", "front"), ("half", HALF)])
def test_hayashi_class_of_the_added_lesions_is_the_wanted_one(ita, scope, view):
    photo = canvas(ita, view=view)
    wanted = [(Want(severity=s, scope=scope), count_for_severity(s)) for s in SEVERITIES]
    wanted += [(Want(grade=g, scope=scope), count_for_grade(g)) for g in range(4)]
    for want, whole in wanted:
        done = edit(photo, want, 0)
        count = whole if scope == "face" else -(-whole // 2)
        red = kind_of(done.lesions.stage) == 0
        shown = np.unique(done.lesion)
        assert done.added == count == np.isin(done.lesions.lesion_id[red], shown).sum()
        assert done.grade == hayashi_class(whole) == (want.grade if want.severity is None else done.grade)
        assert untouched(done)
        assert (done.pixels != done.before).any() == (count > 0)


def test_doses_are_nested_in_the_picture_and_edits_repeat():
    photo = canvas()
    places = []
    for severity in (0.5, 1.5, 3.0):
        done = edit(photo, Want(severity=severity), 4)
        red = done.drawn & (kind_of(done.lesions.stage) == 0)
        places.append(set(zip(done.x_px[red].tolist(), done.y_px[red].tolist(), strict=True)))
    assert places[0] < places[1] < places[2]
    again = edit(photo, Want(severity=3.0), 4)
    assert np.array_equal(again.pixels, done.pixels)
    assert not np.array_equal(edit(photo, Want(severity=3.0), 5).pixels, done.pixels)


def test_lesions_lie_on_skin_where_the_table_says():
    done = edit(canvas(), Want(severity=2.0), 0)
    for number in done.lesions.lesion_id[done.drawn]:
        rows, columns = np.nonzero(done.lesion == number)
        i = int(number) - 1
        size = done.lesions.diameter_mm[i] / canvas().face.mm_per_px
        assert np.hypot(columns.mean() - done.x_px[i], rows.mean() - done.y_px[i]) < 0.5 * size + 1
    assert (canvas().skin[done.lesion > 0] > 0).all()


def test_skin_without_room_for_the_class_is_an_error_that_says_what_to_do():
    photo = canvas(view=HALF)
    chin = (photo.face.chart[..., 1] < -80).astype(np.float32)
    with pytest.raises(RenderError, match=r"room for .* of 140 .* --half"):
        edit(replace(photo, skin=photo.skin * chin), Want(severity=3.0), 0)


def test_a_half_face_without_the_option_is_noted():
    done = edit(canvas(view=HALF), Want(severity=0.5), 0)
    assert any("--half" in note for note in done.notes)


def test_a_whole_face_given_as_half_is_noted():
    assert any("whole face" in note for note in edit(canvas(), Want(severity=0.5, scope="half"), 0).notes)
    half = canvas(view=HALF)
    assert not any("whole face" in note for note in edit(half, Want(severity=0.5, scope="half"), 0).notes)


def test_a_patch_gets_a_cheek_s_density():
    photo = patch()
    done = edit(photo, Want(severity=3.0, scope="patch"), 0)
    area = (photo.skin >= 0.5).sum() * photo.face.mm_per_px**2
    assert done.added == done.asked == pytest.approx(140 * cheek_density() * area, abs=0.51)
    assert done.grade is None
    assert done.added > 5
    assert untouched(done)


def test_given_lesions_are_drawn_and_those_off_the_skin_are_told():
    places = sample_lesions("papule", [(-40.0, -30.0), (40.0, -30.0), (0.0, -69.0)])
    done = edit(canvas(), Want(lesions=places), 0)
    assert done.drawn.tolist() == [True, True, False]
    assert (done.added, done.asked, done.whole_face) == (2, 3, None)
    assert any("1 of 3" in note for note in done.notes)


def test_a_photograph_with_more_than_is_asked_for_says_so():
    photo = canvas(severity=2.5)
    done = edit(photo, Want(severity=0.3), 0)
    assert any("--reduce 1" in note for note in done.notes)
    assert done.found.count > 30
    assert not edit(canvas(), Want(severity=0.3), 0).notes


def test_clearing_alone_brings_an_acne_face_nearer_to_the_clear_one():
    photo, clear = canvas(severity=2.5), canvas().photograph.pixels.astype(float)
    done = edit(photo, Want(severity=0.0, reduce=1.0), 0)
    before, after = (np.abs(p.astype(float) - clear)[done.faded].mean() for p in (done.before, done.pixels))
    assert after < 0.6 * before
    assert done.faded.any()
    assert not done.support.any()
    assert untouched(done)


def test_new_lesions_keep_off_spots_that_stay():
    photo = canvas(severity=1.5)
    done = edit(photo, Want(severity=2.0), 0)
    far = np.hypot(done.x_px[:, None] - done.found.x_px, done.y_px[:, None] - done.found.y_px)
    rims = 0.5 * (done.lesions.diameter_mm[:, None] + done.found.diameter_mm) / photo.face.mm_per_px
    assert (far >= rims).all()


def test_a_varied_grade_differs_between_photographs():
    photo = canvas()
    counts = {edit(photo, Want(grade=2, vary=True), seed).added for seed in range(5)}
    assert len(counts) > 2
    assert {hayashi_class(n) for n in counts} == {2}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"severity": 1.0, "grade": 1}, "one of them"),
        ({"reduce": 1.5}, "--reduce"),
        ({"severity": 3.5}, "0 to 3"),
        ({"grade": 7}, "--grade"),
        ({"scope": "quarter"}, "face, half, patch"),
        ({"age_years": 9.0}, "10 to 100"),
        ({"age_years": 101.0}, "10 to 100"),
        ({"age_years": float("nan")}, "10 to 100"),
    ],
)
def test_senseless_wishes_are_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        replace(Want(), **wrong)
