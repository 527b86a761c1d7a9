"""Where pictures are made: the models of this machine, a portrait for each patient. Tests bring their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nof1sim.errors import Fault, ModelNotAvailable, RenderError
from nof1sim.model import Lesions, Nuisance, Patient, View
from nof1sim.render.procedural.renderer import ProceduralRenderer
from nof1sim.render.skin.warp import from_5

from .components import Components, LoadOptions, ModelPaths, load_components
from .config import WHERE, DiffusionOptions, needed_models
from .extras import optional
from .faces import FaceIdentity, FaceReader, cosine, load_faces
from .inpaint import InpaintOptions, load_inpaint
from .jobs import Painter, PortraitJob
from .photographs import photograph_of
from .places import Places
from .portrait import make_portrait
from .presets import preset
from .registry import Resolved, resolve
from .sampler import MaskedSampler, PaintOptions

BASELINE = "img2img-daily"
"""The renderer whose portraits may come from any bundle with a face model."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A patient's clear face. pixels (s, s, 3); points_px: chart key points; identity: None without a face model.

    said : what the truth says of it (source, consent, likeness to the face that it was drawn from).
    """

    pixels: NDArray[np.uint8]
    points_px: Mapping[str, tuple[float, float]]
    identity: FaceIdentity | None
    said: Mapping[str, float | str] = field(default_factory=dict)


class Portraits(Protocol):
    """Makes a patient's portrait from any of their views."""

    def __call__(self, view: View) -> Portrait: ...


@dataclass(frozen=True, slots=True)
class Studio:
    """painter : paints regions.  portrait : of a view's patient.  reader : finds faces, or None.  said : the models."""

    painter: Painter
    portrait: Portraits
    reader: FaceReader | None = None
    said: Mapping[str, float | str] = field(default_factory=dict)


def open_studio(
    renderer: str,
    options: DiffusionOptions,
    places: Places | None = None,
    found: Mapping[str, Resolved] | None = None,
) -> Studio:
    """The models that a renderer needs, found on this machine and loaded. Nothing is downloaded.

    Parameters
    ----------
    renderer : `instantid` ...
    places : where to look; None: as the environment says.
    found : the models, where they are known already.

    Raises
    ------
    ModelNotAvailable
        Lists every model that is missing, and the command that gets them.
    """
    if options.bundle is not None and not options.bundle.startswith(renderer) and renderer != BASELINE:
        fault = Fault(f"{WHERE}.bundle", options.bundle, f"a bundle made for {renderer}", "Or leave it out.")
        raise RenderError(str(fault))
    places = places or Places.of()
    found = resolve(needed_models(renderer, options), places) if found is None else found
    said: dict[str, float | str] = {
        "models": ", ".join(f"{name}@{model.commit or 'local'}" for name, model in found.items()),
        "preset": options.preset,
        "dtype": options.dtype,
    }
    if renderer == "inpaint":
        return Studio(_inpainter(found, options), _procedural_portraits(options), None, said)
    models = load_components(_paths(found, options), _loading(options))
    reader = _reader(found)
    chosen = models.preset
    said |= {"device": models.device, "scheduler": chosen.scheduler, "steps": chosen.steps, "guidance": chosen.guidance}
    said |= {f"version_{name}": optional(name).__version__ for name in ("torch", "diffusers")}
    edit = options.edit
    painting = PaintOptions(
        window_px=edit.window_px, crop_scale=edit.crop_scale, batch_size=options.batch_size,
        novelty=edit.novelty, adapter_scale=edit.adapter, control_scale=edit.control,
    )  # fmt: skip
    return Studio(MaskedSampler(models, painting), _drawn_portraits(models, reader, options, places), reader, said)


def _loading(options: DiffusionOptions) -> LoadOptions:
    return LoadOptions(options.preset, precision=options.dtype, offload=options.offload, compile=options.compile)


def _paths(found: Mapping[str, Resolved], options: DiffusionOptions) -> ModelPaths:
    """Where each part lies. Names of models as in the registry."""

    def folder(*names: str) -> Any:
        return next((found[name].folder for name in names if name in found), None)

    adapter = next((found[name].file for name in ADAPTERS if name in found), None)
    few_step = next((found[name].file for name in FEW_STEP if name in found), None)
    grades = tuple(found[name].file for name in sorted(found) if name.startswith("acne") and name.endswith("-lora"))
    base = folder("sdxl-base", "sd15-base")
    return ModelPaths(
        base, folder("identitynet"), adapter, folder("sdxl-vae-fp16-fix"), folder("clip-vit-h"), few_step,
        grades if options.severity_lora else (),
    )  # fmt: skip


