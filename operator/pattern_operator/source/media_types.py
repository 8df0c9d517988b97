"""Media types of what lies beside the content of an artifact: signatures, SBOMs, attestations, and nothing at all."""

import re
from typing import Final

# OCI image-spec 1.1, "Guidance for an Empty Descriptor"; in-toto and DSSE; SPDX, CycloneDX and Syft; SARIF; cosign and
# Sigstore; Notary Project; Trivy's and Harbor's reports; Helm (provenance).
_BESIDE: Final = re.compile(
    r"application/vnd\.oci\.empty\.v1\+json"
    r"|application/vnd\.in-toto[.+].*|application/vnd\.dsse\.envelope.*"
    r"|(?:application|text)/spdx(?:\+(?:json|xml|yaml))?|application/vnd\.cyclonedx(?:\+.*)?|application/vnd\.syft\+.*"
    r"|application/sarif\+json"
    r"|application/vnd\.dev\.(?:cosign|sigstore|cosignproject)\..*|application/vnd\.cncf\.notary\..*"
    r"|application/vnd\.(?:aquasec|security|goharbor)\..*"
    r"|application/vnd\.cncf\.helm\.chart\.provenance\..*"
)
_NAMES: Final = (
    ".spdx",
    ".spdx.json",
    ".cdx.json",
    ".cdx.xml",
    ".intoto.json",
    ".intoto.jsonl",
    ".sarif",
    ".sigstore.json",
)


_OLD_BUNDLE: Final = "application/vnd.dev.sigstore.bundle+json"  # sigstore_bundle.proto, before v0.3


def essence(media_type: str) -> str:
    """Type and subtype alone, in small letters: parameters and case tell no types apart (RFC 9110, section 8.3.1).

    But of the old type of Sigstore's bundles, whose parameter is the version.
    """
    kind, _, parameters = media_type.lower().partition(";")
    kind = kind.strip()
    return f"{kind};{parameters.strip()}" if kind == _OLD_BUNDLE and parameters.strip() else kind


def is_beside_content(media_type: str) -> bool:
    """Whether a manifest or layer of this media type is about the content and not it."""
    return _BESIDE.fullmatch(essence(media_type)) is not None


def is_named_beside_content(title: str) -> bool:
    """Whether a file of this name is about the content, by the endings that those formats recommend."""
    return title.lower().endswith(_NAMES)
