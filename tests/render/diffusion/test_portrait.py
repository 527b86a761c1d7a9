"""Portraits and prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import ModelNotAvailable, RenderError
from nof1sim.render.diffusion.jobs import PortraitJob
from nof1sim.render.diffusion.latents import decode, encode
from nof1sim.render.diffusion.portrait import make_portrait

from .conftest import load_tiny
from .tiny import Tiny, face, picture

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

JOB = PortraitJob("a face", "", (64, 64), 1, ("P1",))
FACED = replace(JOB, identity=face(1))


@pytest.fixture(scope="module")
def models(instantid: Any) -> Any:
    """InstantID in 3 steps."""
    return replace(instantid, preset=replace(instantid.preset, steps=3))


def differs(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pixels that differ."""
    return float((a != b).any(-1).mean())


def test_a_portrait_follows_text_seed_face_and_key_points(models: Any) -> None:
    base = make_portrait(models, FACED)
    assert base.shape == (64, 64, 3)
    np.testing.assert_array_equal(base, make_portrait(models, FACED))
    kps = face(1).kps_px * 0.5
    for changes in (
        {"prompt": "other"},
        {"seed": 2},
        {"seed_address": ("P2",)},
        {"identity": face(2)},
        {"kps_px": kps},
    ):
        assert differs(base, make_portrait(models, replace(FACED, **changes))) > 0


def test_without_identity_the_adapter_is_off(models: Any, tiny: Tiny) -> None:
    bare = load_tiny(tiny, "sdxl", None, steps=3)
    assert np.abs(make_portrait(models, JOB).astype(int) - make_portrait(bare, JOB)).max() <= 1


def test_a_source_is_kept_the_more_the_smaller_the_strength(models: Any) -> None:
    more_steps = replace(models, preset=replace(models.preset, steps=10))
    source = picture(3)
    kept = decode(models, encode(models, [source]))[0].astype(int)  # what the VAE itself makes of it
    change = []
    for strength in (0.1, 0.5, 0.9):
        made = make_portrait(more_steps, replace(FACED, source=source, strength=strength))
        change.append(np.abs(made.astype(int) - kept).mean())
    assert change == sorted(change)
    assert make_portrait(models, replace(FACED, source=picture(3, 128), strength=0.5)).shape == (64, 64, 3)


def test_clip_adapters_want_the_picture_of_the_face(tiny: Tiny) -> None:
    components = load_tiny(tiny, "sd15", "plus", steps=2)
    one = replace(FACED, face_picture=picture(1))
    assert differs(make_portrait(components, one), make_portrait(components, replace(one, face_picture=picture(2)))) > 0
    with pytest.raises(RenderError, match="face_picture"):
        make_portrait(components, FACED)


def test_what_is_missing_or_wrong_is_named(models: Any, tiny: Tiny) -> None:
    cases: tuple[tuple[Any, PortraitJob, str], ...] = (
        (models, replace(JOB, size_px=(60, 64)), "8 divides"),
        (models, replace(JOB, strength=0.5), "1 without a source"),
        (replace(models, identity_net=None), FACED, "identity_net.*ControlNetModel"),
        (load_tiny(tiny, "sdxl", None), FACED, "adapter.*InstantID or IP-Adapter"),
    )
    for components, job, message in cases:
        with pytest.raises(RenderError, match=message):
            make_portrait(components, job)
    from nof1sim.render.diffusion.components import load_components

    with pytest.raises(RenderError, match=r"identity_net.*IP-Adapter Plus"):
        load_components(replace(tiny.paths(family="plus"), identity_net=tiny.root / "ControlNetModel"))
    with pytest.raises(ModelNotAvailable, match=r"image_encoder.*IP-Adapter Plus"):
        load_components(replace(tiny.paths(family="plus"), image_encoder=None))


@pytest.mark.parametrize("base", ["sdxl", "sd15"])
def test_prompts_are_encoded_as_diffusers_does_and_once(tiny: Tiny, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import diffusers

    from nof1sim.render.diffusion.prompt_book import PromptBook

    cls = {"sdxl": diffusers.StableDiffusionXLPipeline, "sd15": diffusers.StableDiffusionPipeline}[base]
    pipeline = cls.from_pretrained(tiny.root / base, local_files_only=True)
    components = load_tiny(tiny, base, None)
    with torch.inference_mode():
        theirs = pipeline.encode_prompt(
            "a red spot", device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True
        )
    spot, blank = components.prompts.encode(["a red spot", ""])
    torch.testing.assert_close(spot.text, theirs[0][0])
    torch.testing.assert_close(blank.text, theirs[1][0])
    if base == "sdxl":
        torch.testing.assert_close(spot.pooled, theirs[2][0])
        torch.testing.assert_close(blank.pooled, theirs[3][0])
    monkeypatch.setattr(PromptBook, "read", None)  # reading the encoders again would fail
    assert components.prompts.encode(["", "a red spot"])[1] is spot


def test_a_prompt_that_clip_cannot_hold_is_refused_not_cut(tiny: Tiny) -> None:
    with pytest.raises(RenderError, match=r"prompt.*75 tokens at most.*80"):
        load_tiny(tiny, "sd15", None).prompts.encode(["a " * 80])
