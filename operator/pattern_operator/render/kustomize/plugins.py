"""Entries of ``generators``, ``transformers`` and ``validators`` that are no built-in of kustomize are refused.

Source: kustomize 5.8, ``api/internal/plugins/loader/loader.go`` (what has ``apiVersion: builtin`` is built in),
``api/internal/plugins/builtinhelpers/builtins.go`` (which ones there are).
"""

from collections.abc import Iterator
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, mapping, text
from pattern_operator.quote import foreign, quoted
from pattern_operator.render.document import read
from pattern_operator.render.kustomize.kustomization import invalid, lowered, place
from pattern_operator.render.kustomize.remote import is_fetched
from pattern_operator.render.kustomize.tree import Tree

_BUILT_IN: Final = "builtin"
_HELM: Final = "HelmChartInflationGenerator"
_FUNCTIONS: Final = ("config.kubernetes.io/function", "config.k8s.io/function")
_KINDS: Final = frozenset(
    {
        "AnnotationsTransformer",
        "ConfigMapGenerator",
        "HashTransformer",
        "IAMPolicyGenerator",
        "ImageTagTransformer",
        "LabelTransformer",
        "NamespaceTransformer",
        "PatchJson6902Transformer",
        "PatchStrategicMergeTransformer",
        "PatchTransformer",
        "PrefixSuffixTransformer",
        "PrefixTransformer",
        "ReplacementTransformer",
        "ReplicaCountTransformer",
        "SecretGenerator",
        "SuffixTransformer",
        "ValueAddTransformer",
    }
)
_LISTS: Final = ("files", "envs", "paths")  # of files, in the configurations of built-in plugins
_ADVICE: Final = "Use a built-in transformer, or publish what it makes"


def refuse_plugins(tree: Tree, content: bytes, *, folder: str, where: str) -> None:
    """Raise Stalled for a plugin that kustomize would execute, or a built-in one that would fetch something."""
    for document in read(File(where, content)):
        for value in _configurations(document.value):
            _refuse(tree, value, folder=folder, where=where)


def _configurations(value: Any) -> Iterator[dict[str, Any]]:
    top = mapping(value)
    items = array(top.get("items"))
    if text(top.get("kind")).endswith("List") and items:
        yield from (mapping(each) for each in items)
    else:
        yield top


def _refuse(tree: Tree, top: dict[str, Any], *, folder: str, where: str) -> None:
    kind, version = text(top.get("kind")), text(top.get("apiVersion"))
    if not kind and not version:
        return  # of none that could be run: kustomize says what is wrong with it
    annotations = mapping(mapping(top.get("metadata")).get("annotations"))
    if any(name in annotations for name in _FUNCTIONS):
        raise invalid(where, f"{quoted(kind)} is a function, a program or a container that is not run here", _ADVICE)
    if version == _BUILT_IN and kind == _HELM:
        raise invalid(where, f"{kind} would fetch and run helm, which is not done here", _ADVICE)
    if version != _BUILT_IN or kind not in _KINDS:
        raise invalid(where, f"{quoted(kind)} is a plugin and no built-in of kustomize; it is not run here", _ADVICE)
    for name, path in _paths(top):
        if is_fetched(path):
            raise invalid(f"{where}, {name}", f"{foreign(path)} is not in the artifact", "Add it: nothing is fetched")
        there = place(folder, path, where=f"{where}, {name}")
        if tree.file(there) is None:
            raise invalid(f"{where}, {name}", f"the artifact has no {quoted(path)}, from {quoted(folder)}")


def _paths(top: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that the configuration of a built-in plugin names."""
    fields = lowered(top)
    if path := text(fields.get("path")):
        yield "path", path
    for name in _LISTS:
        for each in array(fields.get(name)):
            if isinstance(each, str) and not (
                name == "paths" and ("\n" in each or ":" in each) and not is_fetched(each)
            ):
                yield name, each.partition("=")[2] if name == "files" and "=" in each else each
    for each in array(fields.get("replacements")):
        if path := text(lowered(each).get("path")):
            yield "replacements.path", path
