from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from nof1sim.dataset import spool as module
from nof1sim.dataset.layout import BOXES, OBSERVATIONS, WORK
from nof1sim.dataset.spool import PORTION_ROWS, Spool
from nof1sim.dataset.tables import conform, read_csv, read_parquet, write_csv
from nof1sim.dataset.target import TEMPORARY, Target
from nof1sim.errors import DatasetError

DAYS = pl.DataFrame(
    {
        "patient_id": ["1"] * 5,
        "date": [date(2018, 1, day) for day in range(1, 6)],
        "block": [1] * 5,
        "day": range(1, 6),
        "treatment": ["Baseline"] * 5,
        "AcneSeverity": [1.5, None, 0.0, 3.0, 2.0],
        "occasion": [1] * 5,
    }
)


def boxes(rows: int, start: int = 0) -> pl.DataFrame:
    number = pl.int_range(start, start + rows, eager=True)
    texts = {"patient_id": (number // 5000).cast(pl.String), "view": pl.Series(["front"]).new_from_index(0, rows)}
    floats = {name: (number * 0.37 % 64).cast(pl.Float64) for name in "xywh"}
    image = "images/" + (number // 50).cast(pl.String)
    numbers = {"day": number % 140 + 1, "occasion": number * 0 + 1, "lesion_id": number, "area_px": number % 97}
    return pl.DataFrame({**texts, **floats, "image": image, **numbers})


def made(name: str, target: Target, frames: list[pl.DataFrame]) -> bytes:
    with target.scratch(WORK) as folder:
        spool = Spool(name, target, folder)
        for frame in frames:
            spool.add(frame)
        stored = spool.store()
    data = target.read(stored.path)
    assert (stored.sha256, stored.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert target.list(WORK) == []
    return data


@pytest.mark.parametrize("url", ["{tmp}/tri[a]l=1", "memory://{tmp}/trial"])
def test_portions_add_up_to_the_table(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PORTION_ROWS", 2)
    target = Target(url.format(tmp=tmp_path))
    assert made("observations", target, [DAYS[:1], DAYS[1:4], DAYS[4:]]) == write_csv(conform("observations", DAYS))
    table = boxes(7)
    assert read_parquet(made("boxes", target, [table[:3], table[:0], table[3:]])).equals(conform("boxes", table))
    assert set(target.list()) == {OBSERVATIONS, BOXES}


def test_a_table_without_rows_has_its_columns(target: Target) -> None:
    assert read_csv(made("observations", target, [DAYS[:0]]), "observations").columns == DAYS.columns
    empty = read_parquet(made("boxes", target, [boxes(0)]))
    assert empty.height == 0
    assert empty.schema == conform("boxes", boxes(1)).schema


def test_how_the_rows_came_does_not_matter(target: Target) -> None:
    table = boxes(3 * PORTION_ROWS + 11)
    once = made("boxes", target, [table])
    assert made("boxes", target, list(table.iter_slices(29_989))) == once
    assert read_parquet(once).equals(conform("boxes", table))


MAKE = """
import sys
from nof1sim.dataset.target import Target
sys.path.insert(0, sys.argv[1])
from test_spool import boxes, made
import hashlib
for name in "ab":
    target = Target(sys.argv[2] + name)
    print(hashlib.sha256(made("boxes", target, [boxes(70_001, k * 70_001) for k in range(9)])).hexdigest())
"""


def test_bytes_do_not_depend_on_threads_or_chance(tmp_path: Path) -> None:
    def run(threads: int) -> list[str]:
        environment = {"POLARS_MAX_THREADS": str(threads), "PYTHONPATH": ":".join(p for p in sys.path if p)}
        command = [sys.executable, "-c", MAKE, str(Path(__file__).parent), str(tmp_path / f"{threads}")]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split()

    found = [digest for threads in (1, 2, 8) for digest in run(threads)]
    assert len(found) == 6
    assert len(set(found)) == 1


def test_other_columns_than_before_are_a_bug(target: Target, tmp_path: Path) -> None:
    spool = Spool("observations", target, tmp_path)
    spool.add(DAYS)
    with pytest.raises(ValueError, match="columns changed"):
        spool.add(DAYS.with_columns(dropped_out=pl.lit(False)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_a_letter(target: Target, tmp_path: Path) -> None:
    spool = Spool("boxes", target, tmp_path)
    spool.add(boxes(PORTION_ROWS))
    spool._file = Path("/dev/full")
    with pytest.raises(DatasetError, match=r"boxes.parquet cannot be written.*No space left.*same command"):
        spool.store()


def test_what_a_crash_leaves_in_a_scratch_folder_is_hidden_and_swept(target: Target) -> None:
    target.write(f"{WORK}/{TEMPORARY}abc/boxes.0", b"half a table")
    assert target.list() == []
    assert target.sweep() == 1
    assert target.local is not None
    assert list(target.local.iterdir()) == []


def test_the_pieces_are_no_more_than_the_table(target: Target, tmp_path: Path) -> None:
    spool = Spool("boxes", target, tmp_path / "scratch")
    (tmp_path / "scratch").mkdir()
    spool.add(boxes(PORTION_ROWS))
    assert len(list((tmp_path / "scratch").iterdir())) == 1
    data = target.read(spool.store().path)
    assert pl.read_parquet(io.BytesIO(data)).height == PORTION_ROWS
    assert list((tmp_path / "scratch").iterdir()) == []
