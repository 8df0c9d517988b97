"""What ``valuesFrom`` of a DesignPattern names, looked up in the files of ``patternctl render --pattern``.

Read as the operator reads it, but no cluster is asked: an object that is in no file is ``Missing``, for the caller to
judge. One that is there and lacks the key, or that the API server would refuse, is an error.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.fields import mapping, mapping_at, text_at
from pattern_operator.api.reason import Reason
from pattern_operator.api.render_spec import ValuesReference
from pattern_operator.cli.error_messages import OfFile
from pattern_operator.quote import listed, one_line, quoted
from pattern_operator.reconcile.values_from import Value

_KINDS: Final = frozenset({"Secret", "ConfigMap"})
_NAMED: Final = 5  # namespaces, or objects, that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An object that ``valuesFrom`` names, and that is in none of the files; ``fact`` is a clause that says so."""

    kind: str
    namespace: str
    name: str
    target_path: str | None
    field: str
    fact: str


def looked_up(pattern: DesignPattern, bodies: Sequence[Mapping[str, Any]], *, path: str) -> Iterator[Value | Missing]:
    """What each entry of ``valuesFrom`` has, in order; nothing for one that is optional and not there.

    Raises:
        Stalled: PARAMETERS_NOT_FOUND: an object has no such key. PARAMETERS_INVALID: a value is not text or base64.
            DOCUMENT_INVALID: name or namespace of an object is not text.
    """
    own = pattern.metadata.namespace
    references = pattern.spec.render.values_from or ()
    known = [body for body in bodies if text_at(body, "kind") in _KINDS] if references else []
    for body in known:
        _refuse_unnamed(body, path=path)
    for position, each in enumerate(references):
        field = f"spec.render.valuesFrom[{position}]"
        alike = [body for body in known if text_at(body, "kind") == each.kind and _name(body) == each.name]
        found = [body for body in alike if _namespace(body) in ("", own)]
        if found:
            content = _entry(found[-1], each, own=own, path=path)  # as kubectl apply: the last one stays
            if content is not None:
                yield Value(f"{each.kind} {own}/{each.name}, key {each.values_key}", content, each.target_path)
            elif not each.optional:
                raise _no_key(each, field, own=own, path=path)
        elif not each.optional:
            fact = f"{each.kind} {own}/{each.name} is not in {quoted(path)}{_elsewhere(alike)}"
            yield Missing(
                kind=each.kind, namespace=own, name=each.name, target_path=each.target_path, field=field, fact=fact
            )


def not_found(missing: Sequence[Missing]) -> OfFile:
    """The error for objects that are missing, and whose values are not given otherwise."""
    facts = listed((f"{each.fact}, and {each.field} names it" for each in missing), _NAMED)
    paths = [each.target_path for each in missing if each.target_path is not None]
    by_set = f" or --set {one_line(paths[0])}=..." if len(paths) == len(missing) == 1 else " or --set" if paths else ""
    return OfFile(
        reason=Reason.PARAMETERS_NOT_FOUND,
        message=f"{facts}. No cluster is asked: put it into the file, or into a folder with the DesignPattern and name"
        f" the folder; or give its values by --values{by_set}.",
    )


def _no_key(each: ValuesReference, field: str, *, own: str, path: str) -> OfFile:
    return OfFile(
        reason=Reason.PARAMETERS_NOT_FOUND,
        message=f"{each.kind} {own}/{each.name} in {quoted(path)} has no key {each.values_key}, and {field} names it:"
        " correct the one or the other, or set optional: true.",
    )


def _entry(body: Mapping[str, Any], each: ValuesReference, *, own: str, path: str) -> bytes | None:
    """The value of a key; None where there is no such key. Of a Secret ``stringData`` counts over ``data``."""
    key, is_secret = each.values_key, each.kind == "Secret"
    field = "stringData" if is_secret else "data"
    where = f"{each.kind} {own}/{each.name} in {quoted(path)}"
    plain, encoded = mapping_at(body, field), mapping_at(body, "data") if is_secret else {}
    if key in plain:
        if not isinstance(plain[key], str):
            raise _invalid(f"{where}: {field}.{key} must be text: put it in quotes.")
        return text_at(plain, key).encode()
    if key not in encoded:
        return None
    try:
        return base64_value(encoded[key])
    except ValueError:
        raise _invalid(f"{where}: data.{key} is not base64: encode it, or write it in stringData.") from None


def base64_value(value: object) -> bytes:
    """A value in ``data`` of a Secret; raises ValueError where it is not base64.

    Line breaks in it are passed over, as Go's ``encoding/base64`` and so the API server do.
    """
    written = value if isinstance(value, str) else "?"  # which is not base64 either
    return base64.b64decode(written.replace("\n", "").replace("\r", ""), validate=True)


def _elsewhere(alike: Sequence[Mapping[str, Any]]) -> str:
    """That the object is there, in other namespaces; empty where it is in none."""
    namespaces = sorted({one_line(_namespace(body)) for body in alike})
    return f" (it is there in namespace {listed(namespaces, _NAMED)})" if namespaces else ""


def _refuse_unnamed(body: Mapping[str, Any], *, path: str) -> None:
    """Raise Stalled where name or namespace is not text, as ``namespace: n`` is not: it might be the one meant."""
    metadata = mapping(body.get("metadata"))
    for field in ("name", "namespace"):
        if metadata.get(field) is not None and not isinstance(metadata[field], str):
            fact = f"{quoted(path)}: metadata.{field} of a {text_at(body, 'kind')} must be text"
            raise OfFile(reason=Reason.DOCUMENT_INVALID, message=f"{fact}: put it in quotes.")


def _name(body: Mapping[str, Any]) -> str:
    return text_at(body, "metadata", "name")


def _namespace(body: Mapping[str, Any]) -> str:
    return text_at(body, "metadata", "namespace")


def _invalid(message: str) -> OfFile:
    return OfFile(reason=Reason.PARAMETERS_INVALID, message=message)
