from __future__ import annotations

import math
import subprocess
import sys
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1sim.dataset.columns import TABLES
from nof1sim.dataset.tables import conform, read_csv, read_parquet, write_csv, write_parquet
from nof1sim.errors import DatasetError

LABEL = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ROW = st.fixed_dictionaries(
    {
        "patient_id": LABEL,
        "date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
        "block": st.integers(1, 99),
        "day": st.integers(1, 40_000),
        "treatment": LABEL,
        "AcneSeverity": FLOATS,
        "occasion": st.integers(1, 24),
        "image_front": st.none() | st.just("images/P001/P001_d001_front.jpg"),
        "rater_a": FLOATS,
        "dropped_out": st.none() | st.booleans(),
    }
)
EXAMPLE = {
    "patient_id": ["1", "1"],
    "date": [date(2018, 1, 1), date(2018, 1, 2)],
    "block": [1, 1],
    "day": [1, 2],
    "treatment": ["Baseline", "Baseline"],
    "AcneSeverity": [3.0, math.nan],
    "occasion": [1, 1],
    "image_front": ["images/P001/P001_d001_front.jpg", None],
    "dropped_out": [False, True],
}


def test_the_first_six_columns_are_those_of_the_published_trial() -> None:
    six = [column.name for column in TABLES["observations"].columns[:6]]
    assert six == ["patient_id", "date", "block", "day", "treatment", "AcneSeverity"]


def test_observations_look_as_the_conventions_say() -> None:
    frame = pl.DataFrame(EXAMPLE).select(reversed(EXAMPLE))
    assert write_csv(conform("observations", frame)).decode() == (
        "patient_id,date,block,day,treatment,AcneSeverity,occasion,image_front,dropped_out\n"
        "1,2018-01-01,1,1,Baseline,3.0,1,images/P001/P001_d001_front.jpg,false\n"
        "1,2018-01-02,1,2,Baseline,,1,,true\n"
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_csv_comes_back(rows: list[dict[str, object]]) -> None:
    types = {name: column.dtype for name in rows[0] if (column := TABLES["observations"].column(name))}
    frame = conform("observations", pl.DataFrame(rows, schema=types))
    data = write_csv(frame)
    assert read_csv(data, "observations").equals(frame)
    assert write_csv(read_csv(data, "observations")) == data
    assert b"\r" not in data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity_true": [1.0, 2.0]}, "knows no column severity_true"),
        ({"latent": [1.0, 2.0]}, "knows no column latent"),
        ({"day": [1, None]}, "'day' may not be empty"),
        ({"block": ["one", "two"]}, "block"),
    ],
)
def test_what_does_not_belong_is_refused(change: dict[str, list[object]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        conform("observations", pl.DataFrame(EXAMPLE | change))
    with pytest.raises(ValueError, match="lacks block"):
        conform("observations", pl.DataFrame(EXAMPLE).drop("block"))


def test_observations_hold_nothing_that_only_a_simulator_knows() -> None:
    secret = {
        "severity_true",
        "latent",
        "part_x",
        "taken",
        "n_inflammatory",
        "effect_a",
        "hayashi",
        "clear",
        "iga",
        "drive_u",
    }
    assert not [name for name in secret if TABLES["observations"].column(name)]
    assert all(TABLES["days"].column(name) for name in secret - {"effect_a"})


def test_a_prefix_alone_is_no_column() -> None:
    assert TABLES["days"].column("part_") is None
    assert TABLES["days"].column("part_trend") is not None


def test_minus_zero_and_nan_are_written_one_way() -> None:
    frame = pl.DataFrame({"x": [-0.0, 0.0, math.nan, None, 0.1 + 0.2], "y": [1, 2, 3, 4, 5]})
    assert write_csv(frame) == b"x,y\n0.0,1\n0.0,2\n,3\n,4\n0.30000000000000004,5\n"


MAKE = """
import hashlib, sys
import polars as pl
from nof1sim.dataset.tables import write_csv, write_parquet
n = 200_000
frame = pl.DataFrame({"a": range(n), "b": [i * 0.1 for i in range(n)], "c": [str(i % 97) for i in range(n)]})
print(hashlib.sha256(write_parquet(frame)).hexdigest(), hashlib.sha256(write_csv(frame)).hexdigest())
"""


def test_tables_have_the_same_bytes_in_every_process_and_with_any_threads() -> None:
    def run(threads: str) -> str:
        environment = {"POLARS_MAX_THREADS": threads, "PYTHONPATH": ":".join(p for p in sys.path if p)}
        return subprocess.run(
            [sys.executable, "-c", MAKE], capture_output=True, text=True, check=True, env=environment
        ).stdout

    first = run("1")
    assert len(first) > 64
    assert run("4") == first


def test_parquet_comes_back_and_chunks_do_not_matter() -> None:
    frame = conform("observations", pl.DataFrame(EXAMPLE))
    data = write_parquet(frame)
    assert read_parquet(data).equals(frame)
    long = pl.DataFrame({"a": range(300_000), "b": [str(i % 7) for i in range(300_000)]})
    pieces = pl.concat([long[:150_001], long[150_001:]], rechunk=False)
    assert pieces.n_chunks() == 2
    assert write_parquet(pieces) == write_parquet(long)


@pytest.mark.parametrize("keep", [0, 3, 100])
def test_damaged_tables_are_letters(keep: int) -> None:
    with pytest.raises(DatasetError, match="Copy it again"):
        read_parquet(write_parquet(pl.DataFrame(EXAMPLE))[:keep])
    with pytest.raises(DatasetError, match="Copy"):
        read_csv(b"")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_csv(b"patient_id,day\n1,one\n", "days")
