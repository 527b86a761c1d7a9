from __future__ import annotations

import hashlib

import polars as pl
import pytest

from nof1sim.dataset import parts
from nof1sim.dataset.layout import PARTS, image_path, layer_of, mask_of
from nof1sim.dataset.target import Target
from nof1sim.errors import DatasetError
from nof1sim.model import Unit

DIGEST = "d" * 64
BOX = {"lesion_id": 7, "x": 1.5, "y": 2.0, "w": 3.0, "h": 4.0, "area_px": 9}


def draw(target: Target, shard: str, *units: Unit, digest: str = DIGEST) -> None:
    rows = []
    for unit in units:
        image = target.store(image_path(unit), str(unit).encode())
        mask = target.store(mask_of(image.path), b"mask")
        support = target.store(mask_of(image.path, support=True), b"support")
        boxes = [BOX, BOX | {"lesion_id": 8}] if unit.day == 1 else []
        files = {"image": image, "mask": mask, "support": support}
        if unit.day == 2:
            files["depth"] = target.store(layer_of(image.path, "depth"), b"depth")
        said = {"nuisance": {"yaw_deg": 0.5}, "drawn": {"b": 1, "a": "x"}, "face": {"nose": 1.0}}
        rows.append(parts.part_row(unit, files, said, boxes))
    parts.commit_part(target, shard, digest, rows)


def done(target: Target, digest: str, overwrite: bool = False) -> set[Unit]:
    frames = parts.committed(target, digest, overwrite)
    return {Unit(*key) for frame in frames for key in frame.iter_rows()}


def all_rows(target: Target, digest: str) -> pl.DataFrame:
    return pl.concat([parts.none(), *parts.by_patient(target, digest)])


def test_only_committed_units_are_done(target: Target) -> None:
    assert done(target, DIGEST) == set()
    target.write(image_path(Unit(0, 9)), b"an image whose shard never ended")
    draw(target, "one", Unit(0, 1), Unit(0, 2))
    draw(target, "two", Unit(1, 1, 2, "left"))
    assert done(target, DIGEST) == {Unit(0, 1), Unit(0, 2), Unit(1, 1, 2, "left")}


def test_the_rows_come_back_in_order_and_once(target: Target) -> None:
    draw(target, "b", Unit(1, 1))
    draw(target, "a", Unit(0, 2), Unit(0, 1))
    draw(target, "c", Unit(0, 2))
    rows = all_rows(target, DIGEST)
    assert list(rows.select(parts.UNIT).iter_rows()) == [(0, 1, 1, "front"), (0, 2, 1, "front"), (1, 1, 1, "front")]
    assert rows["drawn"][0] == '{"a":"x","b":1}'
    sums = dict(parts.sums_of(rows))
    assert sorted(sums) == sorted(path for path in target.list() if not path.startswith(PARTS))
    assert sums[image_path(Unit(1, 1))] == hashlib.sha256(str(Unit(1, 1)).encode()).hexdigest()
    boxes = parts.boxes_of(rows)
    assert boxes.select("rank", "day", "lesion_id", "area_px").rows() == [
        (0, 1, 7, 9),
        (0, 1, 8, 9),
        (1, 1, 7, 9),
        (1, 1, 8, 9),
    ]


def test_no_parts_give_an_empty_table_of_the_same_columns(target: Target) -> None:
    rows = all_rows(target, DIGEST)
    assert rows.columns == list(parts.SCHEMA)
    assert list(parts.sums_of(rows)) == []
    assert parts.points_of(rows).columns == [*parts.UNIT, "image", "name", "x", "y"]
    assert parts.boxes_of(rows).columns == [*parts.UNIT, "image", *BOX]
    draw(target, "one", Unit(0, 2))  # no lesion at all
    assert parts.boxes_of(all_rows(target, DIGEST)).height == 0


def test_parts_of_another_protocol_are_refused(target: Target) -> None:
    draw(target, "one", Unit(0, 1), digest="e" * 64)
    with pytest.raises(DatasetError, match=r"another protocol \(eeeeeeeeeeee, asked for dddddddddddd\).*--overwrite"):
        done(target, DIGEST)


@pytest.mark.parametrize("damage", [lambda d: d[:-5], lambda d: b"", lambda d: d[:40] + bytes([d[40] ^ 1]) + d[41:]])
def test_a_damaged_part_is_not_done(damage: object, target: Target) -> None:
    draw(target, "one", Unit(0, 1))
    draw(target, "two", Unit(1, 1))
    path = next(path for path in target.list(PARTS) if "one" in path)
    target.write(path, damage(target.read(path)))  # type: ignore[operator]
    with pytest.warns(UserWarning, match="damaged"):
        assert done(target, DIGEST) == {Unit(1, 1)}
    assert not target.exists(path)
    assert done(target, DIGEST) == {Unit(1, 1)}


