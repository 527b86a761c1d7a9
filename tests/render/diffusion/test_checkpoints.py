"""Reading adapters: either format gives the same pictures; every malformed file is refused with its key."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.checkpoints import load_adapter, to_safetensors
from nof1sim.render.diffusion.components import load_components
from nof1sim.render.diffusion.files import load_tensors, safetensors_shapes
from nof1sim.render.diffusion.loading import LoadOptions

from .conftest import load_tiny
from .tiny import FILES, Tiny, face

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")


def predicted(components: Any, face_seed: int = 0) -> torch.Tensor:
    """What the UNet predicts for one face at one time."""
    from nof1sim.render.diffusion.conditioning import conditions, shown

    pack = components.family.pack
    given = conditions(components, [face(face_seed, pack)], [np.full((64, 64, 3), 99, np.uint8)], guided=False)
    latents = torch.linspace(-1, 1, 256).reshape(1, 4, 8, 8)
    text = components.prompts.encode(["a face"])[0]
    added: dict[str, Any] = {"image_embeds": [given.embeds]}
    if components.base == "sdxl":
        added |= {"text_embeds": text.pooled[None], "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]])}
    components.set_scale(1.0)
    with torch.inference_mode(), shown(components, given):
        return components.unet(latents, 500, text.text[None], added_cond_kwargs=added, return_dict=False)[0]


@pytest.mark.parametrize("family", FILES)
def test_every_family_loads_and_its_face_matters(tiny: Tiny, family: str) -> None:
    components = load_tiny(tiny, "sdxl", family)  # on SD1.5 they are loaded in test_denoise
    assert components.family.name == family
    if components.family.embedding in ("raw", "normed"):
        assert (predicted(components, 0) - predicted(components, 1)).abs().max() > 1e-4
    else:  # looks at the picture: the same in either, only the points differ
        assert predicted(components).isfinite().all()


def test_the_pickle_and_its_safetensors_copy_give_the_same_numbers(tiny: Tiny, tmp_path: Path) -> None:
    link = tmp_path / "ip-adapter.bin"
    link.symlink_to(tiny.adapters["sdxl", "instantid"])
    copy = to_safetensors(link)
    assert copy == tmp_path / "ip-adapter.safetensors"
    paths = tiny.paths()
    from dataclasses import replace

    models = [load_components(replace(paths, adapter=path), LoadOptions(device="cpu")) for path in (link, copy)]
    assert torch.equal(predicted(models[0]), predicted(models[1]))


def spoil(tensors: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The tensors with keys (dots as __) replaced, or left out where the value is None."""
    out = dict(tensors)
    for key, value in changes.items():
        out.pop(key.replace("__", "."), None)
        if value is not None:
            out[key.replace("__", ".")] = value
    return out


