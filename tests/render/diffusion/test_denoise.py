"""The loop against diffusers' own pipelines, and each face with its own picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nof1sim.render.diffusion.conditioning import conditions, face_tokens
from nof1sim.render.diffusion.denoise import Batch, denoise
from nof1sim.render.diffusion.identitynet import wearing
from nof1sim.render.diffusion.portrait import make_portrait

from .conftest import load_tiny
from .tiny import Tiny, face, picture

torch = pytest.importorskip("torch", reason="torch is not installed")
diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of diffusers' own pipelines

SCHEDULERS = (
    "EulerDiscreteScheduler",
    "DDIMScheduler",
    "DPMSolverMultistepScheduler",
    "LCMScheduler",
    "EulerAncestralDiscreteScheduler",
)


def configured(components: Any, **changes: Any) -> Any:
    """The same models under another preset."""
    return replace(components, preset=replace(components.preset, **changes))


def batch_of(components: Any, seeds: Sequence[int], guided: bool = True, **changes: Any) -> Batch:
    """Items with a face, a prompt, a control drawing and noise each."""
    parts = [
        (np.random.default_rng(s).standard_normal((2, 4, 8, 8)), np.random.default_rng(s).random((3, 64, 64)))
        for s in seeds
    ]
    mask = np.zeros((len(seeds), 1, 8, 8))
    mask[:, :, 2:6, 1:5] = 1
    blank = [np.zeros((64, 64, 3), np.uint8)] * len(seeds)
    given: dict[str, Any] = {
        "start": torch.tensor(np.stack([p[0][0] for p in parts])).float(),
        "noise": torch.tensor(np.stack([p[0][1] for p in parts])).float(),
        "mask": torch.tensor(mask).float(),
        "prompts": components.prompts.encode("abcdefgh"[s % 8] for s in seeds),
        "negatives": components.prompts.encode("bad" for _ in seeds),
        "faces": conditions(components, [face(s, components.family.pack) for s in seeds], blank, guided),
        "sizes": [(64, 64, 0, 0, 64, 64)] * len(seeds),
        "control": torch.tensor(np.stack([p[1] for p in parts])).float(),
        "generators": [torch.Generator("cpu").manual_seed(s) for s in seeds],
    }
    return Batch(**(given | changes))


def core(components: Any, cls: str) -> Any:
    """diffusers' pipeline around the same models."""
    nothing = dict.fromkeys(("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"))
    pipeline = getattr(diffusers, cls)(
        unet=components.unet, vae=components.vae, controlnet=components.identity_net, add_watermarker=False,
        scheduler=components.scheduler(), **nothing,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def asked(components: Any, batch: Batch, guided: bool) -> dict[str, Any]:
    """What diffusers' pipelines take of a batch of one."""
    text, negative = batch.prompts[0], batch.negatives[0]
    return {
        "prompt_embeds": text.text[None], "pooled_prompt_embeds": text.pooled[None],
        "negative_prompt_embeds": negative.text[None] if guided else None,
        "negative_pooled_prompt_embeds": negative.pooled[None] if guided else None,
        "ip_adapter_image_embeds": [batch.faces.embeds], "num_inference_steps": components.preset.steps,
        "guidance_scale": components.preset.guidance, "controlnet_conditioning_scale": 0.8, "output_type": "latent",
    }  # fmt: skip


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize(("guidance", "strength"), [(3.0, 0.9), (3.0, 1.0), (1.0, 0.9)])
def test_the_loop_equals_diffusers_inpaint_pipeline(
    instantid: Any, scheduler: str, guidance: float, strength: float
) -> None:
    components = configured(instantid, scheduler=scheduler, guidance=guidance, steps=5)
    components.set_scale(0.8)
    guided = guidance > 1
    pixels = torch.tensor(picture(1)).permute(2, 0, 1)[None] / 255
    mask = torch.zeros(1, 1, 64, 64)
    mask[:, :, 16:48, 8:40] = 1
    generator = torch.Generator("cpu").manual_seed(9)
    with torch.inference_mode():  # the draws that the pipeline makes, in its order
        encoded = components.vae.encode(pixels * 2 - 1).latent_dist.sample(generator)
        noise = torch.randn(1, 4, 8, 8, generator=generator)
        torch.randn(1, 4, 8, 8, generator=generator)
    batch = batch_of(
        components, [1], guided, start=encoded * components.vae.config.scaling_factor, noise=noise,
        mask=mask[:, :, ::8, ::8], generators=[generator],
    )  # fmt: skip
    ours = denoise(components, batch, strength)
    pipeline = core(components, "StableDiffusionXLControlNetInpaintPipeline")
    with wearing(components.identity_net, face_tokens(components, batch.faces)):
        theirs = pipeline(
            **asked(components, batch, guided), image=pixels, mask_image=mask, control_image=batch.control,
            strength=strength, generator=torch.Generator("cpu").manual_seed(9),
        ).images  # fmt: skip
    torch.testing.assert_close(ours, theirs, atol=5e-5, rtol=1e-4)
    assert (ours - batch.start).abs().max() > 0.05


@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_a_portrait_equals_diffusers_controlnet_pipeline(instantid: Any, guidance: float) -> None:
    components = configured(instantid, guidance=guidance)
    components.set_scale(0.8)
    guided = guidance > 1
    batch = batch_of(components, [4], guided, mask=torch.ones(1, 1, 8, 8))
    ours = denoise(components, batch, 1.0)
    pipeline = core(components, "StableDiffusionXLControlNetPipeline")
    given = asked(components, batch, guided) | {"image": batch.control, "latents": batch.noise.clone()}
    with wearing(components.identity_net, face_tokens(components, batch.faces)):
        theirs = pipeline(**given).images
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)
    text = batch.prompts[0].text[None].repeat(2 if guided else 1, 1, 1)
    with wearing(components.identity_net, text):  # a ControlNet that is shown text instead draws something else
        assert (pipeline(**given).images - ours).abs().max() > 1e-3


