"""Digest, signatures and policy -> result: is exactly this artifact signed by a key that the user trusts?

``policy.verify`` is the way in; it is pure and total: bytes and keys in, a ``VerificationResult`` or one ``Stalled``
out, whatever the bytes are. ``source`` fetches the signatures, and raises where it cannot: an empty sequence always
means that the artifact has no signature.

    policy             which keys are required, how many, and the message when they have not signed
    formats            the table of signature formats: a new one is added there
    cosign             classic cosign signatures: a signed payload that names the digest
    bundle             Sigstore bundles v0.3: a signed in-toto statement about the digest
    mismatch           why a signature fits no key, for messages
    key                public keys, and the check of a signature
    x509               certificates, and their path to a root that is trusted
    timestamp          timestamps of RFC 3161
    outcome            what one signature is found to be: who signed what and when, or why it does not count
    encoding           base64, read strictly
    parsed_signature   what every format reads a signature into, and why one is rejected

A format parses a signature and trusts nothing in it. The policy looks for the required key that the signature fits.
Only then does the format check the payload that was signed.
"""

from pattern_operator.verify.policy import verify

__all__ = ["verify"]
