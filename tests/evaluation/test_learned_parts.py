"""Parts of the comparison that need a grader, a face pack or a terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.dataset.reader import Dataset
from nof1sim.errors import AnalysisError, InputError, RenderError
from nof1sim.evaluation.learned.model import described, model_of, names_of
from nof1sim.evaluation.learned.result import Row, Value
from nof1sim.evaluation.learned.severity import check_grader, grader_score
from nof1sim.evaluation.learned.space import Faces, fit_space, resized
from nof1sim.evaluation.learned.training import read_training
from nof1sim.grading.examples import Asked
from nof1sim.grading.predict import predict
from nof1sim.grading.recipe import recipe_of
from nof1sim.grading.saved import Grader
from nof1sim.grading.sources import read_examples
from nof1sim.grading.split import Split
from nof1sim.grading.steps import Part
from nof1sim.grading.train import start


def grader_of(labels: str, views: tuple[str, ...] = ("front",)) -> Grader:
    """A network with its first weights: it grades badly, but the same pictures the same way."""
    pytest.importorskip("torch")
    asked = Asked(labels, views=views)
    recipe = recipe_of(size_px=32, head="count" if labels == "count" else None)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, len(views), 32, 32, 3)).astype(np.uint8)
    learn = Part(pixels, np.array([0.0, 1, 2, 0, 1, 2]), np.array([0, 1, 2, 0, 1, 2]), np.zeros(6, bool))
    state = start(recipe, asked.scale, learn, 0)
    return Grader(recipe, asked, state.weights, Split({}, ""), {}, Path())


@pytest.mark.parametrize("labels", ["iga3", "count"])
def test_a_graders_score_is_what_it_predicts_of_a_dataset(labels: str, simulated: Path) -> None:
    grader, dataset = grader_of(labels), Dataset(simulated)
    found = predict(grader, read_examples(simulated, grader.asked, labelled=False))
    units = [unit for unit in dataset.units() if unit.rank == 0]
    panel = np.stack([dataset.image(unit) for unit in units])[None]
    expected = found.counts if labels == "count" else found.expected
    assert expected is not None
    assert grader_score(grader, panel)[0] == pytest.approx(expected[: len(units)], rel=1e-5)


def test_a_grader_of_other_views_is_refused() -> None:
    with pytest.raises(InputError, match=r"--grader.*left.*--views front"):
        check_grader(grader_of("iga3", ("front", "left")))


def test_without_torch_a_grader_is_refused_before_anything_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    grader = grader_of("iga3")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(AnalysisError, match="torch"):
        check_grader(grader)


@dataclass(frozen=True)
class Pack:
    """A face pack that tells people by their brightness, and finds no face in the dark."""

    def analyse(self, image: np.ndarray, where: str = "") -> SimpleNamespace:
        del where
        mean = float(image.mean())
        if mean < 10:
            raise RenderError("no face")
        vector = np.zeros(512, np.float32)
        vector[:2] = np.cos(mean / 100), np.sin(mean / 100)
        return SimpleNamespace(normed_embedding=vector)


def test_a_face_packs_lost_faces_are_counted() -> None:
    pictures = np.stack([np.full((64, 64, 3), value, np.uint8) for value in (0, 100, 200, 5)])
    space = fit_space(Faces("antelopev2", Pack()), pictures, 0)  # type: ignore[arg-type]
    found = space.vectors(pictures)
    assert found.shape == (4, 512)
    assert space.lost(found) == 2
    assert np.linalg.norm(found, axis=1).tolist() == pytest.approx([0, 1, 1, 0])
    assert "enlarged to 256 px" in space.about


def test_pictures_of_another_size_are_means_of_whole_pixels() -> None:
    picture = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1).repeat(3, -1)
    assert resized(picture, 2)[0, :, :, 0].tolist() == [[3, 5], [11, 13]]  # means 2.5, 4.5 ... rounded
    assert resized(picture, 4) is picture


def test_a_dataset_as_training_tells_persons(simulated: Path) -> None:
    found = read_training(str(simulated), 32, 1, "none")
    assert found.pixels.shape[1:] == (32, 32, 3)
    assert found.who[found.one_each].tolist() == [0, 1, 2]
    assert any("resized to 32 px" in note for note in found.notes)
    assert any("nuisance 'clinic'" in note for note in found.notes)


def test_a_checkpoints_facts(tmp_path: Path) -> None:
    folder = tmp_path / "cvae"
    folder.mkdir()
    name = f"learned:{folder}"
    assert model_of(name) == {}
    (folder / "manifest.json").write_text('{"model": "cvae", "size_px": 64, "weights": {"bytes": 2000000}, "x": 1}')
    (folder / "timing.json").write_text('{"seconds": 12.5}')
    assert model_of(name) == {"model": "cvae", "size_px": 64, "weights": {"bytes": 2000000}, "seconds": 12.5}
    row = described(Row(name, name, {"ms": Value(1.0)}), "cvae")
    assert row.values["model_mb"].value == 2
    assert row.values["training_seconds"].value == 12.5
    assert model_of("procedural") == {}


def test_short_names() -> None:
    assert names_of(["procedural", "learned:a/cvae", "learned:b/cvae", "learned:b/gan"]) == [
        "procedural", "learned:a/cvae", "learned:b/cvae", "gan",
    ]  # fmt: skip


def test_the_command_writes_and_tells(tmp_path: Path) -> None:
    options = ["--patients", "2", "--days", "6", "--people", "8", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["learn", "compare", "--renderers", "procedural", *options])
    assert done.exit_code == 0, done.output
    for words in ("KID (texture)", "change outside lesions", "--training", "--grader", "compare.json"):
        assert words in done.output
    table = (tmp_path / "compare.md").read_text()
    assert "nof1sim learn compare --renderers procedural" in table.splitlines()[0]
    assert "| change outside lesions | grey levels | low | 0.00 |" in table


def test_the_commands_mistakes_are_letters(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["learn", "compare", "--renderers", "procedural", "--days", "2"])
    assert "--days: got 2; allowed: 5 to 1000" in str(done.exception)
    pickle = tmp_path / "model.pt"
    pickle.write_bytes(b"x")
    done = CliRunner().invoke(app, ["learn", "compare", "--renderers", f"learned:{pickle}"])
    assert done.exception is not None
    assert "pickle" in str(done.exception)
