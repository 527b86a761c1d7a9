"""`nof1sim models selftest`: one made-up patient on three days, with the models that are on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np

from nof1sim import plugins
from nof1sim.model import STAGES, LesionField, Lesions, Nuisance, Patient, Scene, View
from nof1sim.randomness import stream

from .config import DiffusionOptions
from .registry import Resolved
from .studio import open_studio

DAYS = (1, 4, 7)
SEED = 1
PATIENT = Patient("P001", "1", 0, 24.0, "F", 42.0, 2)
KINDS = ("closed_comedone", "open_comedone", "papule", "papule", "papule", "pustule", "nodule")
LESIONS = 28
MB = 1_000_000


def selftest(renderer: str, resolved: Mapping[str, Resolved], options: DiffusionOptions) -> dict[str, float | str]:
    """Load the models, draw three days without nuisance, and say what came of it.

    Parameters
    ----------
    renderer : `instantid` ...
    resolved : its models on this machine (`registry.resolve`).
    options : as in `images.renderer_options`.

    Returns
    -------
    Figure -> value: least identity cosine of the days to the portrait; greatest difference to the portrait outside the
    lesions' support (grey levels, 0 by construction) and mean difference inside; seconds to load, for the first day
    with the portrait, for the others each; peak memory of the process and of the GPU, MB.

    Raises
    ------
    RenderError
        The models cannot be read, or draw no face.
    """
    start = time.perf_counter()
    studio = open_studio(renderer, options, found=resolved)
    drawer = plugins.resolve("renderers", renderer, "renderer")(options, studio)
    loaded = time.perf_counter()
    views = [view_of_day(day, options.portrait_px) for day in DAYS]
    renders = drawer.render(views[:1])
    first = time.perf_counter()
    renders += drawer.render(views[1:])
    end = time.perf_counter()
    # A day without lesions is the portrait.
    clear = drawer.render([view_of_day(DAYS[0], options.portrait_px, bare=True)])[0].pixels
    apart = [np.abs(one.pixels.astype(int) - clear).max(-1) for one in renders]
    inside = [difference[one.support > 0] for difference, one in zip(apart, renders, strict=True)]
    cosines = [float(one.drawn["identity_cosine"]) for one in renders if "identity_cosine" in one.drawn]
    return {
        "renderer": renderer,
        **{name: value for name, value in studio.said.items() if name != "models"},
        "identity cosine, least of 3 days": min(cosines) if cosines else "no face model",
        "difference outside masks, grey levels": max(
            int(difference[one.support == 0].max(initial=0)) for difference, one in zip(apart, renders, strict=True)
        ),
        "difference inside masks, mean": round(float(np.concatenate(inside).mean()), 2),
        "seconds to load": round(loaded - start, 2),
        "seconds, portrait and first day": round(first - loaded, 2),
        "seconds, each further day": round((end - first) / (len(DAYS) - 1), 2),
        **memory(),
    }


def memory() -> dict[str, float | str]:
    """Peak memory of this process (where the system says it), and of the GPU where torch has one."""
    found: dict[str, float | str] = {}
    if find_spec("resource") is not None:  # not on Windows
        from resource import RUSAGE_SELF, getrusage

        unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
        found["peak memory, MB"] = round(getrusage(RUSAGE_SELF).ru_maxrss * unit / MB)
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["peak GPU memory, MB"] = round(torch.cuda.max_memory_allocated() / MB)
    return found


def view_of_day(day: int, size_px: int, bare: bool = False) -> View:
    """A day of the made-up patient: lesions that come one after another, each for the whole study; `bare`: none."""
    course = _course()
    there = np.flatnonzero((course.columns["birth_day"].astype(int) <= day) & (not bare))
    lesions = _lesions(course).take(there)
    return View(
        Scene(PATIENT, day, lesions, course), "front", Nuisance(), size_px, SEED, (PATIENT.key, day, 1, "front")
    )


def _course() -> LesionField:
    draw = stream(SEED, PATIENT.key, "selftest")
    columns = {
        "lesion_id": np.arange(1, LESIONS + 1),
        "x_mm": draw.uniform(25, 50, LESIONS) * draw.choice([-1, 1], LESIONS),
        "y_mm": draw.uniform(-60, -20, LESIONS),
        "kind": np.array([STAGES.index(KINDS[i % len(KINDS)]) for i in range(LESIONS)], np.int32),
        "birth_day": np.arange(LESIONS) % (DAYS[-1] + 1),
        "peak_diameter_mm": draw.uniform(2, 7, LESIONS),
        "peak_erythema": draw.uniform(0.6, 1.0, LESIONS),
    }
    return LesionField(PATIENT, DAYS[-1], columns, np.zeros(DAYS[-1], np.int64))


def _lesions(course: LesionField) -> Lesions:
    """All of them, at their height."""
    c, none, yes = course.columns, np.zeros(LESIONS), np.ones(LESIONS, bool)
    whole = {name: c[name].astype(np.int64) for name in ("lesion_id", "kind")}
    x, y, diameter, red = (c[name].astype(float) for name in ("x_mm", "y_mm", "peak_diameter_mm", "peak_erythema"))
    return Lesions(
        whole["lesion_id"], x, y, whole["kind"].astype(np.int8), diameter, none, red, none, none, none, none,
        whole["lesion_id"], yes, yes,
    )  # fmt: skip
