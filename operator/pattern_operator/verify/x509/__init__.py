"""X.509 certificates: read totally, and a path of one to a trusted root, judged at a time that is handed in.

    certificate         reads DER and PEM into a value of which nothing can fail later
    chain               the path from a leaf to a root that is given, and what is wrong with it (RFC 5280 section 6)
    purpose             what a leaf is used for, and what its extensions must say for it
    name_constraints    the names that an authority may certify (RFC 5280 section 4.2.1.10)
    revocation          what an OCSP response or a CRL says of a certificate (RFC 6960, RFC 5280 section 5)
    distinguished_name  subjects as people write them in a policy (RFC 4514)

``cryptography.x509.verification`` is not used. It judges certificates of web servers: it refuses a leaf without an
alternative name, roots and leaves that Notary signers and TSAs have in fact (no authority key identifier, a
``basicConstraints`` that is not critical, P-521), a self-signed leaf that is itself the root of trust, and a purpose
under which an extended key usage may be absent. What it says of a refusal is not meant for people. The signatures
between certificates, and their DER, are cryptography's; only the rules are here.
"""
