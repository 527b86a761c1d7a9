"""What a Croissant file says about a dataset as a whole: its vocabulary, the responsible-AI fields, its provenance.

Croissant 1.1: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html (the context is its appendix 1),
the RAI vocabulary 1.0: https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html, PROV-O as in its section
"Provenance Representation". Nothing here is known to the simulator alone: no seed, no effect.
"""

from __future__ import annotations

from typing import Any

from ..statements import About

CONFORMS = "http://mlcommons.org/croissant/1.1"
CONFORMS_RAI = "http://mlcommons.org/croissant/RAI/1.0"
PROJECT = "https://github.com/nof1sim/nof1sim"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

RAI: dict[str, Any] = {
    "rai:dataCollection": (
        "Nothing was collected: a computer program simulated patients, their skin and their photographs. The protocol "
        "that it was given names the design, the treatments and the sources of its parameters."
    ),
    "rai:dataCollectionType": ["Software Collection"],
    "rai:dataCollectionMissingData": (
        "Missing days, scores and photographs are simulated where the protocol asks for them; their cells are empty."
    ),
    "rai:dataAnnotationProtocol": [
        "Boxes, masks, key points and scores under truth/ are computed from the simulated lesions, not annotated."
    ],
    "rai:machineAnnotationTools": ["nof1sim"],
    "rai:dataLimitations": [
        "Synthetic people: no evidence about any treatment. Not for diagnosis.",
        "A model that does well here need not do well on real photographs.",
        "Two days of one person are nearly the same picture: split by patient, never by image.",
    ],
    "rai:dataBiases": [
        "Skin tones, ages, sexes and lesions are drawn from the protocol's distributions. They follow published "
        "figures where there are some, and assumptions elsewhere, and need not be those of any real population.",
    ],
    "rai:dataUseCases": [
        "Testing methods and code for N-of-1 trials and for longitudinal images against a known truth; teaching.",
        "Not validated: training of clinical models. Not intended: diagnosis or decisions about real people.",
    ],
    "rai:personalSensitiveInformation": [
        "None: no person, face or patient is real. The tables have columns (age, sex, skin type, severity) that would "
        "be sensitive were they of people.",
    ],
    "rai:dataSocialImpact": (
        "Methods can be tested without showing patients. Synthetic faces may be mistaken for real ones; every image "
        "says in its metadata that it is synthetic."
    ),
}


def rai(said: About) -> dict[str, Any]:
    """What is said of responsible use; of photographed persons other things than of invented ones."""
    if said.persons == "invented":
        return RAI
    return RAI | {
        "rai:dataCollection": "A computer program put simulated lesions into photographs of real persons, one "
        "photograph a person. Everything else (design, treatments, courses, scores) is simulated.",
        "rai:dataLimitations": ["No evidence about any treatment. Not for diagnosis.", *said.limits],
        "rai:dataBiases": list(said.biases),
        "rai:personalSensitiveInformation": [said.personal],
        "rai:dataSocialImpact": "The pictures show real persons with lesions that they do not have; every image "
        "says in its metadata that it was edited. Their consent binds every use.",
    }


def provenance(manifest: dict[str, Any]) -> dict[str, Any]:
    """The run that made the dataset, with the protocol's digest and every version that the bytes depend on."""
    versions: dict[str, str] = manifest["versions"]
    agents = [
        {"@type": "prov:SoftwareAgent", "prov:label": name, "sc:softwareVersion": version}
        for name, version in versions.items()
    ]
    return {
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": "Simulation",
            "prov:used": {
                "@type": "prov:Entity",
                "prov:label": "Resolved protocol",
                "sc:identifier": f"sha256:{manifest['digest']}",
            },
            "prov:wasAssociatedWith": agents,
        },
    }
