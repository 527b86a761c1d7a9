"""Balancing for real: faces of the procedural renderer as photographs, with their key points beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim.dataset.labelled import Labelled
from nof1sim.editing.balance import Balanced, Style, balance
from nof1sim.editing.balance_editor import PortraitEditor
from nof1sim.editing.balance_plan import Ask, Task
from nof1sim.editing.bands import HAYASHI
from nof1sim.errors import RenderError
from nof1sim.model import Nuisance, Patient, Scene, View
from nof1sim.render.portrait.landmarks import Landmarks
from nof1sim.render.portrait.sidecar import load_sidecar, read_sidecar
from nof1sim.render.procedural import ProceduralRenderer
from nof1sim.render.procedural.renderer import no_lesions

SIZE = 320
EDITOR = PortraitEditor(False, None)


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people without lesions, light and dark, and a picture of nobody; labels.csv calls them mild."""
    home = tmp_path_factory.mktemp("people")
    renderer = ProceduralRenderer()
    for rank, ita in enumerate((45.0, -20.0)):
        patient = Patient(f"P{rank + 1:03d}", str(rank + 1), rank, 24.0, "FM"[rank], ita, 2)
        view = View(Scene(patient, 1, no_lesions()), "front", Nuisance(), SIZE, 0, (patient.key, 1, 1, "front"))
        render = renderer.render([view])[0]
        path = home / f"{'ab'[rank]}.png"
        Image.fromarray(render.pixels).save(path)
        points = {name: at for name, at in render.keypoints_px.items() if np.isfinite(at).all()}
        document = {"points_px": {name: [float(v) for v in at] for name, at in points.items()}, "source": "rendered"}
        path.with_name(f"{path.name}.landmarks.json").write_text(json.dumps(document))
    Image.fromarray(np.full((SIZE, SIZE, 3), 90, np.uint8) + np.arange(3, dtype=np.uint8) * 20).save(
        home / "nobody.png"
    )
    rows = [("a.png", "0", "anna"), ("b.png", "0", "bela"), ("nobody.png", "0", "nobody")]
    pl.DataFrame(rows, ["file", "label", "person"], orient="row").write_csv(home / "labels.csv")
    return home


def ran(home: Path, out: Path) -> Balanced:
    ask, style = Ask(HAYASHI, 2, fill=("1", "2", "3"), per_source=4), Style("png")
    return balance(home, home / "labels.csv", out, ask, "invented people", style=style, make=MakeEditor(), workers=1)


class MakeEditor:
    """The editor without any network, whatever is installed here."""

    def __call__(self) -> PortraitEditor:
        return EDITOR


def test_every_class_of_two_faces(people: Path, tmp_path: Path) -> None:
    done = ran(people, tmp_path / "out")
    assert not done.missed
    assert {failure.path for failure in done.failures} <= {"nobody.png"}
    edits = pl.read_csv(tmp_path / "out" / "manifest.csv", infer_schema=False)
    assert edits.height == 6
    for row in edits.to_dicts():
        assert row["added_hayashi"] == row["label"]
        assert int(row["added_lesions"]) == 2 * int(row["asked_half"])
        before = np.asarray(Image.open(people / row["source"]), int)
        after = np.asarray(Image.open(tmp_path / "out" / row["file"]), int)
        touched = (before != after).any(axis=2)
        assert 0.002 < touched.mean() < 0.5  # lesions, and nothing of the backdrop
        assert not touched[:10].any()
        redder = (after - before)[touched]
        assert redder[:, 0].mean() > redder[:, 1].mean()


def test_more_lesions_touch_more_skin(people: Path) -> None:
    opened = EDITOR.open(people / "a.png")
    source = Labelled("a.png", "0", "anna", None)
    task = Task("all", source, "1", 1, 8, 20, False, 5)
    few, many = EDITOR.edit(opened, task), EDITOR.edit(opened, replace(task, label="2", lesions_half=35))
    before = EDITOR.read(people / "a.png")
    assert ((few.pixels != before).any(axis=2)).sum() * 1.5 < ((many.pixels != before).any(axis=2)).sum()
    again = EDITOR.edit(EDITOR.open(people / "a.png"), task)
    assert np.array_equal(few.pixels, again.pixels)
    assert (few.added, few.hayashi, few.landmarks) == (16, 1, "rendered")


