"""`nof1sim grade` as a user meets it: train, predict, evaluate, trial; letters with exit status 2."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from nof1sim import cli

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

Call = Callable[..., tuple[int, str, str]]
FAST = ("--size", 32, "--epochs", 2, "--threads", 1)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line in this process: exit status, standard output, standard error. A traceback fails the test."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nof1sim", "grade", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, " ".join(err.split())

    return run


@pytest.fixture(scope="module")
def grader(visits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained grader that nobody may change."""
    from nof1sim.grading.examples import Asked
    from nof1sim.grading.fit import fit
    from nof1sim.grading.recipe import recipe_of
    from nof1sim.grading.sources import read_examples

    out = tmp_path_factory.mktemp("grader") / "model"
    examples = read_examples(visits, Asked(views=("front", "left")))
    fit(examples, recipe_of(size_px=32, epochs=2, threads=1), out)
    return out


def test_train_writes_everything_about_itself(visits: Path, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "model"
    status, text, err = call("train", visits, "--out", out, "--no-weights", *FAST)
    assert status == 0, err
    assert {p.name for p in out.iterdir()} == {"model.json", "weights.npz", "curves.png", "evaluation"}
    about = json.loads((out / "model.json").read_text())
    people = about["split"]["people"]
    assert sorted(person for part in people.values() for person in part) == sorted(map(str, range(1, 13)))
    assert about["asked"]["views"] == ["front", "left"], "those that there are"
    assert about["recipe"]["weighted"] is False
    assert set(about["class_weights"].values()) == {1.0}
    assert len(about["epochs"]) == 2
    assert str(visits.parent) not in (out / "model.json").read_text(), "no path of this machine"
    found = json.loads((out / "evaluation" / "evaluation.json").read_text())
    assert found["examples"] == 6 * len(people["test"])
    assert found["persons"] == len(people["test"])
    assert "Always saying" in text
    assert {"confusion.png", "reliability.png", "scores.csv"} < {p.name for p in (out / "evaluation").iterdir()}


def test_a_folder_is_not_overwritten_and_resume_wants_a_checkpoint(visits: Path, grader: Path, call: Call) -> None:
    words = ("train", visits, "--out", grader, "--views", "front,left", *FAST)
    status, _, err = call(*words)
    assert status == 2
    assert "which holds a grader" in err
    status, _, err = call(*words, "--resume")
    assert (status, "a finished model" in err) == (2, True)


def test_a_stopped_training_goes_on(visits: Path, tmp_path: Path, call: Call, grader: Path, monkeypatch) -> None:
    from nof1sim.grading import fit as fitting

    real, out = fitting.save_state, tmp_path / "model"
    words = ("train", visits, "--out", out, "--views", "front,left", "--no-plots", *FAST)

    def stop(*given) -> None:
        real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "save_state", stop)
    status, _, err = call(*words)
    assert (status, "--resume goes on from here" in err) == (130, True)
    monkeypatch.undo()
    assert {p.name for p in out.iterdir()} == {"state.npz"}, "nothing that looks finished"

    def again(*more: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["nof1sim", "grade", *map(str, (*words, *more))])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), ""

    assert again()[0] == 2, "neither --resume nor --overwrite"
    assert again("--resume")[0] == 0
    assert (out / "weights.npz").read_bytes() == (grader / "weights.npz").read_bytes(), "as if never stopped"


