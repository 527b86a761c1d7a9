"""The published simulated trial's layout (Hettich 2024): sim_acne.csv, and pictures that carry their class in the name.

Only what was recorded is used. The class is the recorded severity, rounded; a tie goes to the lower class, as in
`images.layout: hettich`.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import polars as pl

from ..layout import IMAGES, OBSERVATIONS, SUFFIX, hettich_name
from ..reader import Dataset
from .base import Options, Tell
from .common import write_note
from .source import Source

TABLE = "sim_acne.csv"
COLUMNS = ("patient_id", "date", "block", "day", "treatment", "AcneSeverity")
"""After a first column without a name, which counts a patient's rows from 0."""
HIGHEST = 3
README = """# In the layout of the simulated trial of Hettich (2024)

{short}

- `{table}`: the columns and line ends of the published table, a row a patient and day. An empty AcneSeverity was not
  recorded. Where there are several photographs a day, the row has the score of the first.
- `{images}/`: `patient_date_severity_class.jpg`; the class (0 to {highest}) is the recorded severity, rounded, a
  tie down. A later photograph of a day, or another view than the front, is added at the end.
- Pictures left out: {left_out}, of days whose severity was not recorded: such a name has no class to carry.

The class in the name is the answer: a model that sees file names sees it too. Split by patient, never by picture.
"""


def write(dataset: Dataset, out: Path, options: Options, tell: Tell) -> None:
    """Write sim_acne.csv, images/ (if the dataset has any) and a README.md.

    Raises
    ------
    DatasetError
        A damaged file.
    """
    source, total = Source(dataset), len(dataset.units())
    source.check(OBSERVATIONS)
    out.mkdir()
    (out / TABLE).write_bytes(table(dataset.observations()))
    left_out = 0
    for done, picture in enumerate(source.pictures()):
        tell(done, total, "Copying")
        row, suffix = picture.row, PurePosixPath(picture.path).suffix
        if row["AcneSeverity"] is None:
            left_out += 1
            continue
        format = next(name for name, ending in SUFFIX.items() if ending == suffix)
        where = (row["patient_id"], row["date"], severity_class(row["AcneSeverity"]))
        source.copy(picture.path, out / IMAGES / hettich_name(*where, row["occasion"], row["view"], format))
    tell(total, total, "Copying")
    words = README.format(table=TABLE, images=IMAGES, highest=HIGHEST, left_out=left_out, short=dataset.about.short)
    (out / "README.md").write_bytes(words.encode())
    write_note(out, dataset, "hettich", options)


def table(observations: pl.DataFrame) -> bytes:
    """The CSV: one row a patient and day (the first occasion), CRLF as in the published file."""
    count = pl.int_range(pl.len()).over("patient_id").alias("")
    rows = observations.filter(pl.col("occasion") == 1).select(count, *COLUMNS)
    body = rows.write_csv(line_terminator="\r\n", include_header=False)  # with a header, "" would stand in quotes
    return (",".join(rows.columns) + "\r\n" + body).encode()


def severity_class(score: float) -> int:
    """0 to 3: the score rounded, a tie down."""
    return max(0, min(math.ceil(score - 0.5), HIGHEST))
