"""The dataset card: README.md, in words for people and a header for Hugging Face. It tells nothing of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import layout
from .columns import RECORDED, TABLES
from .statements import ABOUT, USES, About, Persons, bibtex, bullets

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)

TASKS = ("image-classification", "image-segmentation", "image-feature-extraction")
TASKS_WITHOUT_IMAGES = ("tabular-regression", "time-series-forecasting")
"""Task categories, as the Hugging Face hub names them."""


@dataclass(frozen=True, slots=True)
class CardInfo:
    """What the card says that the registries do not know. `columns`: those of observations.csv.

    command : what makes the dataset again; no absolute path.
    persons, consent : who is in the pictures; for photographs, what consent was stated.
    scale : of the recorded severity, "0 to 3".
    facts : (what, how) of people, design and photographs, as far as a study itself would know: the same for a trial
        and for its null twin.
    packed : the images lie in packs (`images.layout: packed`).
    """

    title: str
    digest: str
    command: str
    patients: int
    days: int
    images: int
    columns: Sequence[str]
    scale: str
    size_px: int
    views: Sequence[str]
    format: str
    version: str
    facts: Sequence[tuple[str, str]] = ()
    persons: Persons = "invented"
    consent: str | None = None
    packed: bool = False

    @property
    def about(self) -> About:
        """What is said of the dataset, by who is in its pictures."""
        return ABOUT[self.persons]


def card(info: CardInfo) -> str:
    """The text of README.md."""
    parts = (_header, _what, _uses, _columns, _reading, _truth, _limits, _again)
    return "\n".join(part(info) for part in parts)


def _header(info: CardInfo) -> str:
    size = next((name for limit, name in SIZES if info.images < limit), "n>10M")
    title = " ".join(info.title.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f"""---
pretty_name: "{title}"
license: other
license_name: not-chosen-yet
language: [en]
annotations_creators: [machine-generated]
source_datasets: [original]
tags: [synthetic, simulation, n-of-1, crossover-trial, longitudinal, dermatology, acne, not-for-diagnosis]
task_categories: [{", ".join(TASKS if info.images else TASKS_WITHOUT_IMAGES)}]
size_categories: [{size}]
configs:
- config_name: observations
  data_files: {layout.OBSERVATIONS}
  default: true
---
"""


def _what(info: CardInfo) -> str:
    views = ", ".join(info.views)
    pictures = f"{info.images} images ({views}; {info.size_px} x {info.size_px} pixels, {info.format})"
    facts = [f"| {what} | {how} |" for what, how in info.facts]
    table = ["", "| what | how |", "|---|---|", *facts] if facts else []
    return "\n".join(
        [
            f"# {info.title}",
            "",
            f"A simulated series of N-of-1 trials (repeated within-person crossover trials): {info.patients} patients, "
            f"{info.days} days, {pictures if info.images else 'no images'}. **{info.about.says}**"
            + (" Every image says so in its metadata." if info.images else ""),
            *table,
            "",
            *([f"The consent that was stated: {info.consent}", ""] if info.consent else []),
            f"What was put in (the protocol with all its numbers) stands in `{layout.TRUTH_MANIFEST}` and "
            "is not said here, so that an analysis can stay blind.",
            "",
        ]
    )


def _uses(info: CardInfo) -> str:
    return f"""## Intended use

{bullets(USES)}

Out of scope:

{bullets(info.about.out_of_scope)}
"""


def _columns(info: CardInfo) -> str:
    table = TABLES["observations"]
    lines = [
        f"## {layout.OBSERVATIONS}",
        "",
        f"A row is {table.row}.",
        "",
        "| column | unit | meaning |",
        "|---|---|---|",
    ]
    for name in info.columns:
        column = table.column(name)
        unit, meaning = (column.unit, column.description) if column else ("", "")
        lines.append(f"| `{name}` | {info.scale if unit == RECORDED else unit} | {meaning} |")
    return "\n".join([*lines, ""])


def _reading(info: CardInfo) -> str:
    picture = "pixels = dataset.image(dataset.units()[0])   # (h, w, 3) uint8\n" if info.images else ""
    packs = f"""
The images lie in tar files of one patient each, `{layout.PACKS}/*.tar`; `{layout.PACKS}/*.parquet` say where. Unpacked
with `tar` in this folder, they lie where the column says. WebDataset reads the tar files as they are.
"""
    return f"""## Reading it

```python
import nof1sim

dataset = nof1sim.open_dataset(".")
table = dataset.observations()               # a polars frame
{picture}```

Or with any tool: `{layout.OBSERVATIONS}` is plain CSV, and its column `image_{info.views[0]}` names the files.
`sha256sum --ignore-missing -c {layout.MANIFEST_SHA}` checks the manifests, which list the hashes of all other files;
`sha256sum -c {layout.IMAGE_SUMS}` checks the images.
{packs if info.packed else ""}"""


def _truth(info: CardInfo) -> str:
    tables = [table for table in TABLES.values() if table.path.startswith(f"{layout.TRUTH}/")]
    rows = "\n".join(f"| `{table.path}` | {table.row} |" for table in tables)
    return f"""## truth/

What only a simulator knows. An analysis that is to be judged fairly never opens it; remove the folder to give the
dataset to somebody blinded.

| file | a row is |
|---|---|
{rows}

`{layout.TRUTH_MANIFEST}` holds the resolved protocol and figures of the pictures' quality, `{layout.FACES}` the
numbers of each person's face, `{layout.PERSISTENCE}/` each patient's lesion map, `{layout.MASKS}/` the instance masks
(16-bit PNG: the value is the lesion_id; `_support`: all pixels that the lesion touched). Folders {_layers()}
are there if the protocol asks for them (`images.layers`); `dataset.layer(unit, name)` reads them.
"""


def _layers() -> str:
    return ", ".join(f"`{layout.TRUTH}/{name}/`" for name in layout.LAYERS)


def _limits(info: CardInfo) -> str:
    return f"""## Limits

{bullets(info.about.limits)}

## Biases

{bullets(info.about.biases)}

## Licence

{info.about.licence}

## Citation

```bibtex
{bibtex(info.version)}
```
"""


def _again(info: CardInfo) -> str:
    return f"""## Making it again

```
{info.command}
```

With the versions in `{layout.MANIFEST}` this gives the same bytes (nof1sim {info.version}; digest of the protocol
`{info.digest}`).
"""