def test_half_a_face_is_classed_by_its_own_count(people: Path) -> None:
    editor = PortraitEditor(True, None)
    task = Task("all", Labelled("a.png", "0", "anna", None), "1", 1, 8, 20, False, 5)
    made = editor.edit(editor.open(people / "a.png"), task)
    assert (made.added, made.hayashi) == (8, 1)


def test_a_face_that_stays_severe_is_no_mild_one(people: Path, tmp_path: Path) -> None:
    severe = Task("all", Labelled("a.png", "0", "anna", None), "3", 1, 65, 70, False, 5)
    made = EDITOR.edit(EDITOR.open(people / "a.png"), severe)
    Image.fromarray(made.pixels).save(tmp_path / "severe.png")
    (tmp_path / "severe.png.landmarks.json").write_bytes((people / "a.png.landmarks.json").read_bytes())
    opened = EDITOR.open(tmp_path / "severe.png")
    to_nothing = Task("all", Labelled("severe.png", "3", "anna", None), "0", 1, 0, 0, True, 5)
    with pytest.raises(RenderError, match="red spots'; allowed: at most 0"):
        EDITOR.edit(opened, to_nothing)


def test_nobody_has_no_landmarks(people: Path) -> None:
    with pytest.raises(RenderError, match="no landmarks"):
        EDITOR.open(people / "nobody.png")


def test_key_points_lie_beside_every_picture_and_are_part_of_the_run(people: Path, tmp_path: Path) -> None:
    ran(people, tmp_path / "out")
    labels = pl.read_csv(tmp_path / "out" / "labels.csv", infer_schema=False).to_dicts()
    assert {row["origin"] for row in labels} == {"original", "edited"}
    for row in labels:
        path = tmp_path / "out" / row["file"]
        beside = path.with_name(f"{path.name}.landmarks.json")
        if row["source"] == "nobody.png":
            assert not beside.exists()
            assert row["sha256_landmarks"] is None
            continue
        assert row["sha256_landmarks"] == hashlib.sha256(beside.read_bytes()).hexdigest()
        found = load_sidecar(beside, Image.open(path).size)
        true = load_sidecar(people / f"{row['source']}.landmarks.json")
        assert found.points_px == true.points_px
        assert (found.size_px, found.source) == ((SIZE, SIZE), "rendered")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    lost = next((tmp_path / "out" / "edited").rglob("*.landmarks.json"))
    lost.unlink()
    ran(people, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_a_copy_gets_the_points_that_a_network_found_for_an_edit(people: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(people / "a.png", home)
    (home / "labels.csv").write_text("file,label,person\na.png,0,anna\n")
    points = read_sidecar(people / "a.png.landmarks.json")

    class Network:
        def landmarks(self, pixels: object, where: str) -> Landmarks:
            del pixels, where
            return Landmarks(points, "network")

    class Make:
        def __call__(self) -> PortraitEditor:
            return PortraitEditor(False, Network())

    ask = Ask(HAYASHI, 1, fill=("1",))
    done = balance(home, home / "labels.csv", tmp_path / "out", ask, "x", style=Style("png"), make=Make(), workers=1)
    assert done.failures == ()
    copy = load_sidecar(tmp_path / "out" / "originals" / "a.png.landmarks.json", (SIZE, SIZE))
    edited = next((tmp_path / "out" / "edited").rglob("*.landmarks.json"))
    assert load_sidecar(edited) == copy
    assert copy.source == "network"
    assert copy.points_px["pronasale"] == points["pronasale"]


def test_why_a_photograph_failed_names_no_folder(people: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(people, home)
    (home / "nobody.png").write_bytes(b"no picture")
    with (home / "labels.csv").open("a") as file:
        file.write(f"{tmp_path}/elsewhere/c.png,0,cora\n")
    done = ran(home, tmp_path / "out")
    assert [str(failure).count("nobody.png") for failure in done.failures] == [1]
    text = (tmp_path / "out" / "manifest.json").read_text()
    assert "c.png" in text
    assert str(tmp_path) not in text
