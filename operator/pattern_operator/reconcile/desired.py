"""What a spec asks for, read into values of the steps: a reference, the desired state, options of rendering. Pure."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pattern_operator.api.apply_spec import Apply
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.generated import FieldKeys
from pattern_operator.api.metadata import Metadata
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference, Reference, Repository, Revision, tag_of
from pattern_operator.api.render_spec import CommonMetadata, Patch, Render, ValuesReference
from pattern_operator.api.spec import Layer, Source
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.render import Options
from pattern_operator.render import options as asked
from pattern_operator.render.parameters import InvalidTargetPath, TargetPath
from pattern_operator.source import LayerSelector, Scheme

NO_PARAMETERS: Final = asked.NO_PARAMETERS


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """All that decides what is applied: as long as it is the same, there is nothing to do.

    How often to look, and for how long to wait, is not part of it. ``parameters`` is the JSON text of what
    ``parameters`` and ``valuesFrom`` of ``spec.render`` are together: it may hold Secrets, and is never published.
    """

    repository: Repository
    revision: Revision
    layer: Layer | None
    policy: VerificationPolicy
    render: Render
    apply: Apply
    parameters: bytes = field(default=NO_PARAMETERS, repr=False)

    @property
    def inputs(self) -> tuple[object, ...]:
        """All that decides what is rendered."""
        return (self.revision.digest, self.layer, self.render, self.parameters)


def desired_state(
    pattern: DesignPattern, revision: Revision, policy: VerificationPolicy, parameters: bytes = NO_PARAMETERS
) -> DesiredState:
    """What the spec asks for, once its reference leads to ``revision``, and keys and parameters are read."""
    return DesiredState(
        repository=reference(pattern).repository,
        revision=revision,
        layer=pattern.spec.source.layer,
        policy=policy,
        render=pattern.spec.render,
        apply=pattern.spec.apply,
        parameters=parameters,
    )


def reference(pattern: DesignPattern) -> Reference:
    """The reference of ``spec.source``; raises Stalled where the CRD's rules did not catch that it is none."""
    ref = pattern.spec.source.ref
    try:
        return Reference(
            Repository.parse(pattern.spec.source.url),
            tag=tag_of(ref.tag) if ref.tag is not None else None,
            digest=Digest.parse(ref.digest) if ref.digest else None,
            semver=ref.semver,
            semver_filter=ref.semver_filter,
        )
    except InvalidReference as error:
        raise Stalled(reason=Reason.INVALID_REFERENCE, message=f"spec.source: {error}") from error


def span(text: str, *, field: str) -> timedelta:
    """A duration of the spec; raises Stalled where the CRD's rules did not catch that it is none."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Stalled(reason=Reason.INVALID_SPEC, message=f"spec.{field}: {error}") from error


def layer(spec: Layer | None) -> LayerSelector:
    """Which layer is to be used, and where in it."""
    return LayerSelector(media_type=spec.media_type if spec else None, path=spec.path if spec else None)


def options(pattern: DesignPattern, desired: DesiredState) -> Options:
    """How to render; what names no namespace goes to the pattern's own."""
    return options_of(
        pattern.metadata,
        render=desired.render,
        layer=desired.layer,
        create_namespace=desired.apply.create_namespace,
        parameters=desired.parameters,
    )


def options_of(
    metadata: Metadata, *, render: Render, layer: Layer | None, create_namespace: bool, parameters: bytes
) -> Options:
    """How to render, by the parts of a spec; ``parameters`` are those of ``spec.render`` and ``valuesFrom``, merged."""
    common = render.common_metadata or CommonMetadata()
    return Options(
        format=render.format,
        path=layer.path if layer else None,
        default_namespace=metadata.namespace,
        target_namespace=render.target_namespace,
        create_namespace=create_namespace,
        patches=tuple(map(_patch, render.patches or ())),
        images=tuple(
            asked.Image(
                name=each.name, new_name=each.new_name or "", new_tag=each.new_tag or "", digest=each.digest or ""
            )
            for each in render.images or ()
        ),
        name_prefix=render.name_prefix or "",
        name_suffix=render.name_suffix or "",
        common_metadata=asked.CommonMetadata(
            labels=tuple(sorted((common.labels or {}).items())),
            annotations=tuple(sorted((common.annotations or {}).items())),
        ),
        parameters=parameters,
        holds_secrets=takes_secrets(render),
        release=metadata.name,
        whole_numbers=tuple(_whole_numbers(render)),
        target_paths=tuple(path for each in render.values_from or () if (path := _target(each))),
        skip_schema_validation=render.skip_schema_validation,
        allowed_repairs=frozenset(render.repairs or ()),
    )


def _whole_numbers(render: Render) -> Iterator[FieldKeys]:
    """Where a value is read as ``--set`` reads it, and cannot be a Secret's: these stand on helm's command line."""
    entries = render.values_from or ()
    for place, each in enumerate(entries):
        path = _target(each)
        over = entries if each.optional else entries[place:]  # what is there lies over what stands before it
        secret = [_target(other) for other in over if other.kind == "Secret"]
        if path and not any(path[: len(other)] == other[: len(path)] for other in secret):
            yield path


def _target(each: ValuesReference) -> FieldKeys:
    """What an entry is for, () for all; a path that is none is refused where parameters are read."""
    if each.target_path is None:
        return ()
    with suppress(InvalidTargetPath):
        return TargetPath.parse(each.target_path).steps
    return ()


def _patch(patch: Patch) -> asked.Patch:
    target = patch.target
    if target is None:
        return asked.Patch(patch=patch.patch)
    return asked.Patch(
        patch=patch.patch,
        target=asked.PatchTarget(
            group=target.group or "",
            version=target.version or "",
            kind=target.kind or "",
            name=target.name or "",
            namespace=target.namespace or "",
            label_selector=target.label_selector or "",
            annotation_selector=target.annotation_selector or "",
        ),
    )


def takes_secrets(render: Render) -> bool:
    """Whether objects are rendered with what a Secret holds."""
    return any(each.kind == "Secret" for each in render.values_from or ())


def scheme_of(source: Source) -> Scheme:
    """What is spoken to the registry."""
    return "http" if source.insecure else "https"
