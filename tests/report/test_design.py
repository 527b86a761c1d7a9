"""The design report: published figures, closed forms, warnings, and texts that say them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from nof1sim.protocol import Protocol, load_protocol, shipped_protocols, with_changes
from nof1sim.report.design import DesignReport, design_report, diagram_svg, to_markdown, to_text
from nof1sim.severity.schedule import make_schedule


def changed(**design: Any) -> Protocol:
    return with_changes(load_protocol("default"), design=design)


def warns(report: DesignReport, pattern: str) -> bool:
    return any(re.search(pattern, text) for text in report.warnings)


def test_smallest_p_of_the_published_designs() -> None:
    seed, pilot = design_report(load_protocol("hettich2024")), design_report(load_protocol("fu2023"))
    assert (seed.pair_p, pilot.pair_p) == (0.5, 0.125)
    assert seed.admissible.smallest_p == pilot.admissible.smallest_p == 1, "nothing was randomised"
    assert warns(pilot, r"no randomisation test of one patient is valid .*p = 0\.125")
    sixteen = design_report(changed(cycles=8, period_days=7))
    assert sixteen.admissible.smallest_p == sixteen.pair_p == 2 / 256
    assert not warns(sixteen, "can never reach")
    assert warns(design_report(changed()), r"can never reach 0\.05: 4 schedules, smallest p = 0\.5")


def test_a_fixed_order_is_confounded_with_time_and_thue_morse_not_linearly() -> None:
    day = np.arange(112)
    arm = (day // 28) % 2
    r = np.corrcoef(day, arm)[0, 1]
    fixed = design_report(load_protocol("hettich2024"))
    np.testing.assert_allclose(fixed.confounding.per_patient, np.full(10, r))
    assert fixed.confounding.mean == pytest.approx(r)
    assert fixed.confounding.vif == pytest.approx(1 / (1 - r**2))
    assert fixed.confounding.period_arm == pytest.approx(1)
    assert warns(fixed, r"same order \(Baseline, Antibiotics, Cream, .*confounded .*\+0\.43")
    balanced = design_report(changed(sequence="thue_morse"))
    assert balanced.confounding.mean == pytest.approx(0, abs=1e-12)
    assert warns(balanced, "a linear trend cancels")
    counter = design_report(changed(sequence="counterbalanced"))
    assert counter.confounding.mean == pytest.approx(0, abs=1e-12)
    assert counter.confounding.mean_abs == pytest.approx(r)
    assert counter.confounding.period_arm == pytest.approx(0, abs=1e-12)
    assert not warns(counter, "confounded")


def test_three_arms_are_balanced_over_a_square_but_not_within_a_patient() -> None:
    report = design_report(load_protocol("latin_square"))
    assert report.confounding.mean == pytest.approx(0, abs=1e-9)
    assert report.confounding.mean_abs > 0.9
    assert report.confounding.period_arm == pytest.approx(0, abs=1e-12)


def test_wash_in_and_carry_over_in_closed_form() -> None:
    report = design_report(changed(washout_days=7))
    antibiotic = next(row for row in report.carry_over if row.label == "Antibiotics")
    left = 1 - 1 / 8.1
    assert antibiotic.on_first_day == pytest.approx(left**8)
    assert antibiotic.mean == pytest.approx(np.mean(left ** np.arange(8, 36)))
    assert antibiotic.gap_days == 7
    reached = next(row for row in report.wash_in if row.label == "Antibiotics")
    assert reached.on_last_day == pytest.approx(1 - 0.8**28)
    # The reminder of the design page: a real antibiotic (tau 28, gamma 21) in 28-day blocks.
    slow = with_changes(changed(), treatments={"antibiotic": {"wash_in_days": 28, "wash_out_days": 21}})
    row = next(row for row in design_report(slow).wash_in if row.label == "Antibiotics")
    assert row.on_last_day == pytest.approx(0.64, abs=0.005)
    assert design_report(slow).carry_over[0].on_first_day == pytest.approx(1 - 1 / 21)


def test_carry_over_is_what_the_trajectories_show() -> None:
    """The report's shares against the model's own course, without noise."""
    effects = pytest.importorskip("nof1sim.severity.effects")
    dose = np.r_[np.ones(28), np.zeros(28)][:, None]
    course = effects.response(dose, np.ones_like(dose), "recursion", 5.0, 8.1)[:, 0]
    report = design_report(changed(sequence="abab"))
    assert report.wash_in[0].on_last_day == pytest.approx(course[27])
    assert report.carry_over[0].on_first_day == pytest.approx(course[28] / course[27])
    assert report.carry_over[0].mean == pytest.approx(course[28:].mean() / course[27])


def test_only_what_happens_is_listed() -> None:
    report = design_report(load_protocol("clinical_isotretinoin"))
    assert [(row.label, row.periods) for row in report.wash_in] == [("Vehicle", (1,)), ("Isotretinoin", (2,))]
    assert [(row.label, row.periods) for row in report.carry_over] == [("Vehicle", (2,))]
    unequal = design_report(changed(sequence="abab", period_days=[7, 7, 28, 28]))
    assert [(row.periods, row.period_days) for row in unequal.wash_in if row.label == "Cream"] == [
        ((2,), 7),
        ((4,), 28),
    ]
    assert not any(row.label == "Off" for row in design_report(load_protocol("fu2023")).wash_in)


@pytest.mark.parametrize(
    ("design", "pattern"),
    [
        ({"period_days": 14}, r"Antibiotics: periods of 14 days are shorter than 3 tau \(15 days\)"),
        ({}, r"Cream: without washout, 81% .*16% on average"),
        ({"washout_days": 3}, r"after a washout of 3 days"),
        ({"end_day": 100}, "1 of 4 periods never begin"),
        ({"end_day": 130}, "10 days before its last period"),
    ],
)
def test_warnings(design: dict[str, Any], pattern: str) -> None:
    assert warns(design_report(changed(**design)), pattern)


def test_a_good_design_warns_of_nothing() -> None:
    assert design_report(changed(cycles=6, period_days=28, washout_days=14)).warnings == ()


def test_a_cut_study_counts_only_what_takes_place() -> None:
    report = design_report(changed(cycles=4, end_day=28 + 3 * 28))
    assert report.admissible.per_patient == 4, "the second pair's order is seen in its first period"
    assert [block.kind for block in report.blocks] == ["run-in", "period 1", "period 2", "period 3"]
    only_baseline = design_report(changed(end_day=10))
    assert only_baseline.admissible.smallest_p == 1
    assert "No patient has two arms to compare" in to_text(only_baseline)


@pytest.mark.parametrize("name", sorted(shipped_protocols()))
def test_texts_and_diagram_of_every_shipped_protocol(name: str) -> None:
    protocol = load_protocol(name)
    report = design_report(protocol)
    text, markdown = to_text(report), to_markdown(report)
    assert max(map(len, text.splitlines())) <= 120
    for item in ("1a", "3a", "5", "6a", "7a", "8", "12a-c"):
        assert f"[{item}]" in text
        assert f"[{item}]" in markdown
    for label in report.arms:
        assert label in text
    assert all(" ".join(warning.split())[:60] in " ".join(text.split()) for warning in report.warnings)
    assert "nan" not in text.lower().replace("nanoparticle", "").split()
    root = ET.fromstring(diagram_svg(protocol))
    bars = root.findall(".//{http://www.w3.org/2000/svg}rect")
    rows = {bar.get("y") for bar in bars}
    assert len(rows) == len(report.sequences)
    assert len(bars) == len(rows) * len(report.blocks)


def test_the_diagram_is_to_scale_and_escapes_labels() -> None:
    protocol = with_changes(changed(sequence="abab"), treatments={"cream": {"label": 'A < B & "C"'}})
    root = ET.fromstring(diagram_svg(protocol))
    bars = root.findall(".//{http://www.w3.org/2000/svg}rect")
    widths = [float(bar.get("width", "0")) for bar in bars]
    np.testing.assert_allclose(widths, [128] * 5, atol=0.01)
    tips = [title.text for title in root.findall(".//{http://www.w3.org/2000/svg}g/{http://www.w3.org/2000/svg}title")]
    assert 'A < B & "C": day 57 to 84' in tips
    assert diagram_svg(make_schedule(protocol)) == diagram_svg(protocol)


def test_many_sequences_are_summed_up() -> None:
    report = design_report(with_changes(changed(cycles=6), cohort={"patients": 500}))
    assert sum(row.patients for row in report.sequences) == 500
    text = to_text(report)
    assert re.search(r"\.\.\. and \d+ others", text)
    assert "about 10^9" in text, "64^500 schedules"
    assert "other rows" in diagram_svg(with_changes(changed(cycles=6), cohort={"patients": 500}))


def test_statement_names_what_is_and_what_is_not_known() -> None:
    said = dict(design_report(load_protocol("fu2023")).statement)
    assert "8 treatment periods (2 days each), no washout; 16 days" in said["3a"]
    assert "3 photographs" in said["6a"]
    assert "6 measurements" in said["7a"]
    assert "not randomised" in said["8"]
    assert "not in the protocol" in said["2a.2"]


def test_a_users_table_is_reported_from_its_schedule() -> None:
    table = with_changes(
        changed(),
        design={"sequence": "given", "baseline_days": 0},
        given={"sha256": "0" * 64, "days": 140},
    )
    schedule = make_schedule(load_protocol("hettich2024"))
    report = design_report(table, schedule)
    assert [block.kind for block in report.blocks] == ["run-in", *(f"period {i}" for i in range(1, 5))]
    assert report.confounding.period_arm == pytest.approx(1)
    assert warns(report, "same order")
    assert report.wash_in == report.carry_over == ()
    assert "Antibiotics" in to_text(report)
    assert "140 days" in to_text(design_report(table)), "without the table there are no sequences to show"
