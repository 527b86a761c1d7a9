"""The table of models is consistent, and files are found wherever a user may reasonably have put them."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nof1sim.errors import ModelNotAvailable, UnknownNameError
from nof1sim.render.diffusion import given
from nof1sim.render.diffusion.artifacts import BUNDLES, SPECS
from nof1sim.render.diffusion.licences import LICENCES
from nof1sim.render.diffusion.lock import Lock, LockedFile, LockedModel, read_lock, write_lock
from nof1sim.render.diffusion.places import LOCK_NAME, Places, hub_cache
from nof1sim.render.diffusion.registry import find, resolve, spec_of, specs_of
from nof1sim.render.diffusion.specs import ModelFile, ModelSpec
from nof1sim.render.diffusion.tables import licence_table
from nof1sim.render.diffusion.verify import CHUNK, sha256_of

HEX = re.compile(r"[0-9a-f]+")
DOCS = Path(__file__).parents[3] / "docs" / "diffusion.md"


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_a_spec_is_consistent(spec: ModelSpec) -> None:
    assert spec.licence in LICENCES
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", spec.repo)
    assert spec.revision is None or (len(spec.revision) == 40 and HEX.fullmatch(spec.revision))
    paths = [file.path for file in spec.files]
    assert len(set(paths)) == len(paths) > 0
    assert all(path.startswith(f"{spec.subfolder}/") for path in paths) or not spec.subfolder
    for file in spec.files:
        assert not file.path.startswith("/")
        assert file.sha256 is None or (len(file.sha256) == 64 and HEX.fullmatch(file.sha256))
        assert file.about_bytes > 0
        assert file.size_bytes is None or file.size_bytes == file.about_bytes
    assert 1e6 < spec.about_bytes < 60e9


def test_bundles_name_known_models_and_fit_together() -> None:
    for bundle in BUNDLES.values():
        assert set(bundle.artifacts) <= set(SPECS)
        assert bundle.name not in SPECS or bundle.artifacts == (bundle.name,)
        bases = {name for name in bundle.artifacts if name.endswith("-base")}
        assert len(bases) <= 1
        packs = {name for name in bundle.artifacts if name in ("antelopev2", "buffalo_l")}
        assert packs == (
            {"antelopev2"} if bundle.name == "instantid" else {"buffalo_l"} if "ip-adapter" in bundle.name else set()
        )


def test_different_files_have_different_hashes() -> None:
    shared = {"1k3d68.onnx", "2d106det.onnx", "genderage.onnx", "scrfd_10g_bnkps.onnx", "det_10g.onnx"}
    named: dict[str, set[str]] = {}
    for spec in SPECS.values():
        for file in spec.files:
            if file.sha256:
                named.setdefault(file.sha256, set()).add(spec.artifact if file.name not in shared else "packs")
    assert all(len(artifacts) == 1 for artifacts in named.values())


def test_the_published_sizes() -> None:
    """Two numbers that the layout of InstantID's files predicts: data, and what the published files have beyond it."""
    assert SPECS["instantid-adapter"].files[0].size_bytes == 1_691_063_296 + 70_845
    assert SPECS["identitynet"].files[1].size_bytes == 2_502_139_136


def test_research_only_weights_need_acceptance() -> None:
    for name in ("identitynet", "instantid-adapter", "antelopev2", "buffalo_l", "faceid-plusv2-sdxl", "acne3-lora"):
        assert LICENCES[SPECS[name].licence].needs_acceptance, name
    assert not LICENCES[SPECS["sdxl-base"].licence].needs_acceptance


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'instantid'"):
        specs_of(["instantd"])
    with pytest.raises(UnknownNameError, match="sdxl-base"):
        spec_of("sdxl")
    assert [spec.artifact for spec in specs_of(["instantid", "sdxl-base"])][:2] == ["sdxl-base", "sdxl-vae-fp16-fix"]
    assert len(specs_of(["instantid", "ip-adapter"])) == 8


def test_the_docs_show_this_table() -> None:
    assert licence_table() in DOCS.read_text(encoding="utf-8"), "paste the output of: nof1sim models list --markdown"


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def places(tmp_path: Path, models: bool = True) -> Places:
    if models:
        (tmp_path / "models").mkdir(exist_ok=True)
    return Places(tmp_path / "models" if models else None, tmp_path / "cache")


