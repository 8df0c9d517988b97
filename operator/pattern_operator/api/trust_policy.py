"""The kind ``TrustPolicy``: what must be proven of the artifacts that it matches, whatever a namespace asks for.

The schema of its CRD and ``docs/trustpolicy.md`` are generated from these types and from nothing else (``make crds``,
``make docs``).
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, field

from pattern_operator.api.base import ApiStruct, StrictStruct
from pattern_operator.api.condition import Condition
from pattern_operator.api.fields import ObjectMeta, mapping_at
from pattern_operator.api.labels import LABEL_KEY, LABEL_SYNTAX, LABEL_VALUE, LabelKey, LabelValue
from pattern_operator.api.requirements_spec import REQUIREMENTS_RULES, Requirements
from pattern_operator.api.types import UrlGlob, cel

T = TypeVar("T")


class LabelRequirement(StrictStruct, frozen=True):
    """One requirement on labels, as everywhere in Kubernetes."""

    key: Annotated[LabelKey, Meta(description="The label.")]
    operator: Annotated[
        Literal["In", "NotIn", "Exists", "DoesNotExist"], Meta(description="How the label relates to the values.")
    ]
    values: Annotated[tuple[LabelValue, ...], Meta(description="The values, for In and NotIn.", max_length=16)] = ()


class LabelSelector(StrictStruct, frozen=True):
    """Which namespaces, by their labels: all of it must hold. An empty one selects every namespace."""

    match_labels: Annotated[
        dict[LabelKey, LabelValue],
        Meta(description="Labels with these values.", max_length=32),
        cel(
            (
                f"self.all(k, k.matches('{LABEL_KEY}') && self[k].matches('{LABEL_VALUE}'))",
                f"must be labels: {LABEL_SYNTAX}; no namespace has any other",
            ),
        ),
    ] = field(default_factory=dict)
    match_expressions: Annotated[
        tuple[
            Annotated[
                LabelRequirement,
                cel(
                    (
                        "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
                        "values must be there with In and NotIn, and with nothing else",
                    ),
                    (
                        f"self.key.matches('{LABEL_KEY}')"
                        f" && (!has(self.values) || self.values.all(v, v.matches('{LABEL_VALUE}')))",
                        f"key and values must be those of a label: {LABEL_SYNTAX}; no namespace has any other",
                    ),
                ),
            ],
            ...,
        ],
        Meta(description="Requirements on labels.", max_length=16),
    ] = ()


class Match(StrictStruct, frozen=True):
    """Artifacts that the policy covers."""

    url: Annotated[
        UrlGlob,
        Meta(
            description="The repositories: `oci://host[:port]/path`, where `*` is any text without `/`, and `**` any"
            " text. The host is a name or address, `*.example.com` for the hosts in a domain, or `*` for every host;"
            " without a port it means every port. `oci://**` is every repository there is."
        ),
    ]
    namespace_selector: Annotated[
        LabelSelector | None,
        Meta(description="Only DesignPatterns of the namespaces with these labels. Default: those of every namespace."),
    ] = None


class TrustPolicySpec(Requirements, frozen=True, kw_only=True):
    """Which artifacts the policy covers, and what must be proven of them."""

    match: Annotated[
        tuple[Match, ...],
        Meta(description="What the policy covers: all that one of these entries matches.", min_length=1, max_length=64),
    ]
    mode: Annotated[
        Literal["Enforce", "Warn"],
        Meta(
            description="`Enforce` applies nothing of an artifact that does not pass; `Warn` applies it, and says in"
            " the condition Verified of the DesignPattern what is missing. Under `--unsigned=Deny`, what only policies"
            " with `Warn` cover is not applied."
        ),
    ] = "Enforce"
    on_failure: Annotated[
        Literal["Keep", "Prune"],
        Meta(
            description="What becomes of what runs when it does not pass any longer: `Keep` leaves its objects as they"
            " are, `Prune` deletes them. A policy that cannot be used deletes nothing."
        ),
    ] = "Keep"
    allow_downgrade: Annotated[
        bool,
        Meta(
            description="Whether a tag or range that moved by itself may lead back to an artifact that ran before, or"
            " was signed before what runs. A digest, or another reference, in the spec may always."
        ),
    ] = False


class PatternCounts(ApiStruct, frozen=True):
    """How many DesignPatterns the policy covers, and how many of these pass it."""

    covered: Annotated[int, Meta(description="DesignPatterns that the policy covers.")] = 0
    passing: Annotated[int, Meta(description="Those whose newest artifact passes.")] = 0
    failing: Annotated[int, Meta(description="Those whose newest artifact does not.")] = 0


class TrustPolicyStatus(ApiStruct, frozen=True):
    """The observed state, written by the operator alone."""

    observed_generation: Annotated[int, Meta(description="The generation of the spec that this status describes.")] = 0
    conditions: Annotated[
        tuple[Condition, ...],
        Meta(
            description="Ready: whether the policy can be used. One that cannot is met by no artifact.",
            extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        ),
    ] = ()
    patterns: Annotated[PatternCounts, Meta(description="The DesignPatterns that the policy covers.")] = field(
        default_factory=PatternCounts
    )
    failing_patterns: Annotated[
        tuple[str, ...],
        Meta(description="The DesignPatterns that do not pass, as `namespace/name`: the first 10 of them by name."),
    ] = ()
    authorities: Annotated[
        str,
        Meta(
            description="The names of the authorities, and how many of them must have signed. For the table of kubectl."
        ),
    ] = ""


class PolicyMetadata(ApiStruct, frozen=True):
    """What the operator reads of the metadata."""

    name: str = ""
    uid: str = ""
    generation: int = 0


class TrustPolicy(ApiStruct, frozen=True):
    """What must be proven of the artifacts of DesignPatterns, cluster-wide: every policy that matches must be met."""

    metadata: PolicyMetadata
    spec: Annotated[
        TrustPolicySpec,
        Meta(description="The desired state."),
        REQUIREMENTS_RULES,
        cel(
            ("self.authorities.all(a, has(a.name))", "each authority of a TrustPolicy needs a name"),
            (
                "self.authorities.all(a, !has(a.name) ||"
                " self.authorities.exists_one(b, has(b.name) && b.name == a.name))",
                "each authority needs a name of its own",
            ),
        ),
    ]
    status: Annotated[TrustPolicyStatus, Meta(description="The observed state, written by the operator alone.")] = (
        field(default_factory=TrustPolicyStatus)
    )


def decode(body: dict[str, Any]) -> TrustPolicy:
    """Read a resource as the API server gives it; raises msgspec.ValidationError for what the CRD would refuse.

    A field of ``spec`` that is not known is refused: it may narrow whom the policy trusts.
    """
    return _convert(_readable(body), TrustPolicy)


def decode_match(body: dict[str, Any]) -> tuple[Match, ...] | None:
    """What a policy covers that cannot be read as a whole; None where that cannot be read either."""
    try:
        return _convert(mapping_at(body, "spec").get("match"), tuple[Match, ...]) or None
    except msgspec.ValidationError:
        return None


def _convert(value: object, kind: type[T]) -> T:
    try:
        read = msgspec.convert(value, kind)
        msgspec.json.encode(read)
    except UnicodeEncodeError as error:
        raise msgspec.ValidationError("Expected text, got an unpaired surrogate") from error
    return read


def _readable(body: dict[str, Any]) -> dict[str, Any]:
    """The parts that are read; metadata of any shape, as everywhere."""
    meta = ObjectMeta.of(body)
    metadata = {"name": meta.name, "uid": meta.uid, "generation": meta.generation or 0}
    return {"metadata": metadata, "spec": body.get("spec"), "status": mapping_at(body, "status")}
