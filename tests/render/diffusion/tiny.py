"""Tiny models with random weights, written to disk in the layout in which the real ones are published."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nof1sim.render.diffusion.components import ModelPaths
from nof1sim.render.diffusion.faces import FaceIdentity
from nof1sim.render.diffusion.layouts import FAMILIES, adapter_layout

CROSS = 64
SIDE = 64
"""Pixels of a tiny portrait: 8 latent pixels."""
TEXT = {"sdxl": 32, "sd15": 64}  # SDXL joins two encoders
CLIP_WIDTH = 1280  # FaceID-Plus and Plus are published for this width only


@dataclass(frozen=True)
class Tiny:
    """A folder of tiny models. `adapters`: (base, family) -> file."""

    root: Path
    adapters: dict[tuple[str, str], Path]

    def paths(self, base: str = "sdxl", family: str | None = "instantid", **more: Any) -> ModelPaths:
        """What to load; InstantID with its IdentityNet, other adapters with the CLIP encoder."""
        net = self.root / "ControlNetModel" if family == "instantid" else None
        clip = self.root / "image_encoder" if family and FAMILIES[family].clip else None
        adapter = self.adapters[base, family] if family else None
        return ModelPaths(self.root / base, net, adapter, image_encoder=clip, **more)


@contextmanager
def seeded(seed: int) -> Iterator[Any]:
    """torch with its own state inside, in one thread."""
    import torch

    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield torch


def unet_config(base: str) -> dict[str, Any]:
    """A UNet of some million parameters with everything that the real one has."""
    config: dict[str, Any] = {
        "block_out_channels": (32, 64), "layers_per_block": 1, "sample_size": 8, "cross_attention_dim": CROSS,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "attention_head_dim": (2, 4),
    }  # fmt: skip
    if base == "sdxl":
        config |= {
            "transformer_layers_per_block": (1, 2), "use_linear_projection": True, "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 6 * 8 + 32,
        }  # fmt: skip
    return config


def write_base(folder: Path, base: str) -> Any:
    """A base model: UNet, VAE, scheduler, text encoders, tokenizers. Returns the UNet."""
    import diffusers
    import transformers

    unet = diffusers.UNet2DConditionModel(**unet_config(base))
    unet.save_pretrained(folder / "unet")
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8, 16, 16), norm_num_groups=4, layers_per_block=1, sample_size=SIDE,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, force_upcast=False,
    )  # fmt: skip
    vae.save_pretrained(folder / "vae")
    diffusers.EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
    ).save_pretrained(folder / "scheduler")
    for second in (False, True)[: 1 + (base == "sdxl")]:
        config = transformers.CLIPTextConfig(
            vocab_size=600, hidden_size=TEXT[base], intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=77, projection_dim=32, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )  # fmt: skip
        cls = transformers.CLIPTextModelWithProjection if second else transformers.CLIPTextModel
        end = "_2" if second else ""
        cls(config).save_pretrained(folder / f"text_encoder{end}")
        write_tokenizer(folder / f"tokenizer{end}")
    write_index(folder, base)
    return unet


def write_index(folder: Path, base: str) -> None:
    """model_index.json, so that diffusers' own pipelines read the folder, too."""
    ends = ("", "_2") if base == "sdxl" else ("",)
    models: dict[str, Any] = {
        "_class_name": {"sdxl": "StableDiffusionXLPipeline", "sd15": "StableDiffusionPipeline"}[base],
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    for end in ends:
        models[f"text_encoder{end}"] = ["transformers", "CLIPTextModelWithProjection" if end else "CLIPTextModel"]
        models[f"tokenizer{end}"] = ["transformers", "CLIPTokenizer"]
    if base == "sd15":
        models |= {"safety_checker": [None, None], "feature_extractor": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(models))


def write_tokenizer(folder: Path) -> None:
    """CLIP's byte-pair tokenizer without a merge: letters alone."""
    folder.mkdir(parents=True)
    letters = string.ascii_lowercase + string.digits + ",."
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({token: n for n, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = {"model_max_length": 77, "tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_identity_net(folder: Path, unet: Any) -> None:
    """InstantID's ControlNet; the layers that start at zero are drawn, or nothing would depend on it."""
    import diffusers
    import torch

    net = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16, 16, 16))
    zeros = [*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out]
    for layer in zeros:
        torch.nn.init.normal_(layer.weight, std=0.1)
    net.save_pretrained(folder)


def write_clip(folder: Path) -> None:
    """CLIP's image encoder: one layer of the real width, pictures of 28 px."""
    import transformers

    config = transformers.CLIPVisionConfig(
        hidden_size=CLIP_WIDTH, intermediate_size=64, num_hidden_layers=1, num_attention_heads=20, image_size=28,
        patch_size=14, projection_dim=1024,
    )  # fmt: skip
    transformers.CLIPVisionModelWithProjection(config).save_pretrained(folder)


def adapter_tensors(family: str, unet: Any) -> dict[str, dict[str, Any]]:
    """Random tensors in a family's layout, nested as in the published pickles."""
    import torch

    from nof1sim.render.diffusion.checkpoints import attention_sites

    kind = FAMILIES[family]
    layout = adapter_layout(kind, attention_sites(unet), kind.inputs[0], kind.tokens[0], dim=64, lora_rank=4)
    nested: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    for key, shape in layout.items():
        section, name = key.split(".", 1)
        scale = 0.3 if "lora" in name else shape[-1] ** -0.5
        nested[section][name] = torch.randn(shape) * (1.0 if name == "latents" else scale)
        if "norm" in name:
            nested[section][name] = torch.ones(shape) + 0.1 * torch.randn(shape)
    return nested


FILES = {
    "instantid": "ip-adapter.bin",
    "plain": "ip-adapter_vit-h.bin",
    "plus": "ip-adapter-plus_vit-h.bin",
    "faceid": "ip-adapter-faceid.bin",
    "faceid-plus": "ip-adapter-faceid-plus.bin",
    "faceid-plusv2": "ip-adapter-faceid-plusv2.bin",
    "portrait": "ip-adapter-faceid-portrait.bin",
}


def write_models(root: Path) -> Tiny:
    """Every tiny model, about 45 MB."""
    adapters = {}
    with seeded(6) as torch:
        for base in ("sdxl", "sd15"):
            unet = write_base(root / base, base)
            for family, name in FILES.items():
                path = root / f"adapters-{base}" / name
                path.parent.mkdir(exist_ok=True)
                torch.save(adapter_tensors(family, unet), path)
                adapters[base, family] = path
            if base == "sdxl":
                write_identity_net(root / "ControlNetModel", unet)
        write_clip(root / "image_encoder")
    return Tiny(root, adapters)


def kohya_lora(unet: Any, seed: int, rank: int = 2, scale: float = 0.5) -> dict[str, Any]:
    """A LoRA of all attention projections in kohya's layout, with an alpha other than its rank."""
    out = {}
    with seeded(seed) as torch:
        for name, module in unet.named_modules():
            if name.startswith("encoder_hid_proj"):
                continue
            if name.endswith((".to_q", ".to_k", ".to_v", ".to_out.0")) and isinstance(module, torch.nn.Linear):
                key = "lora_unet_" + name.replace(".", "_")
                out[f"{key}.lora_down.weight"] = torch.randn(rank, module.in_features) * scale
                out[f"{key}.lora_up.weight"] = torch.randn(module.out_features, rank) * scale
                out[f"{key}.alpha"] = torch.tensor(rank / 4)
    return out


def face(seed: int, pack: str = "antelopev2", side: int = SIDE) -> FaceIdentity:
    """A random face whose points lie where a face's do."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal(512).astype(np.float32)
    kps = np.array([[0.34, 0.38], [0.66, 0.38], [0.5, 0.55], [0.37, 0.72], [0.63, 0.72]]) * side
    kps += rng.uniform(-1, 1, (5, 2))
    return FaceIdentity(raw, raw / np.linalg.norm(raw), pack, kps, np.array([0.2, 0.1, 0.8, 0.9]) * side, 0.99)


def picture(seed: int, side: int = SIDE) -> np.ndarray:
    """A smooth random picture (side, side, 3) uint8."""
    coarse = np.random.default_rng(seed).uniform(40, 215, (side // 8, side // 8, 3))
    return np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)
