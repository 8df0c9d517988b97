"""The command that signs an artifact: spelled once for messages, the command line and the docs."""

from typing import Final

# Without Sigstore's public log: the operator does not need it, it shows private artifacts to everybody, and where the
# internet is not reached cosign fails (docs/verification.md, "Sign").
SIGN: Final = "cosign sign --key cosign.key --use-signing-config=false --tlog-upload=false"