ADAPTERS = ("instantid-adapter", "ip-adapter-plus-face", "faceid-plusv2-sdxl", "faceid-plusv2-sd15")
FEW_STEP = ("lightning4", "lightning8", "hyper8", "lcm")
PACKS = ("antelopev2", "buffalo_l")
INPAINTERS = ("sdxl-inpaint", "flux2-klein")


def _reader(found: Mapping[str, Resolved]) -> FaceReader | None:
    pack = next((found[name] for name in PACKS if name in found), None)
    return None if pack is None else load_faces(pack.folder)


def _inpainter(found: Mapping[str, Resolved], options: DiffusionOptions) -> Painter:
    model = next(found[name] for name in INPAINTERS if name in found)
    load, chosen = _loading(options), preset(options.preset)
    painting = InpaintOptions(
        steps=chosen.steps, guidance=chosen.guidance, window_px=options.edit.window_px, batch_size=options.batch_size
    )
    return load_inpaint(model.folder, painting, load)


def clear_face(view: View, size_px: int) -> tuple[NDArray[np.uint8], dict[str, tuple[float, float]]]:
    """The procedural renderer's clear face of a patient, and its key points."""
    none: Lesions = view.scene.lesions.take(np.zeros(0, np.int64))
    bare = replace(
        view, scene=replace(view.scene, lesions=none), nuisance=Nuisance(), size_px=size_px, view="front", layers=()
    )
    render = ProceduralRenderer().render([bare])[0]
    return render.pixels, dict(render.keypoints_px)


def _procedural_portraits(options: DiffusionOptions) -> Portraits:
    """The procedural face itself: its key points are exact, and no face model is needed."""

    def portrait(view: View) -> Portrait:
        pixels, points = clear_face(view, options.portrait_px)
        return Portrait(pixels, points, None, {"portrait": "procedural"})

    return portrait


def _drawn_portraits(
    models: Components, reader: FaceReader | None, options: DiffusionOptions, places: Places
) -> Portraits:
    """A face by the model: seeded by text, by the procedural face or by a photograph, then kept to by its identity."""

    if reader is None:
        raise ModelNotAvailable(str(Fault("faces", "no face model", "the face pack of the bundle", "Pull it.")))

    def portrait(view: View) -> Portrait:
        where = f"patient {view.scene.patient.patient_id}, portrait"
        source, said = _source(models, view, options, places)
        seed_face = reader.analyse(source, f"{where} ({said['portrait']})")
        job = _job(view, options, identity=seed_face, face_picture=source)
        if options.portrait_source != "text":
            job = replace(job, source=source, strength=options.portrait.strength)
        pixels = make_portrait(models, job, options.portrait.adapter, options.portrait.control)
        identity = reader.analyse(pixels, where)
        said["portrait_cosine"] = round(cosine(identity, seed_face), 4)
        return Portrait(pixels, from_5(identity.kps_px.astype(float)), identity, said)

    return portrait


def _job(view: View, options: DiffusionOptions, **more: Any) -> PortraitJob:
    patient, words, size = view.scene.patient, options.prompts, options.portrait_px
    return PortraitJob(
        words.portrait_of(patient), words.portrait_negative, (size, size), view.seed, (patient.key, "portrait"), **more
    )


def _source(
    models: Components, view: View, options: DiffusionOptions, places: Places
) -> tuple[NDArray[np.uint8], dict[str, float | str]]:
    """The picture that gives a patient's identity, and what the truth says of it."""
    if options.portrait_source == "text":
        return make_portrait(models, _job(view, options)), {"portrait": "text"}
    if options.portrait_source == "procedural":
        return clear_face(view, options.portrait_px)[0], {"portrait": "procedural"}
    return _photograph(view.scene.patient, options, places)


def _photograph(
    patient: Patient, options: DiffusionOptions, places: Places
) -> tuple[NDArray[np.uint8], dict[str, float | str]]:
    """A patient's photograph as a square, and the consent that goes with it; RenderError if none is named."""
    named = options.photographs.get(patient.key)
    if named is None:
        advice = "Name one under images.renderer_options.photographs."
        raise RenderError(str(Fault(patient.key, None, "a photograph's sha256 and consent for each patient", advice)))
    picture = _square(photograph_of(patient.key, named, places), options.portrait_px)
    return picture, {"portrait": "photograph", "photograph_sha256": named.sha256, "consent": named.consent}


def _square(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """The middle square of a photograph, at the portrait's size."""
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side])
    return np.asarray(square.resize((size_px, size_px), Image.Resampling.LANCZOS))
