from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.dataset.images import note_of
from nof1sim.dataset.labelled import HAYASHI_CLASSES, read_labelled
from nof1sim.editing.balance import Balanced, Style, balance, plan
from nof1sim.editing.balance_plan import Ask
from nof1sim.editing.bands import HAYASHI
from nof1sim.errors import DatasetError, InputError
from nof1sim.randomness import stream

HERE = Path(__file__).parent
NO_FACE, CROWDED = (0, 0, 0), (10, 10, 250)
Photos = Callable[..., Path]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("nof1sim_test_editors").MakeDots


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    """A folder of small pictures: counts of the classes; persons take turns; first[path]: a first pixel."""

    def write(
        counts: tuple[int, ...] = (6, 4, 2, 1), split: str = "train", first: dict[str, Any] | None = None
    ) -> Path:
        home, rows = tmp_path / "photos", []
        home.mkdir()
        for label, count in enumerate(counts):
            for number in range(count):
                name = f"{split}/c{label}_{number}.png"
                pixels = stream(0, name).integers(60, 220, (24, 24, 3), dtype=np.uint8)
                if name in (first or {}):
                    pixels[0, 0] = (first or {})[name]
                (home / name).parent.mkdir(exist_ok=True)
                exif = Image.Exif()
                exif[0x010E] = "taken at home, 52.39 N 13.06 E"
                Image.fromarray(pixels).save(home / name, exif=exif)
                rows.append((name, str(label), f"p{len(rows) % 5}", split))
        pl.DataFrame(rows, ["file", "label", "person", "split"], orient="row").write_csv(home / "labels.csv")
        return home

    return write


def ran(home: Path, make: Any, out: str = "out", to: int = 6, **more: Any) -> Balanced:
    ask = Ask(HAYASHI, to, **more.pop("ask", {}))
    more = {"style": Style("png"), "workers": 1, "make": make} | more
    return balance(home, home / "labels.csv", home.parent / out, ask, "form v2", **more)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_balanced_folder(photos: Photos, make: Any) -> None:
    home = photos()
    done = ran(home, make())
    assert [(line.original, line.generated, line.total) for line in done.lines] == [
        (6, 0, 6),
        (4, 2, 6),
        (2, 4, 6),
        (1, 5, 6),
    ]
    assert not done.missed
    out = Path(done.out)
    edits = pl.read_csv(out / "manifest.csv", infer_schema=False)
    assert edits.height == 11
    labels = {row["file"]: row for row in pl.read_csv(home / "labels.csv", infer_schema=False).to_dicts()}
    for row in edits.to_dicts():
        source = labels[row["source"]]
        assert (row["person"], row["split"], row["source_label"]) == (source["person"], "train", source["label"])
        assert row["added_hayashi"] == row["label"] > row["source_label"]
        assert row["sha256"] == hashlib.sha256((out / row["file"]).read_bytes()).hexdigest()
        assert row["sha256_source"] == hashlib.sha256((home / row["source"]).read_bytes()).hexdigest()
        changed = (np.asarray(Image.open(out / row["file"])) != np.asarray(Image.open(home / row["source"]))).any(
            axis=2
        )
        assert 0 < changed.sum() <= int(row["added_lesions"])
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["consent"], manifest["complete"], manifest["persons_known"]) == ("form v2", True, True)
    for name, file in manifest["files"].items():
        assert file["sha256"] == hashlib.sha256((out / name).read_bytes()).hexdigest()
    assert {"balance.csv", "manifest.csv", "labels.csv"} == set(manifest["files"])
    assert str(home) not in (out / "manifest.json").read_text()


def test_the_balanced_folder_reads_back_and_persons_stay_in_their_split(photos: Photos, make: Any) -> None:
    out = Path(ran(photos(), make()).out)
    found = read_labelled(out, out / "labels.csv", classes=HAYASHI_CLASSES)
    assert found.faults == ()
    assert [found.count(label, "train") for label in HAYASHI_CLASSES] == [6, 6, 6, 6]
    frame = pl.read_csv(out / "labels.csv", infer_schema=False)
    assert frame.group_by("source").agg(pl.col("person").n_unique())["person"].to_list() == [1] * 13


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_no_metadata_of_the_photograph_remains_and_edits_say_what_they_are(
    photos: Photos, make: Any, format: str
) -> None:
    out = Path(ran(photos(), make(), style=Style(format)).out)  # type: ignore[arg-type]
    for path in (out / "originals").rglob("*.*"):
        with Image.open(path) as image:
            assert not image.getexif()
            assert not note_of(image)[1]
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "loop", "background"}
    edited = list((out / "edited").rglob("*.*"))
    assert len(edited) == 11
    for path in edited:
        assert b"52.39" not in path.read_bytes()
        with Image.open(path) as image:
            assert "synthetic" in image.getexif()[270]
            text, note = note_of(image)
        assert text.count("compositeSynthetic") == 1
        assert note["label"] == path.parts[-3]


