"""Names that stand for code: built in, announced by an installed package, or written as `module:Thing`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from .errors import UnknownNameError, unknown_name

BUILT_IN: dict[str, dict[str, str]] = {
    "conditions": {
        "acne": "nof1sim.conditions.acne:Acne",
        "exanthem": "nof1sim.conditions.exanthem:Exanthem",
    },
    "renderers": {
        "procedural": "nof1sim.render.procedural:ProceduralRenderer",
        "portrait": "nof1sim.render.portrait.renderer:PortraitRenderer",
        "instantid": "nof1sim.render.diffusion.renderer:InstantIdRenderer",
        "ip-adapter": "nof1sim.render.diffusion.renderer:IpAdapterRenderer",
        "ip-adapter-faceid": "nof1sim.render.diffusion.renderer:IpAdapterFaceIdRenderer",
        "inpaint": "nof1sim.render.diffusion.renderer:InpaintRenderer",
        "img2img-daily": "nof1sim.render.diffusion.baseline:DailyRenderer",
        "learned": "nof1sim.learning.renderer:LearnedRenderer",
    },
    "engines": {
        "serial": "nof1sim.run.local:SerialEngine",
        "processes": "nof1sim.run.local:ProcessEngine",
        "ray": "nof1sim.run.ray_engine:RayEngine",
    },
    "embedders": {
        "patch": "nof1sim.analysis.embed.plain:PATCH",
        "texture": "nof1sim.analysis.embed.plain:TEXTURE",
        "redness": "nof1sim.analysis.embed.plain:Redness",
        "pca": "nof1sim.analysis.embed.pca:PixelPca",
        "autoencoder": "nof1sim.analysis.embed.autoencoder:AUTOENCODER",
        "vae": "nof1sim.analysis.embed.autoencoder:VAE",
        "schneider2023": "nof1sim.analysis.embed.autoencoder:SCHNEIDER2023",
    },
}


def known(kind: str) -> dict[str, str]:
    """Name -> import path of every plug-in of a kind ("conditions", "renderers", "engines"), none of them imported."""
    return BUILT_IN[kind] | {name: path for name, path in _announced(kind).items() if name not in BUILT_IN[kind]}


@cache
def _announced(kind: str) -> dict[str, str]:
    """Looking through all installed packages takes as long as some pictures do: once a process is enough."""
    return {point.name: point.value for point in entry_points(group=f"nof1sim.{kind}")}


def resolve_path(kind: str, name: str, where: str) -> str:
    """The import path (`module:Thing`) behind a name, not imported.

    Raises
    ------
    UnknownNameError
        `name` is neither known nor a `module:Thing`; `where` is the place in the protocol or command.
    """
    path = known(kind).get(name, name)
    if not all(path.partition(":")):
        raise unknown_name(kind.removesuffix("s"), where, name, known(kind))
    return path


def resolve(kind: str, name: str, where: str) -> Any:
    """The class behind a name.

    Raises
    ------
    UnknownNameError
        As `resolve_path`, or the module of a `module:Thing` cannot be imported or has no such thing.
    """
    module, _, thing = resolve_path(kind, name, where).partition(":")
    try:
        return getattr(import_module(module), thing)
    except (
        ImportError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:  # the last two: no name that a module can have
        if name in known(kind):
            raise
        letter = unknown_name(kind.removesuffix("s"), where, name, known(kind))
        raise UnknownNameError(f"{letter} Importing it failed: {error}.", letter.faults) from error


def installed(package: str) -> bool:
    """Whether an optional package is there; it is not imported to find out."""
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False
