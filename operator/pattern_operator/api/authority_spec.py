"""Who is trusted to sign, as users write it: one shape for ``spec.verify`` of a DesignPattern and for a TrustPolicy.

An authority is exactly one of a public key, keyless identities, certificates of one's own, or Notary Project trust
stores. What it needs to check a signature is ``material_spec``; how many must have signed, ``requirements_spec``.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from pattern_operator.api.base import StrictStruct
from pattern_operator.api.material_spec import (
    KEY_RULES,
    NO_PRIVATE_KEY,
    ONE_OF_THREE,
    ONE_SOURCE,
    EntryReference,
    Key,
    Material,
    MaterialText,
)
from pattern_operator.api.types import DisplayName, cel

# Only a part of RE2 is checked by the API server: one that does not compile is an error of the rule itself.
IdentityRegex = Annotated[
    str,
    Meta(min_length=1, max_length=512),
    cel(
        ("''.matches(self) || !''.matches(self)", "must be a regular expression of RE2, which matches the whole of it"),
        (
            "!(self in ['.*', '.+', '^.*$', '^.+$', '(.*)', '(.+)', '^(.*)$', '^(.+)$'])",
            "must not match everything: name whom you trust",
        ),
    ),
]
IdentityText = Annotated[str, Meta(min_length=1, max_length=1024)]
PredicateType = Annotated[str, Meta(min_length=1, max_length=512)]
AnnotationValue = Annotated[str, Meta(min_length=1, max_length=1024)]
Condition = Annotated[str, Meta(min_length=1, max_length=4096)]


class Identity(StrictStruct, frozen=True):
    """Who signs without a key: the issuer of the identity token, and the subject that it names."""

    issuer: Annotated[IdentityText | None, Meta(description="The OIDC issuer, exactly.")] = None
    issuer_reg_exp: Annotated[
        IdentityRegex | None, Meta(description="A regular expression (RE2) that matches the whole issuer.")
    ] = None
    subject: Annotated[
        IdentityText | None, Meta(description="The subject of the certificate, exactly: an e-mail address or a URI.")
    ] = None
    subject_reg_exp: Annotated[
        IdentityRegex | None, Meta(description="A regular expression (RE2) that matches the whole subject.")
    ] = None


_IDENTITY_RULES: Final = cel(
    ("has(self.issuer) != has(self.issuerRegExp)", "an identity needs exactly one of issuer or issuerRegExp"),
    ("has(self.subject) != has(self.subjectRegExp)", "an identity needs exactly one of subject or subjectRegExp"),
)


class Keyless(StrictStruct, frozen=True):
    """Identities that sign with a certificate of Fulcio, valid for minutes."""

    identities: Annotated[
        tuple[Annotated[Identity, _IDENTITY_RULES], ...],
        Meta(description="One of these must have signed.", min_length=1, max_length=16),
    ]
    trusted_root: Annotated[
        Material | None,
        Meta(description="A Sigstore TrustedRoot (JSON). Default: the one of Sigstore's public instance."),
        ONE_SOURCE,
    ] = None


class CertificateSubject(StrictStruct, frozen=True):
    """Whom a certificate must name: one of these."""

    emails: Annotated[
        tuple[IdentityText, ...], Meta(description="E-mail addresses of the certificate, exactly.", max_length=16)
    ] = ()
    dns_names: Annotated[
        tuple[IdentityText, ...], Meta(description="DNS names of the certificate, exactly.", max_length=16)
    ] = ()
    uris: Annotated[tuple[IdentityText, ...], Meta(description="URIs of the certificate, exactly.", max_length=16)] = ()


class Certificates(StrictStruct, kw_only=True, frozen=True):
    """Certificates of a certification authority of one's own."""

    roots: Annotated[Material, Meta(description="The trusted root certificates: PEM, one or more."), ONE_SOURCE]
    intermediates: Annotated[
        Material | None,
        Meta(description="Intermediate certificates that a signature need not bring: PEM."),
        ONE_SOURCE,
    ] = None
    subject: Annotated[
        CertificateSubject,
        Meta(description="Whom the certificate must name."),
        cel(
            (
                "(has(self.emails) && self.emails.size() > 0) || (has(self.dnsNames) && self.dnsNames.size() > 0)"
                " || (has(self.uris) && self.uris.size() > 0)",
                "subject needs one of emails, dnsNames or uris: else whoever has any certificate of the root may sign",
            )
        ),
    ]