IMAGE = image_path(Unit(0, 2))


@pytest.mark.parametrize("path", [IMAGE, mask_of(IMAGE), mask_of(IMAGE, support=True), layer_of(IMAGE, "depth")])
def test_a_picture_of_which_a_file_vanished_is_not_done(path: str, target: Target) -> None:
    draw(target, "one", Unit(0, 1), Unit(0, 2))
    target.remove(path)
    assert done(target, DIGEST) == {Unit(0, 1)}


def test_overwriting_removes_parts_of_another_protocol_and_their_files(target: Target) -> None:
    draw(target, "ours", Unit(0, 1), Unit(0, 2))
    draw(target, "theirs", Unit(0, 2), Unit(1, 1), digest="e" * 64)  # wrote over one of our pictures
    assert done(target, DIGEST, overwrite=True) == {Unit(0, 1)}
    assert len(target.list(PARTS)) == 1
    assert not target.exists(image_path(Unit(1, 1)))
    assert done(target, DIGEST) == {Unit(0, 1)}


def test_equal_rows_give_equal_bytes_and_a_second_commit_changes_nothing(target: Target) -> None:
    draw(target, "one", Unit(0, 1), Unit(0, 2))
    before = {path: target.read(path) for path in target.list()}
    draw(target, "one", Unit(0, 2), Unit(0, 1))
    assert {path: target.read(path) for path in target.list()} == before


def test_memory_holds_one_patient_and_only_those_that_are_asked_for(target: Target) -> None:
    for rank in (130, 2, 64, 3):
        draw(target, f"a{rank}", Unit(rank, 2), Unit(rank, 1))
        draw(target, f"b{rank}", Unit(rank, 3))
    frames = list(parts.by_patient(target, DIGEST))
    assert [frame["rank"].to_list() for frame in frames] == [[2] * 3, [3] * 3, [64] * 3, [130] * 3]
    assert all(frame["day"].to_list() == [1, 2, 3] for frame in frames)
    some = parts.by_patient(target, DIGEST, range(3, 65))
    assert [frame["rank"][0] for frame in some] == [3, 64]
    assert [frame["rank"][0] for frame in parts.committed(target, DIGEST, ranks=[2, 130])] == [2, 130]
    light = next(parts.by_patient(target, DIGEST, columns=("digest", *parts.UNIT, "image")))
    assert light.columns == ["digest", *parts.UNIT, "image"]


def test_names_tell_how_many_pictures_there_are_at_most(target: Target) -> None:
    assert parts.count(target) == 0
    draw(target, "one", Unit(0, 1), Unit(0, 2))
    draw(target, "two", Unit(99, 1))
    target.write(f"{PARTS}/000000/readme.txt", b"no part")
    assert parts.count(target) == 3
    assert len(done(target, DIGEST)) == 3


def test_key_points_come_back_by_name(target: Target) -> None:
    image = target.store(image_path(Unit(0, 1)), b"x")
    row = parts.part_row(Unit(0, 1), {"image": image}, points={"nose": (1.5, 2.0), "chin": (3.0, None)})
    parts.commit_part(target, "one", DIGEST, [row])
    found = parts.points_of(all_rows(target, DIGEST)).select("day", "name", "x", "y").rows()
    assert found == [(1, "chin", 3.0, None), (1, "nose", 1.5, 2.0)]


def test_a_folder_is_listed_once(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(target, "one", *(Unit(0, day) for day in range(1, 30)))
    asked: list[str] = []
    real = target.list
    monkeypatch.setattr(target, "list", lambda prefix="": asked.append(prefix) or real(prefix))
    assert len(done(target, DIGEST)) == 29
    assert len(asked) == len(set(asked)) <= 4


def test_a_picture_without_masks_needs_none(target: Target) -> None:
    image = target.store(image_path(Unit(0, 1)), b"x")
    row = parts.part_row(Unit(0, 1), {"image": image})
    bare = {name: value for name, value in row.items() if not name.startswith(("mask", "support"))}
    parts.commit_part(target, "one", DIGEST, [bare])
    assert list(parts.sums_of(all_rows(target, DIGEST))) == [(image.path, image.sha256)]
