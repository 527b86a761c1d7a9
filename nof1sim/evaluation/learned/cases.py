"""What every renderer of a comparison draws: the same people, days and views, asked of one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import Fault, ProtocolError, refuse
from ...model import Floats, Ints, Nuisance, Scene, Unit, View
from ...protocol import Protocol
from ...simulation.plan import Plan
from ...simulation.renderers import check_images, make_renderer, needs_settling, settled
from ...simulation.request import prepare

ANALYTIC = "procedural"
"""The renderer whose masks are the truth, and whose pictures of other people are the reference."""
PRESETS = ("none", "clinic", "home")
LIMITS = {"patients": (2, 1000), "days": (5, 1000), "people": (8, 5000), "size": (64, 512)}
"""Fewer days have no rank correlation worth its name, fewer people no distances; larger pictures do not fit memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is compared.

    renderers : names, each `procedural`, `learned:PATH`, another built-in one or `module:Thing`; the analytic renderer
    is always the first.  patients, days : the panel, drawn whole by every renderer.  people : further persons, one
    picture each, three times: whom every renderer draws, and two sets that only the analytic renderer draws.
    seed : of the people; another one than the training's.  nuisance : preset of the photographs.
    protocol : file or shipped name; None: the default one, `days` long.
    embedder : who is told apart with.  features : spaces of the KID; the first is that of diversity and memorisation.
    grader : folder of `nof1sim grade train`.  training : what the learned renderers learnt from, a dataset or a folder.
    """

    renderers: tuple[str, ...] = (ANALYTIC,)
    patients: int = 8
    days: int = 28
    people: int = 64
    size_px: int = 64
    seed: int = 1
    nuisance: str = "none"
    protocol: str | None = None
    embedder: str = "pca"
    features: tuple[str, ...] = ("pca", "texture")
    grader: str | None = None
    training: str | None = None
    models: str | None = None
    analytic: str = ANALYTIC

    @property
    def names(self) -> tuple[str, ...]:
        """Every renderer once, the analytic one first."""
        return tuple(dict.fromkeys((self.analytic, *self.renderers)))


@dataclass(frozen=True, slots=True)
class Cases:
    """Views by what they serve, and the severity that the protocol asks for.

    panel : patients x days.  clear : each patient of the panel without any lesion.  crowd : one picture a person, drawn
    by every renderer.  reference, fitting : the same of two further sets of persons, drawn by the analytic one alone.
    severity : (patients, days), the true severity, 0 to 3 for acne.
    """

    panel: tuple[tuple[View, ...], ...]
    clear: tuple[View, ...]
    crowd: tuple[View, ...]
    reference: tuple[View, ...]
    fitting: tuple[View, ...]
    severity: Floats

    @property
    def drawn_by_all(self) -> int:
        """Pictures that each renderer draws."""
        return self.severity.size + len(self.clear) + len(self.crowd)


def check_settings(settings: Settings) -> None:
    """Refuse numbers out of range, all of them in one letter (ProtocolError)."""
    given = {"patients": settings.patients, "days": settings.days, "people": settings.people, "size": settings.size_px}
    faults = [
        Fault(f"--{name}", given[name], f"{low} to {high}")
        for name, (low, high) in LIMITS.items()
        if not low <= given[name] <= high
    ]
    if settings.nuisance not in PRESETS:
        faults.append(Fault("--nuisance", settings.nuisance, ", ".join(PRESETS)))
    if not settings.features:
        faults.append(Fault("--features", "", "one or more names of feature spaces, such as pca,texture"))
    refuse(faults, "The comparison")


def protocol_of(settings: Settings) -> Protocol:
    """The protocol of all its people: patients of the panel first, then crowd, reference and fitting.

    Raises
    ------
    ProtocolError
        A protocol that is shorter than `days`, or has fewer persons of its own than are needed.
    """
    images = {
        "size_px": settings.size_px,
        "renderer": settings.analytic,
        "renderer_options": {},
        "views": ["front"],
        "layers": [],
        "occasions_per_day": 1,
        "nuisance": {"preset": settings.nuisance},
        "confounding": {"strength": 0.0},
        "enabled": True,
    }
    total = settings.patients + 3 * settings.people
    changed = prepare(settings.protocol, patients=total, days=settings.days, seed=settings.seed, images=images)
    return changed.protocol


def cases_of(plan: Plan, settings: Settings) -> Cases:
    """Every view of a comparison. A person of a crowd is shown on one day; the days are dealt round."""
    first, people, days = settings.patients, settings.people, settings.days
    panel = tuple(tuple(plan.view(Unit(rank, day)) for day in range(1, days + 1)) for rank in range(settings.patients))
    crowds = [
        tuple(plan.view(Unit(start + i, 1 + i % days)) for i in range(people))
        for start in range(first, first + 3 * people, people)
    ]
    severity = np.stack([plan.block(rank, 1).severity[0, :days] for rank in range(settings.patients)])
    return Cases(panel, tuple(clear_of(row[0]) for row in panel), crowds[0], crowds[1], crowds[2], severity)


def clear_of(view: View) -> View:
    """The same person without a lesion, in a neutral photograph of day 0: an address that no day has."""
    scene, nobody = view.scene, np.zeros(0, np.int64)
    patient, where = scene.patient, view.address[-1]
    lesions = scene.lesions.take(nobody)
    return replace(view, scene=Scene(patient, 1, lesions), nuisance=Nuisance(), address=(patient.key, 0, 1, where))


def ranks_of(views: Sequence[View]) -> Ints:
    """(n,) whom each view shows."""
    return np.array([view.scene.patient.rank for view in views], np.int64)


def open_renderer(name: str, protocol: Protocol) -> Any:
    """A renderer of the comparison, ready to draw the protocol's pictures.

    Raises
    ------
    ProtocolError, UnknownNameError, RenderError
        Nothing answers to the name, it cannot draw the view, or what it needs is not here; the letter names it.
    """
    chosen = protocol.model_copy(update={"images": protocol.images.model_copy(update={"renderer": name})})
    try:
        check_images(chosen)
        if needs_settling(chosen.images):
            with settled(chosen) as own:
                renderer = make_renderer(own.images)
        else:
            renderer = make_renderer(chosen.images)
    except ProtocolError as error:
        raise type(error)(f"--renderers {name}: {error}", error.faults) from None
    if hasattr(renderer, "prepare"):
        renderer.prepare()
    return renderer
