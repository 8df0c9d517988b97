"""What kustomize writes of itself and of the build into each object, where a kustomization asks for it.

Source: kustomize 5.8, ``api/krusty/kustomizer.go`` (``Run``): it comes last, by the ``buildMetadata`` of the
kustomization that is built; that of its bases does not count. ``api/konfig/general.go``: ``kustomize-<version>``.
"""

from collections.abc import Iterator
from typing import Any, Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.api.generated import FieldKeys
from pattern_operator.api.object import ObjectKey
from pattern_operator.api.report import Rendering
from pattern_operator.render.kustomize.kustomization import Kustomization

_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
_WRITTEN: Final = {
    "managedByLabel": ("labels", _MANAGED_BY),
    "originAnnotations": ("annotations", "config.kubernetes.io/origin"),
    "transformerAnnotations": ("annotations", "alpha.config.kubernetes.io/transformations"),
}


def build_metadata(top: Kustomization, rendering: Rendering) -> dict[ObjectKey, tuple[FieldKeys, ...]]:
    """The fields of each object that kustomize wrote of itself; ``top`` is what was built."""
    asked = [_WRITTEN[each] for _, each in top.texts("buildMetadata") if each in _WRITTEN]
    found = {each.key: tuple(_paths(each.body, asked)) for each in rendering.objects} if asked else {}
    return {key: paths for key, paths in found.items() if paths}


def _paths(body: dict[str, Any], asked: list[tuple[str, str]]) -> Iterator[FieldKeys]:
    metadata = mapping(body.get("metadata"))
    for field, name in asked:
        value = text(mapping(metadata.get(field)).get(name))
        if value and (name != _MANAGED_BY or value.startswith("kustomize-")):
            yield ("metadata", field, name)
