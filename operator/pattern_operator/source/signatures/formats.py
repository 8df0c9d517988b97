"""The formats of signatures that are found, by their media types: a new one is added here, and in ``verify``.

Formats: Sigstore bundle v0.3 (sigstore/protobuf-specs), and cosign's own (cosign, specs/SIGNATURE_SPEC.md).
"""

from typing import Final

from pattern_operator.api.artifact import SIGNATURE_PREDICATE, SignatureFormat
from pattern_operator.source.manifest import OCI_MANIFEST, Manifest

BUNDLE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
# As it was first spelled, the version is a parameter: what tells types apart has none (``media_types.essence``).
BUNDLES: Final = frozenset({BUNDLE, "application/vnd.dev.sigstore.bundle+json"})
COSIGN: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"
# What registries list where they do not look for an artifactType, or fill it from the config: it says nothing.
SAYS_NOTHING: Final = frozenset(
    {
        *("", "application/vnd.oci.empty.v1+json", "application/vnd.oci.image.config.v1+json", OCI_MANIFEST),
        *("application/vnd.unknown.config.v1+json", "application/vnd.unknown.artifact.v1", "application/json"),
        "application/octet-stream",
    }
)
PREDICATE_HINT: Final = "dev.sigstore.bundle.predicateType"  # an annotation that cosign 3 writes
SIMPLE_SIGNING: Final = "application/vnd.dev.cosign.simplesigning.v1+json"


def format_of_type(media_type: str) -> SignatureFormat | None:
    """The format of a referrer of this type; None where it is not a signature, or nobody says what it is."""
    media_type = media_type.lower()
    if media_type in BUNDLES:
        return SignatureFormat.BUNDLE
    return SignatureFormat.COSIGN if media_type == COSIGN else None


def format_of_manifest(manifest: Manifest) -> SignatureFormat | None:
    """The format by what a manifest says of itself; by its layers where its types say nothing."""
    for media_type in (manifest.artifact_type, manifest.config.media_type):
        if media_type.lower() not in SAYS_NOTHING:
            return format_of_type(media_type)
    types = {layer.media_type for layer in manifest.layers}
    if types and types <= BUNDLES:
        return SignatureFormat.BUNDLE
    return SignatureFormat.COSIGN if types == {SIMPLE_SIGNING} else None


def reading_order(manifest: Manifest) -> int:
    """When a referrer is read: what says that it states something else last, because that is only a hint."""
    hint = manifest.annotations.get(PREDICATE_HINT, "")
    return 0 if hint == SIGNATURE_PREDICATE else 1 if not hint else 2
