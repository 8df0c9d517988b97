"""When the version that runs has left the registry's list, it is held: a missing tag is not a request to go back.

A tag may be deleted by mistake, by a retention rule, or be missing from a list after an outage. Nobody can tell these
from a withdrawal, and an older version may not be able to read what the newer one has written (flux-operator #1016).
"""

from dataclasses import dataclass

from pattern_operator.api.reference import Reference, Revision
from pattern_operator.quote import quoted
from pattern_operator.source.semver.version import Version


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a reference leads to. ``held`` says why that is what runs and not what the list has; empty otherwise."""

    revision: Revision
    held: str = ""


def is_older(tag: str, *, than: str) -> bool:
    """Whether the version that ``tag`` is has a lower precedence; False where one of the two is not a version."""
    version, other = Version.of_tag(tag), Version.of_tag(than)
    return version is not None and other is not None and version < other


def held_words(running: Revision, *, highest: str, reference: Reference) -> str:
    """The fact, and how to go back; ``highest`` is what the range of ``reference`` has now."""
    return (
        f"{running.tag} is held: {reference.repository} does not list this tag any more, and the highest version in"
        f" {quoted(reference.semver or '')} is {highest}, which is older. Push {running.tag} again; or, to go back,"
        f" change spec.source.ref: name tag {highest}, or a range without {running.tag}"
    )
