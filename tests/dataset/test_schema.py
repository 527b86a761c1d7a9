from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from nof1sim.dataset.columns import TABLES
from nof1sim.dataset.schema import schemas, text

FOLDER = Path(__file__).parents[2] / "schemas"
OBSERVATION = {
    "patient_id": "1",
    "date": date(2018, 1, 1).isoformat(),
    "block": 1,
    "day": 1,
    "treatment": "Baseline",
    "AcneSeverity": None,
    "occasion": 1,
    "rater_anna": 12.0,
}


@pytest.mark.parametrize("name", schemas())
def test_the_checked_in_schemas_are_current(name: str) -> None:
    current = (FOLDER / name).read_text(encoding="utf-8")
    assert current == text(schemas()[name]), "run: python -m nof1sim.dataset.schema schemas"
    jsonschema.Draft202012Validator.check_schema(schemas()[name])


def test_a_row_fits_its_schema_and_a_wrong_one_does_not() -> None:
    schema = schemas()["observations.v1.json"]
    jsonschema.validate(OBSERVATION, schema)
    for wrong in ({"severity_true": 1.0}, {"day": "one"}, {"day": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(OBSERVATION | wrong, schema)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_described_once(name: str) -> None:
    columns = TABLES[name].columns
    assert len({column.name for column in columns}) == len(columns)
    assert all(column.description.endswith(".") for column in columns)


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, nof1sim; print(sorted({'polars', 'PIL', 'fsspec', 'numpy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
