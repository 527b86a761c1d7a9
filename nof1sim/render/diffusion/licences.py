"""Terms of the published models; second-hand unless `confirmed`: read them at their source before relying on them."""

from __future__ import annotations

from .specs import Licence

LICENCES: dict[str, Licence] = {
    "openrail++": Licence(
        "CreativeML Open RAIL++-M",
        "Use is restricted by the list in its attachment A (harm, deception, medical advice and so on).",
        needs_acceptance=False,
    ),
    "openrail": Licence(
        "CreativeML Open RAIL-M",
        "Use is restricted by the list in its attachment A (harm, deception, medical advice and so on).",
        needs_acceptance=False,
    ),
    "apache-2.0": Licence("Apache-2.0", "Nothing beyond its notice.", needs_acceptance=False),
    "mit": Licence("MIT", "Nothing beyond its notice.", needs_acceptance=False),
    "instantid": Licence(
        "InstantID checkpoints: tagged Apache-2.0, released by their authors for research purposes only",
        "No use outside research.",
        needs_acceptance=True,
    ),
    "faceid": Licence(
        "IP-Adapter-FaceID: research, non-commercial",
        "No commercial use; the embeddings that it was trained on come from insightface's packs.",
        needs_acceptance=True,
    ),
    "insightface": Licence(
        "insightface model packs: non-commercial research only",
        "No commercial use, however the files were obtained (the code's MIT licence does not cover the models).",
        needs_acceptance=True,
        confirmed=True,
    ),
    "hyper-sd": Licence(
        "Hyper-SD: the LICENSE file of its repository",
        "Its terms were not read here: read them before you accept.",
        needs_acceptance=True,
    ),
    "acne04": Licence(
        "MIT code; trained on ACNE04 photographs, which are free for academic use only",
        "No use outside academia without the consent of ACNE04's authors.",
        needs_acceptance=True,
        confirmed=True,
    ),
}
"""Key -> terms."""
