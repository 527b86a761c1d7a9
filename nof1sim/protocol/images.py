"""The part of a protocol that says how the photographs are taken."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, JsonValue, StringConstraints

from .part import Name, Part, Share

Kind = Literal[
    "pose", "framing", "distance", "focus", "motion", "exposure", "white_balance", "light", "shadows", "phone", "oil",
    "makeup", "beard", "tan", "expression", "eyes", "noise",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The kinds of nuisance; each has a dial."""

Layer = Literal["parts", "depth", "normals", "chart", "binary"]
ViewName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)]
"""`front`, or a turned view such as `yaw-35_pitch10`."""

TREATMENT = "treatment"
"""`images.confounding.toward`: every arm that is an active treatment."""

PRESETS: dict[str, dict[Kind, float]] = {
    "none": dict.fromkeys(KINDS, 0.0),
    "clinic": {
        "pose": 0.5, "framing": 0.4, "distance": 0.0, "focus": 0.25, "motion": 0.0, "exposure": 0.3,
        "white_balance": 0.33, "light": 0.2, "shadows": 0.0, "phone": 0.0, "oil": 0.3, "makeup": 0.0, "beard": 0.2,
        "tan": 0.1, "expression": 0.1, "eyes": 0.0, "noise": 0.25,
    },
    "home": {
        "pose": 0.75, "framing": 0.8, "distance": 0.6, "focus": 0.4, "motion": 0.3, "exposure": 0.6,
        "white_balance": 0.7, "light": 0.7, "shadows": 0.6, "phone": 1.0, "oil": 0.5, "makeup": 0.4, "beard": 0.8,
        "tan": 0.4, "expression": 0.3, "eyes": 0.02, "noise": 0.4,
    },
}  # fmt: skip
"""Dials by preset: the same photograph every day; a standardised clinic; selfies at home. A choice, not a fit."""

Dial = Share | None


def _dial(what: str) -> Dial:
    return Field(default=None, description=f"{what} Nothing (null): the preset's.")


class NuisanceSettings(Part):
    """How much photographs differ from day to day, whatever the disease does: dials from 0 (not at all) to 1.

    What 1 means stands in docs/photographs.md, and in `nof1sim.render.views`.
    """

    preset: Literal["none", "clinic", "home"] = Field(
        default="clinic",
        description="Where the dials start. 'none': the same photograph every day. 'clinic': standardised photographs "
        "with small differences. 'home': selfies, each person with a phone and a bathroom of their own.",
    )
    pose: Dial = _dial("Turn of the head.")
    framing: Dial = _dial("Scale, shift and roll in the picture.")
    distance: Dial = _dial("How near the camera is, down to a selfie at arm's length.")
    focus: Dial = _dial("Blur of the focus.")
    motion: Dial = _dial("Blur of a shaking hand.")
    exposure: Dial = _dial("Brightness.")
    white_balance: Dial = _dial("Colour temperature and tint.")
    light: Dial = _dial("Strength of each light, and the side that the main one comes from.")
    shadows: Dial = _dial("Hardness of the main light.")
    phone: Dial = _dial("Mix of the person's own phone into the clinic's camera.")
    oil: Dial = _dial("Gloss of the skin.")
    makeup: Dial = _dial("Foundation, on the days on which the person wears it.")
    beard: Dial = _dial("Growth between two shaves, of grown-up men.")
    tan: Dial = _dial("Tan, which comes and goes over weeks.")
    expression: Dial = _dial("Smile.")
    eyes: Dial = _dial("Chance of closed eyes.")
    noise: Dial = _dial("Noise of the sensor.")
    day_correlation: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.3, description="AR(1) from day to day.")

    def dial(self, kind: Kind) -> float:
        """The dial of a kind: its own, or else the preset's."""
        own: float | None = getattr(self, kind)
        return PRESETS[self.preset][kind] if own is None else own

    @property
    def dials(self) -> dict[Kind, float]:
        """Every dial, in order."""
        return {kind: self.dial(kind) for kind in KINDS}


class Confounding(Part):
    """Photographs that differ with the treatment, so that a pipeline can be tested for being fooled by them.

    On the days of `toward` the kinds in `of` shift by `strength` times their full range, in the direction that stands
    in docs/photographs.md: brighter, warmer, nearer, softer and so on.
    """

    strength: Share = Field(default=0.0, description="0: off. 1: by the full range of each kind.")
    of: list[Kind] = Field(default=[], description="Which kinds of nuisance go with the treatment.")
    toward: Name = Field(
        default=TREATMENT, description="The arm on whose days they shift; 'treatment': every arm that is active."
    )

    @property
    def is_on(self) -> bool:
        """Whether any photograph shifts."""
        return self.strength > 0 and bool(self.of)

    @property
    def warning(self) -> str | None:
        """What somebody should know before trusting these photographs."""
        if not self.is_on:
            return None
        days = "every active treatment" if self.toward == TREATMENT else f"the arm {self.toward!r}"
        return (
            f"Photographs are confounded with treatment by design: on the days of {days} {', '.join(self.of)} shift by "
            f"{self.strength:.0%} of their full range, whatever the skin does (images.confounding)."
        )


class Images(Part):
    """The photographs."""

    enabled: bool = Field(default=True, description="False: only the tables and the truth, no photographs.")
    renderer: str = Field(default="procedural", description="A built-in renderer, an entry point, or 'module:Thing'.")
    renderer_options: dict[str, JsonValue] = Field(
        default={}, description="Options of the renderer's own; `nof1sim protocol check` knows which it has."
    )
    views: Annotated[list[ViewName], Field(min_length=1)] = Field(
        default=["front"],
        description="Names that the renderer knows (front, left, right, left_cheek ...), or a turned view such as "
        "yaw20 or yaw-35_pitch10.",
    )
    size_px: Annotated[int, Field(ge=64, le=2048)] = 512
    occasions_per_day: Annotated[int, Field(ge=1, le=24)] = 1
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    layout: Literal["standard", "hettich", "packed"] = Field(
        default="standard",
        description="'hettich': flat names that carry the severity class, as the seed data set had them. 'packed': the "
        "files of 'standard', but in tar files of one patient's pictures each; for an object store, or a million "
        "pictures.",
    )
    masks: bool = Field(default=True, description="Whether instance masks are written to truth/masks.")
    layers: list[Layer] = Field(
        default=[],
        description="Further truth images of every photograph, each in a folder of its name under truth/. 'parts': "
        "which part of the face a pixel shows. 'depth', 'normals': its geometry. 'chart': its place on the face chart. "
        "'binary': ill skin or not, for skin patches.",
    )
    nuisance: NuisanceSettings = NuisanceSettings()
    confounding: Confounding = Confounding()
