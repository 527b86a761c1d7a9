"""The example of a Ray cluster is one that Ray reads, and names what this package has."""

from __future__ import annotations

import copy
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples" / "cluster" / "ray-cluster.yaml"


@pytest.fixture
def cluster() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_ray_s_own_schema_takes_it(cluster: dict[str, Any]) -> None:
    pytest.importorskip("ray", reason="the extra nof1sim[ray] is not installed")
    util = importlib.import_module("ray.autoscaler._private.util")
    ready = util.prepare_config(copy.deepcopy(cluster))
    util.validate_config(ready)
    assert (ready["max_workers"], ready["cluster_name"]) == (2, "nof1sim")
    with pytest.raises(importlib.import_module("jsonschema").ValidationError):
        util.validate_config(ready | {"workers": 2})


def test_its_ray_commands_have_the_options_that_ray_has(cluster: dict[str, Any]) -> None:
    pytest.importorskip("ray", reason="the extra nof1sim[ray] is not installed")
    lines = " ".join(cluster["head_start_ray_commands"] + cluster["worker_start_ray_commands"])
    asked = set(re.findall(r"(--[a-z-]+)", lines))
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--help"]
    known = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {"--head", "--port", "--address"} <= asked
    assert asked <= set(re.findall(r"--[a-z-]+", known))


def test_its_shell_commands_parse(cluster: dict[str, Any]) -> None:
    for part in ("setup_commands", "head_start_ray_commands", "worker_start_ray_commands"):
        for line in cluster[part]:
            program = next(word for word in shlex.split(line) if "=" not in word)
            assert program.endswith(("python3.11", "/pip", "/ray"))
            subprocess.run(["bash", "-n", "-c", line], check=True)


def test_what_it_copies_and_installs_is_in_the_repository(cluster: dict[str, Any]) -> None:
    assert (ROOT / cluster["file_mounts"]["~/nof1sim"] / "constraints.txt").is_file()
    assert re.search(r"^ray==", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert re.search(r"^ray = ", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
