"""A user's own severities: read as they are, or refused with every fault at once."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof1sim.errors import InputError, Nof1simError
from nof1sim.model import NO_ARM
from nof1sim.severity.given import Given, read_severities, to_schedule, to_trajectories

SEED_CSV = Path(__file__).parents[2].parent / "shared" / "reference" / "sim_acne.csv"
GOOD = "patient_id,day,treatment,severity\na,1,Baseline,3\na,2,Cream,1.5\nb,1,Baseline,2\n"


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def treatments(read: Given) -> list[list[str]]:
    """What the treatment column says, (patients, days)."""
    return np.array(read.labels)[read.label].tolist()


def test_the_published_csv_reads_as_10_by_140() -> None:
    if not SEED_CSV.is_file():
        pytest.skip("the published CSV is not part of the repository")
    read = read_severities(SEED_CSV)
    assert read.severity.shape == (10, 140)
    assert read.patient_ids == tuple(str(i) for i in range(1, 11))
    frame = pl.read_csv(SEED_CSV)
    assert np.array_equal(read.severity.reshape(-1), frame["AcneSeverity"].to_numpy())
    assert not np.signbit(read.severity).any(), "no -0.0"
    assert np.array_equal(read.block.reshape(-1), frame["block"].to_numpy())
    assert read.first_date is not None
    assert read.first_date.isoformat() == "2018-01-01"
    assert str(read.first_dates[3] + 139) == frame["date"][-1]
    assert any("confounded" in note for note in read.notes)
    schedule = to_schedule(read)
    assert set(schedule.sequences) == {("Baseline", "Antibiotics", "Cream", "Antibiotics", "Cream")}
    assert schedule.arms == ("antibiotics", "cream")
    assert (schedule.arm[:, :28] == NO_ARM).all()
    course = to_trajectories(read, schedule)
    assert np.array_equal(course.latent, read.severity)
    assert np.array_equal(sum(course.parts.values()), course.latent)
    assert course.taken["cream"].sum() == 10 * 56


texts = st.text(st.characters(codec="utf-8", categories=("L", "N"), max_codepoint=0x2FF), min_size=1, max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[float]], list[str]]:
    names = [
        n for n in draw(st.lists(texts, min_size=1, max_size=4, unique=True)) if n.lower() not in ("na", "nan", "null")
    ]
    values = st.integers(0, 3000).map(lambda n: n / 1000)
    return {name: draw(st.lists(values, min_size=1, max_size=6)) for name in names or ["p"]}, draw(
        st.permutations(range(24))
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t"),
    bom=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    index=st.booleans(),
    comma=st.booleans(),
)
def test_what_is_written_is_read(
    tmp_path: Path, table: object, delimiter: str, bom: bool, newline: str, index: bool, comma: bool
) -> None:
    people, order = table  # type: ignore[misc]
    rows = []
    for name, values in people.items():
        for day, value in enumerate(values, start=1):
            number = f'"{value}"'.replace(".", ",") if comma else str(value)
            rows.append([name, str(day), "Cream" if day % 2 else "Gel", number])
    rows = [rows[i] for i in order if i < len(rows)]
    head = ["Subject ID", "Study.Day", "ARM", "Score"]
    if index:
        head, rows = ["", *head], [[str(i), *row] for i, row in enumerate(rows)]
    text = newline.join(delimiter.join(row) for row in [head, *rows]) + newline
    read = read_severities(write(tmp_path, text, "utf-8-sig" if bom else "utf-8"))
    assert set(read.patient_ids) == set(people)
    firsts = list(dict.fromkeys(row[-4] for row in rows))
    assert list(read.patient_ids) == firsts, "patients are keyed by their first appearance"
    for rank, name in enumerate(read.patient_ids):
        days = len(people[name])
        assert read.patient_days[rank] == days
        assert read.severity[rank, :days].tolist() == people[name]
        assert np.isnan(read.severity[rank, days:]).all()
        assert treatments(read)[rank][0] == "Cream"
        assert not read.drawn[rank, days:].any()


def test_parquet_and_csv_of_the_same_table_are_the_same(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "patient": [2, 2, 1],
            "date": [date(2020, 2, 28), date(2020, 2, 29), date(2020, 3, 5)],
            "arm": pl.Series(["A", "B", "A"], dtype=pl.Categorical),
            "IGA": [0.1, 3.0, 2.7],
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    one, two = read_severities(tmp_path / "t.csv"), read_severities(tmp_path / "t.parquet")
    assert one.sha256 == two.sha256
    assert one.severity.tobytes() == two.severity.tobytes()
    assert one.patient_days.tolist() == [2, 1]
    assert [str(day) for day in one.first_dates] == ["2020-02-28", "2020-03-05"]
    changed = frame.with_columns(IGA=pl.Series([0.1, 3.0, 2.71]))
    changed.write_csv(tmp_path / "t.csv")
    assert read_severities(tmp_path / "t.csv").sha256 != one.sha256


def test_all_faults_of_a_file_are_told_together_with_their_lines(tmp_path: Path) -> None:
    text = (
        "id;day;treatment;severity\n"
        "1;1;A;0,5\n"
        "1;2;A;abc\n"  # line 3
        "\n"
        "1;2;B;7\n"  # line 5: again day 2, and outside the scale
        "2;1;A;\n"  # line 6
        "2;4;;1\n"  # line 7; days 2 and 3 are absent
        "3;1.5;A;1\n"  # line 8
        ";1;A;1\n"  # line 9
    )
    with pytest.raises(InputError) as caught:
        read_severities(write(tmp_path, text))
    said = str(caught.value)
    for expected in (
        "line 3, column 'severity': got 'abc'; allowed: a number",
        "line 5, patient 1, day 2: got 'a second row'",
        "It stands on line 3 already",
        "line 5, column 'severity': got '7'; allowed: 0 to 3. Name the scale",
        "line 6, column 'severity': got None; allowed: a number. Or say --missing skip",
        "line 7, column 'treatment': got None",
        "patient 2, days 2 to 3: got 'no row'",
        "line 8, column 'day': got '1.5'; allowed: a whole day number",
        "line 9, column 'id': got None",
    ):
        assert expected in said, f"{expected!r} missing in:\n{said}"
    assert "has 8 faults" in said


def test_missing_columns_are_named_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, "pat,daay,treatmnt,sevrity\n1,1,A,1\n")
    with pytest.raises(InputError) as caught:
        read_severities(path)
    said = str(caught.value)
    assert "has 4 faults" in said
    for column, near in (("treatment", "treatmnt"), ("severity", "sevrity"), ("day or date", "daay")):
        assert re.search(rf"column {column}: .*Did you mean '{near}'", said), said
    with pytest.raises(InputError, match="Did you mean 'sevrity'"):
        read_severities(path, columns={"severity": "severity"})
    with pytest.raises(InputError, match="Did you mean 'severity'"):
        read_severities(path, columns={"severty": "sevrity"})
    names = {"patient_id": "pat", "day": "daay", "treatment": "treatmnt", "severity": "sevrity"}
    assert read_severities(path, columns=names).severity.tolist() == [[1.0]]


def test_the_users_scale_is_mapped_and_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "id,day,arm,EASI,severity\n1,1,A,0,9\n1,2,A,36,9\n1,3,A,72,9\n")
    read = read_severities(path, columns={"severity": "EASI"}, scale=(0, 72))
    assert read.severity.tolist() == [[0.0, 1.5, 3.0]]
    assert read.recorded.tolist() == [[0.0, 36.0, 72.0]]
    not_from_0 = read_severities(path, columns={"severity": "severity"}, scale=(1, 13))
    assert not_from_0.severity.tolist() == [[2.0] * 3]
    with pytest.raises(InputError, match="got '9'; allowed: 0 to 3"):
        read_severities(path)
    with pytest.raises(InputError, match="--scale"):
        read_severities(path, scale=(3, 3))


def test_missing_values_are_refused_skipped_or_interpolated(tmp_path: Path) -> None:
    path = write(tmp_path, "id,day,arm,severity\n1,2,A,1\n1,4,B,NA\n1,6,B,2\n2,1,A,3\n2,2,,0\n")
    with pytest.raises(InputError) as caught:
        read_severities(path)
    assert all(f"patient 1, day {day}: got 'no row'" in str(caught.value) for day in (1, 3, 5))
    skipped = read_severities(path, missing="skip")
    nan = np.nan
    np.testing.assert_array_equal(skipped.severity, [[nan, 1, nan, nan, nan, 2], [3, 0, nan, nan, nan, nan]])
    filled = read_severities(path, missing="interpolate")
    np.testing.assert_array_equal(filled.severity, [[1, 1, 1.25, 1.5, 1.75, 2], [3, 0, nan, nan, nan, nan]])
    np.testing.assert_array_equal(filled.recorded, skipped.recorded)
    assert treatments(skipped)[0] == ["A", "A", "A", "B", "B", "B"], "treatments are carried over gaps"
    assert treatments(skipped)[1][1] == "A"
    assert skipped.block[0].tolist() == [1, 1, 1, 2, 2, 2]
    course = to_trajectories(skipped, to_schedule(skipped))
    assert np.isfinite(course.latent).all(), "skin goes on on days that nobody saw"
    assert course.latent[1].tolist() == [3, 0, 0, 0, 0, 0]
    assert to_schedule(skipped).sequences == (("A", "B"), ("A",))
    with pytest.raises(InputError, match="--missing: got 'drop'"):
        read_severities(path, missing="drop")  # type: ignore[arg-type]


def test_a_patient_without_any_severity_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "id,day,arm,severity\n1,1,A,1\nx,1,A,\n")
    with pytest.raises(InputError, match="no severity of patient x"):
        read_severities(path, missing="skip")


def test_days_from_dates_from_zero_and_contradicting_ones(tmp_path: Path) -> None:
    head = "id,date,day,arm,severity\n"
    read = read_severities(write(tmp_path, head + "1,2020-01-01,0,A,1\n1,2020-01-02,1,A,2\n"))
    assert read.severity.tolist() == [[1.0, 2.0]]
    assert any("from 0" in note for note in read.notes)
    with pytest.raises(InputError, match=r"line 3, column 'date': got '2020-01-05'"):
        read_severities(write(tmp_path, head + "1,2020-01-01,1,A,1\n1,2020-01-05,2,A,2\n"))
    with pytest.raises(InputError, match=r"line 3, column 'date': got '2020-13-45'; allowed: a date"):
        read_severities(write(tmp_path, "id,date,arm,severity\n1,2020-01-01,A,1\n1,2020-13-45,A,2\n"))
    german = read_severities(write(tmp_path, "id;date;arm;severity\n1;31.01.2020;A;1,25\n1;01.02.2020;A;2\n"))
    assert german.severity.tolist() == [[1.25, 2.0]]
    assert german.first_date is not None
    assert german.first_date.isoformat() == "2020-01-31"


def test_a_treatment_may_be_called_none(tmp_path: Path) -> None:
    read = read_severities(write(tmp_path, "id,day,arm,severity\n1,1,None,1\n1,2,A,1\n"))
    assert read.arms == ("A",)
    assert to_schedule(read).arm.tolist() == [[NO_ARM, 0]]


def test_arm_names_are_fit_for_protocols_and_unique(tmp_path: Path) -> None:
    text = "id,day,arm,severity\n1,1,Run-in,1\n1,2,5 % BPO,1\n1,3,5-BPO,1\n1,4,Wash-out,1\n1,5,Gel+,1\n1,6,Gel-,1\n"
    read = read_severities(write(tmp_path, text))
    assert read.arms == ("5 % BPO", "5-BPO", "Gel+", "Gel-")
    assert list(read.arm_names) == ["arm_5_bpo", "arm_5_bpo_2", "gel", "gel_2"]
    assert to_schedule(read).arm[0].tolist() == [-1, 0, 1, -1, 2, 3]


def test_a_range_of_patients_keeps_codes_and_width(tmp_path: Path) -> None:
    read = read_severities(write(tmp_path, GOOD))
    part = read.patients(1, 1)
    assert part.patient_ids == ("b",)
    assert part.days == read.days == 2
    assert part.labels == read.labels
    assert np.array_equal(to_schedule(part).arm, to_schedule(read).arm[1:])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"id,day,arm,severity\n", "0 rows"),
        (b"id,day,arm,severity\n,,,\n", "0 rows"),
        (b"id,day,arm,severity\n1,1,A,1,5\n", "as many fields as the header"),
        (b"\x89PNG\0\0\0", "zero bytes"),
        (b"PAR1garbage", "cannot be read as Parquet"),
    ],
)
def test_unreadable_files(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said):
        read_severities(path)
    with pytest.raises(InputError, match="no such file"):
        read_severities(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("data", [b"this is no parquet", b"id,day,arm,severity\n1,1,A,1\n", b"", b"PAR1"])
@pytest.mark.parametrize("name", ["notparquet.parquet", "x.PQ"])
def test_a_file_called_parquet_that_is_none(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_severities(path)


def dated(folder: Path, *dates: str, day: bool = False) -> Path:
    """A table of two patients with these dates, given with or without days 1, 2, 3 ..."""
    head = "id,date,day,arm,severity\n" if day else "id,date,arm,severity\n"
    rows = ((who, one, at) for who in "ab" for at, one in enumerate(dates, start=1))
    return write(folder, head + "".join(f"{who},{one},{f'{at},' if day else ''}A,1\n" for who, one, at in rows))


@pytest.mark.parametrize("day", [False, True])
@pytest.mark.parametrize(
    ("dates", "first", "read_as"),
    [
        ([f"01/0{i}/2020" for i in range(1, 7)], "2020-01-01", "month/day/year"),
        ([f"0{i}/01/2020" for i in range(1, 7)], "2020-01-01", "day/month/year"),
        ([f"0{i}/02/2020" for i in range(3, 7)], "2020-02-03", "day/month/year"),
        (["01/30/2020", "01/31/2020", "02/01/2020"], "2020-01-30", ""),
        (["02/02/2020"], "2020-02-02", ""),
    ],
)
def test_american_dates_are_told_by_the_shorter_study(
    tmp_path: Path, dates: list[str], first: str, read_as: str, day: bool
) -> None:
    read = read_severities(dated(tmp_path, *dates, day=day), missing="skip")
    assert read.days == len(dates)
    assert [str(one) for one in read.first_dates] == [first, first]
    assert [note.partition(" were read as ")[2].partition(",")[0] for note in read.notes if "read as" in note] == (
        [read_as] if read_as else []
    )


def test_a_table_in_any_order_reads_the_same(tmp_path: Path) -> None:
    read = read_severities(dated(tmp_path, "01/06/2020", "01/04/2020", "01/05/2020"))
    assert (read.days, str(read.first_date)) == (3, "2020-01-04")


@pytest.mark.parametrize("missing", ["error", "skip"])
@pytest.mark.parametrize("dates", [["01/02/2020"], ["12/01/2020"]])
def test_dates_that_may_be_either_are_refused(tmp_path: Path, dates: list[str], missing: str) -> None:
    with pytest.raises(
        InputError, match=rf"line 2, column 'date': got '{dates[0]}'.*write all dates as year-month-day"
    ):
        read_severities(dated(tmp_path, *dates), missing=missing)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=80).map(lambda tail: b"id,day,arm,severity\n1,1,A,1\n" + tail),
        st.lists(
            st.lists(st.sampled_from(["1", "2", "0", "-1", "a", "", '"', "1e9", "inf", "2020-01-01", "3,5", " "])),
            max_size=6,
        ).map(lambda rows: ("id;date;day;arm;severity\n" + "\n".join(";".join(row) for row in rows)).encode()),
    )
)
def test_nothing_but_input_errors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    for missing in ("error", "skip", "interpolate"):
        try:
            read = read_severities(path, missing=missing)  # type: ignore[arg-type]
        except Nof1simError:
            continue
        assert np.isfinite(to_trajectories(read, to_schedule(read)).latent).all()
