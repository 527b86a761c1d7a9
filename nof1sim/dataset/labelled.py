"""A folder of labelled photographs that a user supplies: read once, everything that is wrong with it listed.

Rows that are in order are kept, the others are faults. What would spoil every result (one person in two splits) is
refused. Byte-identical files matter: an audit of ACNE04 found 38 such pairs, 8 of them with two grades.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import Fault, InputError
from .labelled_checks import checked
from .labelled_rows import Labelled, images_below, rows_of_file, rows_of_folders

__all__ = ["HAYASHI_CLASSES", "HAYASHI_TITLES", "Labelled", "LabelledFolder", "read_labelled"]

HAYASHI_TITLES = ("Mild", "Moderate", "Severe", "Very severe")
"""The four classes of Hayashi 2008: up to 5, 20, 50, and more than 50 papules and pustules on half of the face."""
HAYASHI_CLASSES = ("0", "1", "2", "3")
_ALSO = {
    also: name
    for name, title in zip(HAYASHI_CLASSES, HAYASHI_TITLES, strict=True)
    for also in (title.lower(), title.lower().replace(" ", "_"), f"levle{name}", f"level{name}")
}


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """A folder's labelled images that are in order (by path), and all that is wrong with the others.

    faults : each of them left something out.  warnings : odd, but used as it is.
    persons_known : whether the labels tell persons; if not, no split can promise to keep a person on one side.
    """

    folder: Path
    rows: tuple[Labelled, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()
    persons_known: bool = False
    splits_known: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the result."""
        if self.persons_known:
            return ()
        return (
            "The labels do not tell persons, so each image counts as a person of its own: that nobody is in two splits "
            "cannot be promised. Add a column 'person' to promise it.",
        )

    def count(self, label: str, split: str | None = None) -> int:
        """Images of a class, in a split (None: in the whole folder)."""
        return sum(row.label == label and (split is None or row.split == split) for row in self.rows)


def read_labelled(
    folder: str | os.PathLike[str],
    csv: str | os.PathLike[str] | None,
    columns: Mapping[str, str] | None = None,
    *,
    classes: Sequence[str] | None = None,
) -> LabelledFolder:
    """Read a folder of labelled photographs; the photographs' bytes are hashed, not decoded.

    Parameters
    ----------
    folder : the images, at any depth. Nothing outside it is read.
    csv : a table (.csv, .tsv, .parquet) with columns file, label and, optionally, person and split (train, val, test);
        or an ACNE04 list file (.txt: "levle0_12.jpg 0 5"); None: the labels are the names of the folders
        (LABEL/x.jpg or SPLIT/LABEL/x.jpg).
    columns : names of the table's columns, where they differ: {"file": "image", "label": "grade", "person": "patient"}.
    classes : labels that are allowed; None: any. With "0" to "3" the names of Hayashi's classes count, too
        ("mild" ... "very severe", "levle0" ... "levle3").

    Returns
    -------
    The images that are in order. Left out, each with a fault: labels without an image, images without a label, a second
    row of an image, contradicting rows of an image, a label that is no class, a path that leaves the folder, an empty
    person, an unknown split, an empty file, byte-identical images with different labels, persons or splits (all of
    them), and the second of byte-identical images that agree. A file name with another grade ("levle2_7.jpg" labelled
    1) is a warning.

    Raises
    ------
    InputError
        No such folder; a label file that cannot be read or lacks a column; one person in two splits; nothing in order.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InputError(f"{place}: is no folder. Give the folder with the photographs.")
    images = images_below(place)
    found = rows_of_folders(images) if csv is None else rows_of_file(Path(csv), columns or {})
    canonical = {name: name for name in classes} if classes is not None else None
    if canonical is not None:
        canonical |= {also: name for also, name in _ALSO.items() if name in canonical and also not in canonical}
    rows, faults, warnings = checked(place, images, found, canonical)
    if not rows:
        listed = "\n".join(f"  {fault}" for fault in faults[:10])
        raise InputError(f"{place}: no labelled image is in order ({len(faults)} faults).\n{listed}".rstrip())
    return LabelledFolder(place, rows, faults, warnings, found.has_persons, found.has_splits)
