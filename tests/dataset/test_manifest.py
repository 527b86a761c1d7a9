from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from nof1sim.dataset import layout, manifest
from nof1sim.dataset.schema import schemas
from nof1sim.dataset.sums import Sums
from nof1sim.dataset.target import Stored, Target
from nof1sim.errors import DatasetError
from nof1sim.versions import PACKAGES

PROTOCOL = '{"seed":5,"name":"trial"}'
DIGEST, OTHER = "d" * 64, "e" * 64
VERSIONS = {"nof1sim": "0.1.0", "python": "3.11", "numpy": "2.4.6"}
IMAGE = "images/P001/P001_d001_front.jpg"


REAL_VERSIONS = manifest.versions


@pytest.fixture(autouse=True)
def pinned_versions() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "versions", lambda: dict(VERSIONS))
        yield


def begin(target: Target, digest: str = DIGEST, overwrite: bool = False) -> str:
    return manifest.start(target, PROTOCOL, digest, overwrite)


def complete(target: Target, digest: str = DIGEST) -> dict[str, tuple[str, int]]:
    begin(target, digest)
    paths = (layout.OBSERVATIONS, layout.CARD, layout.DAYS, layout.persistence_path("P001"))
    stored = [target.store(path, path.encode()) for path in paths]
    with target.scratch(layout.WORK) as folder:
        sums = Sums(layout.IMAGE_SUMS, target, folder)
        sums.add([(IMAGE, target.store(IMAGE, b"image").sha256)])
        stored.append(cast("Stored", sums.store()))
    files = {one.path: (one.sha256, one.bytes) for one in stored}
    target.write(f"{layout.PARTS}/x.parquet", b"")
    target.write(f"{layout.LOCKS}/share.lock", b"")
    manifest.finish(
        target, digest, files, {"patients": 1, "images": 1}, {"seed": 5, "nuisance": {IMAGE: {"yaw_deg": 0.0}}}
    )
    return files


def bytes_of(target: Target) -> dict[str, bytes]:
    return {path: target.read(path) for path in target.list()}


def test_a_new_folder_is_claimed_resumed_and_completed(target: Target) -> None:
    assert begin(target) == "new"
    assert begin(target) == "resumed"
    assert not manifest.is_complete(target)
    complete(target)
    assert manifest.is_complete(target)
    assert begin(target) == "complete"
    assert not [path for path in target.list() if path.startswith(layout.WORK)]


def test_the_manifests_say_what_is_there_and_no_more(target: Target) -> None:
    files = complete(target)
    shown, truth = manifest.read_manifest(target), manifest.read_manifest(target, layout.TRUTH_MANIFEST)
    assert shown["files"].keys() == {layout.IMAGE_SUMS, layout.OBSERVATIONS, layout.CARD}
    assert all(path.startswith("truth/") for path in truth["files"])
    listed = dict(manifest.covered(target))
    assert listed.keys() == files.keys() | {IMAGE}
    assert all(listed[path] == sha256 for path, (sha256, _) in files.items())
    assert IMAGE not in shown["files"]
    assert shown["versions"] == VERSIONS
    assert truth["protocol"]["seed"] == truth["seed"] == 5
    assert "seed" not in json.dumps(shown)
    jsonschema.validate(shown, schemas()["manifest.v1.json"])
    jsonschema.validate(truth, schemas()["truth_manifest.v1.json"])


def test_the_order_in_which_files_are_named_does_not_matter(target: Target, tmp_path: Path) -> None:
    files = complete(target)
    other = Target(tmp_path / "other")
    begin(other)
    manifest.finish(
        other,
        DIGEST,
        dict(reversed(files.items())),
        {"patients": 1, "images": 1},
        {"seed": 5, "nuisance": {IMAGE: {"yaw_deg": 0.0}}},
    )
    assert other.read(layout.MANIFEST_SHA) == target.read(layout.MANIFEST_SHA)


def test_the_checksum_file_is_one_that_sha256sum_reads(target: Target) -> None:
    complete(target)
    try:
        for path in (layout.MANIFEST_SHA, layout.IMAGE_SUMS):
            subprocess.run(["sha256sum", "-c", "--strict", path], cwd=target.local, check=True)
    except FileNotFoundError:
        pytest.skip("no sha256sum here")


def test_the_same_run_gives_the_same_bytes_wherever_it_is(tmp_path: Path) -> None:
    one, two = Target(tmp_path / "one"), Target(tmp_path / "elsewhere" / "two")
    complete(one)
    complete(two)
    assert bytes_of(one) == bytes_of(two)
    everything = b"".join(bytes_of(one).values())
    assert str(tmp_path).encode() not in everything


@pytest.mark.parametrize("crash_at", [layout.TRUTH_MANIFEST, layout.MANIFEST, layout.MANIFEST_SHA, "tidy"])
def test_a_crash_while_finishing_is_mended_by_finishing_again(
    crash_at: str, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Target(tmp_path / "whole")
    complete(whole)
    write = Target.write

    def crashing(self: Target, path: str, data: bytes) -> None:
        if path == crash_at:
            raise KeyboardInterrupt
        write(self, path, data)

    def stop(_: Target) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Target, "write", crashing)
    if crash_at == "tidy":
        monkeypatch.setattr(manifest, "tidy", stop)
    with pytest.raises(KeyboardInterrupt):
        complete(target)
    monkeypatch.undo()
    assert manifest.is_complete(target) is (crash_at == "tidy")
    assert begin(target) == ("complete" if crash_at == "tidy" else "resumed")
    if crash_at != "tidy":
        complete(target)
    assert bytes_of(target) == bytes_of(whole)


