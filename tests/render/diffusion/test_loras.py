"""LoRAs: fused exactly, severity as a mix of neighbouring grades, nothing applied by halves."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.render.diffusion.checkpoints import attention_sites
from nof1sim.render.diffusion.components import load_components
from nof1sim.render.diffusion.files import load_tensors
from nof1sim.render.diffusion.loading import LoadOptions
from nof1sim.render.diffusion.loras import grade_weights, lora_layout

from .conftest import load_tiny
from .tiny import Tiny, kohya_lora

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")
peft = pytest.importorskip("peft", reason="peft is not installed")
save_file: Any = pytest.importorskip("safetensors.torch").save_file


def weights(components: Any) -> dict[str, Any]:
    """The UNet's attention weights, however a LoRA wraps them."""
    state = components.unet.state_dict()
    return {
        k.replace(".base_layer", ""): v.clone()
        for k, v in state.items()
        if ".to_" in k and "lora" not in k and k[:11] != "encoder_hid"
    }


def change(lora: dict[str, Any], name: str) -> Any:
    """What a kohya LoRA adds to the weight of this name: up @ down x alpha / rank."""
    key = "lora_unet_" + name.removesuffix(".weight").replace(".", "_")
    down, up = lora[f"{key}.lora_down.weight"], lora[f"{key}.lora_up.weight"]
    return up @ down * lora[f"{key}.alpha"] / len(down)


ENDS = {"diffusers": ("lora_A", "lora_B"), "older": ("lora.down", "lora.up")}


def as_diffusers(lora: dict[str, Any], unet: Any, layout: str = "diffusers") -> dict[str, Any]:
    """The same LoRA in diffusers' layout, or its older one, its alpha multiplied in."""
    out, (first, second) = {}, ENDS[layout]
    for name, module in unet.named_modules():
        key = "lora_unet_" + name.replace(".", "_")
        if isinstance(module, torch.nn.Linear) and f"{key}.alpha" in lora:
            down = lora[f"{key}.lora_down.weight"]
            out[f"unet.{name}.{first}.weight"] = down
            out[f"unet.{name}.{second}.weight"] = lora[f"{key}.lora_up.weight"] * lora[f"{key}.alpha"] / len(down)
    return out


@pytest.mark.parametrize("layout", ["kohya", "diffusers", "older"])
def test_a_few_step_lora_is_fused_exactly(tiny: Tiny, instantid: Any, tmp_path: Path, layout: str) -> None:
    lora = kohya_lora(instantid.unet, 1)
    given = lora if layout == "kohya" else as_diffusers(lora, instantid.unet, layout)
    assert lora_layout({k: tuple(v.shape) for k, v in given.items()}, "x", 64) == layout.replace("older", "diffusers")
    save_file({k: v.contiguous() for k, v in given.items()}, tmp_path / "few.safetensors")
    fused = load_tiny(tiny, preset="lightning4", few_step_lora=tmp_path / "few.safetensors")
    before, after = weights(instantid), weights(fused)
    touched = [name for name in before if name.endswith((".to_q.weight", ".to_out.0.weight"))]
    for name in touched:
        torch.testing.assert_close(after[name], before[name] + change(lora, name), atol=2e-6, rtol=1e-5)
    assert len(touched) > 8
    assert not any("lora" in name for name in fused.unet.state_dict())  # no cost at each step
    assert fused.scheduler().config.timestep_spacing == "trailing"


def test_faceid_brings_its_lora_and_fuses_it(tiny: Tiny) -> None:
    plain, faced = load_tiny(tiny, "sdxl", None), load_tiny(tiny, "sdxl", "faceid")
    tensors = load_tensors(tiny.adapters["sdxl", "faceid"])
    before, after = weights(plain), weights(faced)
    for site in attention_sites(plain.unet):
        name = site.name.removesuffix("processor") + "to_q.weight"
        part = f"ip_adapter.{site.n}.to_q_lora"
        due = before[name] + tensors[f"{part}.up.weight"] @ tensors[f"{part}.down.weight"]
        torch.testing.assert_close(after[name], due, atol=2e-6, rtol=1e-5)


def test_faceid_and_few_step_loras_are_both_fused(tiny: Tiny, instantid: Any, tmp_path: Path) -> None:
    lora = kohya_lora(instantid.unet, 2)
    save_file(lora, tmp_path / "few.safetensors")
    alone = weights(load_tiny(tiny, "sdxl", "faceid"))
    both = weights(load_tiny(tiny, "sdxl", "faceid", preset="hyper8", few_step_lora=tmp_path / "few.safetensors"))
    name = next(name for name in alone if name.endswith("attn1.to_q.weight"))
    torch.testing.assert_close(both[name], alone[name] + change(lora, name), atol=3e-6, rtol=1e-5)


