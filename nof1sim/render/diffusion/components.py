"""The models joined: base, adapter, LoRAs, IdentityNet, prompts. Everything comes from local folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoints import Adapter, load_adapter
from .extras import missing, need_peft, optional, without_notes, wrong
from .identitynet import identity_net_class
from .layouts import Family
from .loading import LoadOptions, check_pair, choose_device, need_file, read_image_encoder, read_model, variant
from .loras import add_lora, fuse_loras, load_lora, severity_adapters
from .presets import Preset, preset
from .prompt_book import Base, PromptBook


@dataclass(frozen=True, slots=True)
class ModelPaths:
    """Where the weights lie: folders in the layout of diffusers, files for adapters. Only `base` is required.

    vae : a VAE in place of the base's, e.g. one that stays finite in half precision.  image_encoder : CLIP, for the
    adapters that look at a picture.  few_step_lora : the LoRA of the preset.  grade_loras : of grade 0, 1, 2 ...
    """

    base: Path
    identity_net: Path | None = None
    adapter: Path | None = None
    vae: Path | None = None
    image_encoder: Path | None = None
    few_step_lora: Path | None = None
    grade_loras: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Components:
    """Models ready for use. `pipeline` is diffusers' text-to-image pipeline around the same UNet and VAE; adapters and
    LoRAs are loaded and weighted through it, pictures are drawn by `denoise`.
    """

    base: Base
    pipeline: Any
    unet: Any
    vae: Any
    identity_net: Any
    image_encoder: Any
    family: Family | None
    preset: Preset
    prompts: PromptBook
    dtype: Any
    device: str
    offload: bool
    grades: int

    @property
    def factor(self) -> int:
        """Pixels of a picture under one latent pixel, along an axis."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    def scheduler(self) -> Any:
        """A fresh scheduler of the preset: it carries the state of one run."""
        return make_scheduler(self.pipeline.scheduler.config, self.preset)

    def describe(self) -> dict[str, object]:
        """What a manifest should say about how pictures are made; plain values."""
        config = {key: value for key, value in self.scheduler().config.items() if not key.startswith("_")}
        return {
            "base": self.base,
            "adapter": self.family.name if self.family else None,
            "identity_net": self.identity_net is not None,
            "scheduler": self.preset.scheduler,
            "scheduler_config": config,
            "steps": self.preset.steps,
            "guidance": self.preset.guidance,
            "few_step_lora": self.preset.lora or None,
            "severity_loras": self.grades,
            "dtype": str(self.dtype).removeprefix("torch."),
            "device": self.device,
            "versions": {name: optional(name).__version__ for name in ("torch", "diffusers", "transformers")},
        }

    @contextmanager
    def resident(self, *models: Any) -> Iterator[None]:
        """The models are on the device inside; under `offload` back in main memory afterwards."""
        for model in models:
            model.to(self.device)
        try:
            yield
        finally:
            for model in models if self.offload else ():
                model.to("cpu")

    def set_scale(self, scale: float) -> None:
        """How strongly the adapter pulls towards the identity; 0 skips its attention."""
        if self.family is not None:
            self.pipeline.set_ip_adapter_scale(scale)

    def set_grades(self, weights: Mapping[int, float]) -> None:
        """Mix the severity LoRAs (see `loras.grade_weights`); an empty mapping switches them off."""
        if weights and max(weights) >= self.grades:
            loaded = f"grades 0 to {self.grades - 1}" if self.grades else "none: no severity LoRAs were loaded"
            raise wrong("severity LoRAs", f"grade {max(weights)}", loaded)
        if not self.grades:
            return
        if not weights:
            self.pipeline.disable_lora()
            return
        self.pipeline.enable_lora()
        self.pipeline.set_adapters(*severity_adapters(weights))


def make_scheduler(config: Any, chosen: Preset) -> Any:
    """A scheduler of the preset's class on the base model's training schedule."""
    with without_notes():
        return getattr(optional("diffusers"), chosen.scheduler).from_config(config, **chosen.settings)


