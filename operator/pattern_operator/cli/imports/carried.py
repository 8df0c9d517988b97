"""What an import finds: TrustPolicies as they are written to a file, and what could not be carried over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from pattern_operator.api.names import API_VERSION
from pattern_operator.api.trust_policy import decode
from pattern_operator.quote import quoted
from pattern_operator.verify.url_match import InvalidGlob, UrlGlob

MAX_NAME: Final = 253
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy: its name, what it covers, and its authorities, each as the API has them."""

    name: str
    match: Sequence[Mapping[str, Any]]
    authorities: Sequence[Mapping[str, Any]]
    mode: str = "Enforce"
    repository: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The TrustPolicy."""
        return {
            "apiVersion": API_VERSION,
            "kind": "TrustPolicy",
            "metadata": {"name": self.name},
            "spec": {
                "match": [dict(each) for each in self.match],
                **({"mode": self.mode} if self.mode != "Enforce" else {}),
                **({"repository": dict(self.repository)} if self.repository else {}),
                "authorities": [dict(each) for each in self.authorities],
            },
        }

    @property
    def wrong(self) -> str | None:
        """Why the API server would refuse it; None where it would not."""
        try:
            decode(self.body)
            for each in self.match:
                UrlGlob.parse(str(each["url"]))
        except (msgspec.ValidationError, InvalidGlob) as error:
            return str(error)
        return None


class Lost(str):
    """What cannot be carried over, a clause: readers give it in between of what can."""

    __slots__ = ()


def parted(found: Iterable[T | Lost]) -> tuple[list[T], tuple[Lost, ...]]:
    """What a reader gave: what is carried over, and what is lost."""
    every = list(found)
    kept = [each for each in every if not isinstance(each, Lost)]
    return kept, tuple(each for each in every if isinstance(each, Lost))


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of a document; ``lost`` names what did not, a clause each."""

    policies: tuple[Draft, ...] = ()
    lost: tuple[str, ...] = field(default=())


def carried(found: Iterable[Draft | Lost]) -> Carried:
    """What came of a document: of its policies those that the API server takes."""
    drafts, lost = parted(found)
    judged = [(each, each.wrong) for each in drafts]
    refused = tuple(Lost(f"{quoted(each.name)} cannot be said here: {why}") for each, why in judged if why is not None)
    return Carried(tuple(each for each, why in judged if why is None), (*lost, *refused))


def resource_name(text: str) -> str:
    """``text`` as the name of a resource: small letters, digits and dashes."""
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text.lower())
    return "-".join(part for part in kept.split("-") if part)[:MAX_NAME].strip("-") or "imported"


def whole(pattern: str) -> str:
    """A regular expression that is searched for, as one that matches the whole: never more than it found."""
    before = "" if pattern.startswith("^") else ".*"
    after = "" if pattern.endswith("$") and not pattern.endswith("\\$") else ".*"
    return f"{before}(?:{pattern}){after}"
