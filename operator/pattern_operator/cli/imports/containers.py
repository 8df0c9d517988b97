"""Reads a policy.json of containers/image, as podman, skopeo and CRI-O have it: what is signed with sigstore.

Format: containers/image, docs/containers-policy.json.5.md. There the longest scope decides, and all its requirements
have to be met; here every policy that covers an artifact has to be met. So each requirement is a policy.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pattern_operator.api.fields import text_at
from pattern_operator.cli.imports.carried import Carried, Draft, Lost, carried, parted, resource_name
from pattern_operator.limits import MAX_TRUST_MATERIAL
from pattern_operator.quote import quoted
from pattern_operator.verify.url_match import InvalidGlob, UrlGlob

_TRANSPORT: Final = "docker"
_DENY: Final = "start the operator with --unsigned=Deny, which admits nothing that no policy covers"


def convert(document: Mapping[str, Any], folder: Path) -> Carried:
    """A policy for each requirement of a scope; files that it names are read, relative ones from ``folder``."""
    transports = document.get("transports")
    scopes = transports.get(_TRANSPORT) if isinstance(transports, dict) else None
    named = {"": document.get("default"), **(scopes if isinstance(scopes, dict) else {})}
    found = [
        each
        for scope, requirements in named.items()
        for number, requirement in enumerate(requirements if isinstance(requirements, list) else [])
        if isinstance(requirement, dict)
        for each in _requirement(scope, requirement, number, folder=folder)
    ]
    covered = {str(each.match) for each in found if isinstance(each, Draft)}
    why = "the longest scope decides in policy.json; here all policies that cover an artifact have to be met"
    return carried([*found, Lost(why)] if len(covered) > 1 else found)


def _requirement(scope: str, spec: Mapping[str, Any], number: int, *, folder: Path) -> Iterator[Draft | Lost]:
    where, kind = f"the scope {quoted(scope)}" if scope else "the default", spec.get("type")
    if kind == "insecureAcceptAnything":
        if scope:
            yield Lost(f"{where} accepts anything: no policy is written, and one for a wider scope holds there, too")
        return
    if kind != "sigstoreSigned":
        advice = _DENY if kind == "reject" else "sign it with sigstore or notation"
        yield Lost(f"{where} has {quoted(kind)}, of which nothing is written: {advice}")
        return
    match = _match(scope)
    if match is None:
        yield Lost(f"{where} names a tag, a digest or what is no repository: nothing is written of it")
        return
    authorities, lost = parted(_authorities(spec, folder=folder, where=where))
    yield from lost
    if not authorities:
        yield Lost(f"{where} has nobody who can be said here: nothing is written of it")
        return
    signed = spec.get("signedIdentity")
    identity = signed if isinstance(signed, dict) else {"type": "matchRepoDigestOrExact"}
    if (why := _loose(text_at(identity, "type"))) is not None:
        yield Lost(f"{where} {why}")
    name = resource_name(f"{scope or 'default'}-{number}" if number else scope or "default")
    yield Draft(name, match, authorities, repository=_repository(identity, scope))


def _match(scope: str) -> list[dict[str, str]] | None:
    """A scope covers itself and all below; None for one that is not a host, namespace or repository."""
    if not scope:
        return [{"url": "oci://**"}]
    host, slash, path = scope.partition("/")
    urls = [f"oci://{scope}", f"oci://{scope}/**"] if slash else [f"oci://{host}/**"]
    try:
        for url in urls:
            UrlGlob.parse(url)
    except InvalidGlob:
        return None
    return None if "*" in path else [{"url": url} for url in urls]


def _authorities(spec: Mapping[str, Any], *, folder: Path, where: str) -> Iterator[dict[str, Any] | Lost]:
    if "fulcio" in spec:
        yield Lost(f"{where} names a Fulcio without a key of certificate transparency, which is required here")
        return
    logs, lost = parted(_contents(spec, "rekorPublicKey", folder=folder, where=where))
    yield from lost
    if lost:  # else a log that is required there would not be here
        return
    beside = {"transparencyLog": {"keys": {"data": _text(logs)}}} if logs else {}
    if "pki" in spec:
        yield from _certificates(spec["pki"], beside, folder=folder, where=where)
        return
    keys, lost = parted(_contents(spec, "key", folder=folder, where=where))
    yield from lost
    for number, key in enumerate(keys, start=1):
        yield {"name": f"key-{number}", "key": {"data": _text([key])}, **beside}


def _certificates(
    pki: object, beside: Mapping[str, Any], *, folder: Path, where: str
) -> Iterator[dict[str, Any] | Lost]:
    spec = pki if isinstance(pki, dict) else {}
    roots, lost = parted(_contents(spec, "caRoots", folder=folder, where=where))
    yield from lost
    intermediates, lost = parted(_contents(spec, "caIntermediates", folder=folder, where=where))
    yield from lost
    subject = {
        field: [spec[name]]
        for field, name in (("emails", "subjectEmail"), ("dnsNames", "subjectHostname"))
        if isinstance(spec.get(name), str)
    }
    if not roots or not subject:
        return
    certificates: dict[str, Any] = {"roots": {"data": _text(roots)}, "subject": subject}
    if intermediates:
        certificates["intermediates"] = {"data": _text(intermediates)}
    yield {"name": "pki", "certificates": certificates, **beside}


def _contents(spec: Mapping[str, Any], field: str, *, folder: Path, where: str) -> Iterator[bytes | Lost]:
    """What ``<field>Path``, ``<field>Data`` and their plurals name."""
    paths, encoded = (spec.get(f"{field}{each}s") for each in ("Path", "Data"))
    for path in [spec.get(f"{field}Path"), *(paths if isinstance(paths, list) else [])]:
        if not isinstance(path, str):
            continue
        try:
            with (folder / path).open("rb") as file:
                yield file.read(MAX_TRUST_MATERIAL)
        except OSError as error:
            yield Lost(f"{where} names the file {quoted(path)}, which cannot be read ({error.strerror})")
    for data in [spec.get(f"{field}Data"), *(encoded if isinstance(encoded, list) else [])]:
        if not isinstance(data, str):
            continue
        try:
            yield base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            yield Lost(f"{where} has {field}Data that is not base64")


def _text(contents: Sequence[bytes]) -> str:
    return b"".join(contents).decode(errors="replace")


def _loose(kind: str) -> str | None:
    """What of the identity in a signature is not looked at here, as a clause: by default the tag is, there."""
    if kind in ("matchRepoDigestOrExact", "matchExact"):
        return "requires the tag in the signature, too, which is not looked at here: only the repository"
    if kind in ("matchRepository", "remapIdentity", "exactRepository"):
        return None
    return f"requires the identity {quoted(kind)}; what is written requires the repository itself"


def _repository(identity: Mapping[str, Any], scope: str) -> dict[str, Any]:
    """What signatures have to name: the repository, or the one that it is a copy of."""
    mirrors: list[dict[str, Any]] = []
    if identity.get("type") == "remapIdentity":
        mirrors = [_mirror(text_at(identity, "prefix"), of=text_at(identity, "signedPrefix"))]
    elif identity.get("type") == "exactRepository" and scope:
        mirrors = [_mirror(scope, of=text_at(identity, "dockerRepository"))]
    return {"required": True, **({"mirrors": mirrors} if mirrors else {})}


def _mirror(prefix: str, *, of: str) -> dict[str, Any]:
    return {"prefix": f"oci://{prefix}", "of": f"oci://{of}"}