def test_the_same_bytes_whatever_the_workers(photos: Photos, make: Any) -> None:
    home = photos(first={"train/c0_1.png": NO_FACE, "train/c1_0.png": CROWDED})
    ran(home, make(), "one")
    ran(home, make(), "two", workers=2)
    assert hashes(home.parent / "one") == hashes(home.parent / "two")


def test_a_killed_run_goes_on_with_the_same_bytes(photos: Photos, make: Any, tmp_path: Path) -> None:
    home = photos(first={"train/c0_1.png": NO_FACE})
    ran(home, make(), "whole")
    script = (
        f"import sys; sys.path.insert(0, {str(HERE)!r})\n"
        "from nof1sim_test_editors import MakeDots\n"
        "from nof1sim.editing.balance import Style, balance\n"
        "from nof1sim.editing.balance_plan import Ask\n"
        "from nof1sim.editing.bands import HAYASHI\n"
        f"home = {str(home)!r}\n"
        f"balance(home, home + '/labels.csv', {str(tmp_path / 'cut')!r}, Ask(HAYASHI, 6), 'form v2',\n"
        "        style=Style('png'), workers=1, make=MakeDots(die_at=4))\n"
    )
    died = subprocess.run([sys.executable, "-c", script], check=False, cwd=Path.cwd())
    assert died.returncode == -9
    cut = tmp_path / "cut"
    assert len(list((cut / "edited").rglob("*.png"))) == 4
    assert not (cut / "manifest.json").exists()
    left = next((cut / "edited").rglob("*.png"))  # cut off between a picture and its record, and a picture damaged
    (cut / ".nof1sim" / "records" / f"{left.relative_to(cut)}.json").unlink()
    (tmp_path / "log").mkdir()
    done = ran(home, make(log=str(tmp_path / "log")), "cut")
    assert not done.missed
    assert len(list((tmp_path / "log").iterdir())) == 11 - 3  # the finished ones were not made again
    assert hashes(cut) == hashes(tmp_path / "whole")


def test_a_finished_run_does_nothing_again(photos: Photos, make: Any, tmp_path: Path) -> None:
    home = photos()
    before = hashes(Path(ran(home, make()).out))
    (tmp_path / "log").mkdir()
    ran(home, make(log=str(tmp_path / "log")))
    assert list((tmp_path / "log").iterdir()) == []
    assert hashes(tmp_path / "out") == before


def test_a_bad_photograph_is_listed_and_replaced(photos: Photos, make: Any) -> None:
    home = photos(first={"train/c0_1.png": NO_FACE, "train/c0_2.png": NO_FACE, "train/c1_0.png": CROWDED})
    done = ran(home, make())
    assert not done.missed
    where = [str(failure).partition(":")[0] for failure in done.failures]
    assert len(where) == len(set(where))
    assert set(where) <= {"train/c0_1.png", "train/c0_2.png", "train/c1_0.png as class 3"}
    assert {"train/c0_1.png", "train/c0_2.png"} <= set(where)
    assert not {"train/c0_1.png", "train/c0_2.png"} & {task.source.path for task in done.tasks}


def test_a_target_that_is_missed(photos: Photos, make: Any) -> None:
    home = photos((2, 0, 0, 1), first={"train/c0_1.png": NO_FACE})
    done = ran(home, make(), to=4, ask={"fill": ("2",)})
    assert [(line.label, line.total, line.short) for line in done.missed] == [("2", 3, 1)]
    assert json.loads((Path(done.out) / "manifest.json").read_text())["complete"] is False


def test_an_unreadable_photograph_is_neither_copied_nor_a_source(photos: Photos, make: Any) -> None:
    home = photos()
    (home / "train/c0_0.png").write_bytes(b"no picture")
    done = ran(home, make())
    assert [failure.path for failure in done.failures] == ["train/c0_0.png"]
    assert [(line.original, line.generated) for line in done.lines] == [(5, 0), (4, 2), (2, 4), (1, 5)]
    assert [(line.label, line.short) for line in done.missed] == [("0", 1)]


