"""References to artifacts as users write them, and the revisions that they resolve to.

Grammar: OCI distribution-spec 1.1, "Pulling manifests" (``<name>`` and ``<reference>``); OCI image-spec 1.1,
"Digests". Only algorithms that are listed here are accepted, before any path or URL is built from a digest.
"""

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from pattern_operator.quote import quoted

_ALGORITHMS: Final = {"sha256": 64, "sha512": 128}  # image-spec, "Registered algorithms": algorithm, hex digits
_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"  # RFC 1123: at most 63; resolvers fail on more
_HOST: Final = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[([0-9a-fA-F:]+)\])(?::([1-9][0-9]{{0,4}}))?")
_MAX_PORT: Final = 65_535
_MAX_REPOSITORY: Final = 255  # distribution-spec: many clients limit host and name to this together

OCI_SCHEME: Final = "oci://"


class InvalidReference(ValueError):
    """The text is not a reference; the message says what is right."""


class Digest(msgspec.Struct, frozen=True, order=True, gc=False):
    """``<algorithm>:<hex>`` of raw bytes."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``sha256:...`` or ``sha512:...``; raises InvalidReference for everything else."""
        algorithm, colon, digits = text.partition(":")
        if not colon or algorithm not in _ALGORITHMS:
            raise InvalidReference(f"{quoted(text)} is not a digest: it must be sha256:<64 hex digits> or sha512:<128>")
        if len(digits) != _ALGORITHMS[algorithm] or not re.fullmatch(r"[0-9a-f]+", digits):
            raise InvalidReference(
                f"{quoted(text)} is not a digest: {algorithm} has {_ALGORITHMS[algorithm]} small hex digits"
            )
        return cls(algorithm, digits)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> Self:
        """Compute the digest of ``content``."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    @property
    def short(self) -> str:
        """The first 12 digits: for tables and messages, never for identity."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


class Repository(msgspec.Struct, frozen=True, gc=False):
    """A repository: ``host[:port]`` and its name there."""

    host: str
    name: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read ``oci://host[:port]/name``; a tag or digest in it is refused.

        Raises:
            InvalidReference: the text is nothing of the kind; the message says what is right.
        """
        if not url.startswith(OCI_SCHEME):
            raise InvalidReference(f"{quoted(url)} must begin with oci://, as in oci://registry.example/patterns/web")
        _refuse_credentials(url)
        host, slash, name = url.removeprefix(OCI_SCHEME).partition("/")
        if not slash or not name:
            raise InvalidReference(f"{quoted(url)} names no repository: write oci://host[:port]/repository")
        if not is_host(host):
            raise InvalidReference(
                f"{quoted(url)} has no valid host: {quoted(host)} must be a name or address, as in"
                " registry.example:5000"
            )
        if len(host) + len(name) > _MAX_REPOSITORY:
            raise InvalidReference(
                f"{quoted(url)} is too long: host and repository have at most {_MAX_REPOSITORY} letters"
            )
        if not _REPOSITORY.fullmatch(name):
            raise InvalidReference(
                f"{quoted(url)} has no valid repository name: {quoted(name)} must be small letters and digits,"
                " separated by . _ - /" + ("; a tag or digest belongs into ref" if ":" in name or "@" in name else "")
            )
        return cls(host, name)

    @property
    def url(self) -> str:
        """The repository as a user writes it."""
        return f"{OCI_SCHEME}{self.host}/{self.name}"

    def __str__(self) -> str:
        return f"{self.host}/{self.name}"


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository with a tag, a digest, a semver range, or a tag and a digest.

    With tag and digest, the digest is what is pulled and the tag is the version it is called.
    """

    repository: Repository
    tag: str | None = None
    digest: Digest | None = None
    semver: str | None = None
    semver_filter: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[oci://]host/name[:tag][@digest]``, the form of the command line; without either the tag is latest.

        A tag may be written as the version that it stands for (``tag_of``).

        Raises:
            InvalidReference: the text is nothing of the kind; the message says what is right.
        """
        _refuse_credentials(text)
        rest, at, digest = text.removeprefix(OCI_SCHEME).partition("@")
        head, slash, last = rest.rpartition("/")
        last, colon, version = last.partition(":") if slash else (rest, "", "")
        tag = tag_of(version)
        repository = Repository.parse(f"{OCI_SCHEME}{head}{slash}{last}")
        if colon and not _TAG.fullmatch(tag):
            raise InvalidReference(
                f"{quoted(text)} has no valid tag: {quoted(version)} must be 1 to 128 letters, digits and . _ - as in"
                " 1.4.2"
            )
        return cls(
            repository,
            tag=tag if colon else None if at else "latest",
            digest=Digest.parse(digest) if at else None,
        )

    @property
    def mutable(self) -> bool:
        """Whether the reference may resolve to another digest later."""
        return self.digest is None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        semver = f" in {quoted(self.semver)}" if self.semver else ""
        return f"{self.repository.url}{tag}{digest}{semver}"


@dataclass(frozen=True, slots=True)
class Revision:
    """A resolved artifact: the digest, and the tag that it was resolved from; empty when only a digest was given."""

    tag: str
    digest: Digest

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``<tag>@<digest>`` or ``@<digest>``; raises InvalidReference for everything else."""
        tag, at, digest = text.partition("@")
        if not at or (tag and not is_tag(tag)):
            raise InvalidReference(f"{quoted(text)} is not a revision: it must be <tag>@<digest>, or @<digest>")
        return cls(tag, Digest.parse(digest))

    @property
    def display_name(self) -> str:
        """The tag and the first digits of the digest: for people, never for identity."""
        return f"{self.tag} ({self.digest.short})" if self.tag else f"{self.digest.algorithm}:{self.digest.short}"

    def __str__(self) -> str:
        return f"{self.tag}@{self.digest}"


def tag_of(version: str) -> str:
    """The tag of a version: a tag has no ``+``, so that ``1.2.3+b`` is pushed as ``1.2.3_b`` (Helm, "OCI")."""
    return version.replace("+", "_")


def is_tag(text: str) -> bool:
    """Whether ``text`` is a tag by the grammar of distribution-spec."""
    return _TAG.fullmatch(text) is not None


def _refuse_credentials(text: str) -> None:
    """Refuse ``user:password@host/name`` without quoting it."""
    if "/" in text.rpartition("@")[2] and "@" in text:
        raise InvalidReference(
            "there is an @ before the host or repository: write oci://host[:port]/repository without credentials, which"
            " belong into a docker config"
        )


def is_host(text: str) -> bool:
    """Whether ``text`` is ``host[:port]`` of which a URL can be made."""
    parts = _HOST.fullmatch(text)
    if parts is None:
        return False
    address, port = parts.groups()
    return (address is None or _is_ipv6(address)) and int(port or 0) <= _MAX_PORT


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
