"""A run in shares is closed once nothing is missing; memory does not grow with the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof1sim.dataset import layout, manifest, parts
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol
from nof1sim.simulation import closing, driver, files
from nof1sim.simulation.closing import finish

from .conftest import contents, run, small_protocol


@pytest.fixture
def unclosed(small: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All three shares drawn; none could close the dataset."""
    with monkeypatch.context() as patch:
        patch.setattr(driver, "close", lambda *_: 1)
        for index in range(3):
            run(small, tmp_path / "t", shard=f"{index}/3")
    return tmp_path / "t"


def test_finish_closes_what_is_all_there(small: Protocol, unclosed: Path, tmp_path: Path) -> None:
    run(small, tmp_path / "whole")
    assert finish(unclosed) == 30
    assert contents(unclosed) == contents(tmp_path / "whole")
    assert finish(unclosed) == 30  # and is left alone


def test_finish_says_what_is_missing_and_of_which_shares(small: Protocol, unclosed: Path) -> None:
    (unclosed / "images/P002/P002_d003_front.jpg").unlink()
    with pytest.raises(DatasetError, match=r"1 of 30 pictures are missing\. Of these shares: 1/3 \(1\)\. Run them"):
        finish(unclosed)
    part = sorted((unclosed / layout.PARTS).rglob("*.parquet"))[2]
    part.unlink()
    with pytest.raises(DatasetError, match=r"11 of 30 pictures .* 1/3 \(1\), 2/3 \(10\)"):
        finish(unclosed)
    run(small, unclosed, shard="2/3")
    assert run(small, unclosed, shard="1/3").complete


def test_too_few_parts_are_not_read(small: Protocol, unclosed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    next((unclosed / layout.PARTS).rglob("*.parquet")).unlink()
    read: list[str] = []
    real = Target.read
    monkeypatch.setattr(Target, "read", lambda self, path: read.append(path) or real(self, path))
    plan = files.Plan(small)
    assert closing.close(plan, Target(unclosed), closing.Grid(plan)) == 10
    assert not [path for path in read if layout.PARTS in path]


def test_a_share_reads_its_own_parts_alone(small: Protocol, unclosed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = Target.read
    monkeypatch.setattr(Target, "read", lambda self, path: read.append(path) or real(self, path))
    monkeypatch.setattr(driver, "close", lambda *_: 1)
    assert run(small, unclosed, shard="1/3").drawn == 0
    assert [layout.part_name(path)[0] for path in read if layout.PARTS in path] == [1]


def test_finish_of_something_else_is_a_letter(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing was started here"):
        finish(tmp_path / "nothing")


def test_finish_with_other_versions_is_refused(unclosed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = manifest.versions() | {"numpy": "0.1"}
    monkeypatch.setattr(manifest, "versions", lambda: found)
    with pytest.raises(DatasetError, match=r"numpy .* \(here 0\.1\)"):
        finish(unclosed)


def test_one_patient_s_rows_are_held_at_a_time(unclosed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heights: list[int] = []
    real = parts.by_patient

    def watched(*words: object, **more: object):  # type: ignore[no-untyped-def]
        for frame in real(*words, **more):  # type: ignore[arg-type]
            heights.append(frame.height)
            yield frame

    monkeypatch.setattr(parts, "by_patient", watched)
    finish(unclosed)
    assert heights == [10] * 6  # once to see that all is there, once to write


def test_no_order_of_blocks_changes_a_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nof1sim.simulation import plan

    small = small_protocol(cohort={"patients": 5}, images={"views": ["front", "left"], "layers": ["depth"]})
    run(small, tmp_path / "one")
    monkeypatch.setattr(plan, "BLOCK_PATIENTS", 2)
    monkeypatch.setattr(layout, "PIECE_PATIENTS", 3)
    run(small, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
