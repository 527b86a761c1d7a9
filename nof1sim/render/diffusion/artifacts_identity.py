"""Published identity adapters and face packs. The sources of all sizes and hashes stand in `artifacts`."""

from __future__ import annotations

from .artifacts_base import MB, exact, small
from .specs import ModelFile, ModelSpec

LANDMARKS_3D = "df5c06b8a0c12e422b2ed8947b8869faa4105387f199c477af038aa01f9a45cc"
LANDMARKS_2D = "f001b856447c413801ef5c42091ed0cd516fcd21f2d6b79635b1e733a7109dbf"
GENDERAGE = "4fde69b1c810857b88c64a335084f1c3fe8f01246c9a191b48c7bb756d6652fb"
SCRFD = "5838f7fe053675b1c7a08b633df49e7af5495cee0493c7dcf6697200b85b5b91"
GLINTR100 = "4ab1d6435d639628a6f3e5008dd4f929edf4c4124b1a7169e1048f9fef534cdf"
W600K = "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43"
SCRFD_BYTES = 16_923_827


def _pack(folder: str, detector: str, recogniser: ModelFile) -> tuple[ModelFile, ...]:
    return (
        exact(folder + detector, SCRFD_BYTES, SCRFD),
        recogniser,
        # The landmark networks find the points of a user's photographs; the one of attributes is never opened.
        ModelFile(f"{folder}1k3d68.onnx", 144 * MB, sha256=LANDMARKS_3D, optional=True),
        ModelFile(f"{folder}2d106det.onnx", 5 * MB, sha256=LANDMARKS_2D, optional=True),
        ModelFile(f"{folder}genderage.onnx", 1_300_000, sha256=GENDERAGE, optional=True),
    )


FACEID_REPO, FACEID_REVISION = "h94/IP-Adapter-FaceID", "43907e6f44d079bf1a9102d9a6e56aef7a219bae"
IP_REPO, IP_REVISION = "h94/IP-Adapter", "018e402774aeeddd60609b4ecdb7e298259dc729"
INSTANTID_REPO, INSTANTID_REVISION = "InstantX/InstantID", "57b32dfee076092ad2930c71fd6d439c2c3b1820"

IDENTITY = (
    ModelSpec(
        "identitynet",
        "InstantID's ControlNet: face tokens and five key points",
        INSTANTID_REPO,
        INSTANTID_REVISION,
        "instantid",
        (
            small("ControlNetModel/config.json"),
            exact(
                "ControlNetModel/diffusion_pytorch_model.safetensors",
                2_502_139_136,
                "c8127be9f174101ebdafee9964d856b49b634435cf6daa396d3f593cf0bbbb05",
            ),
        ),
        subfolder="ControlNetModel",
    ),
    ModelSpec(
        "instantid-adapter",
        "InstantID's adapter: embedding to face tokens",
        INSTANTID_REPO,
        INSTANTID_REVISION,
        "instantid",
        (
            exact(
                "ip-adapter.bin",
                1_691_134_141,
                "02b3618e36d803784166660520098089a81388e61a93ef8002aa79a5b1c546e1",
            ),
        ),
    ),
    ModelSpec(
        "antelopev2",
        "face detection and the embedding that InstantID takes (a third party's mirror)",
        "DIAMONIK7777/antelopev2",
        None,
        "insightface",
        _pack("", "scrfd_10g_bnkps.onnx", ModelFile("glintr100.onnx", 261 * MB, sha256=GLINTR100)),
    ),
    ModelSpec(
        "buffalo_l",
        "face detection and the embedding that FaceID takes (a third party's mirror)",
        "public-data/insightface",
        "33c1063c49c785b7652d3fd529f86fa4f149392b",
        "insightface",
        _pack("models/buffalo_l/", "det_10g.onnx", exact("models/buffalo_l/w600k_r50.onnx", 174_383_860, W600K)),
        subfolder="models/buffalo_l",
    ),
    ModelSpec(
        "ip-adapter-plus-face",
        "IP-Adapter Plus Face for SDXL: a picture of the face as prompt",
        IP_REPO,
        IP_REVISION,
        "apache-2.0",
        (
            ModelFile(
                "sdxl_models/ip-adapter-plus-face_sdxl_vit-h.safetensors",
                850 * MB,
                sha256="677ad8860204f7d0bfba12d29e6c31ded9beefdf3e4bbd102518357d31a292c1",
            ),
        ),
        subfolder="sdxl_models",
    ),
    ModelSpec(
        "clip-vit-h",
        "the image encoder of the plain adapters and of FaceID-Plus",
        IP_REPO,
        IP_REVISION,
        "apache-2.0",
        (small("models/image_encoder/config.json"), ModelFile("models/image_encoder/model.safetensors", 2_530 * MB)),
        subfolder="models/image_encoder",
    ),
    ModelSpec(
        "faceid-plusv2-sdxl",
        "IP-Adapter FaceID-PlusV2 for SDXL",
        FACEID_REPO,
        FACEID_REVISION,
        "faceid",
        (
            exact(
                "ip-adapter-faceid-plusv2_sdxl.bin",
                1_487_555_181,
                "c6945d82b543700cc3ccbb98d363b837e9c596281607857c74b713a876daf5fb",
            ),
        ),
    ),
    ModelSpec(
        "faceid-sdxl",
        "IP-Adapter FaceID for SDXL, which needs no image encoder",
        FACEID_REPO,
        FACEID_REVISION,
        "faceid",
        (ModelFile("ip-adapter-faceid_sdxl.bin", 1_071 * MB),),
    ),
    ModelSpec(
        "faceid-plusv2-sd15",
        "IP-Adapter FaceID-PlusV2 for SD1.5",
        FACEID_REPO,
        FACEID_REVISION,
        "faceid",
        (
            ModelFile(
                "ip-adapter-faceid-plusv2_sd15.bin",
                157 * MB,
                sha256="26d0d86a1d60d6cc811d3b8862178b461e1eeb651e6fe2b72ba17aa95411e313",
            ),
        ),
    ),
)
