"""The tiny models, written once a session, and the components loaded from them."""

from __future__ import annotations

from typing import Any

import pytest

from .tiny import Tiny, write_models


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Tiny models in their published layouts. Nobody may change them."""
    for package in ("torch", "diffusers", "transformers", "accelerate"):
        pytest.importorskip(package, reason=f"{package} is not installed (extra: diffusion)")
    return write_models(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def instantid(tiny: Tiny) -> Any:
    """Tiny SDXL with InstantID, 4 Euler steps under guidance."""
    return load_tiny(tiny)


def load_tiny(tiny: Tiny, base: str = "sdxl", family: str | None = "instantid", **more: Any) -> Any:
    """Components of tiny models; `steps`, `guidance`, `scheduler` ... change the preset, the rest are paths."""
    from dataclasses import replace

    from nof1sim.render.diffusion.components import load_components
    from nof1sim.render.diffusion.loading import LoadOptions

    names = ("steps", "guidance", "scheduler", "settings", "draws")
    changes = {"steps": 4} | {name: more.pop(name) for name in names if name in more}
    options = LoadOptions(preset=more.pop("preset", "base"), device="cpu")
    loaded = load_components(tiny.paths(base, family, **more), options)
    return replace(loaded, preset=replace(loaded.preset, **changes))