@pytest.mark.parametrize(
    ("artifact", "names", "folder"),
    [
        ("instantid-adapter", ["instantid-adapter/ip-adapter.bin"], "instantid-adapter"),
        ("instantid-adapter", ["ip-adapter.bin"], "."),
        ("instantid-adapter", ["InstantID/ip-adapter.bin"], "InstantID"),
        (
            "identitynet",
            ["InstantID/ControlNetModel/config.json", "InstantID/ControlNetModel/diffusion_pytorch_model.safetensors"],
            "InstantID/ControlNetModel",
        ),
        ("identitynet", ["identitynet/config.json", "identitynet/diffusion_pytorch_model.safetensors"], "identitynet"),
        ("buffalo_l", ["buffalo_l/det_10g.onnx", "buffalo_l/w600k_r50.onnx"], "buffalo_l"),
        ("ip-adapter-plus-face", ["ip-adapter-plus-face_sdxl_vit-h.safetensors"], "."),
        ("acne2-lora", ["acne2_LoRA_filtered_all/pytorch_lora_weights.safetensors"], "acne2_LoRA_filtered_all"),
    ],
)
def test_a_folder_of_the_users(tmp_path: Path, artifact: str, names: list[str], folder: str) -> None:
    here = places(tmp_path)
    put(tmp_path / "models", *names)
    model = resolve([artifact], here)[artifact]
    assert model.folder == tmp_path / "models" / folder
    assert (model.source, model.commit) == ("models directory", None)
    assert model.file.is_file()


def test_common_names_alone_say_nothing(tmp_path: Path) -> None:
    here = places(tmp_path)
    put(tmp_path / "models", "pytorch_lora_weights.safetensors", "config.json", "diffusion_pytorch_model.safetensors")
    assert all(find(SPECS[name], here) is None for name in ("acne0-lora", "lcm", "sdxl-vae-fp16-fix", "identitynet"))


def test_the_layout_that_diffusers_saves_has_no_variant(tmp_path: Path) -> None:
    here = places(tmp_path)
    spec = SPECS["sdxl-base"]
    required = [file for file in spec.files if not file.optional]
    put(tmp_path / "models" / "sdxl-base", *(file.spellings[-1] for file in required))
    plain = resolve(["sdxl-base"], here)["sdxl-base"]
    assert (plain.variant, plain.folder) == (None, tmp_path / "models" / "sdxl-base")
    put(tmp_path / "models" / "sdxl-base", *(file.path for file in required))
    assert resolve(["sdxl-base"], here)["sdxl-base"].variant == "fp16"


def test_the_hub_cache_at_the_pinned_commit_only(tmp_path: Path) -> None:
    here = places(tmp_path, models=False)
    spec = SPECS["instantid-adapter"]
    repo = here.cache / "models--InstantX--InstantID"
    put(repo, "refs/main", f"snapshots/{'a' * 40}/ip-adapter.bin")
    with pytest.raises(ModelNotAvailable, match=f"the cache has commit aaaaaaaaaaaa, pinned is {spec.revision[:12]}"):
        resolve(["instantid-adapter"], here)
    put(repo, f"snapshots/{spec.revision}/ip-adapter.bin")
    assert resolve(["instantid-adapter"], here)["instantid-adapter"].commit == spec.revision
    locked = LockedModel(spec.repo, "a" * 40, "2026-01-01", {})
    write_lock(here.cache / LOCK_NAME, Lock().with_model("instantid-adapter", locked))
    assert resolve(["instantid-adapter"], here)["instantid-adapter"].commit == "a" * 40


def test_what_is_missing_is_told_together(tmp_path: Path) -> None:
    here = places(tmp_path)
    put(tmp_path / "models" / "identitynet", "config.json")
    put(tmp_path / "models" / "antelopev2" / "antelopev2", "scrfd_10g_bnkps.onnx", "glintr100.onnx")
    with pytest.raises(ModelNotAvailable) as caught:
        resolve(["instantid"], here)
    text = str(caught.value)
    assert "identitynet (InstantX/InstantID): missing ControlNetModel/diffusion_pytorch_model.safetensors\n" in text
    assert "a folder within a folder of the same name; move its files up" in text
    assert "`nof1sim models pull instantid --accept-license`" in text
    assert all(name in text for name in ("sdxl-base", "instantid-adapter", "antelopev2", "NOF1SIM_MODELS"))


def test_places_come_from_options_and_environment(tmp_path: Path) -> None:
    environ = {"NOF1SIM_MODELS": str(tmp_path), "HF_HOME": "/hf"}
    assert Places.of(environ=environ) == Places(tmp_path, Path("/hf/hub"))
    assert Places.of(tmp_path, tmp_path / "c", {}) == Places(tmp_path, tmp_path / "c")
    assert hub_cache({"HF_HUB_CACHE": "/x", "HF_HOME": "/hf"}) == Path("/x")
    assert hub_cache({}) == Path("~/.cache/huggingface/hub").expanduser()
    with pytest.raises(ModelNotAvailable, match=r"--models: got .*none"):
        Places.of(tmp_path / "none", environ={})


