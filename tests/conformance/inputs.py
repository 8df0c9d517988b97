"""Says whether the inputs of a case are those of its format, all of them and no others: see the README of the vectors.

What is left out, misspelt, given twice or of another type could be understood as asking for less. So it is rejected,
before anything is verified. A field that only describes the case is not looked at.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

Check = Callable[[Any], bool]
Rules = Mapping[str, Check]
NONE: Rules = {}

COMMON = ("id", "format", "time")
# What a case may have beside the fields of the README: it says where it comes from, and asks for nothing.
DESCRIPTIONS = (
    *(
        "base",
        "category",
        "comment",
        "description",
        "derivedFrom",
        "group",
        "label",
        "license",
        "mutant",
        "mutatedFrom",
    ),
    *(
        "mutatedFrom",
        "mutation",
        "mutations",
        "name",
        "note",
        "notes",
        "original",
        "parent",
        "seed",
        "tags",
        "title",
        "upstream",
    ),
)
MOST = 64  # keys, layers, certificates and stores, as the operator has it of signatures
DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
DIGEST = re.compile(r"(sha256|sha384|sha512):([0-9a-f]+)")


class WrongInputs(ValueError):
    """A case has not just the inputs of its format; the message says which."""


def check(case: Mapping[str, Any]) -> None:
    """Raise WrongInputs where the inputs of a case are not complete, or not clear."""
    stated = {name: value for name, value in case.items() if name not in (*COMMON, *DESCRIPTIONS)}
    if "time" in case and not is_time(case["time"]):
        raise WrongInputs("time is not an instant with its zone")
    rules = FORMATS.get(case.get("format", ""))
    if rules is None:
        raise WrongInputs(f"{case.get('format')!r} is not a format")
    rules(stated)


def fields(value: Any, name: str, required: Rules, optional: Rules = NONE, *, one_of: Sequence[Rules] = ()) -> None:
    """Check an object: every required field, no unknown one, and just one of each group of ``one_of``."""
    known = {**required, **optional, **{each: rule for group in one_of for each, rule in group.items()}}
    if not isinstance(value, Mapping):
        raise WrongInputs(f"{name} is not an object")
    if unknown := sorted(value.keys() - known.keys()):
        raise WrongInputs(f"{name} has {unknown[0]!r}, which is not a field of it")
    if missing := sorted(required.keys() - value.keys()):
        raise WrongInputs(f"{name} has no {missing[0]!r}")
    for group in one_of:
        if len(group.keys() & value.keys()) != 1:
            raise WrongInputs(f"{name} has not just one of {', '.join(group)}")
    for each, content in value.items():
        if not known[each](content):
            raise WrongInputs(f"{name} has a {each!r} that is not valid")


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def is_text_or_null(value: Any) -> bool:
    return value is None or is_text(value)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_count(value: Any, *, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_digest(value: Any) -> bool:
    found = DIGEST.fullmatch(value) if isinstance(value, str) else None
    return found is not None and len(found[2]) == DIGITS[found[1]]


def is_list(value: Any, *, of: Check = is_text, least: int = 0) -> bool:
    return isinstance(value, list) and least <= len(value) <= MOST and all(of(each) for each in value)


def is_texts(value: Any) -> bool:
    """Names with their values, both of them texts."""
    return isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)


def is_one_of(value: Any, *, of: tuple[str, ...]) -> bool:
    return isinstance(value, str) and value in of


some = partial(is_list, least=1)


def nested(name: str, required: Rules, optional: Rules = NONE, *, one_of: Sequence[Rules] = ()) -> Check:
    """A check of an object inside."""

    def checked(value: Any) -> bool:
        fields(value, name, required, optional, one_of=one_of)
        return True

    return checked


def _bundle(case: Mapping[str, Any]) -> None:
    asked = {"requireTlog": is_flag, "requireTimestamp": is_flag, "requireSct": is_flag, "predicateType": is_text}
    sealed = [{"artifact": is_text, "digest": is_digest}]
    files = {"bundle": is_text, "trustedRoot": is_text}
    if "key" in case:
        fields(case, "the case", {**files, "key": is_text}, {**asked, "keyValidUntil": is_time}, one_of=sealed)
        if case.get("requireSct"):
            raise WrongInputs("a signature by a key has no certificate timestamp, and one is required")
    else:
        whom = {"identity": is_text_or_null, "issuer": is_text_or_null}
        fields(case, "the case", {**files, **whom}, asked, one_of=sealed)


_layer = nested("a layer", {"mediaType": is_text, "payload": is_text}, {"annotations": is_texts})
_keyless = nested(
    "keyless",
    {"identity": is_text, "issuer": is_text},
    {"requireSct": is_flag},
    one_of=[{"trustedRoot": is_text, "fulcioRoots": some}],
)
_subject = nested("the subject", {}, {"email": is_text, "dns": is_text})
_own_pki = nested(
    "byoPki", {"roots": some, "subject": lambda value: _subject(value) and len(value) > 0}, {"intermediates": is_list}
)


def _classic(case: Mapping[str, Any]) -> None:
    fields(
        case,
        "the case",
        {"manifest": is_text, "layers": partial(is_list, of=_layer)},
        {"threshold": partial(is_count, least=1), "rekorKeys": some, "reference": is_text},
        one_of=[{"keys": some, "keyless": _keyless, "byoPki": _own_pki}],
    )


_target = nested("the target", {"mediaType": is_text, "digest": is_text, "size": is_count})
_store = nested(
    "a trust store",
    {"type": partial(is_one_of, of=("ca", "signingAuthority", "tsa")), "name": is_text, "certs": some},
)
_policy = nested(
    "the policy",
    {
        "level": partial(is_one_of, of=("strict", "permissive", "audit")),
        "trustStores": partial(some, of=_store),
        "trustedIdentities": some,
        "verifyTimestamp": partial(is_one_of, of=("always", "afterCertExpiry")),
        "revocation": partial(is_one_of, of=("skip",)),
    },
)


def _notation(case: Mapping[str, Any]) -> None:
    required = {"envelope": is_text, "mediaType": is_text, "target": _target, "policy": _policy}
    fields(case, "the case", required, {"userMetadata": is_texts})


def _rfc3161(case: Mapping[str, Any]) -> None:
    fields(
        case,
        "the case",
        {"token": is_text, "encoding": partial(is_one_of, of=("token", "response")), "roots": some},
        {"certs": is_list},
        one_of=[{"message": is_text, "messageDigest": is_digest}],
    )


FORMATS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "sigstore-bundle": _bundle,
    "cosign-classic": _classic,
    "notation": _notation,
    "rfc3161": _rfc3161,
}
