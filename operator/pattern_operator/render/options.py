"""What the spec of a pattern asks of rendering."""

from dataclasses import dataclass, field
from typing import Final, Literal

from pattern_operator.api.generated import FieldKeys

Format = Literal["Auto", "Meshery", "Manifests", "Kustomize", "Helm"]
NO_PARAMETERS: Final = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchTarget:
    """Which objects a patch is for, as kustomize selects them: what is empty selects all.

    Group, version, kind, name and namespace are regular expressions (RE2) that match as a whole.
    """

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A strategic merge patch or a JSON 6902 patch; without a target the patch names its object itself.

    ``where`` is where it is written; empty for one of ``spec.render.patches``.
    """

    patch: str = field(repr=False)
    target: PatchTarget | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What is used in the place of an image ``name``; what is empty stays."""

    name: str
    new_name: str = ""
    new_tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonMetadata:
    """Labels and annotations for every object, name and value each."""

    labels: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``spec.render``, ``spec.source.layer.path`` and ``spec.apply.createNamespace``: what rendering reads of a spec.

    ``path`` is a file or a folder of the artifact, ``default_namespace`` the pattern's own namespace, and
    ``target_namespace``, when it is set, the one that every namespaced object goes to. ``parameters`` is the JSON text
    of one object: ``spec.render.valuesFrom`` and ``parameters``, merged; ``holds_secrets`` says that some of it is from
    a Secret, and that no message may quote what a program makes of it. ``whole_numbers`` are paths of parameters that
    ``--set`` or ``targetPath`` gave, which stay whole for helm, and that no Secret can have given.
    ``target_paths`` are those of ``valuesFrom``, whose texts are read as ``--set`` reads them.
    ``skip_schema_validation``: what ``values.schema.json`` of charts says does not count. ``release`` is the name of
    the Helm release, ``kube_version`` (such as ``v1.34.1``) and ``api_versions`` are what the target cluster has.
    ``allowed_repairs`` are the names of repairs that are made only where they are allowed.
    """

    format: Format = "Auto"
    path: str | None = None
    default_namespace: str = "default"
    target_namespace: str | None = None
    create_namespace: bool = False
    parameters: bytes = field(default=NO_PARAMETERS, repr=False)
    holds_secrets: bool = False
    whole_numbers: tuple[FieldKeys, ...] = ()
    target_paths: tuple[FieldKeys, ...] = ()
    skip_schema_validation: bool = False
    release: str = "release-name"
    kube_version: str | None = None
    api_versions: tuple[str, ...] = ()
    patches: tuple[Patch, ...] = ()
    images: tuple[Image, ...] = ()
    name_prefix: str = ""
    name_suffix: str = ""
    common_metadata: CommonMetadata = CommonMetadata()
    allowed_repairs: frozenset[str] = frozenset()
