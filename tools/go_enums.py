"""The values that fields of Kubernetes may have, which its published OpenAPI leaves out.

``api/openapi-spec/swagger.json`` is written with the feature gate OpenAPIEnums off (hack/update-openapi-spec.sh of
Kubernetes); what every server answers at ``/openapi/v2`` has them. They are in the Go source that a server's answer is
made of, ``pkg/generated/openapi/zz_generated.openapi.go``, which openapi-gen writes and gofmt indents: one line a value
of a field, a function a definition.
"""

import re
from typing import Any, Final

_FUNCTION: Final = re.compile(r"^func (schema_\w+)\(ref common\.ReferenceCallback\)", re.MULTILINE)
_FIELD: Final = re.compile(r'^(\t{5})"(\w+)": \{$')
_ENUM: Final = re.compile(r"^(\t+)Enum:\s+\[\]interface\{\}\{(.*)\},$")
_VALUE: Final = re.compile(r'"([^"\\]*)"')


def enums(source: str) -> dict[str, dict[str, list[str]]]:
    """The values of the fields of each function of ``source``; of a list or mapping those of its entries."""
    found: dict[str, dict[str, list[str]]] = {}
    parts = _FUNCTION.split(source)
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        field = ""
        for line in text.splitlines():
            if match := _FIELD.match(line):
                field = match[2]
            elif (match := _ENUM.match(line)) and field:
                found.setdefault(name, {})[field] = _VALUE.findall(match[2])
    return found


def with_enums(swagger: dict[str, Any], source: str) -> dict[str, Any]:
    """``swagger`` with the values of ``source`` in its definitions, changed in place.

    Raises:
        ValueError: a value is of a field that the definition does not have: the source is read wrong.
    """
    definitions = swagger["definitions"]
    known = {_function_of(name): name for name in definitions}
    for function, fields in enums(source).items():
        if (name := known.get(function)) is None:
            continue  # of a type that no server serves any more
        for field, values in fields.items():
            place = definitions[name].get("properties", {}).get(field)
            if place is None:
                raise ValueError(f"{name} has no {field}, and {function} has values for it")
            inner = place.get("items") or place.get("additionalProperties") or place
            inner["enum"] = values
    return swagger


def _function_of(definition: str) -> str:
    """``schema_k8sio_api_core_v1_Pod`` of ``io.k8s.api.core.v1.Pod`` (openapi-gen, ``nameTmpl``).

    The packages of apiextensions and of the aggregator are vendored under a path that is cut to ``pkg/apis``.
    """
    path = definition.removeprefix("io.k8s.").replace("-", "")
    for vendored in ("apiextensionsapiserver.", "kubeaggregator."):
        if path.startswith(vendored):
            return "schema_" + path.removeprefix(vendored).replace(".", "_")
    return "schema_k8sio_" + path.replace(".", "_")
