"""docs/exports.md: what it says to open an export with opens it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from nof1sim.dataset.export.base import FORMATS, Options, export
from nof1sim.dataset.reader import open_dataset

PAGE = (Path(__file__).parents[3] / "docs" / "exports.md").read_text(encoding="utf-8")
SECTIONS = {
    heading: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for heading, text in re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
LIBRARIES = {"imagefolder": "datasets", "parquet": "datasets", "webdataset": "webdataset", "croissant": "mlcroissant"}


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_the_lines_of_a_section_run(name: str, spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(spoilt.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries, about each other
        library = pytest.importorskip(LIBRARIES[name], reason=f"{LIBRARIES[name]} is not installed")
        if LIBRARIES[name] == "datasets":
            monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", spoilt.parent / "cache")
        export(open_dataset("trial"), name, options=Options(truth=FORMATS[name].truth == "optional"))
        assert SECTIONS[name]
        for block in SECTIONS[name]:
            found: dict[str, object] = {}
            exec(compile(block, f"docs/exports.md, {name}", "exec"), found)
        count = len(open_dataset("trial").units())
        read = {
            "imagefolder": lambda: found["photographs"]["train"],
            "parquet": lambda: found["photographs"]["train"],
            "webdataset": lambda: list(found["shards"]),
            "croissant": lambda: [*found["rows"], *found["described"].records("photographs_left")],
        }[name]()
    assert len(read) == count


def test_every_format_is_in_the_table() -> None:
    assert [name for name in FORMATS if f"| `{name}` |" not in PAGE] == []
