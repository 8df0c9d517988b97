"""What a kubeconfig says, as an ``Endpoint``: the user's own files, or the text that a Secret holds.

The two are not the same. The user's files may run plugins and name other files, because the user wrote them. The text
of a Secret was written by a tenant: it would run and read with the operator's rights, so it may do neither.
"""

import asyncio
import base64
import binascii
import re
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml
from yarl import URL

from pattern_operator.executors import run_in
from pattern_operator.kube.endpoint import Authorization, Endpoint, StaticAuth, tls_context
from pattern_operator.kube.errors import CredentialsError
from pattern_operator.quote import foreign

EXPIRY_MARGIN: Final = timedelta(seconds=30)  # a token this close to its end is replaced before it is sent
_WORDS: Final = 300  # characters of why a file cannot be used
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")  # what a header can hold, without spaces (RFC 9110, "Field Values")
_REFUSED: Final = ("exec", "auth-provider", "tokenFile", "client-certificate", "client-key", "certificate-authority")


def open_files(
    paths: str, *, context: str | None, disk: Executor, now: Callable[[], datetime] | None = None
) -> Endpoint:
    """Open one or more kubeconfig files (joined by ``:`` as in ``$KUBECONFIG``). Blocks: plugins are run.

    Later readings, when a token ends, are done in ``disk``.

    Raises:
        CredentialsError: a file, the context or the credentials cannot be used.
    """
    login = KubeconfigUser(paths, context=context, disk=disk, now=now or _now)
    return login.endpoint()


class KubeconfigUser:
    """The ``Authorization`` of a kubeconfig's user: asks the ``kubernetes`` library again when a token ends."""

    def __init__(self, paths: str, *, context: str | None, disk: Executor, now: Callable[[], datetime]) -> None:
        self._disk = disk
        self._paths = paths
        self._context = context
        self._now = now
        self._tls: ssl.SSLContext | None = None
        self._header = ""
        self._expiry: datetime | None = None
        self._lock = asyncio.Lock()

    def endpoint(self) -> Endpoint:
        """Read the files for the first time."""
        loader, namespace = self._read()
        said = vars(loader)
        return Endpoint(
            server=str(said["host"]),
            authorization=self,
            tls=self._tls,
            tls_server_name=said.get("tls_server_name"),
            proxy=said.get("proxy"),
            namespace=namespace,
        )

    async def header(self) -> str:
        """Return the header, from a new run of the plugin when the last one's token is about to end."""
        if self._expiry is not None and self._now() + EXPIRY_MARGIN >= self._expiry:
            await self.refresh(rejected=self._header)
        return self._header

    async def refresh(self, *, rejected: str) -> bool:
        """Read the files again (a token file or a plugin gives a new token), once for all who wait."""
        async with self._lock:
            if self._header != rejected:
                return True
            had_certificate = self._tls is not None and not self._header
            await run_in(self._disk, self._read)
            return self._header != rejected or had_certificate

    def _read(self) -> tuple[Any, str]:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException
        from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

        try:
            # The library writes keys that are embedded in a kubeconfig to files; these are gone when this returns.
            with TemporaryDirectory(prefix="patternctl-") as scratch:
                files = KubeConfigMerger(self._paths)  # type: ignore[no-untyped-call] # the library has no types
                if files.config is None:
                    raise CredentialsError(f"there is no kubeconfig at {self._paths}")
                loader = KubeConfigLoader(  # type: ignore[no-untyped-call] # as above
                    config_dict=files.config,
                    active_context=self._context,
                    config_persister=files.save_changes,  # refreshed OIDC tokens are single use
                    temp_file_path=scratch,
                )
                loader.load_and_set(Configuration())  # type: ignore[no-untyped-call] # as above
                self._take(vars(loader))
            chosen = loader.current_context["context"]
        except (ConfigException, OSError, ssl.SSLError, ValueError, yaml.YAMLError) as error:
            raise CredentialsError(f"the kubeconfig {self._paths} cannot be used: {_why(error)}") from error
        except (TypeError, AttributeError, LookupError) as error:  # the library takes its shape for granted
            raise CredentialsError(
                f"the kubeconfig {self._paths} has the wrong structure: compare it with `kubectl config view`"
            ) from error
        if (
            _wants_plugin(files.config.value, user=chosen.get("user"))
            and not self._header
            and not self._has_key(loader)
        ):
            raise CredentialsError(
                f"the exec plugin of user {chosen.get('user')!r} in {self._paths} gave no credentials: run it by hand"
            )
        return loader, str(chosen.get("namespace") or "default")

    def _take(self, said: dict[str, Any]) -> None:
        if not said.get("host"):
            raise CredentialsError(f"the kubeconfig {self._paths} has no server for this context")
        try:
            URL(str(said["host"])).origin()
        except ValueError as error:
            raise CredentialsError(
                f"the kubeconfig {self._paths} cannot be used, because its server is not a URL: compare it with"
                " `kubectl config view`"
            ) from error
        self._header = str(said.get("token") or "")
        self._expiry = said.get("expiry")
        if not str(said["host"]).startswith("https://"):
            return
        if self._tls is None:
            ca = said.get("ssl_ca_cert")
            self._tls = tls_context(ca=Path(ca).read_text() if ca else None)
            if said.get("verify_ssl") is False:
                _skip_tls_verify(self._tls)
        if said.get("cert_file"):  # into the same context: connections from now on show the new certificate
            self._tls.load_cert_chain(said["cert_file"], said.get("key_file"))

    @staticmethod
    def _has_key(loader: object) -> bool:
        return bool(vars(loader).get("cert_file"))


