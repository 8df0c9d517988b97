"""The kustomization that is generated: what a spec asks for, over the objects that were rendered.

As with Flux, ``commonMetadata`` is for the objects themselves, not for the Pods that they make or select, and comes
last; before it kustomize's own order holds: patches, names, images.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
from pattern_operator.render.options import Options
from pattern_operator.render.program import KustomizeBuild
from pattern_operator.render.transform.carried import Words, encoded
from pattern_operator.render.transform.patches import OnePatch

MAPS: Final = ("labels", "annotations")
"""The fields of the metadata that hold texts by name."""
_OBJECTS: Final = "objects.yaml"


def position_field(words: Words) -> str:
    """A field of every object that says which one it is: no name, order or annotation of it is sure to stay."""
    return f"position-{words.key}"


def matched_field(words: Words) -> str:
    """The start of a field that each object has for which a patch is: kustomize alone says which those are."""
    return f"matched-{words.key}-"


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
    bodies: Mapping[int, dict[str, Any]], patches: Sequence[OnePatch], words: Words, options: Options
) -> KustomizeBuild:
    """What is asked of kustomize: ``bodies`` by position, and the rest as a kustomization."""
    objects = [{**words.hide(_without_nulls(body)), position_field(words): place} for place, body in bodies.items()]
    content = "".join(f"---\n{encoded(each)}\n" for each in objects)
    made = {key: value for key, value in _kustomization(patches, words, options).items() if value}
    return KustomizeBuild(files=(File("kustomization.yaml", encoded(made).encode()), File(_OBJECTS, content.encode())))


def build_marked(bodies: Mapping[int, dict[str, Any]], patches: Sequence[OnePatch], words: Words) -> KustomizeBuild:
    """As ``build``, with patches alone; what one deletes stays, with its mark: it says for which objects each is."""
    objects = [{**words.hide(_without_nulls(body)), position_field(words): place} for place, body in bodies.items()]
    content = "".join(f"---\n{encoded(each)}\n" for each in objects)
    pairs = [_patch(place, patch, words)[: 1 if patch.deletes else 2] for place, patch in enumerate(patches)]
    made = {"resources": [_OBJECTS], "patches": [each for pair in pairs for each in pair]}
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
                    ("name", re.escape(image.name)),  # kustomize takes it for a regular expression
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
    mark = [{"op": "add", "path": f"/{matched_field(words)}{place}", "value": True}]
    return (
        {"patch": encoded(mark), "target": patch.target},
        {"patch": encoded(_with_removals(words.hide(patch.value), words)), "target": patch.target},
    )


def _with_removals(value: Any, words: Words) -> Any:
    """A merge patch that sets what it removes of the metadata to a word, which ``changes`` takes out.

    Of a patch with a target kustomize writes ``null`` there as a text (kubernetes-sigs/kustomize#5995).
    """
    metadata = mapping(mapping(value).get("metadata"))
    removing = {
        name: {key: words.removed if child is None else child for key, child in found.items()}
        for name in MAPS
        if isinstance(found := metadata.get(name), dict)
    }
    return {**value, "metadata": {**metadata, **removing}} if removing else value
