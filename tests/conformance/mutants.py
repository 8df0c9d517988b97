"""Changes an accepted case in one place, in as many ways as there are: what a verifier must notice.

A mutant is named by what was changed, and how: ``policy/trustedIdentities: another``. Those that are the same as the
original, byte for byte, are left out.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import cbor2
from tests.conformance import der
from tests.conformance.case import Case
from tests.verify import pki

STRANGER = pki.root("C=US,ST=WA,O=Notary,CN=stranger")
Change = tuple[str, Any]
DROP = object()


@dataclass(frozen=True)
class Mutant:
    """A changed case."""

    name: str
    case: Case = field(repr=False)


def of(case: Case) -> Iterator[Mutant]:
    """Every mutant of a case of format ``notation`` or ``rfc3161``."""
    yield from _of_rfc3161(case) if case["format"] == "rfc3161" else _of_notation(case)


# --- rfc3161 --------------------------------------------------------------------------------------------------------


def _of_rfc3161(case: Case) -> Iterator[Mutant]:
    yield from _of_file(case, "token", case["token"], der.mutants)
    yield from _of_file(case, "message", case["message"], _bytes)
    yield from _of_roots(case)
    other = "response" if case["encoding"] == "token" else "token"
    yield _with(case, "encoding: the other", encoding=other)
    for number, path in enumerate(case.get("certs", [])):
        rest = [each for each in case["certs"] if each != path]
        yield _with(case, f"certs/{number}: dropped", certs=rest)
        yield from _of_file(case, f"certs/{number}", path, _certificate)


def _of_roots(case: Case) -> Iterator[Mutant]:
    yield _with(case, "roots: none", roots=[])
    yield replace_file(_with(case, "roots: a stranger", roots=["stranger"]), "stranger", STRANGER.pem)


# --- notation -------------------------------------------------------------------------------------------------------


def _of_notation(case: Case) -> Iterator[Mutant]:
    kind = case["mediaType"]
    changes = _jws if kind == "application/jose+json" else _cose
    yield from _of_file(case, "envelope", case["envelope"], changes)
    other = "application/cose" if kind == "application/jose+json" else "application/jose+json"
    for name in (other, "application/json", kind.upper()):
        yield _with(case, f"mediaType: {name}", mediaType=name)
    yield from _of_target(case)
    yield from _of_policy(case)
    for name in case.get("userMetadata") or {}:
        yield _with(case, f"userMetadata/{name}: another", userMetadata={**case["userMetadata"], name: "another"})
    yield _with(case, "userMetadata: one more", userMetadata={**(case.get("userMetadata") or {}), "one": "more"})
    for name, time in _times(case):
        yield _with(case, f"time: {name}", time=time)


def _of_target(case: Case) -> Iterator[Mutant]:
    target = case["target"]
    algorithm, _, digits = target["digest"].partition(":")
    changes = {
        "mediaType: another": {"mediaType": "application/vnd.oci.image.index.v1+json"},
        "mediaType: in capitals": {"mediaType": target["mediaType"].upper()},
        "digest: another": {"digest": f"{algorithm}:{digits[:-1]}{'0' if digits[-1] != '0' else '1'}"},
        "digest: of another length": {"digest": f"sha512:{digits * 2}"},
        "size: one more": {"size": target["size"] + 1},
        "size: one less": {"size": target["size"] - 1},
    }
    for name, changed in changes.items():
        yield _with(case, f"target/{name}", target={**target, **changed})


def _of_policy(case: Case) -> Iterator[Mutant]:
    policy, stores = case["policy"], case["policy"]["trustStores"]
    changed: dict[str, dict[str, Any]] = {
        "trustStores: none": {"trustStores": []},
        "trustedIdentities: none": {"trustedIdentities": []},
        "trustedIdentities: another": {"trustedIdentities": ["x509.subject: C=US, ST=WA, O=Another"]},
        "trustedIdentities: and *": {"trustedIdentities": ["*", "x509.subject: C=US, ST=WA, O=Notary"]},
        "trustedIdentities: without O": {"trustedIdentities": ["x509.subject: C=US, ST=WA"]},
        "level: unknown": {"level": "none"},
        "verifyTimestamp: unknown": {"verifyTimestamp": "never"},
    }
    for level in ("strict", "permissive", "audit"):
        changed[f"level: {level}"] = {"level": level}
    for mode in ("always", "afterCertExpiry"):
        changed[f"verifyTimestamp: {mode}"] = {"verifyTimestamp": mode}
    for number, store in enumerate(stores):
        rest = [each for each in stores if each is not store]
        changed[f"trustStores/{store['type']}: dropped"] = {"trustStores": rest}
        for kind in ("ca", "signingAuthority", "tsa"):
            typed = [*stores[:number], {**store, "type": kind}, *stores[number + 1 :]]
            changed[f"trustStores/{store['type']}: as {kind}"] = {"trustStores": typed}
        strange = [*stores[:number], {**store, "certs": ["stranger"]}, *stores[number + 1 :]]
        changed[f"trustStores/{store['type']}: a stranger"] = {"trustStores": strange}
    for name, values in changed.items():
        if {**policy, **values} != policy:
            mutant = _with(case, f"policy/{name}", policy={**policy, **values})
            yield replace_file(mutant, "stranger", STRANGER.pem)


def _times(case: Case) -> Iterator[tuple[str, str]]:
    yield "1970", "1970-01-01T00:00:00Z"
    yield "2200", "2200-01-01T00:00:00Z"
    for number, certificate in enumerate(_chain(case)):
        for name, edge, step in (
            ("just before certificate {} is valid", certificate.not_before, -timedelta(seconds=1)),
            ("just after certificate {} was valid", certificate.not_after, timedelta(seconds=1)),
        ):
            yield name.format(number), _iso(edge + step)


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _chain(case: Case) -> Any:
    from pattern_operator.verify.notation import Envelope, read_envelope

    envelope = read_envelope(case.read(case["envelope"]), media_type=case["mediaType"])
    assert isinstance(envelope, Envelope)
    return envelope.chain


# --- JWS ------------------------------------------------------------------------------------------------------------


def _jws(content: bytes) -> Iterator[tuple[str, bytes]]:
    envelope = json.loads(content)
    for name, changed in _texts(content, envelope):
        yield name, changed
    for name in ("payload", "protected", "signature"):
        for how, text in _base64url(envelope[name]):
            if text == envelope[name]:
                continue
            yield f"{name}: {how}", _json({**envelope, name: text})
    for name in ("payload", "protected"):
        for how, inner in _documents(_unpad(envelope[name])):
            if inner == _unpad(envelope[name]):
                continue
            yield f"{name}/{how}", _json({**envelope, name: _pad_less(inner)})
    for how, header in _header(envelope["header"]):
        if header == envelope["header"]:
            continue
        yield f"header/{how}", _json({**envelope, "header": header})


def _texts(content: bytes, envelope: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The same object in other words, and what is not just one object any more."""
    yield "text: with white space", json.dumps(envelope, indent=2).encode()
    yield "text: in another order", json.dumps(dict(sorted(envelope.items(), reverse=True))).encode()
    yield "text: with a line break at the end", content.rstrip() + b"\r\n"
    yield "text: with escapes in names", _json(envelope).replace(b'"payload"', b'"p\\u0061yload"')
    yield "text: with bytes after the end", content + b"x"
    yield "text: twice", content + content
    yield "text: cut", content.rstrip()[:-1]
    yield "text: with a byte order mark", b"\xef\xbb\xbf" + content
    yield "text: in UTF-16", content.decode().encode("utf-16")
    yield "text: in a list", b"[" + content + b"]"
    yield (
        "text: compact serialization",
        ".".join(envelope[name] for name in ("protected", "payload", "signature")).encode(),
    )
    yield (
        "text: general serialization",
        _json(
            {
                "payload": envelope["payload"],
                "signatures": [{name: envelope[name] for name in ("protected", "header", "signature")}],
            }
        ),
    )
    for name, value in envelope.items():
        again = json.dumps(value)
        yield f"{name}: dropped", _json({each: rest for each, rest in envelope.items() if each != name})
        yield f"{name}: twice", _json(envelope)[:-1] + f', "{name}": {again}}}'.encode()
        yield f"{name}: twice, once empty", f'{{"{name}": "", '.encode() + _json(envelope)[1:]
        yield f"{name}: in capitals", _json({each.upper() if each == name else each: v for each, v in envelope.items()})
        for how, other in (("null", None), ("a number", 7), ("a list", [value]), ("empty", type(value)())):
            yield f"{name}: {how}", _json({**envelope, name: other})
    yield "signatures: added", _json({**envelope, "signatures": []})
    yield "other: added", _json({**envelope, "other": 1})


