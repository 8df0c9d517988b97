"""Makes the repairs of rendering in the files of a pattern, and proves that it renders as before. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import mapping
from pattern_operator.api.repair import Repair
from pattern_operator.errors import Stalled
from pattern_operator.lint.fix.difference import Difference
from pattern_operator.lint.fix.edit import CannotKeep, Edit, applied
from pattern_operator.lint.fix.removal import remove_members
from pattern_operator.lint.linter import Inspected, inspect, reading_on
from pattern_operator.lint.locate import Locus, Path
from pattern_operator.lint.position.node import Node
from pattern_operator.lint.position.sources import Sources, decoded
from pattern_operator.render import Options
from pattern_operator.render.build_root import Chart, Kustomization
from pattern_operator.render.document import read
from pattern_operator.render.pattern_file import MissingParameters, describe
from pattern_operator.render.selection import select

_MAPS: Final = ("labels", "annotations")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file with its new text, and how many edits made it."""

    path: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    edits: int


@dataclass(frozen=True, slots=True)
class FixReport:
    """The files that change, and what could not be written back, a sentence each."""

    fixed: tuple[Fixed, ...]
    kept: tuple[str, ...] = ()


def fix(files: Sequence[File], *, options: Options) -> FixReport:
    """Write back what rendering repairs; nothing where the files would render to anything else.

    A file that cannot be read is left, and the others are mended; nothing is where the pattern cannot be read at all.
    """
    _, done = reading_on(files, lambda left: _fixed(left, options))
    return done if done is not None else FixReport(())


def _fixed(files: Sequence[File], options: Options) -> FixReport:
    try:
        described = describe(files, options=options)
    except MissingParameters as error:
        return FixReport((), (f"nothing is written: {error.fault}",))
    if described.declares_parameters:  # what is put in would be written in the place of its reference
        return FixReport((), ("nothing is written: texts of the pattern may refer to parameters",))
    files, options = described.files, described.options
    before = _inspected(files, options)
    reasons = list[str]()
    for names in (_names, _no_names):
        plan = _Plan(files)
        for each in before:
            plan.add(each, names=names)
        fixed = plan.fixed()
        if not fixed or _renders_as(before, _changed(files, fixed), options):
            return FixReport(fixed, tuple(dict.fromkeys([*reasons, *plan.kept])))
        reasons.append("names are left as they are: with others the pattern would not render to the same objects")
    return FixReport((), ("nothing is written: the pattern would not render to the same objects",))


def _changed(files: Sequence[File], fixed: Sequence[Fixed]) -> list[File]:
    texts = {each.path: each.after for each in fixed}
    return [File(each.path, texts[each.path].encode()) if each.path in texts else each for each in files]


def _inspected(files: Sequence[File], options: Options) -> list[Inspected]:
    chosen = select(files, options=options)
    if isinstance(chosen, Chart | Kustomization):
        return []
    return inspect(chosen, options=options, sources=Sources(files))


def _renders_as(before: list[Inspected], files: Sequence[File], options: Options) -> bool:
    try:
        after = _inspected(files, options)
    except Stalled:
        return False
    return list(map(_outcome, before)) == list(map(_outcome, after))


def _outcome(inspected: Inspected) -> tuple[str, str, Any]:
    """What tells whether two are the same; the body of what is refused is half made, and tells nothing."""
    component = inspected.component
    return str(component.outcome), str(component.reason), {} if component.excluded else component.body


@dataclass(slots=True)
class _Plan:
    """Edits by file, and what could not be done."""

    files: Sequence[File]
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    _values: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, inspected: Inspected, *, names: Callable[[Difference, Inspected, Any], None]) -> None:
        """Add the edits of one component; ``names`` adds those of its name."""
        component, locus = inspected.component, inspected.locus
        if locus.root is None or component.excluded or not component.repairs:
            return
        written = _at(self._document(locus), locus.at)
        difference = Difference(locus.root, spaced=bool(locus.fields))
        if locus.fields:
            _head(difference, inspected, written)
            names(difference, inspected, written)
        node, _, taken = locus.root.find((*locus.at, *locus.body))
        if locus.fields and taken == len(locus.at):
            _configuration(difference, inspected, node)
        elif taken == len(locus.at) + len(locus.body):
            source = _at(written, locus.body)
            difference.walk(node, source, _wanted(inspected, source, follow=names is _names))
        self.edits.setdefault(locus.file, []).extend(difference.edits)
        shown = component.report().display_name
        self.kept += [f"{shown}: left in part as it is: {why} is in the way" for why in difference.kept]

    def fixed(self) -> tuple[Fixed, ...]:
        """The files that change."""
        return tuple(self._fixed())

    def _fixed(self) -> Iterator[Fixed]:
        for file in self.files:
            edits = self.edits.get(file.path)
            if not edits:
                continue
            text = decoded(file.content)
            try:
                if text.encode() != file.content:
                    raise CannotKeep("it is not plain UTF-8")
                yield Fixed(file.path, text, applied(text, edits), len(set(edits)))
            except CannotKeep as error:
                self.kept.append(f"{file.path} is left as it is: {error}")

    def _document(self, locus: Locus) -> Any:
        if locus.file not in self._values:
            file = next(file for file in self.files if file.path == locus.file)
            self._values[locus.file] = [each.value for each in read(file)]
        values = self._values[locus.file]
        return values[locus.document] if locus.document < len(values) else None


