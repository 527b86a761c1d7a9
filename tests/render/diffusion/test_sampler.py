"""Painting regions: bytes outside stay, each lesion is drawn, repeats are equal, patients do not mix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nof1sim.errors import RenderError
from nof1sim.render.diffusion.jobs import Painter, PaintJob
from nof1sim.render.diffusion.memory import in_batches
from nof1sim.render.diffusion.regions import plan_windows
from nof1sim.render.diffusion.sampler import MaskedSampler, PaintOptions

from .conftest import load_tiny
from .tiny import Tiny, face, picture

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")

SIDE = 128
OPTIONS = PaintOptions(window_px=64, margin_px=8, batch_size=4)


def job(seed: int = 1, day: int = 1, mask: np.ndarray | None = None, **changes: Any) -> PaintJob:
    """Two lesions in the face of patient `seed`."""
    if mask is None:
        mask = np.zeros((SIDE, SIDE))
        mask[20:30, 20:30] = 1
        mask[90:97, 100:108] = 0.9
    given: dict[str, Any] = {
        "portrait": picture(seed, SIDE), "mask": mask, "prompt": "red", "negative": "", "strength": 1.0,
        "identity": face(seed, side=SIDE), "seed_address": (f"P{seed}", day), "seed": 5,
    }  # fmt: skip
    return PaintJob(**(given | changes))


@pytest.fixture(scope="module")
def painter(instantid: Any) -> MaskedSampler:
    """InstantID on windows of 64 px, 2 steps without guidance."""
    return MaskedSampler(replace(instantid, preset=replace(instantid.preset, steps=2, guidance=1.0)), OPTIONS)


def test_it_is_a_painter(painter: MaskedSampler) -> None:
    assert isinstance(painter, Painter)


def test_bytes_outside_the_mask_are_the_portraits_and_inside_it_is_painted(painter: MaskedSampler) -> None:
    jobs = [job(seed, day) for seed in (1, 2) for day in (1, 2)]
    before = [j.portrait.copy() for j in jobs]
    for j, old, out in zip(jobs, before, painter.paint(jobs), strict=True):
        assert out.dtype == np.uint8
        np.testing.assert_array_equal(out[j.mask == 0], old[j.mask == 0])
        np.testing.assert_array_equal(j.portrait, old)  # what was given stays
        changed = (out != old).any(-1)
        assert changed[j.mask > 0].mean() > 0.9
        assert changed[20:30, 20:30].any()
        assert changed[90:97, 100:108].any()


def test_an_empty_mask_is_the_portrait_and_a_full_one_the_whole_picture(painter: MaskedSampler) -> None:
    empty, full = painter.paint([job(mask=np.zeros((SIDE, SIDE))), job(mask=np.ones((SIDE, SIDE)))])
    np.testing.assert_array_equal(empty, job().portrait)
    assert (full != job().portrait).any(-1).mean() > 0.95


def test_a_lesion_of_one_pixel_is_painted(painter: MaskedSampler) -> None:
    mask = np.zeros((SIDE, SIDE))
    mask[43, 61] = 1
    out = painter.paint([job(mask=mask)])[0]
    assert (out != job().portrait).any(-1).sum() == 1
    assert (out[43, 61] != job().portrait[43, 61]).any()


def test_the_edge_of_a_lesion_fades_into_the_portrait(painter: MaskedSampler) -> None:
    soft = painter.paint([job()])[0].astype(float)
    hard = replace(painter, options=replace(OPTIONS, feather_px=0.0)).paint([job()])[0]
    edge = job().portrait[20, 22:28] * 0.8 + hard[20, 22:28] * 0.2  # the lesion of 10 px is 5 px deep
    np.testing.assert_allclose(soft[20, 22:28], edge, atol=0.51)
    np.testing.assert_array_equal(soft[24:26, 24:26], hard[24:26, 24:26])


def test_windows_that_overlap_paint_their_own_lesions_alone(painter: MaskedSampler) -> None:
    masks = np.zeros((2, SIDE, SIDE))
    masks[0, 40:44, 30:34] = 1
    masks[1, 40:44, 46:50] = 1  # within the margin of either window
    small = replace(painter, options=replace(OPTIONS, window_px=48, margin_px=12, batch_size=1))
    first, second = small.paint([job(mask=mask) for mask in masks])
    both = small.paint([job(mask=masks.max(0))])[0]
    windows = plan_windows(masks.max(0), 48, 12)
    assert len(windows) == 2
    assert abs(windows[0].x - windows[1].x) < 48
    np.testing.assert_array_equal(both[masks[0] > 0], first[masks[0] > 0])
    np.testing.assert_array_equal(both[masks[1] > 0], second[masks[1] > 0])


def test_repeats_orders_and_batches_agree(painter: MaskedSampler) -> None:
    jobs = [job(seed, day) for seed in (1, 2) for day in (1, 2)]
    first = painter.paint(jobs)
    painter.latents.clear()
    for one, two in zip(first, painter.paint(jobs), strict=True):
        np.testing.assert_array_equal(one, two)
    for one, two in zip(first, painter.paint(jobs[::-1])[::-1], strict=True):
        assert np.abs(one.astype(int) - two).max() <= 1
    single = replace(painter, options=replace(OPTIONS, batch_size=1))
    for j, one in zip(jobs, first, strict=True):
        assert np.abs(one.astype(int) - single.paint([j])[0]).max() <= 1


def test_days_differ_by_their_noise_and_patients_by_their_face(painter: MaskedSampler) -> None:
    base = painter.paint([job()])[0]
    assert (painter.paint([job(day=2)])[0] != base).any()
    assert (painter.paint([job(identity=face(9, side=SIDE))])[0] != base).any()
    assert (painter.paint([job(identity=None)])[0] != base).any()
    still = replace(painter, options=replace(OPTIONS, novelty=0.0))
    np.testing.assert_array_equal(still.paint([job(day=1)])[0], still.paint([job(day=2)])[0])


def test_windows_share_the_portraits_noise(painter: MaskedSampler) -> None:
    from nof1sim.render.diffusion.regions import Window
    from nof1sim.render.diffusion.sampler import _Task

    mask = np.zeros((64, 64))
    one = painter._noise(_Task(job(), Window(0, 0, 64, 64, mask), 1.0, 8))
    two = painter._noise(_Task(job(), Window(16, 32, 64, 64, mask), 1.0, 8))
    np.testing.assert_array_equal(one[:, 2:, 4:], two[:, :-2, :-4])


def test_sdxl_is_told_where_in_the_portrait_a_window_lies() -> None:
    from nof1sim.render.diffusion.regions import Window
    from nof1sim.render.diffusion.sampler import _sizes, _Task

    window = Window(16, 32, 64, 48, np.zeros((64, 48)))
    assert _sizes(_Task(job(), window, 1.0, 8)) == (128, 128, 16, 32, 64, 48)
    assert _sizes(_Task(job(), window, 2.0, 8)) == (256, 256, 32, 64, 128, 96)


def test_nobody_is_painted_as_without_an_adapter(painter: MaskedSampler, tiny: Tiny) -> None:
    bare = MaskedSampler(load_tiny(tiny, "sdxl", None, steps=2, guidance=1.0), OPTIONS)
    nobody = job(identity=None)
    assert np.abs(painter.paint([nobody])[0].astype(int) - bare.paint([nobody])[0]).max() <= 1


@pytest.mark.parametrize("scale", [1.3, 2.0])
def test_enlarged_windows_keep_the_lock(painter: MaskedSampler, scale: float) -> None:
    out = replace(painter, options=replace(OPTIONS, crop_scale=scale)).paint([job()])[0]
    np.testing.assert_array_equal(out[job().mask == 0], job().portrait[job().mask == 0])
    assert (out != painter.paint([job()])[0]).any()


def test_windows_are_never_drawn_smaller(painter: MaskedSampler) -> None:
    with pytest.raises(RenderError, match=r"crop_scale.*1 to 4"):
        replace(painter, options=replace(OPTIONS, crop_scale=0.5)).paint([job()])


def test_the_identitynet_rests_where_no_key_point_is_seen(painter: MaskedSampler) -> None:
    calls = []
    net = painter.components.identity_net
    handle = net.register_forward_pre_hook(lambda *_: calls.append(1))
    mask = np.zeros((SIDE, SIDE))
    mask[2:6, 2:6] = 1
    corner = replace(painter, options=replace(OPTIONS, window_px=24))
    try:
        corner.paint([job(mask=mask)])
        assert not calls
        painter.paint([job()])
        assert calls
    finally:
        handle.remove()


def test_memory_that_runs_out_halves_the_batch_and_then_says_so() -> None:
    sizes = []

    def work(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore")
        return [2 * item for item in batch]

    assert in_batches([1, 2, 3, 4, 5], 8, work) == [2, 4, 6, 8, 10]
    assert sizes == [8, 4, 2, 2, 2]

    def never(batch: list[int]) -> list[int]:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(RenderError, match=r"device memory.*offload"):
        in_batches([1, 2], 2, never)


def test_out_of_memory_inside_a_run_leaves_the_same_picture(painter: MaskedSampler) -> None:
    good, unet = painter.paint([job(1), job(2)]), painter.components.unet
    original: Callable[..., Any] = unet.forward

    def small(sample: Any, *args: Any, **kwargs: Any) -> Any:
        if len(sample) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return original(sample, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unet, "forward", small)
        for one, two in zip(good, painter.paint([job(1), job(2)]), strict=True):
            assert np.abs(one.astype(int) - two).max() <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": 0.0}, "strength"),
        ({"strength": 0.3}, r"0\.5 to 1 for 2 steps"),
        ({"mask": np.ones((3, 3))}, r"jobs\[1\]\.mask"),
        ({"identity": face(1, "buffalo_l")}, "buffalo_l.*antelopev2"),
    ],
)
def test_a_job_that_cannot_be_painted_says_why(painter: MaskedSampler, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        painter.paint([job(), job(**changes)])


def test_a_few_step_scheduler_that_draws_repeats(tiny: Tiny) -> None:
    components = load_tiny(tiny, steps=3, guidance=1.0, scheduler="LCMScheduler", draws=True)
    painter = MaskedSampler(components, OPTIONS)
    one, two, other = painter.paint([job(), job(), job(day=2)])
    np.testing.assert_array_equal(one, two)
    assert (one != other).any()
