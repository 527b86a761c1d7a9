"""Trials on photographs: the same bytes however they are made, what the datasets say, and every bad folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_photos import SIZE, points, portrait, write_photo, write_photos
from PIL import Image

from nof1sim.dataset.datasheet import datasheet
from nof1sim.dataset.images import opened
from nof1sim.dataset.reader import Dataset, open_dataset
from nof1sim.errors import InputError, ProtocolError, RenderError
from nof1sim.protocol import load_protocol, with_changes
from nof1sim.render.portrait.photograph import cropped, read_photograph
from nof1sim.render.portrait.sitting import square
from nof1sim.simulation.driver import simulate
from nof1sim.simulation.faces import faces_from
from nof1sim.simulation.people import fitzpatrick_of
from nof1sim.simulation.request import Job, prepare
from nof1sim.simulation.validation import validate
from nof1sim.simulation.verify import verify

CONSENT = "signed form v2, item 4"
PX = 96


def request(folder: Path, patients: int = 2, **more: Any) -> Job:
    given: dict[str, Any] = {"consent": CONSENT, "days": 6} | more
    images = {"renderer": "portrait", "size_px": PX, "format": "png", "nuisance": {"preset": "none"}}
    return prepare(patients=patients, faces=folder, images=images, **given)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_photos(tmp_path_factory.mktemp("faces") / "photos")


@pytest.fixture(scope="module")
def job(photos: Path) -> Job:
    return request(photos)


@pytest.fixture(scope="module")
def trial(job: Job, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 patients, 6 days, no nuisance, PNG. Do not change it."""
    out = tmp_path_factory.mktemp("portrait") / "trial"
    with faces_from(photos):
        simulate(job.protocol, out, workers=1)
    return out


@pytest.fixture(scope="module")
def dataset(trial: Path) -> Dataset:
    return open_dataset(trial)


def test_outside_the_masks_the_photograph_is_untouched(dataset: Dataset, photos: Path) -> None:
    bases = []
    for name, person in (("anna.png", 0), ("bela.jpg", 1)):
        photograph = read_photograph(photos / name)
        bases.append(cropped(photograph, square(photograph, points(person)), PX).pixels)
    touched = 0
    for unit in dataset.units():
        differ = (dataset.image(unit) != bases[unit.rank]).any(-1)
        assert not (differ & (dataset.mask(unit, support=True) == 0)).any(), unit
        touched += int(differ.sum())
    assert touched > 1000
    assert dataset.truth_manifest["quality"]["outside_support_max"] == 0


def test_the_same_bytes_with_two_workers_and_after_a_stop(job: Job, photos: Path, trial: Path, tmp_path: Path) -> None:
    wanted = files(trial)
    with faces_from(photos):
        simulate(job.protocol, tmp_path / "two", workers=2, shard="0/2")
        assert not simulate(job.protocol, tmp_path / "two", workers=2, shard="0/2").complete
        simulate(request(photos).protocol, tmp_path / "two", workers=2)
    assert files(tmp_path / "two") == wanted


