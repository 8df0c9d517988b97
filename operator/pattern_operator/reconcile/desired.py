"""What a spec asks for, read into values of the steps: a reference, the desired state, options of rendering. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from pattern_operator.api.apply_spec import Apply
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.duration import parse_duration
from pattern_operator.api.reason import Reason
from pattern_operator.api.reference import Digest, InvalidReference, Reference, Repository, Revision
from pattern_operator.api.spec import Layer, Render, Source
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.errors import Stalled
from pattern_operator.render import Options
from pattern_operator.source import LayerSelector, Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """All that decides what is applied: as long as it is the same, there is nothing to do.

    How often to look, and for how long to wait, is not part of it.
    """

    repository: Repository
    revision: Revision
    layer: Layer | None
    policy: VerificationPolicy
    render: Render
    apply: Apply


def desired_state(pattern: DesignPattern, revision: Revision, policy: VerificationPolicy) -> DesiredState:
    """What the spec asks for, once its reference leads to ``revision`` and the keys of ``policy`` are read."""
    return DesiredState(
        repository=reference(pattern).repository,
        revision=revision,
        layer=pattern.spec.source.layer,
        policy=policy,
        render=pattern.spec.render,
        apply=pattern.spec.apply,
    )


def reference(pattern: DesignPattern) -> Reference:
    """The reference of ``spec.source``; raises Stalled where the CRD's rules did not catch that it is none."""
    ref = pattern.spec.source.ref
    try:
        return Reference(
            Repository.parse(pattern.spec.source.url),
            tag=ref.tag,
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
    return Options(
        format=desired.render.format,
        path=desired.layer.path if desired.layer else None,
        default_namespace=pattern.metadata.namespace,
        target_namespace=desired.render.target_namespace,
        create_namespace=desired.apply.create_namespace,
    )


def scheme_of(source: Source) -> Scheme:
    """What is spoken to the registry."""
    return "http" if source.insecure else "https"
