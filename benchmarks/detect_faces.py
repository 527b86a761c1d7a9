"""Whether an independent detector finds the faces: a smoke test, no judge of realism.

    python benchmarks/detect_faces.py trial/images

mediapipe 0.10.21 carries its models in the wheel but wants numpy < 2, so it needs an environment of its own
(`pip install mediapipe==0.10.21 pillow`) and is never a dependency. Prints, per view, the share of pictures in which
its short-range and full-range detectors find exactly one face, and its face mesh a face.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import mediapipe as mp  # pyright: ignore[reportMissingImports]
import numpy as np
from PIL import Image


def main(folder: str) -> None:
    files = sorted(p for p in Path(folder).rglob("*") if p.suffix in (".jpg", ".png", ".webp"))
    found: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    detection = mp.solutions.face_detection.FaceDetection
    with (
        detection(model_selection=0) as near,
        detection(model_selection=1) as far,
        mp.solutions.face_mesh.FaceMesh(static_image_mode=True) as mesh,
    ):
        for path in files:
            pixels = np.asarray(Image.open(path).convert("RGB"))
            one = [len(d.process(pixels).detections or []) == 1 for d in (near, far)]
            found[path.stem.split("_")[-1]].append((*one, mesh.process(pixels).multi_face_landmarks is not None))
    print(f"{'view':12} pictures  short range  full range  face mesh")
    for view, rows in found.items():
        short, full, net = np.mean(rows, axis=0)
        print(f"{view:12} {len(rows):8}  {short:11.0%}  {full:10.0%}  {net:9.0%}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
