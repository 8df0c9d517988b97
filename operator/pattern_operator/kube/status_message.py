"""What an API server's refusal says, rewritten without the values it quotes: field, rule, who refused.

API servers quote what they refuse: ``Invalid value: {...}``, ``&core.PodTemplateSpec{...}``, the whole of a Secret.
Nothing of a text is shown because it looks harmless; what is shown was understood. Sources of the grammar: Kubernetes
1.37, apimachinery ``pkg/api/errors`` and ``pkg/util/validation/field``, structured-merge-diff ``typed``, apiserver
``pkg/admission``.

Three kinds of text remain. Names (fields, objects, kinds, webhooks, accounts) are shown where they have the shape of a
name. Rules, which validation code is written with, are shown word by word. Sentences of webhooks, policies and CEL
rules are shown word by word too, without any word that the request itself holds as a value (``kube.request_content``).
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pattern_operator.kube.fieldpath import field_path, name_or_mask
from pattern_operator.kube.message_formats import FORMS
from pattern_operator.kube.redact import known_sentence, rule, sentence, subject_of
from pattern_operator.kube.request_content import NO_CONTENT, RequestContent
from pattern_operator.quote import ELLIPSIS, cut, first_few

MAX_CAUSES: Final = 64  # of a refusal that are read; a message has room for some ten
_NAMED: Final = 10  # of them that a message names; the rest is counted
_HEAD: Final = 8192  # characters of a text in which names and rules are looked for
_NAMES_WITHIN: Final = 1000  # characters in which names are looked for that a rule lists
_DETAIL: Final = 300  # bytes of one rule
_TAIL: Final = 1024  # characters at the end of a text in which the rule is looked for, after the quoted value
_LONGEST: Final = 8 * _HEAD  # characters of a text whose value is read: beyond it only the rule at its end is
_SHORT: Final = 64  # characters in which a number or a word ends
_END: Final = 2 * _TAIL  # characters of which the rule may be all

# apimachinery, pkg/util/validation/field/errors.go: metav1.CauseType, and the words that stand for it.
_TYPES: Final = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueTypeInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooShort": "Too short",
    "FieldValueTooMany": "Too many",
    "FieldValueTooFew": "Too few",
    "InternalError": "Internal error",
}
_WITHOUT_VALUE: Final = frozenset({"Required value", "Forbidden", "Too long", "Too short", "Internal error"})
_QUOTED: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR: Final = re.compile(r"(?:-?[0-9][0-9.eE+-]*|true|false|null|<[a-z ]+>)(?=: |$)")
# How rules begin: where a value is not text or number, nothing else tells where it ends.
_RULE: Final = re.compile(
    r": (?=(?:must|may|field is|cannot|should|updates? to|pod updates|spec is|is (?:required|immutable|not|forbidden)"
    r"|at least|at most|exactly|only|not a|a valid|a lowercase|no more|too complex|`selector` does not match"
    r"|[\w.\[\]]{1,200} in body)\b)"
)
_JSON: Final = json.JSONDecoder()
# admissionregistration and rbac validation, of whole lists: no part of these texts comes from a request.
_OF_LISTS: Final = re.compile(
    r"if '\*(?:/\*)?' is present, must not specify other"
    r" (?:resources(?: without subresources)?|API groups|API versions|operations)"
    r"|rules cannot apply to both regular resources and non-resource URLs"
)
_SUPPORTED: Final = re.compile(r"supported values: (.{1,1000})", re.DOTALL)
# apiextensions-apiserver, pkg/apiserver/schema/cel: a rule without a message is quoted as it stands in the CRD.
_TRANSITION: Final = re.compile(r"failed rule: [^\n]{0,1000}\boldSelf\b")
_TYPE_RULE: Final = re.compile(r"in body must be of type (\w{1,32})")


@dataclass(frozen=True, slots=True)
class StatusCause:
    """One entry of ``Status.details.causes``: ``field`` is a path such as ``spec.replicas``, or empty.

    ``message`` is the rule in words; of a conflict, who holds the field.
    """

    field: str
    reason: str
    message: str


def causes_of(causes: object, *, request: RequestContent = NO_CONTENT) -> tuple[StatusCause, ...]:
    """The first ``MAX_CAUSES`` causes, each redacted; what has another shape is left out."""
    if not isinstance(causes, list):
        return ()
    found = [each for each in causes[:MAX_CAUSES] if isinstance(each, dict)]
    return tuple(_cause(each, request=request) for each in found)


def reason_word(reason: object) -> str:
    """A ``metav1.StatusReason`` or cause type: a CamelCase word, or empty for everything else."""
    return reason if isinstance(reason, str) and re.fullmatch(r"[A-Za-z]{1,64}", reason) else ""


def redacted(
    status: Mapping[str, object], *, causes: Iterable[StatusCause], request: RequestContent = NO_CONTENT
) -> str:
    """What a ``Status`` says, in at most some hundred bytes a cause; empty where nothing of it was understood."""
    message = status.get("message")
    text = message[:_HEAD] if isinstance(message, str) else ""
    causes = tuple(causes)
    conflicts = [f"{each.message}: {each.field}" for each in causes if each.reason == "FieldManagerConflict"]
    if conflicts and (match := re.match(r"Apply failed with \d{1,7} conflicts?", text)):
        return f"{match.group()}: {'; '.join(conflicts)}"
    invalid = [each for each in causes if each.reason in _TYPES]
    if invalid and not text.startswith("admission webhook"):
        return _invalid(text, invalid)
    for understand in FORMS:
        if said := understand(text, request):
            return said
    if match := re.match(r'(\S{1,300}) ("(?:[^"\\]|\\.){0,300}") is invalid(?:: \[?|$)', text):
        return f"{subject_of(match)} is invalid: {_single(text[match.end() :], request)}"
    if match := re.match(r'(\S{1,300}) ("(?:[^"\\]|\\.){0,300}") is forbidden: ', text):
        said = sentence(text[match.end() :], request)
        return f"{subject_of(match)} is forbidden{f': {said}' if said else ''}"
    return sentence(text, request)


def _cause(cause: Mapping[str, object], *, request: RequestContent) -> StatusCause:
    reason = reason_word(cause.get("reason"))
    field, message = cause.get("field"), cause.get("message")
    path = field_path(field) if isinstance(field, str) else ""
    text = message if isinstance(message, str) else ""
    if reason == "FieldManagerConflict":
        return StatusCause(path, reason, _manager(text))
    if reason not in _TYPES:
        return StatusCause(path, reason, sentence(text, request))
    return StatusCause(path, reason, _rule(text, kind=_TYPES[reason], request=request))


def _manager(text: str) -> str:
    """``conflict with "kubectl" with subresource "scale" using apps/v1 at <time>``, without the time."""
    match = re.match(
        r'conflict with ("(?:[^"\\]|\\.){0,300}")(?: with subresource ("[a-z/]{1,60}"))?(?: using ([\w./-]{1,100}))?',
        text[:_HEAD],
    )
    if match is None:
        return "conflict with another field manager"
    manager, subresource, version = match.groups()
    return "conflict with " + " ".join(
        [
            f'"{name_or_mask(manager[1:-1])}"',
            *([f"with subresource {subresource}"] if subresource else []),
            *([f"using {version}"] if version else []),
        ]
    )


def _rule(text: str, *, kind: str, request: RequestContent) -> str:
    """``Invalid value: must be unique``: the type of the error and the rule, between them once the value."""
    detail = _detail(text.removeprefix(kind).removeprefix(": "), kind=kind, request=request)
    return f"{kind}: {detail}" if detail else kind


def _detail(text: str, *, kind: str, request: RequestContent) -> str:
    if kind in ("Duplicate value", "Not found"):
        return ""
    if kind == "Unsupported value":
        match = _SUPPORTED.search(text[-_END:])
        return "" if match is None else "supported values: " + _names(match.group(1))
    if match := _TYPE_RULE.search(text[-_END:]):
        return f"must be of type {match.group(1)}"
    if _TRANSITION.search(text[-_END:]):
        return "failed a rule that compares it with the value before (oldSelf)"
    if kind in _WITHOUT_VALUE:
        return _words(text, request)
    value = _QUOTED.match(text) if len(text) <= _LONGEST else None
    value = value or _SCALAR.match(text[:_SHORT])
    end = _end_of_json(text) if value is None else value.end()
    if end:
        detail = text[end:].removeprefix(": ")[:_TAIL]
        if _OF_LISTS.fullmatch(detail):
            return detail
        return _words(detail, request) if _RULE.match(f": {detail}") else cut(sentence(detail, request), _DETAIL)
    tail = text[-_TAIL:]
    begins = [match.end() for match in _RULE.finditer(tail)]
    if not begins:
        # A structure with its difference after the rule (core/validation, ValidatePodUpdate) ends in the difference.
        return _known_end(tail, request)
    return _words(tail[begins[-1] :], request)


def _known_end(text: str, request: RequestContent) -> str:
    """The sentence of kube-apiserver itself that the text ends in, after a value; empty where there is none."""
    if request.hides_all:
        return ""
    ends = (text[match.end() :] for match in re.finditer(": ", text))
    return next((cut(said, _DETAIL) for end in ends if (said := known_sentence(end, request))), "")


def _end_of_json(text: str) -> int:
    """Where the list or the structure ends that ``text`` begins with; 0 where it begins with none, or is too long."""
    if not text.startswith(("[", "{")) or len(text) > _LONGEST:
        return 0
    try:
        return _JSON.raw_decode(text)[1]
    except (ValueError, RecursionError):
        return 0


def _words(detail: str, request: RequestContent) -> str:
    """A rule of Kubernetes' own, or of a CRD: in the latter anybody may have written what repeats a value."""
    return cut(sentence(detail, request), _DETAIL) if request.is_custom else rule(detail)


