"""The command that signs an artifact, for messages, the command line and the docs."""

from typing import Final

from pattern_operator.api.reference import Digest, Repository

# Without Sigstore's public log: the operator does not need it, it shows private artifacts to everybody, and where the
# internet is not reached cosign fails (docs/verification.md, "Sign").
SIGN: Final = "cosign sign --key cosign.key --use-signing-config=false --tlog-upload=false"


def command(repository: Repository, digest: Digest, *, insecure: bool) -> str:
    """The whole command; ``insecure``: plain http is spoken to the registry."""
    return f"{SIGN}{' --allow-http-registry' if insecure else ''} {repository}@{digest}"
