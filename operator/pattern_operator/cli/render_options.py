"""What the flags of ``patternctl render`` ask, on what the DesignPattern of ``--pattern`` says."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from pattern_operator.api.reference import Reference
from pattern_operator.cli import patch_files, registry, values
from pattern_operator.cli.designpattern_file import DesignPatternFile, read_pattern
from pattern_operator.cli.error_messages import PARAMETERS, OfFile, in_terms_of_pattern
from pattern_operator.cli.values_from_files import Missing, not_found
from pattern_operator.errors import Stalled
from pattern_operator.render import Options
from pattern_operator.render.options import NO_PARAMETERS
from pattern_operator.render.parameters import InvalidTargetPath, TargetPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to render, and how the artifact is had; ``file`` is the DesignPattern that was given.

    ``reference`` names the artifact in a registry; None where it is read from a path, or standard input. ``flags``
    count in the place of fields of ``file``, as ``in_terms_of_pattern`` takes them.
    """

    options: Options
    on_invalid: Literal["Refuse", "Skip"]
    reference: Reference | None
    insecure: bool
    token_service: str | None
    media_type: str | None
    file: DesignPatternFile | None = None
    flags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, given: argparse.Namespace) -> "Asked":
        """What is asked; raises Stalled as reading the files of patterns, values and patches does.

        Also PARAMETERS_NOT_FOUND where ``valuesFrom`` names what is in no file, and no flag gives its values.
        """
        file, files = None, values.read_files(given.values)  # once: one may be standard input
        if given.pattern is not None:
            file = read_pattern(given.pattern, name=given.name, namespace=given.namespace)
            _refuse_missing(file, files, values.Settings.of(given))
        source = file.pattern.spec.source if file is not None else None
        layer = source.layer if source is not None else None
        return cls(
            options=_options(given, files, file.options if file is not None else Options()),
            on_invalid=given.on_invalid or (file.on_invalid if file is not None else "Refuse"),
            reference=_reference(given.artifact, file),
            insecure=given.insecure or (source is not None and source.insecure),
            token_service=given.token_service or (source.token_service if source is not None else None),
            media_type=given.media_type or (layer.media_type if layer is not None else None),
            file=file,
            flags=_flags(given, file),
        )

    @property
    def misread(self) -> tuple[str, ...]:
        """What of the file of ``--pattern`` YAML reads as other keys, a sentence each."""
        return self.file.misread if self.file is not None else ()

    @property
    def replaced(self) -> tuple[Missing, ...]:
        """What ``valuesFrom`` names and no file has: flags give values in its place."""
        return self.file.missing if self.file is not None else ()

    @contextmanager
    def errors_in_its_terms(self) -> Iterator[None]:
        """Let errors within name what was given: fields of the DesignPattern, or flags."""
        try:
            yield
        except Stalled as error:
            if self.file is None or isinstance(error, OfFile):
                raise
            message = in_terms_of_pattern(error.message, path=self.file.path, flags=self.flags)
            raise OfFile(reason=error.reason, message=message) from error.__cause__


def _refuse_missing(file: DesignPatternFile, files: Sequence[dict[str, Any]], settings: values.Settings) -> None:
    """Raise Stalled for what ``valuesFrom`` names elsewhere, unless flags give the values.

    Whether a file of values is what such an object has is for the user to say; whether the one value of a
    ``targetPath`` is given can be seen.
    """
    by_flags = json.loads(values.laid_over(NO_PARAMETERS, files, settings=settings)) if file.missing else {}
    missing = [each for each in file.missing if not _is_given(each, by_flags, has_files=bool(files))]
    if missing:
        raise not_found(missing)


def _is_given(missing: Missing, by_flags: Any, *, has_files: bool) -> bool:
    if missing.target_path is None:
        return has_files
    try:
        steps = TargetPath.parse(missing.target_path).steps
    except InvalidTargetPath:
        return False
    below = by_flags
    for step in steps:
        if isinstance(below, str):
            return False
        try:
            below = below[step]
        except (LookupError, TypeError):  # it is not there, or nothing that has entries
            return False
    return True


def _flags(given: argparse.Namespace, file: DesignPatternFile | None) -> Mapping[str, str]:
    """The flags that were given in the place of fields of the DesignPattern, in words."""
    flags = {
        name: f"--{name.replace('_', '-')}"
        for name in ("path", "target_namespace", "format")
        if getattr(given, name) is not None
    }
    of_values = ("values", "set", "set_string", "set_json", "set_file")
    words = " or ".join(f"--{name.replace('_', '-')}" for name in of_values if getattr(given, name))
    if words and file is not None:
        render = file.pattern.spec.render
        has_own = render.parameters is not None or render.values_from
        flags[PARAMETERS] = f"{{field}}, or {words}" if has_own else words
    return flags


def _reference(artifact: str | None, file: DesignPatternFile | None) -> Reference | None:
    """The reference that is given, or that of the DesignPattern; a path that exists wins."""
    if artifact is not None:
        is_path = not registry.is_reference(artifact) or Path(artifact).exists()
        return None if is_path else registry.reference(artifact)
    return file.reference if file is not None else None


def _options(given: argparse.Namespace, files: Sequence[dict[str, Any]], of_pattern: Options) -> Options:
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
        parameters=values.laid_over(of_pattern.parameters, files, settings=values.Settings.of(given)),
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
