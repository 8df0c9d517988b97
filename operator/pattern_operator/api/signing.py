"""The commands that sign and attest an artifact, for messages, the command line and the docs."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from pattern_operator.api.reference import Digest, Repository

SIGN: Final = "patternctl sign --key cosign.key"
NO_LOG: Final = "--use-signing-config=false --tlog-upload=false"
"""What makes cosign 3 sign without a transparency log."""

_MAX_ANNOTATIONS: Final = 200  # characters of a command; beyond them, a placeholder stands for them
_NO_ANNOTATIONS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class SignCommands:
    """The commands for one artifact: ``reference`` is its ``host/repository@digest``.

    ``insecure``: plain http is spoken to the registry. ``annotations`` are signed along.
    """

    reference: str
    insecure: bool = False

    @classmethod
    def of(cls, repository: Repository, digest: Digest, *, insecure: bool) -> Self:
        """Those for an artifact of a repository."""
        return cls(f"{repository}@{digest}", insecure)

    def patternctl(self, annotations: Mapping[str, str] = _NO_ANNOTATIONS) -> str:
        """A Sigstore bundle with a key."""
        words = (SIGN, "--insecure" if self.insecure else "", _pairs("-a", annotations), f"oci://{self.reference}")
        return _line(words)

    def cosign(self, *flags: str, annotations: Mapping[str, str] = _NO_ANNOTATIONS) -> str:
        """A signature of cosign."""
        return _line(("cosign sign", *flags, self._cosign_http, _pairs("-a", annotations), self.reference))

    def attest(self, *flags: str, predicate_type: str) -> str:
        """An attestation of cosign; the predicate is in a file that is named for it here."""
        of = f"--type {shlex.quote(predicate_type)} --predicate predicate.json"
        return _line(("cosign attest", *flags, of, self._cosign_http, self.reference))

    def notation(self, user_metadata: Mapping[str, str] = _NO_ANNOTATIONS) -> str:
        """A signature of the Notary Project, with the default key of notation."""
        http = "--insecure-registry" if self.insecure else ""
        return _line(("notation sign", http, _pairs("--user-metadata", user_metadata), self.reference))

    @property
    def _cosign_http(self) -> str:
        return "--allow-http-registry" if self.insecure else ""


def _pairs(flag: str, pairs: Mapping[str, str]) -> str:
    text = " ".join(f"{flag} {shlex.quote(f'{name}={value}')}" for name, value in pairs.items())
    return text if len(text) <= _MAX_ANNOTATIONS else f"{flag} NAME=VALUE"


def _line(words: tuple[str, ...]) -> str:
    return " ".join(each for each in words if each)
