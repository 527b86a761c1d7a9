"""What finish() writes: tables cut to each patient's days, scales, the card; and folders that two runs wanted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.dataset import layout
from nof1sim.dataset.parts import commit_part, part_row
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.run.lock import locked
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.files import again, card_info
from nof1sim.simulation.frames import until
from nof1sim.simulation.plan import Plan
from nof1sim.simulation.request import Table, prepare

from .conftest import contents, run, small_protocol

ENDS = {"anna": 30, "ben": 12}
SCORES = {day: round(20 + 30 * np.sin(day / 5), 1) for day in range(1, 31)}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two patients, of whom the second leaves early, on a scale of their own."""
    folder = tmp_path_factory.mktemp("given")
    lines = ["patient_id,day,treatment,severity"]
    for who, end in ENDS.items():
        lines += [f"{who},{day},{'gel' if day > 6 else 'none'},{SCORES[day]}" for day in range(1, end + 1)]
    (folder / "mine.csv").write_text("\n".join([*lines, ""]))
    images = {"renderer": "nof1sim_test_renderers:Dots", "size_px": 64}
    job = prepare(table=Table(folder / "mine.csv", scale=(-10, 72)), seed=77123, images=images)
    simulate(job.protocol, folder / "out", given=job.given, workers=1)
    return open_dataset(folder / "out")


def test_nothing_is_told_of_days_after_a_patient_s_end(given: Dataset) -> None:
    for name in ("days", "lesion_days"):
        last = given.truth(name).group_by("patient_id").agg(pl.col("day").max())
        assert dict(last.iter_rows()) == ENDS, name
    mine = given.truth("lesions").filter(pl.col("patient_id") == "ben")
    end = ENDS["ben"]
    for name in ("birth_day", "peak_day", "last_counted_day", "end_day", "superseded_day"):
        assert mine[name].max() <= end, name
    assert set(mine.filter(pl.col("last_counted_day") == end)["ending"]) == {"going_on"}
    persistence = given.persistence(1)
    assert persistence["lesion_id"].tolist() == mine["lesion_id"].to_list()
    assert persistence["end_day"].max() == end
    looks = given.truth("lesion_days").filter(pl.col("patient_id") == "ben")
    assert set(looks["lesion_id"]) <= set(mine["lesion_id"])


def test_realised_means_are_those_of_the_patient_s_own_days(given: Dataset) -> None:
    days, people = given.truth("days"), given.truth("patients")
    mean = days.filter(pl.col("arm") == "gel").group_by("patient_id").agg(pl.col("severity_true").mean())
    for who, value in mean.iter_rows():
        told = people.filter(pl.col("patient_id") == who)["realised_gel"].item()
        assert told == pytest.approx(value)


@pytest.mark.parametrize("name", ["default", "clinical_adapalene_bpo"])
@pytest.mark.parametrize("marks", ["fast", "realistic"])
def test_lesions_cut_after_a_day_are_those_of_a_study_that_ends_there(name: str, marks: str) -> None:
    protocol = with_changes(load_protocol(name), cohort={"patients": 4}, condition={"marks": marks})
    long, short = Plan(protocol), Plan(with_changes(protocol, design={"end_day": 33}))
    for one, other in zip(long.block(0, 4).fields, short.block(0, 4).fields, strict=True):
        cut = until(long, one, 33)
        assert cut.days == other.days
        assert np.array_equal(cut.lost, other.lost)
        for column, values in other.columns.items():
            assert np.array_equal(cut.columns[column], values), column
        before, after = long.condition.lesion_days(cut), short.condition.lesion_days(other)
        assert all(np.array_equal(before[column], after[column]) for column in after)


def test_the_complete_score_is_on_the_file_s_own_scale(given: Dataset) -> None:
    seen, true = given.observations(), given.truth("days")
    assert true["complete_score"].to_list() == seen["AcneSeverity"].to_list()
    assert true["complete_score"].max() == max(SCORES.values())
    assert true["severity_true"].max() <= 3


def test_the_card_says_the_scale_and_how_to_make_it_again_but_not_the_seed(given: Dataset) -> None:
    text = given.read(layout.CARD).decode()
    assert "| `AcneSeverity` | -10 to 72 |" in text
    assert "nof1sim simulate --severity-csv observations.csv --protocol truth/manifest.json --out again" in text
    assert "seed" not in text
    assert "77123" not in text
    shown = given.manifest | {"files": None}
    assert "77123" not in json.dumps(shown)


def test_the_card_keeps_to_what_a_study_knows(small: Protocol) -> None:
    plan = Plan(with_changes(small, description="About creams.", seed=77123))
    assert again(plan) == "nof1sim simulate --protocol truth/manifest.json --out again"
    info = card_info(plan, 30, ["patient_id"])
    assert info.scale == "0 to 3"


def test_key_points_are_a_table_and_the_images_keep_the_rest(tmp_path: Path) -> None:
    protocol = small_protocol(
        cohort={"patients": 1}, design={"end_day": 2}, images={"renderer": "procedural", "views": ["front", "left"]}
    )
    run(protocol, tmp_path)
    dataset = open_dataset(tmp_path)
    points = dataset.truth("keypoints")
    assert set(points["image"]) == {dataset.path(unit) for unit in dataset.units()}
    tip = points.filter((pl.col("name") == "pronasale") & (pl.col("view") == "front"))
    assert tip["x"].is_between(0, 64).all()
    assert 0 < points["x"].null_count() < points.height  # a side view hides some
    assert (points["x"].is_null() == points["y"].is_null()).all()
    taken = dataset.truth("images")
    assert taken["image"].to_list() == [dataset.path(unit) for unit in dataset.units()]
    assert taken["yaw_deg"].n_unique() > 1
    for drawn in map(json.loads, taken["drawn"]):
        assert drawn
        assert "keypoints_px" not in drawn


HOLD = """
import sys
from nof1sim.run.lock import at_work, locked
with locked(sys.argv[1], "0/2"):
    at_work(sys.argv[1], "0/2")
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def share_at_work(out: Path) -> Iterator[None]:
    """Another process that is at work on the share 0/2."""
    command = [sys.executable, "-c", HOLD, str(out / layout.LOCKS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_folder_in_which_a_share_is_at_work_is_not_overwritten(small: Protocol, tmp_path: Path) -> None:
    run(small, tmp_path, shard="0/2")
    before = contents(tmp_path)
    with share_at_work(tmp_path):
        with pytest.raises(DatasetError, match=r"another run.*share 0 of 2"):
            run(with_changes(small, seed=2), tmp_path, shard="1/2", overwrite=True)
        assert contents(tmp_path).items() >= before.items()
        run(small, tmp_path, shard="1/2", overwrite=True)  # the same protocol goes on; nothing is cleared
    with locked(tmp_path / layout.LOCKS):
        pass


def test_overwriting_repairs_a_folder_with_parts_of_another_protocol(small: Protocol, tmp_path: Path) -> None:
    other = with_changes(small, seed=2)
    run(other, tmp_path / "whole")
    run(other, tmp_path / "d", shard="1/2")
    target, unit = Target(tmp_path / "d"), Unit(0, 1)
    image = target.store(layout.image_path(unit), b"a picture of the first protocol, by a run that went on")
    commit_part(target, "late", small.digest, [part_row(unit, {"image": image})])
    with pytest.raises(DatasetError, match="--overwrite"):
        run(other, tmp_path / "d")
    assert run(other, tmp_path / "d", overwrite=True).complete
    assert contents(tmp_path / "d") == contents(tmp_path / "whole")
