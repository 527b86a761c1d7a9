"""Folders of models: what lies in them is checked; without torch the letter names the extra."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.render.diffusion.components import load_components
from nof1sim.render.diffusion.loading import LoadOptions

from .tiny import Tiny

CPU = LoadOptions(device="cpu")

TORCHLESS = """
import sys
for name in ("torch", "diffusers", "transformers", "safetensors.torch", "peft"): sys.modules[name] = None
import numpy as np, pathlib, pkgutil, importlib, nof1sim.render.diffusion as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")
from nof1sim.errors import ModelNotAvailable
from nof1sim.render.diffusion.components import ModelPaths, load_components
from nof1sim.render.diffusion.regions import plan_windows
assert plan_windows(np.ones((8, 8)), 8)
try: load_components(ModelPaths(pathlib.Path(".")))
except ModelNotAvailable as error: print(error)
"""


def test_every_part_imports_without_torch_and_loading_names_the_extra() -> None:
    done = subprocess.run([sys.executable, "-c", TORCHLESS], capture_output=True, text=True, check=False)
    assert "no usable" in done.stdout, done.stderr
    assert "nof1sim[diffusion]" in done.stdout


@pytest.fixture
def base(tiny: Tiny, tmp_path: Path) -> Path:
    """A copy of the tiny SDXL to spoil."""
    return Path(shutil.copytree(tiny.root / "sdxl", tmp_path / "base"))


def test_another_model_in_a_folder_is_named(tiny: Tiny, base: Path) -> None:
    shutil.rmtree(base / "vae")
    shutil.copytree(base / "unet", base / "vae")
    with pytest.raises(RenderError, match=r"vae.*UNet2DConditionModel.*AutoencoderKL"):
        load_components(replace(tiny.paths(), base=base), CPU)
    with pytest.raises(RenderError, match=r"UNet2DConditionModel.*ControlNetModel"):
        load_components(replace(tiny.paths(), identity_net=base / "unet"), CPU)


def test_weights_that_lack_a_key_are_refused_not_drawn(tiny: Tiny, base: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = base / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    del tensors["decoder.conv_out.weight"]
    save_file(tensors, path)
    with pytest.raises(RenderError, match=r"vae.*decoder\.conv_out\.weight"):
        load_components(replace(tiny.paths(), base=base), CPU)


def test_truncated_and_absent_weights_say_what_to_do(tiny: Tiny, base: Path) -> None:
    path = base / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(RenderError, match=r"unet.*bytes that its header.*models pull"):
        load_components(replace(tiny.paths(), base=base), CPU)
    path.unlink()
    with pytest.raises(ModelNotAvailable, match=r"unet.*config\.json.*safetensors.*models pull"):
        load_components(replace(tiny.paths(), base=base), CPU)


def test_an_inpainting_unet_is_sent_to_the_other_renderer(tiny: Tiny, base: Path) -> None:
    import diffusers

    from .tiny import unet_config

    shutil.rmtree(base / "unet")
    diffusers.UNet2DConditionModel(**unet_config("sdxl"), in_channels=9).save_pretrained(base / "unet")
    with pytest.raises(RenderError, match=r"9 input channels.*renderer `inpaint`"):
        load_components(replace(tiny.paths(), base=base), CPU)


def test_clip_of_another_width_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    shutil.copytree(tiny.root / "image_encoder", tmp_path / "clip")
    paths = replace(tiny.paths(family="plain"), image_encoder=tmp_path / "clip")
    load_components(paths, CPU)
    import transformers

    config = json.loads((tmp_path / "clip" / "config.json").read_text())
    narrow = transformers.CLIPVisionConfig(
        **(config | {"projection_dim": 32, "hidden_size": 64, "num_attention_heads": 1})
    )
    transformers.CLIPVisionModelWithProjection(narrow).save_pretrained(tmp_path / "clip")
    with pytest.raises(RenderError, match=r"CLIP of width 32.*width 1024.*ip-adapter_vit-h\.bin"):
        load_components(paths, CPU)


def test_half_precision_files_are_read_by_their_variant(tiny: Tiny, base: Path) -> None:
    import diffusers
    import torch

    unet: Any = diffusers.UNet2DConditionModel.from_pretrained(base / "unet")
    shutil.rmtree(base / "unet")
    unet.half().save_pretrained(base / "unet", variant="fp16")
    assert [path.name for path in (base / "unet").glob("*.safetensors")] == ["diffusion_pytorch_model.fp16.safetensors"]
    loaded = load_components(replace(tiny.paths(), base=base), CPU)
    assert loaded.unet.dtype == torch.float32


def test_a_gpu_that_is_not_there_is_named(tiny: Tiny) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ModelNotAvailable, match=r"device.*cuda:0"):
        load_components(tiny.paths(), LoadOptions(device="cuda:0"))


def test_what_was_loaded_can_be_written_down(instantid: Any) -> None:
    said = json.loads(json.dumps(instantid.describe()))
    assert (said["base"], said["adapter"], said["identity_net"]) == ("sdxl", "instantid", True)
    assert said["scheduler_config"]["beta_end"] == 0.012
    assert (said["dtype"], said["device"], said["steps"]) == ("float32", "cpu", 4)
    assert said["versions"]["torch"]
