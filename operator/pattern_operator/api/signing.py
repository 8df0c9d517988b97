"""The command that signs an artifact, for messages, the command line and the docs."""

from typing import Final

from pattern_operator.api.reference import Digest, Repository

SIGN: Final = "patternctl sign --key cosign.key"


def command(repository: Repository, digest: Digest, *, insecure: bool) -> str:
    """The whole command; ``insecure``: plain http is spoken to the registry."""
    return f"{SIGN}{' --insecure' if insecure else ''} {repository.url}@{digest}"
