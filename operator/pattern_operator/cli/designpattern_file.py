"""A DesignPattern in a file, for ``patternctl render --pattern``: what it asks of rendering, and where its artifact is.

The Secrets and ConfigMaps that ``valuesFrom`` names are looked up in the same file or folder: no cluster is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import msgspec

from pattern_operator.api import designpattern
from pattern_operator.api.crd import DESIGN_PATTERN, crd
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import mapping, text_at
from pattern_operator.api.names import API_VERSION, KIND
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Reference
from pattern_operator.cli import flag_file
from pattern_operator.cli.error_messages import OfFile
from pattern_operator.cli.values_from_files import Missing, looked_up
from pattern_operator.errors import Stalled
from pattern_operator.lint.rule import Severity
from pattern_operator.lint.schema.schemas import Schemas
from pattern_operator.quote import listed, one_line, quoted
from pattern_operator.reconcile.desired import options_of, reference
from pattern_operator.reconcile.parameter_sources import refuse_own_sources
from pattern_operator.reconcile.values_from import Value, merged
from pattern_operator.render import Options
from pattern_operator.render.manifests import entries
from pattern_operator.render.pattern_file.words import explained
from pattern_operator.render.written_keys import told

_DEFAULT_NAMESPACE: Final = "default"  # of kubectl
_NAMED: Final = 5  # faults, or DesignPatterns, that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignPatternFile:
    """A DesignPattern: ``options`` are what it asks of rendering, ``missing`` what ``valuesFrom`` names elsewhere.

    ``misread`` says of each key, such as ``on``, that YAML reads it as another.
    """

    path: str
    pattern: DesignPattern
    options: Options
    missing: tuple[Missing, ...] = ()
    misread: tuple[str, ...] = ()

    @property
    def on_invalid(self) -> Literal["Refuse", "Skip"]:
        """``spec.render.onInvalid``."""
        return self.pattern.spec.render.on_invalid

    @property
    def reference(self) -> Reference:
        """The artifact that it names; raises Stalled where it is none."""
        try:
            return reference(self.pattern)
        except Stalled as error:
            raise of_file(error, self.path) from None

    def refuse_own_sources(self, objects: Iterable[Object]) -> None:
        """Raise Stalled (PARAMETERS_INVALID) where ``valuesFrom`` names one of the pattern's own objects."""
        try:
            refuse_own_sources(self.pattern, objects)
        except Stalled as error:
            raise of_file(error, self.path) from None


def read_pattern(path: str, *, name: str | None = None, namespace: str | None = None) -> DesignPatternFile:
    """Read the DesignPattern of a file or folder; ``namespace`` is its namespace where it names none.

    Of several, it is the one of this ``name``, and of this ``namespace`` where several have the name.

    Raises:
        Stalled: ARTIFACT_NOT_FOUND, ARTIFACT_TOO_LARGE: of the file. DOCUMENT_INVALID: it is not YAML, has none or
            several, or one that the API server would refuse. PARAMETERS_INVALID: its parameters cannot be read.
            PARAMETERS_NOT_FOUND: an object that ``valuesFrom`` names has no such key.
    """
    documents = flag_file.documents(path, flag="--pattern", what="the file of a DesignPattern")
    found = [(mapping(value), written) for _, value, written in entries(documents)] if documents else []
    bodies = [body for body, _ in found]
    body = _chosen(bodies, name=name, namespace=namespace, path=path)
    _check(body, path=path)
    pattern = _decoded(body, namespace=namespace or _DEFAULT_NAMESPACE, path=path)
    misread = [f"{quoted(path)}: {each}" for of, written in found if of is body for each in told(written)]
    return replace(_with_values(pattern, bodies, path=path), misread=tuple(misread))


def is_design_pattern(body: Mapping[str, Any]) -> bool:
    """Whether an object is a DesignPattern."""
    return text_at(body, "kind") == KIND and text_at(body, "apiVersion") == API_VERSION


def of_file(error: Stalled, path: str) -> OfFile:
    """``error`` with the file whose fields it names."""
    return OfFile(reason=error.reason, message=f"{quoted(path)}: {error.message}")


def _chosen(bodies: Sequence[dict[str, Any]], *, name: str | None, namespace: str | None, path: str) -> dict[str, Any]:
    """The DesignPattern that is meant; raises Stalled where there is none, or several."""
    every = [each for each in bodies if text_at(each, "kind") == KIND]
    if not every:
        raise _invalid(path, f"has no object of kind {KIND}, and --pattern takes one: name the file of one")
    left = every
    if len(left) > 1 and name is not None:
        left = [each for each in left if text_at(each, "metadata", "name") == name]
        if len(left) > 1 and namespace is not None:
            left = [each for each in left if text_at(each, "metadata", "namespace") in ("", namespace)]
    if len(left) == 1:
        return left[0]
    names = listed([one_line(_display_name(each)) for each in every], _NAMED)
    wrong = f", and none is called {quoted(name)}" if name is not None and not left else ""
    raise _invalid(
        path,
        f"has {len(every)} DesignPatterns ({names}){wrong}: choose one by --name, and by -n where several have the"
        " name",
    )


def _display_name(body: dict[str, Any]) -> str:
    namespace, name = text_at(body, "metadata", "namespace"), text_at(body, "metadata", "name")
    return f"{namespace}/{name}" if namespace else name or "one without a name"


def _check(body: dict[str, Any], *, path: str) -> None:
    """Raise Stalled for what the schema of the CRD does not allow, typing errors in names of fields included."""
    if text_at(body, "apiVersion") != API_VERSION:
        raise _invalid(path, f"the apiVersion of a DesignPattern is {API_VERSION}: correct it")
    schemas = Schemas.of({}, label=KIND).with_own_crds([crd(DESIGN_PATTERN)])
    faults = [
        f"{each.message}; {each.suggestion}" if each.suggestion else each.message
        for each in schemas.faults(body)
        if each.rule.severity is Severity.ERROR
    ]
    if faults:
        said = listed(faults, _NAMED)
        raise _invalid(path, f"{said}{'' if said.endswith('?') else '.'} Correct it")


def _decoded(body: dict[str, Any], *, namespace: str, path: str) -> DesignPattern:
    metadata = mapping(body.get("metadata"))
    own = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    if metadata.get("name") in (None, ""):
        raise _invalid(path, "the DesignPattern has no metadata.name: add one")
    try:
        return designpattern.decode({"metadata": {"namespace": namespace, **own}, "spec": body.get("spec")})
    except msgspec.ValidationError as error:
        raise _invalid(path, f"{one_line(explained(str(error), DesignPattern))}. Correct it") from None


def _with_values(pattern: DesignPattern, bodies: Sequence[dict[str, Any]], *, path: str) -> DesignPatternFile:
    found = list(looked_up(pattern, bodies, path=path))
    spec = pattern.spec
    try:
        parameters = merged([each for each in found if isinstance(each, Value)], spec.render.parameters)
    except Stalled as error:
        raise of_file(error, path) from None
    options = options_of(
        pattern.metadata,
        render=spec.render,
        layer=spec.source.layer,
        create_namespace=spec.apply.create_namespace,
        parameters=parameters,
    )
    return DesignPatternFile(
        path=path,
        pattern=pattern,
        options=replace(options, holds_secrets=False),  # who reads the file and what is printed has the values anyway
        missing=tuple(each for each in found if isinstance(each, Missing)),
    )


def _invalid(path: str, why: str) -> Stalled:
    return OfFile(reason=Reason.DOCUMENT_INVALID, message=f"{quoted(path)}: {why}.")
