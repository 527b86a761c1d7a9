"""The packed layout: the same files as the standard one, in tar files, and everything else as if they lay loose."""

from __future__ import annotations

import hashlib
import pickle
import tarfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nof1sim.analysis.study import read_study
from nof1sim.dataset import layout, manifest, parts
from nof1sim.dataset.export.base import export
from nof1sim.dataset.packs import PackedTarget, opened, read_index
from nof1sim.dataset.reader import Dataset
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.protocol import Protocol, with_changes
from nof1sim.simulation import driver
from nof1sim.simulation.validation import validate
from nof1sim.simulation.verify import verify

from .conftest import contents, run, small_protocol

PIECE = "packs/000000.parquet"
LAYERS = {"views": ["front", "left"], "layers": ["depth", "chart"]}


def packed_protocol(**images: object) -> Protocol:
    return small_protocol(images={"layout": "packed", **images})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, test_renderers: None) -> tuple[Path, Path]:
    """One trial in the standard layout, and packed."""
    home = tmp_path_factory.mktemp("packed")
    assert run(small_protocol(images=LAYERS), home / "loose").complete
    assert run(packed_protocol(**LAYERS), home / "packed").complete
    return home / "loose", home / "packed"


def pictures(folder: Path) -> dict[str, str]:
    return {path: sha256 for path, sha256 in Dataset(folder).files() if layout.is_picture(path)}


def test_every_logical_file_has_the_same_bytes(both: tuple[Path, Path]) -> None:
    loose, packed = pictures(both[0]), pictures(both[1])
    assert loose == packed
    assert len(loose) == 60 * 5
    target = opened(both[1])
    assert {path: hashlib.sha256(target.read(path)).hexdigest() for path in packed} == packed
    assert not (both[1] / "images").exists()
    tables = [path for path in contents(both[0]) if path.endswith((".csv", ".parquet"))]
    pieces = {path: path.replace(".parquet", "/000000.parquet") for path in tables}  # 64 patients each
    assert {path: contents(both[0])[path] for path in tables} == {
        path: contents(both[1])[pieces[path]] for path in tables
    }


def test_long_tables_lie_in_pieces_that_are_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = small_protocol(cohort={"patients": 5})
    run(protocol, tmp_path / "loose")
    for module in ("layout", "spools", "packs"):
        monkeypatch.setattr(f"nof1sim.dataset.{module}.PIECE_PATIENTS", 2)
    monkeypatch.setattr("nof1sim.simulation.plan.BLOCK_PATIENTS", 2)
    run(with_changes(protocol, images={"layout": "packed"}), tmp_path / "packed")
    found = [path for path in contents(tmp_path / "packed") if path.endswith(".parquet")]
    names = [f"truth/{name}" for name in layout.PIECES]
    assert found == sorted(f"{table}/{n:06d}.parquet" for table in ("packs", "truth/packs", *names) for n in range(3))
    loose, packed = Dataset(tmp_path / "loose"), Dataset(tmp_path / "packed")
    assert all(packed.truth(name).equals(loose.truth(name)) for name in layout.PIECES)
    assert packed.units() == loose.units()
    assert {path: packed.read(path) for path in map(packed.path, packed.units())} == {
        path: loose.read(path) for path in map(loose.path, loose.units())
    }
    assert validate(tmp_path / "packed", redraw=2).findings == ()


def test_a_pack_holds_one_patient(both: tuple[Path, Path]) -> None:
    found = [path for path in contents(both[1]) if "packs/" in path]
    names = [f"P00{n}_d001_front.tar" for n in (1, 2, 3)]
    index = "000000.parquet"
    assert found == [f"{side}/{name}" for side in ("packs", "truth/packs") for name in (index, *names)]


def test_what_belongs_to_one_picture_has_one_key_in_both_packs_in_one_order(both: tuple[Path, Path]) -> None:
    keys: dict[str, list[str]] = defaultdict(list)
    endings: dict[str, set[str]] = defaultdict(set)
    for side in ("packs", "truth/packs"):
        with tarfile.open(both[1] / side / "P002_d001_front.tar") as tar:
            for member in tar.getmembers():
                assert (member.mtime, member.uid, member.gid, member.mode, member.uname) == (0, 0, 0, 0o644, "")
                key, _, ending = member.name.partition(".")  # as WebDataset cuts names
                endings[side].add(ending)
                if not keys[side] or keys[side][-1] != key:
                    keys[side].append(key)
    assert keys["packs"] == keys["truth/packs"]
    assert len(set(keys["packs"])) == len(keys["packs"]) == 20
    assert endings == {"packs": {"jpg"}, "truth/packs": {"mask.png", "support.png", "depth.png", "chart.npz"}}


