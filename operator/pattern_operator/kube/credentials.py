"""Who the operator is to an API server, and how it stays so while tokens rotate.

Three ways in, and each ends in one ``Endpoint``: a kubeconfig file (through the ``kubernetes`` library, loaded only
then: it knows exec plugins and client certificates), the files of a pod's service account, and the kubeconfig of a
remote cluster that came from a Secret. That last one is somebody else's text: nothing it names is run or read.
"""

import os
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from pattern_operator.executors import run_in
from pattern_operator.kube.errors import CredentialsError

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
TOKEN_CHECK: Final = 10.0  # seconds; the kubelet replaces a projected token 20 % of its life (at least 2 min) early


class Authorization(Protocol):
    """A source of the ``Authorization`` header."""

    async def header(self) -> str:
        """Return the header for the next request; empty when the connection itself (a certificate) says who it is."""
        ...

    async def refresh(self, *, rejected: str) -> bool:
        """After a 401 for the header ``rejected``: look again, and say whether another try makes sense."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server and everything that is needed to talk to it. ``repr`` shows no secret."""

    server: str  # https://host:port without a trailing slash; http:// works, for a proxy that authenticates
    authorization: Authorization = field(repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    tls_server_name: str | None = None
    proxy: str | None = field(default=None, repr=False)  # its URL may hold a password
    namespace: str = "default"  # what a command without --namespace means


class StaticAuth:
    """A header that never changes: a static token, a password, or none."""

    def __init__(self, header: str = "") -> None:
        self._header = header

    async def header(self) -> str:
        """Return the header."""
        return self._header

    async def refresh(self, *, rejected: str) -> bool:
        """Say no: there is nothing to look at again."""
        return False


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


async def load(*, disk: Executor, kubeconfig: Path | None = None, context: str | None = None) -> Endpoint:
    """Find the API server as kubectl does: the given file, ``$KUBECONFIG``, ``~/.kube/config``, a pod's own account.

    Files are read, and plugins run, in ``disk``.

    Raises:
        CredentialsError: nothing was found, or what was found cannot be used.
    """
    home = Path.home() / ".kube" / "config"
    named = str(kubeconfig) if kubeconfig else os.environ.get("KUBECONFIG", "")
    if not named and home.exists():
        named = str(home)
    if named:
        # Imported here because the library behind it costs 0.4 s and 40 MB.
        from pattern_operator.kube import kubeconfig as files

        return await run_in(disk, files.open_files, named, context=context, disk=disk)
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        raise CredentialsError(
            f"no API server is known: neither --kubeconfig, $KUBECONFIG nor {home} names one, and this is not a pod"
        )
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    return in_cluster(host=os.environ["KUBERNETES_SERVICE_HOST"], port=port)


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


def tls_context(*, ca: str | None) -> ssl.SSLContext:
    """Return a client's context that trusts ``ca`` (PEM), or the system's authorities."""
    context = ssl.create_default_context(cadata=ca)
    # Python 3.13 turned on the strict reading of RFC 5280, which refuses the certificates that managed clusters have
    # served for years (no authority key identifier). The chain and the name are verified all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
