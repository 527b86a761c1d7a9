"""The command line as a user meets it: help, letters with exit status 2, nothing half-written; and a light import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from nof1sim.console import progress_bar

HEAVY = ("torch", "diffusers", "insightface", "ray", "pandas", "statsmodels", "matplotlib", "numba", "scipy", "polars")


def nof1sim(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nof1sim", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def spots(patients: int) -> str:
    """A protocol of 6 days, as YAML, whose pictures cost nothing."""
    from nof1sim.protocol import load_protocol, with_changes

    design = {"baseline_days": 2, "period_days": 2, "cycles": 1}
    images = {"renderer": "nof1sim_test_faces:Spots", "size_px": 64}
    protocol = with_changes(load_protocol("default"), cohort={"patients": patients}, design=design, images=images)
    return yaml.safe_dump(protocol.model_dump(mode="json"))


def test_help_shows_the_commands_and_examples() -> None:
    assert all(word in nof1sim("--help").stdout for word in ("simulate", "image", "gallery", "verify", "protocol"))
    text = nof1sim("simulate", "--help").stdout
    assert "nof1sim simulate --patients 10 --days 140 --out trial" in text
    assert "nof1sim gallery --out gallery" in nof1sim("gallery", "--help").stdout


@pytest.mark.parametrize("line", ["import nof1sim", "import nof1sim.cli"])
def test_importing_loads_nothing_heavy(line: str) -> None:
    code = f"{line}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_public_names_are_there() -> None:
    import nof1sim as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) == {"__version__", *package._PUBLIC}
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


def test_the_default_renderer_needs_no_optional_package() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'diffusers', 'insightface', 'cv2', 'ray'): sys.modules[name] = None\n"
        "import nof1sim\n"
        "protocol = nof1sim.load_protocol({'design': {'arms': ['a', 'b']}, 'treatments': {'a': {}, 'b': {}},"
        " 'images': {'size_px': 64}})\n"
        "print(nof1sim.draw(protocol, 1, 1).shape)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stdout.strip() == "(64, 64, 3)", found.stderr


@pytest.mark.parametrize(
    ("words", "letter"),
    [
        (["simulate", "--seed", "x"], "--seed"),
        (["simulate", "--seed", "-1"], "--seed"),
        (["simulate", "--seed", "1.0"], "--seed"),
        (["simulate", "--patients", "0"], "cohort.patients"),
        (["simulate", "--days", "2"], "3"),
        (["simulate", "--size", "20"], "images.size_px"),
        (["simulate", "--renderer", "procedurl"], "Did you mean 'procedural'?"),
        (["simulate", "--protocol", "wash-out"], "Did you mean 'washout'?"),
        (["simulate", "--protocol", "default", "--days", "1000"], "design.cycles"),
        (["simulate", "--shard", "2/2"], "--shard"),
        (["simulate", "--engine", "threads"], "--engine"),
        (["simulate", "--severity-csv", "nowhere.csv"], "nowhere.csv"),
        (["image", "--patient", "11", "--day", "1"], "1 to 10"),
        (["image", "--patient", "1", "--day", "1", "--view", "frnt"], "Did you mean 'front'?"),
        (["simulate", "--nuisance", "hom"], "Did you mean 'home'?"),
        (["gallery", "--out", "g", "--only", "peple"], "Did you mean 'people'?"),
        (["gallery", "--out", "g", "--size", "9"], "64 to 1024"),
        (["verify", "nowhere"], "no dataset"),
        (["protocol", "check", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_bad_input_is_a_letter_with_exit_status_2(words: list[str], letter: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if words[0] == "simulate":
        words = [*words, "--out", str(out)]
    found = nof1sim(*words)
    assert found.returncode == 2, found.stdout + found.stderr
    assert letter in found.stderr
    assert "Traceback" not in found.stderr
    assert not any(path.suffix in (".jpg", ".csv") for path in out.rglob("*"))


def test_all_faults_of_a_protocol_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "design: {arms: [cream, gell], sequence: ABAB, periodd_days: 3}\n"
        "treatments: {cream: {wash_in_days: 0.5}, gel: {}}\nseed: a\n"
    )
    found = nof1sim("protocol", "check", file)
    assert found.returncode == 2
    for where in ("design.sequence", "design.periodd_days", "treatments.cream.wash_in_days", "seed"):
        assert where in found.stderr
    assert "Did you mean 'period_days'?" in found.stderr


def test_the_protocol_commands(tmp_path: Path) -> None:
    listed = nof1sim("protocol", "list").stdout
    assert all(name in listed for name in ("default", "hettich2024", "fu2023", "washout", "latin_square"))
    diagram = tmp_path / "washout.svg"
    assert "Smallest" in nof1sim("protocol", "show", "washout", "--diagram", diagram).stdout
    assert "<svg" in diagram.read_text()
    assert nof1sim("protocol", "show", "washout", "--diagram", tmp_path / "no" / "x.svg").returncode == 2
    schema = Path(__file__).parents[1] / "schemas" / "protocol.v1.json"
    assert nof1sim("protocol", "schema").stdout == schema.read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    words = ["simulate", "--patients", "10", "--days", "140", "--dry-run", "--no-calibrate", "--out", tmp_path / "t"]
    found = nof1sim(*words)
    assert found.returncode == 0
    assert "1,400" in found.stdout
    assert "core-hours" not in found.stdout
    assert not (tmp_path / "t").exists()


def test_a_dry_run_says_what_a_run_costs(test_faces: None, tmp_path: Path) -> None:
    protocol = tmp_path / "p.yaml"
    protocol.write_text(spots(patients=40))
    words = ["simulate", "--protocol", protocol, "--dry-run", "--price-cores", "64", "--out", tmp_path / "t"]
    found = nof1sim(*words)
    assert found.returncode == 0, found.stderr
    assert all(word in found.stdout for word in ("core-hours", "with 64 cores", "a process", "of 4 patients"))
    assert not (tmp_path / "t").exists()
    wrong = nof1sim(*words[:4], "--price-cores", "0")
    assert (wrong.returncode, "--price-cores" in wrong.stderr) == (2, True)


def test_shares_are_closed_by_finish(test_faces: None, tmp_path: Path) -> None:
    protocol, out = tmp_path / "p.yaml", tmp_path / "t"
    protocol.write_text(spots(patients=2))
    words = ["simulate", "--protocol", protocol, "--out", out, "--workers", "1", "--shard"]
    nothing = nof1sim("finish", out)
    assert (nothing.returncode, "nothing was started" in nothing.stderr) == (2, True)
    assert nof1sim(*words, "1/2").returncode == 0
    early = nof1sim("finish", out)
    assert early.returncode == 2
    assert "6 of 12 pictures are missing. Of these shares: 0/2 (6)." in early.stderr
    beyond = nof1sim(*words, "2/2")
    assert (beyond.returncode, "0 <= i < n" in beyond.stderr) == (2, True)
    assert "complete, 12 pictures" in nof1sim(*words, "0/2").stdout
    assert "complete, 12 pictures" in nof1sim("finish", out).stdout


def test_the_whole_path_with_the_real_face(tmp_path: Path) -> None:
    out = tmp_path / "t"
    words = ["simulate", "--patients", "1", "--days", "4", "--size", "64", "--out", str(out)]
    found = nof1sim(*words)
    assert found.returncode == 0, found.stderr
    assert "complete, 4 pictures" in found.stdout
    assert "all the same" in nof1sim("verify", out, "--sample", "2").stdout
    alone = tmp_path / "one.jpg"
    assert nof1sim("image", "--dataset", out, "--patient", "1", "--day", "2", "--out", alone).returncode == 0
    assert alone.read_bytes() == (out / "images" / "P001" / "P001_d002_front.jpg").read_bytes()


def test_a_gallery_of_a_dataset(tmp_path: Path) -> None:
    out, sheets = tmp_path / "t", tmp_path / "g"
    words = ["simulate", "--patients", "1", "--days", "3", "--size", "64", "--nuisance", "none", "--out", str(out)]
    assert nof1sim(*words).returncode == 0
    found = nof1sim("gallery", "--dataset", out, "--only", "time", "--size", "64", "--out", sheets)
    assert found.returncode == 0, found.stderr
    assert "time.png" in found.stdout
    assert [path.name for path in sheets.iterdir()] == ["time.png"]


def test_a_stop_within_kernels_is_a_stop() -> None:
    """numba wraps a Ctrl-C in SystemErrors while it loads; one that no Ctrl-C caused is a bug and shows itself."""
    inner, outer = SystemError("inner"), SystemError("outer")
    inner.__cause__, outer.__cause__ = KeyboardInterrupt(), inner
    with pytest.raises(typer.Exit) as stopped, progress_bar("Go on."):
        raise outer
    assert stopped.value.exit_code == 130
    with pytest.raises(SystemError), progress_bar("Go on."):
        raise SystemError("a bug")
