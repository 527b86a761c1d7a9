"""Pulling models, from a hub on loopback: what comes, what is refused, what a second try does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nof1sim.errors import ModelNotAvailable
from nof1sim.render.diffusion import pull as pulling
from nof1sim.render.diffusion.artifacts import SPECS
from nof1sim.render.diffusion.lock import LockedFile, read_lock
from nof1sim.render.diffusion.places import LOCK_NAME, Places
from nof1sim.render.diffusion.registry import find, resolve
from nof1sim.render.diffusion.specs import ModelFile, ModelSpec
from nof1sim.render.diffusion.verify import check

pytest.importorskip("huggingface_hub", reason="the extra `diffusion` is not installed")

from .fake_hub import COMMIT, FakeHub, serving, sha256

CONFIG, WEIGHTS = b'{"toy": 1}', bytes(range(256)) * 20
REPO = "somebody/toy"
TOY = ModelSpec(
    "toy",
    "a toy",
    REPO,
    None,
    "mit",
    (ModelFile("unet/config.json", 10), ModelFile("unet/weights.bin", 5120, 5120, sha256(WEIGHTS))),
    subfolder="unet",
)
RESEARCH = ModelSpec("toy-research", "a toy for research", REPO, COMMIT, "insightface", TOY.files)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    files = {"unet/config.json": CONFIG, "unet/weights.bin": WEIGHTS, "other.bin": b"x" * 2000}
    with serving(FakeHub({REPO: files})) as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        for spec in (TOY, RESEARCH):
            monkeypatch.setitem(SPECS, spec.artifact, spec)
        yield served


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(None, tmp_path / "cache")


def test_a_pull_brings_the_files_and_writes_the_lock(hub: FakeHub, places: Places) -> None:
    heard: list[tuple[int, int, str]] = []
    (step,) = pulling.pull([TOY], places, tell=lambda *told: heard.append(told))
    assert (step.state, step.commit, [one.status for one in step.checks]) == ("fetched", COMMIT, ["same"])
    assert heard[-1][:2] == (len(WEIGHTS), len(WEIGHTS))
    model = resolve(["toy"], places)["toy"]
    assert (model.folder / "weights.bin").read_bytes() == WEIGHTS
    assert model.file == model.folder / "weights.bin"
    assert (model.source, model.commit) == ("hub cache", COMMIT)
    entry = read_lock(places.cache / LOCK_NAME).models["toy"]
    assert (entry.commit, entry.files["unet/weights.bin"].sha256) == (COMMIT, sha256(WEIGHTS))
    assert hub.downloads("other.bin") == 0  # only what the table names


def test_a_large_model_of_unknown_parts_is_whole_or_not_there(hub: FakeHub, places: Places) -> None:
    from dataclasses import replace

    spec = replace(TOY, files=TOY.files[:1], patterns=("*.json", "*/*.bin", "*/*.json"), subfolder="")
    pulling.pull([spec], places)
    model = find(spec, places)
    assert model is not None
    lock = read_lock(places.cache / LOCK_NAME)
    (one,) = check(model, lock)
    assert (one.path, one.status, one.wanted_by) == ("unet/weights.bin", "same", "the lock file")
    assert hub.downloads("other.bin") == 0  # a checkpoint in one file, beside the parts
    locked = lock.with_model("toy", replace(lock.models["toy"], files={"unet/gone.bin": LockedFile(1, "f" * 64)}))
    assert find(spec, places, locked) is None


def test_a_second_pull_fetches_nothing(hub: FakeHub, places: Places) -> None:
    pulling.pull([TOY], places)
    before = len(hub.asked)
    (step,) = pulling.pull([TOY], places)
    assert step.state == "there"
    assert len(hub.asked) == before


def test_a_dry_run_says_the_sizes_and_fetches_nothing(hub: FakeHub, places: Places) -> None:
    (step,) = pulling.plan([TOY], places)
    assert (step.state, step.fetch_bytes, step.commit) == ("to fetch", len(CONFIG) + len(WEIGHTS), COMMIT)
    assert not places.cache.exists()
    assert hub.downloads("unet/weights.bin") == 0


def test_resume_is_by_file(hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the client waits between its tries
    hub.cuts["unet/weights.bin"] = 99
    with pytest.raises(ModelNotAvailable, match="The same command goes on: files that are whole are not fetched again"):
        pulling.pull([TOY], places)
    assert find(TOY, places) is None
    hub.cuts.clear()
    (plan,) = pulling.plan([TOY], places)
    assert plan.fetch_bytes == len(WEIGHTS)  # the configuration is there
    (step,) = pulling.pull([TOY], places)
    assert step.state == "fetched"
    assert hub.downloads("unet/config.json") == 1


def test_a_connection_that_breaks_once_is_mended_within_the_pull(
    hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.cuts["unet/weights.bin"] = 1
    (step,) = pulling.pull([TOY], places)
    assert [one.status for one in step.checks] == ["same"]


def test_bytes_damaged_on_the_way_are_removed_and_fetched_again(hub: FakeHub, places: Places) -> None:
    hub.wrong.add("unet/weights.bin")
    with pytest.raises(
        ModelNotAvailable, match=r"weights.bin: differs \(sha256 [\s\S]*damaged on its way and has been"
    ):
        pulling.pull([TOY], places)
    assert "toy" not in read_lock(places.cache / LOCK_NAME).models
    hub.wrong.clear()
    assert pulling.pull([TOY], places)[0].state == "fetched"


def test_another_network_under_the_same_name_is_refused(hub: FakeHub, places: Places) -> None:
    hub.repos = {REPO: {"unet/config.json": CONFIG, "unet/weights.bin": WEIGHTS[::-1]}}
    with pytest.raises(ModelNotAvailable, match=r"The hub has another file than our table knows[\s\S]*--trust-hub"):
        pulling.pull([TOY], places)
    assert find(TOY, places) is None
    (step,) = pulling.pull([TOY], places, trust_hub=True)
    assert step.state == "fetched"
    model = find(TOY, places)
    assert model is not None
    lock = read_lock(places.cache / LOCK_NAME)
    assert [one.status for one in check(model, lock)] == ["same"]  # as the lock file says
    model.file.resolve().write_bytes(b"spoilt" * 900)
    assert [one.status for one in check(model, lock)] == ["differs"]


def test_a_licence_must_be_accepted_once(hub: FakeHub, places: Places) -> None:
    with pytest.raises(ModelNotAvailable, match=r"non-commercial research only[\s\S]*--accept-license"):
        pulling.pull([RESEARCH], places)
    assert hub.asked == []
    pulling.pull([RESEARCH], places, accepted=True)
    assert list(read_lock(places.cache / LOCK_NAME).accepted) == ["insightface"]
    pulling.pull([RESEARCH], places)


def test_no_network(hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    (step,) = pulling.plan([TOY], places)
    assert (step.estimated, step.fetch_bytes) == (True, TOY.about_bytes)
    with pytest.raises(ModelNotAvailable, match=r"HF_HUB_OFFLINE is set.*--models DIR"):
        pulling.pull([TOY], places)
    with pytest.raises(ModelNotAvailable, match="nof1sim models pull toy"):
        resolve(["toy"], places)
    assert hub.asked == []


def test_offline_after_a_pull_nothing_is_asked(hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    pulling.pull([TOY], places)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    before = len(hub.asked)
    assert resolve(["toy"], places)["toy"].commit == COMMIT
    assert pulling.pull([TOY], places)[0].state == "there"
    assert len(hub.asked) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repo": "nobody/none"}, "no such repository.*moved or taken down"),
        ({"revision": "f" * 40}, "no such revision.*--latest"),
        ({"files": (ModelFile("unet/none.bin", 5),)}, "no unet/none.bin.*The repository has changed"),
    ],
)
def test_what_the_hub_does_not_have(hub: FakeHub, places: Places, change: dict, message: str) -> None:
    from dataclasses import replace

    with pytest.raises(ModelNotAvailable, match=message):
        pulling.pull([replace(TOY, **change)], places)


def test_a_gated_repository(hub: FakeHub, places: Places) -> None:
    hub.gated.add(REPO)
    with pytest.raises(ModelNotAvailable, match=r"gated.*hf auth login"):
        pulling.pull([TOY], places)


def test_a_hub_that_is_not_there(hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ModelNotAvailable, match=r"toy \(somebody/toy\).*a network that holds|a download that ends"):
        pulling.pull([TOY], places)


def test_a_disk_that_is_too_small(hub: FakeHub, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "free_bytes", lambda folder: 2000)
    with pytest.raises(ModelNotAvailable, match=r"0\.0 GB free.*--cache-dir"):
        pulling.pull([TOY], places)
    assert hub.downloads("unet/weights.bin") == 0


def test_orphans_of_killed_downloads_go_after_a_day(places: Places) -> None:
    blobs = places.cache / "models--somebody--toy" / "blobs"
    blobs.mkdir(parents=True)
    old, fresh, whole = blobs / "a.incomplete", blobs / "b.incomplete", blobs / "c"
    for path in (old, fresh, whole):
        path.write_bytes(b"x")
        os.utime(path, (1000, 1000 if path != fresh else 1000 + pulling.ORPHAN_SECONDS))
    gone = pulling.remove_orphans([TOY], places, now=lambda: 1001.0 + pulling.ORPHAN_SECONDS)
    assert gone == [old]
    assert sorted(path.name for path in blobs.iterdir()) == ["b.incomplete", "c"]


def test_the_command_refuses_other_bytes_than_the_table_knows(tmp_path: Path) -> None:
    with serving(FakeHub({"InstantX/InstantID": {"ip-adapter.bin": WEIGHTS}})) as hub:
        environ = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)}
        command = [
            sys.executable,
            "-m",
            "nof1sim",
            "models",
            "pull",
            "instantid-adapter",
            "--latest",
            "--accept-license",
        ]
        found = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 2
    assert "the table says 02b3618e36d8" in found.stderr
    lock = json.loads((tmp_path / "hub" / LOCK_NAME).read_text())
    assert list(lock["accepted"]) == ["instantid"]
    assert lock["models"] == {}
