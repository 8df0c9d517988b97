"""The kustomization that is generated: what a spec asks for, over the objects that were rendered.

As with Flux, ``commonMetadata`` is for the objects themselves, not for the Pods that they make or select, and comes
last; before it kustomize's own order holds: patches, names, images.
"""

from collections.abc import Sequence
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
from pattern_operator.render.options import Options
from pattern_operator.render.program import KustomizeBuild
from pattern_operator.render.transform.carried import Words, encoded
from pattern_operator.render.transform.patches import OnePatch

POSITION: Final = "pattern-operator.io/position"
"""A field of every object that says which one it is: no name, order or annotation of it is sure to stay."""
MATCHED: Final = "pattern-operator.io/matched"
"""The start of a field that each object has for which a patch is: kustomize alone says which those are."""
_OBJECTS: Final = "objects.yaml"


def asks(options: Options) -> bool:
    """Whether a spec asks for any of it: where it does not, no program is run."""
    common = options.common_metadata
    return bool(
        options.patches
        or options.images
        or options.name_prefix
        or options.name_suffix
        or common.labels
        or common.annotations
    )


def build(
    bodies: Sequence[dict[str, Any]], patches: Sequence[OnePatch], words: Words, options: Options
) -> KustomizeBuild:
    """What is asked of kustomize: ``bodies``, each with its position, and the rest as a kustomization."""
    objects = [{**words.hide(_without_nulls(body)), POSITION: place} for place, body in enumerate(bodies)]
    content = "".join(f"---\n{encoded(each)}\n" for each in objects)
    made = {key: value for key, value in _kustomization(patches, words, options).items() if value}
    return KustomizeBuild(files=(File("kustomization.yaml", encoded(made).encode()), File(_OBJECTS, content.encode())))


def _without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    """``labels: null`` stops kustomize; the metadata is put back as it was (``changes``)."""
    metadata = {name: value for name, value in mapping(body.get("metadata")).items() if value is not None}
    return {**body, "metadata": metadata}


def _kustomization(patches: Sequence[OnePatch], words: Words, options: Options) -> dict[str, Any]:
    common = options.common_metadata
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [_OBJECTS],
        "sortOptions": {"order": "fifo"},
        "patches": [each for place, patch in enumerate(patches) for each in _patch(place, patch, words)],
        "namePrefix": options.name_prefix,
        "nameSuffix": options.name_suffix,
        "images": [
            {
                key: value
                for key, value in (
                    ("name", image.name),
                    ("newName", image.new_name),
                    ("newTag", image.new_tag),
                    ("digest", image.digest),
                )
                if value
            }
            for image in options.images
        ],
        "transformers": [
            encoded(
                {
                    "apiVersion": "builtin",
                    "kind": kind,
                    "metadata": {"name": field},
                    field: dict(pairs),
                    "fieldSpecs": [{"path": f"metadata/{field}", "create": True}],
                }
            )
            for kind, field, pairs in (
                ("LabelTransformer", "labels", common.labels),
                ("AnnotationsTransformer", "annotations", common.annotations),
            )
            if pairs
        ],
    }


def _patch(place: int, patch: OnePatch, words: Words) -> tuple[dict[str, Any], dict[str, Any]]:
    """The patch, and before it one that marks the objects it is for."""
    mark = [{"op": "add", "path": f"/{MATCHED.replace('/', '~1')}-{place}", "value": True}]
    return (
        {"patch": encoded(mark), "target": patch.target},
        {"patch": encoded(words.hide(patch.value)), "target": patch.target},
    )
