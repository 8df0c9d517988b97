"""The entries of a docker config, and the credentials that they hold for a repository.

Format: the docker CLI's ``config.json``, and Secrets of type kubernetes.io/dockerconfigjson.
"""

import base64
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.json_fields import string_field, string_map_field
from pattern_operator.limits import MAX_CONFIG_VALUES, MAX_CREDENTIAL_GLOBS
from pattern_operator.source.credentials import helper
from pattern_operator.source.credentials.config_keys import (
    has_glob,
    helper_for,
    helper_servers,
    host_key,
    is_for_host,
    matches,
    parse_key,
    specificity,
)
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.source.origin import Scheme
from pattern_operator.strict_json import InvalidDocument, read_bounded, read_object

RunHelper = Callable[[str, str], Awaitable[Credential | None]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The entries of a docker config.

    ``helpers`` maps a host to the name of its credential helper, ``store`` names the one for all others, and
    ``run_helper`` runs one (name, server). A config that comes out of a Secret never has any: a tenant's Secret must
    not choose which program the operator runs. ``lacking`` says, of a config without an entry for the repository that
    it was read for, what it has instead: a sentence without its dot, which names no other host.
    """

    entries: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""
    run_helper: RunHelper | None = field(default=None, repr=False)
    lacking: str = ""

    @classmethod
    def from_docker_config(
        cls, data: bytes, *, where: str, repository: Repository | None = None, scheme: Scheme = "https"
    ) -> Self:
        """Read the JSON of a docker config; ``where`` names it in messages, which never hold any of it.

        All entries must be such, and only those for ``repository``, to which ``scheme`` is spoken, are kept where it is
        named.

        Raises:
            Stalled: SECRET_INVALID: it is not a docker config.
        """
        try:
            entries = _entries(read_bounded(data, most=MAX_CONFIG_VALUES))
        except InvalidDocument as error:
            raise _invalid(where, str(error)) from error
        if repository is None:
            return cls(entries)
        host = host_key(repository.host, scheme)
        fitting = {key: it for key, it in entries.items() if matches(key, host, repository.name, scheme)}
        return cls(fitting, lacking="" if fitting else _lacking(entries, where=where, host=host, scheme=scheme))

    @classmethod
    def only(cls, host: str, credential: Credential | None, *, lacking: str = "") -> Self:
        """One credential, for all repositories of ``host``; or none at all."""
        return cls({} if credential is None else {host.lower(): credential}, lacking=lacking)

    def for_host(self, host: str, repository: str, *, scheme: str = "https") -> Credential | None:
        """The most exact entry for a repository, or None; takes time for a config with many entries.

        An entry without a port is for the port of ``scheme``, which is spoken to the registry.
        """
        host = host_key(host, scheme)
        keys = [key for key in self.entries if matches(key, host, repository, scheme)]
        return self.entries[max(keys, key=specificity)] if keys else None

    async def find(self, host: str, repository: str, *, scheme: str = "https") -> Credential | None:
        """The credentials for a repository: of its host's helper, else of an entry, else of the helper for all."""
        if self.run_helper is not None and (name := helper_for(self.helpers, host, scheme)):
            return await self._ask(self.run_helper, name, host, scheme)
        if (found := self.for_host(host, repository, scheme=scheme)) is not None:
            return found
        if self.run_helper is not None and self.store:
            return await self._ask(self.run_helper, self.store, host, scheme)
        return None

    async def _ask(self, run_helper: RunHelper, name: str, host: str, scheme: str) -> Credential | None:
        """Ask a helper for the host as it is written, as `docker login` stored it; then in its one spelling."""
        for server in helper_servers(host, scheme):
            if (found := await run_helper(name, server)) is not None:
                return found
        return None


def from_docker_home(home: Path | None = None) -> Credentials:
    """The credentials of the user of this machine: ``$DOCKER_CONFIG`` or ``~/.docker``, and its credential helpers.

    For the command line only; a machine without such a file has no credentials, which is not an error.

    Raises:
        Stalled: SECRET_INVALID: the file is there and cannot be read.
    """
    path = (home or Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")) / "config.json"
    try:
        config = read_object(path.read_bytes())
        return Credentials(
            _entries(config),
            helpers=string_map_field(config, "credHelpers"),
            store=string_field(config, "credsStore"),
            run_helper=helper.get,
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
        message=f"{where} is not a docker config: it {why}. It must be JSON as `docker login` writes it: "
        '{"auths": {"<host>": {"auth": "<base64 of username:password>"}}}.',
    )


def _lacking(entries: Mapping[str, Credential], *, where: str, host: str, scheme: str) -> str:
    """What a config has that has nothing for a repository at ``host``, without a word of its own."""
    if not entries:
        return f"{where} has no entry with credentials"
    number = "one entry" if len(entries) == 1 else f"{len(entries)} entries"
    if any(is_for_host(key.partition("/")[0], host, scheme) for key in entries):
        return f"{where} has {number}, of which those for {host} are for other repositories"
    glob = " (a * in a host stands for one part between dots)" if any(map(has_glob, entries)) else ""
    return f"{where} has {number}, and none is for {host}{glob}"


def _entries(config: Mapping[str, object]) -> dict[str, Credential]:
    auths = config.get("auths")
    if auths is None:
        return {}
    if not isinstance(auths, dict):
        raise InvalidDocument("has auths that are not object")
    found: dict[str, Credential] = {}
    globs = 0
    for name, entry in auths.items():
        if not isinstance(entry, dict):
            raise InvalidDocument("has an entry of auths that is not an object")
        credential, key = _credential(entry), parse_key(name)
        globs += has_glob(key)
        if globs > MAX_CREDENTIAL_GLOBS:  # each is compiled for each host
            raise InvalidDocument(f"has more than {MAX_CREDENTIAL_GLOBS} entries whose host is a glob")
        if credential is not None:
            found[key] = credential
    return found


def _credential(entry: Mapping[str, object]) -> Credential | None:
    """Read one entry; an empty one only says that a credential helper knows the rest."""
    username, password = string_field(entry, "username"), string_field(entry, "password")
    if encoded := string_field(entry, "auth"):
        username, password = _decoded(encoded)
    identity_token = string_field(entry, "identitytoken")
    if not (username or password or identity_token):
        return None
    return Credential(username, password, identity_token)


def _decoded(encoded: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8")
    except ValueError as error:
        raise InvalidDocument("has an auth that is not base64 of text") from error
    username, colon, password = decoded.rstrip("\0").partition(":")  # old docker versions padded with NUL
    if not colon:
        raise InvalidDocument("has an auth without a colon between username and password")
    return username, password
