"""Fields that the pattern leaves to others once the object is there (``spec.apply.ignoreDifferences``). Pure.

A field that our apply had once would go from the object, or back to its default, if it were only left out of the next
apply (Kubernetes documentation, "Server-Side Apply", "Transferring ownership"): so it is given up first, by a change
of ``managedFields`` alone, which changes no value.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from pattern_operator.api.apply_spec import IgnoreDifferences, IgnoreTarget
from pattern_operator.api.fields import MAX_MANAGERS, ManagedFieldsEntry, ObjectMeta, mappings
from pattern_operator.api.object import Body, Object
from pattern_operator.apply import fieldset
from pattern_operator.apply.existing import is_ours

Pointer = tuple[str, ...]  # the segments of a JSON pointer (RFC 6901), decode_rules
REPLICAS: Final[Pointer] = ("spec", "replicas")


def pointer(text: str) -> Pointer:
    """The segments of a JSON pointer: ``/a~1b/0`` is ``("a/b", "0")``. What the CRD's rule admits always is one."""
    return tuple(each.replace("~1", "/").replace("~0", "~") for each in text.split("/")[1:])


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the spec, its pointers decode_rules."""

    target: IgnoreTarget | None
    paths: tuple[Pointer, ...]


def decode_rules(rules: Iterable[IgnoreDifferences]) -> tuple[Rule, ...]:
    """The rules, decode_rules once for all objects: 16 rules of 32 long pointers take 5 ms."""
    return tuple(Rule(each.target, tuple(map(pointer, each.paths))) for each in rules)


def pointers_of(rules: Iterable[Rule], desired: Object) -> tuple[Pointer, ...]:
    """What of ``desired`` is left to others; only what it has."""
    named = (each for rule in rules if _is_meant(rule.target, desired) for each in rule.paths)
    found = dict[Pointer, None]()
    for each in named:
        twins = _twins(each, desired)
        if any(has(desired.body, twin) for twin in twins):
            found |= dict.fromkeys(twins)
    return tuple(found)


def formerly_applied(rules: Iterable[Rule], desired: Object) -> tuple[Pointer, ...]:
    """What the rules name and ``desired`` does not have, but may have had: a field beside its fields."""
    named = (each for rule in rules if _is_meant(rule.target, desired) for each in rule.paths)
    found = (twin for each in named for twin in _twins(each, desired))
    return tuple(
        dict.fromkeys(
            each for each in found if not has(desired.body, each) and isinstance(_at(desired.body, each[:-1]), dict)
        )
    )


def _at(body: object, path: Pointer) -> object:
    for name in path:
        if isinstance(body, list):
            index = _index(name, body)
            body = body[index] if index is not None else None
        else:
            body = body.get(name) if isinstance(body, dict) else None
    return body


def unmatched_rules(rules: Sequence[IgnoreDifferences], objects: Iterable[Object]) -> tuple[str, ...]:
    """The rules whose target fits none of ``objects``, a sentence each: there are 16 rules at most, and words of a spec
    that the CRD bounds."""
    left = {number: rule.target for number, rule in enumerate(rules) if rule.target is not None}
    for each in objects:
        left = {number: target for number, target in left.items() if not _is_meant(target, each)}
    return tuple(
        f"apply.ignoreDifferences[{number}] does nothing: no object of the pattern has {_words(target)}"
        for number, target in left.items()
    )


def _words(target: IgnoreTarget) -> str:
    said = {
        "group": target.group,
        "version": target.version,
        "kind": target.kind,
        "name": target.name,
        "namespace": target.namespace,
    }
    return ", ".join(f"{name} {value or 'empty'}" for name, value in said.items() if value is not None)


def _twins(path: Pointer, desired: Object) -> tuple[Pointer, ...]:
    """A Secret is sent with its stringData written as data: both names lead there."""
    sections = ("data", "stringData")
    if (desired.key.group, desired.key.kind) == ("", "Secret") and path[0] in sections:
        return tuple((name, *path[1:]) for name in sections)
    return (path,)


def has(body: object, path: Pointer) -> bool:
    """Whether there is a value at ``path``."""
    for name in path:
        if isinstance(body, dict) and name in body:
            body = body[name]
        elif isinstance(body, list) and (index := _index(name, body)) is not None:
            body = body[index]
        else:
            return False
    return True


def without(body: Body, paths: Iterable[Pointer]) -> Body:
    """A copy of ``body`` without what is at ``paths``; what holds nothing then goes, too. The rest is shared."""
    tree: dict[str | _Whole, Any] = {}
    for path in paths:
        here = tree
        for name in path[:-1]:
            here = here.setdefault(name, {})
        here[path[-1]] = {_WHOLE: None}
    left: Body = _without(body, tree) if tree else body
    return left


class _Whole(Enum):
    """In a tree of paths: a path ends here. No text, because a field may have any name."""

    WHOLE = auto()


_WHOLE: Final = _Whole.WHOLE


def _without(value: Any, tree: Mapping[str | _Whole, Any]) -> Any:
    if isinstance(value, list):
        named = {name: inner for name, inner in tree.items() if isinstance(name, str)}
        at = {index: inner for name, inner in named.items() if (index := _index(name, value)) is not None}
        return [
            _without(each, at[number]) if number in at else each
            for number, each in enumerate(value)
            if not (number in at and _WHOLE in at[number])
        ]
    if not isinstance(value, dict):
        return value
    left = dict[str, Any]()
    for name, each in value.items():
        inner = tree.get(name)
        if inner is None:
            left[name] = each
        elif _WHOLE not in inner and ((kept := _without(each, inner)) or kept == each):
            left[name] = kept
    return left


def without_released(fields: fieldset.Fields, *, body: object, paths: Iterable[Pointer]) -> fieldset.Fields:
    """``fields`` without what is at ``paths`` of ``body``."""
    for path in paths:
        fields = _given_up(fields, body, path)
    return fields


def release_patch(live: object, *, body: object, paths: Iterable[Pointer]) -> dict[str, Any] | None:
    """The merge patch of the metadata by which our apply gives ``paths`` up on ``live``; None where it has none.

    ``live`` is an object, or its metadata alone, of any shape; ``body`` is what was applied.
    """
    meta = ObjectMeta.of(live)
    entries = list(mappings(meta.raw.get("managedFields")))[:MAX_MANAGERS]
    changed, managed = False, list[Mapping[str, Any]]()
    for each in entries:
        if is_ours(ManagedFieldsEntry.of(each)):
            before = fieldset.read(each.get("fieldsV1"))
            after = without_released(before, body=body, paths=paths)
            changed = changed or after != before
            managed.append({**each, "fieldsV1": after})
        else:
            managed.append(each)
    if not changed:
        return None
    return {"uid": meta.uid, "resourceVersion": meta.resource_version, "managedFields": managed}


def _given_up(fields: fieldset.Fields, body: object, path: Pointer) -> fieldset.Fields:
    """Go down ``fields`` and ``body`` together: a list's entries are named by their keys in the one, by number in the
    other."""
    if not path:
        return {}
    inner: object
    if isinstance(body, list):
        index = _index(path[0], body)
        inner = body[index] if index is not None else None
        names = [name for name in fields if index is not None and names_entry(name, inner, index)]
    else:
        inner = body.get(path[0]) if isinstance(body, dict) else None
        names = [name for name in (f"f:{path[0]}",) if name in fields]
    for name in names:
        rest = _given_up(fields[name], inner, path[1:]) if path[1:] else {}
        fields = {key: each for key, each in fields.items() if key != name} | ({name: rest} if rest else {})
    return fields


def names_entry(name: str, entry: object, index: int) -> bool:
    """Whether an element of a set of fields is this entry of a list."""
    kind, _, rest = name.partition(":")
    try:
        value = json.loads(rest)
    except (ValueError, RecursionError):
        return False
    if kind == "k" and isinstance(value, dict) and isinstance(entry, dict):  # a key that is defaulted is not written
        return all(entry.get(key, each) == each for key, each in value.items()) and any(key in entry for key in value)
    return bool(kind == "v" and value == entry) or (kind == "i" and value == index)


def _index(name: str, entries: list[Any]) -> int | None:
    if not (name.isascii() and name.isdecimal() and len(name) <= 6):
        return None
    return int(name) if int(name) < len(entries) and str(int(name)) == name else None


def _is_meant(target: IgnoreTarget | None, desired: Object) -> bool:
    if target is None:
        return True
    key = desired.key
    is_ = (key.group, desired.api_version.rpartition("/")[2], key.kind, key.name, key.namespace)
    named = (target.group, target.version, target.kind, target.name, target.namespace)
    return all(given is None or given == real for given, real in zip(named, is_, strict=True))
