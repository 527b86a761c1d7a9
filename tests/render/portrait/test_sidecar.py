"""Files of key points: what they may say, every fault that is told, and that none is half-written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_photos import NAMES, SIZE, points, write_photo

from nof1sim.errors import InputError, RenderError
from nof1sim.render.portrait.landmarks import Landmarks, landmarks_for
from nof1sim.render.portrait.photograph import read_photograph
from nof1sim.render.portrait.schemes import AT_68
from nof1sim.render.portrait.sidecar import NAMES as KNOWN
from nof1sim.render.portrait.sidecar import find_sidecar, load_sidecar, parse_sidecar, read_sidecar, write_sidecar

FIVE = [[30.0, 30.0], [60.0, 30.0], [45.0, 45.0], [35.0, 60.0], [55.0, 60.0]]
"""Eyes, tip of the nose, corners of the mouth, the image's left first."""
WHOLE = {"points_px": {name: list(at) for name, at in zip(("pupil_right", "pupil_left", "pronasale", "cheilion_right",
         "cheilion_left"), FIVE, strict=True)}, "size_px": [90, 100]}  # fmt: skip


def changed(**points: Any) -> dict[str, Any]:
    return WHOLE | {"points_px": WHOLE["points_px"] | points}


def layout(count: int) -> list[list[float]]:
    """Points of a face in the order of 68 landmarks, from the chart; of 106 with the 68 at their places."""
    from nof1sim.render.skin.warp import FROM_68, PLACES

    found = np.full((68, 2), (150.0, 150.0))
    for name, k in {**FROM_68, **{f"ibug_{k:02d}": k for k in range(1, 18)}}.items():
        found[k - 1] = (150 + PLACES[name][0], 150 - PLACES[name][1])
    if count == 68:
        return found.tolist()
    more = np.full((106, 2), (150.0, 150.0))
    more[list(AT_68)] = found
    more[38], more[88] = (119.0, 150.0), (181.0, 150.0)
    return more.tolist()


def test_named_points_a_hidden_one_and_who_says_so() -> None:
    found = parse_sidecar(changed(menton=None) | {"source": "clicked"}, "a.json", (90, 100))
    assert found.points_px == {name: tuple(at) for name, at in WHOLE["points_px"].items()}
    assert (found.size_px, found.source) == ((90, 100), "clicked")


@pytest.mark.parametrize(("key", "rows"), [("landmarks_5", FIVE), ("landmarks_68", layout(68)),
                                           ("landmarks_106", layout(106))])  # fmt: skip
def test_lists_of_landmark_networks(key: str, rows: list[list[float]]) -> None:
    found = parse_sidecar({key: rows}, "a.json").points_px
    assert found["cheilion_right"][0] < found["pronasale"][0] < found["cheilion_left"][0]
    assert found["pronasale"][1] > found.get("pupil_left", found.get("exocanthion_left"))[1]
    assert set(found) <= set(KNOWN)
    if key != "landmarks_5":
        assert found["menton" if "menton" in found else "ibug_09"] == (150.0, 259.0)
        assert {f"ibug_{k:02d}" for k in range(1, 69)} <= set(found)
    assert ("pupil_left" in found) == (key != "landmarks_68")


def test_the_106_hold_68_places_each_once() -> None:
    assert len(set(AT_68)) == len(AT_68) == 68
    assert max(AT_68) < 106


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "allowed: a mapping"),
        (changed(pupil_lefd=[1, 2]), r"points_px.pupil_lefd.*Did you mean 'pupil_left'\?"),
        (changed(menton=[45, 130]), r"points_px.menton: got \[45, 130\].*picture of 90 x 100 px"),
        (changed(menton=[45]), r"menton: got \[45\].*two finite numbers"),
        (changed(menton=[45, float("nan")]), "two finite numbers"),
        (changed(menton=["4", 5]), "two finite numbers"),
        (WHOLE | {"size_px": [100, 90]}, r"the size of the photograph. The points are wanted in the upright picture"),
        (WHOLE | {"size_px": [45, 50]}, "size_px: got .45, 50.; allowed: .90, 100., the size of the photograph. Are"),
        (WHOLE | {"size_px": "90x100"}, r"\[width, height\] in whole pixels"),
        (WHOLE | {"landmarks_5": FIVE}, "exactly one of points_px, landmarks_5"),
        ({"size_px": [90, 100]}, "exactly one of"),
        ({"landmarks_68": FIVE}, "landmarks_68: got 5; allowed: a list of 68"),
        ({"landmark_68": FIVE, "landmarks_5": FIVE}, "Did you mean 'landmarks_68'"),
        ({"points_px": {"menton": [45, 90], "nasion": [45, 20]}}, "got 2; allowed: 5 or more"),
        ({"landmarks_5": [FIVE[k] for k in (1, 0, 2, 4, 3)]}, "mirrored face.*exchange _left and _right"),
        (WHOLE | {"source": 7}, "source: got 7"),
    ],
)
def test_what_is_wrong_is_told(document: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        parse_sidecar(document, "a.json", (90, 100))


def test_all_faults_come_at_once() -> None:
    with pytest.raises(InputError) as told:
        parse_sidecar(changed(menton=[45, 130], chin=[1, 1]) | {"size_px": [1, 2], "note": 1}, "a.json", (90, 100))
    assert len(str(told.value).splitlines()) == 4


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "face.png.landmarks.json"
    write_sidecar(path, points(0) | {"pupil_left": None}, (SIZE, SIZE), "clicked")
    found = load_sidecar(path, (SIZE, SIZE))
    assert found.points_px == {name: (float(x), float(y)) for name, (x, y) in points(0).items()}
    assert json.loads(path.read_text())["points_px"]["pupil_left"] is None
    before = path.read_bytes()
    with pytest.raises(InputError, match="5 or more"):
        write_sidecar(path, {"menton": (1, 1)}, (SIZE, SIZE), "clicked")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(InputError, match="cannot be written"):
        write_sidecar(tmp_path / "none" / "a.json", points(0), (SIZE, SIZE), "clicked")


def test_a_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "a.landmarks.json"
    path.write_text("{")
    with pytest.raises(InputError, match=r"a\.landmarks\.json: cannot be read as JSON"):
        read_sidecar(path)


class Reader:
    def landmarks(self, pixels: np.ndarray, where: str) -> Landmarks:
        return Landmarks(points(0), f"reader of {where}")


def test_the_file_comes_first_then_the_reader_then_a_letter(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "face.png", 0)
    photograph = read_photograph(path)
    found = landmarks_for(path, photograph, Reader())
    assert (found.source, set(found.points_px)) == ("clicked", set(NAMES))
    beside = find_sidecar(path)
    assert beside is not None
    other = beside.rename(tmp_path / "face.landmarks.json")
    assert landmarks_for(path, photograph).source == "clicked"
    other.unlink()
    assert landmarks_for(path, photograph, Reader()).source == "reader of face.png"
    with pytest.raises(RenderError, match=r"(?s)nof1sim landmarks FILE.*landmarks\.json.*models pull buffalo_l"):
        landmarks_for(path, photograph)
