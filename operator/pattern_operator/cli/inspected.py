"""What ``patternctl inspect`` finds out of an artifact, and the document that it prints of that."""

import argparse
import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from pattern_operator.aio import run_all
from pattern_operator.api.artifact import Artifact, Descriptor, File
from pattern_operator.api.reference import Digest, Reference, Revision
from pattern_operator.api.report import ComponentReport
from pattern_operator.archive import TITLE
from pattern_operator.catalog import (
    CHANGELOGS,
    READMES,
    Contents,
    Parameter,
    PatternMetadata,
    Release,
    Signer,
    TaggedVersion,
    changelog,
    contents_of,
    list_versions,
    metadata_of,
    parameters_in,
    signers_of,
    text_of,
)
from pattern_operator.cli import error_messages, output, registry, values
from pattern_operator.cli.programs import driven
from pattern_operator.errors import PatternError, Stalled
from pattern_operator.executors import run_in
from pattern_operator.limits import MAX_LAYERS_TOTAL, MAX_MANIFEST
from pattern_operator.render import Options, render
from pattern_operator.source import (
    Attached,
    AttachedKind,
    DiskCache,
    LayerSelector,
    RepositoryClient,
    fetch_documentation,
    fetch_manifest,
    fetch_signatures,
    list_attached,
    pull,
    resolve,
)

T = TypeVar("T")
MAX_VERSIONS: Final = 50  # that are told; ``patternctl tags`` has all
_ROOM: Final = MAX_LAYERS_TOTAL + MAX_MANIFEST  # of one artifact
_UNDERSCORE: Final = re.compile(r"_([a-z])")


