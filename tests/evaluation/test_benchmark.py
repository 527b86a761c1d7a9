"""The benchmark's own parts, on the small trial."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .conftest import small_protocol

FILE = Path(__file__).parents[2] / "benchmarks" / "analysis.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nof1sim_benchmark_analysis", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_process_is_measured(script: ModuleType) -> None:
    small = script.child("-c", "pass")
    big = script.child("-c", "import time; x = bytearray(300 * 2**20); time.sleep(0.5)")
    assert big.peak_gib - small.peak_gib == pytest.approx(300 / 1024, abs=0.03)
    assert big.seconds > 0.5
    assert small.cpu_seconds < small.seconds + 0.1


def test_reports_of_a_small_dataset(
    script: ModuleType, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--embedder", "redness", "--tests", "welch_t", "--no-plots")
    monkeypatch.setattr(script, "REPORTS", {"redness": (options, 1)})
    table = script.reports(written, tmp_path)
    assert table.title == "105 pictures of 64 px"
    assert table.row_count == 2
    assert (tmp_path / "report0" / "result.json").exists()


def test_replicates_are_timed(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = list(script.replicate_rows(1))
    assert [protocol.name for _, protocol, *_ in kinds] == ["default", "fu2023", "fu2023"]
    monkeypatch.setattr(script, "replicate_rows", lambda count: iter([("small", small_protocol(), "score", count, 10)]))
    assert script.replicates(1).row_count == 1
