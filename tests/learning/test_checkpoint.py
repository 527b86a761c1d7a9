"""Checkpoints: read back as they were written; pickles, other models and damaged files are refused."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256

import pytest

from nof1sim.errors import InputError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from nof1sim.learning import checkpoint as c  # noqa: E402
from nof1sim.learning.manifest import shown_in  # noqa: E402
from nof1sim.learning.models import make_learner, make_options  # noqa: E402

pytestmark = pytest.mark.usefixtures("stub")


@pytest.fixture
def saved(tmp_path):
    """A CVAE as it begins, in a folder."""
    options = {"width": 16, "code": 4}
    learner = make_learner("cvae", make_options("cvae", options), 16, 3)
    about = {"model": "cvae", "options": options, "size_px": 16, "channels": 3, "seed": 3,
             "severity": {"column": "label", "low": 0, "high": 3}}  # fmt: skip
    c.save(tmp_path / "model", about, c.weights_of(learner), None)
    return tmp_path / "model", learner


def change(folder, **values):
    path = folder / c.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_weights_come_back(saved):
    folder, learner = saved
    found = c.open_checkpoint(folder).learner()
    for a, b in zip(learner.networks["cvae"].parameters(), found.networks["cvae"].parameters(), strict=True):
        assert torch.equal(a, b)
    assert not found.networks["cvae"].training


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "pytorch_model.bin", "last.ckpt", "w.pkl"])
def test_pickles_are_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    for given in (tmp_path / name, tmp_path):
        with pytest.raises(InputError, match=f"{name}.*A pickle can run any code"):
            c.open_checkpoint(given)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"schema_version": 2}, "version 2"),
        ({"kind": "nof1sim grader"}, "nof1sim grader"),
        ({"model": "gan"}, "a model of"),
        ({"channels": 1}, "1 channels"),
    ],
)
def test_other_manifests_are_refused(saved, values, words):
    change(saved[0], **values)
    with pytest.raises(InputError, match=words):
        c.open_checkpoint(saved[0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"options": {"width": 48, "code": 4}}, "another architecture"),
        ({"model": "stub-base", "options": {}}, "another architecture"),
        ({"options": {"widths": 16}}, "Did you mean 'width'"),
    ],
)
def test_another_architecture_is_refused(saved, values, words):
    change(saved[0], **values)
    with pytest.raises(InputError, match=words):
        c.open_checkpoint(saved[0]).learner()


def test_damaged_weights_are_refused(saved):
    folder, _ = saved
    path = next(folder.glob("weights-*.safetensors"))
    data = path.read_bytes()
    for spoilt, words in (
        (data[:-5], "Cut off"),
        (data[:-1] + bytes([data[-1] ^ 1]), "altered bytes"),
        (None, "names"),
    ):
        if spoilt is None:
            path.unlink()
        else:
            path.write_bytes(spoilt)
        with pytest.raises(InputError, match=words):
            c.open_checkpoint(folder).learner()


def test_a_manifest_that_is_cut_off_is_refused(saved):
    path = saved[0] / c.MANIFEST
    path.write_text(path.read_text()[:-40])
    with pytest.raises(InputError, match="Copy the whole folder"):
        c.open_checkpoint(saved[0])
    path.unlink()
    with pytest.raises(InputError, match=r"no manifest\.json"):
        c.open_checkpoint(saved[0])


def test_whom_a_model_learnt_from_is_what_its_pictures_show(simulated, tmp_path):
    """A dataset says so itself: of edited photographs it shows real persons, too. Any other folder counts as real."""
    assert shown_in(str(simulated), "dataset") == "invented"
    assert shown_in(str(tmp_path), "labelled") == shown_in(str(tmp_path), "images") == "photographs"
    copy = shutil.copytree(simulated, tmp_path / "edited")
    before = (copy / "manifest.json").read_bytes()
    after = json.dumps(json.loads(before) | {"persons": "photographs", "consent": "all"}).encode()
    sums = (copy / "manifest.sha256").read_text()
    assert sha256(before).hexdigest() in sums
    (copy / "manifest.json").write_bytes(after)
    (copy / "manifest.sha256").write_text(sums.replace(sha256(before).hexdigest(), sha256(after).hexdigest()))
    assert shown_in(str(copy), "dataset") == "photographs"
