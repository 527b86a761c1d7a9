"""From a study to effects: the published numbers, no look at the truth, and no patient who spoils the others."""

from __future__ import annotations

import json
import shutil
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nof1sim_test_studies import diary, study
from PIL import Image

from nof1sim.analysis.analyze import Settings, analyze
from nof1sim.analysis.result import Answer
from nof1sim.analysis.study import read_study
from nof1sim.analysis.text import files
from nof1sim.dataset.target import Target
from nof1sim.errors import AnalysisError, Nof1simError

QUICK = ("gls", "welch_t")
SCORES = Settings(tests=QUICK)
PIXELS = Settings(embedders=("texture",), tests=QUICK)


def pooled(answer: Answer, method: str):
    return next(effect for effect in answer.pooled if effect.method == method)


@pytest.fixture(scope="module")
def acne(seed_csv: Path):
    return analyze(read_study(seed_csv), Settings(contrast="Cream - Antibiotics", tests=QUICK))


def test_the_published_effect_on_all_days(acne) -> None:
    """Fits by R (nlme, lme4) of the same rows: .508 by a random intercept, .079 where AR(1) is added."""
    answer = acne.answers[0]
    for method, se in (("two_stage", 0.0760), ("mixed_intercept", 0.0238)):
        found = pooled(answer, method)
        assert (found.estimate, found.se) == (pytest.approx(0.5081, abs=5e-5), pytest.approx(se, abs=5e-5))
    mixed = pooled(answer, "mixed")
    assert (mixed.estimate, mixed.se) == (pytest.approx(0.079, abs=5e-4), pytest.approx(0.038, abs=5e-4))
    assert mixed.extra["phi"] == pytest.approx(0.96, abs=5e-3)
    assert mixed.estimand == "realised contrast"


def test_the_published_effect_is_warned_about(acne) -> None:
    answer = acne.answers[0]
    assert any("phi = 0.96 is above 0.9" in text for text in answer.warnings)
    leaning = [text for person in answer.people for text in person.warnings if "plain difference of means" in text]
    assert len(leaning) >= 8
    assert any("AR(1) regression says 0.251, the plain difference of means 0.667" in text for text in leaning)
    assert any("same sequence" in text for text in acne.warnings)


def test_the_published_effect_without_the_first_week(acne) -> None:
    first, beside = acne.answers[0].pooled[:2]
    assert (first.method, beside.method) == ("mixed_dropped", "two_stage_dropped")
    assert first.estimate == pytest.approx(0.81, abs=5e-3)
    assert beside.estimate == pytest.approx(0.847, abs=5e-4)
    assert first.estimand == "realised contrast, first 7 days of each period dropped"
    assert "lower bound" in first.note
    assert acne.carryover.drop_days == 7


def test_the_published_effect_in_the_steady_state(seed_csv: Path) -> None:
    known = {"tau_days": {"Antibiotics": 4, "Cream": 3}, "gamma_days": {"Antibiotics": 5, "Cream": 4}}
    found = analyze(read_study(seed_csv), Settings(contrast="Cream - Antibiotics", tests=QUICK, **known))
    answer = found.answers[0]
    first, beside = answer.pooled[:2]
    assert (first.method, first.estimand) == ("mixed_exposure", "steady state")
    assert first.estimate == pytest.approx(0.99, abs=5e-3)
    assert beside.estimate == pytest.approx(0.99, abs=5e-3)
    assert [person.effects[0].method for person in answer.people] == ["exposure_gls"] * 10
    assert all(any("bare treatment indicator" in text for text in person.warnings) for person in answer.people)
    swapped = analyze(read_study(seed_csv), Settings(contrast="Antibiotics - Cream", tests=QUICK, **known))
    assert swapped.answers[0].pooled[0].estimate == pytest.approx(-first.estimate, abs=1e-3)


def test_the_truth_is_not_needed(trial: Path) -> None:
    before = dict(files(analyze(read_study(trial), PIXELS)))
    shutil.rmtree(trial / "truth")
    after = dict(files(analyze(read_study(trial), PIXELS)))
    assert before == after


