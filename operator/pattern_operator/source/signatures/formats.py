"""The formats of signatures that are found, by their media types: a new one is added here, and in ``verify``.

Formats: Sigstore bundles (sigstore/protobuf-specs), cosign's own (cosign, specs/SIGNATURE_SPEC.md and
ATTESTATION_SPEC.md), DSSE envelopes that others attach, and the Notary Project's (specs/signature-specification.md).
"""

from collections.abc import Set
from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, Descriptor, SignatureFormat
from pattern_operator.source.manifest import OCI_MANIFEST, Manifest

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
BUNDLES: Final = frozenset(  # the others are how sigstore_bundle.proto, ``media_type``, spelled it first
    {BUNDLE, *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3))}
)
COSIGN: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"
DSSE_ENVELOPE: Final = "application/vnd.dsse.envelope.v1+json"
NOTATION: Final = "application/vnd.cncf.notary.signature"
ENVELOPES: Final = frozenset({"application/jose+json", "application/cose"})
IN_TOTO: Final = "application/vnd.in-toto+json"
# What registries list where they do not look for an artifactType, or fill it from the config: it says nothing.
SAYS_NOTHING: Final = frozenset(
    {
        *("", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json", OCI_MANIFEST),
        *("application/vnd.unknown.config.v1+json", "application/vnd.unknown.artifact.v1", "application/json"),
        *("application/octet-stream", "application/vnd.docker.container.image.v1+json"),
    }
)
STATEMENTS: Final = frozenset({DSSE_ENVELOPE, IN_TOTO})  # of a referrer: its layers say in which format
PREDICATE_HINT: Final = "dev.sigstore.bundle.predicateType"  # an annotation that cosign 3 writes
LAYER_PREDICATE_HINT: Final = "predicateType"  # the same of a layer of the tag .att
SIMPLE_SIGNING: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
UNLIKELY: Final = 4  # rank of what says that it states what nobody asked for


def types_of_referrers(predicates: Set[str]) -> frozenset[str]:
    """The types that a referrer may be listed with, where attestations of ``predicates`` are looked for too."""
    return BUNDLES | {COSIGN, NOTATION} | SAYS_NOTHING | (STATEMENTS if predicates else frozenset())


def format_of_type(media_type: str) -> SignatureFormat | None:
    """The format of a referrer of this type; None where it is not a signature, or nobody says what it is."""
    media_type = media_type.lower()
    if media_type in BUNDLES:
        return SignatureFormat.BUNDLE
    return {COSIGN: SignatureFormat.COSIGN, NOTATION: SignatureFormat.NOTATION}.get(media_type)


def format_of_manifest(manifest: Manifest, *, listed: SignatureFormat | None) -> SignatureFormat | None:
    """The format by what a manifest says of itself; by its layers, then by the list, where its types say nothing."""
    for media_type in (manifest.artifact_type, manifest.config.media_type):
        if media_type.lower() not in SAYS_NOTHING | STATEMENTS:
            return format_of_type(media_type)
    types = {layer.media_type for layer in manifest.layers}
    if types and types <= BUNDLES:
        return SignatureFormat.BUNDLE
    return SignatureFormat.COSIGN if types in ({SIMPLE_SIGNING}, {DSSE_ENVELOPE}) else listed


def rank_of_hint(hint: str, *, predicates: Set[str]) -> int:
    """When what is annotated with this predicate is read: the lower, the earlier. It is only a hint."""
    if hint == SIGNATURE_PREDICATE:
        return 0
    if not hint:
        return 1
    return 3 if hint in predicates else UNLIKELY


def rank_of_entry(entry: Descriptor, *, predicates: Set[str]) -> int:
    """The same of an entry of a list of referrers, by its hint and its type. ``UNLIKELY`` and above: something else."""
    media_type = (entry.artifact_type or "").lower()
    if media_type not in types_of_referrers(predicates):
        return UNLIKELY + 1
    rank = rank_of_hint(entry.annotations.get(PREDICATE_HINT, ""), predicates=predicates)
    return 2 if rank == 1 and media_type in SAYS_NOTHING else rank


def only_layer(form: SignatureFormat) -> tuple[Set[str], str] | None:
    """The types that the one layer of a referrer has, and what it is called; None where there may be many layers."""
    if form is SignatureFormat.BUNDLE:
        return BUNDLES, "a bundle"
    return (ENVELOPES, "an envelope") if form is SignatureFormat.NOTATION else None
