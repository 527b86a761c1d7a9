from __future__ import annotations

import polars as pl
import pytest

from nof1sim.run.share import ALL
from nof1sim.simulation import grid as module
from nof1sim.simulation.grid import Grid, Work
from nof1sim.simulation.plan import Plan

from .conftest import small_protocol

UNIT = ["rank", "day", "occasion", "view"]


@pytest.fixture
def plan() -> Plan:
    return Plan(small_protocol(images={"views": ["front", "left"], "occasions_per_day": 2}))


def test_all_work_is_every_unit_once_patient_by_patient(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_PICTURES", 3)
    grid, units = Grid(plan), list(plan.units())
    work = Work(grid, ALL)
    shards = list(work)
    assert (grid.total, work.total, work.before, len(work)) == (len(units), len(units), 0, len(shards))
    assert sorted(unit for shard in shards for unit in shard.units) == sorted(units)
    ranks = [shard.units[0].rank for shard in shards]
    assert ranks == sorted(ranks)
    assert all(len({unit.view for unit in shard.units}) == 1 and len(shard.units) <= 3 for shard in shards)
    assert list(work) == shards  # and again
    assert shards[1] in work


def test_what_is_done_is_not_drawn_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_PICTURES", 3)
    grid, units = Grid(plan), list(plan.units())
    done = units[: len(units) // 3] + units[-2:]
    frame = pl.DataFrame([(u.rank, u.day, u.occasion, u.view) for u in done], schema=UNIT, orient="row")
    grid.read([frame[:5], frame[5:]])
    work = Work(grid, ALL)
    assert grid.missing() == len(units) - len(done)
    assert work.before == len(done)
    assert len(list(work)) == len(work)
    assert {unit for shard in work for unit in shard.units} == set(units) - set(done)
    assert all(set(shard.units) <= set(shard.whole) for shard in work)
    grid.read([])
    assert grid.missing() == len(units)


@pytest.mark.parametrize("shares", [2, 3, 7])
def test_shares_are_the_whole(plan: Plan, shares: int) -> None:
    grid = Grid(plan)
    each = [Work(grid, f"{i}/{shares}") for i in range(shares)]
    assert sorted(unit for work in each for shard in work for unit in shard.units) == sorted(plan.units())
    assert sum(grid.missing(f"{i}/{shares}") for i in range(shares)) == grid.total


def test_pictures_that_are_never_taken_are_not_planned() -> None:
    plan = Plan(small_protocol(observation={"missing": {"mcar": 0.3, "image_only": 0.2}}))
    grid = Grid(plan)
    assert grid.total == sum(1 for _ in plan.units()) < grid.planned.size * len(grid.views)


def test_without_images_there_is_no_work() -> None:
    grid = Grid(Plan(small_protocol(images={"enabled": False})))
    assert (grid.total, len(Work(grid, ALL)), list(Work(grid, "1/2"))) == (0, 0, [])
