"""The part of a protocol about photographs: dials, presets, confounding, views, layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nof1sim.errors import ProtocolError
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.protocol.images import PRESETS
from nof1sim.protocol.schema import schema


def changed(**images: Any) -> Protocol:
    return with_changes(load_protocol("default"), images=images)


def test_a_preset_can_be_changed_later() -> None:
    home = changed(nuisance={"preset": "home", "pose": 0.1})
    assert home.images.nuisance.dials == PRESETS["home"] | {"pose": 0.1}
    clinic = with_changes(home, images={"nuisance": {"preset": "clinic"}})
    assert clinic.images.nuisance.dials == PRESETS["clinic"] | {"pose": 0.1}
    assert home.digest != clinic.digest != load_protocol("default").digest


@pytest.mark.parametrize(
    ("images", "where"),
    [
        ({"nuisance": {"pose": 1.5}}, "images.nuisance.pose"),
        ({"nuisance": {"preset": "hom"}}, "Did you mean 'home'?"),
        ({"nuisance": {"yaw_sd_deg": 2.0}}, "images.nuisance.yaw_sd_deg"),
        ({"views": ["front", "front"]}, "every view once"),
        ({"views": ["-35"]}, "images.views.0"),
        ({"views": ["a/b"]}, "images.views.0"),
        ({"layers": ["depht"]}, "Did you mean 'depth'?"),
        ({"layers": ["depth", "depth"]}, "every layer once"),
        ({"confounding": {"strength": 0.5}}, "images.confounding.of"),
        ({"confounding": {"strength": 2, "of": ["pose"]}}, "images.confounding.strength"),
        ({"confounding": {"of": ["light", "light"]}}, "every kind once"),
        ({"confounding": {"of": ["lihgt"]}}, "Did you mean 'light'?"),
        ({"confounding": {"of": ["light"], "toward": "creem"}}, "Did you mean 'cream'?"),
    ],
)
def test_faults_are_letters(images: dict[str, Any], where: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        changed(**images)
    assert where in str(caught.value)


def test_confounding_is_off_unless_it_has_strength() -> None:
    assert not changed().images.confounding.is_on
    off = changed(confounding={"of": ["light"]}).images.confounding
    assert not off.is_on
    assert off.warning is None
    on = changed(confounding={"strength": 0.4, "of": ["light", "phone"], "toward": "cream"}).images.confounding
    assert on.warning
    assert all(word in on.warning for word in ("light, phone", "40%", "'cream'"))


def test_the_schema_knows_them() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    document = json.loads(
        changed(
            views=["front", "yaw-35_pitch10"],
            layers=["chart"],
            nuisance={"preset": "home", "eyes": 0.5},
            confounding={"strength": 1, "of": ["eyes"]},
        ).canonical_json()
    )
    validator.validate(document)
    document["images"]["nuisance"]["eyes"] = -1
    assert not validator.is_valid(document)


def test_the_page_names_every_layer_and_part() -> None:
    from nof1sim.dataset.layout import LAYERS
    from nof1sim.render.base import PARTS

    page = (Path(__file__).parents[2] / "docs" / "photographs.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in page for name in LAYERS)
    assert all(f"{code} {name}" in page for code, name in PARTS.items())
