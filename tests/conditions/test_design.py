"""A condition that does not come back, in a design that switches treatments."""

from __future__ import annotations

from typing import Any

import pytest

from nof1sim.conditions.design import crossover_warning
from nof1sim.protocol import Protocol, load_protocol
from nof1sim.report.design import design_report


def protocol(condition: str, **design: Any) -> Protocol:
    arms = {"a": {}, "b": {}}
    return load_protocol({"condition": condition, "design": {"arms": list(arms)} | design, "treatments": arms})


@pytest.mark.parametrize(
    "design", [{}, {"sequence": "custom", "custom": "AB"}, {"sequence": "custom", "custom": "A-A"}]
)
def test_crossovers_of_an_episode_are_warned_of(design: dict[str, Any]) -> None:
    warning = crossover_warning(protocol("exanthem", **design))
    assert warning
    assert "'exanthem'" in warning
    assert "parallel" in warning
    assert "exanthem_episode" in warning
    assert warning in design_report(protocol("exanthem", **design)).warnings
    assert crossover_warning(protocol("acne", **design)) is None


@pytest.mark.parametrize("word", ["A-", ["A", "B"], "-AA", ["A-", "-B"]])
def test_single_periods_and_parallel_arms_are_not(word: str | list[str]) -> None:
    assert crossover_warning(protocol("exanthem", sequence="custom", custom=word)) is None
    assert crossover_warning(load_protocol("exanthem_episode")) is None


def test_simulate_warns() -> None:
    from nof1sim.simulation.driver import warnings_of
    from nof1sim.simulation.plan import Plan

    crossed = protocol("exanthem")
    assert crossover_warning(crossed) in warnings_of(Plan(crossed))
    assert warnings_of(Plan(load_protocol("exanthem_episode"))) == ()
