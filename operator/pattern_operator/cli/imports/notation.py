"""Reads trust policies of the Notary Project: trustpolicy.json, and the certificates of its trust stores.

Format: notaryproject/specifications, specs/trust-store-trust-policy.md. Here every policy that covers an artifact has
to be met, and there the most specific scope decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pattern_operator.api.authority_spec import Authority
from pattern_operator.api.fields import text_at
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.api.trust_policy import decode
from pattern_operator.cli.imports.carried import Carried, Draft, Lost, carried, parted, resource_name
from pattern_operator.cli.policy_files import documents_of, invalid, read_text
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_TRUST_MATERIAL
from pattern_operator.quote import quoted

EVERYWHERE: Final = "*"
_LEVELS: Final = ("strict", "permissive", "audit")
_TYPES: Final = ("ca", "signingAuthority", "tsa")

Stores = Mapping[tuple[str, str], bytes]
"""The PEM of the certificates of a trust store, by type and name."""


def convert(document: Mapping[str, Any], stores: Stores) -> Carried:
    """A policy a statement; ``document`` is the JSON of trustpolicy.json."""
    statements = _mappings(document.get("trustPolicies"))
    only = sum(len(_scopes(each)) for each in statements) == 1
    return carried(found for each in statements for found in _policy(each, stores, only=only))


def _policy(statement: Mapping[str, Any], stores: Stores, *, only: bool) -> Iterator[Draft | Lost]:
    name, scopes = f"the trust policy {quoted(statement.get('name'))}", _scopes(statement)
    authorities, lost = parted(_authority(statement, stores, name=name))
    yield from lost
    if not scopes:
        yield Lost(f"{name} names no registryScopes: nothing was written of it")
    if EVERYWHERE in scopes and not only:
        yield Lost(f"{name} is for what no other covers; here it has to be met there, too")
    if scopes and authorities:
        yield Draft(resource_name(text_at(statement, "name")), [{"url": _url(each)} for each in scopes], authorities)


def read_stores(folder: Path) -> Stores:
    """The trust stores below ``folder``, as notation keeps them: ``x509/<type>/<name>/<certificate>``.

    Raises:
        Stalled: POLICY_INVALID: a certificate cannot be read.
    """
    found: dict[tuple[str, str], bytes] = {}
    for kind in _TYPES:
        for store in sorted(path for path in (folder / "x509" / kind).glob("*") if path.is_dir()):
            pem = b"".join(_pem(file) for file in sorted(store.iterdir()) if file.is_file())
            if pem:
                found[kind, store.name] = pem
    return found


def authorities_for(path: Path, repository: Repository) -> Sequence[Authority]:
    """Whom notation itself would trust for ``repository``: by its exact scope, else by ``*``.

    Raises:
        Stalled: POLICY_INVALID: the files cannot be read, or say what cannot be said here. NO_TRUST_POLICY: no policy
            is for it.
    """
    (document,) = list(documents_of(str(path), read_text(str(path)))) or [{}]
    statements = applicable(document, repository)
    if not statements:
        raise Stalled(
            reason=Reason.NO_TRUST_POLICY,
            message=f"{path} has no trust policy for {repository}: add it to registryScopes, or one for *.",
        )
    if len(statements) > 1:
        raise invalid(str(path), f"has {several(statements)} for {repository}, and notation takes one for a scope")
    found = convert({"trustPolicies": statements}, read_stores(path.parent / "truststore"))
    if not found.policies:
        raise invalid(str(path), f"cannot be used: {'; '.join(found.lost)}")
    return [each for draft in found.policies for each in decode(draft.body).spec.authorities]


def applicable(document: Mapping[str, Any], repository: Repository) -> Sequence[Mapping[str, Any]]:
    """The statements that are for ``repository``: those of its exact scope, else those of ``*``.

    Notation refuses a document that has a scope twice: of several, none can be chosen.
    """
    statements = _mappings(document.get("trustPolicies"))
    exact = [each for each in statements if str(repository) in _scopes(each)]
    return exact or [each for each in statements if EVERYWHERE in _scopes(each)]


def several(statements: Sequence[Mapping[str, Any]]) -> str:
    """Statements of which one is too many, for messages."""
    return f"{len(statements)} trust policies ({', '.join(quoted(each.get('name')) for each in statements)})"


def pem_of(content: bytes) -> bytes:
    """The certificates in a file, as PEM: notation and Flux take DER as well; raises ValueError where it has none."""
    found = (
        x509.load_pem_x509_certificates(content)
        if b"-----BEGIN" in content
        else [x509.load_der_x509_certificate(content)]
    )
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)


def _scopes(statement: Mapping[str, Any]) -> Sequence[str]:
    return texts(statement.get("registryScopes"))


def _authority(statement: Mapping[str, Any], stores: Stores, *, name: str) -> Iterator[dict[str, Any] | Lost]:
    verification = statement.get("signatureVerification")
    verification = verification if isinstance(verification, dict) else {}
    levels, lost = parted(_level(verification, name=name))
    yield from lost
    named, lost = parted(_stores(statement, stores, name=name))
    yield from lost
    if not any(each.get("type") in ("ca", "signingAuthority") for each in named):
        yield Lost(f"{name} has no certificates that may sign: nothing was written of it")
        return
    timestamp = verification.get("verifyTimestamp")
    for level in levels:
        notation: dict[str, Any] = {
            "trustStores": named,
            "trustedIdentities": list(texts(statement.get("trustedIdentities"))),
            "level": level,
            **({} if timestamp is None else {"verifyTimestamp": timestamp}),
        }
        yield {"name": resource_name(text_at(statement, "name")), "notation": notation}


def _level(verification: Mapping[str, Any], *, name: str) -> Iterator[str | Lost]:
    level, override = verification.get("level"), verification.get("override")
    if level == "skip":
        yield Lost(f"{name} has the level skip, which checks nothing: nothing was written of it")
    elif level not in _LEVELS:
        yield Lost(f"{name} has the level {quoted(level)}, which does not exist: nothing was written of it")
    elif isinstance(override, dict) and override:
        chosen = "strict" if "enforce" in override.values() else str(level)
        yield Lost(f"{name} has an override of its level; what is written is {chosen}")
        yield chosen
    else:
        yield str(level)


def _stores(statement: Mapping[str, Any], stores: Stores, *, name: str) -> Iterator[dict[str, Any] | Lost]:
    for each in texts(statement.get("trustStores")):
        kind, _, store = each.partition(":")
        pem = stores.get((kind, store))
        if pem is None:
            yield Lost(f"{name} names the trust store {quoted(each)}, of which there are no certificates")
        else:
            yield {"type": kind, "name": store, "data": pem.decode()}


def _url(scope: str) -> str:
    return "oci://**" if scope == EVERYWHERE else f"oci://{scope}"


def _pem(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return pem_of(file.read(MAX_TRUST_MATERIAL + 1))
    except (OSError, ValueError) as error:
        raise invalid(str(path), "is not a certificate, in PEM or DER") from error


def _mappings(value: object) -> Sequence[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: object) -> Sequence[str]:
    """The texts of a list of JSON; anything else is left out."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
