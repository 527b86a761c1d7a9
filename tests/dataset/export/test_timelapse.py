from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageSequence

from nof1sim.dataset.export.base import Options, export
from nof1sim.dataset.export.frames import COLOURS, UNTREATED, Moment, Strip, colours_of, frame, strip_height
from nof1sim.dataset.export.timelapse import LEFT, MISSED, NO_PICTURE, _moments
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.simulation.driver import simulate

DESIGN = {"baseline_days": 1, "period_days": 1, "cycles": 1}


@pytest.fixture(scope="module")
def films(exported: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(exported, "timelapse", tmp_path_factory.mktemp("films") / "out", Options(more={"size": "160"}))


def gaps(exported: Dataset, rank: int, view: str = "image_front") -> list[bool]:
    rows = exported.observations().filter(pl.col("patient_id") == exported.patient_ids()[rank])
    return rows[view].is_null().to_list()


def test_a_film_for_each_patient_and_view_a_frame_for_each_day(exported: Dataset, films: Path) -> None:
    names = [f"P00{k}_{view}.webp" for k in (1, 2, 3, 4) for view in ("front", "left")]
    assert sorted(path.name for path in films.glob("*.webp")) == names
    missed = 0
    for rank in range(4):
        with Image.open(films / f"P00{rank + 1}_front.webp") as film:
            assert film.size == (160, 160 + strip_height(160))
            bright = [np.asarray(one.convert("RGB"))[:160].mean() for one in ImageSequence.Iterator(film)]
        for gap, level in zip(gaps(exported, rank), bright, strict=True):
            missed += gap
            assert (level < 50) == gap  # a gap is dim
    assert missed > 0


def test_frames_show_the_days_own_picture(exported: Dataset, films: Path) -> None:
    unit = next(unit for unit in exported.units() if (unit.rank, unit.day, unit.view) == (1, 3, "front"))
    with Image.open(films / "P002_front.webp") as film:
        film.seek(2)
        shown = np.asarray(film.convert("RGB").crop((0, 0, 160, 160)).resize((64, 64))).astype(float)
    assert np.abs(shown - exported.image(unit)).mean() < 8


def test_webp_says_that_it_is_synthetic(films: Path) -> None:
    with Image.open(films / "P001_front.webp") as film:
        assert "does not exist" in film.getexif()[270]
        assert b"algorithmicMedia" in film.info["xmp"]
        assert film.info["loop"] == 0


def test_gif_plays_at_the_speed_asked_for(exported: Dataset, tmp_path: Path) -> None:
    more = {"format": "gif", "size": "160", "patients": "2", "fps": "5"}
    out = export(exported, "timelapse", tmp_path / "out", Options(more=more))
    with Image.open(out / "P002_front.gif") as film:
        assert b"does not exist" in film.info["comment"]
        delays = [one.info["duration"] for one in ImageSequence.Iterator(film)]
        assert sum(delays) == 200 * len(gaps(exported, 1))


def test_mp4_can_be_read_back(exported: Dataset, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.importorskip("imageio_ffmpeg", reason="needs ffmpeg or imageio-ffmpeg")
    from nof1sim.dataset.export.film import _ffmpeg

    more = {"format": "mp4", "size": "160", "patients": "2", "fps": "12"}
    out = export(exported, "timelapse", tmp_path / "out", Options(more=more))
    path = str(out / "P002_front.mp4")
    command = [_ffmpeg(), "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    pixels = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8)
    frames = pixels.reshape(-1, 160 + strip_height(160), 160, 3)
    assert len(frames) == len(gaps(exported, 1))
    assert b"does not exist" in Path(path).read_bytes()
    again = export(exported, "timelapse", tmp_path / "again", Options(more=more))
    assert (again / "P002_front.mp4").read_bytes() == Path(path).read_bytes()


def test_without_an_encoder_a_letter(exported: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(DatasetError, match="pip install imageio-ffmpeg"):
        export(exported, "timelapse", tmp_path / "out", Options(more={"format": "mp4"}))
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_leaves_nothing(
    exported: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nof1sim.dataset.export.film._ffmpeg", lambda: "false")
    with pytest.raises(DatasetError, match="ffmpeg failed"):
        export(exported, "timelapse", tmp_path / "out", Options(more={"format": "mp4"}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"format": "avi"}, "got 'avi'; allowed: webp, gif, mp4"),
        ({"size": "64"}, "a number from 160 to 1024"),
        ({"size": "big"}, "a number from 160 to 1024"),
        ({"fps": "0"}, "a number from 1 to 50"),
        ({"patients": "1+9"}, r"got '9'; allowed: ids of patients.*There are: 1, 2, 3, 4"),
    ],
)
def test_wrong_options_are_refused(exported: Dataset, tmp_path: Path, more: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        export(exported, "timelapse", tmp_path / "out", Options(more=more))
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_of_tables_has_no_films(tmp_path: Path) -> None:
    protocol = with_changes(load_protocol("default"), cohort={"patients": 1}, design=DESIGN, images={"enabled": False})
    simulate(protocol, tmp_path / "trial", workers=1)
    with pytest.raises(DatasetError, match="holds no pictures"):
        export(open_dataset(tmp_path / "trial"), "timelapse", tmp_path / "out")


def test_names_of_patients_cannot_leave_the_folder(tmp_path: Path) -> None:
    cohort = {"patients": 1, "ids": ["../../x"]}
    protocol = with_changes(load_protocol("default"), cohort=cohort, design=DESIGN, images={"size_px": 64})
    simulate(protocol, tmp_path / "trial", workers=1)
    options = Options(more={"patients": "../../x", "size": "160"})
    out = export(open_dataset(tmp_path / "trial"), "timelapse", tmp_path / "a" / "b" / "out", options)
    assert sorted(path.name for path in out.iterdir()) == ["P001_front.webp", "nof1sim-export.json"]


def test_what_a_frame_says_of_a_day_without_a_picture() -> None:
    rows = pl.DataFrame(
        {
            "day": [1, 2, 3, 4, 5],
            "occasion": 1,
            "treatment": "Cream",
            "AcneSeverity": [1.0, None, 2.0, None, None],
            "image_front": ["a", None, None, None, None],
            "dropped_out": [False, False, False, True, True],
        }
    )
    assert [moment.message for moment, _ in _moments(rows, "image_front")] == ["", MISSED, NO_PICTURE, LEFT]


def test_the_band_shows_treatments_and_the_day() -> None:
    colours = colours_of({"Baseline", "Cream", "Gel"}, ("Cream", "Gel"))
    assert colours == {"Baseline": UNTREATED, "Cream": COLOURS[0], "Gel": COLOURS[1]}
    strip = Strip("Patient 1", ["Baseline"] * 4 + ["Cream"] * 4 + ["Gel"] * 4, colours, 1)
    picture = Image.new("RGB", (256, 256), (90, 60, 50))
    made = np.asarray(frame(picture, Moment(6, 1, "Cream", 1.25), strip))
    band = made[256 + round(3.4 * 13)].astype(int)
    assert tuple(band[40]) == UNTREATED
    assert tuple(band[100]) == COLOURS[0]
    assert band[230].sum() < sum(COLOURS[1]) / 2  # still to come
    assert (made[:256] == (90, 60, 50)).all()


@pytest.mark.parametrize("label", ["Adapalène 0.1 %", "Крем", "クリーム", "x" * 300, "", "a\nb"])
def test_any_label_and_size_can_be_drawn(label: str) -> None:
    strip = Strip(label, [label] * 3, colours_of({label}, (label,)), 3)
    for side in (160, 300, 1024):
        made = frame(Image.new("RGB", (side, side)), Moment(2, 3, label, None, MISSED), strip)
        assert made.size == (side, side + strip_height(side))
        assert made.height % 2 == 0
