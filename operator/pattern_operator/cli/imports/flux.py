"""Reads the ``verify`` block of a Flux OCIRepository, with the Secrets that it names where they are at hand.

Format: source.toolkit.fluxcd.io/v1, OCIRepository, "Verification". Flux takes any of the keys of a Secret, and searches
for its expressions where ours match the whole. For notation it takes the statement that is for the repository, and, as
a trust store of whatever name, all certificates of the Secret (source-controller, internal/oci/notation).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at, mappings_at, text_at
from pattern_operator.api.reference import InvalidReference, Repository
from pattern_operator.cli.imports import notation
from pattern_operator.cli.imports.carried import Carried, Draft, Lost, carried, parted, resource_name, whole
from pattern_operator.quote import quoted

_KEY: Final = ".pub"
_CERTIFICATES: Final = (".pem", ".crt")

Secrets = Mapping[tuple[str, str, str], Mapping[str, bytes]]
"""What Secrets have, by kind, namespace and name."""


def convert(body: Mapping[str, Any], secrets: Secrets) -> Carried:
    """The policy for the artifact of one OCIRepository."""
    return carried(_policy(body, secrets))


def _policy(body: Mapping[str, Any], secrets: Secrets) -> Iterator[Draft | Lost]:
    meta = ObjectMeta.of(dict(body))
    name, verify = f"the OCIRepository {quoted(meta.name)}", mapping_at(body, "spec", "verify")
    secret = _secret(secrets, text_at(verify, "secretRef", "name"), namespace=meta.namespace)
    match = [{"url": text_at(body, "spec", "url")}]
    provider = text_at(verify, "provider")
    if not verify:
        yield Lost(f"{name} has no spec.verify, so that Flux requires nothing of it: nothing was written of it")
    elif text_at(verify, "trustedRootSecretRef", "name"):
        yield Lost(f"{name} has a trustedRootSecretRef: nothing was written of it, as it would trust another root")
    elif provider == "notation":
        yield from _notation(verify, secret, meta=meta, match=match)
    elif provider != "cosign":
        yield Lost(
            f"{name} has the provider {quoted(verify.get('provider'))}, which is not known: nothing was written of it"
        )
    else:
        by_key = bool(text_at(verify, "secretRef", "name"))
        found = _keys(verify, secret, name=name) if by_key else _identities(verify, name=name)
        authorities, lost = parted(found)
        yield from lost
        if authorities:
            yield Draft(resource_name(meta.name), match, authorities)
        else:
            yield Lost(f"{name} names nobody: nothing was written of it")


def _secret(secrets: Secrets, name: str, *, namespace: str) -> Mapping[str, bytes] | None:
    """The Secret of that name in the namespace; a file may leave namespaces to kustomize, but not to chance."""
    exact = secrets.get(("Secret", namespace, name))
    if exact is not None:
        return exact
    found = [
        data
        for (kind, other, each), data in secrets.items()
        if (kind, each) == ("Secret", name) and not (namespace and other)
    ]
    return found[0] if len(found) == 1 else None


def _keys(verify: Mapping[str, Any], data: Mapping[str, bytes] | None, *, name: str) -> Iterator[dict[str, Any] | Lost]:
    secret = text_at(verify, "secretRef", "name")
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
    verify: Mapping[str, Any], data: Mapping[str, bytes] | None, *, meta: ObjectMeta, match: list[dict[str, str]]
) -> Iterator[Draft | Lost]:
    secret, of = text_at(verify, "secretRef", "name"), f"the OCIRepository {quoted(meta.name)}"
    try:
        document = json.loads(b"" if data is None else data.get("trustpolicy.json", b""))
        repository = Repository.parse(match[0]["url"])
    except InvalidReference as error:
        yield Lost(f"{of} has a url that is no repository ({error}): nothing was written of it")
        return
    except (ValueError, RecursionError):
        yield Lost(f"the Secret {secret} of {of}, with a trustpolicy.json, is not in the files")
        return
    statements = notation.applicable(document if isinstance(document, dict) else {}, repository)
    if len(statements) != 1:
        has = notation.several(statements) if statements else "no trust policy"
        yield Lost(f"the Secret {secret} of {of} has {has} for {repository}: nothing was written of it")
        return
    certificates, lost = parted(_certificates(data or {}, secret=secret))
    yield from lost
    found = notation.convert({"trustPolicies": statements}, _stores(statements[0], dict(certificates)))
    yield from (Lost(each) for each in found.lost)
    for draft in found.policies:
        yield Draft(resource_name(f"{meta.name}-{draft.name}"), match, draft.authorities)


def _certificates(data: Mapping[str, bytes], *, secret: str) -> Iterator[tuple[str, bytes] | Lost]:
    """The certificates of a Secret, by the name of the entry without its end."""
    for entry, content in sorted(data.items()):
        if entry.endswith(_CERTIFICATES):
            try:
                yield entry.rpartition(".")[0], notation.pem_of(content)
            except ValueError:
                yield Lost(f"the entry {quoted(entry)} of the Secret {secret} is not a certificate, in PEM or DER")


def _stores(statement: Mapping[str, Any], certificates: Mapping[str, bytes]) -> notation.Stores:
    """The trust stores that a statement names: the entry of that name, else every certificate, as Flux has it."""
    every = b"".join(certificates.values())
    named = [name.partition(":") for name in notation.texts(statement.get("trustStores"))]
    found = {(kind, store): certificates.get(store, every) for kind, _, store in named}
    return {store: pem for store, pem in found.items() if pem}