def test_without_peft_a_lora_is_refused_not_left_out(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "peft" else find(name, *more))
    with pytest.raises(ModelNotAvailable, match=r"faceid.*no peft.*pip install"):
        load_tiny(tiny, "sdxl", "faceid")
    assert load_tiny(tiny, "sdxl", "portrait").family.name == "portrait"  # which has none


def test_a_preset_without_its_lora_says_which(tiny: Tiny) -> None:
    with pytest.raises(ModelNotAvailable, match="lightning4"):
        load_components(tiny.paths(), LoadOptions(preset="lightning4", device="cpu"))
    with pytest.raises(RenderError.__mro__[1], match="lightning"):
        load_components(tiny.paths(), LoadOptions(preset="lightening4", device="cpu"))


def test_severity_mixes_the_neighbouring_grades(tiny: Tiny, instantid: Any, tmp_path: Path) -> None:
    loras = [kohya_lora(instantid.unet, 10 + grade) for grade in range(3)]
    for grade, lora in enumerate(loras):
        given = lora if grade else as_diffusers(lora, instantid.unet)
        save_file({k: v.contiguous() for k, v in given.items()}, tmp_path / f"acne{grade}.safetensors")
    graded = load_tiny(tiny, "sdxl", None, grade_loras=tuple(sorted(tmp_path.glob("acne*"))))
    plain = load_tiny(tiny, "sdxl", None)
    name, layer = next((n, m) for n, m in graded.unet.named_modules() if n.endswith("attn1.to_q"))
    x = torch.linspace(-1, 1, layer.in_features)[None]
    before = x @ plain.unet.get_submodule(name).weight.T

    def added() -> Any:
        with torch.inference_mode():
            return layer(x) - before

    torch.testing.assert_close(added(), torch.zeros_like(before), atol=1e-6, rtol=0)  # off until asked for
    for severity in (0.0, 0.3, 1.0, 1.75, 2.0):
        mix = grade_weights(severity, 3)
        graded.set_grades(mix)
        due = sum(weight * (x @ change(loras[grade], name + ".weight").T) for grade, weight in mix.items())
        torch.testing.assert_close(added(), due, atol=1e-5, rtol=1e-4)
    graded.set_grades({})
    torch.testing.assert_close(added(), torch.zeros_like(before), atol=1e-6, rtol=0)
    with pytest.raises(RenderError, match="grade 3"):
        graded.set_grades({3: 1.0})


def test_weights_of_grades_add_up_to_one_and_change_without_a_jump() -> None:
    assert grade_weights(0) == {0: 1}
    for severity in (0.0, 0.5, 0.999, 1.0, 2.3, 3.0):
        mix = grade_weights(severity)
        assert sum(mix.values()) == pytest.approx(1)
        assert sum(grade * weight for grade, weight in mix.items()) == pytest.approx(severity)
    for bad in (-0.1, 3.1, float("nan")):
        with pytest.raises(RenderError, match="0 to 3"):
            grade_weights(bad)


UP, DOWN = "unet.x.attn2.to_k.lora_B.weight", "unet.x.attn2.to_k.lora_A.weight"


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({}, "no key"),
        ({"image_proj.latents": (1,)}, r"image_proj\.latents.*kohya"),
        ({DOWN: (4, 64)}, r"to_k\.lora_A\.weight without .*to_k\.lora_B\.weight"),
        ({DOWN: (4, 64), UP: (64, 8)}, "one rank"),
        ({DOWN: (4, 768), UP: (64, 4)}, r"SD1\.5 \(768\)"),
        ({DOWN: (4, 64), UP: (64, 4), "lora_te1_x.lora_up.weight": (1, 1)}, r"lora_te1_x.*UNet alone"),
    ],
)
def test_a_malformed_lora_names_its_key(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(RenderError, match=rf"few\.safetensors.*{message}"):
        lora_layout(shapes, "few.safetensors", 64)


def test_a_lora_of_another_unet_is_refused(tiny: Tiny, instantid: Any, tmp_path: Path) -> None:
    lora = as_diffusers(kohya_lora(instantid.unet, 1), instantid.unet)
    some = {key.replace("down_blocks.1", "down_blocks.7"): value for key, value in lora.items()}
    save_file({k: v.contiguous() for k, v in some.items()}, tmp_path / "few.safetensors")
    with pytest.raises(RenderError, match=r"few\.safetensors.*fit"):
        load_tiny(tiny, preset="lightning4", few_step_lora=tmp_path / "few.safetensors")
    odd = {key: value[:, :3] if "lora_A" in key else value for key, value in lora.items() if "attn1" in key}
    save_file({k: v.contiguous() for k, v in odd.items()}, tmp_path / "odd.safetensors")
    with pytest.raises(RenderError, match=r"odd\.safetensors.*fit"):
        load_components(
            replace(tiny.paths(), few_step_lora=tmp_path / "odd.safetensors"),
            LoadOptions(preset="lightning4", device="cpu"),
        )
