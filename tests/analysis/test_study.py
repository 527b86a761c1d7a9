"""Tables of all sorts as a study: sorted, counted, collapsed, and refused in words where they make no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nof1sim_test_studies import diary, study

from nof1sim.analysis.course import Contrast
from nof1sim.analysis.study import read_study
from nof1sim.errors import AnalysisError


def labelled(*labels: str, days: int = 5) -> pl.DataFrame:
    """One patient, `days` days under each label in turn; the score counts the days."""
    treatment = [label for label in labels for _ in range(days)]
    n = len(treatment)
    return pl.DataFrame({"patient_id": ["p"] * n, "day": range(1, n + 1), "treatment": treatment, "score": range(n)})


def test_a_dataset_of_ours(simulated: Path) -> None:
    found = read_study(simulated)
    assert found.patient_ids == ["1", "2", "3"]
    assert (found.baseline, found.labels, found.scored) == ("Baseline", ["Antibiotics", "Cream"], "AcneSeverity")
    assert found.rows.height == found.photographed.height == 3 * 35
    table = pl.read_csv(simulated / "observations.csv")
    assert found.rows["score"].to_list() == table["AcneSeverity"].to_list()
    assert found.rows["period"].to_list() == table["block"].to_list()
    first = found.rows["image"][0]
    assert found.read(first) == (simulated / first).read_bytes()


def test_a_view_that_was_not_taken(simulated: Path) -> None:
    with pytest.raises(AnalysisError, match=r"--view: got 'image_frnt'.*Did you mean 'image_front'\?"):
        read_study(simulated, view="frnt")


def test_the_seed_csv(seed_csv: Path) -> None:
    found = read_study(seed_csv)
    assert (found.baseline, found.labels, found.scored) == ("Baseline", ["Antibiotics", "Cream"], "AcneSeverity")
    assert found.rows.height == 1400
    assert found.photographed.is_empty()
    assert found.rows["period"].n_unique() == 5
    courses = found.courses(found.rows, found.rows["score"].to_numpy())
    assert [len(course) for course in courses] == [140] * 10


def test_a_folder_of_photographs_and_a_mapped_table(photos) -> None:
    names = {"patient_id": "Person", "day": "Nr", "treatment": "Drug", "score": "VAS", "image": "Foto"}
    home = photos(lambda frame: frame.rename(names))
    found = read_study(home, columns={ours: theirs for ours, theirs in names.items() if ours != "score"}, score="VAS")
    assert (found.scored, found.labels, found.baseline) == ("VAS", ["A", "B"], "Baseline")
    assert found.read(found.rows["image"][0]) == (home / "p1_001.png").read_bytes()


def test_names_of_photographs_are_looked_for_in_the_folder(photos, tmp_path: Path) -> None:
    home = photos()
    table = (home / "metadata.csv").rename(tmp_path / "diary.csv")
    for found in (read_study(home, table=table), read_study(table, images=home)):
        assert found.read("p2_003.png") == (home / "p2_003.png").read_bytes()
    beside = table.rename(home / "diary.csv")
    assert read_study(beside).read("p2_003.png") == (home / "p2_003.png").read_bytes()


def test_parquet_is_the_same_as_csv(tmp_path: Path) -> None:
    diary().write_csv(tmp_path / "a.csv")
    diary().write_parquet(tmp_path / "a.parquet")
    assert read_study(tmp_path / "a.csv").rows.equals(read_study(tmp_path / "a.parquet").rows)


def test_names_that_are_digits_keep_their_zeros(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("patient_id,day,treatment,score,image\n007,01,1,2.5,0001\n007,02,2,3.5,0002\n010,01,1,4.0,0003\n")
    found = read_study(table)
    assert found.patient_ids == ["007", "010"]
    assert found.rows["day"].to_list() == [1, 2, 1]
    assert found.rows["image"].to_list() == ["0001", "0002", "0003"]
    assert found.rows["score"].to_list() == [2.5, 3.5, 4.0]


def test_dates_count_from_each_patients_first(tmp_path: Path) -> None:
    dates = ["2024-02-28", "2024-02-29", "2024-03-01", "2025-01-01", "2025-01-03"]
    frame = pl.DataFrame({"patient": list("aaabb"), "date": dates, "treatment": list("xyxxy"), "score": range(5)})
    for form in (frame, frame.with_columns(pl.col("date").str.to_date())):
        assert study(form).rows["day"].to_list() == [1, 2, 3, 1, 3]
    frame.write_csv(tmp_path / "a.csv")
    assert read_study(tmp_path / "a.csv").rows["day"].to_list() == [1, 2, 3, 1, 3]
    times = frame.with_columns((pl.col("date") + "T23:59:00").alias("date"))
    assert study(times).rows["day"].to_list() == [1, 2, 3, 1, 3]


@pytest.mark.parametrize("dates", [["soon", "later"], ["31.12.2024", "01.01.2025"], ["01/02/2024", "02/02/2024"]])
def test_dates_that_are_none(dates: list[str]) -> None:
    frame = pl.DataFrame({"patient_id": ["a", "a"], "date": dates, "treatment": ["x", "y"], "score": [1.0, 2.0]})
    with pytest.raises(AnalysisError, match=rf"column date: got '{dates[0]}'; allowed: dates, YYYY-MM-DD"):
        study(frame)


def test_a_date_that_cannot_be_read_among_good_ones_is_not_dropped_in_silence() -> None:
    dates = ["2024-02-28", "2024-02-30", "2024-03-01"]
    frame = pl.DataFrame({"patient_id": list("aaa"), "date": dates, "treatment": list("xyx"), "score": [1.0, 2.0, 3.0]})
    with pytest.raises(AnalysisError, match="2024-02-30"):
        study(frame)


@pytest.mark.parametrize(("column", "value"), [("day", "two"), ("day", "2.5"), ("score", "3,5")])
def test_text_where_numbers_belong_is_not_dropped_in_silence(column: str, value: str) -> None:
    frame = diary().with_columns(pl.col(column).cast(pl.String))
    frame = frame.with_columns(pl.when(pl.arange(pl.len()) == 4).then(pl.lit(value)).otherwise(column).alias(column))
    with pytest.raises(AnalysisError, match=f"column {column}: got .*{value}.*; allowed: .*numbers"):
        study(frame)


def test_what_stands_for_a_missing_score_is_missing() -> None:
    tokens = ["NA", "", "nan", "inf", " ", None]
    texts = pl.Series("score", [*tokens, *["2.5"] * 99])
    found = study(diary().with_columns(texts))
    assert found.rows["score"].null_count() == len(tokens)
    assert [len(c) for c in found.courses(found.rows, found.rows["score"].to_numpy())] == [29, 35, 35]


def test_raters_and_occasions_of_a_day_are_one_value() -> None:
    frame = diary()
    again = frame.with_columns(pl.col("score") + 1.0)
    later = frame.with_columns(pl.col("score") + 2.0, pl.lit(2).alias("occasion"))
    found = study(pl.concat([frame, again, later], how="diagonal"))
    assert found.rows.height == 3 * frame.height
    for course, (_, rows) in zip(
        found.courses(found.rows, found.rows["score"].to_numpy()), frame.group_by("patient_id", maintain_order=True),
        strict=True,
    ):  # fmt: skip
        assert len(course) == 35
        np.testing.assert_allclose(course.score, rows["score"].to_numpy() + 1.0)


def test_missing_values_are_no_days() -> None:
    values = diary()["score"].to_numpy().copy()
    values[[0, 3, 34]] = np.nan
    found = study(diary())
    first, second, _ = found.courses(found.rows, values)
    assert first.day.tolist() == [2, 3, *range(5, 35)]
    assert np.isfinite(first.score).all()
    assert len(second) == 35


def test_rows_in_any_order_are_sorted_by_time() -> None:
    frame = diary()
    shuffled = pl.concat([frame.head(1), frame.tail(-1).sample(fraction=1.0, shuffle=True, seed=1)])
    mixed, plain = study(shuffled), study(frame)
    assert sorted(mixed.patient_ids) == plain.patient_ids
    assert mixed.rows.sort("patient_id", "day").equals(plain.rows)
    for course in mixed.courses(mixed.rows, mixed.rows["score"].to_numpy()):
        assert (np.diff(course.day) > 0).all()


def test_ten_days_come_after_nine() -> None:
    frame = diary().with_columns(pl.col("day").cast(pl.String))
    assert study(frame).rows["day"].to_list() == list(range(1, 36)) * 3


def test_without_blocks_runs_of_a_treatment_are_periods() -> None:
    found = study(labelled("z", "x", "y", "y", "x", days=2))
    assert found.rows["period"].to_list() == [1, 1, 2, 2, 3, 3, 3, 3, 4, 4]
    two = pl.concat([labelled("x", "y"), labelled("y", "x").with_columns(pl.lit("q").alias("patient_id"))])
    assert study(two).rows["period"].to_list() == [1] * 5 + [2] * 5 + [1] * 5 + [2] * 5  # a new patient, a new count
    given = labelled("x", "y", days=2).with_columns(pl.Series("block", [3, 3, 7, 7]))
    assert study(given).rows["period"].to_list() == [3, 3, 7, 7]


def test_the_baseline_is_the_label_that_everyone_has_first_and_never_again() -> None:
    assert study(labelled("z", "x", "y")).baseline == "z"
    assert study(labelled("z", "x", "z")).baseline == ""
    other = labelled("x", "z").with_columns(pl.lit("q").alias("patient_id"))
    assert study(pl.concat([labelled("z", "x"), other])).baseline == ""
    stopped = labelled("z").with_columns(pl.lit("q").alias("patient_id"))
    assert study(pl.concat([labelled("z", "x"), stopped])).baseline == "z"
    assert study(labelled("z")).baseline == ""


def test_before_is_before_the_first_treatment() -> None:
    found = study(labelled("z", "x", "y", days=2))
    assert found.before(found.rows).tolist() == [True] * 2 + [False] * 4
    none = study(labelled("x", "y", "x", days=2))
    assert not none.before(none.rows).any()


def test_contrasts() -> None:
    three = study(labelled("Base", "b", "a"))
    assert three.contrast() == Contrast("b", "a")
    assert three.contrast("a - b") == three.contrast("a-b") == three.contrast(" a - b ") == Contrast("a", "b")
    assert three.contrast("a - Base") == Contrast("a", "Base")
    assert study(labelled("Base", "Cream")).contrast() == Contrast("Cream", "Base")
    for text in ("a - c", "a", "", "a - a", "b - a - b"):
        with pytest.raises(AnalysisError, match=r"--contrast: got .*; allowed: LABEL - LABEL of Base, a, b"):
            three.contrast(text)


def test_labels_with_a_minus_inside() -> None:
    found = study(labelled("low - dose", "high-dose", "low - dose", "Cream - A"))
    assert found.contrast("low - dose - high-dose") == Contrast("low - dose", "high-dose")
    assert found.contrast("high-dose - low - dose") == Contrast("high-dose", "low - dose")
    assert found.contrast("Cream - A - low - dose") == Contrast("Cream - A", "low - dose")


def test_a_contrast_that_can_be_read_in_two_ways_is_refused() -> None:
    found = study(labelled("A", "B - C", "A - B", "C"))
    with pytest.raises(AnalysisError, match=r"'A - B - C'.*two ways"):
        found.contrast("A - B - C")


def test_one_treatment_is_no_contrast() -> None:
    with pytest.raises(AnalysisError, match=r"treatment: got \['x'\]; allowed: at least two labels"):
        study(labelled("x")).contrast()


def test_two_treatments_on_a_day() -> None:
    frame = labelled("x", "y")
    both = pl.concat([frame, frame.head(2).with_columns(pl.lit("y").alias("treatment"))])
    with pytest.raises(
        AnalysisError, match=r"patient p, day 1: got \['x', 'y'\]; allowed: one treatment a day.*2 such"
    ):
        study(both)


@pytest.mark.parametrize(
    ("columns", "letter"),
    [
        ({"patient_id": "Patiet"}, r"--columns patient_id: got 'Patiet'.*Did you mean 'patient'\?"),
        ({"treatmnt": "arm"}, r"--columns: got 'treatmnt'.*Did you mean 'treatment'\?"),
        ({"day": "Nr"}, r"--columns day: got 'Nr'; allowed: patient, arm, day, score\."),
    ],
)
def test_an_unknown_column(columns: dict[str, str], letter: str) -> None:
    frame = pl.DataFrame({"patient": ["a"], "arm": ["x"], "day": [1], "score": [1.0]})
    with pytest.raises(AnalysisError, match=letter):
        study(frame, columns=columns)
    with pytest.raises(AnalysisError, match=r"score: got 'scor'.*Did you mean 'score'\?"):
        study(frame, score="scor")


@pytest.mark.parametrize("name", ["patient_id", "day", "treatment"])
def test_a_column_that_is_needed(name: str) -> None:
    with pytest.raises(AnalysisError, match=rf"allowed: a column {name}.*--columns {name}=NAME\."):
        study(diary().drop(name))


def test_tables_that_are_none(tmp_path: Path) -> None:
    for text, letter in (("", "table: got 'a.csv'"), ("patient_id,day,treatment\n", "no rows")):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(AnalysisError, match=letter):
            read_study(tmp_path / "a.csv")
    with pytest.raises(AnalysisError, match=r"no table.*observations.csv or metadata.csv.*--table FILE.csv"):
        read_study(tmp_path)
    with pytest.raises(AnalysisError, match="No such file"):
        read_study(tmp_path, table=tmp_path / "b.csv")
    with pytest.raises(AnalysisError, match="no rows"):
        study(diary().with_columns(pl.lit(None, pl.String).alias("treatment")))
