"""Training an autoencoder: batches, a held-out set, early stopping. Knows no study, only pictures and who they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...randomness import stream
from ..images import Bools, Ints
from ..preprocess import Array
from .base import Progress
from .networks import Weights, import_torch, initial_weights, put, taken

if TYPE_CHECKING:
    from .autoencoder import Recipe

Draw = Callable[[Ints, "np.random.Generator | None"], Array]
"""Rows of pictures and, in training, a generator for flips and crops -> (b, c, h, w)."""

HELD_OUT = 0.2
FEW_PATIENTS = 4


@dataclass(frozen=True, slots=True)
class Trained:
    """Weights of the best epoch, and the losses of every epoch (epochs, 2): training, held out."""

    weights: Weights
    losses: Array


def held_out(who: Ints, day: Ints, seed: int) -> tuple[Bools, str]:
    """Which pictures (n,) judge the training, and how they were chosen.

    A fifth of the patients, at least one; below `FEW_PATIENTS` patients a fifth of the days, the same for everybody.
    """
    by_patient = np.unique(who).size >= FEW_PATIENTS
    label = who if by_patient else day
    names = np.unique(label)
    count = max(1, round(HELD_OUT * names.size)) if names.size > 1 else 0
    chosen = stream(seed, "embed", "held out").choice(names, count, replace=False)
    what = "patients" if by_patient else "days of all patients"
    return np.isin(label, chosen), f"{count} of {names.size} {what} held out for early stopping"


def train(
    recipe: Recipe, net: Any, draw: Draw, who: Ints, day: Ints, seed: int, progress: Progress | None = None
) -> Trained:
    """Fit a network of `networks.build` by Adam on the mean squared error (a VAE adds beta x KL).

    Streams batches through `draw`; stops when `recipe.patience` epochs brought nothing, and keeps the best weights.
    With `recipe.wobbly` the last quarter of each epoch's shuffle is what "validation" means and the last weights stay,
    as in Schneider et al.: over epochs every picture also trains.
    """
    torch = import_torch()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    put(net, initial_weights(net, seed, recipe.name)).to(device)
    steps = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    out, _ = held_out(who, day, seed)
    judge, learn = np.flatnonzero(out), np.flatnonzero(~out)
    losses, best, best_loss, waited = [], taken(net), np.inf, 0
    for epoch in range(recipe.epochs):
        rng = stream(seed, recipe.name, "epoch", epoch)
        if recipe.wobbly:
            order = rng.permutation(who.size)
            learn, judge = np.split(order, [who.size - who.size // 4])
        else:
            learn = rng.permutation(learn)
        loss = _pass(torch, recipe, net, draw, learn, device, rng, steps)
        with torch.no_grad():
            judged = _pass(torch, recipe, net, draw, judge, device, None, None) if judge.size else loss
        losses.append((loss, judged))
        if progress:
            progress(epoch + 1, recipe.epochs, loss, judged)
        waited = 0 if judged < best_loss else waited + 1
        if recipe.wobbly or judged < best_loss:
            best, best_loss = taken(net), judged
        elif waited >= recipe.patience:
            break
    return Trained(best, np.array(losses, np.float32))


def _pass(
    torch: Any,
    recipe: Recipe,
    net: Any,
    draw: Draw,
    rows: Ints,
    device: str,
    rng: np.random.Generator | None,
    steps: Any,
) -> float:
    """One pass over rows; mean loss a picture. Learns where `steps` (the optimiser) is given."""
    net.train(steps is not None)
    total = 0.0
    for start in range(0, rows.size, recipe.batch):
        part = rows[start : start + recipe.batch]
        x = torch.from_numpy(np.ascontiguousarray(draw(part, rng))).to(device)
        loss = _loss(torch, recipe, net, x, rng)
        if steps is not None:
            steps.zero_grad(set_to_none=True)
            loss.backward()
            steps.step()
        total += float(loss.detach()) * part.size
    return total / max(rows.size, 1)


def _loss(torch: Any, recipe: Recipe, net: Any, x: Any, rng: np.random.Generator | None) -> Any:
    code = net["encoder"](x)
    if not recipe.variational:
        return torch.nn.functional.mse_loss(net["decoder"](code), x)
    mean, spread = code.chunk(2, 1)
    z = mean
    if rng is not None:
        noise = rng.standard_normal(tuple(mean.shape)).astype(np.float32)
        z = mean + torch.exp(spread / 2) * torch.from_numpy(noise).to(x.device)
    kl = 0.5 * (spread.exp() + mean**2 - 1 - spread).sum(1).mean()  # Kingma & Welling 2014, appendix B
    return torch.nn.functional.mse_loss(net["decoder"](z), x) + recipe.beta * kl / x[0].numel()
