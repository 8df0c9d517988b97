"""Changes a case of the signature vectors in one place: every field of every document, as an attacker would.

A mutant is a case with other fields or files. Documents inside documents (the payload of an envelope, the body of a
log entry, a certificate, a checkpoint) are changed inside as well, without anything being signed again.
"""

import base64
import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tests.conformance.case import Case

DROP: Any = object()
SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
CERTIFICATE_STEP = 23  # every so many bytes of DER one is flipped


@dataclass(frozen=True, slots=True)
class Mutant(Case):
    """A case that was changed in one place: in its fields, or in its ``files``."""

    place: str = ""
    change: str = ""


def _mutant(
    fields: dict[str, Any], folder: Path, place: str, change: str, files: dict[str, bytes] | None = None
) -> Mutant:
    return Mutant(fields, folder, files or {}, place, change)


def mutants(fields: dict[str, Any], folder: Path, others: Sequence[dict[str, Any]]) -> Iterator[Mutant]:
    """All mutants of a case; ``others`` are cases of the same format whose parts are put into it."""
    makers = {"sigstore-bundle": _of_bundle, "cosign-classic": _of_layers}
    yield from makers[fields["format"]](fields, folder, others)
    yield from _of_policy(fields, folder)


def mutants_of_root(fields: dict[str, Any], folder: Path) -> Iterator[Mutant]:
    """All mutants of the trusted root of a case."""
    root = fields.get("trustedRoot") or fields.get("keyless", {}).get("trustedRoot")
    if root is not None:
        for place, change, content in json_mutants(json.loads((folder / root).read_bytes())):
            yield _mutant(fields, folder, f"trustedRoot{place}", change, {root: content})


# --- JSON ------------------------------------------------------------------------------------------------------------


def json_mutants(document: Any, place: str = "") -> Iterator[tuple[str, str, bytes]]:
    """Each value of a document changed in each way, as (place, change, text)."""
    original = _written(document)
    for path, value in list(_walk(document)):
        where = f"{place}{_spelled(path)}"
        for change, other in _other_values(value):
            changed = _written(_with(document, path, other))
            if changed != original:
                yield where, change, changed
        if path:
            yield where, "dropped", _written(_with(document, path, DROP))
            yield where, "null", _written(_with(document, path, None))
            if isinstance(path[-1], str):
                yield where, "twice", _twice(document, path, value)
                yield where, "renamed", _written(_renamed(document, path))
        if isinstance(value, dict):
            yield where, "unknown field", _written(_with(document, (*path, "unknown"), 1))
    yield place, "trailing text", _written(document) + b"{}"
    yield place, "byte order mark", b"\xef\xbb\xbf" + _written(document)


def _walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield path, value
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield from _walk(each, (*path, name))


