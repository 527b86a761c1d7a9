"""Whether a condition can be studied by a design at all."""

from __future__ import annotations

from itertools import groupby

from nof1sim import plugins
from nof1sim.protocol import NO_TREATMENT, Protocol


def crossover_warning(protocol: Protocol, name: str = "") -> str | None:
    """What to know where persons switch treatments but the condition does not come back; None where all is well.

    Not told of a user's own table, whose sequences the protocol does not hold.

    Parameters
    ----------
    name : of the condition, where it is not the protocol's own.

    Raises
    ------
    UnknownNameError
        Nothing answers to the condition's name.
    """
    name = name or protocol.condition.name
    condition = plugins.resolve("conditions", name, "condition.name")
    # A condition of somebody else's that says nothing comes back, as acne does.
    if getattr(condition, "crossover_ok", True) or not _switches(protocol):
        return None
    return (
        f"The condition {name!r} is one episode that does not come back, but the design gives a "
        "person more than one treatment period: later periods meet skin that has cleared by itself, whatever their "
        "treatment does. Use a parallel design, one period a person (design.sequence: custom, custom: [A, B]), or a "
        "single period (custom: A-, as in the shipped exanthem_episode)."
    )


def _switches(protocol: Protocol) -> bool:
    """Whether anybody gets more than one treatment period, equal ones in a row taken together."""
    design = protocol.design
    if design.sequence == "custom":
        runs = ([letter for letter, _ in groupby(word) if letter != NO_TREATMENT] for word in design.words)
        return any(len(run) > 1 for run in runs)
    return design.sequence != "given" and design.periods > 1