def test_the_hub_agrees_where_its_cache_is() -> None:
    pytest.importorskip("huggingface_hub")
    code = "import huggingface_hub.constants as c; from nof1sim.render.diffusion.places import hub_cache as h; "
    found = subprocess.run(
        [sys.executable, "-c", code + "print(str(h()) == c.HF_HUB_CACHE)"], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "True"


def test_the_lock_file_survives_a_round_trip_and_says_when_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "deep" / LOCK_NAME
    model = LockedModel("a/b", None, "2026-01-02", {"x.bin": LockedFile(3, "f" * 64)})
    lock = Lock().with_model("toy", model).with_accepted(["faceid"], "2026-01-02")
    write_lock(path, lock)
    assert read_lock(path) == lock.with_accepted(["faceid"], "2027-01-01")  # the first day stays
    assert [file.name for file in path.parent.iterdir()] == [LOCK_NAME]
    path.write_text("{}")
    with pytest.raises(ModelNotAvailable, match="Remove it; `nof1sim models pull` writes it again"):
        read_lock(path)


def test_hashing_streams(tmp_path: Path) -> None:
    import hashlib

    data = b"ab" * (CHUNK // 2) + b"c"
    (tmp_path / "x").write_bytes(data)
    heard: list[int] = []
    assert sha256_of(tmp_path / "x", heard.append) == hashlib.sha256(data).hexdigest()
    assert heard == [CHUNK, 1]


TOY_PACK = ModelSpec(
    "toy-pack", "a toy", "a/b", None, "insightface",
    (
        ModelFile("inner/a.onnx", 3, 3, "f" * 64),
        ModelFile("inner/b.onnx", 3),
        ModelFile("inner/c.onnx", 3, optional=True),
    ),
    subfolder="inner",
)  # fmt: skip


@pytest.mark.parametrize("wrapped", ["", "toy-pack/", "x/toy-pack/"])
@pytest.mark.parametrize("zipped", [False, True])
def test_files_that_the_user_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrapped: str, zipped: bool) -> None:
    from dataclasses import replace

    spec = replace(TOY_PACK, files=(replace(TOY_PACK.files[0], sha256=None), *TOY_PACK.files[1:]))
    source = put(tmp_path / "source", f"{wrapped}a.onnx", f"{wrapped}b.onnx", "other.onnx")
    if zipped:
        with zipfile.ZipFile(tmp_path / "source.zip", "w") as archive:
            for path in source.rglob("*.onnx"):
                archive.write(path, path.relative_to(source).as_posix())
        source = tmp_path / "source.zip"
    here = places(tmp_path)
    with pytest.raises(ModelNotAvailable, match="--accept-license"):
        given.take(spec, source, here)
    step = given.take(spec, source, here, accepted=True)
    assert (step.state, step.commit) == ("fetched", None)
    monkeypatch.setitem(SPECS, "toy-pack", spec)
    folder = resolve(["toy-pack"], here)["toy-pack"].folder
    assert folder == tmp_path / "models" / "toy-pack"
    assert sorted(path.name for path in folder.iterdir()) == ["a.onnx", "b.onnx"]
    assert list(read_lock(tmp_path / "models" / LOCK_NAME).accepted) == ["insightface"]
    with pytest.raises(ModelNotAvailable, match="Remove it first"):
        given.take(spec, source, here)


def test_files_of_another_network_are_not_taken(tmp_path: Path) -> None:
    here, source = places(tmp_path), put(tmp_path / "source", "a.onnx", "b.onnx")
    with pytest.raises(ModelNotAvailable, match=r"not toy-pack:\s+inner/a.onnx: sha256 [\s\S]*another network"):
        given.take(TOY_PACK, source, here, accepted=True)
    with pytest.raises(ModelNotAvailable, match=r"needs inner/b.onnx; found there: a.onnx"):
        given.take(TOY_PACK, put(tmp_path / "half", "a.onnx"), here, accepted=True)
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(ModelNotAvailable, match="a folder, or a zip file"):
        given.take(TOY_PACK, tmp_path / "x.zip", here, accepted=True)
    with pytest.raises(ModelNotAvailable, match="Give --models DIR"):
        given.take(TOY_PACK, source, places(tmp_path, models=False), accepted=True)
    assert list((tmp_path / "models").iterdir()) == []
