"""The service account of a pod: its files, and the token in them, which the kubelet replaces."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pattern_operator.kube.endpoint import Endpoint, tls_context
from pattern_operator.kube.errors import CredentialsError

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_CHECK: Final = 10.0  # seconds; the kubelet replaces a projected token 20 % of its life (at least 2 min) early


class TokenFile:
    """The token of a pod's service account, which the kubelet replaces before it expires.

    The file is looked at again every ``TOKEN_CHECK`` seconds of use, and at once when the server refused the token.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._header = self._read()
        self._checked = clock()

    async def header(self) -> str:
        """Return the header with the newest token; a file that cannot be read keeps the token that was."""
        if self._clock() - self._checked >= TOKEN_CHECK:
            self._look_again()
        return self._header

    async def refresh(self, *, rejected: str) -> bool:
        """Read the file now; whether it holds another token than the one that was refused."""
        if self._header == rejected:
            self._look_again()
        return self._header != rejected

    def _look_again(self) -> None:
        self._checked = self._clock()
        try:
            self._header = self._read()
        except CredentialsError:  # the kubelet is just swapping the links; the next look is TOKEN_CHECK away
            return

    def _read(self) -> str:
        try:
            token = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CredentialsError(f"the service account token {self._path} cannot be read: {error}") from error
        if not token:
            raise CredentialsError(f"the service account token {self._path} is empty")
        return f"Bearer {token}"


def in_cluster(
    *, host: str, port: str, root: Path = SERVICE_ACCOUNT, clock: Callable[[], float] = time.monotonic
) -> Endpoint:
    """Use the service account that a pod finds in ``root`` (``token``, ``ca.crt``, ``namespace``).

    Raises:
        CredentialsError: a file is missing or is not what it should be.
    """
    try:
        tls = tls_context(ca=(root / "ca.crt").read_text())
        namespace = (root / "namespace").read_text().strip() if (root / "namespace").exists() else "default"
    except (OSError, ssl.SSLError) as error:
        raise CredentialsError(f"the service account in {root} cannot be used: {error}") from error
    address = f"[{host}]" if ":" in host else host
    token = TokenFile(root / "token", clock=clock)
    return Endpoint(server=f"https://{address}:{port}", authorization=token, tls=tls, namespace=namespace)
