from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nof1sim.dataset import sums as module
from nof1sim.dataset.layout import IMAGE_SUMS, TRUTH_SUMS, WORK
from nof1sim.dataset.sums import Sums
from nof1sim.dataset.target import Target

PICTURES = [(f"images/P{rank:03d}/P{rank:03d}_d{day:03d}_front.jpg", f"{rank * day:064x}")
            for rank in (1, 999, 1000, 101) for day in (1, 999, 1000, 101)]  # fmt: skip
PICTURES += [("images/a b_1.jpg", "a" * 64), ("images/a b_10.jpg", "b" * 64), ("images/a_1.jpg", "c" * 64)]


def stored(target: Target, pictures: list[tuple[str, str]], at_once: int) -> bytes:
    with target.scratch(WORK) as folder:
        sums, other = Sums(IMAGE_SUMS, target, folder), Sums(TRUTH_SUMS, target, folder)
        for first in range(0, len(pictures), at_once):
            sums.add(pictures[first : first + at_once])
            other.add([("truth/masks/x.png", "d" * 64)])
        made = sums.store()
        other.store()
        assert made is not None
        assert made.path == IMAGE_SUMS
    assert len(target.read(TRUTH_SUMS).splitlines()) == -(-len(pictures) // at_once)
    return target.read(made.path)


@pytest.mark.parametrize("lines", [1, 2, 5, 100])
@pytest.mark.parametrize("runs", [2, 3, 100])
def test_portions_are_merged_into_the_sorted_list(
    lines: int, runs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RUN_LINES", lines)
    monkeypatch.setattr(module, "RUNS", runs)
    found = stored(Target(tmp_path / "t"), PICTURES[::-1], at_once=1)
    assert found.decode() == "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(PICTURES))
    assert [path.name for path in (tmp_path / "t").iterdir() if path.is_file()] == [IMAGE_SUMS]


def test_no_pictures_no_file(tmp_path: Path) -> None:
    target = Target(tmp_path)
    with target.scratch(WORK) as folder:
        assert Sums(IMAGE_SUMS, target, folder).store() is None
    assert target.list() == []


def test_sha256sum_reads_it(tmp_path: Path) -> None:
    target = Target(tmp_path)
    files = [target.store(f"images/{name}.jpg", name.encode()) for name in "ba"]
    stored(target, [(one.path, one.sha256) for one in files], at_once=2)
    try:
        subprocess.run(["sha256sum", "-c", "--strict", IMAGE_SUMS], cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("no sha256sum here")
