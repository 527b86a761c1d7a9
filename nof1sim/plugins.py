"""Names that stand for code: built in, announced by an installed package, or written as `module:Thing`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from .errors import unknown_name

BUILT_IN: dict[str, dict[str, str]] = {
    "conditions": {"acne": "nof1sim.conditions.acne:Acne"},
    "renderers": {"procedural": "nof1sim.render.procedural:ProceduralRenderer"},
    "engines": {"serial": "nof1sim.run.local:SerialEngine", "processes": "nof1sim.run.local:ProcessEngine"},
}


def known(kind: str) -> dict[str, str]:
    """Name -> import path of every plug-in of a kind ("conditions", "renderers", "engines"), none of them imported."""
    announced = {point.name: point.value for point in entry_points(group=f"nof1sim.{kind}")}
    return BUILT_IN[kind] | {name: path for name, path in announced.items() if name not in BUILT_IN[kind]}


def resolve(kind: str, name: str, where: str) -> Any:
    """The class behind a name.

    Raises
    ------
    UnknownNameError
        `name` is neither known nor an importable `module:Thing`; `where` is the place in the protocol or command.
    """
    path = known(kind).get(name, name)
    module, _, thing = path.partition(":")
    if not thing:
        raise unknown_name(kind.removesuffix("s"), where, name, known(kind))
    try:
        return getattr(import_module(module), thing)
    except (ImportError, AttributeError) as error:
        if name in known(kind):
            raise
        advice = unknown_name(kind.removesuffix("s"), where, name, known(kind))
        raise type(advice)(f"{advice} Importing it failed: {error}.", advice.faults) from error
