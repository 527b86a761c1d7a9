"""How many steps, by which scheduler. The settings are those of the models' published cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...errors import unknown_name


@dataclass(frozen=True, slots=True)
class Preset:
    """A sampler's settings.

    scheduler : class name in diffusers.  settings : changes to the base model's scheduler configuration.
    steps : of the full schedule.  guidance : of classifier-free guidance; at 1 the negative prompt is not evaluated.
    lora : name of the few-step LoRA that the settings were distilled for, "" for none.
    draws : the scheduler draws new noise at every step, so its noise cannot be anchored to the face.
    """

    scheduler: str
    steps: int
    guidance: float
    settings: Mapping[str, object] = field(default_factory=dict)
    lora: str = ""
    draws: bool = False


TRAILING = MappingProxyType({"timestep_spacing": "trailing"})

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "base": Preset("EulerDiscreteScheduler", 30, 5.0),
        "dpm20": Preset("DPMSolverMultistepScheduler", 20, 5.0),
        "lightning4": Preset("EulerDiscreteScheduler", 4, 1.0, TRAILING, "lightning4"),
        "lightning8": Preset("EulerDiscreteScheduler", 8, 1.0, TRAILING, "lightning8"),
        "hyper8": Preset("DDIMScheduler", 8, 1.0, TRAILING, "hyper8"),
        "lcm4": Preset("LCMScheduler", 4, 1.0, {}, "lcm", draws=True),
        "lcm8": Preset("LCMScheduler", 8, 1.5, {}, "lcm", draws=True),
    }
)


def preset(name: str) -> Preset:
    """The preset of that name, or an UnknownNameError that lists them."""
    if name not in PRESETS:
        raise unknown_name("preset", "images.renderer_options.preset", name, PRESETS)
    return PRESETS[name]
