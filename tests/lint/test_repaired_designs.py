"""A design that was repaired lints clean: what is left in it is what nobody may repair."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lint.schemas import findings
from tests.render.designs import MESHERY, component, names, published, redrawn, rendered
from tests.render.rendered import render
from tests.render.test_repairs import NEEDING, made_by, options_for

from pattern_operator.api.repair import Repair
from pattern_operator.api.report import Rendering

UNKNOWN_FIELDS = {"gke-autoscaling": 1, "online-boutique": 1}
"""Fields that the kind does not have. To drop one could change what is meant, so they stay, and lint names them."""
INVALID_VALUES = {"guestbook-services": 1}
"""Values that the field does not take, as protocol: HTTP of a port: what is meant is not guessed."""


def left_to_do(made: Rendering) -> list[str]:
    """The rules of the findings that ask somebody for something: errors and warnings."""
    return [each.rule for each in findings(redrawn(made)) if str(each.severity) != "note"]


@pytest.mark.parametrize("repair", [each for each in Repair if each is not Repair.KEEP_REMOVED_VERSIONS], ids=str)
def test_a_design_with_one_repair_made_lints_clean(repair: Repair):
    assert repair in {each.rule for each in findings(NEEDING[repair], options=options_for(repair))}
    assert left_to_do(made_by(repair)) == []


def test_a_version_that_is_gone_is_still_told_when_it_was_kept():
    assert left_to_do(made_by(Repair.KEEP_REMOVED_VERSIONS)) == ["KeepRemovedVersions", "UnknownKind"]


@pytest.mark.parametrize("name", [name for name in names() if name != "not-a-design"])
def test_a_published_design_lints_clean_once_it_is_repaired(name: str):
    made = render(published(name), options=MESHERY)

    unknown, invalid = UNKNOWN_FIELDS.get(name, 0), INVALID_VALUES.get(name, 0)
    empty = [] if made.objects else ["NoComponents"]
    assert left_to_do(made) == ["UnknownField"] * unknown + ["InvalidValue"] * invalid + empty


_KEYS = [
    "spec",
    "template",
    "metadata",
    "match Labels",
    "matchLabels",
    "labels",
    "status",
    "uid",
    "containers",
    "ports",
]
_KEYS += ["port", "name", "namespace", "a b", "$(#ref.name)", "type", "data", "volumes", "subjects", "api Group"]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | st.sampled_from(["web", "Web Shop", "a/b:1", "$(#ref.name)"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=15,
)
_KINDS = [
    *(("ConfigMap", "v1"), ("Service", "v1"), ("Namespace", "v1"), ("Deployment", "apps/v1")),
    *(("RoleBinding", "rbac.authorization.k8s.io/v1"), ("Deployment.K8s", ""), ("Thing", "example.com/v1")),
]


@given(st.lists(st.tuples(st.sampled_from(_KINDS), st.sampled_from(["web", "Web Shop"]), _VALUES), max_size=3))
def test_nothing_of_a_repaired_design_of_any_content_is_repaired_again(
    drawn: list[tuple[tuple[str, str], str, Any]],
):
    once = rendered(
        *(
            component(kind, name, value, version=version, id=f"{n}")
            for n, ((kind, version), name, value) in enumerate(drawn)
        )
    )

    again = render([redrawn(once)], options=MESHERY) if once.objects else once

    assert [each.body for each in again.objects] == [each.body for each in once.objects]
    if once.objects:
        assert [repair for row in again.components for repair in row.repairs] == []
        assert not {str(each) for each in Repair} & {each.rule for each in findings(redrawn(once))}
