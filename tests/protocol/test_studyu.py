"""StudyU studies become protocols that load and have StudyU's schedule."""

from __future__ import annotations

import copy
import json
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1sim.errors import InputError, Nof1simError
from nof1sim.protocol import Protocol, load_protocol
from nof1sim.protocol.studyu import import_studyu

STUDY: dict[str, Any] = {
    "id": "demo-acne",
    "title": "Cream or gel",
    "schedule": {
        "numberOfCycles": 6,
        "phaseDuration": 7,
        "includeBaseline": True,
        "sequence": "counterBalanced",
        "sequenceCustom": "ABAB",
    },
    "interventions": [
        {"id": "cream", "name": "Cream", "tasks": []},
        {"id": "gel", "name": "Gel", "tasks": []},
        {"id": "soap", "name": "2 soaps", "tasks": []},
    ],
    "observations": [
        {
            "id": "daily",
            "title": "Skin today",
            "schedule": {"completionPeriods": [{"id": "am"}, {"id": "noon"}, {"id": "pm"}]},
            "questions": [
                {"id": "cheek", "type": "ImageCapturingQuestion"},
                {"id": "how", "type": "visualAnalogue", "minimum": 0, "maximum": 10, "step": 1},
            ],
        }
    ],
    "report_specification": {
        "primary": {"improvement": "negative", "resultProperty": {"task": "daily", "property": "how"}}
    },
}


def study(**schedule: Any) -> dict[str, Any]:
    made = copy.deepcopy(STUDY)
    made["schedule"] |= schedule
    return made


def imported(folder: Path, content: Any) -> tuple[Protocol, list[str]]:
    path = folder / "study.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    document, notes = import_studyu(path)
    return load_protocol(document), notes


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("alternating", ("abab", None)),
        ("counterBalanced", ("custom", "ABBABAABABBA")),
        ("randomized", ("randomized_pairs", None)),
        ("customized", ("custom", "ABB" * 6)),
    ],
)
def test_sequences(tmp_path: Path, sequence: str, expected: tuple[str, str | None]) -> None:
    protocol, notes = imported(tmp_path, study(sequence=sequence, sequenceCustom="ABB"))
    assert (protocol.design.sequence, protocol.design.custom) == expected
    letters = 18 if sequence == "customized" else 12
    assert protocol.days == 7 * (letters + 1)
    assert protocol.design.baseline_days == 7
    assert any("does not store the draw" in note for note in notes) == (sequence == "randomized")


def test_what_is_read_and_what_is_said(tmp_path: Path) -> None:
    protocol, notes = imported(tmp_path, study(includeBaseline=False))
    said = "\n".join(notes)
    assert protocol.design.baseline_days == 0
    assert protocol.design.arms == ["cream", "gel"]
    assert protocol.images.occasions_per_day == 3
    assert all(t.effect == 0 and t.wash_in_days == 1 for t in protocol.treatments.values())
    assert "Fill in treatments.cream and treatments.gel: effect" in said
    assert "'how' of 'Skin today' (visualAnalogue, 0 to 10, step 1; improvement: negative)" in said
    assert "A = Cream, B = Gel (the first two" in said


def test_selected_interventions_give_the_letters(tmp_path: Path) -> None:
    protocol, notes = imported(tmp_path, STUDY | {"selected_intervention_ids": ["soap", "cream"]})
    assert protocol.design.arms == ["x_2_soaps", "cream"]
    assert [protocol.label_of(arm) for arm in protocol.design.arms] == ["2 soaps", "Cream"]
    assert any("A = 2 soaps, B = Cream, as selected" in note for note in notes)


def test_same_names_get_different_arms_and_labels(tmp_path: Path) -> None:
    twice = [{"id": "1", "name": "Cream"}, {"id": "2", "name": "Cream"}]
    protocol, _ = imported(tmp_path, STUDY | {"interventions": twice})
    assert protocol.design.arms == ["cream", "cream_2"]
    assert [protocol.label_of(arm) for arm in protocol.design.arms] == ["Cream", "Cream (B)"]


def test_an_export_zip(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("measurements.csv", "measurement_time\n")
        archive.writestr("study_definition.json", json.dumps(STUDY))
    assert load_protocol(import_studyu(path)[0]).design.arms == ["cream", "gel"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("measurements.csv", "measurement_time\n")
    with pytest.raises(InputError, match=r"holds no study_definition\.json"):
        import_studyu(path)


def test_all_faults_of_a_study_together(tmp_path: Path) -> None:
    bad = study(numberOfCycles=0, sequence="counterbalanced", includeBaseline="yes") | {"interventions": [{"id": "x"}]}
    del bad["schedule"]["phaseDuration"]
    with pytest.raises(InputError) as caught:
        imported(tmp_path, bad)
    said = str(caught.value)
    assert "has 5 faults" in said
    for where in ("numberOfCycles", "phaseDuration", "includeBaseline", "sequence"):
        assert f"schedule.{where}: got" in said
    assert "study.json" in said
    assert "interventions: got" in said
    with pytest.raises(InputError, match=r"schedule: got None"):
        imported(tmp_path, {})


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe\xff", b"PK\x03\x04broken"])
def test_files_that_are_no_study(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"s\.json"):
        import_studyu(path)
    with pytest.raises(InputError, match="no such file"):
        import_studyu(tmp_path / "nowhere.json")


keys = st.sampled_from(
    ["id", "name", "title", "schedule", "interventions", "observations", "questions", "type", "primary", "task"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*STUDY, "selected_intervention_ids"], anything)))
def test_any_change_is_a_protocol_or_a_letter(tmp_path: Path, change: dict[str, Any]) -> None:
    with suppress(Nof1simError):
        assert imported(tmp_path, copy.deepcopy(STUDY) | change)[0].days >= 1
