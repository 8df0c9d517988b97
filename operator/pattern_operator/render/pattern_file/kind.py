"""The kind ``Pattern`` of ``pattern.yaml``, read strictly: a field that it does not have is refused by name."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from pattern_operator.api.base import StrictStruct
from pattern_operator.api.dependency import MAX_DEPENDENCIES
from pattern_operator.api.health_check import MAX_CHECK_EXPRESSION, MAX_HEALTH_CHECKS

KIND: Final = "Pattern"
_Text = Annotated[str, Meta(max_length=1024)]
_Selector = Annotated[str, Meta(min_length=1, max_length=1024)]


class PatchTarget(StrictStruct, frozen=True):
    """Which objects a patch is for; as ``spec.render.patches[].target`` of a DesignPattern."""

    group: _Selector | None = None
    version: _Selector | None = None
    kind: _Selector | None = None
    name: _Selector | None = None
    namespace: _Selector | None = None
    label_selector: _Selector | None = None
    annotation_selector: _Selector | None = None


class Patch(StrictStruct, frozen=True):
    """A patch that every use of the pattern begins with; as ``spec.render.patches[]`` of a DesignPattern."""

    patch: Annotated[str, Meta(min_length=1, max_length=65536)]
    target: PatchTarget | None = None


class Parameters(StrictStruct, frozen=True):
    """The parameters that the pattern takes. ``schema`` is JSON Schema 2020-12; its defaults are filled in."""

    schema: dict[str, Any]


class Dependency(StrictStruct, frozen=True):
    """Another DesignPattern that has to be Ready first; as ``spec.dependsOn[]`` of a DesignPattern."""

    name: Annotated[str, Meta(min_length=1, max_length=253)]
    namespace: Annotated[str, Meta(min_length=1, max_length=63)] | None = None
    version: Annotated[str, Meta(min_length=1, max_length=512)] | None = None


_Expression = Annotated[str, Meta(min_length=1, max_length=MAX_CHECK_EXPRESSION)]


class HealthCheck(StrictStruct, frozen=True):
    """How objects of a kind are judged; as ``spec.apply.healthChecks[]`` of a DesignPattern."""

    api_version: Annotated[str, Meta(min_length=1, max_length=317)]
    kind: Annotated[str, Meta(min_length=1, max_length=63)]
    current: _Expression
    in_progress: _Expression | None = None
    failed: _Expression | None = None


class Pattern(StrictStruct, frozen=True):
    """What a pattern says of itself.

    ``path`` is the file or folder that has the pattern, from the folder of this file; ``format`` as
    ``spec.render.format``. Both yield to what the DesignPattern says. ``deprecated`` says what to use in its place.
    """

    api_version: Literal["pattern-operator.io/v1alpha1"]
    kind: Literal["Pattern"]
    name: Annotated[str, Meta(min_length=1, max_length=253)] = ""
    version: Annotated[str, Meta(min_length=1, max_length=128)] = ""
    description: _Text = ""
    format: Literal["Auto", "Meshery", "Manifests", "Kustomize", "Helm"] = "Auto"
    path: Annotated[str, Meta(min_length=1, max_length=1024)] | None = None
    deprecated: _Text = ""
    parameters: Parameters | None = None
    patches: Annotated[tuple[Patch, ...], Meta(max_length=64)] = ()
    depends_on: Annotated[tuple[Dependency, ...], Meta(max_length=MAX_DEPENDENCIES)] = ()
    health_checks: Annotated[tuple[HealthCheck, ...], Meta(max_length=MAX_HEALTH_CHECKS)] = ()
