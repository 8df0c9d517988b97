"""``patternctl tags``: the versions of a pattern, the highest first."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from pattern_operator.cli import connection, exit_codes, output
from pattern_operator.cli.arguments import Parser
from pattern_operator.cli.cluster import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_operator.api.reference import Digest, Repository
    from pattern_operator.catalog import TaggedVersion
    from pattern_operator.source import RepositoryClient

_AT_ONCE: Final = 8  # requests for digests; registries slow down who asks for more
_EXAMPLES = """\
examples:
  patternctl tags oci://registry.example/patterns/web
  patternctl tags oci://registry.example/patterns/web --semver 1.x --limit 5
  patternctl tags oci://registry.example/patterns/web --digests -o json | jq -r '.tags[0].digest'

The highest version comes first, by the rules of semver.org; what is no version, as latest, comes last. Tags of
signatures are left out. --semver takes what spec.source.ref.semver of a DesignPattern takes.

"""


def add(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "tags",
        help="list the versions of a pattern, the highest first",
        description="List the tags of a repository, the highest version first.",
        epilog=_EXAMPLES + exit_codes.table(exit_codes.OK, exit_codes.FAILED, exit_codes.USAGE),
    )
    command.add_argument("repository", metavar="REPOSITORY", help="oci://host[:port]/repository, without tag or digest")
    command.add_argument("--semver", metavar="RANGE", help="those alone that are in the range, as '>=1.2 <2'")
    command.add_argument("--limit", type=_number, metavar="N", help="the first N (default: all)")
    command.add_argument("--digests", action="store_true", help="ask for the digest of each: one request a tag")
    command.add_argument("-o", "--output", choices=("table", "json", "yaml"), default="table", help="how to print")
    connection.add(command)
    command.set_defaults(run=run)


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError("must be a number from 1 on")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """List and print."""
    import asyncio

    repository = _repository(options.repository)
    versions, digests, more = asyncio.run(_listed(repository, options))
    if options.output != "table":
        from pattern_operator.cli import yaml_output

        rows = [_row(each, digests) for each in versions]
        output.document(yaml_output.dump({"repository": repository.url, "tags": rows, "more": more}, options.output))
        return exit_codes.OK
    if not versions:
        output.print_error(f"{repository.url} has no {f'version in {options.semver}' if options.semver else 'tag'}")
        return exit_codes.OK
    header = ("TAG", "VERSION", "PRE-RELEASE", *(("DIGEST",) if options.digests else ()))
    for line in output.table(header, [_cells(each, digests, asked=options.digests) for each in versions]):
        print(line)
    if more:
        print(f"and {more} more")
    return exit_codes.OK


def _repository(text: str) -> "Repository":
    """The repository; raises UsageError for a reference to one artifact of it."""
    from pattern_operator.cli import registry

    if registry.has_tag(text) or "@" in text.rpartition("/")[2]:
        raise UsageError("tags lists a whole repository: leave out the tag or digest, or use patternctl inspect")
    return registry.reference(text).repository


async def _listed(
    repository: "Repository", options: argparse.Namespace
) -> "tuple[Sequence[TaggedVersion], dict[str, Digest], int]":
    """The versions that are printed, their digests where those are asked for, and how many more there are."""
    from pattern_operator.catalog import list_versions
    from pattern_operator.cli import registry
    from pattern_operator.source.semver.range import SemverRange

    wanted = None if options.semver is None else SemverRange(options.semver, field="--semver")
    async with registry.opened(repository, insecure=options.insecure, token_service=options.token_service) as client:
        output.progress(f"asking {repository.host} for the tags of {repository.name}")
        found = await list_versions(client, semver=wanted)
        shown = found[: options.limit]
        digests = await _digests(client, [each.tag for each in shown]) if options.digests else {}
        return shown, digests, len(found) - len(shown)


async def _digests(client: "RepositoryClient", tags: "Sequence[str]") -> "dict[str, Digest]":
    """The digest that each of ``tags`` names now; one that is gone by now has none."""
    import asyncio

    from pattern_operator.aio import run_all
    from pattern_operator.api.reason import Reason
    from pattern_operator.errors import Stalled

    turns = asyncio.Semaphore(_AT_ONCE)

    async def digest_of(tag: str) -> "Digest | None":
        async with turns:
            try:
                return await client.resolve_tag(tag)
            except Stalled as error:
                if error.reason is not Reason.ARTIFACT_NOT_FOUND:
                    raise
                return None

    found = await run_all([digest_of(tag) for tag in tags])
    return {tag: digest for tag, digest in zip(tags, found, strict=True) if digest is not None}


def _row(version: "TaggedVersion", digests: "dict[str, Digest]") -> dict[str, Any]:
    """A tag as programs read it: what it does not have is null."""
    digest = digests.get(version.tag)
    return {
        "tag": version.tag,
        "version": version.version or None,
        "preRelease": version.pre_release,
        "digest": None if digest is None else str(digest),
    }


def _cells(version: "TaggedVersion", digests: "dict[str, Digest]", *, asked: bool) -> list[str]:
    digest = (str(digests.get(version.tag, "")),) if asked else ()
    return [version.tag, version.version, "yes" if version.pre_release else "", *digest]
