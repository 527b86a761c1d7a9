"""Plots are PNGs, one of each kind for each score, and what they draw is what was measured."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nof1sim_test_studies import diary, study
from PIL import Image

from nof1sim.analysis.analyze import Settings, analyze
from nof1sim.analysis.course import Course
from nof1sim.analysis.result import AnalysisResult
from nof1sim.analysis.study import Study, read_study
from nof1sim.errors import AnalysisError

pytest.importorskip("matplotlib")
from nof1sim.analysis import plots


@pytest.fixture(scope="module")
def seen(simulated: Path) -> tuple[Study, AnalysisResult]:
    found = read_study(simulated)
    return found, analyze(found, Settings(embedders=("texture", "redness"), tests=("gls",)))


@pytest.fixture(scope="module")
def drawn(seen: tuple[Study, AnalysisResult]) -> dict[str, bytes]:
    return dict(plots.plots(*seen))


def test_every_plot_is_a_picture(drawn: dict[str, bytes]) -> None:
    common = [f"plots/{score}_{what}.png" for score in ("texture", "redness", "AcneSeverity")
              for what in ("days", "effects", "acf")]  # fmt: skip
    seeing = ["plots/texture_loadings.png", "plots/redness_loadings.png", "plots/texture_embedding.png"]
    assert sorted(drawn) == sorted(common + seeing)  # redness is one number: no plane to scatter on
    for data in drawn.values():
        picture = Image.open(io.BytesIO(data))
        assert picture.format == "PNG"
        assert min(picture.size) >= 300
        assert np.ptp(np.asarray(picture.convert("L"))) > 100


def test_equal_results_are_drawn_equally() -> None:
    found = study(diary(1).drop("image"))
    result = analyze(found, Settings(tests=("gls",)))
    assert dict(plots.plots(found, result)) == dict(plots.plots(found, result))


@pytest.mark.parametrize("patients", [1, 25])
def test_one_and_many_patients(patients: int) -> None:
    found = study(diary(patients, period_days=4).drop("image"))
    result = analyze(found, Settings(tests=(), drop_days=0))
    assert len(dict(plots.plots(found, result))) == 3


def test_patients_without_values_are_drawn_around() -> None:
    hidden = pl.when(pl.col("patient_id") == "p2").then(None).otherwise(pl.col("score")).alias("score")
    found = study(diary().drop("image").with_columns(hidden))
    result = analyze(found, Settings(tests=("gls",)))
    assert len(dict(plots.plots(found, result))) == 3


def test_names_are_made_safe() -> None:
    assert plots.safe("my.module:Thing") == "my-module-Thing"
    assert plots.safe("../models/net.pt") == "models-net-pt"


def test_bands_are_runs_of_a_treatment() -> None:
    day, label = np.array([1, 2, 5, 6, 9]), np.array(["a", "a", "b", "b", "a"])
    course = Course("p", day, np.zeros(5), label, np.array([1, 1, 2, 2, 3]))
    assert list(plots._bands(course)) == [("a", 1, 2), ("b", 5, 6), ("a", 9, 9)]


def test_residual_autocorrelation() -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(4000)
    for i in range(1, noise.size):
        noise[i] += 0.6 * noise[i - 1]
    day, label = np.arange(1, 4001), np.where(np.arange(4000) < 2000, "a", "b")
    keep = rng.random(4000) < 0.7  # missing days are gaps, not shorter lags
    course = Course("p", day, noise + 5.0 * (label == "b"), label, np.ones(4000, np.int64)).where(keep)
    acf, pairs = plots.residual_acf([course], np.array([1, 2, 3]))
    np.testing.assert_allclose(acf, [0.6, 0.36, 0.216], atol=0.06)
    assert pairs[0] == (np.diff(course.day) == 1).sum()


def test_without_matplotlib_there_is_a_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(AnalysisError, match=r"nof1sim\[analysis\], or use --no-plots"):
        plots.load_pyplot()
