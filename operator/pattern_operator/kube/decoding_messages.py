"""The messages of API servers on what they cannot read: it does not fit a schema, a type, or JSON."""

import re
from typing import Final

from pattern_operator.kube.fieldpath import field_path
from pattern_operator.kube.request_content import RequestContent
from pattern_operator.kube.webhook_messages import conversion
from pattern_operator.quote import first_few

_NAMED: Final = 5  # fields that a message names
_FIELDS: Final = 8  # faults of fields that it names
UNREADABLE_ENTRY: Final = "managedFields cannot be read: "
_TYPED: Final = re.compile(
    r"(?:^|\n\s{0,8}|\): )(?:element \d{1,6}: )?(?P<path>\.[^\s:]{1,300}(?:\[[^\]\n]{0,300}\][^\s:]{0,300})?): "
    r"(?:element \d{1,6}: )?"
    r"(?P<rule>field not declared in schema|expected (?:numeric \(int or float\)|any scalar|[a-z]{1,20}), got"
    r"|duplicate entries for key|associative list with keys has an element that omits|unexpected scalar type)"
)


def typed_patch(text: str, request: RequestContent) -> str:
    """structured-merge-diff, typed/validate.go: what does not fit the schema, line by line."""
    head = re.match(
        r"(failed to create typed patch object|failed to convert (?:patch|new) object(?: to proper version)?"
        r"|failed to create typed \w+ object|failed to prune fields|failed to add back owned items)",
        text,
    )
    if head is None:
        return ""
    subject = re.match(r" \(([\w./:-]{0,600}); ([\w./-]{1,300}), Kind=(\w{1,100})\)", text[head.end() :])
    where = f" ({subject.group(1)}; {subject.group(2)}, Kind={subject.group(3)})" if subject else ""
    parts = list(dict.fromkeys(_typed(match) for match in _TYPED.finditer(text)))
    said = (
        first_few(parts, _FIELDS, separator="; ")
        or _no_base64(text, request)
        or conversion(text, request)
        or "it does not fit the schema of its kind"
    )
    return f"{head.group(1)}{where}: {said}"


def _typed(match: re.Match[str]) -> str:
    path, said = field_path(match["path"]), match["rule"]
    if said.startswith("expected"):
        return f"{path}: {said} another type"
    if said.startswith("associative"):
        return f"{path}: an entry of the list has no key"
    return f"{path}: {said}"


def unreadable_entry(text: str, request: RequestContent) -> str:
    """structured-merge-diff, merge/update.go: the live object in the version of an entry, bare or after what failed.

    What does not fit of the request itself has a head that names the object (``typed_patch``), and is none of this.
    """
    del request
    rest = re.sub(r"^failed to (?:prune fields|add back owned items): (?:failed to convert [\w .]{1,80}: )?", "", text)
    if match := re.match(r"request to convert CR to an invalid group/version: ([\w.-]{1,253}/[\w.-]{1,63})$", rest):
        return f"{UNREADABLE_ENTRY}an entry is of {match.group(1)}, which the CRD does not have any more"
    parts = list(dict.fromkeys(_typed(match) for match in _TYPED.finditer(rest) if "not declared" in match["rule"]))
    if not parts or not re.match(r"(?:\.|errors:\n)", rest):
        return ""
    return f"{UNREADABLE_ENTRY}{first_few(parts, _FIELDS, separator='; ')}, in the version of an entry"


def strict_decoding(text: str, request: RequestContent) -> str:
    """apimachinery, runtime/serializer/json: names of fields, each quoted, after the marker."""
    del request
    _, marker, rest = text.partition("strict decoding error: ")
    if not marker:
        return ""
    found = re.findall(r'(unknown|duplicate) field ("(?:[^"\\]|\\.){0,400}")', rest)
    parts = list(dict.fromkeys(f"{kind} field {field_path(name[1:-1])}" for kind, name in found))
    return "strict decoding error: " + (
        first_few(parts, _FIELDS, separator="; ") or "it does not fit the schema of its kind"
    )


def unmarshal(text: str, request: RequestContent) -> str:
    """encoding/json: ``cannot unmarshal number 1234 into Go struct field Secret.data of type []uint8``."""
    match = re.search(
        r"cannot unmarshal (string|number|object|array|bool)[^\n]{0,200}? into Go (?:struct field ([\w.]{1,200})|value)"
        r" of type ([\w.\[\]*{} /]{1,100})",
        text,
    )
    if match is not None:
        kind, field, type_ = match.groups()
        return f"{field or 'the object'}: expected {type_.strip()}, got a JSON {kind}"
    if said := _no_base64(text, request):
        return said
    if "unable to parse quantity" in text or "quantities must match the regular expression" in text:
        return "a quantity is not one: it must be written as 500m, 2 or 1Gi"
    if re.search(
        r"error converting YAML to JSON|error decoding YAML|yaml: |invalid character .{1,20} looking for", text
    ):
        return "the server could not decode the request"
    return ""


def _no_base64(text: str, request: RequestContent) -> str:
    """encoding/base64: ``illegal base64 data at input byte 7``; which field it is only the request tells."""
    if "illegal base64 data" not in text:
        return ""
    paths = [field_path(path) for path in request.not_base64()]
    if not paths:
        return "illegal base64 data: the values of data must be base64; write them under stringData as they are"
    what = f"{first_few(paths, _NAMED)} {'is' if len(paths) == 1 else 'are'} not base64"
    plain = all(path.startswith("data.") for path in paths)
    return what + ("; write it under stringData as it is" if plain else "")
