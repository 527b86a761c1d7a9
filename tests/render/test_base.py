"""Names of renderers become renderers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nof1sim.errors import UnknownNameError
from nof1sim.render import Renderer, known_renderers, load_renderer


def test_builtin_name_resolves() -> None:
    renderer = load_renderer("procedural")
    assert isinstance(renderer, Renderer)
    assert renderer.repeatable == "bitwise"
    assert "front" in renderer.views


def test_module_path_resolves() -> None:
    assert load_renderer("nof1sim.render.procedural:ProceduralRenderer").name == "procedural"


@pytest.mark.parametrize("name", ["procedurl", "no.such.module:Thing", "nof1sim.render:NoSuchThing"])
def test_unknown_name_is_a_letter(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"images\.renderer.*procedural"):
        load_renderer(name)


def test_typo_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'procedural'"):
        load_renderer("procedurl")


def test_import_is_light() -> None:
    code = (
        "import sys, nof1sim.render as r; r.known_renderers(); "
        "bad = {'numba', 'scipy', 'PIL', 'nof1sim.render.procedural'} & set(sys.modules); "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_known_names() -> None:
    assert "procedural" in known_renderers()
