"""What is recorded: noise before clipping, raters, self-report, occasions, nothing that moves."""

from __future__ import annotations

import numpy as np
import pytest

from nof1sim.model import NO_ARM
from nof1sim.severity import REASONS, Truth, draws, observe
from nof1sim.severity.cohort import make_cohort

IGA_CUTS = (0.5, 7.5, 19.5, 49.5)
MISSING = {"mcar": 0.1, "mar": {}, "mnar": 0.5, "vacation": 0.5, "dropout_per_day": 0.01}
MISSING |= {"image_only": 0.1, "score_only": 0.1}
RATERS = [
    {"name": "anna", "bias_sd": 0.3, "noise_sd": 0.2},
    {"name": "ben", "scores": "iga", "bias_sd": 0.2, "noise_sd": 0.3},
]


def watch(protocol, schedule, severity, occasion=1, **truth):
    shape = schedule.arm.shape
    severity = np.broadcast_to(np.asarray(severity, float), shape)
    truth = {"n_inflammatory": np.full(shape, 30.0), "n_nodule": np.zeros(shape), "iga_cuts": IGA_CUTS} | truth
    return observe(protocol, make_cohort(protocol, 0, shape[0]), schedule, Truth(severity, **truth), occasion)


def test_noise_acts_on_the_latent_before_it_is_cut(protocol_of, schedule_of):
    """The seed's baseline: N(3, .154) cut at 3 has half its mass there, mean 3 - .399 sd and SD .584 sd."""
    protocol = protocol_of(500)
    schedule = schedule_of(protocol, [(NO_ARM, 40)])
    score = watch(protocol, schedule, 3.0, latent_score=np.full((500, 40), 3.0)).score
    assert (score == 3.0).mean() == pytest.approx(0.5, abs=0.01)
    assert score.mean() == pytest.approx(3 - 0.399 * 0.154, abs=0.002)
    assert score.std() == pytest.approx(0.584 * 0.154, rel=0.03)
    assert (watch(protocol, schedule, 3.0, latent_score=np.full((500, 40), 4.0)).score == 3.0).all()


def test_scores_are_rounded_and_never_minus_0(protocol_of, schedule_of):
    protocol = protocol_of(20, observation={"digits": 1})
    score = watch(protocol, schedule_of(protocol, [(NO_ARM, 30)]), 0.01).score
    np.testing.assert_array_equal(score, np.round(score, 1))
    assert not np.signbit(score).any()
    assert score.max() <= 0.6


def test_without_noise_the_truth_is_recorded(protocol_of, schedule_of):
    protocol = protocol_of(2, observation={"recording_sd": 0.0})
    recorded = watch(protocol, schedule_of(protocol, [(NO_ARM, 3)]), 1.23456)
    assert (recorded.score == 1.235).all()
    assert not recorded.score_missing.any()
    assert not recorded.missing_reason.any()
    assert recorded.self_report is None


def test_more_days_patients_and_arms_move_nothing(protocol_of, schedule_of, seed_design):
    missing = MISSING | {"mnar": 0}  # the only one that looks ahead
    protocol = protocol_of(40, observation={"missing": missing, "raters": RATERS, "self_report": {}})
    severity = np.linspace(2.5, 0.5, 140)
    whole = watch(protocol, schedule_of(protocol, seed_design), severity)
    fewer = watch(protocol, schedule_of(protocol, seed_design[:3], 33), severity[:84])
    for name in ("score", "self_report", "missing_reason", "image_missing"):
        np.testing.assert_array_equal(getattr(fewer, name), getattr(whole, name)[:33, :84], err_msg=name)
    for name in ("anna", "ben"):
        np.testing.assert_array_equal(fewer.raters[name], whole.raters[name][:33, :84])
    alone = watch(protocol_of(40, observation={"raters": RATERS[1:]}), schedule_of(protocol, seed_design), severity)
    np.testing.assert_array_equal(alone.complete["rater_ben"], whole.complete["rater_ben"])
    np.testing.assert_array_equal(alone.complete["score"], whole.complete["score"])


