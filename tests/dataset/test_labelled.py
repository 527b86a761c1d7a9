from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from nof1sim.dataset.labelled import HAYASHI_CLASSES, LabelledFolder, read_labelled
from nof1sim.errors import InputError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes images (name -> bytes) and a table, and gives the folder; the table is `labels.csv`."""

    def folder(images: dict[str, bytes] | str, text: str = "") -> Path:
        home = tmp_path / "photos"
        if isinstance(images, str):
            images = {name: name.encode() for name in images.split()}
        for name, data in images.items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(data)
        (home / "labels.csv").write_text(text)
        return home

    return folder


def read(home: Path, **more: object) -> LabelledFolder:
    return read_labelled(home, home / "labels.csv", classes=HAYASHI_CLASSES, **more)  # type: ignore[arg-type]


def faults(found: LabelledFolder) -> str:
    return "\n".join(map(str, found.faults))


def test_a_folder_in_order(write: Write) -> None:
    found = read(
        write("a.jpg in/b.png", "file,label,person,split\na.jpg,0,p,train\nin/b.png,very severe,q,Validation\n")
    )
    assert [(row.path, row.label, row.person, row.split) for row in found.rows] == [
        ("a.jpg", "0", "p", "train"),
        ("in/b.png", "3", "q", "val"),
    ]
    assert (found.faults, found.warnings, found.notes, found.persons_known) == ((), (), (), True)
    assert len({row.sha256 for row in found.rows}) == 2


def test_columns_are_mapped_and_unknown_ones_are_told(write: Write) -> None:
    home = write("a.jpg b.jpg", "Bild;Note;Wer\na.jpg;1.0;p\nb.jpg;levle2;q\n")
    found = read(home, columns={"file": "Bild", "label": "Note", "person": "Wer"})
    assert [(row.label, row.person) for row in found.rows] == [("1", "p"), ("2", "q")]
    with pytest.raises(InputError, match="no column 'file'; it has Bild, Note, Wer"):
        read(home)
    with pytest.raises(InputError, match=r"no column 'Notes'.*mean 'Note'"):
        read(home, columns={"label": "Notes"})
    with pytest.raises(InputError, match=r"got 'lable'; allowed: file, label"):
        read(home, columns={"lable": "Note"})


def test_parquet_and_csv_say_the_same(write: Write) -> None:
    home = write("a.jpg b.jpg", "image,grade,patient\na.jpg,1,7\nb.jpg,0,8\n")
    pl.DataFrame({"image": ["a.jpg", "b.jpg"], "grade": [1, 0], "patient": [7, 8]}).write_parquet(home / "l.parquet")
    assert read_labelled(home, home / "l.parquet", classes=HAYASHI_CLASSES).rows == read(home).rows


def test_an_acne04_list(write: Write) -> None:
    home = write("levle0_1.jpg levle2_7.jpg")
    (home / "list.txt").write_text("levle0_1.jpg  0  5\nlevle2_7.jpg  1  18\n\n")
    found = read_labelled(home, home / "list.txt", classes=HAYASHI_CLASSES)
    assert [(row.label, row.person, row.split) for row in found.rows] == [("0", None, None), ("1", None, None)]
    assert found.faults == ()
    assert "levle2_7.jpg: got 'label 1'; allowed: the grade of its name, 2" in str(found.warnings[0])
    assert "cannot be promised" in found.notes[0]
    (home / "list.txt").write_text("levle0_1.jpg mild\n")
    with pytest.raises(InputError, match=r"list\.txt line 1"):
        read_labelled(home, home / "list.txt")


def test_labels_of_folder_names(write: Write) -> None:
    home = write("train/0/a.jpg train/mild/b.jpg test/3/c.jpg")
    found = read_labelled(home, None, classes=HAYASHI_CLASSES)
    assert [(row.path, row.label, row.split) for row in found.rows] == [
        ("test/3/c.jpg", "3", "test"), ("train/0/a.jpg", "0", "train"), ("train/mild/b.jpg", "0", "train"),
    ]  # fmt: skip


def test_labels_of_folder_names_without_splits(write: Write) -> None:
    found = read_labelled(write("0/a.jpg 3/sub/b.jpg other/c.jpg top.jpg"), None, classes=HAYASHI_CLASSES)
    assert [(row.path, row.label, row.split) for row in found.rows] == [
        ("0/a.jpg", "0", None),
        ("3/sub/b.jpg", "3", None),
    ]
    assert "other/c.jpg: got 'other'; allowed: the classes 0, 1, 2, 3" in faults(found)
    assert "top.jpg: got 'an image without a label'" in faults(found)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("gone.jpg,0,p,train", "got 'gone.jpg'; allowed: an image of the folder"),
        ("A.JPG,0,p,train", "Did you mean 'a.jpg'"),
        ("a.jpg,4,p,train", "got '4'; allowed: the classes 0, 1, 2, 3"),
        ("a.jpg,,p,train", "got ''; allowed: a label"),
        ("a.jpg,0,,train", "got ''; allowed: a person in each row"),
        ("a.jpg,0, ,train", "got ''; allowed: a person in each row"),
        ("a.jpg,0,p,holdout", "got 'holdout'; allowed: the splits train, val, test"),
        (",0,p,train", "allowed: the name of an image"),
        ("../secret.jpg,0,p,train", "allowed: a path within the folder"),
        ("in/../../secret.jpg,0,p,train", "allowed: a path within the folder"),
        ("..\\secret.jpg,0,p,train", "allowed: a path within the folder"),
        ("/etc/passwd,0,p,train", "allowed: a path within the folder"),
        ("C:\\secret.jpg,0,p,train", "allowed: a path within the folder"),
        ("link.jpg,0,p,train", "allowed: a path within the folder, no link that leaves it"),
        ("linked/secret.jpg,0,p,train", "allowed: a path within the folder, no link that leaves it"),
        ("labels.csv,0,p,train", "allowed: an image file"),
        ("empty.jpg,0,p,train", "got 'an empty file'"),
    ],
)
def test_a_bad_row_is_a_fault_and_the_others_stay(write: Write, tmp_path: Path, row: str, words: str) -> None:
    home = write({"a.jpg": b"a", "b.jpg": b"b", "empty.jpg": b""}, f"file,label,person,split\n{row}\nb.jpg,1,q,train\n")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (home / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (home / "linked").symlink_to(tmp_path)
    found = read(home)
    assert [row.path for row in found.rows] == ["b.jpg"]
    assert words in faults(found)


def test_a_link_within_the_folder_is_an_image(write: Write) -> None:
    home = write("in/a.jpg", "file,label\nb.jpg,0\n")
    (home / "b.jpg").symlink_to(home / "in" / "a.jpg")
    assert [row.path for row in read(home).rows] == ["b.jpg"]


def test_images_without_a_label(write: Write) -> None:
    found = read(write("a.jpg x/b.png .hidden/c.jpg notes.txt", "file,label\na.jpg,0\n"))
    assert [fault.where for fault in found.faults] == ["x/b.png"]


def test_rows_twice(write: Write) -> None:
    found = read(write("a.jpg b.jpg c.jpg", "file,label\na.jpg,0\na.jpg,0\nb.jpg,0\n./b.jpg,1\nc.jpg,2\n"))
    assert [row.path for row in found.rows] == ["a.jpg", "c.jpg"]
    assert "labels.csv row 2: got 'a.jpg'; allowed: one row an image" in faults(found)
    assert "b.jpg: got 'labels.csv row 3: label 0; labels.csv row 4: label 1'" in faults(found)


@pytest.mark.parametrize(
    ("first", "second", "differ"),
    [("0,p,train", "1,p,train", "label"), ("0,p,train", "0,q,train", "person"), ("0,p,train", "1,q,test", "label")],
)
def test_equal_bytes_that_disagree_are_left_out(write: Write, first: str, second: str, differ: str) -> None:
    images = {"a.jpg": b"same", "b.jpg": b"same", "c.jpg": b"other"}
    found = read(write(images, f"file,label,person,split\na.jpg,{first}\nb.jpg,{second}\nc.jpg,0,r,val\n"))
    assert [row.path for row in found.rows] == ["c.jpg"]
    assert f"allowed: one {differ}" in faults(found)


def test_equal_bytes_in_two_splits_without_persons_are_left_out(write: Write) -> None:
    images = {"a.jpg": b"same", "b.jpg": b"same", "c.jpg": b"other"}
    found = read(write(images, "file,label,split\na.jpg,0,train\nb.jpg,0,test\nc.jpg,0,val\n"))
    assert [row.path for row in found.rows] == ["c.jpg"]
    assert "allowed: one split for byte-identical images" in faults(found)


def test_of_equal_bytes_that_agree_the_first_stays(write: Write) -> None:
    found = read(write({"b.jpg": b"same", "a.jpg": b"same"}, "file,label\nb.jpg,0\na.jpg,0\n"))
    assert [row.path for row in found.rows] == ["a.jpg"]
    assert "b.jpg: got 'the same bytes as a.jpg'" in faults(found)


def test_a_person_in_two_splits_is_refused(write: Write) -> None:
    home = write("a.jpg b.jpg c.jpg", "file,label,person,split\na.jpg,0,p,train\nb.jpg,0,p,test\nc.jpg,0,q,test\n")
    with pytest.raises(
        InputError, match=r"1 person into more than one split(?s:.*)p: test \(b\.jpg\), train \(a\.jpg\)"
    ):
        read(home)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("l.csv", b"", "cannot be read as CSV"),
        ("l.csv", "file,label\nä.jpg,0".encode("latin-1"), "is not UTF-8"),
        ("l.parquet", b"PAR1", "truncated"),
        ("l.xlsx", b"x", r"allowed: a \.csv"),
        ("none.csv", None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_table(write: Write, name: str, data: bytes | None, words: str) -> None:
    home = write("a.jpg")
    if data is not None:
        (home / name).write_bytes(data)
    with pytest.raises(InputError, match=words):
        read_labelled(home, home / name)


def test_nothing_in_order(write: Write) -> None:
    with pytest.raises(InputError, match="no labelled image is in order"):
        read(write("a.jpg", "file,label\na.jpg,9\n"))
    with pytest.raises(InputError, match="is no folder"):
        read_labelled("nowhere", None)


def test_any_label_without_classes(write: Write) -> None:
    home = write("a.jpg", "\ufefffile,label\na.jpg,IGA 2\n")
    assert read_labelled(home, home / "labels.csv").rows[0].label == "IGA 2"