def _names(text: str) -> str:
    """The names between quotation marks, the first few of them."""
    found = [name_or_mask(each.group()[1:-1]) for each in _QUOTED.finditer(text[:_NAMES_WITHIN])]
    return ", ".join(f'"{each}"' for each in found[:8]) + (f" {ELLIPSIS}" if len(found) > 8 else "")


def _invalid(text: str, causes: list[StatusCause]) -> str:
    subject = re.match(r'(\S{1,300}) ("(?:[^"\\]|\\.){0,300}") is invalid', text)
    head = f"{subject_of(subject)} is invalid: " if subject else ""
    # Two validators may find the same fault, and say it in the same words.
    said = list(dict.fromkeys(f"{each.field}: {each.message}" if each.field else each.message for each in causes))
    at_least = "at least " if len(causes) == MAX_CAUSES else ""
    return head + first_few(said, _NAMED, separator="; ", at_least=at_least)


def _single(text: str, request: RequestContent) -> str:
    """``<field>: <type>: <value>: <detail>`` where no causes came with it."""
    kinds = "|".join(re.escape(kind) for kind in dict.fromkeys(_TYPES.values()))
    match = re.match(rf"(\S{{1,600}}): ({kinds})(?::|$)", text)
    if match is None:
        return "a field is not what its schema or validation says"
    rest = text[match.start(2) :]
    return f"{field_path(match.group(1))}: {_rule(rest, kind=match.group(2), request=request)}"
