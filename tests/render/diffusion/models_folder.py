"""A models directory of tiny models, by the registry's names; and face packs that see one face in almost any picture.

A tiny diffusion model draws noise: no detector would find a face in it. This pack's detector takes the middle of every
picture that is not black there for a face, and any spot of the brightest white for a second one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from .stub_pack import STRIDES, write_pack
from .tiny import Tiny, kohya_lora

pytest.importorskip("onnx", reason="onnx is not installed (extra: face)")
from onnx import ModelProto, TensorProto, helper, load, numpy_helper, save

PACKS = {"antelopev2": ("scrfd_10g_bnkps.onnx", "glintr100.onnx"), "buffalo_l": ("det_10g.onnx", "w600k_r50.onnx")}
SHORT_PROMPTS = {
    "portrait": "{person} {skin}", "portrait_negative": "acne", "lesion": "{lesion}", "lesion_negative": "text",
    "phrases": {"closed_comedone": "bump", "open_comedone": "dot", "papule": "pimple", "pustule": "pus",
                "nodule": "lump"},
}  # fmt: skip
"""The tiny tokenizer spells: each letter is a token of 75."""
SCALE = 3.0
"""The face fills a good part of the picture, as in a portrait."""
MAP, MIDDLE = 20, 10
"""Cells of the coarsest map in a picture of 640 px, and the one where the face is."""


def write_models_folder(root: Path, tiny: Tiny) -> Path:
    """Everything that instantid, ip-adapter-faceid and inpaint need, with few steps and the LoRAs of the grades."""
    from safetensors.torch import save_file

    folders = {"sdxl-base": "sdxl", "sdxl-inpaint": "sdxl", "sdxl-vae-fp16-fix": "sdxl/vae",
               "identitynet": "ControlNetModel", "clip-vit-h": "image_encoder"}  # fmt: skip
    for name, folder in folders.items():
        shutil.copytree(tiny.root / folder, root / name, copy_function=os.link)
    files = {"instantid-adapter/ip-adapter.bin": "instantid",
             "faceid-plusv2-sdxl/ip-adapter-faceid-plusv2_sdxl.bin": "faceid-plusv2",
             "ip-adapter-plus-face/ip-adapter-plus-face_sdxl_vit-h.safetensors": "plus"}  # fmt: skip
    for name, family in files.items():
        (root / name).parent.mkdir()
        if name.endswith(".safetensors"):
            _as_safetensors(tiny.adapters["sdxl", family], root / name)
        else:
            os.link(tiny.adapters["sdxl", family], root / name)
    unet = _unet(tiny)
    save_file(kohya_lora(unet, 40, scale=0.05), root / "sdxl_lightning_4step_lora.safetensors")
    for grade in range(4):
        (root / f"acne{grade}-lora").mkdir()
        save_file(kohya_lora(unet, grade), root / f"acne{grade}-lora" / "pytorch_lora_weights.safetensors")
    for seed, (pack, names) in enumerate(PACKS.items()):
        write_one_face_pack(root / pack, names, seed)
    return root


def write_one_face_pack(folder: Path, names: tuple[str, str], seed: int) -> None:
    """A stub pack whose detector sees a face in the middle; see the module."""
    write_pack(folder, names, seed)
    detector = load(str(folder / names[0]))
    _wider(detector)
    _in_the_middle(detector)
    save(detector, str(folder / names[0]))


def _unet(tiny: Tiny):
    import diffusers

    return diffusers.UNet2DConditionModel.from_pretrained(tiny.root / "sdxl" / "unet", local_files_only=True)


def _as_safetensors(source: Path, to: Path) -> None:
    import torch
    from safetensors.torch import save_file

    nested = torch.load(source, weights_only=True)
    save_file({f"{part}.{key}": value.contiguous() for part, some in nested.items() for key, value in some.items()}, to)


def _wider(model: ModelProto) -> None:
    for constant in model.graph.initializer:
        if constant.name.startswith(("b_kps", "b_box")):
            constant.CopyFrom(
                numpy_helper.from_array(np.float32(SCALE) * numpy_helper.to_array(constant), constant.name)
            )


def _in_the_middle(model: ModelProto) -> None:
    """Score = brightness 0..1 plus a map: .45 in the middle (a face unless black), -.35 elsewhere (one if white)."""
    bias: NDArray[np.float32] = np.full((1, 1, MAP, MAP), -0.35, np.float32)
    bias[..., MIDDLE - 1, MIDDLE - 1] = 0.45
    nodes = list(model.graph.node)
    at = next(i for i, node in enumerate(nodes) if node.output[0] == f"c_score{STRIDES[-1]}")
    conv = nodes[at]
    assert conv.op_type == "Conv"
    conv.output[0] = "plain_score"
    nodes.insert(at + 1, helper.make_node("Add", ["plain_score", "where"], [f"c_score{STRIDES[-1]}"]))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(numpy_helper.from_array(bias, "where"))
    assert model.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT
