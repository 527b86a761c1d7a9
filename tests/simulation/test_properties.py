"""One more patient changes nobody; a longer trial keeps its first days; twins share all but what they change."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.errors import ProtocolError
from nof1sim.protocol import Protocol, load_protocol, with_changes
from nof1sim.simulation.plan import Block, Plan
from nof1sim.simulation.request import prepare

PROTOCOLS = ("default", "clinical_adapalene_bpo", "washout", "latin_square")


def whole(protocol: Protocol) -> Block:
    return Plan(protocol).block(0, protocol.cohort.patients)


def same_course(a: Block, b: Block, patients: int, days: int) -> None:
    """The first patients and days of two blocks are equal, to the bit."""
    cut = np.s_[:patients, :days]
    assert a.cohort.patients[:patients] == b.cohort.patients[:patients]
    assert np.array_equal(a.severity[cut], b.severity[cut])
    for name in a.scores:
        assert np.array_equal(a.scores[name][cut], b.scores[name][cut]), name
    for name in a.recorded[0].complete:
        assert np.array_equal(a.recorded[0].complete[name][cut], b.recorded[0].complete[name][cut]), name


@pytest.mark.parametrize("name", PROTOCOLS)
def test_one_more_patient_changes_nobody(name: str) -> None:
    base = with_changes(load_protocol(name), cohort={"patients": 4}, design={"end_day": 40})
    same_course(whole(base), whole(with_changes(base, cohort={"patients": 5})), 4, 40)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_any_patient_can_be_asked_for_alone(name: str) -> None:
    protocol = with_changes(load_protocol(name), cohort={"patients": 5}, design={"end_day": 35})
    plan = Plan(protocol)
    together, alone = plan.block(0, 5), plan.block(3, 1)
    assert np.array_equal(together.severity[3], alone.severity[0])
    for column in together.trajectories.parts:
        assert np.array_equal(together.trajectories.parts[column][3], alone.trajectories.parts[column][0]), column
    for column, values in together.fields[3].columns.items():
        assert np.array_equal(values, alone.fields[0].columns[column]), column


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_longer_trial_keeps_its_first_days(name: str) -> None:
    long = with_changes(load_protocol(name), cohort={"patients": 3})
    short = with_changes(long, design={"end_day": 30})
    same_course(whole(short), whole(long), 3, 30)
    early, late = Plan(short), Plan(long)
    for day in (1, 17, 30):
        a, b = early.scene(1, day).lesions, late.scene(1, day).lesions
        for column in a.__dataclass_fields__:
            assert np.array_equal(getattr(a, column), getattr(b, column)), column


def test_another_seed_is_another_trial() -> None:
    base = with_changes(load_protocol("default"), cohort={"patients": 2})
    assert not np.array_equal(whole(base).severity, whole(with_changes(base, seed=1)).severity)


def test_twins_share_people_noise_and_cameras() -> None:
    job = prepare(patients=3, twins=True, seed=5)
    plans = {trial.out.removeprefix("t-twins/"): Plan(trial.protocol) for trial in job.trials("t")}
    assert set(plans) == {"t", "other-sequence", "no-treatment", "zero-effect"}
    factual = plans.pop("t")
    unit = factual.units()[77]
    first = factual.block(0, 3)
    for plan in plans.values():
        twin = plan.block(0, 3)
        assert twin.cohort.patients == first.cohort.patients
        assert plan.view(unit).nuisance == factual.view(unit).nuisance
        assert np.array_equal(twin.severity[:, :28], first.severity[:, :28])  # the baseline is shared
        assert np.array_equal(twin.trajectories.parts["fluctuation"], first.trajectories.parts["fluctuation"])
    zero, none = plans["zero-effect"].block(0, 3), plans["no-treatment"].block(0, 3)
    assert np.any(zero.trajectories.parts["nonspecific"] < 0)
    assert not np.any(none.trajectories.parts["nonspecific"])
    for twin in (zero, none):
        assert not np.any(twin.trajectories.parts["effect_antibiotic"])
    other = plans["other-sequence"].block(0, 3)
    treated = first.schedule.arm >= 0
    assert np.all(other.schedule.arm[treated] == 1 - first.schedule.arm[treated])


def test_null_protocols_have_no_true_contrast() -> None:
    from nof1sim.protocol import shipped_protocols
    from nof1sim.severity.contrasts import true_contrasts

    nulls = [name for name in shipped_protocols() if name.endswith("_null")]
    assert len(nulls) >= 10
    for name in nulls:
        protocol = with_changes(load_protocol(name), cohort={"patients": 2})
        plan = Plan(protocol)
        block = plan.block(0, 2)
        truth = true_contrasts(
            protocol, block.cohort, block.schedule, block.trajectories, block.severity, plan.condition.severity_of_count
        )
        for arm in protocol.design.arms:
            assert not np.any(truth[f"effect_{arm}"]), name


def test_every_shipped_protocol_runs() -> None:
    from nof1sim.protocol import shipped_protocols

    for name in shipped_protocols():
        protocol = with_changes(load_protocol(name), cohort={"patients": 1})
        block = whole(protocol)
        assert np.isfinite(block.severity).all(), name
        assert sum(int(field.lost.sum()) for field in block.fields) == 0, name


def test_days_without_a_protocol_fit_the_design_and_with_one_only_cut() -> None:
    job = prepare(days=50)
    assert job.protocol.days == 50
    assert "50 days" in job.notes[0]
    assert prepare("default", days=100).protocol.days == 100
    with pytest.raises(ProtocolError, match="cycles"):
        prepare("default", days=141)
