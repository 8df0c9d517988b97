"""Reads the ``verify`` block of a Flux OCIRepository, with the Secrets that it names where they are at hand.

Format: source.toolkit.fluxcd.io/v1, OCIRepository, "Verification". Flux takes any of the keys of a Secret, and searches
for its expressions where ours match the whole.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at, mappings_at, text_at
from pattern_operator.cli.imports import notation
from pattern_operator.cli.imports.carried import Carried, Draft, Lost, carried, parted, resource_name, whole
from pattern_operator.quote import quoted

_KEY: Final = ".pub"
_CERTIFICATES: Final = (".pem", ".crt")

Secrets = Mapping[tuple[str, str], Mapping[str, bytes]]


def convert(body: Mapping[str, Any], secrets: Secrets) -> Carried:
    """The policy for the artifact of one OCIRepository."""
    return carried(_policy(body, secrets))


def _policy(body: Mapping[str, Any], secrets: Secrets) -> Iterator[Draft | Lost]:
    meta = ObjectMeta.of(dict(body))
    name, verify = f"the OCIRepository {quoted(meta.name)}", mapping_at(body, "spec", "verify")
    match = [{"url": text_at(body, "spec", "url")}]
    provider = text_at(verify, "provider")
    if text_at(verify, "trustedRootSecretRef", "name"):
        yield Lost(f"{name} has a trustedRootSecretRef: nothing was written of it, as it would trust another root")
    elif provider == "notation":
        yield from _notation(verify, secrets, meta=meta, match=match)
    elif provider != "cosign":
        yield Lost(f"{name} has the provider {quoted(verify.get('provider'))}, which is not known")
    else:
        by_key = bool(text_at(verify, "secretRef", "name"))
        found = _keys(verify, secrets, name=name) if by_key else _identities(verify, name=name)
        authorities, lost = parted(found)
        yield from lost
        if authorities:
            yield Draft(resource_name(meta.name), match, authorities)
        else:
            yield Lost(f"{name} names nobody: nothing was written of it")


def _keys(verify: Mapping[str, Any], secrets: Secrets, *, name: str) -> Iterator[dict[str, Any] | Lost]:
    secret = text_at(verify, "secretRef", "name")
    data = secrets.get(("Secret", secret))
    if data is None:
        yield Lost(
            f"the Secret {secret} of {name} is not in the files: its entry cosign.pub is named, and has to be in the"
            " operator's namespace"
        )
        yield {"name": secret, "key": {"secretRef": {"name": secret}}}
        return
    for entry, content in sorted(data.items()):
        if entry.endswith(_KEY):
            yield {"name": entry.removesuffix(_KEY), "key": {"data": content.decode(errors="replace")}}


def _identities(verify: Mapping[str, Any], *, name: str) -> Iterator[dict[str, Any] | Lost]:
    found: list[dict[str, str]] = []
    for each in mappings_at(verify, "matchOIDCIdentity"):
        issuer, subject = text_at(each, "issuer"), text_at(each, "subject")
        if issuer and subject:
            found.append({"issuerRegExp": whole(issuer), "subjectRegExp": whole(subject)})
        else:
            yield Lost(f"{name} has an identity without issuer or subject, which anybody has")
    if found:
        yield {"name": "keyless", "keyless": {"identities": found}}


def _notation(
    verify: Mapping[str, Any], secrets: Secrets, *, meta: ObjectMeta, match: list[dict[str, str]]
) -> Iterator[Draft | Lost]:
    secret = text_at(verify, "secretRef", "name")
    data = secrets.get(("Secret", secret), {})
    try:
        document = json.loads(data.get("trustpolicy.json", b""))
    except (ValueError, RecursionError):
        of = f"the OCIRepository {quoted(meta.name)}"
        yield Lost(f"the Secret {secret} of {of}, with a trustpolicy.json, is not in the files")
        return
    stores = {
        ("ca", entry.rpartition(".")[0]): content for entry, content in data.items() if entry.endswith(_CERTIFICATES)
    }
    found = notation.convert(document if isinstance(document, dict) else {}, stores)
    yield from (Lost(each) for each in found.lost)
    for draft in found.policies[:1]:
        yield Draft(resource_name(f"{meta.name}-{draft.name}"), match, draft.authorities)
