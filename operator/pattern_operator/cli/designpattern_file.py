"""A DesignPattern in a file, for ``patternctl render --pattern``: what it asks of rendering, and where its artifact is.

The Secrets and ConfigMaps that ``valuesFrom`` names are looked up in the same file or folder: no cluster is asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import msgspec

from pattern_operator.api import designpattern
from pattern_operator.api.crd import DESIGN_PATTERN, crd
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import mapping, text_at
from pattern_operator.api.names import API_VERSION, KIND
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference
from pattern_operator.cli import inputs
from pattern_operator.cli.error_messages import OfFile
from pattern_operator.cli.policy_files import secrets_in
from pattern_operator.errors import Stalled
from pattern_operator.lint.rule import Severity
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.quote import listed, one_line, quoted
from pattern_operator.reconcile.desired import options_of, reference
from pattern_operator.reconcile.values_from import Value, merged
from pattern_operator.render import Options
from pattern_operator.render.document import read
from pattern_operator.render.manifests import entries

_DEFAULT_NAMESPACE: Final = "default"  # of kubectl
_NAMED: Final = 5  # faults that a message names
_MATERIAL: Final = frozenset({"Secret", "ConfigMap"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignPatternFile:
    """A DesignPattern: ``options`` are what it asks of rendering, ``unread`` what ``valuesFrom`` names elsewhere."""

    pattern: DesignPattern
    options: Options
    unread: tuple[str, ...] = ()

    @property
    def on_invalid(self) -> Literal["Refuse", "Skip"]:
        """``spec.render.onInvalid``."""
        return self.pattern.spec.render.on_invalid

    @property
    def reference(self) -> Reference:
        """The artifact that it names; raises Stalled where it is none."""
        return reference(self.pattern)


def read_pattern(path: str, *, namespace: str | None = None) -> DesignPatternFile:
    """Read the only DesignPattern of a file or folder; ``namespace`` is its namespace where it names none.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, ARTIFACT_TOO_LARGE: of the file. DOCUMENT_INVALID: it is not YAML, has none or
            several, or one that the API server would refuse. PARAMETERS_INVALID: its parameters cannot be read.
    """
    try:
        documents = [each for file in inputs.read(path) for each in read(file)]
    except Stalled as error:
        message = error.message.replace(" and publish the artifact again", "")
        raise error.saying(
            f"--pattern: {message.replace('a file or folder.', 'the file of a DesignPattern.')}"
        ) from None
    bodies = [mapping(value) for _, value, _ in entries(documents)] if documents else []
    patterns = [each for each in bodies if text_at(each, "kind") == KIND]
    if len(patterns) != 1:
        found = f"has {len(patterns)} DesignPatterns" if patterns else f"has no object of kind {KIND}"
        raise _invalid(path, f"{found}, and --pattern takes one: name the file of one")
    _check(patterns[0], path=path)
    pattern = _decoded(patterns[0], namespace=namespace or _DEFAULT_NAMESPACE, path=path)
    return _with_values(pattern, bodies)


def is_design_pattern(body: Mapping[str, Any]) -> bool:
    """Whether an object is a DesignPattern."""
    return text_at(body, "kind") == KIND and text_at(body, "apiVersion") == API_VERSION


def _check(body: dict[str, Any], *, path: str) -> None:
    """Raise Stalled for what the schema of the CRD does not allow, typing errors in names of fields included."""
    if text_at(body, "apiVersion") != API_VERSION:
        raise _invalid(path, f"the apiVersion of a DesignPattern is {API_VERSION}: correct it")
    schemas = Schemas.of({}, label=KIND).with_crds([crd(DESIGN_PATTERN)])
    faults = [
        f"{each.message}; {each.suggestion}" if each.suggestion else each.message
        for each in schemas.faults(body)
        if each.rule.severity is Severity.ERROR
    ]
    if faults:
        raise _invalid(path, f"{listed(faults, _NAMED)}. Correct it")


def _decoded(body: dict[str, Any], *, namespace: str, path: str) -> DesignPattern:
    metadata = mapping(body.get("metadata"))
    own = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    if not text_at(body, "metadata", "name"):
        raise _invalid(path, "the DesignPattern has no metadata.name: add one")
    try:
        return designpattern.decode({"metadata": {"namespace": namespace, **own}, "spec": body.get("spec")})
    except msgspec.ValidationError as error:
        raise _invalid(path, f"{one_line(str(error))}. Correct it") from None


def _with_values(pattern: DesignPattern, bodies: Sequence[dict[str, Any]]) -> DesignPatternFile:
    values, unread = list[Value](), list[str]()
    for where, value in _values_from(pattern, bodies):
        if isinstance(value, Value):
            values.append(value)
        elif not value:
            unread.append(where)
    spec = pattern.spec
    options = options_of(
        pattern.metadata,
        render=spec.render,
        layer=spec.source.layer,
        create_namespace=spec.apply.create_namespace,
        parameters=merged(values, spec.render.parameters),
    )
    # Who reads the file and what is printed has the values before them.
    return DesignPatternFile(pattern=pattern, options=replace(options, holds_secrets=False), unread=tuple(unread))


def _values_from(pattern: DesignPattern, bodies: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Value | bool]]:
    """Each entry of ``valuesFrom`` by its name, with its value; of one that is not there, whether it is optional."""
    own = pattern.metadata.namespace
    found = secrets_in(each for each in bodies if text_at(each, "kind") in _MATERIAL)
    data = {(kind, name): of for (kind, namespace, name), of in found.items() if namespace in ("", own)}
    for each in pattern.spec.render.values_from or ():
        where = f"{each.kind} {own}/{each.name}, key {each.values_key}"
        content = data.get((each.kind, each.name), {}).get(each.values_key)
        yield where, each.optional if content is None else Value(where, content, each.target_path)


def _invalid(path: str, why: str) -> Stalled:
    return OfFile(reason=Reason.DOCUMENT_INVALID, message=f"{quoted(path)}: {why}.")