def _base64url(text: str) -> Iterator[tuple[str, str]]:
    yield "with padding", text + "=" * (-len(text) % 4 or 4)
    yield "with a line break", text[:8] + "\n" + text[8:]
    yield "with a space", text + " "
    yield "in the other alphabet", text.replace("-", "+").replace("_", "/")
    yield "shorter", text[:-1]
    yield "longer", text + "A"
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield "unused bits", text[:-1] + last[last.index(text[-1]) ^ 1]
    for place in range(0, len(text), max(len(text) // 8, 1)):
        yield f"letter {place}", text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def _documents(content: bytes) -> Iterator[tuple[str, bytes]]:
    """A signed document with another value, another member, or the same in other words."""
    document = json.loads(content)
    yield "text: with white space", json.dumps(document, indent=1).encode()
    yield "text: in another order", json.dumps(dict(sorted(document.items(), reverse=True))).encode()
    yield "text: with bytes after the end", content + b" "
    yield "other: added", _json({**document, "other": 1})
    for way, changed in _changed_json(document):
        yield way, _json(changed)
    for name in document:
        yield f"{name}: twice", content[:-1] + f',"{name}":0}}'.encode()


def _changed_json(document: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for name, value in document.items():
            inner = f"{way}/{name}" if way else name
            yield f"{inner}: dropped", {each: rest for each, rest in document.items() if each != name}
            for where, changed in _changed_json(value, inner):
                yield where, {**document, name: changed}
    elif isinstance(document, list):
        for number in range(len(document)):
            yield f"{way}/{number}: dropped", [*document[:number], *document[number + 1 :]]
            for where, changed in _changed_json(document[number], f"{way}/{number}"):
                yield where, [*document[:number], changed, *document[number + 1 :]]
        yield f"{way}: one more", [*document, "another"]
    elif isinstance(document, str):
        yield f"{way}: another", f"{document}x"
        yield f"{way}: empty", ""
        yield f"{way}: in capitals", document.swapcase()
    else:
        yield f"{way}: another", document + 1 if isinstance(document, int) else None


def _header(header: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "other: added", {**header, "other": 1}
    for name in ("alg", "crit", "cty", "io.cncf.notary.signingScheme", "io.cncf.notary.expiry"):
        yield f"{name}: added", {**header, name: ["io.cncf.notary.signingScheme"]}
    for name in header:
        yield f"{name}: dropped", {each: value for each, value in header.items() if each != name}
        for how, other in (("null", None), ("a number", 7), ("an object", {})):
            yield f"{name}: {how}", {**header, name: other}
    for how, chain in _chains([base64.b64decode(each) for each in header["x5c"]]):
        yield f"x5c/{how}", {**header, "x5c": [base64.b64encode(each).decode() for each in chain]}
    first, *rest = header["x5c"]
    for how, text in (
        ("in the other alphabet", first.replace("+", "-").replace("/", "_")),
        ("with a line break", first + "\n"),
    ):
        yield f"x5c/0: {how}", {**header, "x5c": [text, *rest]}
    if (stamp := header.get("io.cncf.notary.timestampSignature")) is not None:
        for how, token in der.mutants(base64.b64decode(stamp)):
            yield f"timestamp/{how}", {**header, "io.cncf.notary.timestampSignature": base64.b64encode(token).decode()}


def _chains(chain: list[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    stranger = STRANGER.certificate.der
    yield "none", []
    yield "reversed", chain[::-1]
    yield "a stranger after", [*chain, stranger]
    yield "a stranger before", [stranger, *chain]
    yield "a stranger alone", [stranger]
    yield "the last twice", [*chain, chain[-1]]
    yield "the first twice", [chain[0], *chain]
    yield "the last dropped", chain[:-1]
    yield "without the first", chain[1:]
    for number, content in enumerate(chain):
        for how, changed in der.mutants(content):
            yield f"{number}/{how}", [*chain[:number], changed, *chain[number + 1 :]]


# --- COSE -----------------------------------------------------------------------------------------------------------

PARTS = ("protected", "unprotected", "payload", "signature")


def _cose(content: bytes) -> Iterator[tuple[str, bytes]]:
    parts = dict(zip(PARTS, cbor2.loads(content).value, strict=True))
    yield from _encodings(content, parts)
    for name in ("protected", "payload", "signature"):
        for how, changed in _bytes(parts[name]):
            yield f"{name}: {how}", _sign1({**parts, name: changed})
    for how, changed in _documents(parts["payload"]):
        yield f"payload/{how}", _sign1({**parts, "payload": changed})
    for how, labels in _labels(_plain(parts["protected"])):
        yield f"protected/{how}", _sign1({**parts, "protected": cbor2.dumps(labels)})
    same = _sign1(parts)
    for how, labels in _unprotected(parts["unprotected"]):
        if _sign1({**parts, "unprotected": labels}) == same:
            continue
        yield f"unprotected/{how}", _sign1({**parts, "unprotected": labels})


def _encodings(content: bytes, parts: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The same message in other bytes, and what is not just one message any more."""
    yield "bytes: more after the end", content + b"\0"
    yield "bytes: twice", content + content
    yield "bytes: cut", content[:-1]
    yield "bytes: without tag", content[1:]
    yield "bytes: tag in two bytes", b"\xd8\x12" + content[1:]
    yield "bytes: tag of COSE_Sign", _sign1(parts, tag=98)
    yield "bytes: tag of COSE_Mac0", _sign1(parts, tag=17)
    yield "bytes: self-described", b"\xd9\xd9\xf7" + content
    yield "bytes: list of indefinite length", content[:1] + b"\x9f" + content[2:] + b"\xff"
    yield "bytes: list with a longer length", content[:1] + b"\x98\x04" + content[2:]
    yield "bytes: one part more", cbor2.dumps(cbor2.CBORTag(18, [*parts.values(), b""]))
    yield (
        "bytes: protected header of indefinite length",
        content[:2] + _chunked(parts["protected"]) + b"".join(cbor2.dumps(parts[name]) for name in PARTS[1:]),
    )
    yield (
        "bytes: signature of indefinite length",
        content[: -len(cbor2.dumps(parts["signature"]))] + _chunked(parts["signature"]),
    )
    for name in PARTS:
        yield f"{name}: dropped", cbor2.dumps(cbor2.CBORTag(18, [parts[each] for each in PARTS if each != name]))
        for how, other in (("null", None), ("text", "x"), ("a number", 7), ("empty", type(parts[name])())):
            yield f"{name}: {how}", _sign1({**parts, name: other})


def _chunked(content: bytes) -> bytes:
    return b"\x5f" + cbor2.dumps(content[:1]) + cbor2.dumps(content[1:]) + b"\xff"


def _sign1(parts: Mapping[str, Any], *, tag: int = 18) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(tag, [parts[name] for name in PARTS]))


def _plain(protected: bytes) -> dict[Any, Any]:
    """The protected header, with times as tagged numbers, as they stand there."""
    labels = cbor2.loads(protected)
    return {
        label: cbor2.CBORTag(1, int(value.timestamp())) if isinstance(value, datetime) else value
        for label, value in labels.items()
    }


def _labels(labels: Mapping[Any, Any]) -> Iterator[tuple[str, dict[Any, Any]]]:
    yield "other: added", {**labels, "other": 1}
    yield "in another order", dict(reversed(list(labels.items())))
    for label, value in labels.items():
        yield f"{label}: dropped", {each: rest for each, rest in labels.items() if each != label}
        for how, other in (("a number", 7), ("text", "x"), ("null", None), ("a list", [value])):
            yield f"{label}: {how}", {**labels, label: other}


def _unprotected(labels: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    plain: dict[Any, Any] = {
        label: list(value) if isinstance(value, tuple) else value for label, value in labels.items()
    }
    yield "other: added", {**plain, "other": 1}
    for label in (1, 2, 3, "io.cncf.notary.signingScheme", "io.cncf.notary.expiry"):
        yield f"{label}: added", {**plain, label: ["io.cncf.notary.signingScheme"]}
    for label in plain:
        yield f"{label}: dropped", {each: value for each, value in plain.items() if each != label}
        for how, other in (("null", None), ("a number", 7), ("a map", {})):
            yield f"{label}: {how}", {**plain, label: other}
    yield "33: without a list", {**plain, 33: plain[33][0]}
    for how, chain in _chains(plain[33]):
        yield f"x5chain/{how}", {**plain, 33: chain}
    if (stamp := plain.get("io.cncf.notary.timestampSignature")) is not None:
        for how, token in der.mutants(stamp):
            yield f"timestamp/{how}", {**plain, "io.cncf.notary.timestampSignature": token}


# --- what they share ------------------------------------------------------------------------------------------------


def _bytes(content: bytes) -> Iterator[tuple[str, bytes]]:
    yield "emptied", b""
    yield "shorter", content[:-1]
    yield "longer", content + b"\0"
    for place in range(0, len(content), max(len(content) // 8, 1)):
        yield f"bit of byte {place}", content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _certificate(content: bytes) -> Iterator[tuple[str, bytes]]:
    from pattern_operator.verify.x509.certificate import read_certificates

    (certificate,) = read_certificates(content)
    yield from der.mutants(certificate.der)


def _of_file(
    case: Case, name: str, path: str, changes: Callable[[bytes], Iterator[tuple[str, bytes]]]
) -> Iterator[Mutant]:
    content = case.read(path)
    for how, changed in changes(content):
        if changed != content:
            yield replace_file(Mutant(f"{name}/{how}", case), path, changed)


def replace_file(mutant: Mutant, path: str, content: bytes) -> Mutant:
    return replace(mutant, case=replace(mutant.case, files={**mutant.case.files, path: content}))


def _with(case: Case, name: str, **fields: Any) -> Mutant:
    return Mutant(name, replace(case, fields={**case.fields, **fields}))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _unpad(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _pad_less(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
