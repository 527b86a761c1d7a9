"""Ways to spoil a dataset, and to sign it again so that only its meaning is wrong, not its hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from nof1sim.dataset import layout
from nof1sim.dataset.columns import TABLES
from nof1sim.dataset.tables import read_csv, write_csv, write_parquet

SUMS = (layout.IMAGE_SUMS, layout.TRUTH_SUMS)
MANIFESTS = (layout.MANIFEST, layout.TRUTH_MANIFEST)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sign(root: Path) -> None:
    """Make every list and manifest agree with the files that it lists; files that are gone are no longer listed."""
    for name in SUMS:
        if (root / name).exists():
            paths = [line.partition("  ")[2] for line in (root / name).read_text().splitlines()]
            lines = [f"{sha256(root / path)}  {path}\n" for path in paths if (root / path).is_file()]
            (root / name).write_text("".join(lines))
    for name in MANIFESTS:
        document = json.loads((root / name).read_text())
        document["files"] = {
            path: {"sha256": sha256(root / path), "bytes": (root / path).stat().st_size}
            for path in document["files"]
            if (root / path).is_file()
        }
        write_json(root / name, document)
    sign_manifests(root)


def sign_manifests(root: Path) -> None:
    """Make manifest.sha256 agree with the manifests."""
    (root / layout.MANIFEST_SHA).write_text("".join(f"{sha256(root / name)}  {name}\n" for name in MANIFESTS))


def write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def edit(root: Path, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change a table."""
    path = root / TABLES[name].path
    if path.suffix == ".csv":
        path.write_bytes(write_csv(change(read_csv(path.read_bytes(), name))))
    else:
        path.write_bytes(write_parquet(change(pl.read_parquet(path))))


def edit_json(root: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest, and sign it."""
    document = json.loads((root / name).read_text())
    change(document)
    write_json(root / name, document)
    sign_manifests(root)


def setting(column: str, row: int, value: Any) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Put a value into a row of a column."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.when(pl.int_range(pl.len()) == row).then(value).otherwise(column).alias(column))

    return change


def adding(column: str, row: int, more: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Add to the number in a row of a column."""
    return setting(column, row, pl.col(column) + more)


def doubling(row: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Let a row stand there twice."""
    return lambda frame: pl.concat([frame[: row + 1], frame[row:]])


def without(row: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Leave out a row."""
    return lambda frame: pl.concat([frame[:row], frame[row + 1 :]])


def swapping(one: int, other: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Swap two rows."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        order = list(range(frame.height))
        order[one], order[other] = other, one
        return frame[order]

    return change
