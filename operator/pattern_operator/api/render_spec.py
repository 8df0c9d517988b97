"""``spec.render`` of a DesignPattern: how the artifact becomes objects. The fields are called as in Flux."""

from typing import Annotated, Literal

from msgspec import Meta

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.labels import ANNOTATION_KEY, LABEL_KEY, LABEL_SYNTAX, LABEL_VALUE, LabelKey, LabelValue
from pattern_operator.api.types import (
    DataKey,
    DigestText,
    JsonObject,
    KindName,
    Namespace,
    ResourceName,
    Tag,
    TargetPath,
    cel,
)

ConsentedRepair = Literal["NameContainers", "NamePorts", "SetSelectorFromTemplate"]  # repair.CONSENTED


class ValuesReference(ApiStruct, frozen=True):
    """A ConfigMap or Secret that parameters are read from."""

    kind: Annotated[Literal["ConfigMap", "Secret"], Meta(description="The kind that has the values.")]
    name: Annotated[ResourceName, Meta(description="Its name, in the namespace of the DesignPattern.")]
    values_key: Annotated[
        DataKey,
        Meta(description="The key of its data. Without `targetPath` the value is a YAML or JSON object of parameters."),
    ] = "values.yaml"
    target_path: Annotated[
        TargetPath | None,
        Meta(
            description="The one parameter that the value is for, as `helm --set` writes it: `db.password`,"
            " `hosts[0].name`, `annotations.example\\.com/team`. The value is read as Flux reads it: `true`, `false`,"
            " `null` and whole numbers are what they look like, all else is text, and so is what quotation marks hold."
        ),
    ] = None
    optional: Annotated[
        bool, Meta(description="Go on without it where the object or its key does not exist. One that is wrong is not.")
    ] = False


class PatchTarget(ApiStruct, frozen=True):
    """Which objects are patched: those that match every field that is set."""

    group: Annotated[
        Annotated[str, Meta(max_length=253)] | None, Meta(description="The API group, such as `apps`. Default: any.")
    ] = None
    version: Annotated[KindName | None, Meta(description="The version, such as `v1`. Default: any.")] = None
    kind: Annotated[KindName | None, Meta(description="The kind, such as `Deployment`. Default: any.")] = None
    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=253)] | None,
        Meta(description="The name, a regular expression that fits all of it. Default: any."),
    ] = None
    namespace: Annotated[
        Annotated[str, Meta(min_length=1, max_length=253)] | None,
        Meta(description="The namespace, a regular expression that fits all of it. Default: any."),
    ] = None
    label_selector: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="Labels as `kubectl -l` writes them, such as `app=web,tier!=db`. Default: any."),
    ] = None
    annotation_selector: Annotated[
        Annotated[str, Meta(min_length=1, max_length=1024)] | None,
        Meta(description="Annotations, written as labels are. Default: any."),
    ] = None


class Patch(ApiStruct, frozen=True):
    """One patch of the rendered objects."""

    patch: Annotated[
        Annotated[str, Meta(min_length=1, max_length=65536)],
        Meta(
            description="The patch as YAML or JSON: a strategic merge patch, which is part of an object, or a JSON"
            " patch (RFC 6902), which is a list of operations and needs a `target`."
        ),
    ]
    target: Annotated[
        PatchTarget | None,
        Meta(description="Which objects. Default: the one that the patch itself names by kind and name."),
    ] = None


class CommonMetadata(ApiStruct, frozen=True):
    """Labels and annotations of every object."""

    labels: Annotated[
        Annotated[
            dict[LabelKey, LabelValue],
            Meta(max_length=32),
            cel(
                (
                    f"self.all(k, k.matches('{LABEL_KEY}') && self[k].matches('{LABEL_VALUE}'))",
                    f"must be labels, key and value: {LABEL_SYNTAX}; a key may have a prefix, as in example.com/team",
                ),
            ),
        ]
        | None,
        Meta(description="Labels that every object gets."),
    ] = None
    annotations: Annotated[
        Annotated[
            dict[LabelKey, Annotated[str, Meta(max_length=4096)]],
            Meta(max_length=32),
            cel(
                (
                    f"self.all(k, k.matches('{ANNOTATION_KEY}'))",
                    f"must have keys of annotations: {LABEL_SYNTAX}; a prefix may stand before, as in example.com/team",
                ),
            ),
        ]
        | None,
        Meta(description="Annotations that every object gets."),
    ] = None


