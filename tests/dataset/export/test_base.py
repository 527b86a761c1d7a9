"""The rules that every export keeps, and the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nof1sim.cli import app
from nof1sim.dataset.export import base
from nof1sim.dataset.export.base import FORMATS, NOTE, Options, export
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import DatasetError, InputError, Nof1simError, UnknownNameError

from .conftest import SPOTS


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def nof1sim(*words: str | Path) -> str:
    """What a command prints. A letter to the user is raised, as `main` meets it."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """A format whose writer does what its option says."""
    monkeypatch.setitem(FORMATS, "toy", base.Format(f"{__name__}:write_toy", "a toy", options={"do": "what"}))
    return "toy"


def write_toy(dataset: Dataset, out: Path, options: Options, tell: base.Tell) -> None:
    out.mkdir()
    (out / "half").write_text("written")
    if options.more.get("do") == "fail":
        raise DatasetError("the writer failed")
    if options.more.get("do") == "full":
        raise OSError(28, "No space left on device")
    (out / NOTE).write_text("{}")


def test_an_export_is_there_whole_or_not_at_all(exported: Dataset, toy: str, tmp_path: Path) -> None:
    for do, letter in (("fail", "the writer failed"), ("full", "disk is full")):
        with pytest.raises(DatasetError, match=letter):
            export(exported, toy, tmp_path / "out", Options(more={"do": do}))
        assert not list(tmp_path.iterdir())
    export(exported, toy, tmp_path / "out")
    kept = contents(tmp_path / "out")
    with pytest.raises(DatasetError, match="the writer failed"):
        export(exported, toy, tmp_path / "out", Options(more={"do": "fail"}), overwrite=True)
    assert contents(tmp_path / "out") == kept
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_only_an_earlier_export_is_replaced(exported: Dataset, toy: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(DatasetError, match="no export of this kind"):
            export(exported, toy, out, overwrite=overwrite)
    assert (out / "thesis.txt").read_text() == "years of work"
    shutil.rmtree(out)
    export(exported, toy, out)
    with pytest.raises(DatasetError, match="--overwrite"):
        export(exported, toy, out)
    (out / "old").write_text("")
    export(exported, toy, out, overwrite=True)
    assert sorted(contents(out)) == ["half", NOTE]


def test_a_link_or_a_place_in_the_dataset_is_refused(exported: Dataset, toy: str, tmp_path: Path) -> None:
    export(exported, toy, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(DatasetError, match="no export of this kind"):
        export(exported, toy, tmp_path / "link", overwrite=True)
    with pytest.raises(DatasetError, match="lies in the dataset"):
        export(exported, toy, Path(exported.url) / "more" / "out")
    assert not (Path(exported.url) / "more").exists()


def test_options_that_a_format_does_not_have_are_refused(exported: Dataset, tmp_path: Path) -> None:
    for to, options, letter in (
        ("croissant", Options(truth=True), "no place for the truth"),
        ("croissant", Options(split={"a": 0.5}), "knows no splits"),
        ("webdataset", Options(more={"size": "5"}), "no such option. It has: size_mb"),
    ):
        with pytest.raises(DatasetError, match=letter):
            export(exported, to, None if FORMATS[to].inside else tmp_path / "out", options)
    with pytest.raises(UnknownNameError, match="Did you mean 'parquet'"):
        export(exported, "parkett", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_truth_that_is_not_there_is_said_first(spoilt: Path) -> None:
    shutil.rmtree(spoilt / "truth")
    for to in ("imagefolder", "parquet", "webdataset"):
        with pytest.raises(DatasetError, match="comes without its truth/ folder"):
            export(open_dataset(spoilt), to, options=Options(truth=True))
        assert export(open_dataset(spoilt), to).is_dir()


def test_a_dataset_without_photographs_has_nothing_to_show(tmp_path: Path) -> None:
    nof1sim("simulate", "--patients", "2", "--days", "6", "--no-images", "--out", tmp_path / "trial")
    for to in ("imagefolder", "parquet", "webdataset"):
        with pytest.raises(DatasetError, match="has no photographs"):
            export(open_dataset(tmp_path / "trial"), to)


def test_the_command_exports_and_leaves_the_dataset_alone(exported: Dataset, tmp_path: Path) -> None:
    before = contents(Path(exported.url))
    words = ("--split", "train=.75,test=.25", "--truth", "--seed", "3", "--set", "size_mb=1", "--out", tmp_path / "w")
    assert f"Wrote {tmp_path / 'w'}" in nof1sim("export", exported.url, "--to", "webdataset", *words).replace("\n", "")
    note = json.loads((tmp_path / "w" / NOTE).read_text())
    assert note["options"]["split"] == {"train": 0.75, "test": 0.25}
    assert note["source"] == hashlib.sha256(before["manifest.json"]).hexdigest()
    assert contents(Path(exported.url)) == before


def test_the_list_names_every_format_and_its_options() -> None:
    text = nof1sim("export", "--list")
    assert all(name in text for name in FORMATS)
    assert "size_mb" in text


@pytest.mark.parametrize(
    ("words", "letter"),
    [
        (("--to", "parkett"), "Did you mean 'parquet'"),
        ((), "--to is missing"),
        (("--to", "parquet", "--split", "train"), "name=value"),
        (("--to", "parquet", "--split", "train=2"), "a share above 0"),
        (("--to", "parquet", "--split", "train=.9,test=.2"), "at most 1"),
        (("--to", "parquet", "--split", "a=.2,b=.2,c=.2,d=.2,e=.2"), "at most as many parts as patients"),
        (("--to", "parquet", "--set", "colour=red"), "no such option"),
    ],
)
def test_bad_words_are_answered_with_a_letter(
    exported: Dataset, words: tuple[str, ...], letter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Nof1simError, match=letter):
        nof1sim("export", exported.url, *words)
    assert not list(Path(exported.url).parent.glob("trial-exports/*"))


def test_what_is_no_finished_dataset_is_refused(spoilt: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no dataset"):
        nof1sim("export", tmp_path, "--to", "parquet")
    (spoilt / "manifest.sha256").unlink()
    with pytest.raises(DatasetError, match="is no dataset"):
        nof1sim("export", spoilt, "--to", "parquet")
    (spoilt / ".nof1sim").mkdir()
    (spoilt / ".nof1sim" / "start.json").write_text('{"format": "nof1sim-dataset"}')
    with pytest.raises(DatasetError, match="unfinished"):
        nof1sim("export", spoilt, "--to", "parquet")
    assert not (tmp_path / "trial-exports").exists()


def test_simulate_also_exports_and_replaces_its_own(tmp_path: Path) -> None:
    words = ("simulate", "--patients", "2", "--days", "6", "--size", "64", "--out", tmp_path / "trial")
    words += ("--renderer", SPOTS, "--engine", "serial")
    with pytest.raises(UnknownNameError):
        nof1sim(*words, "--also", "parkett")
    assert not (tmp_path / "trial").exists()
    for _ in range(2):  # the second run finds everything done
        nof1sim(*words, "--also", "imagefolder, croissant,webdataset")
        assert sorted(path.name for path in (tmp_path / "trial-exports").iterdir()) == ["imagefolder", "webdataset"]
        assert (tmp_path / "trial" / "croissant.json").is_file()
        assert len(list((tmp_path / "trial-exports" / "imagefolder").rglob("*.jpg"))) == 12
    with pytest.raises(InputError, match="FOLDER is missing"):
        nof1sim("export", "--to", "coco")