def test_unpacked_photographs_lie_where_they_do_in_the_standard_layout(both: tuple[Path, Path], tmp_path: Path) -> None:
    for file in (both[1] / "packs").glob("*.tar"):
        with tarfile.open(file) as tar:
            tar.extractall(tmp_path, filter="data")
    assert contents(tmp_path) == {path: sha for path, sha in contents(both[0]).items() if path.startswith("images/")}


def test_webdataset_reads_the_packs(both: tuple[Path, Path]) -> None:
    webdataset = pytest.importorskip("webdataset")
    sides = [str(both[1] / side / "P001_d001_front.tar") for side in ("packs", "truth/packs")]
    samples = [list(webdataset.WebDataset(side, shardshuffle=False)) for side in sides]
    together = [one["__key__"] for one in samples[0]]
    assert together == [one["__key__"] for one in samples[1]]
    image = Dataset(both[0]).target.read("images/P001/P001_d001_front.jpg")
    assert samples[0][0]["jpg"] == image
    assert samples[1][0]["mask.png"] == Dataset(both[0]).target.read("truth/masks/P001/P001_d001_front.png")


def test_all_readers_work_unchanged(both: tuple[Path, Path], tmp_path: Path) -> None:
    loose, packed = Dataset(both[0]), Dataset(both[1])
    unit = loose.units()[3]
    assert (packed.image(unit) == loose.image(unit)).all()
    assert (packed.mask(unit) == loose.mask(unit)).all()
    assert np.array_equal(packed.layer(unit, "depth"), loose.layer(unit, "depth"), equal_nan=True)
    assert pickle.loads(pickle.dumps(packed.target)).read(packed.path(unit)) == loose.read(loose.path(unit))
    result = validate(both[1], redraw=2)
    assert (result.state, result.findings) == ("finished", ())
    checked = verify(both[1], sample=2)
    assert checked.same
    assert checked.drawn
    studies = [read_study(folder) for folder in both]
    assert studies[0].rows.equals(studies[1].rows)
    image = studies[1].rows["image"].drop_nulls()[0]
    assert studies[1].read(image) == studies[0].read(image)
    for name in ("imagefolder", "coco"):
        made = [tmp_path / f"{name}-{folder.name}" for folder in both]
        for folder, out in zip(both, made, strict=True):
            export(Dataset(folder), name, out)
        here, there = ({p: s for p, s in contents(out).items() if p.endswith((".jpg", ".png"))} for out in made)
        assert here == there


