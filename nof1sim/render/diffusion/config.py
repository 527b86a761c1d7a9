"""What a protocol may say to the diffusion renderers under `images.renderer_options`. Needs no torch.

No path of a machine is among the options: a protocol's digest must not depend on where weights or photographs lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from ...errors import Fault, refuse
from ...protocol.faults import type_faults
from ...protocol.part import Name, Part, Share
from .prompts import Prompts

Base = Literal["sdxl", "sd15"]
Preset = Literal["base", "dpm20", "lightning4", "lightning8", "hyper8", "lcm4", "lcm8"]
BundleName = Literal[
    "instantid", "ip-adapter", "ip-adapter-faceid", "ip-adapter-faceid-sd15", "inpaint", "inpaint-flux2"
]
Pixels = Annotated[int, Field(ge=64, le=2048, multiple_of=64)]
Scale = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

PRESET_ARTIFACT: dict[Preset, str | None] = {
    "base": None,
    "dpm20": None,
    "lightning4": "lightning4",
    "lightning8": "lightning8",
    "hyper8": "hyper8",
    "lcm4": "lcm",
    "lcm8": "lcm",
}
"""Preset -> the model that it needs besides the bundle."""
WHERE = "images.renderer_options"


class PortraitStage(Part):
    """How the portrait is conditioned."""

    adapter: Scale = Field(default=0.8, description="Weight of the face adapter.")
    control: Scale = Field(default=0.8, description="Weight of IdentityNet.")
    strength: Share = Field(default=0.6, description="How far a procedural face or a photograph is left behind.")


class EditStage(Part):
    """How lesions are painted into the portrait."""

    adapter: Scale = Field(default=0.8, description="Weight of the face adapter; 0 leaves it out.")
    control: Scale = Field(default=0.8, description="Weight of IdentityNet, where a key point lies in the crop.")
    strength: Share = Field(default=1.0, description="How far the skin is left behind; few-step presets want 1.")
    novelty: Share = Field(default=0.2, description="edit-daily: share of each day's noise that is new that day.")
    window_px: Pixels = Field(default=512, description="Side of a crop around lesions.")
    crop_scale: Annotated[float, Field(ge=1, le=4)] = Field(
        default=1.0, description="A crop is drawn so many times larger, and shrunk again."
    )


class Gate(Part):
    """What a picture must have of the portrait's identity: cosine of the two embeddings."""

    min_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.85
    below: Literal["warn", "fail"] = Field(
        default="warn", description="'warn': the picture is kept and marked. 'fail': it is an error."
    )


class Photograph(Part):
    """A real person's photograph as portrait. The file lies in `photographs/` of the models directory, by any name."""

    sha256: Sha256 = Field(description="Hash of the file: what is drawn depends on its bytes, not on its place.")
    consent: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)] = Field(
        description="Who consented to this use, when, and where the record lies."
    )


class DiffusionOptions(Part):
    """Options of the renderers instantid, ip-adapter, ip-adapter-faceid and inpaint."""

    bundle: BundleName | None = Field(default=None, description="Models to use; nothing (null): the renderer's own.")
    base: Base = "sdxl"
    preset: Preset = Field(
        default="base", description="Steps and scheduler; all but 'base' and 'dpm20' need a model more."
    )
    mode: Literal["paint-once", "edit-daily"] = Field(
        default="paint-once",
        description="'paint-once': each lesion is painted once and replayed. 'edit-daily': masks are painted each day.",
    )
    portrait_source: Literal["text", "procedural", "photograph"] = Field(
        default="text", description="What the portrait starts from; 'photograph' needs `photographs`, with consent."
    )
    photographs: dict[Name, Photograph] = Field(default={}, description="Patient key (P001 ...) -> photograph.")
    portrait_px: Pixels = 1024
    portrait: PortraitStage = PortraitStage()
    edit: EditStage = EditStage()
    prompts: Prompts = Prompts()
    severity_lora: bool = Field(default=False, description="Blend the published LoRAs of acne grades 0 to 3.")
    gate: Gate = Gate()
    dtype: Literal["fp32", "fp16", "bf16"] = Field(default="bf16", description="fp16 on cards without bf16 (T4).")
    offload: bool = Field(default=False, description="Keep on the GPU only what is at work: for small cards, slower.")
    compile: bool = Field(default=False, description="torch.compile of the UNet: minutes once, then faster.")
    batch_size: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="Crops at once. Bytes are the same only for the same batches."
    )
    passes: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=20, description="paint-once: passes over a patient's lesions at most; more lesions share a pass."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> DiffusionOptions:
        if self.base == "sd15" and PRESET_ARTIFACT[self.preset] is not None:
            raise ValueError("preset 'base' or 'dpm20' with base 'sd15': the few-step models are for SDXL")
        if self.base == "sd15" and self.severity_lora:
            raise ValueError("severity_lora false with base 'sd15': the published LoRAs are for SDXL")
        if self.bundle is not None and self.bundle.endswith("-sd15") != (self.base == "sd15"):
            raise ValueError(f"a bundle for base {self.base!r}; {self.bundle!r} is for the other")
        if (self.portrait_source == "photograph") != bool(self.photographs):
            raise ValueError("photographs with portrait_source 'photograph', and only with it")
        return self


def parse_options(document: Mapping[str, Any] | None) -> DiffusionOptions:
    """The options that a protocol states. A ProtocolError lists all their faults."""
    try:
        return DiffusionOptions.model_validate(dict(document or {}))
    except ValidationError as error:
        faults = [
            Fault(WHERE if fault.where == "the document" else f"{WHERE}.{fault.where}", *_rest(fault))
            for fault in type_faults(error, DiffusionOptions)
        ]
        refuse(faults, "The protocol")
        raise


def _rest(fault: Fault) -> tuple[object, str, str]:
    return fault.given, fault.allowed, fault.advice


def needed_models(renderer: str, options: DiffusionOptions) -> tuple[str, ...]:
    """Names of the bundles and models that a renderer (`instantid` ...) needs with these options, for `resolve`."""
    bundle = options.bundle or (f"{renderer}-sd15" if options.base == "sd15" else renderer)
    preset = PRESET_ARTIFACT[options.preset]
    lora = ("acne-lora",) if options.severity_lora else ()
    return (bundle, *((preset,) if preset else ()), *lora)