@dataclass(frozen=True, slots=True)
class Problem:
    """A part that could not be found out: why, as the command line says it."""

    part: str
    reason: str
    message: str

    @classmethod
    def of(cls, part: str, error: PatternError) -> "Problem":
        """What an error says of a part."""
        return cls(part, error_messages.reason_of(error), error_messages.in_cli_terms(error.message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An artifact and what its repository says of it; None is what could not be asked, as ``problems`` say."""

    reference: Reference
    revision: Revision
    artifact: Artifact
    layers: tuple[Descriptor, ...]
    metadata: PatternMetadata
    parameters: tuple[Parameter, ...]
    releases: tuple[Release, ...]
    readme: str = field(repr=False)
    versions: tuple[TaggedVersion, ...] | None
    signers: tuple[Signer, ...] | None
    attached: tuple[Attached, ...] | None
    more_attached: int = 0
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Parts:
    """Asks for the parts, of which one that fails hides no other."""

    problems: list[Problem] = field(default_factory=list)

    async def ask(self, part: str, asked: Awaitable[T]) -> T | None:
        try:
            return await asked
        except PatternError as error:
            self.problems.append(Problem.of(part, error))
            return None

    def note(self, part: str, failures: Sequence[PatternError]) -> None:
        self.problems += [Problem.of(part, each) for each in failures[:1]]


async def fetch(reference: Reference, *, options: argparse.Namespace, trusted_root: bytes | None) -> Fetched:
    """Pull the artifact, and ask what there is beside it.

    Raises:
        Stalled, Transient: as ``resolve`` and ``pull``: the artifact itself cannot be had.
    """
    layer = LayerSelector(media_type=options.media_type)
    opened = registry.opened(reference.repository, insecure=options.insecure, token_service=options.token_service)
    with TemporaryDirectory(prefix="patternctl-") as directory:
        async with opened as client:
            cache = DiskCache(Path(directory), max_size=_ROOM, disk=client.executors.disk)
            output.progress(f"asking {reference.repository.host} for {reference}")
            revision = await resolve(reference, registry=client)
            resolved = await fetch_manifest(reference, revision, registry=client, cache=cache, layer=layer)
            output.progress(f"pulling {reference.repository}@{revision.digest}")
            artifact = await pull(reference, revision, registry=client, cache=cache, layer=layer)
            parts = _Parts()
            documents = await parts.ask("documentation", fetch_documentation(resolved.manifest, registry=client))
            versions, signers, attached = await _beside(revision.digest, client, parts, trusted_root=trusted_root)
    files = (*artifact.files, *(documents or ()))
    metadata = metadata_of(files, artifact.annotations)
    return Fetched(
        reference=reference,
        revision=revision,
        artifact=artifact,
        layers=resolved.manifest.layers,
        metadata=metadata,
        parameters=parameters_in(artifact.files),
        releases=changelog(text_of(files, CHANGELOGS), metadata),
        readme=_readme(files, metadata),
        versions=versions,
        signers=signers,
        attached=attached,
        problems=tuple(parts.problems),
    )


def _readme(files: Sequence[File], metadata: PatternMetadata) -> str:
    return text_of(files, READMES) or metadata.readme


async def _beside(
    digest: Digest, client: RepositoryClient, parts: _Parts, *, trusted_root: bytes | None
) -> tuple[tuple[TaggedVersion, ...] | None, tuple[Signer, ...] | None, tuple[Attached, ...] | None]:
    """The versions of the repository, the signers, and the attestations and SBOMs."""
    versions: tuple[TaggedVersion, ...] | None = None
    signers: tuple[Signer, ...] | None = None
    attached: tuple[Attached, ...] | None = None

    async def list_all() -> None:
        nonlocal versions
        versions = await parts.ask("versions", list_versions(client))

    async def find_signers() -> None:
        nonlocal signers
        found = await parts.ask("signatures", fetch_signatures(digest, registry=client))
        if found is not None:
            parts.note("signatures", found.failures)
            if found.failures and not found.signatures:
                return  # which is not "unsigned"
            now = datetime.now(UTC)
            signers = await run_in(
                client.executors.cpu, signers_of, digest, found.signatures, now=now, trusted_root=trusted_root
            )

    async def find_attached() -> None:
        nonlocal attached
        found = await parts.ask("attestations", list_attached(digest, registry=client))
        if found is not None:
            parts.note("attestations", found.failures)
            attached = tuple(each for each in found.entries if each.kind is not AttachedKind.SIGNATURE)

    await run_all([list_all(), find_signers(), find_attached()])
    return versions, signers, attached


def rendered(fetched: Fetched, options: argparse.Namespace) -> Contents | Problem:
    """What the pattern is made of, or why that cannot be said; programs want the main thread, and no event loop."""
    try:
        parameters = values.merged(options.values, settings=values.Settings.of(options))
        steps = render(fetched.artifact.files, options=Options(parameters=parameters))
        return contents_of(driven(steps, helm=options.helm, kustomize=options.kustomize))
    except Stalled as error:
        return Problem.of("contents", error)


def document(fetched: Fetched, *, contents: Contents | Problem) -> dict[str, Any]:
    """What programs read: what is not said, or could not be asked, is null."""
    problems = [*fetched.problems, *([contents] if isinstance(contents, Problem) else [])]
    problems += [Problem("metadata", "NotRead", each) for each in fetched.metadata.unread]
    metadata = as_document(fetched.metadata)
    for name in ("readme", "unread", "changes"):
        del metadata[name]
    return {
        "reference": str(fetched.reference),
        "tag": fetched.revision.tag or None,
        "digest": str(fetched.revision.digest),
        "artifactType": fetched.artifact.artifact_type or None,
        "layers": [_layer(each) for each in fetched.layers],
        "metadata": metadata,
        "versions": None if fetched.versions is None else _versions(fetched.versions),
        "signatures": None if fetched.signers is None else [_signature(each) for each in fetched.signers],
        "verification": None,
        "attestations": None if fetched.attached is None else as_document(fetched.attached),
        "contents": None if isinstance(contents, Problem) else _contents(contents),
        "parameters": as_document(fetched.parameters),
        "changelog": as_document(fetched.releases),
        "readme": fetched.readme or None,
        "problems": as_document(problems),
    }


def _layer(layer: Descriptor) -> dict[str, Any]:
    title = output.plain(layer.annotations.get(TITLE, "")) or None
    return {"mediaType": layer.media_type, "digest": str(layer.digest), "size": layer.size, "title": title}


def _signature(signer: Signer) -> dict[str, Any]:
    found: dict[str, Any] = as_document(signer)
    return found | {"why": error_messages.in_cli_terms(signer.why) or None}


def _versions(versions: Sequence[TaggedVersion]) -> dict[str, Any]:
    return {"tags": as_document(versions[:MAX_VERSIONS]), "more": max(len(versions) - MAX_VERSIONS, 0)}


def _contents(contents: Contents) -> dict[str, Any]:
    return {
        "format": contents.format,
        "objects": contents.objects,
        "hooks": contents.hooks,
        "components": [_component(each) for each in contents.components],
        "images": as_document(contents.images),
    }


def _component(component: ComponentReport) -> dict[str, Any]:
    return {
        "kind": component.kind or None,
        "name": component.name or component.id,
        "namespace": component.namespace or None,
        "apiVersion": component.api_version or None,
        "outcome": str(component.outcome),
        "reason": component.reason or None,
        "message": component.message or None,
        "repairs": len(component.repairs) + component.more_repairs,
    }


def as_document(value: Any) -> Any:
    """A value as JSON: the fields of a dataclass in camelCase, an empty text as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {_camel(each.name): as_document(getattr(value, each.name)) for each in fields(value)}
    match value:
        case Enum():
            return str(value)
        case list() | tuple():
            return [as_document(each) for each in value]
        case datetime():
            return value.isoformat()
        case "":
            return None
    return value


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)
