from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from nof1sim.dataset import target as module
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError

URLS = ["{tmp}/trial", "file://{tmp}/trial", "memory://{tmp}/trial"]


@pytest.mark.parametrize("url", URLS)
def test_files_come_back_on_every_kind_of_target(url: str, tmp_path: Path) -> None:
    target = Target(url.format(tmp=tmp_path))
    target.ensure_writable()
    assert target.list() == []
    stored = target.store("images/P001/a.jpg", b"one")
    target.write("README.md", b"two")
    assert (stored.path, stored.bytes) == ("images/P001/a.jpg", 3)
    assert target.list() == ["README.md", "images/P001/a.jpg"]
    assert target.list("images") == ["images/P001/a.jpg"]
    assert target.list("truth") == []
    assert target.exists("README.md")
    assert not target.exists("images")
    assert target.read("images/P001/a.jpg") == b"one"
    target.write("README.md", b"three")
    assert target.read("README.md") == b"three"
    target.remove("images/P001/a.jpg")
    target.remove("images/P001/a.jpg")
    assert target.list() == ["README.md"]


def test_a_target_travels_to_other_processes(tmp_path: Path) -> None:
    target = Target(tmp_path)
    target.write("a", b"x")
    assert pickle.loads(pickle.dumps(target)).read("a") == b"x"


def test_removing_the_last_file_removes_the_folder(target: Target) -> None:
    target.write("images/P001/a.jpg", b"")
    target.write("b", b"")
    target.remove("images/P001/a.jpg")
    assert target.local is not None
    assert [path.name for path in target.local.iterdir()] == ["b"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_trace(
    step: str, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.write("a.txt", b"old")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, crash)
    with pytest.raises(KeyboardInterrupt):
        target.write("a.txt", b"new")
    monkeypatch.undo()
    assert target.read("a.txt") == b"old"
    assert target.local is not None
    assert [path.name for path in target.local.iterdir()] == ["a.txt"]


def test_a_killed_write_is_no_file_and_is_swept_up(target: Target) -> None:
    target.write("a.txt", b"old")
    code = (
        "import os, sys; from nof1sim.dataset.target import Target\n"
        "os.replace = lambda *_: os._exit(9)\n"
        "Target(sys.argv[1]).write('a.txt', b'new')"
    )
    assert subprocess.run([sys.executable, "-c", code, target.url], check=False).returncode == 9
    assert target.local is not None
    assert len(list(target.local.iterdir())) == 2
    assert target.list() == ["a.txt"]
    assert target.read("a.txt") == b"old"
    assert target.sweep() == 1
    assert len(list(target.local.iterdir())) == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EACCES, "cannot be written")],
)
def test_the_system_s_errors_become_letters(
    number: int, words: str, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(DatasetError, match=words) as caught:
        target.write("images/a.jpg", b"x")
    assert "images/a.jpg" in str(caught.value) or "--out" in str(caught.value)
    monkeypatch.undo()
    assert target.list() == []
    assert target.sweep() == 0


def test_a_file_is_no_target(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="is a file"):
        Target(tmp_path / "file").ensure_writable()
    with pytest.raises(DatasetError, match=r"cannot be written .not a directory.*--out"):
        Target(tmp_path / "file" / "below").ensure_writable()


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.mark.skipif(_is_root(), reason="root may write to a read-only folder")
def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir(mode=0o500)
    with pytest.raises(DatasetError, match="cannot be written"):
        Target(folder).ensure_writable()


def test_a_missing_file_is_a_letter(target: Target) -> None:
    with pytest.raises(DatasetError, match=r"there is no 'manifest\.json'"):
        target.read("manifest.json")


def test_an_unknown_kind_of_url_is_a_letter() -> None:
    with pytest.raises(DatasetError, match="cannot be opened"):
        Target("nosuch://bucket/trial")


@pytest.mark.parametrize("path", ["../outside", "/etc/hostname", "images/../../outside", "images\\..\\outside"])
def test_a_path_that_leads_out_of_the_dataset_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"private")
    for target in (Target(tmp_path / "trial"), Target("memory://trial")):
        for act in (target.read, target.exists, target.remove, lambda name, to=target: to.write(name, b"mine")):
            with pytest.raises(DatasetError, match="leads out of the dataset"):
                act(path)
    assert (tmp_path / "outside").read_bytes() == b"private"
