"""What kustomize would fetch or execute is refused before it is started, in bases of bases too.

The program has no network and runs nothing else, whatever this finds (``sandbox``): this is so that people read which
file, field and URL it is. Source: kustomize 5.8, ``api/internal/target/kusttarget.go`` for what a kustomization loads,
``api/internal/plugins`` for what is a plugin.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mappings, text
from pattern_operator.quote import foreign, masked, quoted
from pattern_operator.render.kustomize.kustomization import (
    COMPONENT,
    Kustomization,
    folded,
    invalid,
    load,
    lowered,
    place,
)
from pattern_operator.render.kustomize.plugins import refuse_plugins
from pattern_operator.render.kustomize.remote import is_fetched, is_remote_file, is_repository
from pattern_operator.render.kustomize.tree import Tree, joined

MOST_BUILT: Final = 1_000  # kustomizations built for one: each is built again for everyone that names it
_DEEPEST: Final = 32  # kustomizations above one another; real ones have three or four
_HELM: Final = ("helmCharts", "helmChartInflationGenerator", "helmGlobals")
_FETCHED: Final = "Add it to the artifact: nothing is fetched"
_FILES: Final = ("crds", "configurations")
_WITH_PATH: Final = ("patches", "patchesJson6902", "replacements")
_GENERATED: Final = ("configMapGenerator", "secretGenerator")
_RESOURCES: Final = ("resources", "bases", "components")
_PLUGINS: Final = ("generators", "transformers", "validators")
_INLINE: Final = ("\n", "{")  # in an entry that is no path


@dataclass(slots=True)
class _Walk:
    tree: Tree
    weights: dict[str, int] = field(default_factory=dict)  # folder -> kustomizations built for it

    def visit(self, found: Kustomization, above: tuple[str, ...]) -> int:
        """Check one, and what it loads; how many kustomizations are built for it."""
        if len(above) > _DEEPEST:
            raise invalid(found.path, f"kustomizations lie more than {_DEEPEST} above one another")
        for what, why in _refused(found):
            raise invalid(f"{found.path}, {what}", why, "Publish what it makes as a file of the artifact")
        self._files(found)
        weight, above = 1, (*above, found.folder)
        for where, folder in self._folders(found):
            weight += self._below(found, where, folder, above)
            if weight > MOST_BUILT:
                raise invalid(found.path, f"more than {MOST_BUILT} kustomizations are built for it, over and over")
        return weight

    def _below(self, found: Kustomization, where: str, folder: str, above: tuple[str, ...]) -> int:
        for each in above:
            if each == folder or folder == "." or each.startswith(f"{folder}/"):
                chain = " -> ".join(quoted(step) for step in (*above, folder))
                raise invalid(f"{found.path}, {where}", f"it leads back to {quoted(folder)}, a cycle: {chain}")
        if folder not in self.weights:
            base = load(self.tree, folder)
            component = where.startswith("components")
            if component != (base.kind == COMPONENT):
                wanted = "components" if base.kind == COMPONENT else "resources"
                raise invalid(
                    f"{found.path}, {where}",
                    f"{base.path} is of kind {base.kind or 'Kustomization'}, which goes under {wanted}",
                )
            self.weights[folder] = self.visit(base, above)
        return self.weights[folder]

    def _folders(self, found: Kustomization) -> Iterator[tuple[str, str]]:
        for name in (*_RESOURCES, *_PLUGINS):
            for where, path in found.texts(name):
                if name in _PLUGINS and any(mark in path for mark in _INLINE):
                    continue
                there = self._local(found, where, path)
                if self.tree.is_folder(there):
                    yield where, there

    def _local(self, found: Kustomization, where: str, path: str) -> str:
        """A path of what may be a file or a folder. As for kustomize, a file that exists is one; a folder is not."""
        if is_remote_file(path) or (is_repository(path) and self.tree.file(_plain(found.folder, path)) is None):
            raise _remote(found, where, path)
        there = place(found.folder, path, where=f"{found.path}, {where}")
        if self.tree.file(there) is None and not self.tree.is_folder(there):
            raise _missing(found, where, path)
        return there

    def _files(self, found: Kustomization) -> None:
        for where, path in _file_paths(found):
            if is_fetched(path):
                raise _remote(found, where, path)
            there = place(found.folder, path, where=f"{found.path}, {where}")
            if self.tree.file(there) is None:
                raise _missing(found, where, path)
        for name in _PLUGINS:
            for where, entry in found.texts(name):
                self._plugins(found, where, entry)

    def _plugins(self, found: Kustomization, where: str, entry: str) -> None:
        if any(mark in entry for mark in _INLINE):
            refuse_plugins(self.tree, entry.encode(), folder=found.folder, where=f"{found.path}, {where}")
            return
        file = self.tree.file(self._local(found, where, entry))
        if file is not None:
            refuse_plugins(self.tree, file.content, folder=found.folder, where=f"{file.path} ({found.path}, {where})")
            return
        for base in self._configurations(found, where, entry):
            refuse_plugins(self.tree, base.content, folder=found.folder, where=f"{base.path} ({found.path}, {where})")

    def _configurations(self, found: Kustomization, where: str, entry: str) -> Iterator[File]:
        """The files of a kustomization that makes configurations of plugins, and of those below it."""
        left, seen = [self._local(found, where, entry)], set[str]()
        while left:
            folder = left.pop()
            if folder in seen:  # a cycle is refused where it is walked
                continue
            seen.add(folder)
            base = load(self.tree, folder)
            for inner, path in (each for name in _RESOURCES for each in base.texts(name)):
                there = self._local(base, inner, path)
                if (file := self.tree.file(there)) is not None:
                    yield file
                else:
                    left.append(there)


def check(tree: Tree, folder: str) -> Kustomization:
    """Check the kustomization of ``folder`` and all that it loads; returns it.

    Raises:
        Stalled: KUSTOMIZATION_INVALID, with the file, the field and the URL or the path; DOCUMENT_INVALID and
            ARTIFACT_TOO_LARGE from reading.
    """
    top = load(tree, folder)
    if top.kind == COMPONENT:
        raise invalid(
            top.path,
            "it is of kind Component, which is part of a kustomization and cannot be built alone",
            "Name the folder of the kustomization that uses it in spec.source.layer.path",
        )
    _Walk(tree).visit(top, ())
    return top


def _refused(found: Kustomization) -> Iterator[tuple[str, str]]:
    for name in _HELM:
        if found.fields.get(folded(name)):
            yield name, "kustomize would fetch and run helm, which is not done here"


def _file_paths(found: Kustomization) -> Iterator[tuple[str, str]]:
    """Each field that names a file which must be there."""
    for name in _FILES:
        yield from found.texts(name)
    if path := text(lowered(found.fields.get("openapi")).get("path")):
        yield "openapi.path", path
    for name in _WITH_PATH:
        for index, each in enumerate(mappings(found.fields.get(folded(name)))):
            if path := text(lowered(each).get("path")):
                yield f"{name}[{index}].path", path
    for where, entry in found.texts("patchesStrategicMerge"):
        if not any(mark in entry for mark in (*_INLINE, ":")) or is_fetched(entry):
            yield where, entry
    for name in _GENERATED:
        for index, each in enumerate(mappings(found.fields.get(folded(name)))):
            yield from sources(each, f"{name}[{index}]")


def sources(generator: object, where: str) -> Iterator[tuple[str, str]]:
    """The files of an entry of a generator: ``key=path``, or the path alone."""
    fields = lowered(generator)
    for index, each in enumerate(_texts(fields.get("files"))):
        yield f"{where}.files[{index}]", each.partition("=")[2] if "=" in each else each
    for index, each in enumerate(_texts(fields.get("envs"))):
        yield f"{where}.envs[{index}]", each
    if env := text(fields.get("env")):
        yield f"{where}.env", env


def _texts(value: object) -> Iterable[str]:
    return (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _plain(folder: str, path: str) -> str:
    """Where ``path`` leads; empty where that is out of the artifact."""
    try:
        return joined(folder, path)
    except ValueError:
        return ""


def _remote(found: Kustomization, where: str, path: str) -> Exception:
    return invalid(f"{found.path}, {where}", f"{foreign(masked(path))} is not in the artifact", _FETCHED)


def _missing(found: Kustomization, where: str, path: str) -> Exception:
    return invalid(f"{found.path}, {where}", f"the artifact has no {quoted(path)}, from {quoted(found.folder)}")
