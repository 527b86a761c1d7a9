"""Checks between the parts of a document whose types are wrong somewhere: what can be read off it as it stands.

Else a protocol's faults would come in waves: first the types, then whether the parts fit together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..errors import Fault
from .checks import arm_faults, custom_faults, plugin_faults


def raw_faults(document: Mapping[str, Any], told: Collection[str]) -> list[Fault]:
    """Faults of names and letters in an expanded document; none at, in or around a place that `told` has."""
    parts = (_plugins, _arms, _custom)
    return [fault for part in parts for fault in part(document, told)]


def _plugins(document: Mapping[str, Any], told: Collection[str]) -> Iterator[Fault]:
    for kind, part, key in (("conditions", "condition", "name"), ("renderers", "images", "renderer")):
        name, where = _at(document, part, key), f"{part}.{key}"
        if isinstance(name, str) and where not in told:
            yield from plugin_faults(kind, where, name)


def _arms(document: Mapping[str, Any], told: Collection[str]) -> Iterator[Fault]:
    arms, treatments = _at(document, "design", "arms"), document.get("treatments")
    if isinstance(arms, list) and isinstance(treatments, Mapping):
        sound = [arm for i, arm in enumerate(arms) if isinstance(arm, str) and f"design.arms.{i}" not in told]
        yield from arm_faults(sound, [str(name) for name in treatments])


def _custom(document: Mapping[str, Any], told: Collection[str]) -> Iterator[Fault]:
    arms, custom = _at(document, "design", "arms"), _at(document, "design", "custom")
    is_custom = _at(document, "design", "sequence") == "custom"
    wrong = any(place.startswith(("design.custom", "design.timetable")) or place == "design.arms" for place in told)
    if is_custom and isinstance(arms, list) and not wrong:
        yield from custom_faults(custom, len(arms))


def _at(document: Mapping[str, Any], part: str, key: str) -> Any:
    """The value at `part.key`, or None."""
    inside = document.get(part)
    return inside.get(key) if isinstance(inside, Mapping) else None
