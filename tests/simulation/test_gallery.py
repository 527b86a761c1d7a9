"""The contact sheets: what they show, how they are laid out, what their files say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nof1sim import plugins
from nof1sim.dataset.images import read_note
from nof1sim.errors import InputError, Nof1simError, ProtocolError
from nof1sim.protocol import Protocol
from nof1sim.simulation.gallery import SHEETS, Sheet, Wish, lay_out, parse_only, write_gallery
from nof1sim.simulation.plan import Plan


@pytest.fixture
def plan(small: Protocol) -> Plan:
    return Plan(small)


def sheet(plan: Plan, name: str, **changes: object) -> Sheet:
    renderer = plugins.resolve("renderers", plan.protocol.images.renderer, "images.renderer")()
    return SHEETS[name](Wish(plan, renderer, **({"people": 3, "rank": 0, "size_px": 64} | changes)))  # type: ignore[arg-type]


def test_every_sheet_is_written_and_says_what_it_is(plan: Plan, tmp_path: Path) -> None:
    told = []
    written = write_gallery(plan, tmp_path / "g", size_px=64, progress=lambda *args: told.append(args))
    assert [path.name for path in written] == [f"{name}.png" for name in SHEETS]
    assert told[-1][0] == told[-1][1] == len(told)
    for path in written:
        note = read_note(path.read_bytes())
        assert note["sheet"] == path.stem
        assert "Synthetic" in Image.open(path).info["Description"]
    before = [path.read_bytes() for path in written]
    write_gallery(plan, tmp_path / "g", size_px=64)
    assert [path.read_bytes() for path in written] == before


def test_people_are_the_first_of_the_cohort(plan: Plan) -> None:
    tiles = sheet(plan, "people").tiles
    assert [tile.view.view for tile in tiles] == ["front", "left"] * 3  # the test renderer has no right side
    assert [tile.view.scene.patient.key for tile in tiles[::2]] == ["P001", "P002", "P003"]
    assert tiles[0].view.nuisance == plan.view(plan.units()[0]).nuisance
    assert tiles[0].caption.startswith("P001")


def test_tones_and_ages_change_nothing_else(plan: Plan) -> None:
    tones = [tile.view.scene.patient for tile in sheet(plan, "tones").tiles]
    assert [who.fitzpatrick for who in tones] == [1, 2, 3, 4, 5, 6] * 2
    assert sorted({who.ita_deg for who in tones}, reverse=True) == [who.ita_deg for who in tones[:6]]
    ages = [tile.view.scene.patient for tile in sheet(plan, "ages").tiles]
    assert {who.key for who in (*tones, *ages)} == {"P001"}
    assert (ages[0].age_years, ages[7].age_years, ages[0].sex, ages[8].sex) == (14, 45, "F", "M")
    assert len({(who.ita_deg, who.fitzpatrick) for who in ages}) == 1


def test_lesions_are_all_stages_on_all_tones(plan: Plan) -> None:
    made = sheet(plan, "lesions")
    assert len(made.tiles) == 10 * 6
    assert made.columns == 6
    assert all(len(tile.view.scene.lesions) == 3 for tile in made.tiles)
    assert made.tiles[0].view.view == "left"


def test_time_spans_the_study(plan: Plan) -> None:
    days = [tile.view.scene.day for tile in sheet(plan, "time", rank=2).tiles]
    assert days == list(range(1, 11))
    assert sheet(plan, "time", rank=2).tiles[0].view.scene.patient.key == "P003"


def test_tiles_lie_row_by_row(plan: Plan) -> None:
    tiles = sheet(plan, "tones").tiles[:5]
    pictures = [np.full((64, 64, 3), 10 * i, np.uint8) for i in range(5)]
    paper = lay_out(Sheet("x", 3, tiles), pictures)
    strip = paper.shape[0] // 2 - 64
    assert paper.shape == (2 * (64 + strip), 3 * 64, 3)
    assert (paper[:64, 128:192] == 20).all()
    assert (paper[64 + strip : 128 + strip, :64] == 30).all()
    captions = paper[64 : 64 + strip]
    assert captions.min() < 120  # something is written


def test_only_some(plan: Plan, tmp_path: Path) -> None:
    assert parse_only("people, time") == ("people", "time")
    assert parse_only(None) == tuple(SHEETS)
    with pytest.raises(Nof1simError, match="Did you mean 'people'"):
        parse_only("peple")
    write_gallery(plan, tmp_path, only=("time",), size_px=64)
    assert [path.name for path in tmp_path.iterdir()] == ["time.png"]


@pytest.mark.parametrize(
    ("wrong", "letter"), [({"people": 0}, "--people"), ({"patient": 4}, "1 to 3"), ({"size_px": 20}, "64 to 1024")]
)
def test_numbers_out_of_range(plan: Plan, tmp_path: Path, wrong: dict[str, int], letter: str) -> None:
    with pytest.raises(ProtocolError, match=letter):
        write_gallery(plan, tmp_path / "g", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "g").exists()


def test_a_folder_that_cannot_be_written(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="--out"):
        write_gallery(plan, tmp_path / "file", only=("time",), size_px=64)
