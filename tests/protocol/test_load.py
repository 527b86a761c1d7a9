"""Reading protocols: shipped ones, files, short forms, and every fault at once."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof1sim.conditions.acne.counts import count_map
from nof1sim.errors import InputError, Nof1simError, ProtocolError, UnknownNameError
from nof1sim.protocol import Protocol, load_protocol, protocol_from, read_document, shipped_protocols, with_changes
from nof1sim.protocol.checks import SCALE_TOP
from nof1sim.protocol.types import Design
from nof1sim.severity import make_cohort, make_schedule, saturation_warning, simulate_trajectories

SHIPPED = sorted(shipped_protocols())
TWINS = [name for name in SHIPPED if name.endswith("_null")]
EXPECTED = {
    "default", "hettich2024", "fu2023", "schneider2023", "washout", "latin_square", "clinical_vehicle",
    "clinical_benzoyl_peroxide", "clinical_adapalene", "clinical_adapalene_bpo", "clinical_oral_antibiotic",
    "clinical_isotretinoin", "bernhard2024", "exanthem_episode",
}  # fmt: skip


def small(**changes: Any) -> dict[str, Any]:
    return {"design": {"arms": ["a", "b"]}, "treatments": {"a": {}, "b": {}}} | changes


def faults_of(document: dict[str, Any]) -> dict[str, str]:
    """Path -> the rest of the letter."""
    with pytest.raises(ProtocolError) as caught:
        load_protocol(document)
    assert all(str(fault) in str(caught.value) for fault in caught.value.faults), "the message lists every fault"
    return {fault.where: f"{fault.given!r}; {fault.allowed}; {fault.advice}" for fault in caught.value.faults}


def test_the_catalogue_is_complete_and_every_protocol_has_a_null_twin() -> None:
    assert set(SHIPPED) == EXPECTED | {f"{name}_null" for name in EXPECTED}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_protocols_load_and_say_where_their_numbers_come_from(name: str) -> None:
    protocol = load_protocol(name)
    assert protocol.name == name
    assert protocol.title
    assert protocol.sources
    assert protocol.digest == load_protocol(name).digest
    assert with_changes(protocol).digest == protocol.digest
    assert Protocol.model_validate_json(protocol.canonical_json()) == protocol


@pytest.mark.parametrize("name", TWINS)
def test_null_twins_differ_in_effects_only(name: str) -> None:
    twin, original = load_protocol(name), load_protocol(name.removesuffix("_null"))
    for arm in twin.treatments.values():
        assert (arm.effect, arm.comedone_effect, arm.patient_sd, arm.period_sd) == (0, 0, 0, 0)
    assert any(t.effect for t in original.treatments.values()) or "vehicle" in name
    same = set(Protocol.model_fields) - {"name", "sources", "treatments"}
    assert twin.title == original.title, "a dataset's card must not unblind"
    assert all(getattr(twin, part) == getattr(original, part) for part in same), "placebo and noise are kept"
    assert {a: (t.label, t.wash_in_days) for a, t in twin.treatments.items()} == {
        a: (t.label, t.wash_in_days) for a, t in original.treatments.items()
    }


def test_the_published_designs() -> None:
    hettich, fu = load_protocol("hettich2024"), load_protocol("fu2023")
    assert (hettich.cohort.patients, hettich.days, hettich.design.sequence) == (10, 140, "abab")
    assert hettich.severity.fluctuation.sd == 0
    assert [hettich.treatments[arm].effect for arm in hettich.design.arms] == [-2.25, -0.99]
    assert (fu.cohort.patients, fu.design.lengths_days, fu.images.occasions_per_day) == (5, (2,) * 8, 3)
    assert fu.design.arms[0] == "off"
    assert not fu.treatments["off"].active
    assert load_protocol("default").severity.fluctuation.model_dump() == {"sd": 0.1, "phi": 0.9}


def test_all_faults_are_told_together() -> None:
    document = small(
        seed=1.5,
        treatments={"cream": "hettich2024/craem", "gel": {"effekt": 1, "wash_in_days": 0.5}},
        design={"arms": ["creme", "gel"], "sequence": "latinsquare", "period_days": 0, "cycels": 2},
    )
    found = faults_of(document)
    assert "Did you mean 'hettich2024/cream'?" in found["treatments.cream.preset"]
    assert "1.5" in found["seed"]
    assert "integer" in found["seed"]
    assert "Did you mean 'effect'?" in found["treatments.gel.effekt"]
    assert "0.5" in found["treatments.gel.wash_in_days"]
    assert "greater than or equal to 1" in found["treatments.gel.wash_in_days"]
    assert "Did you mean 'latin_square'?" in found["design.sequence"]
    assert "Did you mean 'cycles'?" in found["design.cycels"]
    assert any(where.startswith("design.period_days") for where in found)


def test_faults_between_parts_do_not_wait_for_the_types() -> None:
    document = small(
        seed=1.5,
        condition="akne",
        design={"arms": ["creem", "b", "1x", 3], "sequence": "custom", "custom": ["ABX", "AE"]},
        treatments={"cream": {"effekt": 1}, "b": {}},
        images={"renderer": "procedurl"},
    )
    with pytest.raises(ProtocolError) as caught:
        load_protocol(document)
    places = [fault.where for fault in caught.value.faults]
    names = ["seed", "treatments.cream.effekt", "design.arms.2", "design.arms.3", "condition.name", "images.renderer"]
    assert sorted(places) == sorted([*names, "design.arms", *["design.custom"] * 3])
    said = str(caught.value)
    for hint in ("'cream'", "'acne'", "'procedural'", "'effect'"):
        assert f"Did you mean {hint}?" in said
    assert "not X" in said
    assert "not E" in said


def test_nothing_is_told_twice_when_types_fail_too() -> None:
    wrong = small(condition=3, images={"renderer": 4}, design={"arms": "ab", "sequence": "custom", "custom": 5})
    with pytest.raises(ProtocolError) as caught:
        load_protocol(wrong)
    places = [fault.where for fault in caught.value.faults]
    assert sorted(places) == ["condition", "design.arms", "design.custom", "images.renderer"]


def test_all_faults_between_parts_are_told_together() -> None:
    found = faults_of(
        small(
            cohort={"patients": 3, "ids": ["x", "x"]},
            design={"arms": ["creem", "b"], "period_days": [7, 7, 7], "cycles": 2, "washout_label": "B"},
            treatments={"cream": {}, "b": {"label": "B"}},
        )
    )
    assert "Did you mean 'cream'?" in found["design.arms"]
    assert "4 (one per treatment period)" in found["design.period_days"]
    assert "no arm is labelled with" in found["design.washout_label"]
    assert "every name once" in found["cohort.ids"]


@pytest.mark.parametrize("seed", [1.5, "0", True, -1, 2**63, None, 1.0])
def test_seeds_that_are_no_integers(seed: object) -> None:
    assert "seed" in faults_of(small(seed=seed))


def test_seed_0_is_valid_and_is_not_another_seed() -> None:
    assert load_protocol(small(seed=0)).seed == 0
    assert load_protocol(small(seed=0)).digest != load_protocol(small(seed=1)).digest


@pytest.mark.parametrize(
    ("design", "where"),
    [
        ({"period_days": []}, "design.period_days"),
        ({"period_days": [7, 0, 7, 7]}, "design.period_days.1"),
        ({"sequence": "custom"}, "design.custom"),
        ({"sequence": "custom", "custom": ["AB", ""]}, "design.custom"),
        ({"sequence": "custom", "custom": "ABC"}, "design.custom"),
        ({"sequence": "abab", "custom": "AB"}, "design.custom"),
        ({"end_day": 141}, "design.end_day"),
        ({"cycles": 1000, "period_days": 3000}, "design"),
        ({"sequence": "given"}, "design.sequence"),
        ({"arms": ["a"]}, "design.sequence"),
        ({"arms": ["a", "a"]}, "design.arms"),
    ],
)
def test_designs_that_do_not_fit(design: dict[str, Any], where: str) -> None:
    assert where in faults_of(small(design={"arms": ["a", "b"]} | design))


def test_a_union_is_told_once_and_at_its_deepest_place() -> None:
    found = faults_of(small(design={"arms": ["a", "b"], "period_days": [7, "x"]}))
    assert list(found) == ["design.period_days.1"]
    assert set(faults_of(small(date=1, **{"list[x]": 2}))) == {"date", "list[x]"}, "keys that look like pydantic's tags"
    arms = {"int": {"effekt": 1}, "str": 3}
    odd = faults_of({"design": {"arms": ["int", "str"]}, "treatments": arms})
    assert set(odd) == {"treatments.int.effekt", "treatments.str"}
    either = faults_of(small(design={"arms": ["a", "b"], "period_days": "x"}))["design.period_days"]
    assert "integer" in either
    assert "or a valid list" in either


def test_a_timetable_is_a_custom_sequence() -> None:
    periods = [
        {"arm": "b", "first_day": 22, "last_day": 30},
        {"arm": "a", "first_day": 8, "last_day": 14},
        {"arm": "a", "first_day": 31, "last_day": 31},
    ]
    design = load_protocol(small(design={"arms": ["a", "b"], "timetable": periods})).design
    assert (design.custom, design.period_days, design.baseline_days) == ("A-BA", [7, 7, 9, 1], 7)
    assert design.days == 31


def test_timetables_with_overlapping_and_empty_periods() -> None:
    periods = [
        {"arm": "b", "first_day": 14, "last_day": 20},
        {"arm": "a", "first_day": 8, "last_day": 14},
        {"arm": "a", "first_day": 30, "last_day": 29},
        {"arm": "aa", "first_day": 0, "last_day": 29},
        {"arm": "a", "start": 3},
    ]
    found = faults_of(small(design={"arms": ["a", "b"], "timetable": periods, "cycles": 2}))
    assert "days 8 to 14 and 14 to 20" in found["design.timetable.0"], "the place is the user's, not the sorted one"
    assert "overlap" in found["design.timetable.0"]
    assert "at least one day" in found["design.timetable.2"]
    assert {"design.timetable.3.arm", "design.timetable.3.first_day", "design.timetable.4", "design.cycles"} <= set(
        found
    )


def test_names_that_nothing_answers_to() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'default'"):
        load_protocol("defalt")
    assert "hettich2024" in faults_of(small(severity={"parameters": "hetich2024"}))["severity.parameters"]
    with pytest.raises(UnknownNameError):
        load_protocol("no\0file")


@pytest.mark.parametrize("name", ["missing.yaml", "folder/missing", "./missing.yml"])
def test_a_file_that_is_not_there(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_protocol(name)
    allowed = r"allowed: an existing file, or a shipped name \(nof1sim protocol list\)"
    assert re.fullmatch(rf"No such file. --protocol: got '{name}'; {allowed}\.", str(caught.value))


def test_a_file_that_is_not_there_but_another_is(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("extends: default\n")
    with pytest.raises(UnknownNameError, match=re.escape(f"Did you mean '{tmp_path / 'mine.yaml'}'?")):
        load_protocol(tmp_path / "mien.yaml")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'washout'\?"):
        load_protocol(tmp_path / "washot.json")
    child = tmp_path / "child.yaml"
    child.write_text("extends: mnie.yaml\n")
    with pytest.raises(UnknownNameError, match=r"No such file.*Did you mean '.*mine.yaml'"):
        load_protocol(child)


def test_unknown_names_do_not_list_the_null_twins() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load_protocol("washuot_nul")
    assert "Did you mean 'washout_null'?" in str(caught.value)
    assert str(caught.value).count("_null") == 1
    assert all(name in str(caught.value) for name in EXPECTED)


def test_code_that_nothing_answers_to() -> None:
    found = faults_of(small(condition="akne", images={"renderer": "procedurl"}))
    assert "Did you mean 'acne'?" in found["condition.name"]
    assert "or module:Thing" in found["condition.name"]
    assert "Did you mean 'procedural'?" in found["images.renderer"]


@pytest.mark.parametrize("name", ["half:", ":x", ".up:Thing", "a b:c", "a..b:C", "a:b:c", ""])
def test_code_that_cannot_be_imported(name: str) -> None:
    assert set(faults_of(small(images={"renderer": name}))) == {"images.renderer"}


def test_code_of_the_users_own_is_not_imported_by_the_check() -> None:
    own = small(condition="no.such.module:Rash", images={"renderer": "mine:Draw"})
    assert load_protocol(own).condition.name == "no.such.module:Rash"


@pytest.mark.parametrize(
    ("severity", "counts", "where"),
    [
        ({"scale_high": 10, "baseline": {"mean": 8}}, "hayashi", ["severity.scale_high"]),
        ({"scale_high": 4}, "hayashi", ["severity.scale_high"]),
        ({"scale_high": 4.5}, "iga", ["severity.scale_high"]),
        ({"scale_high": 0}, "iga", ["severity.scale_high"]),
        ({"scale_low": 1}, "hayashi", ["severity.scale_low"]),
        ({"scale_low": -2, "scale_high": -1}, "hayashi", ["severity.scale_low", "severity.scale_high"]),
    ],
)
def test_scales_that_lesions_cannot_show(severity: dict[str, Any], counts: str, where: list[str]) -> None:
    found = faults_of(small(severity=severity, condition={"count_map": counts}))
    assert list(found) == where


def test_scales_end_where_the_count_maps_end() -> None:
    assert {name: count_map(name).top for name in SCALE_TOP} == SCALE_TOP
    for name, top in SCALE_TOP.items():
        protocol = load_protocol(small(severity={"scale_high": top}, condition={"count_map": name}))
        assert protocol.severity.scale_high == top


@pytest.mark.parametrize("name", [name for name in SHIPPED if load_protocol(name).severity.model == "score"])
def test_shipped_protocols_do_not_warn_of_their_own_design(name: str) -> None:
    for seed in range(20):
        protocol = with_changes(load_protocol(name), seed=seed)
        found = simulate_trajectories(protocol, make_cohort(protocol), make_schedule(protocol))
        assert found.severity is not None
        assert saturation_warning(protocol, found.severity) is None


def test_extends_changes_what_it_says_and_keeps_the_rest(tmp_path: Path) -> None:
    child = tmp_path / "child.yaml"
    child.write_text("extends: default\nname: child\ntreatments: {cream: {effect: -2}}\n")
    grandchild = tmp_path / "grandchild.yaml"
    grandchild.write_text("extends: child.yaml\ndesign: {cycles: 3}\n")
    made, default = load_protocol(grandchild), load_protocol("default")
    assert made.treatments["cream"].effect == -2
    assert made.treatments["cream"].wash_in_days == default.treatments["cream"].wash_in_days
    assert made.treatments["antibiotic"] == default.treatments["antibiotic"]
    assert (made.name, made.design.cycles) == ("child", 3)


def test_extends_in_a_circle_or_of_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("extends: two.yaml\n")
    two.write_text("extends: one.yaml\n")
    with pytest.raises(InputError, match="circle"):
        load_protocol(one)
    one.write_text("extends: 3\n")
    with pytest.raises(InputError, match="extends: got 3"):
        load_protocol(one)
    one.write_text("extends: defaullt\n")
    with pytest.raises(UnknownNameError, match="Did you mean 'default'"):
        load_protocol(one)


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "a: 1\na: 2\n", "\0", "? [a]\n: 1\n", "&a [*a]", "&a {b: *a}"])
def test_files_that_are_no_protocols(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(Nof1simError):
        load_protocol(path)


def test_an_arm_may_be_called_off_without_quotes(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("design: {arms: [off, on]}\ntreatments: {off: 'off', on: {effect: -1}}\n")
    assert load_protocol(path).design.arms == ["off", "on"]


def test_json_files_and_documents_are_equal_to_yaml(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(read_document("default"), default=str))
    assert load_protocol(path) == load_protocol("default")


WORDS = """
    design treatments arms severity parameters hettich2024 clinical preset seed a b sequence custom AB- given cohort
    patients timetable period_days covariates condition hettich2024/cream arm date int list[x] [key] first_day last_day
    latin_square restricted cycles end_day model"""
words = st.sampled_from(WORDS.split())
scalars = st.one_of(
    words, st.none(), st.booleans(), st.integers(-3, 50), st.integers(), st.floats(), st.text(max_size=5)
)
json_like = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=5), inner, max_size=5)
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(words | st.text(max_size=5), json_like, max_size=6))
def test_any_document_is_a_protocol_or_a_letter_to_the_user(document: dict[str, Any]) -> None:
    with suppress(Nof1simError):
        assert protocol_from(document).days >= 1


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {"arms": st.lists(st.sampled_from("ab"), max_size=3) | json_like},
        optional={
            name: json_like | st.integers(0, 40) | words | st.lists(st.integers(0, 9), max_size=5)
            for name in [*Design.model_fields, "timetable"]
            if name != "arms"
        },
    ),
    st.dictionaries(st.sampled_from("abc"), json_like | st.just({}), max_size=3),
)
def test_any_design_is_checked_to_the_end(design: dict[str, Any], treatments: dict[str, Any]) -> None:
    with suppress(Nof1simError):
        assert protocol_from({"design": design, "treatments": treatments}).days >= 1