class TrustStore(StrictStruct, frozen=True):
    """A trust store of the Notary Project: root certificates of one type, under a name."""

    type: Annotated[
        Literal["ca", "signingAuthority", "tsa"],
        Meta(description="What the certificates are trusted for: to sign, to sign for others, or to timestamp."),
    ]
    name: Annotated[DisplayName, Meta(description="The name of the trust store, for messages.")]
    data: Annotated[MaterialText | None, Meta(description="The certificates themselves: PEM.")] = None
    secret_ref: Annotated[EntryReference | None, Meta(description="A Secret entry that contains the PEM.")] = None
    config_map_ref: Annotated[EntryReference | None, Meta(description="A ConfigMap entry that contains the PEM.")] = (
        None
    )


class Notation(StrictStruct, frozen=True):
    """Signatures of the Notary Project (notation)."""

    trust_stores: Annotated[
        tuple[
            Annotated[
                TrustStore,
                cel(
                    (ONE_OF_THREE, "a trust store needs exactly one of data, secretRef or configMapRef"), NO_PRIVATE_KEY
                ),
            ],
            ...,
        ],
        Meta(description="The certificates that are trusted.", min_length=1, max_length=8),
        cel(
            (
                "self.exists(x, x.type == 'ca' || x.type == 'signingAuthority')",
                "trustStores needs one of type ca or signingAuthority: one of type tsa alone can sign nothing",
            )
        ),
    ]
    trusted_identities: Annotated[
        tuple[IdentityText, ...],
        Meta(
            description="Who may sign: `x509.subject: ` and a part of the subject of the certificate, with C, ST and O;"
            " or `*`, alone, for whomever the trust stores name.",
            min_length=1,
            max_length=32,
        ),
        cel(
            (
                "self.all(x, x == '*' || x.startsWith('x509.subject:'))",
                "trustedIdentities must be x509.subject: and a distinguished name, or * alone",
            ),
            ("!('*' in self) || self.size() == 1", "trustedIdentities must have * alone, or not at all"),
        ),
    ]
    level: Annotated[
        Literal["strict", "permissive", "audit"],
        Meta(
            description="What is enforced: `strict` everything; `permissive` only says that a signature expired or was"
            " revoked; with `audit` nothing but its integrity is enforced, and a signature that nobody who is trusted"
            " made is only told of, and never counts."
        ),
    ] = "strict"
    verify_timestamp: Annotated[
        Literal["always", "afterCertExpiry"],
        Meta(
            description="Where there is a trust store of type `tsa`, when a timestamp is needed: for each signature, or"
            " once its certificate expired. Without one, timestamps are not looked at."
        ),
    ] = "always"
    revocation: Annotated[
        Literal["Check", "Skip"],
        Meta(
            description="Whether OCSP responders and CRLs are asked for revoked certificates; `Skip` where the operator"
            " cannot reach them."
        ),
    ] = "Check"
    user_metadata: Annotated[
        dict[Annotated[str, Meta(max_length=256)], AnnotationValue],
        Meta(description="Entries that the signed metadata must have, with these values.", min_length=1, max_length=32),
    ] = field(default_factory=dict)


