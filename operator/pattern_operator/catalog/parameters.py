"""The parameters that a pattern takes, as rows for people: by the schema of ``pattern.yaml``, or the values of a chart.

Format: JSON Schema 2020-12, of which the keywords that people are shown are read. Total and bounded: a schema that
refers to itself is followed ``MAX_DEPTH`` deep. A default that may be a secret is never shown.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from pattern_operator.api.artifact import File
from pattern_operator.api.fields import array, mapping, shallow, text
from pattern_operator.catalog.document_file import Unread, find, read_mapping
from pattern_operator.catalog.untrusted_text import line
from pattern_operator.errors import PatternError
from pattern_operator.quote import MASK, cut, masked
from pattern_operator.render import Options
from pattern_operator.render.pattern_file import declared

MAX_PARAMETERS: Final = 500  # that are told; the values of kube-prometheus-stack have some 1,000 leaves
MAX_DEPTH: Final = 8
_MAX_VALUE: Final = 200  # bytes of a default, and of a choice
_MAX_CHOICES: Final = 32
_SECRET: Final = re.compile(r"passw|secret|token|credential|private.?key|api.?key|access.?key", re.IGNORECASE)
_NAMES: Final[Mapping[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: ``path`` as in ``db.replicas``. ``default`` and ``choices`` are JSON; empty where there is none."""

    path: str
    type: str = ""
    required: bool = False
    default: str = ""
    description: str = ""
    choices: tuple[str, ...] = ()


def parameters_in(files: Sequence[File]) -> tuple[Parameter, ...]:
    """The parameters that the pattern in ``files`` takes. Total; call it off the event loop."""
    try:
        said = declared(files, options=Options())
    except PatternError:
        return ()  # the metadata says so
    if said is not None and said.schema is not None:
        return parameters_of(said.schema)
    chart = find(files, {"chart.yaml"})
    if chart is None:
        return ()
    folder = chart.path.rpartition("/")[0]
    values = _read(files, f"{folder}/values.yaml" if folder else "values.yaml")
    schema = _read(files, f"{folder}/values.schema.json" if folder else "values.schema.json")
    of_schema = {each.path: each for each in parameters_of(schema)}
    return tuple(islice(_joined(of_schema, _of_values(values, "", MAX_DEPTH)), MAX_PARAMETERS))


def parameters_of(schema: object) -> tuple[Parameter, ...]:
    """The parameters of a schema, in its order, those inside of others behind them."""
    found = _of_schema(mapping(schema), mapping(schema), "", MAX_DEPTH)
    return tuple(islice(found, MAX_PARAMETERS))


def _of_schema(root: Mapping[str, Any], schema: Mapping[str, Any], above: str, depth: int) -> Iterator[Parameter]:
    required = {each for each in array(schema.get("required")) if isinstance(each, str)}
    for name, given in mapping(schema.get("properties")).items():
        part = _referred(root, mapping(given))
        path = f"{above}.{name}" if above else str(name)
        inside = bool(mapping(part.get("properties")))
        if not inside or not depth or "default" in part:
            yield _parameter(path, part, required=name in required)
        if inside and depth:
            yield from _of_schema(root, part, path, depth - 1)


def _parameter(path: str, schema: Mapping[str, Any], *, required: bool) -> Parameter:
    secret = schema.get("writeOnly") is True or text(schema.get("format")) == "password"
    return Parameter(
        path=line(path),
        type=_type(schema),
        required=required and "default" not in schema,
        default=_shown(path, schema["default"], secret=secret) if "default" in schema else "",
        description=line(schema.get("description") or schema.get("title")),
        choices=tuple(_json(each) for each in array(schema.get("enum"))[:_MAX_CHOICES]),
    )


def _type(schema: Mapping[str, Any]) -> str:
    named = schema.get("type")
    if isinstance(named, list):
        return line(" or ".join(each for each in named[:_MAX_CHOICES] if isinstance(each, str)), _MAX_VALUE)
    return line(named, _MAX_VALUE)


def _referred(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What ``$ref`` names inside the schema (RFC 6901), with what stands beside it; itself where it names nothing."""
    reference = text(schema.get("$ref"))
    if not (reference == "#" or reference.startswith("#/")) or len(reference) > _MAX_VALUE:
        return schema
    found: object = root
    for step in reference.split("/")[1:]:
        found = mapping(found).get(step.replace("~1", "/").replace("~0", "~"))
    return {**mapping(found), **{name: each for name, each in schema.items() if name != "$ref"}}


def _of_values(values: Mapping[str, Any], above: str, depth: int) -> Iterator[Parameter]:
    """The values of a chart: what is no mapping, or an empty one, is a parameter."""
    for name, value in values.items():
        path = f"{above}.{name}" if above else str(name)
        if isinstance(value, dict) and value and depth:
            yield from _of_values(value, path, depth - 1)
        else:
            yield Parameter(line(path), _NAMES.get(type(value), ""), default=_shown(path, value))


def _joined(of_schema: dict[str, Parameter], of_values: Iterator[Parameter]) -> Iterator[Parameter]:
    """Those of the schema of values, with the defaults that ``values.yaml`` has; then the rest of it."""
    defaults = {each.path: each for each in islice(of_values, 4 * MAX_PARAMETERS)}
    for path, each in of_schema.items():
        value = defaults.pop(path, None)
        if value is None:
            yield each
        else:
            yield replace(each, type=each.type or value.type, required=False, default=value.default)
    yield from defaults.values()


def _shown(path: str, value: Any, *, secret: bool = False) -> str:
    """A default as JSON; a mask for one that may be a secret: by its schema, by its name, or by its shape."""
    is_filled = isinstance(value, str | dict | list) and bool(value)
    if is_filled and (secret or _SECRET.search(path)):
        return MASK
    return masked(_json(value))


def _json(value: Any) -> str:
    return cut(json.dumps(shallow(value), ensure_ascii=False), _MAX_VALUE)


def _read(files: Sequence[File], path: str) -> dict[str, Any]:
    file = next((each for each in files if each.path == path), None)
    try:
        return {} if file is None else read_mapping(file)
    except Unread:
        return {}