def test_predict_is_the_same_twice_and_needs_no_truth(visits: Path, grader: Path, tmp_path: Path, call: Call) -> None:
    copy = Path(shutil.copytree(visits, tmp_path / "copy"))
    shutil.rmtree(copy / "truth")
    for name in ("a.csv", "b.csv"):
        assert call("predict", grader, copy, "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    rows = list(csv.DictReader((tmp_path / "a.csv").open()))
    assert len(rows) == 72
    chance = np.array([[float(row[f"p_{grade}"]) for grade in ("0-1", "2", "3-4")] for row in rows])
    assert chance.sum(1) == pytest.approx(np.ones(72), abs=1e-5)
    assert [float(row["expected_score"]) for row in rows] == pytest.approx(chance @ [0, 1, 2], abs=1e-5)
    assert [row["grade"] for row in rows] == [("0-1", "2", "3-4")[i] for i in chance.argmax(1)]


def test_predict_does_the_good_photographs_and_lists_the_bad(
    labelled: Path, grader: Path, tmp_path: Path, call: Call
) -> None:
    (labelled / "x03.png").write_bytes(b"no picture")
    status, _, err = call("predict", grader, labelled, "--out", tmp_path / "scores.csv")
    assert (status, "x03.png" in err) == (1, True)
    assert len((tmp_path / "scores.csv").read_text().splitlines()) == 12


def test_evaluate_refuses_people_seen_in_training(visits: Path, grader: Path, tmp_path: Path, call: Call) -> None:
    assert call("evaluate", grader, visits, "--out", tmp_path / "held")[0] == 0
    status, _, err = call("evaluate", grader, visits, "--part", "all", "--out", tmp_path / "all")
    assert (status, "seen in training" in err) == (2, True)
    assert not (tmp_path / "all").exists()


def test_train_on_synthetic_test_on_real(labelled: Path, grader: Path, tmp_path: Path, call: Call) -> None:
    words = (
        "evaluate",
        grader,
        "--real",
        labelled,
        "--labels",
        labelled.parent / "labels.csv",
        "--out",
        tmp_path / "o",
    )
    status, _, err = call(*words)
    assert status == 0, err
    found = json.loads((tmp_path / "o" / "evaluation.json").read_text())
    assert (found["examples"], found["persons"]) == (12, 6)
    assert "photographs were used whole" in err
    assert "Warning: the grader learnt from faces that were cut out" in err
    assert any("12 photographs were used whole" in note for note in found["notes"])
    (labelled / "x00.png").write_bytes(b"no picture")
    for i in range(12):
        (labelled / f"nobody{i:02}.png").write_bytes((labelled / "x01.png").read_bytes() + bytes([i]))
    status, _, err = call(*words)
    found = json.loads((tmp_path / "o" / "evaluation.json").read_text())
    assert (status, found["examples"], found["left_out"], err.count("Left out: ")) == (1, 11, 13, 13)
    assert len(found["left_out_files"]) == 13
    for path in (labelled / "x00.png", *labelled.glob("nobody*")):
        path.unlink()
    (labelled / "x00.png").write_bytes((labelled / "x03.png").read_bytes() + b"0")
    rows = (labelled.parent / "labels.csv").read_text().splitlines()
    splits = ["split", *("train" if i < 8 else "test" for i in range(12))]
    (labelled.parent / "labels.csv").write_text("\n".join(f"{a},{b}" for a, b in zip(rows, splits, strict=True)))
    assert call(*words)[0] == 0
    assert json.loads((tmp_path / "o" / "evaluation.json").read_text())["examples"] == 4, "their test part alone"


def test_a_grader_of_real_photographs_knows_its_own(labelled: Path, tmp_path: Path, call: Call) -> None:
    """Trained on a labelled folder, it will not be tested on copies of what it has seen."""
    table = labelled.parent / "labels.csv"
    status, _, err = call("train", labelled, "--table", table, "--out", tmp_path / "m", "--views", "front",
                          "--split", "train=.5,val=.2,test=.3", "--no-plots", *FAST)  # fmt: skip
    assert status == 0, err
    copy = Path(shutil.copytree(labelled, tmp_path / "elsewhere"))
    status, _, err = call("evaluate", tmp_path / "m", "--real", copy, "--labels", table, "--out", tmp_path / "o")
    assert (status, "seen in training" in err) == (2, True)
    for i, path in enumerate(sorted(copy.iterdir())):
        Image.fromarray(np.asarray(Image.open(path))[:, ::-1]).save(copy / f"y{i:02}.png")
        path.unlink()
    other = tmp_path / "other.csv"
    other.write_text(table.read_text().replace("x", "y"))
    words = ("evaluate", tmp_path / "m", "--real", copy, "--labels", other, "--out", tmp_path / "o")
    status, _, err = call(*words)
    assert (status, "seen in training" in err) == (2, True), "other photographs of the same persons"
    other.write_text(other.read_text().replace(",p", ",q").replace(",qerson", ",person"))
    assert call(*words)[0] == 0
    status, _, err = call("predict", tmp_path / "m", labelled, "--out", tmp_path / "s.csv")
    assert (status, "that the grader was trained on" in err) == (0, True)


def test_the_baseline_is_judged_like_any_prediction() -> None:
    from nof1sim.grading.evaluate import Evaluation
    from nof1sim.grading.metrics import Interval

    table = np.array([[2, 1, 0], [0, 3, 0], [0, 0, 0]])
    made = [Evaluation("", ("a", "b", "c"), table, 2, Interval(0, 1), {}, said, 0.0) for said in ("a", "c")]
    assert [one.document()["majority"]["balanced_accuracy"] for one in made] == [0.5, 0.0]


def test_a_trial_by_the_grader_s_score(visits: Path, grader: Path, tmp_path: Path, call: Call) -> None:
    status, out, err = call("trial", grader, visits, "--drop-days", 0, "--out", tmp_path / "with")
    assert status == 0, err
    assert "As Fu et al. 2023" in out
    assert "that the grader was trained on" in err
    assert "that the grader was trained on" in (tmp_path / "with" / "result.json").read_text()
    assert "Beside the truth" in out
    pooled = pl.read_csv(tmp_path / "with" / "pooled.csv")
    assert {"grader", "AcneSeverity"} == set(pooled["score"])
    assert "mixed_intercept" in set(pooled["method"])
    assert len((tmp_path / "with" / "grades.csv").read_text().splitlines()) == 73
    copy = Path(shutil.copytree(visits, tmp_path / "copy"))
    shutil.rmtree(copy / "truth")
    status, out, err = call("trial", grader, copy, "--drop-days", 0, "--out", tmp_path / "without")
    assert status == 0, err
    assert "Beside the truth" not in out
    for name in ("grades.csv", "pooled.csv", "scores.csv"):
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_a_folder_that_is_no_grader(visits: Path, grader: Path, tmp_path: Path, call: Call) -> None:
    status, _, err = call("predict", visits, visits)
    assert (status, "a folder that nof1sim grade train has finished" in err) == (2, True)
    copy = Path(shutil.copytree(grader, tmp_path / "copy"))
    np.savez(copy / "weights.npz", a=np.zeros(3))
    status, _, err = call("predict", copy, visits)
    assert (status, "the weights of model.json" in err) == (2, True)
    about = json.loads((copy / "model.json").read_text())
    for spoilt in (about | {"kind": "something"}, {k: v for k, v in about.items() if k != "split"}, []):
        (copy / "model.json").write_text(json.dumps(spoilt))
        assert call("predict", copy, visits)[0] == 2


def test_one_grade_only_is_refused(labelled: Path, tmp_path: Path, call: Call) -> None:
    table = tmp_path / "one.csv"
    table.write_text("\n".join(["file,label", *(f"x{i:02}.png,2" for i in range(12))]))
    status, _, err = call("train", labelled, "--table", table, "--out", tmp_path / "m", "--views", "front", *FAST)
    assert (status, "nothing to tell apart" in err) == (2, True)
    assert not (tmp_path / "m").exists()


def test_wrong_requests_are_letters(visits: Path, tmp_path: Path, call: Call) -> None:
    wrong = {
        ("--labels", "gags"): "allowed: iga3, hayashi4, count",
        ("--network", "vgg"): "allowed: resnet110, small",
        ("--head", "count"): "allowed: classes, ordinal",
        ("--split", "half"): "train=.8",
        ("--views", "front,back"): "allowed: front, left",
    }
    for words, said in wrong.items():
        views = () if "--views" in words else ("--views", "front")
        status, _, err = call("train", visits, "--out", tmp_path / "m", *views, *words)
        assert (status, said in err) == (2, True), err
    assert not (tmp_path / "m").exists()


def test_help_loads_no_torch() -> None:
    code = "import sys; from nof1sim import cli_grade, console_grade, cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
