"""`nof1sim analyze` as a user meets it: files, a report, letters with exit status 2, nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from nof1sim_test_studies import diary
from PIL import Image

from nof1sim import cli

Call = Callable[..., tuple[int, str, str]]
FILES = {"result.json", "report.txt", "scores.csv", "pooled.csv", "patients.csv"}
HEAVY = ("torch", "matplotlib", "statsmodels", "pandas", "scipy", "polars", "numba", "sklearn", "onnxruntime")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line in this process: exit status, standard output, standard error. A traceback fails the test."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nof1sim", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Scores alone."""
    path = tmp_path / "scores.csv"
    diary().drop("image").write_csv(path)
    return path


def contents(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_dataset_with_its_truth(trial: Path, call: Call) -> None:
    pytest.importorskip("matplotlib")
    status, out, err = call("analyze", trial, "--embedder", "texture", "--tests", "gls")
    assert status == 0, err
    assert "texture beside the truth" in out
    assert "Cream - Antibiotics" in out
    found = contents(trial / "analysis")
    assert found > FILES | {"recovery.csv", "recovery.json", "plots/texture_days.png", "plots/AcneSeverity_effects.png"}
    recovery = pl.read_csv(trial / "analysis" / "recovery.csv")
    assert {"method", "estimand", "truth", "estimate"} <= set(recovery.columns)
    document = json.loads((trial / "analysis" / "result.json").read_text())
    assert [answer["score"] for answer in document["answers"]] == ["texture", "AcneSeverity"]


def test_a_dataset_without_its_truth_gives_the_same_result(trial: Path, call: Call, tmp_path: Path) -> None:
    words = ("analyze", trial, "--scores-only", "--tests", "gls", "--no-plots", "--out")
    assert call(*words, tmp_path / "with")[0] == 0
    (trial / "truth").rename(tmp_path / "hidden")
    status, out, err = call(*words, tmp_path / "without")
    assert status == 0, err
    assert "beside the truth" not in out
    assert contents(tmp_path / "without") == FILES
    assert contents(tmp_path / "with") == FILES | {"recovery.csv", "recovery.json"}
    for name in FILES:
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes()


def test_the_seed_csv(seed_csv: Path, call: Call, tmp_path: Path) -> None:
    words = ("--contrast", "Cream - Antibiotics", "--tests", "gls", "--no-plots", "--out", tmp_path / "out")
    status, out, err = call("analyze", seed_csv, *words)
    assert status == 0, err
    assert "0.811" in out
    assert "0.508" in out
    assert "0.0792" in out
    assert "phi = 0.96 is above 0.9" in out
    assert "plain difference of means" in out
    known = ("--tau", "Cream=3,Antibiotics=4", "--gamma", "Cream=4,Antibiotics=5")
    status, out, err = call("analyze", seed_csv, *words, *known)
    assert status == 0, err
    assert "0.989" in out
    assert "steady state" in out


def test_a_table_is_analysed_beside_itself(table: Path, call: Call) -> None:
    assert call("analyze", table, "--no-plots", "--tests", "gls")[0] == 0
    assert contents(table.parent) == {"scores.csv", *(f"scores-analysis/{name}" for name in FILES)}


def test_photographs_with_a_table_elsewhere(photos, call: Call, tmp_path: Path) -> None:
    home = photos(lambda frame: frame.rename({"patient_id": "Id", "image": "Foto", "score": "VAS"}))
    (home / "metadata.csv").rename(tmp_path / "diary.csv")
    words = ("--table", tmp_path / "diary.csv", "--columns", "patient_id=Id,image=Foto", "--score-column", "VAS")
    status, out, err = call("analyze", home, *words, "--embedder", "redness", "--tests", "gls", "--no-plots")
    assert status == 0, err
    assert "redness" in out
    assert "VAS" in out
    assert "B - A" in out
    assert contents(home / "analysis") >= FILES


def test_a_protocol_gives_the_time_constants(trial: Path, call: Call, tmp_path: Path) -> None:
    words = ("--protocol", "default", "--scores-only", "--tests", "gls", "--no-plots", "--out", tmp_path / "out")
    status, _out, err = call("analyze", trial, *words)
    assert status == 0, err
    carry = json.loads((tmp_path / "out" / "result.json").read_text())["carryover"]
    assert carry["kind"] == "exposure"
    assert set(carry["tau_days"]) == {"Antibiotics", "Cream"}


@pytest.mark.parametrize(
    ("words", "letter"),
    [
        (["--contrast", "A - C"], "--contrast: got 'A - C'; allowed: LABEL - LABEL of A, B, Baseline"),
        (["--columns", "patient_id=Patiet"], "--columns patient_id: got 'Patiet'"),
        (["--columns", "patient_id"], "--columns"),
        (["--columns", "treatmnt=treatment"], "Did you mean 'treatment'?"),
        (["--score-column", "scor"], "Did you mean 'score'?"),
        (["--tests", "glss"], "--tests: got 'glss'"),
        (["--reduction", "pc1"], "--reduction: got 'pc1'"),
        (["--tau", "4"], "Give both"),
        (["--tau", "x", "--gamma", "4"], "--tau: got 'x'; allowed: days, or LABEL=days"),
        (["--tau", "-1", "--gamma", "4"], "tau"),
        (["--tau", "A=1,C=2", "--gamma", "A=1,B=2"], "--tau: got 'C'; allowed: A, B"),
        (["--protocol", "default"], "--protocol"),
        (["--protocol", "washout", "--tau", "3"], "either it or --tau and --gamma"),
        (["--drop-days", "-1"], "--drop-days: got -1"),
        (["--table", "nowhere.csv"], "--table: got 'nowhere.csv'; allowed: nothing, where the source is a table"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_bad_words_are_a_letter_with_exit_status_2(words: list[str], letter: str, table: Path, call: Call) -> None:
    status, out, err = call("analyze", table, *words)
    assert status == 2, out
    assert letter in err
    assert contents(table.parent) == {"scores.csv"}


def one_treatment(home: Path) -> None:
    pl.read_csv(home / "metadata.csv").filter(pl.col("treatment") == "A").write_csv(home / "metadata.csv")


def no_table(home: Path) -> None:
    (home / "metadata.csv").unlink()


def two_a_day(home: Path) -> None:
    frame = pl.read_csv(home / "metadata.csv")
    pl.concat([frame, frame.with_columns(treatment=pl.lit("A"))]).write_csv(home / "metadata.csv")


def unreadable(home: Path) -> None:
    (home / "p1_002.png").write_bytes(b"\x89PNG")


def of_another_size(home: Path) -> None:
    Image.new("RGB", (40, 64), (190, 140, 120)).save(home / "p1_002.png")


def one_grey(home: Path) -> None:
    Image.new("L", (64, 64), 150).save(home / "p1_002.png")


def no_pictures(home: Path) -> None:
    pl.read_csv(home / "metadata.csv").drop("image", "score").write_csv(home / "metadata.csv")


@pytest.mark.parametrize(
    ("spoil", "letters"),
    [
        (one_treatment, ["treatment: got", "at least two labels"]),
        (no_table, ["no table", "--table FILE.csv"]),
        (two_a_day, ["patient p1, day 1", "one treatment a day"]),
        (unreadable, ["1 that cannot be read", "p1_002.png", "Copy them again"]),
        (of_another_size, ["2 sizes", "p1_002.png (40 x 64)", "Bring all to one size"]),
        (one_grey, ["1 of 105 grey", "Analyse one kind at a time"]),
        (no_pictures, ["neither photographs nor a score", "--score-column NAME"]),
    ],
)
def test_bad_folders_are_a_letter_and_nothing_is_written(spoil, letters: list[str], photos, call: Call) -> None:
    home = photos()
    spoil(home)
    before = contents(home)
    status, _, err = call("analyze", home, "--embedder", "texture", "--tests", "gls")
    assert status == 2
    assert all(letter in " ".join(err.split()) for letter in letters), err
    assert contents(home) == before


MODELS = """
import numpy as np
def flat(pixels): return pixels.mean((1, 2, 3))
def infinite(pixels): return np.full((len(pixels), 2), np.inf)
"""


@pytest.mark.parametrize(
    ("model", "letter"), [("flat", "(105, k) with k >= 1"), ("infinite", "105 of 105 vectors with NaN or infinity")]
)
def test_bad_models(
    model: str, letter: str, photos, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nof1sim_test_cli_models.py").write_text(MODELS)
    monkeypatch.syspath_prepend(str(tmp_path))
    home = photos()
    before = contents(home)
    status, _, err = call("analyze", home, "--embedder", f"nof1sim_test_cli_models:{model}", "--tests", "gls")
    assert status == 2
    assert letter in err
    assert f"nof1sim_test_cli_models:{model}" in err
    assert contents(home) == before


def test_without_matplotlib_nothing_is_written(table: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = call("analyze", table, "--plots")
    assert status == 2
    assert "--no-plots" in err
    assert contents(table.parent) == {"scores.csv"}
    assert call("analyze", table, "--tests", "gls")[0] == 0  # without being asked for, plots are left out
    assert not any("plots" in name for name in contents(table.parent))


def test_an_unwritable_folder(table: Path, call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, _, err = call("analyze", table, "--no-plots", "--tests", "gls", "--out", tmp_path / "file")
    assert status == 2
    assert "cannot be written" in err


def test_one_patient_ends_well(tmp_path: Path, call: Call) -> None:
    diary(1).drop("image").write_csv(tmp_path / "one.csv")
    status, out, _ = call("analyze", tmp_path / "one.csv", "--no-plots")
    assert status == 0
    assert "One patient: nothing is pooled" in out


def test_help_as_a_program() -> None:
    command = [sys.executable, "-m", "nof1sim", "analyze", "--help"]
    env = {**os.environ, "COLUMNS": "120", "TERM": "dumb"}
    found = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    assert "nof1sim analyze trial" in found.stdout
    assert "--score-column" in found.stdout


@pytest.mark.parametrize("words", [["--help"], ["analyze", "--help"], ["calibrate", "--help"], ["benchmark", "--help"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom nof1sim import cli\n"
        f"sys.argv = ['nof1sim', *{words!r}]\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        f"print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("loaded []")


def test_scores_alone_need_neither_torch_nor_matplotlib(table: Path) -> None:
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('torch', 'matplotlib', 'onnxruntime'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from nof1sim import cli\n"
        f"sys.argv = ['nof1sim', 'analyze', {str(table)!r}, '--no-plots', '--tests', 'gls']\n"
        "cli.main()\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "B - A" in found.stdout
