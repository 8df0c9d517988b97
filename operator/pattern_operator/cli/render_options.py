"""What the flags of ``patternctl render`` ask, on what the DesignPattern of ``--pattern`` says."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pattern_operator.api.reference import Reference
from pattern_operator.cli import patch_files, registry, values
from pattern_operator.cli.designpattern_file import DesignPatternFile, read_pattern
from pattern_operator.render import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to render, and how the artifact is had; ``notes`` are to be told to people.

    ``file`` is the DesignPattern that was given.

    ``reference`` names the artifact in a registry; None where it is read from a path, or standard input.
    """

    options: Options
    on_invalid: Literal["Refuse", "Skip"]
    reference: Reference | None
    insecure: bool
    token_service: str | None
    media_type: str | None
    notes: tuple[str, ...] = ()
    file: DesignPatternFile | None = None

    @classmethod
    def by(cls, given: argparse.Namespace) -> "Asked":
        """What is asked; raises Stalled as reading the files of patterns, values and patches does."""
        file = read_pattern(given.pattern, namespace=given.namespace) if given.pattern is not None else None
        source = file.pattern.spec.source if file is not None else None
        layer = source.layer if source is not None else None
        return cls(
            options=_options(given, file.options if file is not None else Options()),
            on_invalid=given.on_invalid or (file.on_invalid if file is not None else "Refuse"),
            reference=_reference(given.artifact, file),
            insecure=given.insecure or (source is not None and source.insecure),
            token_service=given.token_service or (source.token_service if source is not None else None),
            media_type=given.media_type or (layer.media_type if layer is not None else None),
            notes=() if file is None or given.values else tuple(_unread(file, given.pattern)),
            file=file,
        )


def _reference(artifact: str | None, file: DesignPatternFile | None) -> Reference | None:
    """The reference that is given, or that of the DesignPattern; a path that exists wins."""
    if artifact is not None:
        is_path = not registry.is_reference(artifact) or Path(artifact).exists()
        return None if is_path else registry.reference(artifact)
    return file.reference if file is not None else None


def _unread(file: DesignPatternFile, path: str) -> Iterator[str]:
    for each in file.unread:
        yield (
            f"{each} is not in {path}, and no cluster is asked: what is printed lacks its values. Give them by"
            " --values, or put it into a folder with the DesignPattern, and name the folder"
        )


def _options(given: argparse.Namespace, of_pattern: Options) -> Options:
    """``of_pattern`` with each flag that is given in the place of its field, or laid over it."""
    set_by_flag: dict[str, Any] = {
        "format": given.format,
        "default_namespace": given.namespace,
        "target_namespace": given.target_namespace,
        "release": given.name,
        "kube_version": given.kube_version,
    }
    return replace(
        of_pattern,
        **{name: value for name, value in set_by_flag.items() if value is not None},
        path=of_pattern.path if given.path is None else _inside(given.path),
        create_namespace=given.create_namespace or of_pattern.create_namespace,
        parameters=values.merged(given.values, settings=values.Settings.of(given), onto=of_pattern.parameters),
        whole_numbers=(*of_pattern.whole_numbers, *values.whole_numbers(given.set)),
        skip_schema_validation=given.skip_schema_validation or of_pattern.skip_schema_validation,
        api_versions=tuple(each for listed in given.api_versions for each in listed.split(",") if each),
        patches=(*of_pattern.patches, *patch_files.patches(given.patch)),
        allowed_repairs=of_pattern.allowed_repairs | frozenset(given.repair),
    )


def _inside(path: str) -> str | None:
    """A path as archives have it, which know no ``./``; None for all that there is."""
    plain = PurePosixPath(path.strip("/")).as_posix()
    return None if plain == "." else plain