def _head(difference: Difference, inspected: Inspected, written: Any) -> None:
    """The kind and the apiVersion of a component of a design, where they were repaired."""
    component, locus = inspected.component, inspected.locus
    names = {each.name for each in component.repairs}
    kind = locus.fields[("kind",)]
    if Repair.DROP_KIND_SUFFIX in names:
        _replace(difference, inspected, kind, _at(written, kind), component.body["kind"])
    if Repair.DROP_NAMESPACE in names and locus.body == ("settings",):
        _drop_namespace(difference, inspected)
    if Repair.SET_BUILT_IN_API_VERSION not in names:
        return
    version = locus.fields[("apiVersion",)]
    parent, _, taken = difference.root.find((*locus.at, *version[:-1]))
    if taken != len(locus.at) + len(version) - 1 or parent.members is None:
        return
    if version[-1] in parent.members:
        _replace(difference, inspected, version, _at(written, version), component.api_version)
    else:
        difference.insert(parent, str(version[-1]), component.api_version)


def _configuration(difference: Difference, inspected: Inspected, node: Node) -> None:
    """An empty configuration for a component that has none."""
    if Repair.READ_NULL_CONFIGURATION not in {each.name for each in inspected.component.repairs}:
        return
    try:
        difference.insert(node, str(inspected.locus.body[0]), {})
    except CannotKeep as error:
        difference.kept.append(str(error))


def _drop_namespace(difference: Difference, inspected: Inspected) -> None:
    """The namespace that a service has beside its settings."""
    node, _, taken = difference.root.find(inspected.locus.at)
    if taken != len(inspected.locus.at) or "namespace" not in (node.members or {}):
        return
    try:
        difference.edits += remove_members(difference.root, node, {"namespace"})
    except CannotKeep as error:
        difference.kept.append(str(error))


def _names(difference: Difference, inspected: Inspected, written: Any) -> None:
    """The name of a component of a design, where it was made a valid one."""
    if Repair.MAKE_NAME_VALID in {each.name for each in inspected.component.repairs}:
        path = inspected.locus.fields[("metadata", "name")]
        _replace(difference, inspected, path, _at(written, path), inspected.component.metadata["name"])


def _no_names(_difference: Difference, _inspected: Inspected, _written: Any) -> None:
    """Names as they are."""


def _replace(difference: Difference, inspected: Inspected, path: Path, written: Any, wanted: str) -> None:
    node, _, taken = difference.root.find((*inspected.locus.at, *path))
    if taken == len(inspected.locus.at) + len(path) and isinstance(written, str):
        difference.walk(node, written, wanted)


def _wanted(inspected: Inspected, source: Any, *, follow: bool) -> Any:
    """What the part that becomes the object should be; what rendering takes from elsewhere is as it was written."""
    body = inspected.component.body
    written = mapping(source)
    if not inspected.locus.fields:
        return body
    wanted = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    wanted |= {key: written[key] for key in ("apiVersion", "kind", "namespace") if key in written}
    if not isinstance(metadata := written.get("metadata"), dict):
        return wanted | ({"metadata": metadata} if "metadata" in written else {})
    return wanted | {"metadata": _metadata(inspected, metadata, follow=follow)}


def _metadata(inspected: Inspected, written: dict[str, Any], *, follow: bool) -> dict[str, Any]:
    """What the metadata in the configuration should be: the name and the maps of the object, and the own namespace."""
    rendered, repairs = inspected.component.metadata, {each.name for each in inspected.component.repairs}
    kept = {"namespace"} - ({"namespace"} if Repair.DROP_NAMESPACE in repairs else set())
    for field_name in _MAPS:
        if inspected.locus.body == ("settings",) or not written.get(field_name):
            kept.add(field_name)
    if not follow or not written.get("name"):
        kept.add("name")
    made = {key: rendered[key] for key in (*_MAPS, "name") if key in written and key in rendered}
    return made | {key: written[key] for key in kept if key in written}


def _at(value: Any, path: Path) -> Any:
    """The value at ``path``, None where there is none."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