def test_gaps_blank_the_record_and_nothing_else(protocol_of, schedule_of, seed_design):
    protocol = protocol_of(60, observation={"missing": MISSING, "raters": RATERS, "self_report": {}})
    schedule = schedule_of(protocol, seed_design)
    recorded = watch(protocol, schedule, 2.0)
    assert 0.2 < recorded.score_missing.mean() < 0.9
    for name, complete in recorded.complete.items():
        seen = {"score": recorded.score, "self_report": recorded.self_report}.get(name)
        seen = recorded.raters[name.removeprefix("rater_")] if seen is None else seen
        np.testing.assert_array_equal(np.isnan(seen), recorded.score_missing)
        np.testing.assert_array_equal(seen[~recorded.score_missing], complete[~recorded.score_missing])
        assert np.isfinite(complete).all()
    image_only, score_only = (recorded.missing_reason == REASONS.index(name) for name in ("image_only", "score_only"))
    assert image_only.any()
    assert score_only.any()
    np.testing.assert_array_equal(recorded.image_missing & ~recorded.score_missing, image_only)
    np.testing.assert_array_equal(recorded.score_missing & ~recorded.image_missing, score_only)


def test_chunks_do_not_show(protocol_of, schedule_of, seed_design, monkeypatch):
    protocol = protocol_of(20, observation={"missing": MISSING, "raters": RATERS, "self_report": {}})
    schedule = schedule_of(protocol, seed_design)
    whole = watch(protocol, schedule, 1.5)
    monkeypatch.setattr(draws, "CHUNK", 7)
    pieces = watch(protocol, schedule, 1.5)
    for name, complete in whole.complete.items():
        np.testing.assert_array_equal(pieces.complete[name], complete, err_msg=name)
    np.testing.assert_array_equal(pieces.missing_reason, whole.missing_reason)


def test_occasions_share_leaving_and_bias_but_not_noise(protocol_of, schedule_of, seed_design):
    missing = {"dropout_per_day": 0.01, "vacation": 0.5, "mcar": 0.1}
    protocol = protocol_of(50, observation={"missing": missing, "self_report": {"noise_sd": 0.1}, "raters": RATERS})
    schedule = schedule_of(protocol, seed_design)
    one, two, again = (watch(protocol, schedule, 1.5, occasion) for occasion in (1, 2, 2))
    np.testing.assert_array_equal(two.complete["score"], again.complete["score"])
    noise = np.corrcoef(one.complete["score"].ravel(), two.complete["score"].ravel())[0, 1]
    assert abs(noise) < 0.05
    for name in ("drop_out", "vacation"):
        code = REASONS.index(name)
        np.testing.assert_array_equal(one.missing_reason == code, two.missing_reason == code)
    assert (one.missing_reason == 1).any()
    assert ((one.missing_reason == 1) != (two.missing_reason == 1)).any()
    own = [r.complete["self_report"].mean(axis=1) for r in (one, two)]
    assert np.corrcoef(*own)[0, 1] > 0.95


def test_rater_bias_is_fixed_and_noise_is_not(protocol_of, schedule_of):
    raters = [{"name": f"r{i}", "bias_sd": 0.3, "noise_sd": 0.2} for i in range(40)]
    protocol = protocol_of(60, observation={"raters": raters})
    shape = (60, 25)
    seen = watch(protocol, schedule_of(protocol, [(NO_ARM, 25)]), 1.0, n_inflammatory=np.full(shape, 400.0)).raters
    logs = np.log1p(np.stack(list(seen.values()))) - np.log(401.0)
    own = logs.mean(axis=(1, 2))
    assert own.std() == pytest.approx(0.3, rel=0.3)
    assert (logs - own[:, None, None]).std() == pytest.approx(0.2, rel=0.03)
    np.testing.assert_allclose(logs.mean(axis=2).std(axis=1), 0.2 / 5, rtol=0.35)  # no bias per patient


def test_unblinded_raters_hope_on_treated_days(protocol_of, schedule_of):
    quiet = {"bias_sd": 0.0, "noise_sd": 0.0}
    raters = [{"name": "open", "blinded": False, **quiet}, {"name": "blind", **quiet}]
    protocol = protocol_of(3, observation={"raters": raters}, treatments={"antibiotic": {"active": False}})
    seen = watch(protocol, schedule_of(protocol, [(NO_ARM, 2), (0, 2), (1, 2)]), 1.0).raters
    assert seen["blind"][0].tolist() == [30] * 6
    assert seen["open"][0].tolist() == [30, 30, 30, 30, 26, 26]  # 31 exp(-.15) - 1


