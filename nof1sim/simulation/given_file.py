"""The user's own severities, read back from the dataset that was made of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..dataset import layout
from ..dataset.reader import Dataset
from ..protocol import Protocol
from ..severity.given import Given, read_severities


def given_of(dataset: Dataset, protocol: Protocol) -> Given | None:
    """The table behind a dataset: its observations are that table. None where severities were simulated."""
    described = protocol.given
    if described is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / layout.OBSERVATIONS
        path.write_bytes(dataset.target.read(layout.OBSERVATIONS))
        return read_severities(path, scale=(described.scale_low, described.scale_high), missing=described.missing)