def test_shares_more_than_patients_and_resumes_give_the_same_packs(
    both: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = packed_protocol(**LAYERS)
    for i in range(5):
        done = run(protocol, tmp_path / "shares", shard=f"{i}/5").complete
    assert done
    assert contents(tmp_path / "shares") == contents(both[1])

    store, calls = driver.Worker.__call__, []

    def dies(self: driver.Worker, shard: object) -> object:
        calls.append(shard)
        if len(calls) == 2:
            monkeypatch.setattr("nof1sim.simulation.worker.commit_part", _killed)
        return store(self, shard)  # type: ignore[arg-type]

    monkeypatch.setattr(driver.Worker, "__call__", dies)
    with pytest.raises(KeyboardInterrupt):  # the packs of the second shard are there, its part is not
        run(protocol, tmp_path / "resumed")
    monkeypatch.undo()
    assert len(Target(tmp_path / "resumed").list("packs")) == 2  # no index yet
    outcome = run(protocol, tmp_path / "resumed")
    assert (outcome.complete, outcome.drawn) == (True, 40)
    assert contents(tmp_path / "resumed") == contents(both[1])


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_picture_that_fails_holds_back_its_pack_and_no_other(tmp_path: Path, both: tuple[Path, Path]) -> None:
    protocol = packed_protocol(**LAYERS)
    broken = {"images": {"renderer": "nof1sim_test_renderers:Dots"}}
    with pytest.MonkeyPatch.context() as patch:
        write = driver.Worker.write

        def fails(self: driver.Worker, unit: object, *others: object) -> object:
            if (unit.rank, unit.day) == (1, 4):  # type: ignore[attr-defined]
                from nof1sim.errors import RenderError

                raise RenderError("no face")
            return write(self, unit, *others)  # type: ignore[arg-type]

        patch.setattr(driver.Worker, "write", fails)
        outcome = run(with_changes(protocol, **broken), tmp_path / "trial")
    assert (outcome.complete, outcome.drawn, len(outcome.failures)) == (False, 40, 2)
    assert run(protocol, tmp_path / "trial").drawn == 20
    assert contents(tmp_path / "trial") == contents(both[1])


def test_a_pack_that_vanished_is_made_again(tmp_path: Path, both: tuple[Path, Path]) -> None:
    protocol = packed_protocol(**LAYERS)
    run(protocol, tmp_path / "trial", shard="0/2")
    (tmp_path / "trial" / "truth" / "packs" / "P001_d001_front.tar").unlink()
    assert run(protocol, tmp_path / "trial").drawn == 40
    assert contents(tmp_path / "trial") == contents(both[1])


def test_one_digest_but_no_mixed_layouts(tmp_path: Path) -> None:
    loose, packed = small_protocol(), packed_protocol()
    assert loose.digest == packed.digest
    run(loose, tmp_path / "trial", shard="0/2")
    with pytest.raises(DatasetError, match=r"another layout .not packed.*--overwrite"):
        run(packed, tmp_path / "trial")
    assert run(packed, tmp_path / "trial", overwrite=True).complete
    with pytest.raises(DatasetError, match=r"a complete dataset of the same protocol in another layout .packed"):
        run(loose, tmp_path / "trial")
    assert run(loose, tmp_path / "trial", overwrite=True).complete
    assert not [path for path in contents(tmp_path / "trial") if "packs" in path]


def test_damage_is_found(both: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    def damaged(name: str, change: object) -> set[str]:
        folder = Path(shutil.copytree(both[1], tmp_path / name))
        change(folder)  # type: ignore[operator]
        return {finding.path for finding in validate(folder).findings if finding.severity == "error"}

    def flip(folder: Path) -> None:
        _, offset, size = opened(folder)._member("images/P002/P002_d003_left.jpg")  # type: ignore[attr-defined, misc]
        file = folder / "packs" / "P002_d001_front.tar"
        data = bytearray(file.read_bytes())
        data[offset + size // 2] ^= 1
        file.write_bytes(data)

    assert {"packs/P002_d001_front.tar", "images/P002/P002_d003_left.jpg"} <= damaged("flipped", flip)
    gone = damaged("gone", lambda folder: (folder / "packs" / "P003_d001_front.tar").unlink())
    assert {"packs/P003_d001_front.tar", "images/P003/P003_d001_front.jpg"} <= gone
    index = "packs/000000.parquet"
    assert index in damaged("index", lambda folder: (folder / index).write_bytes(b"PAR1"))
    piece = "truth/lesion_days/000000.parquet"
    assert piece in damaged("piece", lambda folder: (folder / piece).unlink())

    def linked(folder: Path) -> None:
        file = folder / "packs" / "P001_d001_front.tar"
        file.rename(tmp_path / "outside.tar")
        file.symlink_to(tmp_path / "outside.tar")

    assert "packs/P001_d001_front.tar" in damaged("linked", linked)


def test_a_copy_without_the_truth_is_a_dataset(both: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(both[1], tmp_path / "blinded", ignore=shutil.ignore_patterns("truth")))
    result = validate(folder)
    assert (result.state, [f for f in result.findings if f.severity == "error"]) == ("blinded", [])
    assert Dataset(folder).image(Dataset(folder).units()[0]).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "change",
    [
        pl.col("offset") - 10_000_000,
        pl.lit("/etc/passwd").alias("pack"),
        pl.lit("truth/packs/P001_d001_front.tar").alias("pack"),
        pl.lit("images/P001/P001_d001_front.jpg").alias("path"),
        pl.col("path").str.replace_all("P001", "P065"),  # of another piece
        pl.col("bytes") * (1 << 40),
        pl.col("sha256").alias("hash"),
    ],
)
def test_an_index_that_points_elsewhere_is_refused(change: pl.Expr, both: tuple[Path, Path], tmp_path: Path) -> None:
    index = pl.read_parquet(both[1] / PIECE).with_columns(change)
    target = Target(tmp_path)
    (tmp_path / "packs").mkdir()
    index.write_parquet(tmp_path / PIECE)
    with pytest.raises(DatasetError, match=PIECE):
        read_index(target, PIECE)
    assert isinstance(opened(tmp_path), PackedTarget)


def test_the_lists_of_the_manifest_can_be_checked_by_any_tool(both: tuple[Path, Path]) -> None:
    lines = (both[1] / "images.sha256").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == [f"packs/P00{n}_d001_front.tar" for n in (1, 2, 3)]
    for line in lines:
        sha256, path = line.split("  ")
        assert hashlib.sha256((both[1] / path).read_bytes()).hexdigest() == sha256
    assert manifest.read_manifest(Target(both[1]))["images"]["layout"] == "packed"
    assert len(parts.KINDS) == 8
