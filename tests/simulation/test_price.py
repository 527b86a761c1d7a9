from __future__ import annotations

from pathlib import Path

import pytest

from nof1sim.simulation.price import Sample, calibrate, price, rough_bytes, size_of

from .conftest import run, small_protocol

SAMPLE = Sample(
    face_s=(1.0, 3.0),
    picture_s=(0.01, 0.03),
    tables_s=(0.5, 1.5),
    picture_bytes=1000.0,
    truth_bytes=100.0,
    row_bytes=10.0,
    table_bytes=7.0,
    memory_bytes=None,
    drawn=12,
    seconds=1.0,
)


def test_a_price_is_proportional() -> None:
    protocol = small_protocol(cohort={"patients": 100}, images={"views": ["front", "left"]})
    size = size_of(protocol)
    assert (size.patients, size.patient_days, size.pictures, size.views) == (100, 1000, 2000, 2)
    cost = price(protocol, SAMPLE)
    each = 20 + 12  # pictures of a patient, and those of the probes
    assert cost.core_s == pytest.approx((100 * (2 + each * 0.01), 100 * (4 + each * 0.02), 100 * (6 + each * 0.03)))
    assert (cost.closing_s, cost.image_bytes, cost.truth_bytes) == (100.0, 2_000_000, 200_000)
    assert cost.table_bytes == 2000 * 10 + 1000 * 7
    assert cost.wall_s(8) == pytest.approx(cost.core_s[1] / 8 + 100)


def test_without_images_only_tables_cost() -> None:
    protocol = small_protocol(images={"enabled": False})
    found = calibrate(protocol)
    cost = price(protocol, found)
    assert found.drawn == 0
    assert (cost.core_s, cost.image_bytes, cost.truth_bytes) == ((0.0, 0.0, 0.0), 0.0, 0.0)
    assert cost.closing_s > 0
    assert cost.table_bytes > 0


def test_the_bytes_are_about_those_of_the_run(tmp_path: Path) -> None:
    protocol = small_protocol(cohort={"patients": 6}, images={"masks": True})
    cost = price(protocol, calibrate(protocol))
    run(protocol, tmp_path)
    images = sum(path.stat().st_size for path in (tmp_path / "images").rglob("*.jpg"))
    masks = sum(path.stat().st_size for path in (tmp_path / "truth/masks").rglob("*.png"))
    assert cost.image_bytes == pytest.approx(images, rel=0.1)
    assert cost.truth_bytes == pytest.approx(masks, rel=0.3)
    assert rough_bytes(protocol) > 0


def test_a_calibration_is_short_and_writes_nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = calibrate(small_protocol(cohort={"patients": 50}))
    assert len(found.picture_s) == len(found.face_s) == len(found.tables_s) == 4
    assert all(one > 0 for one in (*found.picture_s, *found.tables_s))
    assert found.picture_bytes > 100
    assert list(tmp_path.iterdir()) == []
