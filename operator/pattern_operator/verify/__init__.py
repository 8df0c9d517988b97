"""Digest, signatures and demand -> verdict: does anyone whom the user trusts vouch for exactly this artifact?

``policy.verify`` is the way in; it is pure and total: bytes and keys in, a ``Verdict`` or one ``Stalled`` out, whatever
the bytes are. What the registry holds was fetched by ``source``, which also says when it could not ask: an artifact
without signature is known here as an empty sequence, and as nothing else.

    policy      the demand: which keys, how many, and the message when they do not vouch
    cosign      classic cosign signatures: a signed payload that names the digest
    bundle      Sigstore bundles v0.3: a signed in-toto statement about the digest
    mismatch    what is known of a signature that fits no key, for messages
    key         public keys, and the arithmetic of a signature
    document    JSON and base64, read strictly
    claim       what a signature comes down to in every format, and how it says no

A format reads a signature into a claim without believing it; the policy looks for the demanded key that it fits; only
then does the format parse what was signed and judge it.
"""

from pattern_operator.verify.policy import verify

__all__ = ["verify"]
