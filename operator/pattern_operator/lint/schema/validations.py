"""The rules of this project's own CRDs (``x-kubernetes-validations``), evaluated as an API server does.

Only rules that ship with the project are evaluated here, in CEL with its strings extension, which is all that they
use; those of a stranger's CRD may have functions of Kubernetes, and cost what they like. A rule that cannot be
evaluated says nothing: what a real API server admits has no error.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings, text

Path = tuple[str | int, ...]

_RULES: Final = "x-kubernetes-validations"
_KNOWN: Final = 512  # rules that are kept compiled; the kinds have some 150


def unmet(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What of ``body`` breaks a rule of its CRD's ``schema``: the path, and the rule's own message.

    Defaults are filled in first, as a server does; what is absent or null has no rules.
    """
    yield from _of_value(schema, _with_defaults(schema, body), ())


def _of_value(schema: Mapping[str, Any], value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if value is None:
        return
    for rule in mappings(schema.get(_RULES)):
        if not _is_met(text(rule.get("rule")), value):
            yield path, text(rule.get("message"))
    for name, each, below in _children(schema, value):
        yield from _of_value(below, each, (*path, name))


def _children(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str | int, Any, dict[str, Any]]]:
    """The values in ``value`` that have a schema of their own: key or position, value, schema."""
    fields, others = mapping(schema.get("properties")), mapping(schema.get("additionalProperties"))
    for name, each in mapping(value).items():
        if below := mapping(fields.get(name)) or others:
            yield name, each, below
    for position, each in enumerate(array(value)):
        yield position, each, mapping(schema.get("items"))


def _with_defaults(schema: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, list):
        return [_with_defaults(mapping(schema.get("items")), each) for each in value]
    if not isinstance(value, Mapping):
        return value
    made = {name: each for name, each in value.items() if each is not None}
    fields = mapping(schema.get("properties"))
    made |= {name: each["default"] for name, each in fields.items() if name not in made and "default" in mapping(each)}
    return made | {name: _with_defaults(below, each) for name, each, below in _children(schema, made)}


def _is_met(rule: str, value: Any) -> bool:
    try:
        result = _compiled(rule).eval(data={"self": value})
        return result.type().name() != "BOOL" or result.value() is True
    except (RuntimeError, ValueError, TypeError, OverflowError):
        return True


@lru_cache(maxsize=_KNOWN)
def _compiled(rule: str) -> Any:  # an expression of cel-cpp, which has no types for mypy
    return _environment().compile(rule)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_strings

    return cel.NewEnv(variables={"self": cel.Type.DYN}, extensions=[ext_strings.ExtStrings()])
