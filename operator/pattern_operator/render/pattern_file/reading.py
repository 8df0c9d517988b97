"""Finds ``pattern.yaml`` among the files, and says what it changes in what is asked of rendering."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from pattern_operator.api.artifact import File
from pattern_operator.api.dependency import Dependency
from pattern_operator.api.fields import mapping, text
from pattern_operator.api.health_check import HealthCheck, repeated
from pattern_operator.api.names import GROUP
from pattern_operator.api.reason import Reason
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.limits import KIB
from pattern_operator.quote import one_line, quoted
from pattern_operator.render import options as asked
from pattern_operator.render.document import Document, read
from pattern_operator.render.options import Options
from pattern_operator.render.parameters.defaults import InvalidSchema
from pattern_operator.render.parameters.document import InvalidParameters, json_text
from pattern_operator.render.parameters.merge import merge
from pattern_operator.render.parameters.schema import complete, refuse_wrong_defaults
from pattern_operator.render.parameters.substitution import Substitution
from pattern_operator.render.pattern_file.kind import KIND, Patch, Pattern
from pattern_operator.render.pattern_file.words import explained

NAMES: Final = frozenset({"pattern.yaml", "pattern.yml"})
MAX_SIZE: Final = 256 * KIB  # of the file; a schema of a hundred parameters has 20 KiB
_OURS: Final = re.compile(rb"\bkind['\"]?\s*:\s*['\"]?Pattern\b|\bapiVersion['\"]?\s*:\s*['\"]?pattern-operator\.io/")
_OTHER_KINDS: Final = frozenset({"DesignPattern", "TrustPolicy"})  # of the same group: objects of a cluster
_MAX_WORDS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is rendered and how, once ``pattern.yaml`` was read.

    ``substitution`` puts parameters into documents; None where the pattern declares none.
    """

    files: Sequence[File] = field(repr=False)
    options: Options
    name: str = ""
    version: str = ""
    deprecated: str = ""
    depends_on: tuple[Dependency, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    substitution: Substitution | None = field(default=None, repr=False)

    @property
    def declares_parameters(self) -> bool:
        """Whether a ``pattern.yaml`` says which parameters there are."""
        return self.substitution is not None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a ``pattern.yaml`` says of other patterns and of health, whatever parameters it is given. ``path``: its."""

    path: str
    depends_on: tuple[Dependency, ...]
    health_checks: tuple[HealthCheck, ...]


class MissingParameters(Stalled):
    """No parameters are given, and the pattern requires some: it is right, and cannot be rendered without.

    ``path`` is that of ``pattern.yaml``, ``fault`` a sentence on what is missing.
    """

    def __init__(self, *, path: str, fault: str, next_step: str) -> None:
        super().__init__(reason=Reason.PARAMETERS_INVALID, message=f"{fault}. {next_step}")
        self.path, self.fault = path, fault


def may_describe(path: str) -> bool:
    """Whether a file by this path may be a ``pattern.yaml``."""
    return PurePosixPath(path).name in NAMES


def describe(files: Sequence[File], *, options: Options) -> Described:
    """``files`` without their ``pattern.yaml``, and ``options`` with what it says.

    Raises:
        Stalled: DOCUMENT_INVALID: it is not what it should be; PARAMETERS_INVALID: the parameters do not fit its
            schema (MissingParameters where it only requires some, and none are given).
    """
    found = _find(files, options=options)
    if found is None:
        return Described(files=files, options=options)
    file, pattern = found
    described = Described(
        files=[each for each in files if each is not file],
        options=_with_defaults(file, pattern, options=options),
        name=pattern.name,
        version=pattern.version,
        deprecated=pattern.deprecated,
        depends_on=tuple(_dependencies(file, pattern)),
        health_checks=_health_checks(file, pattern),
    )
    return described if pattern.parameters is None else _with_parameters(described, file, pattern.parameters.schema)


def declared(files: Sequence[File], *, options: Options) -> Declared | None:
    """What ``pattern.yaml`` declares; None where there is none. Raises Stalled as ``describe``, but for parameters."""
    found = _find(files, options=options)
    if found is None:
        return None
    file, pattern = found
    return Declared(file.path, tuple(_dependencies(file, pattern)), _health_checks(file, pattern))


def refuse_unread_parameters(described: Described) -> None:
    """Raise Stalled where there are parameters, and manifests or a design that declare none."""
    if described.substitution is None and described.options.parameters != asked.NO_PARAMETERS:
        raise Stalled(
            reason=Reason.PARAMETERS_INVALID,
            message="the pattern takes no parameters: it has no pattern.yaml that declares them. Remove"
            " spec.render.parameters and valuesFrom, or publish the artifact with one.",
        )


def refuse_parameters_of_kustomization(described: Described) -> None:
    """Raise Stalled where a kustomization is given parameters, or its ``pattern.yaml`` declares some.

    Nothing puts them in: kustomize has no values, and what it builds is left as it is.
    """
    instead = "use spec.render.patches, images, namePrefix or another overlay"
    if described.declares_parameters:
        raise Stalled(
            reason=Reason.DOCUMENT_INVALID,
            message=f"pattern.yaml declares parameters, and a kustomization takes none: remove them, and {instead}.",
        )
    if described.options.parameters != asked.NO_PARAMETERS:
        raise Stalled(
            reason=Reason.PARAMETERS_INVALID,
            message="a kustomization takes no parameters: remove spec.render.parameters and valuesFrom, and"
            f" {instead}.",
        )


def with_defaults(files: Sequence[File], *, options: Options) -> Options:
    """``options`` with the format and path of ``pattern.yaml``; as they are where it cannot be read: rendering says."""
    try:
        found = _find(files, options=options)
    except PatternError:
        return options
    return options if found is None else _with_defaults(*found, options=options)


def _find(files: Sequence[File], *, options: Options) -> tuple[File, Pattern] | None:
    """``pattern.yaml`` of the folder that is rendered, where it is of our kind; another file of that name is none."""
    folder = PurePosixPath((options.path or "").strip("/"))
    named = [file for file in files if _stands_in(file, folder)]
    for file in sorted(named, key=lambda each: each.path):
        if _OURS.search(file.content) is None:  # what it is instead, and whether it can be read, is for others to say
            continue
        if len(file.content) > MAX_SIZE:
            raise _invalid(file, f"has more than {MAX_SIZE // KIB} KiB")
        documents = list(read(file))
        _refuse_misnamed(file, documents)
        if not any(_is_pattern(each) for each in documents):
            continue
        if len(documents) > 1:
            raise _invalid(file, "has more than one document")
        if len(named) > 1:
            raise _invalid(file, "stands beside another of that name")
        return file, _decoded(file, documents[0])
    return None


def _stands_in(file: File, folder: PurePosixPath) -> bool:
    path = PurePosixPath(file.path)
    return may_describe(file.path) and path.parent == folder


def _is_pattern(document: Document) -> bool:
    top = mapping(document.value)
    return text(top.get("apiVersion")).startswith(f"{GROUP}/") and text(top.get("kind")) == KIND


def _refuse_misnamed(file: File, documents: Sequence[Document]) -> None:
    """Raise Stalled for a kind of our group that there is not: as a manifest it would be applied as an object."""
    for each in documents:
        top = mapping(each.value)
        kind = text(top.get("kind"))
        if text(top.get("apiVersion")).startswith(f"{GROUP}/") and kind not in (KIND, *_OTHER_KINDS):
            raise _invalid(file, f"line {each.line}: {GROUP} has no kind {quoted(kind)} (did you mean {KIND}?)")


def _decoded(file: File, document: Document) -> Pattern:
    try:
        pattern = msgspec.convert(document.value, Pattern)
    except msgspec.ValidationError as error:
        raise _invalid(file, one_line(explained(str(error), Pattern), _MAX_WORDS)) from None
    if pattern.path is not None and ".." in PurePosixPath(pattern.path).parts:
        raise _invalid(file, "path leads out of its folder")
    return pattern


def _with_parameters(described: Described, file: File, schema: dict[str, Any]) -> Described:
    """With the parameters as the schema completes them; a null stays for a chart, whose own default it removes."""
    given = json.loads(described.options.parameters)
    try:
        completed = complete(given, schema=schema)
        parameters = json_text(merge(given, completed))
    except InvalidSchema as error:
        raise _invalid(file, f"parameters.schema {error}") from None
    except InvalidParameters as error:
        raise _unfit(file, error, given=given, schema=schema) from None
    options = replace(described.options, parameters=parameters)
    return replace(described, options=options, substitution=Substitution(completed))


def _unfit(file: File, error: InvalidParameters, *, given: dict[str, Any], schema: dict[str, Any]) -> Stalled:
    """What to correct: it is the pattern's own default, or what it requires is missing, or what is given is wrong."""
    fault, next_step = f"the parameters {error}", "Correct spec.render.parameters or what valuesFrom names."
    try:
        refuse_wrong_defaults(schema)
    except InvalidParameters as of_defaults:
        if not given or str(of_defaults) == str(error):
            return _invalid(file, f"the defaults of its parameters {of_defaults}")
    if given:
        return Stalled(reason=Reason.PARAMETERS_INVALID, message=f"{fault}. {next_step}")
    return MissingParameters(path=file.path, fault=fault, next_step=next_step)


def _dependencies(file: File, pattern: Pattern) -> Iterator[Dependency]:
    for position, each in enumerate(pattern.depends_on):
        dependency = Dependency(name=each.name, namespace=each.namespace, version=each.version)
        if field := dependency.misnamed:
            raise _invalid(
                file, f"dependsOn[{position}].{field} is not a name: small letters, digits, - and . are allowed"
            )
        yield dependency


def _health_checks(file: File, pattern: Pattern) -> tuple[HealthCheck, ...]:
    """Whether they compile is found out where they are used: nothing of that is loaded to render."""
    checks = tuple(HealthCheck(**msgspec.structs.asdict(each)) for each in pattern.health_checks)
    for position, check in enumerate(checks):
        if field := check.misnamed:
            raise _invalid(file, f"healthChecks[{position}].{field} is not one, such as example.com/v1 or Cluster")
    if (pair := repeated(checks)) is not None:
        first, second = pair
        raise _invalid(
            file,
            f"healthChecks[{second}] is for the kind of healthChecks[{first}], {checks[first].kind}: join their"
            " expressions with || or &&",
        )
    return checks


def _with_defaults(file: File, pattern: Pattern, *, options: Options) -> Options:
    folder = PurePosixPath(file.path).parent
    return replace(
        options,
        format=pattern.format if options.format == "Auto" else options.format,
        path=str(folder / pattern.path) if pattern.path is not None else options.path,
        patches=(
            *(replace(_patch(each), where=f"{file.path}: patches[{i}]") for i, each in enumerate(pattern.patches)),
            *options.patches,
        ),
    )


def _patch(patch: Patch) -> asked.Patch:
    target = patch.target
    if target is None:
        return asked.Patch(patch=patch.patch)
    set_fields = {name: value for name, value in msgspec.structs.asdict(target).items() if value is not None}
    return asked.Patch(patch=patch.patch, target=asked.PatchTarget(**set_fields))


def _invalid(file: File, why: str) -> Stalled:
    return Stalled(
        reason=Reason.DOCUMENT_INVALID,
        message=f"{file.path}: {why}. Correct the file and publish the artifact again.",
    )
