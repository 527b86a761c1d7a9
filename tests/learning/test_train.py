"""Training: the same bytes interrupted or not, the last good checkpoint kept, letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nof1sim.errors import AnalysisError, InputError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from nof1sim.learning import train as t  # noqa: E402
from nof1sim.learning.checkpoint import open_checkpoint  # noqa: E402
from nof1sim.learning.models import make_options, parse_set  # noqa: E402
from nof1sim.learning.samples import read_samples  # noqa: E402

pytestmark = pytest.mark.usefixtures("stub")


def samples_of(folder, size=16, **more):
    home = folder(**more)
    return read_samples(home, size, table=home.parent / "labels.csv")


def settings_of(model="stub-base", epochs=3, **options):
    return t.settings_for(model, make_options(model, options), epochs=epochs, batch=8, sheet_every=2, threads=1)


def files_of(folder: Path) -> dict[str, bytes]:
    """All but the seconds that it took."""
    every = (path for path in folder.rglob("*") if path.is_file() and path.name != t.TIMING)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in every}


class KilledError(Exception):
    """As if somebody had stopped the process."""


@pytest.mark.parametrize("model", ["stub-base", "cvae"])
@pytest.mark.parametrize("stop_at", [1, 4, 7])
def test_a_resumed_training_has_the_bytes_of_an_uninterrupted_one(folder, tmp_path, model, stop_at):
    options = {"width": 16, "code": 4} if model == "cvae" else {}
    samples, settings = samples_of(folder), settings_of(model, **options)
    t.fit(samples, settings, tmp_path / "whole")

    def kill(told):
        if told.done == stop_at:
            raise KilledError

    with pytest.raises(KilledError):
        t.fit(samples, settings, tmp_path / "cut", told=kill)
    t.fit(samples, settings, tmp_path / "cut", resume=True)
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")
    about = open_checkpoint(tmp_path / "cut").about
    assert about["epochs_done"] == 3
    assert about["training"] is None
    assert about["data"]["shows"] == "photographs"
    assert set(about["data"]["images"]["train"]) == {samples.sha256[row] for row in samples.rows("train")}


def test_resuming_something_else_is_refused(folder, tmp_path):
    samples = samples_of(folder)
    t.fit(samples, settings_of(), tmp_path / "out")
    with pytest.raises(InputError, match=r"another training: rate 0\.01 there, 0\.5 here"):
        t.fit(samples, settings_of(rate=0.5), tmp_path / "out", resume=True)
    with pytest.raises(InputError, match="--overwrite"):
        t.fit(samples, settings_of(), tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    for resume in (False, True):
        with pytest.raises(InputError):
            t.fit(samples, settings_of(), tmp_path / "other", resume=resume)
    assert (tmp_path / "other" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("breaks_at", [0, 4, 5])
def test_a_loss_that_is_none_stops_and_keeps_the_last_good_checkpoint(folder, tmp_path, breaks_at):
    samples = samples_of(folder)
    per_epoch = -(-len(samples.rows("train")) // 8)
    with pytest.raises(AnalysisError, match="Lower the learning rate"):
        t.fit(samples, settings_of(breaks_at=breaks_at), tmp_path / "out")
    whole = breaks_at // per_epoch
    assert (tmp_path / "out" / "manifest.json").is_file() == (whole > 0)
    if whole:
        found = open_checkpoint(tmp_path / "out")
        assert found.about["epochs_done"] == whole
        weights = torch.cat([p.flatten() for p in found.learner().networks["net"].parameters()])
        assert torch.isfinite(weights).all()


def test_no_memory_is_a_letter_about_size_and_batch(folder, tmp_path, monkeypatch):
    from nof1sim_test_stub import Base

    def full(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 10 bytes.")

    monkeypatch.setattr(Base, "step", full)
    with pytest.raises(AnalysisError, match=r"--size, --batch.*size 16, batch 8"):
        t.fit(samples_of(folder), settings_of(), tmp_path / "out")


def test_other_errors_stay_what_they_are(folder, tmp_path, monkeypatch):
    from nof1sim_test_stub import Base

    def wrong(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Base, "step", wrong)
    with pytest.raises(RuntimeError, match="a bug"):
        t.fit(samples_of(folder), settings_of(), tmp_path / "out")


def test_options_are_checked():
    assert parse_set(["rate=0.5", "name=x"]) == {"rate": 0.5, "name": "x"}
    with pytest.raises(InputError, match="Did you mean 'rate'"):
        make_options("stub-base", {"rates": 1})
    with pytest.raises(InputError, match="--set rate"):
        make_options("stub-base", {"rate": "quick"})
    with pytest.raises(InputError, match="Did you mean 'stub-base'"):
        make_options("stub-bas", {})
    with pytest.raises(InputError, match="multiple of 8"):
        make_options("cvae", {"width": 12})


def test_sheets_are_drawn_and_the_manifest_is_plain(folder, tmp_path):
    done = t.fit(samples_of(folder), settings_of(), tmp_path / "out")
    assert [path.name for path in sorted((tmp_path / "out" / "sheets").iterdir())] == [
        "epoch-0002.png", "epoch-0003.png",
    ]  # fmt: skip
    assert done.sheet == tmp_path / "out" / "sheets" / "epoch-0003.png"
    text = (tmp_path / "out" / "manifest.json").read_text()
    assert str(tmp_path) not in text
    assert json.loads(text)["severity"] == {"column": "label", "low": 0.0, "high": 3.0}