def test_without_copies(photos: Photos, make: Any) -> None:
    out = Path(ran(photos(), make(), style=Style("png", originals=False)).out)
    assert not (out / "originals").exists()
    assert set(pl.read_csv(out / "labels.csv")["origin"]) == {"edited"}


def test_only_named_splits_are_edited(photos: Photos, make: Any, tmp_path: Path) -> None:
    home = photos()
    frame = pl.read_csv(home / "labels.csv", infer_schema=False)
    test = pl.col("person").is_in(["p0", "p1"])
    frame.with_columns(split=pl.when(test).then(pl.lit("test")).otherwise(pl.lit("train"))).write_csv(
        home / "labels.csv"
    )
    done = ran(home, make(), ask={"fill": ("2", "3")})
    assert {task.split for task in done.tasks} == {"train"}
    assert not {task.source.person for task in done.tasks} & {"p0", "p1"}
    labels = pl.read_csv(Path(done.out) / "labels.csv", infer_schema=False)
    assert labels.group_by("person").agg(pl.col("split").n_unique())["split"].to_list() == [1] * 5
    assert labels.filter(split="test")["origin"].unique().to_list() == ["original"]
    named = ran(home, make(), "named", ask={"fill": ("3",), "splits": ("test",), "per_source": 5})
    assert {task.source.person for task in named.tasks} <= {"p0", "p1"}
    assert named.splits_edited_for_testing == "test"


def test_two_persons_with_equal_bytes_are_no_sources(photos: Photos, make: Any) -> None:
    home = photos()
    (home / "train/c0_1.png").write_bytes((home / "train/c0_0.png").read_bytes())
    done = ran(home, make(), to=4)
    assert "one person for byte-identical images" in str(done.labelled.faults[0])
    used = {task.source.path for task in done.tasks}
    assert not used & {"train/c0_0.png", "train/c0_1.png"}
    assert done.lines[0].original == 4


def test_names_that_differ_by_their_ending(photos: Photos, make: Any) -> None:
    home = photos()
    Image.open(home / "train/c1_0.png").rotate(90).save(home / "train/c1_0.jpg")
    with (home / "labels.csv").open("a") as file:
        file.write("train/c1_0.jpg,1,p9,train\n")
    out = Path(ran(home, make()).out)
    assert len(list((out / "originals").rglob("*.png"))) == 14


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"consent": "  "}, "--consent"),
        ({"out": "photos/out"}, "--out"),
        ({"out": "."}, "--out"),
        ({"ask": {"to": 0}}, "--to"),
        ({"ask": {"per_source": 0}}, "--per-source"),
        ({"ask": {"seed": -1}}, "--seed"),
        ({"ask": {"fill": ("5",)}}, "--fill"),
        ({"ask": {"to": 20}}, "class 0"),
    ],
)
def test_wrong_requests(photos: Photos, make: Any, tmp_path: Path, change: dict[str, Any], words: str) -> None:
    home = photos()
    ask = Ask(**({"bands": HAYASHI, "to": 6} | change.get("ask", {})))
    with pytest.raises(InputError, match=words):
        balance(
            home,
            home / "labels.csv",
            tmp_path / change.get("out", "out"),
            ask,
            change.get("consent", "form"),
            make=make(),
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_a_folder_of_something_else_is_not_touched(photos: Photos, make: Any, tmp_path: Path) -> None:
    home = photos()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    with pytest.raises(DatasetError, match="is not empty"):
        ran(home, make())
    ran(home, make(), "other")
    with pytest.raises(DatasetError, match="other options"):
        ran(home, make(), "other", to=5)
    (home / "train" / "c0_0.png.landmarks.json").write_text("{}")
    with pytest.raises(DatasetError, match="other landmarks"):
        ran(home, make(), "other")


def test_a_plan_looks_at_no_photograph(photos: Photos) -> None:
    home = photos()
    (home / "train/c0_0.png").write_bytes(b"no picture")
    planned = plan(home, home / "labels.csv", Ask(HAYASHI, 6))
    assert [line.generated for line in planned.lines] == [0, 2, 4, 5]
    assert sorted(path.name for path in home.parent.iterdir()) == ["photos"]
