"""Tables of the user's own lesions, right and wrong."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from nof1sim.editing.given import MOST_FAULTS, read_lesions
from nof1sim.errors import InputError
from nof1sim.model import STAGE_CODE


def nowhere(x, y):
    raise AssertionError("places in mm need no picture")


def written(tmp_path, text):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return path


def test_places_and_stages_are_enough(tmp_path):
    table = read_lesions(written(tmp_path, "x_mm,y_mm,stage\n-40,-30,papule\n40,-30,pustule\n0,50,closed_comedone\n"))
    lesions = table.lesions(nowhere)
    assert lesions.stage.tolist() == [STAGE_CODE[n] for n in ("papule", "pustule", "closed_comedone")]
    assert lesions.diameter_mm.tolist() == [3.0, 3.0, 1.6]
    assert lesions.pus[1] > 0.9
    assert lesions.lesion_id.tolist() == [1, 2, 3]
    assert lesions.counted.all()
    assert np.unique(lesions.shape).size == 3


def test_parquet_and_further_columns(tmp_path):
    frame = pl.DataFrame({
        "patient_id": ["1", "1"], "day": [3, 3], "lesion_id": [7, 9], "x_mm": [1.0, 2.0], "y_mm": [40.0, 44.0],
        "stage": ["papule", "erythema"], "diameter_mm": [4.5, 3.0], "erythema": [0.3, 0.2],
        "visible": [True, False], "counted": [True, False],
    })  # fmt: skip
    frame.write_parquet(tmp_path / "mine.parquet")
    lesions = read_lesions(tmp_path / "mine.parquet").lesions(nowhere)
    assert lesions.lesion_id.tolist() == [7, 9]
    assert lesions.diameter_mm.tolist() == [4.5, 3.0]
    assert lesions.erythema.tolist() == [0.3, 0.2]
    assert lesions.visible.tolist() == [True, False]


def test_places_in_the_picture(tmp_path):
    table = read_lesions(written(tmp_path, "x_px,y_px,stage\n10,20,papule\n30,40,papule\n"))
    assert table.in_px
    lesions = table.lesions(lambda x, y: (x / 10, y / 10))
    assert lesions.x_mm.tolist() == [1.0, 3.0]
    with pytest.raises(InputError, match=r"row 2: got 'x_px 30, y_px 40'"):
        table.lesions(lambda x, y: (np.where(x > 20, np.nan, x), y))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x_mm,y_mm,stage\n1,2,papul\n", r"row 1, stage.*Did you mean 'papule'"),
        ("x_mm,y_mm,stage,diametre_mm\n1,2,papule,3\n", r"column: got 'diametre_mm'.*Did you mean 'diameter_mm'"),
        ("x_mm,y_mm\n1,2\n", "a column stage"),
        ("x_mm,stage\n1,papule\n", "x_mm and y_mm, or x_px and y_px"),
        ("x_mm,y_mm,stage\n1,2,papule\n500,2,papule\n", r"row 2, x_mm: got 500.*-95 to 95"),
        ("x_mm,y_mm,stage\n1,,papule\n", r"row 1, y_mm"),
        ("x_mm,y_mm,stage,erythema\n1,2,papule,7\n", r"row 1, erythema: got 7.*0 to 1"),
        ("x_mm,y_mm,stage,diameter_mm\n1,2,papule,big\n", r"row 1, diameter_mm: got 'big'"),
        ("x_mm,y_mm,stage,visible\n1,2,papule,perhaps\n", r"row 1, visible"),
        ("x_mm,y_mm,stage,lesion_id\n1,2,papule,4\n1,9,papule,4\n", "twice"),
        ("x_mm,y_mm,stage,day\n1,2,papule,4\n1,9,papule,5\n", "one patient on one day"),
        ("", "empty"),
    ],
)
def test_faults_say_which_row(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        read_lesions(written(tmp_path, text))


def test_all_faults_are_told_at_once_up_to_a_limit(tmp_path):
    rows = "".join("1,2,nonsense\n" for _ in range(MOST_FAULTS + 5))
    with pytest.raises(InputError, match="and 5 more") as caught:
        read_lesions(written(tmp_path, "x_mm,y_mm,stage\n" + rows))
    assert str(caught.value).count("row ") == MOST_FAULTS


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        read_lesions(tmp_path / "none.csv")
