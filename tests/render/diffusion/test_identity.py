"""Identity figures of a dataset, with stub networks: who is alike, who is not, what is left out; and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from nof1sim.errors import DatasetError, ModelNotAvailable
from nof1sim.render.diffusion.identity import IdentityFigures, identity_figures

pytest.importorskip("insightface", reason="the extra `face` is not installed")
pytest.importorskip("onnx")

from nof1sim.cli import app
from nof1sim.render.diffusion.faces import FaceReader, load_faces
from nof1sim.simulation.identity import identity_of_dataset

from .stub_pack import face, write_pack

DARK = np.full((128, 128, 3), 9, np.uint8)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("models") / "antelopev2").parent


@pytest.fixture(scope="module")
def reader(models: Path) -> FaceReader:
    return load_faces(models / "antelopev2")


def people(*rows: tuple[str, list[np.ndarray]]) -> list:
    return [(name, [(f"{name}_{i}", picture) for i, picture in enumerate(pictures)]) for name, pictures in rows]


def test_figures(reader: FaceReader) -> None:
    given = people(("1", [face(1), face(1, noise=5), DARK, face(1, noise=20)]), ("2", [face(2), face(2)]))
    figures = identity_figures(given, reader)
    one, two = figures.patients
    assert (one.pictures, one.no_face, one.reference, one.worst) == (2, 1, "1_0", "1_3")
    assert one.minimum is not None
    assert 0.8 < one.minimum < 0.9999
    assert two.minimum == pytest.approx(1, abs=1e-6)
    assert figures.minimum == one.minimum
    assert figures.between is not None
    assert figures.between < 0.5
    assert figures.pair == ("1", "2")
    assert figures.goals["between < 0.5"] is True


def test_another_person_shows(reader: FaceReader) -> None:
    given = people(("1", [face(1), face(1), face(2)]), ("3", [face(1, noise=5), face(1)]))
    figures = identity_figures(given, reader)
    assert figures.patients[0].worst == "1_2"
    assert figures.goals == {"within, minimum >= 0.85": False, "within, median >= 0.95": False, "between < 0.5": False}


def test_those_without_a_face_are_left_out_by_name(reader: FaceReader) -> None:
    figures = identity_figures(people(("1", [DARK, face(1)]), ("2", []), ("3", [face(3)])), reader)
    assert set(figures.failed) == {"1", "2"}
    assert "no face found" in figures.failed["1"]
    assert (figures.between, figures.minimum, figures.goals["between < 0.5"]) == (None, None, None)
    document = figures.document()
    assert document["patients"][0]["min"] is None
    json.dumps(document)


def test_damaged_networks_are_no_missing_face() -> None:
    class Broken:
        pack = "antelopev2"

        def analyse(self, image: np.ndarray, where: str = ""):
            raise ModelNotAvailable("damaged")

    with pytest.raises(ModelNotAvailable, match="damaged"):
        identity_figures(people(("1", [face(1)])), Broken())  # pyright: ignore[reportArgumentType]


@pytest.fixture
def faces_dataset(trial: Path) -> Path:
    """The small trial with stub faces as its pictures: each patient another, patient 2 swapped on the last day."""
    table = pl.read_csv(trial / "observations.csv").filter(pl.col("image_front").is_not_null())
    last = table.filter(pl.col("patient_id") == 2)["image_front"][-1]
    for patient, path in table.select("patient_id", "image_front").iter_rows():
        person = 7 if path == last else patient
        Image.fromarray(face(person, size=64)).save(trial / path, quality=95)
    return trial


def test_a_dataset(faces_dataset: Path, reader: FaceReader) -> None:
    heard: list[tuple[int, int, str]] = []
    figures = identity_of_dataset(faces_dataset, reader, every=7, tell=lambda *told: heard.append(told))
    assert isinstance(figures, IdentityFigures)
    assert [one.patient for one in figures.patients] == ["1", "2", "3"]
    assert heard[-1][0] == heard[-1][1] == sum(one.pictures + 1 for one in figures.patients)
    assert figures.minimum is not None
    assert figures.minimum > 0.85
    (faces_dataset / "truth" / "portraits").mkdir()
    Image.fromarray(face(9, size=64)).save(faces_dataset / "truth" / "portraits" / "P003.png")
    beside = identity_of_dataset(faces_dataset, reader, every=7)
    assert beside.patients[2].reference == "truth/portraits/P003.png"
    assert beside.goals["within, minimum >= 0.85"] is False
    with pytest.raises(DatasetError, match="view: got 'left'; allowed: front"):
        identity_of_dataset(faces_dataset, reader, view="left")


def test_the_command(faces_dataset: Path, models: Path) -> None:
    words = ["models", "identity", str(faces_dataset), "--models", str(models), "--every", "17"]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0, shown.output
    assert "Goal within, minimum >= 0.85: MISSED" in shown.output  # day 35 of patient 2 shows somebody else
    assert "Between people, at most" in shown.output
    document = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert document["pack"] == "antelopev2"
    assert "P002_d035" in document["patients"][1]["worst"]
    assert [one["min"] > 0.85 for one in document["patients"]] == [True, False, True]
