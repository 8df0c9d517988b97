"""Digest, signatures and policy -> result: is exactly this artifact signed by a key that the user trusts?

``policy.verify`` is the way in; it is pure and total: bytes and keys in, a ``VerificationResult`` or one ``Stalled``
out, whatever the bytes are. ``source`` fetches the signatures, and raises where it cannot: an empty sequence always
means that the artifact has no signature.

    policy             which authorities are required, how many, and the message when they have not signed
    usable             whether a policy can be used, or nothing can meet it
    formats            the table of signature formats: a new one is added there
    authority          whom a signature is judged by, and what must be proven besides
    cosign             classic cosign: a signed payload that names the digest, and attestations
    bundle             Sigstore bundles v0.1 to v0.3: a signed statement about the digest, or a signature of the bytes
    sigstore           what both have in common: who signed, and what proves it
    transparency       entries of transparency logs (Rekor)
    trusted_root       the authorities and logs of a Sigstore instance
    sct, fulcio        what a keyless certificate is worth, and whom it names
    attestation        whether a statement is the one that a policy asks for
    statement, dsse    in-toto statements, and the envelopes around them
    notation           the Notary Project: a signed descriptor of the artifact, with certificates
    revocation         what has to be asked of the issuers of certificates before a policy can be judged
    timestamp          timestamps of RFC 3161
    x509               certificates, and their path to a root that is trusted
    key                public keys, and the check of a signature
    mismatch           why a signature fits no key, for messages
    outcome            what one signature is found to be: who signed what and when, or why it does not count
    protojson          protobuf messages in JSON, read strictly
    encoding           base64, read strictly
    parsed_signature   what every format reads a signature into, and why one is rejected

A format parses a signature and trusts nothing in it. Then it is judged by one authority at a time: who signed, what
proves it, and only then what was signed.
"""

from pattern_operator.verify.policy import verify
from pattern_operator.verify.revocation import NO_ANSWERS, revocation_checks, undecided

__all__ = ["NO_ANSWERS", "revocation_checks", "undecided", "verify"]
