from __future__ import annotations

import json

import pytest

from nof1sim.dataset.layout import FACES, WORK
from nof1sim.dataset.spools import Faces
from nof1sim.dataset.target import Target


@pytest.mark.parametrize("count", [0, 1, 3])
def test_faces_are_the_document_that_json_would_write(count: int, target: Target) -> None:
    face = {"nose": {"tip": [1, 2], "width": 1.5}, "name": 'a\n "b"', "none": None, "umlaut": "\u00fc"}
    faces = {f"P{rank:03d}": face | {"rank": rank} for rank in range(count)}
    with target.scratch(WORK) as folder:
        made = Faces(target, folder)
        for key, one in faces.items():
            made.add(key, json.dumps(one, sort_keys=True))
            made.add("P999", "{}")
        stored = made.store()
    assert stored.path == FACES
    ordered = {key: dict(sorted(one.items())) for key, one in faces.items()}
    assert target.read(FACES).decode() == json.dumps({"synthetic": True, "faces": ordered}, indent=1) + "\n"
