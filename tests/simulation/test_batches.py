"""Pictures drawn several at once: which ones belong together depends on nothing but their addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof1sim.model import Unit
from nof1sim.protocol import Protocol, with_changes
from nof1sim.run.units import Shard, partition, remaining
from nof1sim.simulation import grid
from nof1sim.simulation.renderers import processes

from .conftest import contents, run, small_protocol


def drawn_by(name: str) -> Protocol:
    images = {"renderer": f"nof1sim_test_renderers:{name}", "format": "png"}
    return with_changes(small_protocol(), images=images)


def pictures(folder: Path) -> dict[str, str]:
    return {path: sha256 for path, sha256 in contents(folder).items() if path.startswith(("images/", "truth/masks/"))}


def test_a_batch_is_cut_from_the_whole_shard() -> None:
    units = [Unit(0, day) for day in range(1, 11)]
    shard = partition(units, 20)[0]
    assert [len(batch) for batch in shard.batches(4)] == [4, 4, 2]
    left = remaining([shard], {Unit(0, 2), Unit(0, 10)})
    assert [one.units for one in left] == [(Unit(0, 2), Unit(0, 10))]
    assert left[0].batches(4) == [tuple(units[:4]), tuple(units[8:])]
    assert left[0].id == partition(left[0].units, 20)[0].id
    assert remaining([shard], []) == []
    assert Shard("x", (Unit(0, 1),)).batches(1) == [(Unit(0, 1),)]


def test_what_is_done_or_another_s_share_changes_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "SHARD_PICTURES", 8)
    chosen = drawn_by("Together")
    assert run(chosen, tmp_path / "whole").complete
    whole = pictures(tmp_path / "whole")

    def stop(done: int, total: int, what: str) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(chosen, tmp_path / "stopped", progress=stop)
    (tmp_path / "stopped" / "images" / "P001" / "P001_d002_front.png").unlink()
    outcome = run(chosen, tmp_path / "stopped")
    assert (outcome.complete, outcome.drawn) == (True, outcome.total - 7)
    assert pictures(tmp_path / "stopped") == whole
    for index in range(5):  # more shares than patients: their days are split
        outcome = run(chosen, tmp_path / "shared", shard=f"{index}/5")
    assert outcome.complete
    assert pictures(tmp_path / "shared") == whole


def test_of_a_batch_that_fails_the_others_are_drawn(tmp_path: Path) -> None:
    outcome = run(drawn_by("TogetherFails"), tmp_path / "d")
    assert len(outcome.failures) == 3
    assert "patient 1, day 3 (front, occasion 1): images.renderer: day 3" in outcome.failures[0]
    assert outcome.drawn == outcome.total - 3
    assert run(drawn_by("Together"), tmp_path / "e").complete  # one batch of patient 3 is drawn one by one


def test_a_renderer_that_fills_a_gpu_gets_one_process() -> None:
    assert processes(drawn_by("Together").images) == 1
    assert processes(small_protocol().images) is None
    images = {"renderer": "instantid", "renderer_options": {}}
    assert processes(with_changes(small_protocol(), images=images).images) == 1
