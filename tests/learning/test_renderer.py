"""The learned renderer: what each kind of model is given, what is said of it, and that workers change nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nof1sim.errors import InputError, ModelNotAvailable, ProtocolError, RenderError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from nof1sim.learning import checkpoint as c  # noqa: E402
from nof1sim.learning.models import make_learner, make_options  # noqa: E402
from nof1sim.learning.places import LEARNED_VARIABLE, LearnedOptions, find, settle  # noqa: E402
from nof1sim.learning.renderer import CHANGED, LearnedRenderer  # noqa: E402
from nof1sim.model import Unit  # noqa: E402
from nof1sim.protocol import load_protocol, with_changes  # noqa: E402
from nof1sim.render.procedural import ProceduralRenderer  # noqa: E402
from nof1sim.simulation.driver import simulate  # noqa: E402
from nof1sim.simulation.plan import Plan  # noqa: E402
from nof1sim.simulation.renderers import check_images, make_renderer, seen_by  # noqa: E402

pytestmark = pytest.mark.usefixtures("stub")


def write(folder: Path, model: str, size: int = 32, shows: str = "invented", **options) -> Path:
    """A checkpoint of fresh weights."""
    learner = make_learner(model, make_options(model, options), size, 1)
    about = {"model": model, "options": options, "size_px": size, "channels": 3, "seed": 1, "data": {"shows": shows},
             "severity": {"column": "severity_true", "low": 0, "high": 3}}  # fmt: skip
    c.save(folder, about, c.weights_of(learner), None)
    return folder


def protocol_of(path, size=64, patients=2, **images):
    images = {"renderer": f"learned:{path}", "size_px": size, "format": "png", **images}
    design = {"baseline_days": 3, "period_days": 3, "cycles": 1}
    return with_changes(load_protocol("default"), cohort={"patients": patients}, design=design, images=images)


def views_of(protocol, *places):
    return [Plan(protocol).view(Unit(rank, day)) for rank, day in places]


def clear(view, nuisance=None):
    scene = replace(view.scene, lesions=view.scene.lesions.take(np.zeros(0, np.int64)))
    bare = replace(view, scene=scene)
    return ProceduralRenderer().render([bare if nuisance is None else replace(bare, nuisance=nuisance)])[0].pixels


def test_an_edit_keeps_the_unchanged_skin_of_the_day(tmp_path):
    protocol = protocol_of(write(tmp_path / "m", "stub-edit"), size=128)
    renderer = make_renderer(protocol.images)
    for view in views_of(protocol, (0, 1), (1, 5)):
        assert seen_by(renderer, view) == view  # the whole nuisance is in the picture
        found, before = renderer.render([view])[0], clear(view)
        differs = (found.pixels != before).any(-1)
        assert differs[:, :50].mean() > 0.5
        assert not differs[:, 72:].any()
        assert np.array_equal(found.support, np.where(differs, CHANGED, 0))
        assert not found.lesion.any()
        assert found.drawn["persistence"] == "soft"
        assert found.drawn["severity_asked"] > 0


def test_a_base_model_is_given_the_neutral_face_and_the_camera_does_the_rest(tmp_path):
    protocol = protocol_of(write(tmp_path / "m", "stub-base"), size=64)
    renderer = make_renderer(protocol.images)
    a, b = views_of(protocol, (0, 1), (0, 6))
    seen = [seen_by(renderer, view) for view in (a, b)]
    assert seen[0].nuisance.yaw_deg == 0
    assert a.nuisance.yaw_deg != 0
    still = [
        replace(view, nuisance=type(view.nuisance)(), scene=replace(view.scene, lesions=a.scene.lesions))
        for view in seen
    ]
    found = renderer.render(still)
    assert np.array_equal(found[0].pixels, found[1].pixels)  # equal severity, equal picture: nothing of the day
    assert not found[0].support.any()
    assert found[0].keypoints_px
    assert not np.array_equal(renderer.render(seen)[1].pixels, found[1].pixels)


def test_noise_is_the_persons_on_all_days_and_new_each_day(tmp_path):
    protocol = protocol_of(write(tmp_path / "m", "stub-noise"), nuisance={"preset": "none"})
    renderer = make_renderer(protocol.images)
    views = views_of(protocol, (0, 1), (0, 2), (1, 1))
    first, second, other = (found.pixels.astype(float).ravel() for found in renderer.render(views))
    assert np.corrcoef(first, second)[0, 1] > 0.95
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.2
    assert not np.array_equal(first, second)
    found = renderer.render(views[:1])[0]
    assert found.drawn["persistence"] == "none"
    assert not found.keypoints_px
    assert np.array_equal(found.pixels.ravel(), first)


def test_severity_is_the_inverse_of_the_conditions_count_map(tmp_path):
    path = write(tmp_path / "m", "stub-base")
    protocol = protocol_of(path)
    options, places = settle({"path": str(path)}, Plan(protocol).condition)
    assert set(options) == {"checkpoint", "counts"}
    assert places == {LEARNED_VARIABLE: str(path.resolve())}
    renderer = LearnedRenderer(LearnedOptions(path=str(path), counts=options["counts"]))
    plan = Plan(protocol)
    for day in (1, 4, 9):
        block = plan.block(0, 1)
        n = block.scores["n_inflammatory"][0, day - 1]
        want = plan.condition.severity_of_count(np.array([n]))[0] / 3
        assert renderer.severity(plan.scene(0, day).lesions) == pytest.approx(want, abs=2e-3)


def test_of_an_exanthem_every_lesion_that_counts_is_counted(tmp_path):
    path = write(tmp_path / "m", "stub-base")
    plan = Plan(load_protocol("exanthem_episode"))
    options, _ = settle({"path": str(path)}, plan.condition)
    renderer = LearnedRenderer(LearnedOptions(path=str(path), counts=options["counts"]))
    scores, most = plan.block(0, 1).scores, plan.condition.severity_of_count(np.array([np.inf]))[0]
    days = (1, int(scores["n_inflammatory"][0].argmax()) + 1)
    for day in days:
        n = scores["n_inflammatory"][0, day - 1]
        want = plan.condition.severity_of_count(np.array([n]))[0] / most
        assert renderer.severity(plan.scene(0, day).lesions) == pytest.approx(want, abs=2e-3)
    assert scores["n_macule"][0, days[1] - 1] > 0  # which are of no inflammatory stage of acne's


def test_what_learnt_from_photographs_says_so(tmp_path):
    """The protocol of a dataset repeats it, and cannot say otherwise."""
    path = write(tmp_path / "m", "stub-base", shows="photographs")
    assert LearnedRenderer.persons({"path": str(path)}) == "photographs"
    assert simulate(protocol_of(path, patients=1), tmp_path / "out", workers=1).complete
    from nof1sim.dataset.reader import open_dataset

    found = open_dataset(tmp_path / "out")
    assert found.manifest["persons"] == "photographs"
    assert found.manifest["consent"] == "none was stated."
    assert not any(b"--faces" in file.read_bytes() for file in (tmp_path / "out").rglob("*.md"))  # it takes no faces
    options = found.truth_manifest["protocol"]["images"]["renderer_options"]
    assert LearnedRenderer.persons(options) == "photographs"
    with pytest.raises(ModelNotAvailable, match=r"persons: got .invented.; allowed: photographs"):
        find(LearnedOptions.model_validate({**options, "persons": "invented"}), {LEARNED_VARIABLE: str(path)})


def test_workers_and_runs_give_the_same_dataset_that_knows_no_path(tmp_path):
    path = write(tmp_path / "secret" / "m", "cvae", width=16, code=4)
    protocol = protocol_of(path)
    for name, workers in (("one", 1), ("two", 2)):
        assert simulate(protocol, tmp_path / name, workers=workers).complete
    files = [
        {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("one", "two")
    ]
    images = [{key: data for key, data in some.items() if key.suffix == ".png"} for some in files]
    assert len(images[0]) == 3 * 2 * 9
    assert images[0] == images[1]
    assert not any(b"secret" in data for data in files[0].values())
    from nof1sim.dataset.reader import open_dataset
    from nof1sim.simulation.validation import validate

    kept = open_dataset(tmp_path / "one").truth_manifest["protocol"]["images"]
    assert kept["renderer"] == "learned"
    assert kept["renderer_options"]["checkpoint"] == c.open_checkpoint(path).sha256
    assert not [str(finding) for finding in validate(tmp_path / "one").findings]


def test_a_protocol_without_its_checkpoint_is_refused_before_it_draws(tmp_path, monkeypatch):
    one, two = write(tmp_path / "a", "stub-base"), write(tmp_path / "b", "stub-base", size=16, rate=0.5)
    wanted = {"renderer": "learned", "renderer_options": {"checkpoint": "0" * 64}}
    protocol = with_changes(protocol_of(one), images=wanted)
    monkeypatch.delenv(LEARNED_VARIABLE, raising=False)
    with pytest.raises(RenderError, match=LEARNED_VARIABLE):
        simulate(protocol, tmp_path / "out", workers=1)
    monkeypatch.setenv(LEARNED_VARIABLE, f"{two}:{one}")
    with pytest.raises(ModelNotAvailable, match="holds"):
        make_renderer(protocol.images)
    sha = c.open_checkpoint(one).sha256
    found = make_renderer(protocol.images.model_copy(update={"renderer_options": {"checkpoint": sha}}))
    assert found.checkpoint.folder == one


def test_bad_requests_are_letters(tmp_path):
    path = write(tmp_path / "m", "stub-base")
    with pytest.raises(InputError, match="no folder of that name"):
        simulate(protocol_of(tmp_path / "nothing"), tmp_path / "out", workers=1)
    with pytest.raises(ProtocolError, match="left"):
        check_images(protocol_of(path, views=["left"]))
    with pytest.raises(ProtocolError, match="checkpoint"):
        check_images(with_changes(protocol_of(path), images={"renderer": "learned"}))
    with pytest.raises(ModelNotAvailable, match="options of a LoRA"):
        LearnedRenderer(LearnedOptions.model_validate({"path": str(path), "lora": {}}))
    (tmp_path / "m.ckpt").write_bytes(b"")
    with pytest.raises(InputError, match="pickle"):
        simulate(protocol_of(tmp_path / "m.ckpt"), tmp_path / "out", workers=1)