def test_two_patients_in_a_batch_equal_each_alone(instantid: Any) -> None:
    components = configured(instantid, guidance=3.0)
    components.set_scale(0.8)
    together = denoise(components, batch_of(components, [1, 2]), 1.0)
    for n, seed in enumerate((1, 2)):
        alone = denoise(components, batch_of(components, [seed]), 1.0)[0]
        torch.testing.assert_close(together[n], alone, atol=5e-4, rtol=1e-3)
    one, other = batch_of(components, [1]), batch_of(components, [2])
    swapped = denoise(components, replace(one, faces=other.faces), 1.0)[0]
    assert (swapped - together[0]).abs().max() > 0.05


@pytest.mark.parametrize("family", ["faceid", "faceid-plus", "faceid-plusv2", "plus", "plain", "portrait"])
def test_other_adapters_keep_faces_apart_too(tiny: Tiny, family: str) -> None:
    components = load_tiny(tiny, "sd15", family, steps=2, guidance=3.0)
    components.set_scale(1.0)
    pack = components.family.pack

    def run(seeds: Sequence[int]) -> Any:
        seen = [picture(s) for s in seeds]
        faces = conditions(components, [face(s, pack) for s in seeds], seen, guided=True)
        return denoise(components, batch_of(components, seeds, faces=faces, control=None), 1.0)

    together = run([1, 2])
    torch.testing.assert_close(together, torch.cat([run([1]), run([2])]), atol=5e-4, rtol=1e-3)
    faces = conditions(components, [face(2, pack)], [picture(2)], guided=True)
    swapped = denoise(components, batch_of(components, [1], faces=faces, control=None), 1.0)
    assert (swapped[0] - together[0]).abs().max() > 0.01
    assert getattr(components.unet.encoder_hid_proj.image_projection_layers[0], "clip_embeds", None) is None


def test_identitynet_is_shown_the_tokens_of_zero_then_of_each_face(instantid: Any) -> None:
    components, seen = configured(instantid, guidance=3.0), []
    cls = type(components.identity_net).__mro__[1]
    original = cls.forward

    def spy(self: Any, sample: Any, timestep: Any, encoder_hidden_states: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(encoder_hidden_states.clone())
        return original(self, sample, timestep, encoder_hidden_states, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cls, "forward", spy)
        denoise(components, batch_of(components, [1, 2]), 1.0)
    tokens = face_tokens(components, batch_of(components, [1, 2]).faces)
    assert len(seen) == components.preset.steps
    for call in seen:
        assert call.shape == (4, 16, 64)
        torch.testing.assert_close(call, tokens)
    torch.testing.assert_close(tokens[0], tokens[1])  # nobody
    assert (tokens[2] - tokens[3]).abs().max() > 1e-2
    assert tokens[0].abs().max() > 1e-2  # not zeros: the tokens of a zero embedding
    assert components.identity_net.tokens is None


def test_identitynet_refuses_another_number_of_faces(instantid: Any) -> None:
    from nof1sim.errors import RenderError

    net = instantid.identity_net
    arguments = (torch.zeros(3, 4, 8, 8), 5, torch.zeros(3, 77, 64), torch.zeros(3, 3, 64, 64))
    with wearing(net, torch.zeros(2, 16, 64)), pytest.raises(RenderError, match="2 faces for 3 pictures"):
        net(*arguments)
    with pytest.raises(RenderError, match="no face tokens"):
        net(*arguments)


def test_latents_outside_the_mask_come_back_exactly(instantid: Any) -> None:
    batch = batch_of(instantid, [1])
    out = denoise(instantid, batch, 1.0)
    closed = (batch.mask == 0).expand_as(out)
    assert torch.equal(out[closed], batch.start[closed])
    assert (out != batch.start)[~closed].all()


def test_a_larger_severity_is_opened_earlier_and_changes_more(instantid: Any) -> None:
    components = configured(instantid, steps=8, guidance=1.0)
    components.set_scale(0.8)
    change = []
    for severity in (0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0):
        batch = batch_of(components, [1, 2], False, mask=torch.full((2, 1, 8, 8), float(severity)))
        change.append(float((denoise(components, batch, 1.0) - batch.start).abs().mean()))
    assert change[0] == 0
    assert all(later > earlier for earlier, later in pairwise(change)), change


def test_half_precision_stays_near_single(tiny: Tiny) -> None:
    from nof1sim.render.diffusion.components import load_components
    from nof1sim.render.diffusion.jobs import PortraitJob
    from nof1sim.render.diffusion.loading import LoadOptions

    job = PortraitJob("a face", "", (64, 64), 1, ("P001",), face(1))
    pictures = []
    for precision in ("fp32", "bf16"):
        loaded = load_components(tiny.paths(), LoadOptions(device="cpu", precision=precision))
        pictures.append(make_portrait(configured(loaded, steps=3), job).astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() < 3