class Image(ApiStruct, frozen=True):
    """Another name, tag or digest of an image."""

    name: Annotated[
        Annotated[str, Meta(min_length=1, max_length=255)],
        Meta(
            description="The image as the artifact names it, without tag and digest. With one, it is that tag or digest"
            " alone."
        ),
    ]
    new_name: Annotated[
        Annotated[
            str,
            Meta(min_length=1, max_length=255),
            cel(
                (
                    "!self.contains('@') && !self.matches(':[^/]*$')",
                    "must have neither tag nor digest: those are newTag and digest, as in"
                    " {newName: mirror.example/nginx, newTag: 1.27.1}",
                )
            ),
        ]
        | None,
        Meta(description="The name in place of it."),
    ] = None
    new_tag: Annotated[Tag | None, Meta(description="The tag in place of the one in the artifact.")] = None
    digest: Annotated[DigestText | None, Meta(description="The digest in place of tag and digest.")] = None


_IMAGE_RULES = cel(
    (
        "has(self.newName) || has(self.newTag) || has(self.digest)",
        "an image needs one of newName, newTag or digest, as in {name: nginx, newTag: 1.27.1}",
    ),
    (
        "!has(self.newTag) || !has(self.digest)",
        "an image must not have both newTag and digest: a digest says which it is",
    ),
)
_AFFIX = Annotated[
    str,
    Meta(min_length=1, max_length=63),
    cel(("self.matches('^[-.a-z0-9]+$')", "must be part of a name: small letters, digits, - and .")),
]


class Render(ApiStruct, frozen=True):
    """How the artifact becomes Kubernetes objects."""

    format: Annotated[
        Literal["Auto", "Meshery", "Manifests", "Kustomize", "Helm"],
        Meta(
            description="The format of the artifact. `Auto` tells a Helm chart, a kustomization, a Meshery design and"
            " plain manifests apart by their content."
        ),
    ] = "Auto"
    parameters: Annotated[
        JsonObject | None,
        Meta(
            description="The parameters of the pattern, any object: the values of a Helm chart, or what the artifact's"
            " `pattern.yaml` declares. Merged over those of `valuesFrom`: objects key by key, anything else as a whole;"
            " null removes a default."
        ),
    ] = None
    values_from: Annotated[
        Annotated[tuple[ValuesReference, ...], Meta(max_length=32)] | None,
        Meta(
            description="ConfigMaps and Secrets that parameters are read from, each merged over those before it. A"
            " change of one renders and applies again."
        ),
    ] = None
    skip_schema_validation: Annotated[
        bool,
        Meta(
            description="Do not hold the values against the `values.schema.json` of a chart and of its subcharts, as"
            " `helm --skip-schema-validation` does: for a chart whose schema refers to a URL, because nothing is"
            " fetched. The schema of a `pattern.yaml` counts all the same."
        ),
    ] = False
    target_namespace: Annotated[
        Namespace | None,
        Meta(
            description="The namespace of every namespaced object. Default: the one that the object names, else the"
            " one of the DesignPattern."
        ),
    ] = None
    patches: Annotated[
        Annotated[tuple[Patch, ...], Meta(max_length=64)] | None,
        Meta(description="Patches of the rendered objects, in this order. One that fits no object is refused."),
    ] = None
    name_prefix: Annotated[
        _AFFIX | None, Meta(description="Put before the name of every object, and of those that refer to it.")
    ] = None
    name_suffix: Annotated[
        _AFFIX | None, Meta(description="Put behind the name of every object, and of those that refer to it.")
    ] = None
    common_metadata: Annotated[
        CommonMetadata | None, Meta(description="Labels and annotations of every object; selectors stay as they are.")
    ] = None
    images: Annotated[
        Annotated[tuple[Annotated[Image, _IMAGE_RULES], ...], Meta(max_length=64)] | None,
        Meta(description="Images with another name, tag or digest."),
    ] = None
    repairs: Annotated[
        Annotated[tuple[ConsentedRepair, ...], Meta(max_length=32)] | None,
        Meta(
            description="Repairs of designs that could change what is meant, each allowed by its name; without it such"
            " a component is refused."
        ),
    ] = None
    on_invalid: Annotated[
        Literal["Refuse", "Skip"],
        Meta(
            description="What happens when a component cannot be rendered: `Refuse` applies nothing, `Skip` applies"
            " the rest and reports it."
        ),
    ] = "Refuse"