def load_components(paths: ModelPaths, options: LoadOptions | None = None) -> Components:
    """Read, check and join the models. A RenderError (ModelNotAvailable) says what is wrong (missing), and where."""
    options = options or LoadOptions()
    diffusers, torch = optional("diffusers"), optional("torch")
    device, dtype = choose_device(options)
    chosen = preset(options.preset)
    unet = read_model(diffusers.UNet2DConditionModel, "UNet2DConditionModel", paths.base / "unet", dtype)
    if unet.config.in_channels != 4:
        advice = "Use renderer `inpaint` for this model."
        raise wrong(paths.base / "unet", f"{unet.config.in_channels} input channels", "4", advice)
    vae = read_model(diffusers.AutoencoderKL, "AutoencoderKL", paths.vae or paths.base / "vae", dtype)
    if vae.config.force_upcast:  # its activations overflow in half precision
        vae.to(torch.float32)
    base: Base = "sdxl" if unet.config.addition_embed_type == "text_time" else "sd15"
    need_file(paths.base / "scheduler" / "scheduler_config.json")
    config = diffusers.EulerDiscreteScheduler.load_config(paths.base / "scheduler", local_files_only=True)
    pipeline = _pipeline(base, unet, vae, make_scheduler(config, chosen))
    adapter = _join(pipeline, paths, chosen)
    net = _identity_net(unet, adapter, paths.identity_net, dtype)
    encoder = read_image_encoder(paths.image_encoder, adapter, dtype)
    book = PromptBook(paths.base, base, dtype, device, variant(paths.base / "text_encoder"), base == "sdxl")
    for model in (unet, vae, net):
        if model is not None and options.channels_last:
            model.to(memory_format=torch.channels_last)
    if options.compile:
        unet.compile(fullgraph=True)
    family = adapter.family if adapter else None
    grades = len(paths.grade_loras)
    return Components(
        base, pipeline, unet, vae, net, encoder, family, chosen, book, dtype, device, options.offload, grades
    )


def _join(pipeline: Any, paths: ModelPaths, chosen: Preset) -> Adapter | None:
    """Adapter, its LoRA and the preset's LoRA into the UNet, fused; then the severity LoRAs, each under its grade.

    Order matters: the adapter before any LoRA, all fixed LoRAs fused before the severity LoRAs are added.
    """
    cross, adapter, fixed = int(pipeline.unet.config.cross_attention_dim), None, []
    if paths.adapter is not None:
        adapter = load_adapter(paths.adapter, pipeline.unet)
        if adapter.family.lora:
            need_peft(str(paths.adapter))
            fixed.append("faceid_0")  # the name that diffusers gives it
        with without_notes():
            pipeline.load_ip_adapter(
                dict(adapter.sections), subfolder="", weight_name=paths.adapter.name, image_encoder_folder=None
            )
    if chosen.lora and paths.few_step_lora is None:
        raise missing("preset", "no few_step_lora", f"the LoRA {chosen.lora}", f"nof1sim models pull {chosen.lora}.")
    if chosen.lora and paths.few_step_lora is not None:
        add_lora(pipeline, load_lora(paths.few_step_lora, cross), "few_step", paths.few_step_lora)
        fixed.append("few_step")
    fuse_loras(pipeline, fixed)
    for grade, path in enumerate(paths.grade_loras):
        add_lora(pipeline, load_lora(path, cross), f"grade{grade}", path)
    if paths.grade_loras:
        pipeline.disable_lora()
    return adapter


def _identity_net(unet: Any, adapter: Adapter | None, folder: Path | None, dtype: Any) -> Any:
    if folder is None:
        return None
    if adapter is None or adapter.family.name != "instantid":
        given = "no adapter" if adapter is None else adapter.family.title
        raise wrong("identity_net", given, "InstantID's ip-adapter, whose face tokens IdentityNet attends to")
    net = read_model(identity_net_class(), "ControlNetModel", folder, dtype)
    check_pair(unet, net, folder)
    return net


def _pipeline(base: Base, unet: Any, vae: Any, scheduler: Any) -> Any:
    """diffusers' text-to-image pipeline without text encoders: prompts come as embeddings."""
    diffusers = optional("diffusers")
    nothing = dict.fromkeys(("text_encoder", "tokenizer"))
    if base == "sdxl":
        nothing |= dict.fromkeys(("text_encoder_2", "tokenizer_2"))
        return diffusers.StableDiffusionXLPipeline(
            vae=vae, unet=unet, scheduler=scheduler, add_watermarker=False, **nothing
        )
    nothing |= dict.fromkeys(("safety_checker", "feature_extractor"))
    return diffusers.StableDiffusionPipeline(
        vae=vae, unet=unet, scheduler=scheduler, requires_safety_checker=False, **nothing
    )
