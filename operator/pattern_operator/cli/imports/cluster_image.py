"""Reads a ClusterImagePolicy of Sigstore's policy-controller.

Format: policy.sigstore.dev/v1beta1. There, as here, one authority is enough, and every policy that matches has to be
met. An authority that cannot be said here is left out, which admits less; a requirement that cannot be said leaves out
the whole policy.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import ObjectMeta, mapping_at, mappings_at, text_at
from pattern_operator.cli.imports.carried import Carried, Draft, Lost, carried, parted, resource_name
from pattern_operator.quote import quoted
from pattern_operator.verify.url_match import InvalidGlob, UrlGlob

_PUBLIC_FULCIO: Final = ("", "https://fulcio.sigstore.dev")
_PUBLIC_REKOR: Final = ("", "https://rekor.sigstore.dev")
_IDENTITY: Final = ("issuer", "issuerRegExp", "subject", "subjectRegExp")
PREDICATE_TYPES: Final = {  # cosign, pkg/cosign/attestation: the short names of `cosign attest --type`
    "custom": "https://cosign.sigstore.dev/attestation/v1",
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "cyclonedx": "https://cyclonedx.org/bom",
    "link": "https://in-toto.io/Link/v1",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
    "openvex": "https://openvex.dev/ns",
}


def convert(body: Mapping[str, Any]) -> Carried:
    """The policy of one ClusterImagePolicy."""
    return carried(_policy(body))


def _policy(body: Mapping[str, Any]) -> Iterator[Draft | Lost]:
    meta, spec = ObjectMeta.of(dict(body)), mapping_at(body, "spec")
    name = f"the ClusterImagePolicy {quoted(meta.name)}"
    if mapping_at(spec, "policy"):
        yield Lost(f"{name} has a policy over all its authorities: nothing was written of it")
        return
    if mappings_at(spec, "match"):
        yield Lost(f"{name} is for some kinds of resources; here it is for all that its images match")
    match, lost = parted(_match(text_at(each, "glob"), name) for each in mappings_at(spec, "images"))
    yield from lost
    authorities, lost = parted(
        found
        for number, each in enumerate(mappings_at(spec, "authorities"))
        for found in _authority(each, text_at(each, "name") or f"authority-{number}", of=name)
    )
    yield from lost
    if match and authorities:
        mode = "Warn" if text_at(spec, "mode") == "warn" else "Enforce"
        yield Draft(resource_name(meta.name), match, authorities, mode)
    else:
        yield Lost(f"nothing was written of {name}")


def _match(glob: str, name: str) -> dict[str, str] | Lost:
    url = f"oci://{glob}"
    try:
        UrlGlob.parse(url)
    except InvalidGlob:
        return Lost(f"the glob {quoted(glob)} of {name} cannot be said here: name host and repository")
    return {"url": url}


def _authority(spec: Mapping[str, Any], name: str, *, of: str) -> Iterator[dict[str, Any] | Lost]:
    where = f"the authority {quoted(name)} of {of}"
    if "static" in spec:
        if text_at(spec, "static", "action") == "pass":
            yield Lost(f"{where} admits everything, and is left out")
        return
    if (why := _left_out(spec)) is not None:
        yield Lost(f"{where} {why}")
        return
    if mappings_at(spec, "source"):
        yield Lost(f"{where} looks for signatures in other repositories, too; here only beside the artifact")
    signers, lost = parted(_key(spec, where) if "key" in spec else _keyless(spec, where))
    yield from lost
    attestations, lost = parted(
        found for each in mappings_at(spec, "attestations") for found in _attestation(each, where)
    )
    yield from lost
    for signer in signers:
        yield {
            "name": name,
            **signer,
            **({"transparencyLog": {"required": True}} if "ctlog" in spec and "key" in spec else {}),
            **({"attestations": attestations} if attestations else {}),
        }


def _left_out(spec: Mapping[str, Any]) -> str | None:
    """Why an authority cannot be said here, as a clause; None where it can."""
    # policy-controller, pkg/apis/policy/v1beta1, ``TrustRootRef``: the name of a TrustRoot, a string.
    foreign = [field for field in ("ctlog", "rfc3161timestamp", "keyless") if text_at(spec, field, "trustRootRef")]
    if foreign or mapping_at(spec, "keyless", "ca-cert"):
        return "has a trust root of its own, and is left out: give it as a trustedRoot"
    if mapping_at(spec, "rfc3161timestamp"):
        return "requires a timestamp of the public instance, and is left out"
    if text_at(spec, "ctlog", "url") not in _PUBLIC_REKOR:
        return "has a transparency log of its own, and is left out: give its key as transparencyLog.keys"
    return None


def _key(spec: Mapping[str, Any], where: str) -> Iterator[dict[str, Any] | Lost]:
    key = mapping_at(spec, "key")
    if text_at(key, "hashAlgorithm") not in ("", "sha256"):
        yield Lost(f"{where} signs with {text_at(key, 'hashAlgorithm')}, which is not chosen here")
    if data := text_at(key, "data"):
        yield {"key": {"data": data}}
    elif secret := text_at(key, "secretRef", "name"):
        yield Lost(f"the Secret {secret} of {where} has to be in the operator's namespace, its entry: cosign.pub")
        yield {"key": {"secretRef": {"name": secret}}}
    else:
        yield Lost(f"{where} has a key that is neither data nor a Secret, and is left out: export it")


def _keyless(spec: Mapping[str, Any], where: str) -> Iterator[dict[str, Any] | Lost]:
    keyless = mapping_at(spec, "keyless")
    identities = [
        {field: text_at(each, field) for field in _IDENTITY if text_at(each, field)}
        for each in mappings_at(keyless, "identities")
    ]
    named = [
        each
        for each in identities
        if ("issuer" in each) != ("issuerRegExp" in each) and ("subject" in each) != ("subjectRegExp" in each)
    ]
    if len(named) < len(identities):
        yield Lost(f"{where} has an identity without one issuer and one subject, which is left out")
    if not named or text_at(keyless, "url") not in _PUBLIC_FULCIO:
        yield Lost(f"{where} names nobody of the public instance, and is left out")
        return
    if keyless.get("insecureIgnoreSCT"):
        yield Lost(f"{where} ignores certificate transparency; here it is required")
    yield {"keyless": {"identities": named}}


def _attestation(spec: Mapping[str, Any], where: str) -> Iterator[dict[str, Any] | Lost]:
    name, kind = text_at(spec, "name"), text_at(spec, "predicateType")
    found = {"name": name, "predicateType": PREDICATE_TYPES.get(kind, kind)}
    if not mapping_at(spec, "policy"):
        yield found
        return
    language = text_at(spec, "policy", "type")
    yield Lost(
        f"the attestation {quoted(name)} of {where} has a policy in {language}: write it as a condition in CEL, in"
        " place of `false`"
    )
    yield found | {"condition": "false"}