def _other_values(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case bool():
            yield "other", not value
        case int():
            yield from (
                ("+1", value + 1),
                ("-1", value - 1),
                ("zero", 0),
                ("negative", -value - 1),
                ("as text", str(value)),
            )
        case str():
            yield from _other_texts(value)
        case list():
            if value:
                yield from (("empty", []), ("first twice", [value[0], *value]), ("last twice", [*value, value[-1]]))
            if len(value) > 1:
                yield from (("reversed", value[::-1]), ("without last", value[:-1]), ("without first", value[1:]))
            yield "an element more", [*value, {}]
            yield "as object", {str(index): each for index, each in enumerate(value)}
        case dict():
            yield from (("empty", {}), ("in a list", [value]))
        case _:
            yield "a number", 1


def _other_texts(text: str) -> Iterator[tuple[str, Any]]:
    yield from (("empty", ""), ("longer", text + "x"), ("in a list", [text]), ("a number", 1))
    if not (_decoded(text) and text[:-1] == text.rstrip("=")):  # else it is the one without padding
        yield "shorter", text[:-1]
    if text.isdigit():
        number = int(text)
        yield from (("+1", str(number + 1)), ("-1", str(number - 1)), ("zero", "0"), ("negative", f"-{number}"))
        yield from (
            ("leading zero", f"0{text}"),
            ("plus", f"+{text}"),
            ("as number", number),
            ("fraction", f"{text}.0"),
        )
        yield from (("blank", f" {text}"), ("huge", str(2**64 + number)), ("exponent", f"{text}e0"))
        return
    if text.swapcase() != text:
        yield "other case", text.swapcase()
    yield from (("blank before", f" {text}"), ("line end", f"{text}\n"), ("zero byte", f"{text}\x00"))
    raw = _decoded(text)
    if raw:
        for index in sorted({0, len(raw) // 2, len(raw) - 1}):
            yield f"byte {index} flipped", _encoded(_flipped(raw, index))
        yield "byte more", _encoded(raw + b"\x00")
        yield "byte less", _encoded(raw[:-1])
        yield "unused bits", text.rstrip("=")[:-1] + _next_letter(text) + "=" * (len(text) - len(text.rstrip("=")))
        yield "other alphabet", text.translate(str.maketrans("+/", "-_"))
        yield "without padding", text.rstrip("=")
        yield "padding more", f"{text}="
        yield "line break inside", f"{text[:4]}\n{text[4:]}"
    else:
        middle = len(text) // 2
        yield "letter changed", text[:middle] + ("x" if text[middle : middle + 1] != "x" else "y") + text[middle + 1 :]


def _with(document: Any, path: Sequence[str | int], value: Any) -> Any:
    changed = copy.deepcopy(document)
    if not path:
        return value
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    if value is DROP:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


def _renamed(document: Any, path: Sequence[str | int]) -> Any:
    value = document
    for name in path:
        value = value[name]
    name = str(path[-1])
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    other = snake if snake != name else f"{name}_"
    return _with(_with(document, path, DROP), [*path[:-1], other], value)


def _twice(document: Any, path: Sequence[str | int], value: Any) -> bytes:
    """The same name again, with a value that is of the same type and another."""
    marker = "\x01marker"
    other = next((each for _, each in _other_values(value) if type(each) is type(value)), 1)
    text = _written(_with(document, (*path[:-1], marker), other)).decode()
    return text.replace(json.dumps(marker), json.dumps(path[-1])).encode()


def _written(document: Any) -> bytes:
    return document.encode() if isinstance(document, str) else json.dumps(document).encode()


def _spelled(path: Sequence[str | int]) -> str:
    return "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in path)


def _decoded(text: str) -> bytes:
    if len(text) < 8 or len(text) % 4 or not all(letter.isalnum() or letter in "+/=" for letter in text):
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _flipped(raw: bytes, index: int, by: int = 1) -> bytes:
    return raw[:index] + bytes([raw[index] ^ by]) + raw[index + 1 :]


def _next_letter(text: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = text.rstrip("=")[-1:]
    return alphabet[(alphabet.index(last) + 1) % 64] if last in alphabet and last else "B"


# --- bundles ---------------------------------------------------------------------------------------------------------


MEDIA_TYPES = (
    *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3, 4)),
    "application/vnd.dev.sigstore.bundle.v0.3+json",
)


def _of_bundle(fields: dict[str, Any], folder: Path, others: Sequence[dict[str, Any]]) -> Iterator[Mutant]:
    document = json.loads((folder / fields["bundle"]).read_bytes())
    changed = [json_mutants(document), _inside(document), _of_other_type(document)]
    for other in others:
        foreign = json.loads((folder / other["bundle"]).read_bytes())
        changed.append((place, f"{how} of {other['id']}", text) for place, how, text in _exchanged(document, foreign))
    for place, change, content in chain(*changed):
        yield _mutant(fields, folder, f"bundle{place}", change, {fields["bundle"]: content})
    yield from _of_artifact(fields, folder)


def _inside(document: Any) -> Iterator[tuple[str, str, bytes]]:
    """What is inside of values: JSON, certificates and checkpoints."""
    for path, inner in _inner_documents(document):
        for place, change, content in json_mutants(inner):
            yield f"{_spelled(path)}({place})", change, _written(_with(document, path, _encoded(content)))
    for path, der in _certificates_in(document):
        for index in range(0, len(der), CERTIFICATE_STEP):
            flipped = _encoded(_flipped(der, index))
            yield f"{_spelled(path)}[byte {index}]", "flipped", _written(_with(document, path, flipped))
    for path, note in _checkpoints_in(document):
        for change, other in _other_notes(note):
            if other != note:
                yield _spelled(path), change, _written(_with(document, path, other))


def _of_other_type(document: Any) -> Iterator[tuple[str, str, bytes]]:
    for media_type in MEDIA_TYPES:
        if media_type != document["mediaType"]:
            yield ".mediaType", media_type, _written({**document, "mediaType": media_type})


def _inner_documents(document: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The JSON in base64: payload and bodies of entries."""
    for path, value in _walk(document):
        if path and path[-1] in ("payload", "canonicalizedBody") and isinstance(value, str):
            yield path, json.loads(base64.b64decode(value))


def _certificates_in(document: Any) -> Iterator[tuple[tuple[str | int, ...], bytes]]:
    for path, value in _walk(document):
        if path and path[-1] == "rawBytes":
            yield path, base64.b64decode(value)


def _checkpoints_in(document: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for path, value in _walk(document):
        if path and path[-1] == "envelope" and isinstance(value, str):
            yield path, value


def _other_notes(note: str) -> Iterator[tuple[str, str]]:
    """Each line of a checkpoint changed, dropped, doubled and moved."""
    lines = note.split("\n")
    for index, line in enumerate(lines):
        label = f"line {index}"
        yield f"{label} dropped", "\n".join([*lines[:index], *lines[index + 1 :]])
        yield f"{label} twice", "\n".join([*lines[:index], line, *lines[index:]])
        yield f"{label} longer", "\n".join([*lines[:index], f"{line}x", *lines[index + 1 :]])
        yield f"{label} blank after", "\n".join([*lines[:index], f"{line} ", *lines[index + 1 :]])
        yield f"{label} in capitals", "\n".join([*lines[:index], line.upper(), *lines[index + 1 :]])
        if index + 1 < len(lines):
            yield f"{label} moved", "\n".join([*lines[:index], lines[index + 1], line, *lines[index + 2 :]])
        if line.startswith("\u2014"):
            _, name, signature = line.split(" ")
            for change, other in _other_texts(signature):
                if isinstance(other, str):
                    yield f"{label} signature {change}", note.replace(signature, other)
            yield f"{label} other name", note.replace(f"\u2014 {name} ", "\u2014 other.example ")
            yield f"{label} hyphen", note.replace("\u2014", "-")
    yield "windows line ends", note.replace("\n", "\r\n")
    yield "extension", note.replace("\n\n", "\nmore\n\n", 1)
    yield "unknown witness", f"{note}\u2014 witness.example AAAAAAAAAA==\n"


def _exchanged(document: Any, foreign: Any) -> Iterator[tuple[str, str, bytes]]:
    """Each part of the bundle replaced by that of another genuine one."""
    theirs = dict(_walk(foreign))
    for path, value in _walk(document):
        if path in theirs and theirs[path] != value:
            yield _spelled(path), "that", _written(_with(document, path, theirs[path]))
    for name in ("tlogEntries",):
        own, other = document["verificationMaterial"].get(name), foreign["verificationMaterial"].get(name)
        if own and other and own != other:
            place = ("verificationMaterial", name)
            yield _spelled(place), "more: that", _written(_with(document, place, [*own, *other]))
            yield _spelled(place), "first: that", _written(_with(document, place, [*other, *own]))
    stamps = foreign["verificationMaterial"].get("timestampVerificationData")
    if stamps:
        place = ("verificationMaterial", "timestampVerificationData")
        yield _spelled(place), "that", _written(_with(document, place, stamps))


# --- classic layers --------------------------------------------------------------------------------------------------


def _of_layers(fields: dict[str, Any], folder: Path, others: Sequence[dict[str, Any]]) -> Iterator[Mutant]:
    """All layers changed alike: where one good layer is enough, another one would hide the change."""
    layers = fields["layers"]
    for place, change, changed in _other_layers(layers, others):
        yield _mutant({**fields, "layers": changed}, folder, f"layers{place}", change)
    for path in sorted({layer["payload"] for layer in layers}):
        content = (folder / path).read_bytes()
        flipped = [_flipped(content, index) for index in range(0, len(content), CERTIFICATE_STEP)]
        for place, change, other in chain(
            json_mutants(json.loads(content), "payload"),
            (("payload", "flipped", each) for each in flipped),
            [("payload", "line end", content + b"\n")],
        ):
            if other != content:
                yield _mutant(fields, folder, place, change, {path: other})
    content = (folder / fields["manifest"]).read_bytes()
    for change, other in (("line end", content + b"\n"), ("flipped", _flipped(content, 5)), ("empty", b"")):
        yield _mutant(fields, folder, "manifest", change, {fields["manifest"]: other})


def _other_layers(layers: Any, others: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    for media_type in ("text/plain", layers[0]["mediaType"].upper(), "application/vnd.dsse.envelope.v1+json"):
        yield "", media_type, [{**layer, "mediaType": media_type} for layer in layers]
    yield "", "none", []
    for name in sorted({name for layer in layers for name in layer["annotations"]}):
        for change, changed in _annotation_mutants(layers, name):
            if changed != layers:
                yield f".{name}", change, changed
        for other in others:
            foreign = other["layers"][0]["annotations"].get(name)
            if foreign is not None and all(foreign != layer["annotations"].get(name) for layer in layers):
                changed = [{**each, "annotations": {**each["annotations"], name: foreign}} for each in layers]
                yield f".{name}", f"that of {other['id']}", changed


def _annotation_mutants(layers: Any, name: str) -> Iterator[tuple[str, Any]]:
    def changed(by: Callable[[str], Any]) -> Any:
        found = copy.deepcopy(layers)
        for layer in found:
            if name in layer["annotations"]:
                other = by(layer["annotations"][name])
                if other is DROP:
                    del layer["annotations"][name]
                else:
                    layer["annotations"][name] = other
        return found

    yield "dropped", changed(lambda _: DROP)
    first = next(layer["annotations"][name] for layer in layers if name in layer["annotations"])
    for change, _ in [pair for pair in _other_texts(first) if isinstance(pair[1], str)]:
        yield change, changed(lambda text, change=change: dict(_other_texts(text)).get(change, text + "x"))  # type: ignore[misc]
    if first.startswith("{"):
        for place, change, _ in json_mutants(json.loads(first)):
            yield (
                f"{place} {change}",
                changed(
                    lambda text, place=place, change=change: next(  # type: ignore[misc]
                        found.decode()
                        for where, what, found in json_mutants(json.loads(text))
                        if (where, what) == (place, change)
                    )
                ),
            )
    if "BEGIN CERTIFICATE" in first:
        yield "twice", changed(lambda text: f"{text}\n{text}")
        yield "line ends", changed(lambda text: text.replace("\n", "\r\n"))
        for index in range(30, len(first) - 30, CERTIFICATE_STEP * 3):
            yield (
                f"letter {index}",
                changed(
                    lambda text, index=index: text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]  # type: ignore[misc]
                ),
            )


# --- what is asked for -----------------------------------------------------------------------------------------------


def _of_artifact(fields: dict[str, Any], folder: Path) -> Iterator[Mutant]:
    if "artifact" in fields:
        content = (folder / fields["artifact"]).read_bytes()
        for change, other in (("line end", content + b"\n"), ("flipped", _flipped(content, 0)), ("empty", b"")):
            yield _mutant(fields, folder, "artifact", change, {fields["artifact"]: other})
        return
    algorithm, _, digits = fields["digest"].partition(":")
    for change, text in (
        ("flipped", f"{algorithm}:{'0' if digits[0] != '0' else '1'}{digits[1:]}"),
        ("in capitals", f"{algorithm}:{digits.upper()}"),
        ("shorter", f"{algorithm}:{digits[:-2]}"),
        ("other algorithm", f"{'sha512' if algorithm == 'sha256' else 'sha256'}:{digits}"),
    ):
        yield _mutant({**fields, "digest": text}, folder, "digest", change)


def _of_policy(fields: dict[str, Any], folder: Path) -> Iterator[Mutant]:
    """What is asked for changed: whom the signature must be by, and what must be proven."""
    for name in ("identity", "issuer"):
        for holder in (fields, fields.get("keyless", {})):
            for change, other in _other_texts(holder.get(name) or ""):
                if isinstance(other, str) and holder.get(name) is not None:
                    changed = {**holder, name: other}
                    yield _mutant(changed if holder is fields else {**fields, "keyless": changed}, folder, name, change)
    asked: dict[str, dict[str, Any]] = {
        "one signer more": {"threshold": fields.get("threshold", 1) + 1},
        "no signer": {"threshold": 0, "keys": []},
        "another log": {"rekorKeys": ["containers-image/cosign.pub"]},
        "another repository": {"reference": f"{fields.get('reference', 'registry.example/other')}x"},
    }
    if fields["format"] == "sigstore-bundle":
        asked = {
            "a longer predicate": {"predicateType": f"{fields.get('predicateType', SIGNATURE_PREDICATE)}/"},
            "another key": {"key": "containers-image/cosign.pub"},
        }
    for change, others in asked.items():
        yield _mutant({**fields, **others}, folder, "policy", change)


# --- which mutants are accepted, and why -----------------------------------------------------------------------------

_ENTRY = r"bundle\.verificationMaterial\.tlogEntries\[\d\]"
_NOTE = rf"{_ENTRY}\.inclusionProof\.checkpoint\.envelope"
_STAMPS = r"bundle\.verificationMaterial\.timestampVerificationData"
_BYTES = (
    r"rawBytes|keyId|messageDigest\.digest|signature|sig|payload|canonicalizedBody|signedEntryTimestamp|signedTimestamp"
    r"|rootHash|hashes\[\d+\]"
)
_BYTES_CHANGED = (
    r"byte (\d+ flipped|more|less)|unused bits|other alphabet|without padding|padding more|line break inside"
)
_OTHER_TEXT = r"empty|longer|shorter|other case|letter changed|dropped|null"
_ANY_TEXT = rf"{_OTHER_TEXT}|blank before|line end|zero byte|{_BYTES_CHANGED}"
_ROOT_V3, _ROOT_V2 = "happy-path-v0.3", "rekor2-dsse-happy-path"  # whose trusted roots have more than they need

# (place, change, which cases, why): each accepted mutant has to be in one of these rows.
ACCEPTED: Sequence[tuple[str, str, str, str]] = (
    (
        rf"(bundle|trustedRoot)\..*\.({_BYTES})",
        "other alphabet|without padding",
        "",
        "ProtoJSON writes bytes in two alphabets, with or without padding",
    ),
    (
        r"bundle\..*\.(logIndex|treeSize|integratedTime)",
        "as number|a number",
        "",
        "ProtoJSON writes integers of 64 bits as text, and takes them as numbers",
    ),
    (
        r"bundle\.verificationMaterial\.publicKey(\.hint)?",
        _ANY_TEXT,
        "",
        "a hint of the key decides nothing: the key of the policy is tried",
    ),
    (
        r"bundle\.dsseEnvelope\.signatures\[0\]\.keyid",
        _ANY_TEXT,
        "",
        "a hint of the key decides nothing: the key of the policy is tried",
    ),
    (
        _NOTE,
        r"unknown witness|letter changed"
        r"|line [4-9] (twice|dropped|moved|other name|in capitals|signature byte (\d+ flipped|more|less))",
        "rekor2-|rekor-v2",
        "Rekor v2: a line of a witness, or of a key that is not known, decides nothing, wherever it stands",
    ),
    (
        _NOTE,
        r"unknown witness|line 4 twice",
        "bundle-with-sct-with-extensions|tsa-validity-end-inclusive",
        "Rekor v2: a line of a witness decides nothing, and the log's own holds wherever it is repeated",
    ),
    (_NOTE, r"line [45] twice", "", "Rekor v1: the log's own line holds wherever it is repeated"),
    (
        rf"{_ENTRY}\.inclusionPromise",
        "dropped|null",
        "/(intoto-with-custom-trust-root|key-dsse|keyless-dsse|managed-key-and-trusted-root|tsa-ok)$",
        "the inclusion proof holds, and the time is proven by a timestamp, or not needed",
    ),
    (
        rf"{_ENTRY}\.inclusionProof",
        "dropped|null",
        "tlog-validity-end-inclusive|npm-provenance|python/bundle$",
        "bundle v0.1: the promise of the log is enough, and it holds",
    ),
    (
        rf"{_ENTRY}\.inclusionProof\.(logIndex|hashes)",
        "dropped|null",
        "/intoto-with-custom-trust-root$",
        "a tree of one: a zero and an empty list that are left out",
    ),
    (
        rf"{_STAMPS}(\.rfc3161Timestamps(\[\d\](\.signedTimestamp)?)?)?",
        rf"{_BYTES_CHANGED}|shorter|other case|that of .*|dropped|null|empty|reversed|without last",
        "/(bundle|bundle_v3|bundle_v3_alt|github-whl|happy-path-v0.[23]|intoto-with-custom-trust-root|key-dsse"
        "|keyless-dsse|keyless-msg|managed-key-and-trusted-root|npm-provenance|othername"
        "|trust-root-tlog-validity-end-inclusive|tsa-ok)$",
        "a timestamp that does not hold counts for nothing, where the time is proven by a promise, or not needed",
    ),
    (
        r"bundle\.mediaType",
        ".*version=0.[123]|.*v0.3.json|that of .*",
        "",
        "a version that has all that is in the bundle, and asks for no more than there is",
    ),
    (
        r"bundle",
        "that of .*",
        "happy-path-v0.[23]$",
        "another genuine bundle over the artifact, by the same signer",
    ),
    (
        r"layers\.dev\.cosignproject\.cosign/signature",
        "without padding",
        "valid-2$|mixed",
        "one layer has no padding, and is as it was",
    ),
    (r"layers\.dev\.cosignproject\.cosign/signature", "line (end|break inside)|shorter", "", "line breaks in base64"),
    (
        r"layers\.dev\.sigstore\.cosign/(certificate|chain)",
        "line end|blank before|line ends|shorter",
        "",
        "white space around PEM",
    ),
    (
        r"layers\.dev\.sigstore\.cosign/chain",
        r"twice|letter \d+",
        "keyless$|pki-hostname",
        "what the chain has beside intermediates that are needed is read, and nothing rests on it",
    ),
    (
        r"layers\.dev\.sigstore\.cosign/chain",
        "dropped|empty",
        "keyless$",
        "the trusted root has the intermediates",
    ),
    (r"layers\.dev\.sigstore\.cosign/bundle", r"line end|blank before", "keyless$", "white space around JSON"),
    (
        r"trustedRoot\.(certificateAuthorities|timestampAuthorities)\[\d\]"
        r"\.(uri|operator|subject(\.(organization|commonName))?)",
        _ANY_TEXT,
        "",
        "for people: nothing rests on it",
    ),
    (
        r"trustedRoot\.(tlogs|ctlogs)\[\d\]\.(baseUrl|operator)",
        _OTHER_TEXT,
        "",
        "nobody is asked, and the log is known by its key alone",
    ),
    (
        r"trustedRoot\.(certificateAuthorities|timestampAuthorities)",
        "(first|last) twice|reversed",
        "",
        "the same authorities, in another order or listed twice",
    ),
    (
        r"trustedRoot\.(tlogs|ctlogs)",
        "reversed",
        "",
        "the same logs in another order",
    ),
    (
        r"trustedRoot\.timestampAuthorities(\[0\])?",
        "dropped|null|empty",
        f"{_ROOT_V3}|keyless-dsse",
        "no timestamp is needed: the log proves the time",
    ),
    (
        r"trustedRoot\.((certificateAuthorities|ctlogs)(\[0\])?|tlogs(\[1\])?)",
        "dropped|without (first|last)",
        _ROOT_V3,
        "an instance that the signature does not need",
    ),
    (
        r"trustedRoot\.(ctlogs|tlogs)(\[[012]\])?",
        "dropped|without first",
        _ROOT_V2,
        "an instance that the signature does not need",
    ),
    (
        r"trustedRoot\.\w+\[\d\]\.certChain\.certificates(\[1\])?",
        "without last|dropped",
        "",
        "an intermediate is the root of trust in place of its own issuer: less is trusted",
    ),
    (
        r"trustedRoot\.timestampAuthorities\[0\]\.certChain\.certificates(\[0\])?",
        "without first|dropped",
        f"{_ROOT_V3}|keyless-dsse",
        "the root of the timestamp authority is trusted, with whatever it issued",
    ),
    (
        r"trustedRoot\.(certificateAuthorities\[0\]|ctlogs\[0\]\.publicKey)\.validFor\.end",
        "dropped|null",
        _ROOT_V3,
        "a longer validity of an instance that the signature does not need",
    ),
    (
        r"trustedRoot\.(tlogs\[[12]\]|ctlogs\[[01]\])\.publicKey\.validFor\.end",
        "dropped|null",
        _ROOT_V2,
        "a longer validity of an instance that the signature does not need",
    ),
)


def row_of(case: str, mutant: Mutant) -> int | None:
    """The row of ``ACCEPTED`` that says why it is right that a mutant of ``case`` is accepted; None where none does."""
    for number, (place, change, only, _) in enumerate(ACCEPTED):
        if re.fullmatch(place, mutant.place) and re.fullmatch(change, mutant.change) and re.search(only, case):
            return number
    return None
