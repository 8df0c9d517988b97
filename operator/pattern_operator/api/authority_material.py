"""What an authority of a spec is checked with: the Secrets and ConfigMaps that it names, and itself with their content.

Pure: who has read them hands their content in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from pattern_operator.api.authority_spec import Authority, TrustStore
from pattern_operator.api.material_spec import EntryReference, Key, KeyReference, Material
from pattern_operator.api.verification import TrustedAuthority, fingerprint


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a Secret (or else of a ConfigMap) that an authority names."""

    is_secret: bool
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Needed:
    """A field of an authority, as in ``keyless.trustedRoot``, and where its content is: text, or an entry."""

    field: str
    source: str | Entry


KEY: Final = "key"


class NoSource(ValueError):
    """A field names no content, or more than one; the message names the field."""


def needed(authority: Authority) -> Iterator[Needed]:
    """Everything that the authority is checked with; raises NoSource where the CRD's rules did not catch that."""
    for field, material in _materials(authority):
        if material is not None:
            yield Needed(field, _source(field, material))


def default_name(authority: Authority) -> str:
    """How an authority is called whose spec says no name: as its Secret or ConfigMap, or by its key."""
    if authority.name:
        return authority.name
    for each in needed(authority):
        return each.source.name if isinstance(each.source, Entry) else f"key {fingerprint(each.source.encode())}"
    return "(no name)"


def trusted_authority(authority: Authority, contents: Mapping[str, bytes]) -> TrustedAuthority:
    """The authority with the content of each field that it ``needed``."""
    material = tuple((each.field, contents[each.field]) for each in needed(authority))
    return TrustedAuthority(default_name(authority), _without_material(authority), material)


def _materials(authority: Authority) -> Iterator[tuple[str, Key | Material | TrustStore | None]]:
    yield KEY, authority.key
    if authority.keyless is not None:
        yield "keyless.trustedRoot", authority.keyless.trusted_root
    if authority.certificates is not None:
        yield "certificates.roots", authority.certificates.roots
        yield "certificates.intermediates", authority.certificates.intermediates
    if authority.notation is not None:
        for number, store in enumerate(authority.notation.trust_stores):
            yield f"notation.trustStores[{number}]", store
    if authority.transparency_log is not None:
        yield "transparencyLog.trustedRoot", authority.transparency_log.trusted_root
        yield "transparencyLog.keys", authority.transparency_log.keys
    if authority.timestamp is not None:
        yield "timestamp.certificates", authority.timestamp.certificates


def _source(field: str, material: Key | Material | TrustStore) -> str | Entry:
    found: list[str | Entry] = [] if material.data is None else [material.data]
    found += [_entry(material.secret_ref, is_secret=True)] if material.secret_ref is not None else []
    found += [_entry(material.config_map_ref, is_secret=False)] if material.config_map_ref is not None else []
    if len(found) != 1:
        raise NoSource(f"{field} needs exactly one of data, secretRef or configMapRef")
    return found[0]


def _entry(reference: KeyReference | EntryReference, *, is_secret: bool) -> Entry:
    return Entry(is_secret, reference.name, reference.key)


def _without_material(authority: Authority) -> Authority:
    """The spec without what is in the material: where it comes from decides nothing."""
    keyless, certificates, notation = authority.keyless, authority.certificates, authority.notation
    log, timestamp, empty = authority.transparency_log, authority.timestamp, Material()
    return replace(
        authority,
        name=None,
        key=authority.key and Key(),
        keyless=keyless and replace(keyless, trusted_root=keyless.trusted_root and empty),
        certificates=certificates
        and replace(certificates, roots=empty, intermediates=certificates.intermediates and empty),
        notation=notation
        and replace(
            notation,
            trust_stores=tuple(TrustStore(type=each.type, name=each.name) for each in notation.trust_stores),
        ),
        transparency_log=log and replace(log, trusted_root=log.trusted_root and empty, keys=log.keys and empty),
        timestamp=timestamp and replace(timestamp, certificates=empty),
    )
