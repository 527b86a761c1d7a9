"""Reading single models from local folders, checked on the way in: never a download, never a weight left to chance."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .checkpoints import Adapter
from .extras import missing, optional, without_bars, without_notes, wrong
from .files import safetensors_shapes

Precision = Literal["auto", "fp32", "fp16", "bf16"]
DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}
PULL = "nof1sim models pull fetches it; see nof1sim models path."


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load. `offload` keeps each model on the device only while it works; `compile` traces the UNet."""

    preset: str = "base"
    device: str = "auto"
    precision: Precision = "auto"
    channels_last: bool = True
    offload: bool = False
    compile: bool = False


def choose_device(options: LoadOptions) -> tuple[str, Any]:
    """The device and the torch dtype: half precision on GPUs (bfloat16 where it is fast), single elsewhere."""
    torch = optional("torch")
    device = options.device if options.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise missing("device", device, "a GPU that torch can use, or device cpu")
    if options.precision != "auto":
        return device, getattr(torch, DTYPES[options.precision])
    if not device.startswith("cuda"):
        return device, torch.float32
    newer = torch.cuda.get_device_capability()[0] >= 8  # before Ampere bfloat16 is emulated
    return device, torch.bfloat16 if newer else torch.float16


def need_file(path: Path) -> None:
    """Raise unless the file is there, with what its folder holds instead."""
    if not path.is_file():
        found = ", ".join(sorted(os.listdir(path.parent))) if path.parent.is_dir() else "no such folder"
        raise missing(path, found, f"the file {path.name}", PULL)


def variant(folder: Path) -> str | None:
    """ "fp16" where the folder's weights bear it in their names."""
    return "fp16" if any(folder.glob("*.fp16*.safetensors")) else None


def read_model(cls: Any, name: str, folder: Path, dtype: Any) -> Any:
    """A diffusers model from its folder (config.json, safetensors), in eval mode, without gradients.

    cls : the class to make; name : the one that config.json must say.
    """
    need_file(folder / "config.json")
    given = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_class_name")
    if given != name:
        raise wrong(folder / "config.json", given, name, "Another model lies in this folder.")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        found = ", ".join(sorted(os.listdir(folder)))
        raise missing(folder, found, "diffusion_pytorch_model[.fp16].safetensors", PULL)
    for file in files:
        safetensors_shapes(file)
    try:
        with without_notes():
            model, report = cls.from_pretrained(
                folder, local_files_only=True, use_safetensors=True, dtype=dtype, variant=variant(folder),
                output_loading_info=True,
            )  # fmt: skip
    except (ValueError, RuntimeError, OSError) as error:
        raise wrong(folder, str(error).strip().split("\n")[0][:160], "weights that fit its config.json") from None
    if report["missing_keys"]:  # diffusers would go on with random numbers there
        raise wrong(folder, f"no key {sorted(report['missing_keys'])[0]}", "the weights of its config.json")
    return model.eval().requires_grad_(False)


def read_image_encoder(folder: Path | None, adapter: Adapter | None, dtype: Any) -> Any:
    """The CLIP image encoder that an adapter looks through; None where it has none."""
    if adapter is None or not adapter.family.clip:
        return None
    title = adapter.family.title
    if folder is None:
        raise missing("image_encoder", None, f"the CLIP image encoder of {title}", "nof1sim models pull fetches it.")
    need_file(folder / "config.json")
    cls = optional("transformers").CLIPVisionModelWithProjection
    with without_bars("transformers"):
        encoder = cls.from_pretrained(folder, local_files_only=True, dtype=dtype)
    plain = adapter.family.embedding == "clip"
    width = encoder.config.projection_dim if plain else encoder.config.hidden_size
    if width != adapter.inputs:
        raise wrong(folder, f"a CLIP of width {width}", f"width {adapter.inputs}, as {adapter.path.name} was made for")
    return encoder.eval().requires_grad_(False)


def check_pair(unet: Any, net: Any, path: Path) -> None:
    """Raise unless an IdentityNet belongs to the UNet's base model."""
    for name in ("cross_attention_dim", "block_out_channels", "addition_embed_type"):
        ours, theirs = unet.config[name], net.config[name]
        if json.dumps(ours) != json.dumps(theirs):  # tuples and lists alike
            raise wrong(path, f"{name} {theirs}", f"{ours}, the UNet's", "It belongs to another base model.")
