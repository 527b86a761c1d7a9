"""The blocks that the generators share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import draw_of, spots  # noqa: E402

from nof1sim.errors import InputError  # noqa: E402
from nof1sim.learning import blocks  # noqa: E402
from nof1sim.learning.critic import critic_loss, critic_of, fooling_losses  # noqa: E402
from nof1sim.learning.denoiser import DiffusionOptions  # noqa: E402
from nof1sim.learning.variation import cells, contrast, disturbed, relit  # noqa: E402


def unet(seed: int = 0) -> torch.nn.Module:
    return blocks.fresh(lambda: blocks.unet((8, 16), 3, 4, 6), seed, "test")


def test_a_unet_keeps_the_side_and_starts_with_nothing() -> None:
    out = unet()(torch.ones(2, 3, 16, 16), torch.ones(2, 6))
    assert out.shape == (2, 4, 16, 16)
    assert not out.any()


def test_weights_come_by_address() -> None:
    one, again, other = (torch.cat([p.flatten() for p in unet(seed).parameters()]) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("side", [8, 24, 100])
def test_other_sides_are_refused(side: int) -> None:
    with pytest.raises(InputError, match=str(side)):
        blocks.check_levels((8, 16), side)


def test_more_halvings_than_the_side_has_are_refused() -> None:
    with pytest.raises(InputError, match="each halves"):
        blocks.check_levels((8, 8, 8, 8), 16)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0.0},
        {"rate": float("nan")},
        {"average": 2.0},
        {"widths": (12,)},
        {"widths": ()},
        {"day_noise": -0.1},
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        DiffusionOptions(**wrong)


def test_a_running_mean_follows_fast_at_first_and_slowly_later() -> None:
    net = torch.nn.Linear(1, 1)
    mean = blocks.average_of(net)
    with torch.no_grad():
        net.weight.fill_(1.0)
        mean.weight.fill_(0.0)
    blocks.follow(torch, mean, net, 0, 0.99)
    assert mean.weight.item() == pytest.approx(0.9)
    blocks.follow(torch, mean, net, 10**6, 0.99)
    assert mean.weight.item() == pytest.approx(0.9 + 0.01 * 0.1)


def test_a_gauge_measures_what_it_was_shown_and_then_stays() -> None:
    gauge = blocks.gauge(4, 2)
    x = torch.tensor([3.0, 3.0, 0.5, 0.5])[None, :, None, None].expand(2, 4, 8, 8)
    assert gauge(x).flatten().tolist() == [3.0, 3.0, 0.5, 0.5]
    assert gauge().flatten().tolist() == pytest.approx([blocks.LEAST_SD] * 4), "asked, but not kept"
    for _ in range(blocks.GAUGED):
        gauge.keep(x)
    gauge.keep(100 * x)
    assert gauge().flatten().tolist() == pytest.approx([3.0, 3.0, 0.5, 0.5])
    mean = blocks.average_of(blocks.gauge(4, 2))
    blocks.follow(torch, mean, gauge, 0, 0.9)
    assert torch.equal(mean(), gauge())


def test_steps_are_counted_by_the_optimiser() -> None:
    net = torch.nn.Linear(1, 1)
    adam = torch.optim.Adam(net.parameters())
    assert blocks.steps_taken(adam) == 0
    for _ in range(3):
        net(torch.ones(1, 1)).sum().backward()
        adam.step()
    assert blocks.steps_taken(adam) == 3


def test_relighting_is_the_same_for_all_pictures_of_a_person() -> None:
    x = spots([0, 1, 2, 3], torch.tensor([0.2, 0.4, 0.6, 0.8]))
    one, two = relit(torch, draw_of("light"), x, x.clone())
    assert torch.equal(one, two)
    assert not torch.equal(one, x)


def test_contrast_sees_spots_and_hardly_the_light() -> None:
    clear, ill = spots([1, 1], torch.tensor([0.0, 0.3]))
    darker = (ill + 1) * 0.8 - 1
    seen = contrast(torch, torch.stack([clear, ill, darker]))
    far = (seen[0] - seen[1]).abs().mean()
    assert (seen[1] - seen[2]).abs().mean() < 0.2 * far


def test_cells_forgive_a_pixel_and_see_a_spot() -> None:
    severity = torch.tensor([0.0, 0.5])
    clear, ill = cells(torch, spots([1, 1], severity, 64))
    moved = cells(torch, spots([1], severity[1:], 64).roll(1, 3))[0]
    assert (moved - ill).abs().mean() < 0.5 * (clear - ill).abs().mean()


def test_disturbed_pictures_keep_their_shape_and_their_gradient() -> None:
    x = spots([0, 1], torch.tensor([0.5, 1.0])).requires_grad_()
    out = disturbed(torch, draw_of("d"), x)
    assert out.shape == x.shape
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_a_critic_learns_to_tell_and_to_read() -> None:
    judge = blocks.fresh(lambda: critic_of((16, 32), 16), 0, "critic")
    adam = torch.optim.Adam(judge.parameters(), 2e-3)
    severity = torch.linspace(0, 1, 16)
    real, fake = spots([0, 1, 2, 3] * 4, severity), torch.zeros(16, 3, 16, 16)
    first = fooling_losses(judge, fake, severity, draw_of("f"))[0].item()
    for step in range(60):
        adam.zero_grad()
        critic_loss(judge, real, severity, fake, severity, draw_of("c", step), step % 8 == 0).backward()
        adam.step()
    with torch.no_grad():
        read = judge.dose(judge(real))
    assert fooling_losses(judge, fake, severity, draw_of("f"))[0].item() > first
    assert torch.corrcoef(torch.stack([read, severity]))[0, 1] > 0.9
