"""Which repositories and namespaces a policy covers: globs of URLs, and label selectors of Kubernetes. Pure and total.

A glob is ``oci://host[:port]/path``, of which everything has to match, or ``oci://**`` for every repository there is.

- Host: a name or address as it stands, in letters of any case; ``*.example.com`` for every host in that domain, and not
  the domain itself; ``*`` for every host. Without a port it means every port, so that nobody avoids a policy by
  naming another one; with a port only that one, where 443 and 80 are also those of a repository that names none.
  The names of Docker Hub (``docker.io``, ``index.docker.io``, ``registry-1.docker.io``) are one host.
- Path: ``*`` is any text without ``/``, ``**`` is any text; both may be empty, and nothing else has a meaning of its
  own. So ``patterns/**`` is everything below ``patterns``, and not ``patterns`` itself.
- Tag and digest are no part of it.

Matching takes linear time, whatever the glob is: the engine is RE2.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import re2

from pattern_operator.api.reference import OCI_SCHEME, Repository
from pattern_operator.api.trust_policy import LabelRequirement, LabelSelector
from pattern_operator.quote import quoted

EVERYTHING: Final = f"{OCI_SCHEME}**"
MAX_GLOB: Final = 512  # characters, as the CRD admits
_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_DEFAULT_PORTS: Final = frozenset({"443", "80"})  # of https, and of http for an insecure source
_LABEL: Final = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_GLOB: Final = re.compile(
    rf"oci://(?P<host>\*|(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    r"/(?P<path>[a-z0-9._*-]+(?:/[a-z0-9._*-]+)*)"
)
_WILDCARDS: Final = {"**": ".*", "*": "[^/]*"}


class InvalidGlob(ValueError):
    """The text is not a glob of repositories; the message says what is right."""


@dataclass(frozen=True, slots=True)
class UrlGlob:
    """A compiled glob; ``host`` is empty for every host, and begins with a dot for those in a domain."""

    text: str
    host: str
    port: str
    _path: "re2._Regexp" = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a glob; raises InvalidGlob for everything else."""
        if text == EVERYTHING:
            return cls(text, "", "", _compiled("**"))
        parts = _GLOB.fullmatch(text) if len(text) <= MAX_GLOB else None
        if parts is None or "***" in text:
            raise InvalidGlob(
                f"{quoted(text)} is not a glob of repositories: write oci://host[:port]/path, with * for any text"
                " without / and ** for any text, or oci://** for everything"
            )
        host = parts["host"]
        name = "" if host == "*" else host.removeprefix("*") if host.startswith("*.") else _canonical(host)
        return cls(text, name.lower(), parts["port"] or "", _compiled(parts["path"]))

    def matches(self, repository: Repository) -> bool:
        """Whether the whole of ``repository`` matches."""
        host, port = _split(repository.host)
        return self._is_host(host) and self._is_port(port) and self._path.fullmatch(repository.name) is not None

    def _is_host(self, host: str) -> bool:
        if self.host.startswith("."):
            return host.endswith(self.host) and len(host) > len(self.host)
        return self.host in ("", host)

    def _is_port(self, port: str) -> bool:
        if not self.port:
            return True
        return port == self.port or (not port and self.port in _DEFAULT_PORTS)


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether labels meet all that a selector asks for; without one, every namespace is selected.

    Source: Kubernetes, apimachinery, "Labels and Selectors": NotIn holds for an object without the label, too.
    """
    if selector is None:
        return True
    equal = all(labels.get(name) == value for name, value in selector.match_labels.items())
    return equal and all(_holds(each, labels) for each in selector.match_expressions)


def _holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    match requirement.operator:
        case "In":
            return labels.get(requirement.key) in requirement.values
        case "NotIn":
            return labels.get(requirement.key) not in requirement.values
        case "Exists":
            return requirement.key in labels
        case "DoesNotExist":
            return requirement.key not in labels


def _split(host: str) -> tuple[str, str]:
    """Host and port, the host as ``_canonical``."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return _canonical(host), ""
    return _canonical(name), port


def _canonical(host: str) -> str:
    """One spelling of a host: small letters, the shortest form of an address, one name of Docker Hub."""
    lowered = host.lower()
    if lowered in _DOCKER_HUB:
        return "docker.io"
    if lowered.startswith("["):
        try:
            address = ipaddress.IPv6Address(lowered.strip("[]"))
        except ValueError:
            return lowered
        return f"[{address.compressed}]" if address.ipv4_mapped is None else str(address.ipv4_mapped)
    return lowered


def _compiled(path: str) -> "re2._Regexp":
    parts = re.split(r"(\*\*|\*)", path)
    options = re2.Options()
    options.log_errors = False
    return re2.compile("".join(_WILDCARDS.get(part) or re.escape(part) for part in parts), options)
