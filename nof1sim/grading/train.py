"""Training: batches, the validation part after each epoch, the best weights. Knows no files."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..analysis.embed.networks import put, taken, threads
from ..errors import AnalysisError, Fault
from ..randomness import key64, stream
from . import metrics
from .heads import HEADS, class_weights, grades_of
from .networks import build, import_torch, initial_weights
from .recipe import Recipe
from .scales import Scale
from .steps import Epoch, Part, State, moments_of, put_moments, rate_at

Told = Callable[[Epoch], None]
Keep = Callable[[State], None]


def start(recipe: Recipe, scale: Scale, learn: Part, seed: int) -> State:
    """A training before its first epoch. The head starts at the grades' frequencies (or the mean count)."""
    head = HEADS[recipe.head]
    shares = np.bincount(learn.grades, minlength=len(scale)) / len(learn)
    if recipe.weighted:
        shares = np.full(len(scale), 1 / len(scale))
    net = build(recipe, head.outputs(len(scale)))
    weights = initial_weights(net, seed, head.bias(shares, float(learn.targets.mean())))
    return State(weights, weights)


def train(
    recipe: Recipe,
    scale: Scale,
    views: tuple[str, ...],
    learn: Part,
    judge: Part,
    seed: int,
    state: State,
    keep: Keep | None = None,
    told: Told | None = None,
) -> State:
    """Train from a state to the end; `keep` is called with the state after every epoch.

    The best epoch is that with the highest `recipe.measure` on `judge` (of equal ones the one with the lower loss); an
    empty `judge` makes it the last. Equal for an equal seed and number of threads on one kind of CPU, interrupted or
    not: order, changes of pictures and dropout are drawn by the epoch's address.

    Raises
    ------
    AnalysisError
        torch is missing, or the loss is not finite; the last state that was kept stands.
    """
    torch = import_torch()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = put(build(recipe, HEADS[recipe.head].outputs(len(scale))), state.weights).to(device)
    kind = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
    optimiser = kind(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    if state.moments:
        put_moments(torch, optimiser, state.moments)
    weight = _weights(torch, recipe, scale, learn, device)
    with threads(recipe.threads):
        while len(state.epochs) < recipe.epochs and not _waited_enough(recipe, state):
            began, number = time.perf_counter(), len(state.epochs)
            net.dropout.generator.manual_seed(key64(seed, "grade", "dropout", number))
            loss, rate = _learn(torch, recipe, net, optimiser, learn, views, weight, device, seed, number)
            epoch = Epoch(number + 1, rate, loss, *_judged(torch, recipe, scale, net, judge, views, weight, device))
            _remember(recipe, state, epoch, net, optimiser)
            state.seconds += time.perf_counter() - began
            if keep:
                keep(state)
            if told:
                told(epoch)
    return state


def _waited_enough(recipe: Recipe, state: State) -> bool:
    return bool(recipe.patience) and state.waited >= recipe.patience


def _weights(torch: Any, recipe: Recipe, scale: Scale, learn: Part, device: str) -> Any:
    """(grades,) float32 on the device."""
    found = class_weights(learn.grades, len(scale), recipe.weighted)
    return torch.from_numpy(found.astype(np.float32)).to(device)


def _own_weight(recipe: Recipe, weight: Any, grades: Any) -> Any:
    """A count head's loss has a weight an example; the others' a weight a grade."""
    return weight[grades] if recipe.head == "count" else weight


def _learn(
    torch: Any, recipe: Recipe, net: Any, optimiser: Any, learn: Part, views: tuple[str, ...], weight: Any,
    device: str, seed: int, number: int,
) -> tuple[float, float]:  # fmt: skip
    """One epoch; mean loss and the last learning rate."""
    rng = stream(seed, "grade", "epoch", number)
    batches = np.array_split(rng.permutation(len(learn)), -(-len(learn) // recipe.batch))
    net.train()
    total, rate = 0.0, 0.0
    for place, rows in enumerate(batches):
        rate = rate_at(recipe, (number + place / len(batches)) / recipe.epochs)
        for group in optimiser.param_groups:
            group["lr"] = rate
        x = torch.from_numpy(learn.batch(rows, recipe, views, rng)).to(device)
        loss = loss_of(recipe, net(x), learn, rows, weight, device)
        value = float(loss.detach())
        if not np.isfinite(value):
            advice = f"{number} finished epochs are kept. Lower the learning rate (--rate) and start anew."
            raise AnalysisError(str(Fault(f"epoch {number + 1}", f"a loss of {value}", "a finite one", advice)))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += value * len(rows)
    return total / len(learn), rate


def loss_of(recipe: Recipe, out: Any, part: Part, rows: np.ndarray, weight: Any, device: str) -> Any:
    """The weighted loss of a batch's outputs (b, outputs)."""
    torch = import_torch()
    target = torch.from_numpy(part.targets[rows].astype(np.float32)).to(device)
    grades = torch.from_numpy(part.grades[rows]).to(device)
    return HEADS[recipe.head].loss(out, target, _own_weight(recipe, weight, grades))


def outputs(torch: Any, recipe: Recipe, net: Any, part: Part, views: tuple[str, ...], device: str) -> np.ndarray:
    """(n, outputs) float32 of every example, without dropout."""
    net.eval()
    found = []
    with torch.no_grad():
        for first in range(0, len(part), recipe.batch * 2):
            rows = np.arange(first, min(first + recipe.batch * 2, len(part)))
            x = torch.from_numpy(part.batch(rows, recipe, views, None)).to(device)
            found.append(net(x).float().cpu().numpy())
    return np.concatenate(found)


def _judged(
    torch: Any, recipe: Recipe, scale: Scale, net: Any, judge: Part, views: tuple[str, ...], weight: Any, device: str
) -> tuple[float, float, float]:
    """Loss, balanced accuracy and macro F1 of the validation part."""
    if not len(judge):
        return float("nan"), float("nan"), float("nan")
    out = outputs(torch, recipe, net, judge, views, device)
    rows = np.arange(len(judge))
    known = weight.clamp(min=1e-6)  # a grade that training never saw still has a loss
    loss = float(loss_of(recipe, torch.from_numpy(out).to(device), judge, rows, known, device))
    table = metrics.confusion(judge.grades, grades_of(recipe.head, out, scale, judge.halves), len(scale))
    return loss, metrics.balanced_accuracy(table), metrics.macro_f1(table)


def _remember(recipe: Recipe, state: State, epoch: Epoch, net: Any, optimiser: Any) -> None:
    """Put an epoch into the state, and its weights where they are the best so far."""
    before = state.epochs[state.best_epoch - 1] if state.best_epoch else None
    state.epochs.append(epoch)
    state.weights, state.moments = taken(net), moments_of(optimiser)
    better = before is None or np.isnan(epoch.val_loss)
    if before is not None and not better:
        now, then = epoch.score(recipe.measure), before.score(recipe.measure)
        better = now > then or (now == then and epoch.val_loss < before.val_loss)
    state.waited = 0 if better else state.waited + 1
    if better:
        state.best, state.best_epoch = state.weights, epoch.epoch