def test_the_truth_is_not_opened(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("read", "exists"):
        real = getattr(Target, name)

        def spy(self: Target, path: str, real=real) -> object:
            asked.append(path)
            return real(self, path)

        monkeypatch.setattr(Target, name, spy)
    analyze(read_study(simulated), PIXELS)
    assert sum(path.endswith(".jpg") for path in asked) == 105  # the spy sees what is read
    assert not [path for path in asked if "truth" in path]


def test_a_treatment_that_works_is_found_in_pictures(photos) -> None:
    found = analyze(read_study(photos()), Settings(embedders=("texture", "redness"), tests=QUICK))
    assert [answer.name for answer in found.answers] == ["texture", "redness", "score"]
    for answer in found.answers:
        effect = pooled(answer, "two_stage")
        assert effect.estimate < 0
        assert effect.p < 0.05
        assert len(answer.people) == 3
        assert all(person.effects[0].estimate < 0 for person in answer.people)


def test_the_recorded_score_is_not_seen_by_the_pictures(photos) -> None:
    home = photos()
    plain = analyze(read_study(home), PIXELS).answer("texture").scored.values
    table = pl.read_csv(home / "metadata.csv")
    table.with_columns(pl.col("score") * -7, pl.col("treatment").replace({"A": "B", "B": "A"})).write_csv(
        home / "metadata.csv"
    )
    other = analyze(read_study(home), PIXELS).answer("texture").scored.values
    assert np.array_equal(plain, other)


def test_equal_runs_give_equal_bytes(photos) -> None:
    home = photos()
    first, second = (dict(files(analyze(read_study(home), PIXELS))) for _ in range(2))
    assert {"result.json", "scores.csv", "patients.csv"} < set(first)
    assert first == second


def test_equal_seeds_train_equal_autoencoders(photos) -> None:
    pytest.importorskip("torch")
    home = photos(lambda frame: frame.filter(pl.col("day") % 3 == 0))
    asked = Settings(embedders=("autoencoder",), tests=QUICK, drop_days=0)
    first, second = (dict(files(analyze(read_study(home), asked))) for _ in range(2))
    assert first["scores.csv"] == second["scores.csv"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    frame = diary()
    later = pl.concat([frame.filter(pl.col("patient_id") == p).reverse() for p in ("p1", "p2", "p3")])
    one, two = (json.loads(dict(files(analyze(study(f.drop("image")), SCORES)))["result.json"]) for f in (frame, later))
    assert one == two


# Bad input: a letter, or a row that says why; the rest goes on.


def reason(frame: pl.DataFrame, patient: str = "p1") -> str:
    """What the report says of a patient without an estimate, when the others have one."""
    found = analyze(study(frame.drop("image")), SCORES)
    people = {person.patient_id: person for person in found.answers[0].people}
    spoilt = people.pop(patient)
    assert spoilt.shrunken is None
    assert all(np.isnan(effect.estimate) and effect.note for effect in spoilt.effects)
    assert all(np.isfinite(person.effects[0].estimate) for person in people.values())
    assert np.isfinite(found.answers[0].pooled[0].estimate)
    assert f"{patient}: " in found.answers[0].pooled[0].note
    list(files(found))
    return spoilt.effects[1].note


def of_p1(column: str, value: object) -> pl.Expr:
    return pl.when(pl.col("patient_id") == "p1").then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


def test_a_patient_without_any_value() -> None:
    assert "no day under 'B'" in reason(diary().with_columns(of_p1("score", None)))


def test_a_patient_with_a_constant_score() -> None:
    assert reason(diary().with_columns(of_p1("score", 1.5))) == "the score is constant"


def test_a_patient_with_one_treatment() -> None:
    only = (pl.col("patient_id") != "p1") | (pl.col("treatment") == "A")
    assert reason(diary().filter(only)) == "no day under 'B': one treatment only"


def test_a_patient_with_too_few_days_per_arm() -> None:
    few = (pl.col("patient_id") != "p1") | (pl.col("treatment") != "B") | pl.col("day").is_in([15, 16, 17])
    assert reason(diary().filter(few)) == "3 days under 'B', at least 4 are needed"


def test_one_patient_is_analysed_and_not_pooled() -> None:
    found = analyze(study(diary(1).drop("image")), SCORES)
    answer = found.answers[0]
    assert any(text.startswith("One patient") for text in found.warnings)
    assert all(np.isnan(effect.estimate) and effect.note for effect in answer.pooled)
    assert answer.people[0].effects[0].estimate == pytest.approx(-1.1, abs=0.2)
    list(files(found))


def test_default_number_of_dropped_days_leaves_enough() -> None:
    kinds = {length: analyze(study(diary(period_days=length).drop("image")), SCORES).carryover for length in (3, 5, 8)}
    assert (kinds[3].kind, kinds[5].drop_days, kinds[8].drop_days) == ("ignored", 3, 3)


def test_periods_too_short_for_dropping_have_rows_that_say_so() -> None:
    found = analyze(study(diary(period_days=3).drop("image")), replace(SCORES, drop_days=3))
    first = found.answers[0].pooled[0]
    assert np.isnan(first.estimate)
    assert first.note


def test_everyone_on_one_treatment() -> None:
    with pytest.raises(AnalysisError, match=r"treatment: got .*at least two labels"):
        analyze(study(diary().filter(pl.col("treatment") == "A")), SCORES)


def test_neither_photographs_nor_scores() -> None:
    for frame in (diary().drop("image", "score"), diary().drop("image").with_columns(score=None)):
        with pytest.raises(AnalysisError, match=r"neither photographs nor a score.*--score-column NAME"):
            analyze(study(frame), SCORES)


def test_pictures_that_are_left_alone_are_not_read() -> None:
    found = analyze(study(diary()), Settings(images=False, tests=QUICK))  # this study's reader fails
    assert [answer.name for answer in found.answers] == ["score"]


def spoil(home: Path, name: str, how: str) -> None:
    path = home / name
    if how == "text":
        path.write_text("not a picture")
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif how == "gone":
        path.unlink()
    elif how == "size":
        Image.open(path).resize((80, 64)).save(path)
    elif how == "grey":
        Image.open(path).convert("L").save(path)


@pytest.mark.parametrize(
    ("how", "letter"),
    [
        ("text", "images: got '2 that cannot be read'"),
        ("cut", "images: got '2 that cannot be read'"),
        ("gone", "images: got '2 that cannot be read'"),
        ("size", r"images: got '2 sizes'.*p1_002.png \(80 x 64\)"),
        ("grey", "images: got '2 of 105 grey'"),
    ],
)
def test_pictures_that_do_not_fit(photos, how: str, letter: str) -> None:
    home = photos()
    for name in ("p1_002.png", "p3_030.png"):
        spoil(home, name, how)
    with pytest.raises(AnalysisError, match=letter) as caught:
        analyze(read_study(home), PIXELS)
    assert "p1_002.png" in str(caught.value)
    assert "p3_030.png" in str(caught.value)


def test_all_that_is_wrong_with_pictures_is_told_at_once(photos) -> None:
    home = photos()
    for name, how in (("p1_002.png", "text"), ("p2_002.png", "size"), ("p3_002.png", "grey")):
        spoil(home, name, how)
    with pytest.raises(AnalysisError) as caught:
        analyze(read_study(home), PIXELS)
    assert all(name in str(caught.value) for name in ("p1_002.png", "p2_002.png", "p3_002.png"))


def test_grey_pictures_throughout_are_analysed(photos) -> None:
    home = photos()
    for path in home.glob("*.png"):
        spoil(home, path.name, "grey")
    found = analyze(read_study(home), Settings(embedders=("pca",), tests=QUICK))
    answer = found.answer("pca")
    assert answer.scored.score is not None
    assert answer.scored.score.anchor == "higher in the baseline"
    assert pooled(answer, "two_stage").estimate < 0
    with pytest.raises(AnalysisError, match=r"'grey'; allowed: colour.*--embedder pca"):
        analyze(read_study(home), Settings(embedders=("redness",), tests=QUICK))


def test_some_days_without_a_photograph(photos) -> None:
    missing = pl.when(pl.col("day") % 5 == 0).then(None).otherwise(pl.col("image")).alias("image")
    found = analyze(read_study(photos(lambda frame: frame.with_columns(missing))), PIXELS)
    assert [person.days for person in found.answer("texture").people] == [28] * 3
    assert [person.days for person in found.answer("score").people] == [35] * 3


def test_a_patient_without_photographs(photos) -> None:
    found = analyze(read_study(photos(lambda frame: frame.with_columns(of_p1("image", None)))), PIXELS)
    first, second, _ = found.answer("texture").people
    assert (first.days, second.days) == (0, 35)
    assert np.isnan(first.effects[0].estimate)
    assert first.effects[0].note
    assert np.isfinite(found.answer("score").people[0].effects[0].estimate)


def flat(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean((1, 2, 3))


def infinite(pixels: np.ndarray) -> np.ndarray:
    return np.full((len(pixels), 2), np.inf)


def one_less(pixels: np.ndarray) -> np.ndarray:
    return pixels.mean((1, 2))[:-1]


def words(pixels: np.ndarray) -> list[str]:
    return ["red"] * len(pixels)


def same(pixels: np.ndarray) -> np.ndarray:
    return np.ones((len(pixels), 3))


@pytest.mark.parametrize(
    ("model", "letter"),
    [
        (flat, r"got \(105,\); allowed: one vector a picture.*\(105, k\)"),
        (one_less, r"got \(104, 3\); allowed: one vector a picture"),
        (infinite, "got '105 of 105 vectors with NaN or infinity'; allowed: finite numbers"),
        (words, "allowed: an array of numbers"),
        (same, "vectors that never differ within a patient"),
    ],
)
def test_models_that_answer_nonsense(photos, monkeypatch: pytest.MonkeyPatch, model, letter: str) -> None:
    module = types.ModuleType("nof1sim_bad_model")
    module.embed = model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nof1sim_bad_model", module)
    with pytest.raises(AnalysisError, match=letter) as caught:
        analyze(read_study(photos()), Settings(embedders=("nof1sim_bad_model:embed",), tests=QUICK))
    assert "nof1sim_bad_model:embed" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "letter"),
    [
        ({"tests": ("glss",)}, "--tests: got 'glss'.*Did you mean"),
        ({"reduction": "pc1"}, "--reduction: got 'pc1'.*within_pc1"),
        ({"tau_days": {"A": 3}}, "--tau, --gamma.*Give both"),
        ({"tau_days": {"A": 3, "C": 3}, "gamma_days": {"A": 3}}, "--tau: got 'C'; allowed: A, B"),
        ({"tau_days": {"A": 3}, "gamma_days": {"A": 3}}, "--tau: got .*; allowed: days for B as well"),
        ({"tau_days": {"A": 3, "B": -1}, "gamma_days": {"A": 3, "B": 3}}, "tau.*-1"),
        ({"tau_days": {"A": 3, "B": np.nan}, "gamma_days": {"A": 3, "B": 3}}, "tau.*nan"),
        ({"drop_days": -3}, "--drop-days: got -3"),
        ({"seed": -1}, "--seed: got -1"),
        ({"contrast": "A - C"}, "--contrast: got 'A - C'"),
    ],
)
def test_settings_that_make_no_sense(settings: dict, letter: str) -> None:
    with pytest.raises(Nof1simError, match=letter):
        analyze(study(diary().drop("image")), Settings(**settings))


def test_an_embedder_that_nobody_knows(photos) -> None:
    with pytest.raises(Nof1simError, match=r"--embedder: got 'textur'.*Did you mean 'texture'\?"):
        analyze(read_study(photos()), Settings(embedders=("textur",)))


def test_estimated_lags_stand_beside_and_never_first() -> None:
    found = analyze(study(diary().drop("image")), replace(SCORES, estimate_lags=True)).answers[0]
    assert found.pooled[-1].method == "two_stage_exposure_searched"
    assert all(person.effects[-1].method == "exposure_searched" for person in found.people)
    assert all(person.effects[0].method != "exposure_searched" for person in found.people)
