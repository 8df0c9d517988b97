"""How the health of a kind is judged in place of the built-in way: CEL over an object.

The fields are those of Flux's ``spec.healthCheckExprs`` (fluxcd/pkg, ``apis/kustomize/kustomize_types.go``), and so is
the order: ``inProgress``, ``failed``, ``current`` (RFC 0009; ``runtime/cel/status_evaluator.go``). As there, a check is
for a kind in whatever version the object was applied.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from msgspec import Meta

from pattern_operator.api.base import ApiStruct
from pattern_operator.api.object import GroupKind
from pattern_operator.api.types import cel

MAX_HEALTH_CHECKS: Final = 16  # of a spec, and as many of an artifact
MAX_CHECK_EXPRESSION: Final = 2_048  # characters; the longest of Flux's cheat sheet has some 300

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"  # RFC 1123, as Kubernetes reads it
_API_VERSION: Final = f"({_LABEL}([.]{_LABEL})*/)?[a-z0-9]+"
_KIND: Final = "[A-Za-z][A-Za-z0-9]*"
_API_VERSION_SHAPE: Final = re.compile(_API_VERSION)
_KIND_SHAPE: Final = re.compile(_KIND)

EXPRESSIONS: Final = ("inProgress", "failed", "current")  # in the order of evaluation

ApiVersion = Annotated[
    str,
    Meta(min_length=1, max_length=253 + 1 + 63),
    cel((f"self.matches('^{_API_VERSION}$')", "must be an apiVersion, such as apps/v1, example.com/v1beta1 or v1")),
]
CheckedKind = Annotated[
    str,
    Meta(min_length=1, max_length=63),
    cel((f"self.matches('^{_KIND}$')", "must be a kind, such as Cluster: letters and digits, a letter first")),
]
Expression = Annotated[str, Meta(min_length=1, max_length=MAX_CHECK_EXPRESSION)]


class HealthCheck(ApiStruct, frozen=True):
    """How objects of one kind are judged, in place of the built-in way: CEL whose variables are their fields."""

    api_version: Annotated[
        ApiVersion, Meta(description="The apiVersion of the objects; they are read in this version.")
    ]
    kind: Annotated[CheckedKind, Meta(description="Their kind.")]
    current: Annotated[
        Expression,
        Meta(description="True of a healthy object. One of which none of the three is true is in progress."),
    ]
    in_progress: Annotated[
        Expression | None, Meta(description="True of an object that is on its way; evaluated first.")
    ] = None
    failed: Annotated[
        Expression | None, Meta(description="True of an object that has failed; evaluated before `current`.")
    ] = None

    @property
    def group_kind(self) -> GroupKind:
        """The kind that it is for, in whatever version."""
        group, slash, _ = self.api_version.rpartition("/")
        return GroupKind(group if slash else "", self.kind)

    @property
    def version(self) -> str:
        """The version of the group."""
        return self.api_version.rpartition("/")[2]

    @property
    def misnamed(self) -> str:
        """The field that is not what the CRD asks of a spec, and may be so in an artifact; empty where none is."""
        if not _API_VERSION_SHAPE.fullmatch(self.api_version):
            return "apiVersion"
        return "" if _KIND_SHAPE.fullmatch(self.kind) else "kind"

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Those that it has, by the name of the field, in the order of evaluation."""
        for name, text in zip(EXPRESSIONS, (self.in_progress, self.failed, self.current), strict=True):
            if text is not None:
                yield name, text


_GROUP: Final = "(x.apiVersion.contains('/') ? x.apiVersion.split('/')[0] : '')"
HealthChecks = Annotated[
    tuple[HealthCheck, ...],
    Meta(max_length=MAX_HEALTH_CHECKS),
    cel(
        (
            f"self.all(y, self.exists_one(x, x.kind == y.kind && {_GROUP} == {_GROUP.replace('x.', 'y.')}))",
            "a kind must not have two checks, in whatever versions of its group: join the expressions with || or &&",
        )
    ),
]


def repeated(checks: Sequence[HealthCheck]) -> tuple[int, int] | None:
    """The positions of two checks for one kind; None where each is for a kind of its own."""
    seen = dict[GroupKind, int]()
    for position, check in enumerate(checks):
        if (first := seen.setdefault(check.group_kind, position)) != position:
            return first, position
    return None


def effective(of_spec: Sequence[HealthCheck], of_artifact: Sequence[HealthCheck]) -> tuple[HealthCheck, ...]:
    """All checks of a pattern: those of the spec, and those of the artifact for other kinds."""
    said = {each.group_kind for each in of_spec}
    return (*of_spec, *(each for each in of_artifact if each.group_kind not in said))
