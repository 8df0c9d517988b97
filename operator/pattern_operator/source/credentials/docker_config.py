"""Who we are to a registry: the entries of a docker config, and which of them is for which repository.

Format: the docker CLI's ``config.json`` and Secrets of type kubernetes.io/dockerconfigjson. Which entry counts:
Kubernetes, "Images", "Interpretation of config.json" (labels of the host may be globs, a path is a prefix).
"""

import base64
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Self

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_CONFIG_VALUES, MAX_CREDENTIAL_GLOBS
from pattern_operator.source.json_fields import text, texts
from pattern_operator.source.origin import Origin, Scheme
from pattern_operator.strict_json import InvalidDocument, read_bounded, read_object

DOCKER_HUB: Final = "docker.io"
DOCKER_HUB_HOSTS: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_GLOB: Final = frozenset("*?[")
_API_VERSION: Final = re.compile(r"^v[12](?:/|$)")  # of old servers' addresses, as in https://index.docker.io/v1/


@dataclass(frozen=True, slots=True)
class Credential:
    """A username with a password, or an identity token (an OAuth 2.0 refresh token) for the token service."""

    username: str
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """How many characters it has, to bound what is kept of them."""
        return len(self.username) + len(self.password) + len(self.identity_token)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


AskHelper = Callable[[str, str], Awaitable[Credential | None]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The entries of a docker config.

    ``helpers`` maps a host to the name of its credential helper, ``store`` names the one for all others, and
    ``ask_helper`` runs one (name, server). A config that comes out of a Secret never has any: a tenant's Secret must
    not choose which program the operator runs. ``lacking`` says, of a config without an entry for the repository that
    it was read for, what it has instead: a sentence without its dot, which names no other host.
    """

    entries: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""
    ask_helper: AskHelper | None = field(default=None, repr=False)
    lacking: str = ""

    @classmethod
    def from_docker_config(
        cls, data: bytes, *, where: str, repository: Repository | None = None, scheme: Scheme = "https"
    ) -> Self:
        """Read the JSON of a docker config; ``where`` names it in messages, which never hold any of it.

        All entries must be such, and only those for ``repository``, to which ``scheme`` is spoken, are kept where it is
        named.

        Raises:
            Stalled: SECRET_INVALID: it is no docker config.
        """
        try:
            entries = _entries(read_bounded(data, most=MAX_CONFIG_VALUES))
        except InvalidDocument as error:
            raise _invalid(where, str(error)) from error
        if repository is None:
            return cls(entries)
        host = _canonical(repository.host, scheme)
        fitting = {key: it for key, it in entries.items() if _matches(key, host, repository.name, scheme)}
        return cls(fitting, lacking="" if fitting else _lacking(entries, where=where, host=host, scheme=scheme))

    @classmethod
    def only(cls, host: str, credential: Credential | None, *, lacking: str = "") -> Self:
        """One credential, for all repositories of ``host``; or none at all."""
        return cls({} if credential is None else {host.lower(): credential}, lacking=lacking)

    def for_host(self, host: str, repository: str, *, scheme: str = "https") -> Credential | None:
        """The most exact entry for a repository, or None; takes time for a config with many entries.

        An entry without a port is for the port of ``scheme``, which is spoken to the registry.
        """
        host = _canonical(host, scheme)
        matching = [key for key in self.entries if _matches(key, host, repository, scheme)]
        return self.entries[max(matching, key=_exactness)] if matching else None

    async def find(self, host: str, repository: str, *, scheme: str = "https") -> Credential | None:
        """The credentials for a repository: of its host's helper, else of an entry, else of the helper for all."""
        if self.ask_helper is not None and (helper := _named(self.helpers, host, scheme)):
            return await self._ask(self.ask_helper, helper, host, scheme)
        if (found := self.for_host(host, repository, scheme=scheme)) is not None:
            return found
        if self.ask_helper is not None and self.store:
            return await self._ask(self.ask_helper, self.store, host, scheme)
        return None

    async def _ask(self, ask_helper: AskHelper, helper: str, host: str, scheme: str) -> Credential | None:
        """Ask a helper for the host as it is written, as `docker login` stored it; then in its one spelling."""
        for server in _servers(host, scheme):
            if (found := await ask_helper(helper, server)) is not None:
                return found
        return None


def from_docker_home(home: Path | None = None) -> Credentials:
    """The credentials of the user of this machine: ``$DOCKER_CONFIG`` or ``~/.docker``, and its credential helpers.

    For the command line only; a machine without such a file has no credentials, which is no error.

    Raises:
        Stalled: SECRET_INVALID: the file is there and cannot be read.
    """
    from pattern_operator.source.credentials.helper import get  # here, for the operator itself runs no programs

    path = (home or Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")) / "config.json"
    try:
        config = read_object(path.read_bytes())
        return Credentials(
            _entries(config), helpers=texts(config, "credHelpers"), store=text(config, "credsStore"), ask_helper=get
        )
    except FileNotFoundError:
        return Credentials()
    except OSError as error:
        raise _invalid(str(path), f"cannot be read: {error.strerror}") from error
    except InvalidDocument as error:
        raise _invalid(str(path), str(error)) from error


def _invalid(where: str, why: str) -> Stalled:
    return Stalled(
        reason=Reason.SECRET_INVALID,
        message=f"{where} is no docker config: it {why}. It must be JSON as `docker login` writes it: "
        '{"auths": {"<host>": {"auth": "<base64 of username:password>"}}}.',
    )


def _lacking(entries: Mapping[str, Credential], *, where: str, host: str, scheme: str) -> str:
    """What a config has that has nothing for a repository at ``host``, without a word of its own."""
    if not entries:
        return f"{where} has no entry with credentials"
    number = "one entry" if len(entries) == 1 else f"{len(entries)} entries"
    if any(_is_of_host(key.partition("/")[0], host, scheme) for key in entries):
        return f"{where} has {number}, of which those for {host} are for other repositories"
    return f"{where} has {number}, and none is for {host}"


def _entries(config: Mapping[str, object]) -> dict[str, Credential]:
    auths = config.get("auths")
    if auths is None:
        return {}
    if not isinstance(auths, dict):
        raise InvalidDocument("has auths that are no object")
    found: dict[str, Credential] = {}
    globs = 0
    for name, entry in auths.items():
        if not isinstance(entry, dict):
            raise InvalidDocument("has an entry of auths that is no object")
        credential, key = _credential(entry), _key(name)
        globs += _has_glob(key)
        if globs > MAX_CREDENTIAL_GLOBS:  # each is compiled for each host
            raise InvalidDocument(f"has more than {MAX_CREDENTIAL_GLOBS} entries whose host is a glob")
        if credential is not None:
            found[key] = credential
    return found


def _credential(entry: Mapping[str, object]) -> Credential | None:
    """Read one entry; an empty one only says that a credential helper knows the rest."""
    username, password = text(entry, "username"), text(entry, "password")
    if encoded := text(entry, "auth"):
        username, password = _decoded(encoded)
    identity_token = text(entry, "identitytoken")
    if not (username or password or identity_token):
        return None
    return Credential(username, password, identity_token)


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8")
    except ValueError as error:
        raise InvalidDocument("has an auth that is no base64 of text") from error
    username, colon, password = decoded.rstrip("\0").partition(":")  # old docker versions padded with NUL
    if not colon:
        raise InvalidDocument("has an auth without a colon between username and password")
    return username, password


def _key(text_of_key: str) -> str:
    """``host[:port][/path]`` of an entry's name, which may be an address with a scheme and an API version."""
    host, _, path = (text_of_key.partition("://")[2] or text_of_key).partition("/")
    path = _API_VERSION.sub("", path.strip("/"))
    return f"{host.lower()}/{path}" if path else host.lower()


def _canonical(host: str, scheme: str) -> str:
    """``host[:port]`` in one spelling, the port where it is not that of ``scheme``; Docker Hub by its one name."""
    host = Origin.named(host, scheme=scheme).authority
    return DOCKER_HUB if host in DOCKER_HUB_HOSTS else host


def _servers(host: str, scheme: str) -> list[str]:
    """What credential helpers may call a host: docker stores the Hub's credentials under its oldest address."""
    canonical = _canonical(host, scheme)
    return (
        ["https://index.docker.io/v1/"] if canonical == DOCKER_HUB else list(dict.fromkeys((host.lower(), canonical)))
    )


def _named(helpers: Mapping[str, str], host: str, scheme: str) -> str:
    host = _canonical(host, scheme)
    return next((helper for key, helper in helpers.items() if _canonical(_key(key), scheme) == host), "")


def _matches(key: str, host: str, repository: str, scheme: str) -> bool:
    wanted, _, path = key.partition("/")
    if path and not f"{repository}/".startswith(f"{path}/"):
        return False
    return _is_of_host(wanted, host, scheme)


def _is_of_host(wanted: str, host: str, scheme: str) -> bool:
    if _canonical(wanted, scheme) == host:
        return True
    return _has_glob(wanted) and _is_globbed(host, glob=Origin.named(wanted, scheme=scheme).authority)


def _has_glob(key: str) -> bool:
    return not _GLOB.isdisjoint(key.partition("/")[0])


def _is_globbed(host: str, *, glob: str) -> bool:
    """Whether each label fits; a port must be equal: what listens on another one may be somebody else."""
    (name, _, port), (wanted, _, wanted_port) = host.partition(":"), glob.partition(":")
    labels, globs = name.split("."), wanted.split(".")
    return port == wanted_port and len(labels) == len(globs) and all(map(fnmatchcase, labels, globs))


def _exactness(key: str) -> tuple[int, bool, str]:
    """Longer paths before shorter ones, plain hosts before globs; the name itself makes the order total."""
    host, _, path = key.partition("/")
    return (len(path), not _has_glob(host), key)
