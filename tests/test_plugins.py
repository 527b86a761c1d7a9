"""Names of conditions, renderers and engines become code, or a letter."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nof1sim import plugins
from nof1sim.errors import UnknownNameError
from nof1sim.render import Renderer


@pytest.mark.parametrize("name", ["procedural", "nof1sim.render.procedural:ProceduralRenderer"])
def test_a_name_or_a_path_resolves(name: str) -> None:
    renderer = plugins.resolve("renderers", name, "images.renderer")()
    assert isinstance(renderer, Renderer)
    assert renderer.repeatable == "bitwise"
    assert "front" in renderer.views


@pytest.mark.parametrize("kind", plugins.BUILT_IN)
def test_every_built_in_name_leads_to_something(kind: str) -> None:
    for name in plugins.known(kind):
        assert plugins.resolve(kind, name, kind) is not None


@pytest.mark.parametrize(
    "name", ["procedurl", "no.such.module:Thing", "nof1sim.render:NoSuchThing", "half:", ":x", ".x:Thing"]
)
def test_an_unknown_name_is_a_letter(name: str) -> None:
    with pytest.raises(UnknownNameError, match=r"images\.renderer.*procedural"):
        plugins.resolve("renderers", name, "images.renderer")


def test_an_error_inside_a_built_in_is_no_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(plugins.BUILT_IN["renderers"], "broken", "nof1sim.nowhere:Thing")
    with pytest.raises(ImportError):
        plugins.resolve("renderers", "broken", "images.renderer")


def test_importing_the_render_package_loads_no_renderer() -> None:
    code = (
        "import sys, nof1sim.render; "
        "bad = {'numba', 'scipy', 'PIL', 'nof1sim.render.procedural'} & set(sys.modules); "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
