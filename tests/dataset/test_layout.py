from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof1sim.dataset import layout
from nof1sim.model import Unit

UNITS = st.builds(
    Unit,
    st.integers(0, 20_000),
    st.integers(1, 4000),
    st.integers(1, 24),
    st.sampled_from(["front", "left", "yaw20", "yaw-35_pitch10"]),
)


def test_paths_are_those_of_the_conventions() -> None:
    first, second = Unit(0, 1), Unit(0, 1, 2)
    assert layout.image_path(first) == "images/P001/P001_d001_front.jpg"
    assert layout.image_path(second) == "images/P001/P001_d001_2_front.jpg"
    assert layout.image_path(first, "png").endswith(".png")
    assert layout.image_path(first, "webp").endswith(".webp")
    assert layout.mask_of(layout.image_path(first)) == "truth/masks/P001/P001_d001_front.png"
    assert layout.mask_of(layout.image_path(first), support=True) == "truth/masks/P001/P001_d001_front_support.png"
    assert layout.layer_of(layout.image_path(first), "chart") == "truth/chart/P001/P001_d001_front.npz"
    assert layout.persistence_path("P001") == "truth/persistence/P001.npz"


@given(st.sets(UNITS, max_size=30))
def test_no_two_units_share_a_file(units: set[Unit]) -> None:
    images = {layout.image_path(unit) for unit in units}
    masks = {layout.mask_of(image, support) for image in images for support in (False, True)}
    assert len(images | masks) == 3 * len(units)


@given(UNITS, st.sampled_from(["jpeg", "png", "webp"]))
def test_the_mask_does_not_depend_on_the_image_s_format(unit: Unit, format: str) -> None:
    assert layout.mask_of(layout.image_path(unit, format)) == layout.mask_of(layout.image_path(unit))


@given(UNITS, st.text(min_size=1, max_size=8).filter(lambda t: t.isprintable()))
def test_files_of_hettich_names_are_known_as_ours(unit: Unit, patient_id: str) -> None:
    name = layout.hettich_name(patient_id, date(2018, 1, 1), 3, unit.occasion, unit.view)
    assert "/" not in name
    image = f"{layout.IMAGES}/{name}"
    assert all(map(layout.is_generated, (image, layout.mask_of(image), layout.mask_of(image, support=True))))


def test_the_plain_hettich_name_is_the_published_one() -> None:
    assert layout.hettich_name("1", date(2018, 1, 1), 3) == "1_20180101_severity_3.jpg"


@given(UNITS)
def test_what_a_run_writes_is_known_as_such(unit: Unit) -> None:
    image = layout.image_path(unit)
    masks = [layout.mask_of(image), layout.mask_of(image, support=True)]
    layers = [layout.layer_of(image, name) for name in layout.LAYERS]
    assert len({image, *masks, *layers}) == 3 + len(layout.LAYERS)
    assert all(map(layout.is_generated, [image, *masks, *layers, layout.START, layout.DAYS, layout.FACES]))


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "images/holiday.jpg",
        "images/P001/P002_d001_front.jpg",
        "images/P001/P001_d001_front.jpg.bak",
        "truth/mine.csv",
        "analysis/result.json",
        "truth/persistence/P001.npz.old",
        "truth/masks/P001/P001_d001_front.jpg",
    ],
)
def test_foreign_files_are_not(path: str) -> None:
    assert not layout.is_generated(path)
