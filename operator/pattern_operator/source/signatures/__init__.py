"""Finds what claims to sign an artifact: cosign's tag and the referrers. Whether it does is for ``verify`` to say."""
