from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.errors import InputError, Nof1simError

run = CliRunner()


def _refused(*words: str) -> str:
    result = run.invoke(app, ["patches", *words])
    assert isinstance(result.exception, Nof1simError), result.output
    return str(result.exception)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--condition", "acnee", "--out", "x"), "Did you mean 'acne'"),
        (("--condition", "acne", "--out", "x", "--n", "0"), "--n"),
        (("--condition", "acne", "--out", "x", "--size", "32"), "--size"),
        (("--condition", "acne", "--out", "x", "--quality", "bad"), "--quality"),
        (("--condition", "acne", "--out", "x", "--image-format", "bmp"), "--image-format"),
        (("--condition", "acne", "--out", "x", "--days", "5"), "--patients"),
        (("--condition", "acne", "--out", "x", "--patients", "2", "--n", "5"), "--n"),
        (("--condition", "acne", "--out", "x", "--workers", "0"), "--workers"),
        (("--condition", "acne", "--sheet", "x.jpg"), ".png"),
        (("--condition", "acne"), "--out is missing"),
    ],
)
def test_what_cannot_be_is_a_letter(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert says in _refused(*words)
    assert not list(tmp_path.iterdir())


def test_a_sheet_that_cannot_be_written(tmp_path, monkeypatch):
    from nof1sim.patches import sheet

    monkeypatch.setattr(sheet, "sheet", lambda style: __import__("numpy").zeros((4, 4, 3), "uint8"))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        sheet.write_sheet(tmp_path / "file" / "sheet.png", sheet.Style("acne"))


@pytest.mark.slow
def test_a_series_follows_the_protocol(tmp_path: Path):
    out = tmp_path / "series"
    words = ["patches", "--condition", "acne", "--patients", "2", "--days", "6", "--size", "64", "--workers", "1"]
    result = run.invoke(app, [*words, "--out", str(out)])
    assert result.exit_code == 0, result.output
    table = pl.read_csv(out / "metadata.csv")
    assert table["day"].to_list() == [*range(1, 7)] * 2
    assert set(table["patient_id"]) == {1, 2}
    assert "Baseline" in set(table["treatment"])
    assert table["severity"].n_unique() > 6