class TransparencyLog(StrictStruct, frozen=True):
    """The transparency log (Rekor) that must have the signature."""

    required: Annotated[bool, Meta(description="Whether a signature without a verified log entry is refused.")] = True
    trusted_root: Annotated[
        Material | None,
        Meta(description="A Sigstore TrustedRoot (JSON) with the keys of the logs. Default: the public instance's."),
        ONE_SOURCE,
    ] = None
    keys: Annotated[Material | None, Meta(description="The public keys of the logs: PEM, one or more."), ONE_SOURCE] = (
        None
    )


class TimestampAuthority(StrictStruct, kw_only=True, frozen=True):
    """The timestamp authority (RFC 3161) that must have seen the signature."""

    required: Annotated[bool, Meta(description="Whether a signature without a verified timestamp is refused.")] = True
    certificates: Annotated[
        Material, Meta(description="The root certificates of the authority: PEM, one or more."), ONE_SOURCE
    ]


class Attestation(StrictStruct, frozen=True):
    """A statement that the authority must have signed about the artifact."""

    name: Annotated[DisplayName, Meta(description="Its name in messages.")]
    predicate_type: Annotated[
        PredicateType, Meta(description="The type of the predicate, exactly, as in https://slsa.dev/provenance/v1.")
    ]
    condition: Annotated[
        Condition | None,
        Meta(
            description="A CEL expression over `predicate` that must be true, as in"
            " `predicate.buildDefinition.buildType.startsWith('https://ci.example/')`."
        ),
    ] = None


class Authority(StrictStruct, frozen=True):
    """An authority whose signature is accepted: exactly one of key, keyless, certificates or notation."""

    name: Annotated[
        DisplayName | None,
        Meta(
            description="The name of the authority in `status.verifiedBy` and in messages. Default: the name of the"
            " Secret or ConfigMap, or the key's fingerprint."
        ),
    ] = None
    key: Annotated[
        Key | None,
        Meta(description="The public key of the authority."),
        KEY_RULES,
    ] = None
    keyless: Annotated[Keyless | None, Meta(description="Who signs with an identity in place of a key.")] = None
    certificates: Annotated[
        Certificates | None, Meta(description="Who signs with a certificate of one's own authority.")
    ] = None
    notation: Annotated[Notation | None, Meta(description="Who signs with the Notary Project's notation.")] = None
    transparency_log: Annotated[
        TransparencyLog | None,
        Meta(description="The log that must have each signature. Default for `keyless`: the logs of its trusted root."),
    ] = None
    timestamp: Annotated[
        TimestampAuthority | None, Meta(description="The timestamp authority that must have seen each signature.")
    ] = None
    annotations: Annotated[
        dict[Annotated[str, Meta(max_length=256)], AnnotationValue],
        Meta(
            description="Annotations that the signature must have signed, with these values.",
            min_length=1,
            max_length=32,
        ),
    ] = field(default_factory=dict)
    attestations: Annotated[
        tuple[Attestation, ...],
        Meta(
            description="Statements that the authority must have signed about the artifact, each of them, in place of a"
            " plain signature.",
            min_length=1,
            max_length=16,
        ),
    ] = ()


AUTHORITY_RULES: Final = cel(
    (
        "[has(self.key), has(self.keyless), has(self.certificates), has(self.notation)].filter(x, x).size() == 1",
        "an authority needs exactly one of key, keyless, certificates or notation",
    ),
    ("!has(self.keyless) || has(self.name)", "an authority with keyless needs a name"),
    ("!has(self.certificates) || has(self.name)", "an authority with certificates needs a name"),
    ("!has(self.notation) || has(self.name)", "an authority with notation needs a name"),
    (
        "!has(self.notation) || !(has(self.transparencyLog) || has(self.timestamp) || has(self.attestations) ||"
        " has(self.annotations))",
        "notation must stand without transparencyLog, timestamp, annotations and attestations: it has trust stores of"
        " type tsa, and userMetadata",
    ),
    (
        "!has(self.keyless) || !has(self.transparencyLog) || !has(self.transparencyLog.keys)",
        "the keys of the logs must be in keyless.trustedRoot",
    ),
)
