"""The dataset card: README.md, in words for people and a header for Hugging Face. It tells nothing of the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import layout
from .columns import RECORDED, TABLES

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)


@dataclass(frozen=True, slots=True)
class CardInfo:
    """What the card says that the registries do not know. `columns`: those of observations.csv.

    command : what makes the dataset again; no absolute path.
    scale : of the recorded severity, "0 to 3".
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


def card(info: CardInfo) -> str:
    """The text of README.md."""
    return "\n".join([_header(info), _what(info), _columns(info), _reading(info), _truth(), _limits(), _again(info)])


def _header(info: CardInfo) -> str:
    size = next((name for limit, name in SIZES if info.images < limit), "n>10M")
    title = " ".join(info.title.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f"""---
pretty_name: "{title}"
license: other
language: [en]
tags: [synthetic, simulation, n-of-1, crossover-trial, longitudinal, dermatology, acne]
task_categories: [image-classification, image-feature-extraction]
size_categories: [{size}]
configs:
- config_name: observations
  data_files: {layout.OBSERVATIONS}
  default: true
---
"""


def _what(info: CardInfo) -> str:
    views = ", ".join(info.views)
    return f"""# {info.title}

A simulated series of N-of-1 trials: {info.patients} patients, {info.days} days, {info.images} images
({views}; {info.size_px} x {info.size_px} pixels, {info.format}). **Everything here is synthetic: no person, face or
patient is real.**{" Every image says so in its metadata." if info.images else ""}
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
    return f"""## Reading it

```python
import nof1sim

dataset = nof1sim.open_dataset(".")
table = dataset.observations()               # a polars frame
{picture}```

Or with any tool: `{layout.OBSERVATIONS}` is plain CSV, and its column `image_{info.views[0]}` names the files.
`sha256sum --ignore-missing -c {layout.MANIFEST_SHA}` checks the manifests, which list the hashes of all other files;
`sha256sum -c {layout.IMAGE_SUMS}` checks the images.
"""


def _truth() -> str:
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


def _limits() -> str:
    return """## Limits

- Synthetic people: useful for testing methods and code, no evidence about any treatment. Not for diagnosis.
- Split by patient, never by image: two days of one person are nearly the same picture.
- Skin tones, ages and lesions follow published figures where there are some, and assumptions elsewhere.
- A model that does well here need not do well on real photographs.
"""


def _again(info: CardInfo) -> str:
    return f"""## Making it again

```
{info.command}
```

With the versions in `{layout.MANIFEST}` this gives the same bytes (nof1sim {info.version}; digest of the protocol
`{info.digest}`).
"""
