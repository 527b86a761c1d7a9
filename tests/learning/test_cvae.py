"""The CVAE learns what severity does, and keeps the person, on faces that are ovals."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
sys.path.insert(0, str(Path(__file__).parent))

from nof1sim_test_toys import SIDE, asked, draw_of, same, trained, weights  # noqa: E402

from nof1sim.errors import InputError  # noqa: E402
from nof1sim.learning import train as t  # noqa: E402
from nof1sim.learning.checkpoint import open_checkpoint  # noqa: E402
from nof1sim.learning.models import make_learner, make_options  # noqa: E402
from nof1sim.learning.samples import read_samples  # noqa: E402
from nof1sim.learning.sampling import draw_pictures  # noqa: E402


def test_severity_reddens_and_the_person_stays(folder, tmp_path):
    home = folder(people=8)
    samples = read_samples(home, 16, table=home.parent / "labels.csv", val=0.1)
    options = make_options("cvae", {"width": 24, "code": 8, "rate": 5e-3})
    settings = t.settings_for("cvae", options, epochs=60, batch=8, sheet_every=0, threads=1)
    done = t.fit(samples, settings, tmp_path / "model")
    assert done.losses[-1]["missed"] < 0.2 * done.losses[0]["missed"]
    learner = open_checkpoint(tmp_path / "model").learner()
    people = samples.people("train")
    rows = [int(samples.base[samples.persons.index(person)]) for person in people]
    drawn = [
        draw_pictures(learner, samples.pixels[rows], np.zeros(len(rows)), np.full(len(rows), share), 0,
                      [(person,) for person in people], [(person, 1) for person in people])
        for share in (0.0, 0.5, 1.0)
    ]  # fmt: skip
    red = np.array([one.pixels[:, 6:10, 6:10, 0].astype(float).mean((1, 2)) for one in drawn])
    assert (np.diff(red, axis=0) > 5).all()  # 40 grey levels from clear to the most
    first, last = (one.pixels[..., 1].reshape(len(rows), -1).astype(float) for one in (drawn[0], drawn[-1]))
    nearest = np.abs(first[:, None] - last[None]).mean(-1).argmin(1)
    assert (nearest == np.arange(len(rows))).mean() > 0.5
    assert not drawn[0].by_chance


def test_the_code_is_the_persons_and_not_the_days():
    learner = trained(make_learner("cvae", make_options("cvae", {"width": 16}), SIDE, 0), 5)
    one, two = (learner.sample(asked([0.5], person))[0] for person in (1, 2))
    again = learner.sample(replace(asked([0.5], 1), day=[draw_of("another day")]))[0]
    assert torch.equal(one, again)
    assert not torch.equal(one, two)


def test_it_neither_reads_nor_moves_the_global_random_state():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    once, again = (trained(make_learner("cvae", make_options("cvae", {"width": 16}), SIDE, 0), 2) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert same(weights(once), weights(again))


@pytest.mark.parametrize("size", [8, 24, 100])
def test_sizes_that_halving_does_not_reach_are_refused(size):
    with pytest.raises(InputError, match="16, 32, 64"):
        make_learner("cvae", make_options("cvae", {}), size, 0)