MALFORMED: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "no ip_adapter": (
        "instantid", lambda t: {k: v for k, v in t.items() if k[:5] == "image"}, r"no key ip_adapter\.\*"),
    "a key gone": ("instantid", lambda t: spoil(t, ip_adapter__3__to_k_ip__weight=None), r"ip_adapter\.3\.to_k_ip"),
    "depth 3": (
        "instantid", lambda t: {k: v for k, v in t.items() if ".layers.3." not in k}, r"image_proj\.layers\.3\.0"),
    "a key more": ("instantid", lambda t: spoil(t, image_proj__extra=torch.ones(1)), r"image_proj\.extra"),
    "a wrong shape": (
        "faceid", lambda t: spoil(t, ip_adapter__1__to_v_ip__weight=torch.ones(7, 64)), r"ip_adapter\.1\.to_v_ip.*7"),
    "half a LoRA": (
        "faceid", lambda t: spoil(t, ip_adapter__2__to_q_lora__up__weight=None), r"ip_adapter\.2\.to_q_lora\.up"),
    "token count": (
        "instantid", lambda t: spoil(t, image_proj__latents=torch.ones(1, 8, 64)), "tokens 8.*tokens 16"),
    "other input": (
        "instantid", lambda t: spoil(t, image_proj__proj_in__weight=torch.ones(64, 768)), "input 768.*input 1280"),
    "full-face": ("plain", lambda t: spoil(t, image_proj__proj__3__weight=torch.ones(1)), r"proj\.3\.weight"),
    "no projection": (
        "plain", lambda t: spoil(t, image_proj__proj__weight=None, image_proj__norm__weight=None), "latents, proj"),
    "a UNet": ("plain", lambda _: {"down_blocks.0.weight": torch.ones(2)}, "looks like a UNet"),
    "a LoRA": ("plain", lambda _: {"lora_unet_x.lora_up.weight": torch.ones(2, 2)}, "looks like a LoRA"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("ending", ["bin", "safetensors"])
def test_a_malformed_checkpoint_names_its_key_and_file(
    tiny: Tiny, instantid: Any, tmp_path: Path, case: str, ending: str
) -> None:
    family, change, message = MALFORMED[case]
    tensors = change(load_tensors(tiny.adapters["sdxl", family]))
    path = tmp_path / f"ours.{ending}"
    if ending == "bin":
        torch.save(tensors, path)
    else:
        from safetensors.torch import save_file

        save_file(tensors, path)
    with pytest.raises(RenderError, match=rf"ours\.{ending}.*{message}"):
        load_adapter(path, instantid.unet)


class Code:
    """Runs a command where it is unpickled as an object."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("touch pickled-code-ran",)


def test_a_pickle_with_code_is_refused_unopened(
    instantid: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"image_proj": {"latents": Code()}}, tmp_path / "evil.bin")
    with pytest.raises(RenderError, match=r"evil\.bin.*more than tensors"):
        load_adapter(tmp_path / "evil.bin", instantid.unet)
    assert not (tmp_path / "pickled-code-ran").exists()


@pytest.mark.parametrize("ending", ["bin", "safetensors"])
@pytest.mark.parametrize("keep", [0, 5, 3000, -10])
def test_a_truncated_file_says_so(tiny: Tiny, instantid: Any, tmp_path: Path, ending: str, keep: int) -> None:
    whole = tmp_path / "whole.bin"
    whole.write_bytes(tiny.adapters["sdxl", "faceid"].read_bytes())
    path = whole if ending == "bin" else to_safetensors(whole)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RenderError, match=rf"whole\.{ending}.*(complete|bytes|header).*models pull"):
        load_adapter(path, instantid.unet)


def test_a_missing_file_and_a_missing_part_say_what_was_found(tiny: Tiny, tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(RenderError, match=r"gone\.bin.*models pull"):
        load_components(replace(tiny.paths(), adapter=tmp_path / "gone.bin"))
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "README").touch()
    with pytest.raises(RenderError, match=r"config\.json.*README"):
        load_components(replace(tiny.paths(), base=tmp_path))


def test_headers_are_read_without_torch(tiny: Tiny) -> None:
    shapes = safetensors_shapes(tiny.root / "ControlNetModel" / "diffusion_pytorch_model.safetensors")
    assert shapes["conv_in.weight"] == (32, 4, 3, 3)


def attention(q: Any, k: Any, v: Any, heads: int) -> Any:
    """Softmax attention written out."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(-3, -2) for x in (q, k, v))
    weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    return (weights @ v).transpose(-3, -2).flatten(-2)


def resampled(p: dict[str, Any], embedding: Any) -> Any:
    """InstantID's projection from the published description: (b, 512) -> (b, 16, cross)."""

    def norm(x: Any, name: str) -> Any:
        return torch.nn.functional.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])

    latents = p["latents"].repeat(len(embedding), 1, 1)
    x = embedding[:, None] @ p["proj_in.weight"].T + p["proj_in.bias"]
    for i in range(4):
        a, b = f"layers.{i}.0", f"layers.{i}.1"
        q, seen = norm(latents, f"{a}.norm2"), norm(x, f"{a}.norm1")
        k, v = (torch.cat([seen, q], 1) @ p[f"{a}.to_kv.weight"].T).chunk(2, -1)
        out = attention(q @ p[f"{a}.to_q.weight"].T, k, v, heads=q.shape[-1] // 64)
        latents = latents + out @ p[f"{a}.to_out.weight"].T
        hidden = torch.nn.functional.gelu(norm(latents, f"{b}.0") @ p[f"{b}.1.weight"].T)
        latents = latents + hidden @ p[f"{b}.3.weight"].T
    return norm(latents @ p["proj_out.weight"].T + p["proj_out.bias"], "norm_out")


def test_tokens_and_attention_equal_an_independent_reference(tiny: Tiny, instantid: Any) -> None:
    from nof1sim.render.diffusion.conditioning import conditions, face_tokens

    tensors = load_tensors(tiny.adapters["sdxl", "instantid"])
    projection = {key.removeprefix("image_proj."): value for key, value in tensors.items()}
    given = conditions(instantid, [face(0), face(1)], [np.zeros((64, 64, 3), np.uint8)] * 2, guided=True)
    embedding = torch.tensor(np.stack([np.zeros(512), np.zeros(512), face(0).embedding, face(1).embedding])).float()
    tokens = face_tokens(instantid, given)
    torch.testing.assert_close(tokens, resampled(projection, embedding), atol=2e-5, rtol=1e-4)
    name, layer = next((n, m) for n, m in instantid.unet.named_modules() if n.endswith("attn2"))
    n = 1 + 2 * [key for key in instantid.unet.attn_processors if "attn2" in key].index(f"{name}.processor")
    with torch.inference_mode():
        x, text = torch.linspace(-1, 1, 3 * 64).reshape(1, 3, 64), torch.linspace(1, -1, 5 * 64).reshape(1, 5, 64)
        instantid.set_scale(0.7)
        ours = layer(x, encoder_hidden_states=(text, [tokens[2:3, None]]))
        q = layer.to_q(x)
        out = attention(q, layer.to_k(text), layer.to_v(text), layer.heads)
        k, v = (tokens[2:3] @ tensors[f"ip_adapter.{n}.to_{which}_ip.weight"].T for which in "kv")
        reference = layer.to_out[0](out + 0.7 * attention(q, k, v, layer.heads))
    torch.testing.assert_close(ours, reference, atol=1e-5, rtol=1e-4)


def test_the_second_version_of_faceid_plus_adds_the_faces_own_tokens(tiny: Tiny) -> None:
    """Version 2 = tokens of the embedding + what version 1 makes of them and of CLIP's picture."""
    from dataclasses import replace

    from nof1sim.render.diffusion.conditioning import conditions, face_tokens, shown
    from nof1sim.render.diffusion.layouts import FAMILIES

    second = load_tiny(tiny, "sdxl", "faceid-plusv2")
    tensors = load_tensors(tiny.adapters["sdxl", "faceid-plusv2"])
    p = {key.removeprefix("image_proj."): value for key, value in tensors.items()}
    given = conditions(second, [face(3, "buffalo_l")], [np.full((64, 64, 3), 80, np.uint8)], guided=False)
    tokens = []
    for family in ("faceid-plus", "faceid-plusv2"):
        components = replace(second, family=FAMILIES[family])
        with shown(components, given):
            tokens.append(face_tokens(components, given))
    embedding = torch.tensor(face(3).normed_embedding)[None]
    hidden = torch.nn.functional.gelu(embedding @ p["proj.0.weight"].T + p["proj.0.bias"])
    own = (hidden @ p["proj.2.weight"].T + p["proj.2.bias"]).reshape(1, 4, 64)
    own = torch.nn.functional.layer_norm(own, (64,), p["norm.weight"], p["norm.bias"])
    torch.testing.assert_close(tokens[1] - tokens[0], own, atol=1e-5, rtol=1e-4)
