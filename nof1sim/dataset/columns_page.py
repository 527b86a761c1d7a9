"""docs/tables.md: every column of every table with type, unit and meaning, written from the registry."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from .columns import TABLES, Column, Table

TYPES = {
    pl.String: "text",
    pl.Int64: "integer",
    pl.Float64: "number",
    pl.Float32: "number (32 bit)",
    pl.Boolean: "true, false",
    pl.Date: "date",
}
HEAD = """# Tables and columns

<!-- Written by `python -m nof1sim.dataset.columns_page docs/tables.md`. Edit nof1sim/dataset/columns.py instead. -->

Every column of every table of a dataset. CSV files are UTF-8 with a header, commas and LF; an empty cell is a missing
value; dates are `YYYY-MM-DD`; flags are `true` and `false`. Days, blocks and occasions count from 1. A name that ends
in `*` stands for all columns that begin so. In the column *when*: **always** in the table; **may be empty**: always
there, with gaps; **if any**: only where the protocol, the condition or the renderer has something to say.

With `images.layout: packed` the long tables of the truth lie in pieces of 64 patients, which are read as one:
`truth/lesion_days/000000.parquet`, `truth/lesion_days/000001.parquet` ...

The same as JSON schemas, for validators: the folder [schemas](../schemas).
"""
OTHER = """## Other files

| file | what it is |
|---|---|
| `README.md` | the dataset card |
| `manifest.json`, `truth/manifest.json` | versions, protocol, hashes of the tables; the second also seed and effects |
| `images.sha256`, `truth/images.sha256` | hashes of images, and of masks and layers, as `sha256sum -c` checks them |
| `manifest.sha256` | hashes of the two manifests |
| `truth/faces.json` | the numbers of each person's face |
| `truth/masks/P001/*.png` | 16 bit: the lesion_id of each pixel; `*_support.png`: of each pixel that a lesion touched |
| `truth/persistence/P001.npz` | the patient's columns of `truth/lesions.parquet` as arrays, names as codes |
| `packs/*.tar`, `truth/packs/*.tar` | packed: images, and what is true of them; `packs/*.parquet`: their index |
| `truth/parts`, `depth`, `normals`, `chart`, `binary` | [truth images](photographs.md#truth-images), if asked for |
"""
ROOT = "What the study recorded. An analysis needs this table and the images, nothing else."
TRUTH = "What only a simulator knows. An analysis that is to be judged fairly does not open it."


def page() -> str:
    """The text of the page."""
    return "\n".join([HEAD, *(_section(name, table) for name, table in TABLES.items()), OTHER])


def _section(name: str, table: Table) -> str:
    truth = table.path.startswith("truth/")
    call = f'dataset.truth("{name}")' if truth else "dataset.observations()"
    lines = [
        f"## {table.path}",
        "",
        f"{TRUTH if truth else ROOT} A row is {table.row}. In Python: `{call}`.",
        "",
        "| column | type | unit | when | meaning |",
        "|---|---|---|---|---|",
        *(_row(column) for column in table.columns),
        "",
    ]
    return "\n".join(lines)


def _row(column: Column) -> str:
    name = f"`{column.name}{'*' if column.prefix else ''}`"
    when = "if any" if not column.required else "may be empty" if column.nullable else "always"
    cells = (name, TYPES[column.dtype.base_type()], column.unit, when, column.description)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":  # python -m nof1sim.dataset.columns_page docs/tables.md
    Path(sys.argv[1]).write_text(page(), encoding="utf-8", newline="\n")
