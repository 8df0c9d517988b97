"""Validates objects by kind, with ``jsonschema-rs``; says what is wrong by path, and never repeats a value."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final

import jsonschema_rs
import re2

from pattern_operator.api.fields import mapping, mappings, text
from pattern_operator.limits import MAX_COMPONENTS, MIB
from pattern_operator.lint.rule import Rule
from pattern_operator.lint.schema.levels import on_another_level
from pattern_operator.lint.schema.openapi import DEFS, RE2, Schema, formats, of_crd, references
from pattern_operator.lint.schema.validations import unmet
from pattern_operator.quote import first_few, one_line, quoted
from pattern_operator.suggestion import nearest

Path = tuple[str | int, ...]

_MOST: Final = 50  # faults of one object; the rest says nothing new
_NAMED: Final = 8  # of the values that a field takes
_MATCHER_MEMORY: Final = 8 * MIB  # of one compiled pattern; RE2's own bound
_MOST_SUGGESTED: Final = 500  # names of which it is looked for what may have been meant: a millisecond each
_TYPES: Final = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


@dataclass(frozen=True, slots=True)
class SchemaFault:
    """What an object has and its schema does not allow. ``on_key``: it is the key at ``path``, not its value."""

    rule: Rule
    path: Path
    message: str
    suggestion: str = ""
    on_key: bool = False


@dataclass(slots=True)
class Schemas:
    """Schemas of one API server. ``label`` says whose, for messages; validators are compiled once for each kind."""

    label: str
    kinds: Mapping[str, str]
    definitions: Mapping[str, Schema] = field(repr=False)
    custom: dict[str, Schema] = field(default_factory=dict, repr=False)
    ruled: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)  # as the CRD has them, with rules
    _compiled: dict[str, Any] = field(default_factory=dict, repr=False)
    _suggested: dict[tuple[str, ...], str | None] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, reduced: Mapping[str, Any], *, label: str) -> "Schemas":
        """The schemas that ``openapi.reduced`` made."""
        return cls(label=label, kinds=mapping(reduced.get("kinds")), definitions=mapping(reduced.get("definitions")))

    def with_crds(self, bodies: list[dict[str, Any]]) -> "Schemas":
        """These schemas for one artifact, with those of the CRDs among ``bodies``: what it brings it may use."""
        custom = dict(self.custom)
        for body in bodies[:MAX_COMPONENTS]:
            custom.update((kind, of_crd(schema)) for kind, schema in _of_definition(body))
        return Schemas(self.label, self.kinds, self.definitions, custom, self.ruled, {} if custom else self._compiled)

    def with_own_crds(self, bodies: list[dict[str, Any]]) -> "Schemas":
        """``with_crds`` of CRDs of this project, whose rules are evaluated, too."""
        ruled = {kind: mapping(schema) for body in bodies for kind, schema in _of_definition(body)}
        return replace(self.with_crds(bodies), ruled=ruled)

    def faults(self, body: dict[str, Any]) -> Iterator[SchemaFault]:
        """What of ``body`` its schema does not allow; one note where there is no schema for its kind."""
        kind = f"{text(body.get('apiVersion'))}/{text(body.get('kind'))}"
        if (validator := self._validator(kind)) is None:
            yield self._unknown(kind)
            return
        try:
            errors = list(islice(validator.iter_errors(body), _MOST))
        except (ValueError, TypeError, OverflowError, RecursionError):  # a lone surrogate, or nested beyond reason
            yield SchemaFault(Rule.INVALID_VALUE, (), "the object holds a value that JSON cannot hold")
            return
        for error in errors:
            yield from self._explained(error, kind)
        if not errors and (ruled := self.ruled.get(kind)) is not None:
            for path, message in islice(unmet(ruled, body), _MOST):
                yield SchemaFault(Rule.INVALID_VALUE, path, f"{shown(path)}: {message}")

    def _validator(self, kind: str) -> Any:
        """The compiled schema of ``group/version/Kind``, None where there is none."""
        if kind not in self._compiled:
            self._compiled[kind] = self._compile(kind)
        return self._compiled[kind]

    def _compile(self, kind: str) -> Any:
        if kind in self.custom:
            return _validator_for({"$ref": f"{DEFS}custom", "$defs": {"custom": self.custom[kind]}})
        if (name := self.kinds.get(kind)) is None:
            return None
        needed: dict[str, Schema] = {}
        waiting = [name]
        while waiting:
            each = waiting.pop()
            if each not in needed:
                needed[each] = self.definitions.get(each, True)
                waiting.extend(references(needed[each]))
        return _validator_for({"$ref": f"{DEFS}{name}", "$defs": needed})

    def _unknown(self, kind: str) -> SchemaFault:
        version, _, name = kind.rpartition("/")
        group = version.rpartition("/")[0]
        if own := [each.split("/")[1] for each in self.custom if each.split("/")[::2] == [group, name]]:
            return SchemaFault(
                Rule.UNKNOWN_KIND,
                ("apiVersion",),
                f"the CRD of {quoted(name)} has no version {quoted(version.rpartition('/')[2])}",
                suggestion=f"did you mean {group}/{own[-1]}?",
            )
        same_kind = [each.rpartition("/")[0] for each in self.kinds if each.rpartition("/")[2] == name]
        if "." in group and not group.endswith(".k8s.io") and not same_kind:
            return SchemaFault(Rule.NO_SCHEMA, ("kind",), f"there is no schema for {quoted(name)} of {quoted(version)}")
        if not self._serves(group):
            return SchemaFault(Rule.NO_SCHEMA, ("kind",), f"there is no schema for {quoted(name)} of {quoted(version)}")
        kinds = {each.rpartition("/")[2] for each in self.kinds if each.rpartition("/")[0] == version}
        meant = f"apiVersion {same_kind[-1]}" if same_kind else nearest(name, sorted(kinds)) or ""
        return SchemaFault(
            Rule.UNKNOWN_KIND,
            ("apiVersion",) if same_kind else ("kind",),
            f"{self.label} has no kind {quoted(name)} in {quoted(version)}",
            suggestion=f"did you mean {meant}?" if meant else "",
        )

    def _serves(self, group: str) -> bool:
        return any(each.rpartition("/")[0].rpartition("/")[0] == group for each in self.kinds)

    def _explained(self, error: Any, of: str) -> Iterator[SchemaFault]:
        """The faults of an error in an object of the kind ``of``."""
        path: Path = tuple(error.instance_path)
        kind = error.kind
        match kind.name:
            case "additionalProperties":
                known = self._known(error.schema_path, of)
                whose = of.rpartition("/")[2] if of in self.custom else self.label
                for name in kind.unexpected[:_MOST]:
                    meant = self._meant(name, known) or self._elsewhere(name, path, of)
                    yield SchemaFault(
                        Rule.UNKNOWN_FIELD,
                        (*path, name),
                        f"{shown((*path, name))} is not a field of {one_line(whose)}",
                        suggestion=f"did you mean {meant}?" if meant else "",
                        on_key=True,
                    )
            case "required":
                where = shown((*path, kind.property))
                yield SchemaFault(Rule.MISSING_REQUIRED_FIELD, path, f"{where} is required, and is absent; add it")
            case "type":
                wanted = " or ".join(_TYPES.get(each, each) for each in kind.types if each != "null")
                message = f"{shown(path)} must be {wanted}"
                yield SchemaFault(Rule.WRONG_TYPE, path, message, suggestion=_in_quotes(kind.types, error.instance))
            case "enum":
                yield self._not_among(path, kind.options, error.instance)
            case "minimum" | "maximum":
                words = "at least" if kind.name == "minimum" else "at most"
                yield SchemaFault(Rule.INVALID_VALUE, path, f"{shown(path)} must be {words} {kind.limit}")
            case "format":
                expression = quoted(str(kind.format).removeprefix(RE2))
                yield SchemaFault(Rule.INVALID_VALUE, path, f"{shown(path)} does not match {expression}")
            case "pattern":
                yield SchemaFault(Rule.INVALID_VALUE, path, f"{shown(path)} is not {_pattern(kind.pattern)}")
            case name:
                yield SchemaFault(Rule.INVALID_VALUE, path, f"{shown(path)} does not meet {name} of its schema")

    def _not_among(self, path: Path, options: list[Any], written: Any) -> SchemaFault:
        known = [each for each in options if isinstance(each, str) and each]
        meant = nearest(written, known[:_MOST]) if isinstance(written, str) else None
        among = first_few([_option(each) for each in options if each not in ("", None)], _NAMED)
        return SchemaFault(
            Rule.INVALID_VALUE,
            path,
            f"{shown(path)} is not one of {among}",
            suggestion=f"did you mean {meant}?" if meant else "",
        )

    def _meant(self, name: str, known: list[str]) -> str | None:
        """The field that may have been meant, looked for once for a name, and for no more names than people mistype."""
        key = (name, *known)
        if key not in self._suggested and len(self._suggested) < _MOST_SUGGESTED:
            self._suggested[key] = nearest(name, known)
        return self._suggested.get(key)

    def _elsewhere(self, name: str, path: Path, of: str) -> str | None:
        """The field of this very name a level above or below, of a kind of a CRD: its schema is without references."""
        found = on_another_level(name, path, mapping(self.custom.get(of)))
        return shown(found) if found is not None else None

    def _known(self, schema_path: list[str | int], of: str) -> list[str]:
        """The fields of the schema that refused one; ``schema_path`` is ``$defs``, the name, and the way within.

        ``of`` is the kind of the object.
        """
        if len(schema_path) < 3 or schema_path[0] != "$defs":
            return []
        name = str(schema_path[1])
        place: Any = self.definitions.get(name)
        if name == "custom":
            place = self.custom.get(of)
        for step in schema_path[2:-1]:
            place = place.get(step) if isinstance(place, dict) else None
        return sorted(mapping(mapping(place).get("properties")))


def _of_definition(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """``group/version/Kind`` and the schema of each version that a CRD serves, as it stands there."""
    if text(body.get("kind")) != "CustomResourceDefinition":
        return
    spec = mapping(body.get("spec"))
    group, kind = text(spec.get("group")), text(mapping(spec.get("names")).get("kind"))
    for version in mappings(spec.get("versions")):
        if group and kind and (name := text(version.get("name"))) and version.get("served") is not False:
            yield f"{group}/{name}/{kind}", mapping(version.get("schema")).get("openAPIV3Schema")


def _validator_for(schema: dict[str, Any]) -> Any:
    """A compiled schema; None where it cannot be compiled, as of a CRD that somebody wrote wrong."""
    expressions = {name: _matcher(name.removeprefix(RE2)) for name in formats(schema)}
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            pattern_options=jsonschema_rs.RegexOptions(),
            validate_formats=True,
            formats=expressions,
        )
    except ValueError:
        return None


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a text has what ``pattern`` describes; one that cannot be compiled is the fault of the CRD, not of it."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MATCHER_MEMORY
    try:
        expression = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        return lambda _: True
    return lambda value: expression.search(value) is not None


def _in_quotes(types: list[str], written: Any) -> str:
    """What to do where a text is wanted, and YAML reads another scalar."""
    if "string" not in types or not isinstance(written, bool | int | float):
        return ""
    return f"quote it: it is read as a {'boolean' if isinstance(written, bool) else 'number'}"


def _option(value: Any) -> str:
    """A value that a field takes, as JSON writes it; what is no scalar is only named."""
    if isinstance(value, str):
        return quoted(value, 32)
    return "a list or mapping" if isinstance(value, list | dict) else one_line(json.dumps(value), 32)


def _pattern(pattern: str) -> str:
    return "base64" if "A-Za-z" in pattern else "a quantity, such as 500m or 1Gi"


def shown(path: Path) -> str:
    """``spec.containers[0].name``, cut where a key is long."""
    made = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
    shown = made if len(made) <= 200 else f"{made[:100]}...{made[-97:]}"
    return "".join(each if each.isprintable() else "?" for each in shown) or "the object"