@pytest.mark.parametrize("finished", [True, False])
def test_another_protocol_is_refused_then_overwritten(finished: bool, target: Target) -> None:
    complete(target, OTHER) if finished else begin(target, OTHER)
    target.write("images/P002/P002_d001_front.jpg", b"drawn, never committed")
    target.write("notes.txt", b"mine")
    target.write("images/holiday.jpg", b"mine")
    target.write("analysis/result.json", b"mine")
    before = bytes_of(target)
    with pytest.raises(DatasetError, match=r"eeeeeeeeeeee.*dddddddddddd.*--out.*--overwrite"):
        begin(target)
    assert bytes_of(target) == before
    assert begin(target, overwrite=True) == "new"
    assert set(target.list()) == {layout.START, "notes.txt", "images/holiday.jpg", "analysis/result.json"}


def test_an_interrupted_overwrite_goes_on(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    complete(target, OTHER)
    remove = Target.remove

    def crashing(self: Target, path: str) -> None:
        if path == IMAGE:
            raise KeyboardInterrupt
        remove(self, path)

    monkeypatch.setattr(Target, "remove", crashing)
    with pytest.raises(KeyboardInterrupt):
        begin(target, overwrite=True)
    monkeypatch.undo()
    assert not manifest.is_complete(target)
    assert begin(target) == "new"
    assert target.list() == [layout.START]


def test_a_complete_dataset_is_made_anew_only_when_asked(target: Target) -> None:
    complete(target)
    assert begin(target, overwrite=True) == "new"
    target.write(f"{layout.PARTS}/x.parquet", b"another share's")
    assert begin(target, overwrite=True) == "resumed"
    assert target.exists(f"{layout.PARTS}/x.parquet")


def test_clearing_asks_first_and_only_clearing_does(target: Target) -> None:
    def refuse() -> None:
        raise DatasetError("somebody is at work")

    assert manifest.start(target, PROTOCOL, DIGEST, overwrite=True, before_clearing=refuse) == "new"
    assert manifest.start(target, PROTOCOL, DIGEST, overwrite=True, before_clearing=refuse) == "resumed"
    target.write(IMAGE, b"drawn")
    before = bytes_of(target)
    with pytest.raises(DatasetError, match="at work"):
        manifest.start(target, PROTOCOL, OTHER, overwrite=True, before_clearing=refuse)
    assert bytes_of(target) == before


def test_finishing_for_a_protocol_that_no_longer_holds_the_folder_is_refused(target: Target) -> None:
    begin(target, OTHER)
    with pytest.raises(DatasetError, match=r"eeeeeeeeeeee; asked for was dddddddddddd"):
        manifest.finish(target, DIGEST, {}, {})
    assert target.list() == [layout.START]


def test_pictures_of_other_versions_are_not_mixed(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(target)
    monkeypatch.setattr(manifest, "versions", lambda: VERSIONS | {"numpy": "3.0.0"})
    with pytest.raises(DatasetError, match=r"numpy 2.4.6 \(here 3.0.0\)"):
        begin(target)


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", ["holiday.jpg", "manifest.json", "README.md"])
def test_a_folder_of_something_else_is_never_touched(name: str, overwrite: bool, target: Target) -> None:
    target.write(name, b'{"name": "a web site"}')
    with pytest.raises(DatasetError, match=f"no dataset.*{name}"):
        begin(target, overwrite=overwrite)
    assert bytes_of(target) == {name: b'{"name": "a web site"}'}


def test_a_changed_manifest_is_noticed(target: Target) -> None:
    complete(target)
    target.write(layout.MANIFEST, target.read(layout.MANIFEST).replace(b'"patients": 1', b'"patients": 2'))
    assert not manifest.is_complete(target)
    with pytest.raises(DatasetError, match="not the file that was written"):
        manifest.read_manifest(target)
    with pytest.raises(DatasetError, match="manifest was changed"):
        begin(target)


def test_finishing_what_nobody_started_is_refused(target: Target) -> None:
    with pytest.raises(DatasetError, match="nothing was started"):
        manifest.finish(target, DIGEST, {}, {}, {})


def test_versions_name_what_bytes_depend_on() -> None:
    assert REAL_VERSIONS().keys() == {"nof1sim", "python", *PACKAGES}


def test_the_checksums_are_those_of_the_files(target: Target) -> None:
    complete(target)
    for path in (layout.MANIFEST, layout.TRUTH_MANIFEST):
        for name, entry in manifest.read_manifest(target, path)["files"].items():
            assert hashlib.sha256(target.read(name)).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("path", [layout.MANIFEST, layout.TRUTH_MANIFEST])
@pytest.mark.parametrize("version", [manifest.SCHEMA_VERSION + 1, "2", None])
def test_a_newer_schema_says_to_upgrade(target: Target, path: str, version: object) -> None:
    complete(target)
    old = target.read(path)
    new = json.dumps(json.loads(old) | {"schema_version": version}).encode()
    target.write(path, new)
    sums = target.read(layout.MANIFEST_SHA).decode()
    digests = [hashlib.sha256(data).hexdigest() for data in (old, new)]
    target.write(layout.MANIFEST_SHA, sums.replace(*digests).encode())
    with pytest.raises(DatasetError, match="upgrade nof1sim"):
        manifest.read_manifest(target, path)
