"""The documentation tells no lies: its Python runs, its commands exist, its tables are those of the registry."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from nof1sim.cli import app
from nof1sim.dataset import columns_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RUN = sorted([DOCS / "index.md", *(DOCS / "howto").glob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
COMMAND = re.compile(r"^ *(?:\.venv/bin/)?(nof1sim [a-z].*)$", re.MULTILINE)
INLINE = re.compile(r"`(nof1sim [a-z][^`]*)`")
COMMANDS: Any = typer.main.get_command(app)


def python_of(page: Path) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [page for page in RUN if python_of(page)], ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    space: dict[str, object] = {}
    for code in python_of(page):
        for needed in re.findall(r"^# needs: (\w+)$", code, re.MULTILINE):
            pytest.importorskip(needed, reason=f"needs {needed}")
        exec(compile(code, f"{page.name}", "exec"), space)


def commands_of(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    found = [*COMMAND.findall(text.replace("\\\n", " ")), *INLINE.findall(text)]
    return [re.sub(r"\s+#.*| \[.*", "", command) for command in found]


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for command in commands_of(page):
        words = shlex.split(command)[1:]
        found = COMMANDS
        while hasattr(found, "commands") and words and not words[0].startswith("-"):
            assert words[0] in found.commands, f"{page.name}: there is no {command!r}"
            found = found.commands[words.pop(0)]
        known = {"--help", *(name for option in found.params for name in (*option.opts, *option.secondary_opts))}
        asked = [word.partition("=")[0] for word in words if word.startswith("-")]
        assert set(asked) <= known, f"{page.name}: {command!r} has an unknown option"


def test_every_command_is_on_the_page_of_commands() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    for name, command in COMMANDS.commands.items():
        for sub in getattr(command, "commands", {"": None}):
            assert f"| `nof1sim {name} {sub}".rstrip() in page


def test_the_page_of_columns_is_up_to_date() -> None:
    again = "write it again: python -m nof1sim.dataset.columns_page docs/tables.md"
    assert (DOCS / "tables.md").read_text(encoding="utf-8") == columns_page.page(), again


def test_the_reference_takes_meanings_for_meanings() -> None:
    pytest.importorskip("griffe", reason="needs griffe")
    plain = runpy.run_path(str(DOCS / "docstrings.py"))["plain"]
    head, raises = "X.\n\nParameters\n----------\n", "\n\nRaises\n------\nKeyError\n    No."
    long = "of the study, of all patients and their periods,"
    ours, theirs = f"first, last : {long}\n    both included", "path : str or Path\n    CSV or Parquet."
    meant = f"{long} both included"
    assert plain(head + ours + raises) == f"{head}first\n    {meant}\nlast\n    {meant}{raises}"
    assert plain(head + theirs + raises) == head + theirs + raises


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    for page in DOCS.rglob("*.md"):
        assert f": {page.relative_to(DOCS).as_posix()}\n" in navigation
