"""Reading pictures with severities: scale, base pictures, a split by person; what is wrong is named and counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.errors import InputError
from nof1sim.learning.samples import read_samples


def read(home, size=16, **more):
    return read_samples(home, size, table=home.parent / "labels.csv", **more)


def test_a_folder_with_a_table(folder):
    found = read(folder())
    assert found.pixels.shape == (24, 16, 16, 3)
    assert found.pixels.dtype == np.uint8
    assert found.severity.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1] * 6)
    for row, base in enumerate(found.base.tolist()):
        assert found.persons[base] == found.persons[row]
        assert found.severity[base] == 0
    assert not set(found.people("train")) & set(found.people("val"))
    assert len(found.people("val")) == 1


def test_the_base_is_of_the_lowest_severity_there_is(folder):
    found = read(folder(change=lambda t: t.filter(~((pl.col("person") == "p2") & (pl.col("severity") < 2)))))
    rows = [row for row, person in enumerate(found.persons) if person == "p2"]
    assert {found.names[found.base[row]] for row in rows} == {"p2_2.png"}


def test_a_scale_of_the_users_own(folder):
    home = folder()
    assert read(home, scale=(0, 6)).severity.max() == pytest.approx(0.5)
    with pytest.raises(InputError, match="--scale low:high"):
        read(home, scale=(0, 2))


def test_a_simulated_dataset(simulated):
    found = read_samples(simulated, 16)
    assert found.scale.column == "severity_true"
    assert (found.scale.low, found.scale.high) == (0.0, 3.0)
    assert set(found.persons) == {"1", "2", "3"}
    assert read_samples(simulated, 16, severity="AcneSeverity").scale.high == 3.0
    assert read_samples(simulated, 16).digest() == found.digest()
    assert read_samples(simulated, 16, seed=1).digest() != found.digest()
    with pytest.raises(InputError, match="--views"):
        read_samples(simulated, 16, views=["left"])
    with pytest.raises(InputError, match="Did you mean"):
        read_samples(simulated, 16, severity="severity_tru")


def test_too_few_and_one_severity(folder):
    home = folder()
    with pytest.raises(InputError, match=r"24 pictures.*30 or more"):
        read(home, least=30)
    table = home.parent / "labels.csv"
    pl.read_csv(table).with_columns(severity=pl.lit(2.0)).write_csv(table)
    with pytest.raises(InputError, match="24 pictures, all of label 2"):
        read(home)


def test_modes_are_named_with_counts(folder):
    home = folder()
    for name, mode in (("p0_0.png", "L"), ("p1_0.png", "RGBA"), ("p1_1.png", "RGBA"), ("p2_0.png", "P")):
        Image.open(home / name).convert(mode).save(home / name)
    with pytest.raises(InputError, match=r"2 with transparency \(RGBA\), 1 grey \(L\), 1 with a palette") as error:
        read(home)
    assert "Convert them" in str(error.value)


def test_mixed_sizes_need_resize(folder):
    home = folder()
    Image.open(home / "p0_1.png").resize((40, 30)).save(home / "p0_1.png")
    with pytest.raises(InputError, match=r"23 of 24 x 24 px, 1 of 40 x 30 px.*--resize"):
        read(home)
    assert read(home, resize=True).notes == ("Of 1 pictures that are not square the central square is used.",)


def test_small_pictures_need_resize(folder):
    home = folder()
    with pytest.raises(InputError, match="--size 24 or less"):
        read(home, size=32)
    assert read(home, size=32, resize=True).pixels.shape[1:3] == (32, 32)


def test_unreadable_files_are_listed(folder):
    home = folder()
    data = (home / "p3_2.png").read_bytes()
    (home / "p3_2.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"1 of 24 files.*p3_2\.png"):
        read(home)


def test_a_split_of_the_users(folder):
    home = folder(change=lambda t: t.with_columns(
        split=pl.when(pl.col("person") == "p0").then(pl.lit("val")).when(pl.col("person") == "p1").then(pl.lit("test"))
        .otherwise(pl.lit("train"))
    ))  # fmt: skip
    found = read(home)
    assert found.people("val") == ["p0"]
    assert "p1" not in found.persons
    table = home.parent / "labels.csv"
    frame = pl.read_csv(table)
    frame.with_columns(split=pl.when(pl.col("file") == "p0_0.png").then(pl.lit("train")).otherwise("split")).write_csv(
        table
    )
    with pytest.raises(InputError, match="p0: "):
        read(home)
