"""Photographs of a dataset: nuisance, confounding, views, truth images, faces."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, ProtocolError
from nof1sim.model import Nuisance, Unit
from nof1sim.protocol import Protocol, with_changes
from nof1sim.report.design import design_report
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.renderers import check_images
from nof1sim.simulation.single import draw
from nof1sim.simulation.verify import verify
from nof1sim.simulation.worker import quality_of

from .conftest import contents, run, small_protocol

LAYERS = ["parts", "depth", "normals", "chart"]
CONFOUNDED = {"strength": 0.5, "of": ["exposure", "phone"], "toward": "cream"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    protocol = small_protocol(
        cohort={"patients": 2},
        images={
            "renderer": "nof1sim_test_renderers:Dots",
            "views": ["front", "left"],
            "layers": LAYERS,
            "nuisance": {"preset": "home"},
            "confounding": CONFOUNDED,
        },
    )
    out = tmp_path_factory.mktemp("trial")
    run(protocol, out)
    return open_dataset(out)


def plan_of(dataset: Dataset) -> Plan:
    return Plan(Protocol.model_validate(dataset.truth_manifest["protocol"]))


def test_layers_come_back_and_are_listed(trial: Dataset) -> None:
    from nof1sim_test_renderers import truth_images

    unit, wanted = trial.units()[0], truth_images(64)
    tolerance = {"parts": 0, "depth": 0.006, "normals": 0.004, "chart": 1e-5}
    listed = [path for path, _ in trial.files()]
    for name in LAYERS:
        assert np.allclose(trial.layer(unit, name), wanted[name], rtol=0, atol=tolerance[name], equal_nan=True), name
        assert sum(path.startswith(f"truth/{name}/") for path in listed) == len(trial.units())
    assert trial.truth_manifest["parts"]["1"] == "skin"
    assert verify(trial.url, 2).same


def test_layers_that_are_not_there(trial: Dataset, small: Protocol, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Did you mean 'depth'"):
        trial.layer(trial.units()[0], "dept")
    run(with_changes(small, cohort={"patients": 1}), tmp_path)
    plain = open_dataset(tmp_path)
    with pytest.raises(DatasetError, match=r"images\.layers: \[depth\]"):
        plain.layer(plain.units()[0], "depth")
    assert "parts" not in plain.truth_manifest


def test_a_vanished_layer_is_written_again(trial: Dataset, tmp_path: Path) -> None:
    protocol = with_changes(plan_of(trial).protocol, cohort={"patients": 1})
    run(protocol, tmp_path / "whole")
    run(protocol, tmp_path / "again", shard="0/1")
    assert contents(tmp_path / "whole") == contents(tmp_path / "again")
    (tmp_path / "again" / "truth" / "depth" / "P001" / "P001_d001_left.png").unlink()
    assert not verify(tmp_path / "again", 0).same


def test_the_renderer_must_have_the_layers_and_views(small: Protocol) -> None:
    turns = {"renderer": "nof1sim_test_renderers:Turns"}
    check_images(with_changes(small, images=turns | {"views": ["front", "yaw-35_pitch10"]}))
    with pytest.raises(ProtocolError, match=r"images\.layers.*none with this renderer"):
        check_images(with_changes(small, images=turns | {"layers": ["depth"]}))
    with pytest.raises(ProtocolError, match="front, left; or a turned view such as yaw20"):
        check_images(with_changes(small, images=turns | {"views": ["sideways"]}))
    with pytest.raises(ProtocolError, match="yaw20"):  # Dots has only its names
        check_images(with_changes(small, images={"views": ["yaw20"]}))


def test_a_layer_that_the_renderer_does_not_give_is_a_failed_picture(small: Protocol, tmp_path: Path) -> None:
    images = {"renderer": "nof1sim_test_renderers:Empty", "layers": ["depth"]}
    outcome = run(with_changes(small, cohort={"patients": 1}, images=images), tmp_path)
    assert not outcome.complete
    assert "images.layers: got 'depth'; allowed: the renderer's own: none" in outcome.failures[0]


def test_turned_views_have_files_and_columns(small: Protocol, tmp_path: Path) -> None:
    views = ["front", "yaw20", "yaw-35_pitch10"]
    images = {"renderer": "nof1sim_test_renderers:Turns", "views": views}
    protocol = with_changes(small, cohort={"patients": 1}, images=images)
    run(protocol, tmp_path)
    dataset = open_dataset(tmp_path)
    assert [name for name in dataset.observations().columns if name.startswith("image_")] == [
        f"image_{v}" for v in views
    ]
    unit = Unit(0, 1, 1, "yaw-35_pitch10")
    assert dataset.path(unit) == "images/P001/P001_d001_yaw-35_pitch10.jpg"
    assert dataset.image(unit).shape == (64, 64, 3)
    run(with_changes(protocol, seed=5), tmp_path, overwrite=True)  # knows all its files as its own
    assert len(list((tmp_path / "images" / "P001").iterdir())) == 3 * protocol.days


def test_the_nuisance_of_a_picture_can_be_read(trial: Dataset) -> None:
    plan = plan_of(trial)
    for unit in trial.units()[::7]:
        assert Nuisance(**trial.nuisance(unit)) == plan.view(unit).nuisance  # type: ignore[arg-type]
    assert trial.truth_manifest["nuisance_dials"] == plan.protocol.images.nuisance.dials


def test_faces_are_said_once(trial: Dataset) -> None:
    assert trial.faces() == {"P001": {"nose_width": 0.0}, "P002": {"nose_width": 1.0}}
    assert set(trial.truth("images")["drawn"]) == {'{"renderer":"dots"}'}  # neither the face nor the nuisance again


def test_a_picture_has_the_quality_of_its_phone(trial: Dataset) -> None:
    plan = plan_of(trial)
    view = plan.view(trial.units()[0])
    assert quality_of(plan.protocol, view) == int(view.nuisance.jpeg_quality) < plan.protocol.images.quality
    low = with_changes(plan.protocol, images={"quality": 30})
    assert quality_of(low, view) == 30
    clinic = Plan(
        with_changes(plan.protocol, images={"nuisance": {"preset": "clinic"}, "confounding": {"strength": 0}})
    )
    assert quality_of(clinic.protocol, clinic.view(trial.units()[0])) == 95
    table = Image.open(io.BytesIO(trial.read(trial.path(trial.units()[0])))).quantization  # type: ignore[attr-defined]
    plain = Image.open(io.BytesIO(_encoded(95))).quantization  # type: ignore[attr-defined]
    assert sum(table[0]) > sum(plain[0])


def _encoded(quality: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_confounded_photographs_shift_on_the_arm_s_days_alone(trial: Dataset) -> None:
    plan = plan_of(trial)
    off = Plan(with_changes(plan.protocol, images={"confounding": {"strength": 0}}))
    days = trial.truth("days")
    shifted = (days["arm"] == "cream").fill_null(False)
    assert days["photo_confounding"].to_list() == [0.5 if on else 0.0 for on in shifted]
    assert 0 < shifted.sum() < days.height
    taken = dict(trial.truth("images").select("image", "confounding").iter_rows())
    for unit in trial.units():
        on = bool(shifted[unit.rank * 10 + unit.day - 1])
        assert taken[trial.path(unit)] == (0.5 if on else 0.0)
        rise = plan.view(unit).nuisance.exposure_ev - off.view(unit).nuisance.exposure_ev
        assert rise == pytest.approx(0.4 if on else 0.0)
    shown = (Path(trial.url) / "README.md").read_text() + json.dumps(trial.manifest)
    assert "confound" not in shown
    assert "photo_confounding" not in trial.observations().columns


def test_confounding_goes_with_every_active_arm_by_default(small: Protocol) -> None:
    on = with_changes(small, images={"confounding": {"strength": 1.0, "of": ["exposure"]}})
    schedule = Plan(on).course(0, 3).schedule
    wanted = (schedule.arm >= 0).astype(float)
    plan = Plan(on)
    assert [[plan.shift(rank, day) for day in range(1, 11)] for rank in range(3)] == wanted.tolist()
    passive = Plan(with_changes(on, treatments={"cream": {"active": False}}))
    cream = schedule.arms.index("cream")
    wanted = ((schedule.arm >= 0) & (schedule.arm != cream)).astype(float)
    assert [[passive.shift(rank, day) for day in range(1, 11)] for rank in range(3)] == wanted.tolist()
    untreated = Plan(with_changes(on, design={"counterfactual": "no_treatment"}))
    assert untreated.shift(0, 9) == 0.0


def test_confounding_is_said(small: Protocol, tmp_path: Path) -> None:
    on = with_changes(small, cohort={"patients": 1}, images={"confounding": {"strength": 1.0, "of": ["tan"]}})
    words = "confounded with treatment by design"
    assert any(words in text for text in design_report(on).warnings)
    assert any(words in text for text in run(on, tmp_path).warnings)
    assert not any(words in text for text in design_report(small).warnings)


def test_lesions_and_scores_do_not_depend_on_the_photographs(small: Protocol) -> None:
    other = with_changes(small, images={"nuisance": {"preset": "home"}, "confounding": CONFOUNDED})
    a, b = Plan(small).block(0, 3), Plan(other).block(0, 3)
    assert np.array_equal(a.severity, b.severity)
    assert pl.DataFrame(dict(a.fields[0].columns)).equals(pl.DataFrame(dict(b.fields[0].columns)))


def test_one_picture_can_have_a_view_that_the_protocol_does_not_ask_for(small: Protocol) -> None:
    turns = with_changes(small, images={"renderer": "nof1sim_test_renderers:Turns"})
    assert draw(turns, 1, 1, view="yaw20").shape == (64, 64, 3)
    with pytest.raises(ProtocolError, match="--view"):
        draw(turns, 1, 1, view="sideways")
