"""Which key of a docker config, and which name of a credential helper, is for which repository.

Rules: Kubernetes, "Images", "Interpretation of config.json": labels of the host may be globs, a path is a prefix. An
entry without a port is for the port of the scheme that is spoken to the registry.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from pattern_operator.source.origin import Origin

DOCKER_HUB: Final = "docker.io"
DOCKER_HUB_HOSTS: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_GLOB: Final = frozenset("*?[")
_API_VERSION: Final = re.compile(r"^v[12](?:/|$)")  # of old servers' addresses, as in https://index.docker.io/v1/


def parse_key(name: str) -> str:
    """``host[:port][/path]`` of an entry's name, which may be an address with a scheme and an API version."""
    host, _, path = (name.partition("://")[2] or name).partition("/")
    path = _API_VERSION.sub("", path.strip("/"))
    return f"{host.lower()}/{path}" if path else host.lower()


def host_key(host: str, scheme: str) -> str:
    """``host[:port]`` in one spelling, the port where it is not that of ``scheme``; Docker Hub by its one name."""
    host = Origin.named(host, scheme=scheme).authority
    return DOCKER_HUB if host in DOCKER_HUB_HOSTS else host


def helper_servers(host: str, scheme: str) -> list[str]:
    """What credential helpers may call a host: docker stores the Hub's credentials under its oldest address."""
    canonical = host_key(host, scheme)
    return (
        ["https://index.docker.io/v1/"] if canonical == DOCKER_HUB else list(dict.fromkeys((host.lower(), canonical)))
    )


def helper_for(helpers: Mapping[str, str], host: str, scheme: str) -> str:
    """The helper that ``credHelpers`` names for a host; empty where it names none."""
    host = host_key(host, scheme)
    return next((helper for key, helper in helpers.items() if host_key(parse_key(key), scheme) == host), "")


def matches(key: str, host: str, repository: str, scheme: str) -> bool:
    """Whether a key is for a repository at ``host``, in the spelling of ``host_key``."""
    wanted, _, path = key.partition("/")
    if path and not f"{repository}/".startswith(f"{path}/"):
        return False
    return is_for_host(wanted, host, scheme)


def is_for_host(wanted: str, host: str, scheme: str) -> bool:
    """Whether the host of a key, which may be a glob, is ``host``, in the spelling of ``host_key``."""
    if host_key(wanted, scheme) == host:
        return True
    return has_glob(wanted) and _is_globbed(host, glob=Origin.named(wanted, scheme=scheme).authority)


def has_glob(key: str) -> bool:
    """Whether the host of a key is a glob."""
    return not _GLOB.isdisjoint(key.partition("/")[0])


def _is_globbed(host: str, *, glob: str) -> bool:
    """Whether each label fits; a port must be equal: what listens on another one may be somebody else."""
    (name, _, port), (wanted, _, wanted_port) = host.partition(":"), glob.partition(":")
    labels, globs = name.split("."), wanted.split(".")
    return port == wanted_port and len(labels) == len(globs) and all(map(fnmatchcase, labels, globs))


def specificity(key: str) -> tuple[int, bool, str]:
    """Longer paths before shorter ones, plain hosts before globs; the name itself makes the order total."""
    host, _, path = key.partition("/")
    return (len(path), not has_glob(host), key)