@pytest.mark.parametrize(
    ("count", "nodules", "grade"),
    [(0, 0, 0), (1, 0, 1), (7, 0, 1), (8, 0, 2), (19, 0, 2), (20, 0, 3), (49, 2, 3), (50, 0, 4), (5, 1, 3), (5, 3, 4)],
)
def test_iga_is_cut_from_the_count_and_nodules_override(protocol_of, schedule_of, count, nodules, grade):
    protocol = protocol_of(1, observation={"raters": [{"name": "r", "scores": "iga", "bias_sd": 0, "noise_sd": 0}]})
    schedule = schedule_of(protocol, [(NO_ARM, 1)])
    truth = {"n_inflammatory": np.array([[count]]), "n_nodule": np.array([[nodules]])}
    assert watch(protocol, schedule, 1.0, **truth).raters["r"].item() == grade
    strict = watch(protocol, schedule, 1.0, **truth, iga_cuts=(0.5, 1.5, 19.5, 49.5)).raters["r"].item()
    assert strict == (2 if 2 <= count <= 7 and not nodules else grade)


def test_birth_rate_scores_come_from_the_first_counting_rater(protocol_of, schedule_of):
    raters = [RATERS[1], RATERS[0]]
    protocol = protocol_of(5, "clinical", observation={"raters": raters})
    schedule = schedule_of(protocol, [(NO_ARM, 10)])
    recorded = watch(protocol, schedule, 1.0, severity_of_count=lambda count: count / 20)
    expected = np.clip(recorded.complete["rater_anna"] / 20, 0, 3)
    np.testing.assert_array_equal(recorded.score, np.round(expected, 3))
    assert recorded.score.std() > 0.05
    uncounted = protocol_of(5, "clinical", observation={"raters": RATERS[1:]})
    assert (watch(uncounted, schedule, 1.0).score == 1.0).all()


def test_raters_need_counts_and_for_an_iga_its_cuts(protocol_of, schedule_of):
    protocol = protocol_of(1, "clinical", observation={"raters": RATERS})
    schedule = schedule_of(protocol, [(NO_ARM, 1)])
    with pytest.raises(ValueError, match="n_inflammatory"):
        watch(protocol, schedule, 1.0, n_inflammatory=None)
    with pytest.raises(ValueError, match="iga_cuts"):
        watch(protocol, schedule, 1.0, iga_cuts=())
    with pytest.raises(ValueError, match="severity_of_count"):
        watch(protocol, schedule, 1.0)


def test_self_report_spreads_remembers_and_rounds(protocol_of, schedule_of):
    def answers(**settings):
        protocol = protocol_of(400, observation={"self_report": settings})
        return watch(protocol, schedule_of(protocol, [(NO_ARM, 30)]), 1.2).self_report  # level 4 of 10

    exact = answers(noise_sd=0.0, bias_sd=0.0, round_share=0.0)
    assert (exact == 4).all()
    noisy = answers(noise_sd=1.2, bias_sd=0.0, memory=0.0, round_share=0.0)
    assert set(np.unique(noisy)) <= set(range(11))
    assert noisy.std() == pytest.approx(np.sqrt(1.2**2 + 1 / 12), rel=0.03)
    assert answers(noise_sd=0.0, bias_sd=1.0, memory=0.5, round_share=0.0)[:, 20:].std() == pytest.approx(1.0, rel=0.1)
    memory = answers(noise_sd=1.2, bias_sd=0.0, memory=0.6, round_share=0.0) - 4
    assert (memory[:, 1:] * memory[:, :-1]).mean() / memory.var() == pytest.approx(0.6, abs=0.05)
    fond = answers(noise_sd=0.0, bias_sd=0.0, memory=0.0, round_share=0.3)
    assert (fond == 5).mean() == pytest.approx(0.3, abs=0.02)