def of_text(text: bytes) -> Endpoint:
    """Read the kubeconfig of a remote cluster that a Secret holds. Blocks a little: keys pass through a file.

    Only what stands in the text counts: ``token``, ``username`` and ``password``, and the ``...-data`` fields.

    Raises:
        CredentialsError: it is not a kubeconfig, or it wants a program run or a file read.
    """
    try:
        config = yaml.safe_load(text)
        chosen = _named(config, "contexts", config["current-context"], "context")
        cluster = _named(config, "clusters", chosen["cluster"], "cluster")
        user = _named(config, "users", chosen["user"], "user") if chosen.get("user") else {}
        server = URL(cluster["server"])
        if server.scheme not in ("https", "http") or not server.host or server.user:
            raise ValueError("the server is not a plain http URL")
    except (yaml.YAMLError, LookupError, StopIteration, TypeError, AttributeError, ValueError, RecursionError):
        # without its cause: PyYAML quotes the line that it cannot read, which may be the token
        raise CredentialsError("the Secret holds no kubeconfig with a current context, its cluster and user") from None
    refused = [name for name in _REFUSED if name in user or name in cluster]
    if refused:
        raise CredentialsError(
            f"the kubeconfig in the Secret uses {', '.join(refused)}, which would run or read with the operator's "
            f"rights: put a token or the certificates themselves (...-data) into it"
        )
    return Endpoint(
        server=str(server).rstrip("/"),
        authorization=_authorization_of(user),
        tls=_tls_of(cluster, user) if server.scheme == "https" else None,
        tls_server_name=str(cluster.get("tls-server-name") or "") or None,
        proxy=str(cluster.get("proxy-url") or "") or None,
        namespace=str(chosen.get("namespace") or "default"),
    )


def _why(error: Exception) -> str:
    """What is wrong with a file that holds credentials, without a line of it."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return f"{error.problem or 'it is not YAML'}" + (f", line {mark.line + 1}" if mark else "")
    if isinstance(error, yaml.YAMLError):
        return "it is not YAML"
    return foreign(str(error), _WORDS)


def _tls_of(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    try:
        tls = tls_context(ca=_pem(cluster, "certificate-authority-data") or None)
        if cluster.get("insecure-skip-tls-verify") is True:
            _skip_tls_verify(tls)
        certificate, key = _pem(user, "client-certificate-data"), _pem(user, "client-key-data")
        if certificate:
            with TemporaryDirectory(prefix="pattern-operator-") as scratch:
                both = Path(scratch) / "client.pem"
                both.touch(mode=0o600)
                both.write_text(f"{certificate}\n{key}\n")
                tls.load_cert_chain(both, password="")  # else OpenSSL asks whoever sits at the terminal
    except (OSError, ssl.SSLError) as error:
        raise CredentialsError(f"the certificates of the kubeconfig in the Secret cannot be used: {error}") from error
    return tls


def _authorization_of(user: dict[str, Any]) -> Authorization:
    if token := str(user.get("token") or "").strip():
        if not _TOKEN.fullmatch(token):
            raise CredentialsError("the token of the kubeconfig in the Secret holds characters that no token has")
        return StaticAuth(f"Bearer {token}")
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return StaticAuth(f"Basic {base64.b64encode(pair).decode()}")
    return StaticAuth()


def _pem(part: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(str(part.get(name) or ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialsError(f"{name} of the kubeconfig in the Secret is not base64 of a PEM file") from error


def _named(config: dict[str, Any], section: str, name: str, field: str) -> dict[str, Any]:
    entry: dict[str, Any] = next(entry for entry in config[section] if entry["name"] == name)[field] or {}
    if not isinstance(entry, dict):
        raise TypeError(f"{field} is not a mapping")
    return entry


def _wants_plugin(config: dict[str, Any], *, user: str | None) -> bool:
    # The merger wraps each entry in a node that remembers its file; the entry itself is the node's value.
    entries = (node.value for node in config.get("users") or [])
    return any("exec" in (entry.get("user") or {}) for entry in entries if entry.get("name") == user)


def _skip_tls_verify(tls: ssl.SSLContext) -> None:
    """Do what ``insecure-skip-tls-verify: true`` asks for."""
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE


def _now() -> datetime:
    return datetime.now(UTC)
