"""The versions of a pattern: the tags of its repository, the highest version first.

Order: precedence of semver.org 2.0.0, section 11. Tags of signatures are left out: cosign's (specs/SIGNATURE_SPEC.md)
and those of lists of referrers (distribution-spec 1.1, "Referrers Tag Schema").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pattern_operator.executors import run_in
from pattern_operator.source import RepositoryClient, list_tags
from pattern_operator.source.registry.timeouts import Deadline
from pattern_operator.source.semver.range import SemverRange
from pattern_operator.source.semver.version import Version, version_of

_BESIDE: Final = re.compile(r"sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?")


@dataclass(frozen=True, slots=True)
class TaggedVersion:
    """A tag, and the version that it stands for: empty where it is none, as of ``latest``."""

    tag: str
    version: str
    pre_release: bool


async def list_versions(registry: RepositoryClient, *, semver: SemverRange | None = None) -> tuple[TaggedVersion, ...]:
    """The versions of a repository, within the time of a look-up; raises as ``list_tags``."""
    deadline = Deadline.after(
        registry.timeouts.lookup, context=registry.context("listing the versions"), waits=registry.waits
    )
    async with deadline.enforced():
        tags = await list_tags(registry)
    return await run_in(registry.executors.cpu, versions_of, tags, semver=semver)


def versions_of(tags: Sequence[str], *, semver: SemverRange | None = None) -> tuple[TaggedVersion, ...]:
    """The highest version first, then the tags that are none, by name; of ``semver`` those alone that are in it.

    Of two of the same precedence, as ``1.0.0`` and ``v1.0.0``, that comes first which a range chooses.
    """
    names = sorted(tag for tag in set(tags) if not _BESIDE.fullmatch(tag))
    read = [(Version.of_tag(tag), tag) for tag in names]
    versions = [(version, tag) for version, tag in read if version is not None]
    versions.sort(reverse=True)  # as SemverRange.choose, which takes the last by name
    found = [
        TaggedVersion(tag, version_of(tag).removeprefix("v"), version.pre_release)
        for version, tag in versions
        if semver is None or version in semver
    ]
    if semver is None:
        found += (TaggedVersion(tag, "", pre_release=False) for version, tag in read if version is None)
    return tuple(found)