def test_the_dataset_is_sound_and_can_be_drawn_again(
    trial: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOF1SIM_FACES", raising=False)
    with faces_from(photos):
        found = validate(trial, redraw=2)
        assert found.valid, found.findings
        assert verify(trial, 2).same
    assert validate(trial).valid  # which needs no photograph
    with pytest.raises(RenderError, match="--faces DIR, or NOF1SIM_FACES"):
        verify(trial, 2)


def test_it_says_that_the_persons_are_real(trial: Path, dataset: Dataset) -> None:
    assert dataset.manifest["persons"] == "photographs"
    assert dataset.manifest["consent"] == CONSENT
    card, sheet = (trial / "README.md").read_text(), datasheet(dataset)
    for text in (card, sheet):
        assert "edited photographs of real persons" in text
        assert CONSENT in text
        assert "no person, face or patient is real" not in text
        assert "invented" not in text
        assert "drawn from random numbers" not in text
    image = opened(dataset.read(dataset.path(dataset.units()[0])))
    assert image.getexif()[270] == "Edited photograph of a real person: the lesions are synthetic. Not for diagnosis."
    assert "compositeSynthetic" in image.info["XML:com.adobe.xmp"]


def test_of_the_persons_only_their_skin_is_known(dataset: Dataset) -> None:
    people = dataset.truth("patients")
    assert people["age_years"].null_count() == people["sex"].null_count() == 2
    fair, dark = people["ita_deg"].to_list()
    assert fair > 30 > 0 > dark
    assert people["fitzpatrick"].to_list() == [fitzpatrick_of(fair), fitzpatrick_of(dark)]


@pytest.mark.parametrize(("ita_deg", "number"), [(70, 1), (50, 2), (30, 3), (20, 4), (0, 5), (-40, 6), (-80, 6)])
def test_skin_types_by_tone(ita_deg: float, number: int) -> None:
    assert fitzpatrick_of(ita_deg) == number


def test_nothing_of_the_photographs_files_is_kept(trial: Path) -> None:
    every = b"".join(files(trial).values())
    assert b"anna" not in every
    assert b"bela" not in every
    assert str(trial.parent).encode() not in every


def test_names_of_files_and_patients(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "named", ("2.png", "1.jpg", "other.png"))
    write_photo(folder / "other.png", 0)
    shades = [one["ita_deg"] for one in request(folder).protocol.images.renderer_options["photographs"]]
    assert shades[0] < 0 < shades[1]  # 1.jpg is the second person, and patient 1's
    said = request(folder, patients=1)
    assert "3 photographs, 1 patients" in said.notes[-1]


def test_the_digest_depends_on_pictures_and_points_alone(job: Job, photos: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for old, new in (("anna.png", "a.png"), ("bela.jpg", "b.jpg")):
        shutil.copy(photos / old, moved / new)
        shutil.copy(photos / f"{old}.landmarks.json", moved / f"{new}.landmarks.json")
    assert request(moved).protocol.digest == job.protocol.digest
    document = json.loads((moved / "a.png.landmarks.json").read_text())
    document["points_px"]["menton"][1] -= 3
    (moved / "a.png.landmarks.json").write_text(json.dumps(document))
    assert request(moved).protocol.digest != job.protocol.digest


def test_made_again_from_its_own_protocol(trial: Path, photos: Path) -> None:
    again = prepare(trial / "truth" / "manifest.json", faces=photos)
    assert again.protocol.digest == open_dataset(trial).manifest["digest"]
    with pytest.raises(InputError, match=f"--consent: got 'other'; allowed: .{CONSENT}"):
        prepare(trial / "truth" / "manifest.json", faces=photos, consent="other")
    with pytest.raises(ProtocolError, match=r"cohort\.patients: got 3; allowed: at most 2, the photographs"):
        simulate(prepare(trial / "truth" / "manifest.json", patients=3, faces=photos).protocol, trial.parent / "more")


def test_photographs_that_were_exchanged(job: Job, tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", ("anna.png", "bela.jpg", "c.png"))
    (folder / "anna.png").unlink()
    with faces_from(folder), pytest.raises(RenderError, match=r"photograph of patient 1.*the very files"):
        simulate(job.protocol, tmp_path / "trial", workers=1)
    assert not (tmp_path / "trial").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"patients": 3}, "2 photographs'; allowed: one for each of 3 patients. Add 1 more, or simulate fewer"),
        ({"consent": None}, "--consent: got None.*personal data"),
        ({"consent": "  "}, "--consent"),
    ],
)
def test_requests_that_are_refused(photos: Path, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        request(photos, **more)


def test_no_folder_and_no_photographs(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOF1SIM_FACES", raising=False)
    with pytest.raises(InputError, match="--faces: got None; allowed: a folder"):
        prepare(images={"renderer": "portrait"}, consent=CONSENT)
    with pytest.raises(InputError, match="no picture"):
        request(tmp_path)
    with pytest.raises(InputError, match="a folder of photographs that exists"):
        request(tmp_path / "none")
    with pytest.raises(InputError, match=r"--faces: .*Add --renderer portrait"):
        prepare(patients=1, days=6, faces=photos, consent=CONSENT)
    protocol = with_changes(load_protocol("default"), images={"renderer": "portrait"})
    with pytest.raises(ProtocolError, match=r"renderer_options\.consent"):
        simulate(protocol, tmp_path / "trial")
    monkeypatch.setenv("NOF1SIM_FACES", str(photos))
    images = {"renderer": "portrait", "size_px": PX}
    assert prepare(patients=1, days=6, consent=CONSENT, images=images).protocol.images.renderer_options["photographs"]


def _pictures(folder: Path) -> None:
    """One good photograph and one of each kind of bad one."""
    good = portrait(0).pixels
    write_photos(folder, ("a_good.png",))
    image = Image.fromarray(good)
    image.convert("L").save(folder / "b_grey.png")
    image.convert("CMYK").save(folder / "c_cmyk.jpg")
    image.resize((40, 40)).save(folder / "d_tiny.png")
    Image.fromarray(good[..., 0].astype(np.uint16) * 200).save(folder / "e_deep.png")
    (folder / "f_torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 torn")
    write_photo(folder / "g_bare.png", 1, sidecar=False)
    shutil.copy(folder / "a_good.png", folder / "h_twice.png")
    shutil.copy(folder / "a_good.png.landmarks.json", folder / "h_twice.png.landmarks.json")
    wrong = {name: (float(y), float(x)) for name, (x, y) in points(0).items()}
    for name, at in (("i_wrong.png", wrong), ("j_other.png", points(0))):
        image.rotate(1).save(folder / name)
        document = {"points_px": {k: list(map(float, v)) for k, v in at.items()}, "size_px": [SIZE, SIZE]}
        document["size_px"] = [300, 300] if name == "j_other.png" else document["size_px"]
        (folder / f"{name}.landmarks.json").write_text(json.dumps(document))


def test_all_bad_photographs_are_listed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NOF1SIM_MODELS", raising=False)
    folder = tmp_path / "photos"
    folder.mkdir()
    _pictures(folder)
    with pytest.raises(InputError) as told:
        request(folder, patients=10)
    lines = dict(line.strip().split(": ", 1) for line in str(told.value).splitlines()[1:] if line.startswith("  "))
    assert str(told.value).startswith("--faces: 9 of 10 photographs cannot be used; nothing was drawn.")
    wanted = {"b_grey.png": "grey", "c_cmyk.jpg": "CMYK", "d_tiny.png": "40 x 40", "e_deep.png": "16 bits",
              "f_torn.jpg": "whole picture", "g_bare.png": "nof1sim landmarks FILE", "h_twice.png": "the same picture",
              "i_wrong.png": "mirror", "j_other.png": "size of the photograph"}  # fmt: skip
    assert set(lines) == set(wanted)
    for name, words in wanted.items():
        assert words in lines[name], (name, lines[name])


def test_the_command_line(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from nof1sim.cli import app

    monkeypatch.delenv("NOF1SIM_FACES", raising=False)
    out, run = tmp_path / "trial", CliRunner().invoke
    words = ["simulate", "--patients", "1", "--days", "3", "--size", str(PX), "--renderer", "portrait",
             "--workers", "1", "--consent", CONSENT, "--faces", str(photos), "--out", str(out)]  # fmt: skip
    made = run(app, words)
    assert made.exit_code == 0, made.output
    drawn = run(app, ["image", "--dataset", str(out), "--patient", "1", "--day", "2", "--faces", str(photos),
                      "--out", str(tmp_path / "p1.jpg")])  # fmt: skip
    assert drawn.exit_code == 0, drawn.output
    dataset = open_dataset(out)
    assert (tmp_path / "p1.jpg").read_bytes() == dataset.read(dataset.path(dataset.units()[1]))
    assert run(app, ["verify", str(out), "--sample", "1", "--faces", str(photos)]).exit_code == 0
    assert isinstance(run(app, ["verify", str(out), "--sample", "1"]).exception, RenderError)


def test_photographs_without_landmarks_are_listed(photos: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from nof1sim.cli import app

    run = CliRunner().invoke
    assert run(app, ["landmarks", str(photos), "--check"]).output.endswith("2 of 2 photographs have landmarks.\n")
    bare = write_photo(tmp_path / "bare.png", 0, sidecar=False)
    (tmp_path / "torn.png").write_bytes((photos / "anna.png").read_bytes())
    (tmp_path / "torn.png.landmarks.json").write_text("{")
    told = run(app, ["landmarks", str(tmp_path), "--check"])
    assert told.exit_code == 1
    assert f"{bare}: no landmarks" in told.output
    assert "torn.png.landmarks.json: cannot be read" in told.output
    assert isinstance(run(app, ["landmarks", str(tmp_path / "none")]).exception, InputError)
    assert isinstance(run(app, ["landmarks"]).exception, InputError)
    assert "pupil_left" in run(app, ["landmarks", "--names"]).output
