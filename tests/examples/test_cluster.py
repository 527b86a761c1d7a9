"""The files for clusters do what they say: their commands run here, with the variables that a cluster would set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nof1sim.protocol import load_protocol, with_changes

FOLDER = Path(__file__).parents[2] / "examples" / "cluster"
BASH = shutil.which("bash")


@pytest.fixture
def place(test_faces: None, tmp_path: Path) -> Path:
    """A folder with a protocol, and on the path a `nof1sim` and an `sbatch` that only notes what it was asked."""
    if BASH is None or not Path("/bin/sh").exists():
        pytest.skip("no shell here")
    (tmp_path / "bin").mkdir()
    scripts = {
        "nof1sim": f'exec "{sys.executable}" -m nof1sim "$@"',
        "sbatch": f'echo "$@" >> "{tmp_path}/submitted"; echo "17;cluster"',
    }
    for name, text in scripts.items():
        file = tmp_path / "bin" / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
    design = {"baseline_days": 2, "period_days": 2, "cycles": 1}
    images = {"renderer": "nof1sim_test_faces:Spots", "size_px": 64}
    protocol = with_changes(load_protocol("default"), cohort={"patients": 3}, design=design, images=images)
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(protocol.model_dump(mode="json")))
    return tmp_path


def shell(place: Path, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, **variables}
    return subprocess.run([*map(str, words)], env=env, capture_output=True, text=True, check=False, timeout=120)


def test_a_slurm_array_draws_and_a_last_task_closes(place: Path) -> None:
    script, out = FOLDER / "slurm.sbatch", place / "trial"
    words = [str(BASH), script, place / "p.yaml", out, "2"]
    submitted = shell(place, *words)
    assert submitted.returncode == 0, submitted.stderr
    first, second = (place / "submitted").read_text().splitlines()
    assert "--array=0-1" in first.split()
    assert f"{script} {place / 'p.yaml'} {out} 2" in first
    assert "--dependency=afterany:17" in second.split()
    assert "NOF1SIM_STEP=finish" in second
    one = shell(place, *words, SLURM_ARRAY_TASK_ID="1", SLURM_CPUS_PER_TASK="1")
    assert one.returncode == 0, one.stderr
    early = shell(place, *words, NOF1SIM_STEP="finish")
    assert early.returncode == 2
    assert "0/2" in early.stderr
    assert "complete" in shell(place, *words, SLURM_ARRAY_TASK_ID="0", SLURM_CPUS_PER_TASK="1").stdout
    assert "complete, 18 pictures" in shell(place, *words, NOF1SIM_STEP="finish").stdout


def test_a_kubernetes_job_draws_and_another_closes(place: Path) -> None:
    jobs = list(yaml.safe_load_all((FOLDER / "kubernetes-job.yaml").read_text(encoding="utf-8")))
    assert [job["kind"] for job in jobs] == ["Job", "Job"]
    draw, close = ([*pod["command"], *pod["args"]] for pod in (container(job) for job in jobs))
    variables = {one["name"]: one["value"] for one in container(jobs[0])["env"]}
    assert int(variables["SHARES"]) == jobs[0]["spec"]["completions"]
    assert jobs[0]["spec"]["completionMode"] == "Indexed"
    assert container(jobs[0])["resources"]["requests"]["cpu"] == variables["WORKERS"]
    draw[-1] = draw[-1].replace("/protocol/protocol.yaml", str(place / "p.yaml"))
    here = {"OUT": str(place / "trial"), "SHARES": "2", "WORKERS": "1"}
    for index in ("1", "0"):
        found = shell(place, *draw, JOB_COMPLETION_INDEX=index, **here)
        assert found.returncode == 0, found.stderr
    assert "complete, 18 pictures" in shell(place, *close, **here).stdout


def container(job: dict[str, object]) -> dict[str, object]:  # type: ignore[type-arg]
    return job["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index,no-any-return]
