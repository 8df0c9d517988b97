"""The parameters of a pattern: ``spec.render.valuesFrom``, in order, and ``spec.render.parameters`` on them.

A Secret or ConfigMap is read as the account of the pattern, and a change of one wakes the pattern. What is in one goes
into objects, and nowhere else: no message quotes it, and nothing that is published is derived from it
(docs/adr/0026); where a chart makes a name or key of it, ``telemetry.SecretValues`` masks it. What one reads of JSON
and YAML, and merges, is ``render.parameters``.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

import msgspec

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reason import Reason
from pattern_operator.api.render_spec import ValuesReference
from pattern_operator.apply.hooks.order import INSTALL_ORDER
from pattern_operator.errors import Stalled, Waiting
from pattern_operator.executors import run_in
from pattern_operator.kube import Resource
from pattern_operator.kube.wellknown import CONFIG_MAP, SECRET
from pattern_operator.limits import KIB, MAX_PARAMETER_VALUES, MAX_PARAMETERS
from pattern_operator.reconcile.pattern_store import PatternKey, key_of
from pattern_operator.render.parameters import (
    InvalidParameters,
    InvalidTargetPath,
    TargetPath,
    json_text,
    merge,
    read_parameters,
    value_of,
    values_in,
)
from pattern_operator.telemetry.secret_values import MAX_VALUES, counts

_LOOKED_AT: Final = 4 * MAX_VALUES  # each is looked for in the spec, which takes time
_RESOURCES: Final = {each.kind: each for each in (SECRET, CONFIG_MAP)}


class SourcesPort(Protocol):
    """Where Secrets and ConfigMaps are read."""

    async def read(  # noqa: D102 - see config_sources.ConfigSources
        self, resource: Resource, *, namespace: str, name: str, reader: PatternKey, account: str | None
    ) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Value:
    """What was read for one entry of ``valuesFrom``; ``where`` names it in messages."""

    where: str
    content: bytes = field(repr=False)
    target_path: str | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """The JSON text of one object, and which values of Secrets are in it that the pattern itself does not show."""

    text: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


async def parameters_of(
    pattern: DesignPattern, *, account: str | None, sources: SourcesPort, cpu: Executor
) -> Parameters:
    """The parameters, and what of them may not be shown.

    Raises:
        Waiting: a Secret or ConfigMap, or its key, does not exist; the pattern is woken when it does.
        Stalled: what is in one cannot be read as parameters.
        Transient: one could not be read.
    """
    render = pattern.spec.render
    values = list[Value]()
    for position, reference in enumerate(render.values_from or ()):
        value = await _read(pattern, position, reference, account=account, sources=sources)
        values += [value] if value is not None else []
    size = sum(len(each.content) for each in values) + len(render.parameters or "")
    if size > MAX_PARAMETERS:
        raise _invalid(f"spec.render.parameters and valuesFrom have more than {MAX_PARAMETERS // KIB} KiB together")
    if not values:
        return Parameters((render.parameters or "{}").encode())
    return await run_in(cpu, _parameters, pattern, values)


def _parameters(pattern: DesignPattern, values: Sequence[Value]) -> Parameters:
    text, read = _merged(values, pattern.spec.render.parameters)
    of_secrets = [value for each, value in zip(values, read, strict=True) if each.is_secret]
    return Parameters(text, tuple(_hidden(pattern, of_secrets)))


def _hidden(pattern: DesignPattern, read: Sequence[object]) -> Iterator[str]:
    """What counts of the values of Secrets, without what whoever reads the pattern reads there anyway."""
    if not read:
        return
    metadata = pattern.metadata
    shown = f"{metadata.namespace} {metadata.name} {msgspec.json.encode(pattern.spec).decode()}".casefold()
    found = dict.fromkeys(each for value in read for each in _texts(value) if counts(each))
    for each in islice(found, _LOOKED_AT):
        if each not in INSTALL_ORDER and each.casefold() not in shown:
            yield each


def _texts(parameters: object) -> Iterator[str]:
    waiting = [parameters]
    while waiting:
        match waiting.pop():
            case str() as found:
                yield found.strip()
            case Mapping() as found:
                waiting += found.values()
            case list() as found:
                waiting += found
            case int() as found if not isinstance(found, bool):
                yield str(found)


def merged(values: Sequence[Value], inline: str | None) -> bytes:
    """``values`` in order and ``inline``, a JSON text, on them; raises Stalled."""
    return _merged(values, inline)[0]


def _merged(values: Sequence[Value], inline: str | None) -> tuple[bytes, list[object]]:
    """As ``merged``; and what each of ``values`` was read as.

    This is the operator's own process, so values and keys of all of them together are bounded while they are read.
    """
    parameters: dict[str, object] = {}
    read = list[object]()
    left = MAX_PARAMETER_VALUES
    for each in values:
        try:
            if each.target_path is None:
                over = read_parameters(each.content, most=left)
                left -= values_in(over)
                parameters = merge(parameters, over)
                read.append(over)
            else:
                value = value_of(_text(each.content))
                parameters = TargetPath.parse(each.target_path).place(parameters, value)
                read.append(value)
            _refuse_many(parameters)
        except InvalidParameters as error:
            raise _invalid(f"{each.where} {error}") from None
        except InvalidTargetPath as error:
            raise _invalid(f"the targetPath for {each.where} {error}") from None
    try:
        over = read_parameters(inline.encode(), most=left) if inline is not None else {}
        return json_text(merge(parameters, over)), read
    except InvalidParameters as error:
        raise _invalid(f"what spec.render.parameters and valuesFrom are together {error}") from None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidParameters("is not UTF-8 text") from None


def _refuse_many(parameters: Mapping[str, object]) -> None:
    """An index makes entries of a list before it, so what is placed counts as well."""
    if values_in(parameters) > MAX_PARAMETER_VALUES:
        raise InvalidParameters(f"makes more than {MAX_PARAMETER_VALUES} values and keys of all parameters")


async def _read(
    pattern: DesignPattern, position: int, reference: ValuesReference, *, account: str | None, sources: SourcesPort
) -> Value | None:
    namespace = pattern.metadata.namespace
    title = f"{reference.kind} {namespace}/{reference.name}"
    try:
        data = await sources.read(
            _RESOURCES[reference.kind],
            namespace=namespace,
            name=reference.name,
            reader=key_of(pattern),
            account=account,
        )
    except Stalled as error:
        if error.reason is Reason.SECRET_INVALID:
            raise Stalled(reason=Reason.PARAMETERS_INVALID, message=error.message) from error
        if error.reason is not Reason.SECRET_NOT_FOUND:
            raise
        if reference.optional:
            return None
        raise _missing(f"{title} does not exist", position) from error
    if reference.values_key in data:
        where = f"{title}, key {reference.values_key}"
        return Value(where, data[reference.values_key], reference.target_path, is_secret=reference.kind == "Secret")
    if reference.optional:
        return None
    raise _missing(f"{title} has no key {reference.values_key}", position)


def _missing(fact: str, position: int) -> Waiting:
    return Waiting(
        reason=Reason.PARAMETERS_NOT_FOUND,
        message=f"{fact}, and spec.render.valuesFrom[{position}] names it: create it, correct the name, or set"
        " optional: true. It is used as soon as it is there.",
    )


def _invalid(fact: str) -> Stalled:
    return Stalled(reason=Reason.PARAMETERS_INVALID, message=f"{fact}: correct it.")
