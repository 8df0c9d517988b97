"""The decision about an object that is there before its pattern: a table, and what is true of any object."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply import Owner, owner_id
from pattern_operator.apply.adoption import GUARDED, Adopt, Create, Own, Refuse, Skip, decide
from pattern_operator.apply.existing import has_other_managers, read

WEB = Owner(owner_id("1"), "team", "web")
OTHER = Owner(owner_id("2"), "theirs", "shop")
KEY = ObjectKey("", "ConfigMap", "team", "settings")
NAMESPACE = ObjectKey("", "Namespace", "", "shop")
CRD = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")
PVC = ObjectKey("", "PersistentVolumeClaim", "team", "data")
VOLUME = ObjectKey("", "PersistentVolume", "", "data")

OWNER_LABEL, PATTERN, ADOPTED = (f"pattern-operator.io/{name}" for name in ("owner", "pattern", "adopted"))
HELM = {
    "labels": {"app.kubernetes.io/managed-by": "Helm"},
    "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop"},
}


def live(*, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **more: Any) -> Any:
    metadata = {"uid": "u-1", "resourceVersion": "7", "labels": labels or {}, "annotations": annotations or {}, **more}
    return {"metadata": metadata}


def ours(owner: Owner = WEB, *, adopted: bool = False) -> Any:
    annotations = {PATTERN: str(owner)} | ({ADOPTED: "true"} if adopted else {})
    return live(
        labels={OWNER_LABEL: owner.id}, annotations=annotations, managedFields=[labelled_by("pattern-operator")]
    )


def labelled_by(manager: str, *, operation: str = "Apply") -> dict[str, Any]:
    """The entry of who set our owner label."""
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {f"f:{OWNER_LABEL}": {}}}}
    return {"manager": manager, "operation": operation, "fieldsV1": fields}


def decision(existing: Any, *, key: ObjectKey = KEY, policy: Any = "IfUnowned", **more: Any) -> Any:
    return decide(
        read(existing) if isinstance(existing, dict) else existing,
        key=key,
        policy=policy,
        owner=WEB,
        holder=more.get("holder"),
        remembered=more.get("remembered", False),
        is_only_to_be_there=more.get("is_only_to_be_there", False),
        offered=more.get("offered", False),
    )


@pytest.mark.parametrize(
    ("key", "never", "if_unowned", "always"),
    [
        pytest.param(KEY, Refuse, Adopt, Adopt, id="ConfigMap"),
        pytest.param(ObjectKey("apps", "Deployment", "team", "web"), Refuse, Adopt, Adopt, id="Deployment"),
        pytest.param(NAMESPACE, Refuse, Skip, Adopt, id="Namespace"),
        pytest.param(CRD, Refuse, Skip, Adopt, id="CRD"),
        pytest.param(PVC, Refuse, Skip, Adopt, id="PersistentVolumeClaim"),
        pytest.param(VOLUME, Refuse, Skip, Adopt, id="PersistentVolume"),
    ],
)
def test_what_is_nobodys_is_adopted_as_the_policy_says(key, never, if_unowned, always):
    found = [type(decision(live(), key=key, policy=policy)) for policy in ("Never", "IfUnowned", "Always")]

    assert found == [never, if_unowned, always]


@pytest.mark.parametrize("key", [NAMESPACE, CRD, PVC, VOLUME], ids=lambda key: key.kind)
def test_nobody_is_told_to_delete_what_others_would_be_lost_with(key: ObjectKey):
    refused = decision(live(), key=key, policy="Never")

    assert "delete" not in refused.message
    assert "set spec.apply.adopt: IfUnowned, which uses it as it is" in refused.message
    assert "delete the object" in decision(live(), policy="Never").message


@pytest.mark.parametrize("policy", ["Never", "IfUnowned", "Always"])
@pytest.mark.parametrize(
    ("existing", "more", "expected"),
    [
        pytest.param(None, {}, Create(), id="there is none"),
        pytest.param(ours(), {}, Own("u-1", adopted=False), id="it carries our label"),
        pytest.param(ours(adopted=True), {}, Own("u-1", adopted=True), id="it was adopted before"),
        pytest.param(ours(Owner(owner_id("old"), "team", "web")), {}, Own("u-1", adopted=False), id="of a predecessor"),
        pytest.param(
            ours(Owner(owner_id("old"), "team", "web"), adopted=True),
            {},
            Own("u-1", adopted=True),
            id="adopted by a predecessor",
        ),
        pytest.param(live(), {"remembered": True}, Own("u-1", adopted=False), id="somebody took our label off"),
    ],
)
@pytest.mark.parametrize("key", [KEY, NAMESPACE])
def test_what_is_ours_is_ours_under_every_policy(policy, existing, more, expected, key):
    assert decision(existing, policy=policy, key=key, **more) == expected


@pytest.mark.parametrize("policy", ["Never", "IfUnowned", "Always"])
@pytest.mark.parametrize("key", [KEY, NAMESPACE])
@pytest.mark.parametrize(
    "existing", [ours(OTHER), live(labels={OWNER_LABEL: OTHER.id}, annotations={PATTERN: str(WEB)})]
)
def test_what_a_living_pattern_has_is_never_taken(policy, key, existing):
    refused = decision(existing, policy=policy, key=key, holder=OTHER)

    assert refused.reason is Reason.OWNED_BY_ANOTHER_PATTERN
    assert refused.message.startswith("is owned by DesignPattern theirs/shop, whose owner label it carries. ")


def test_what_a_pattern_of_another_name_left_is_adopted_like_anybodys():
    dead = ours(Owner(owner_id("dead"), "team", "old"))

    assert decision(dead) == Adopt("u-1")
    assert isinstance(decision(dead, key=NAMESPACE), Skip)


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([labelled_by("kubectl-client-side-apply", operation="Update")], id="kubectl apply"),
        pytest.param([labelled_by("kubectl")], id="kubectl apply --server-side"),
        pytest.param([labelled_by("pattern-operator", operation="Update")], id="not our apply"),
        pytest.param([], id="nobody says who"),
        pytest.param(
            [{"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {"f:data": {}}}, labelled_by("velero")],
            id="beside what we apply",
        ),
    ],
)
def test_marks_of_a_predecessor_that_others_put_on_make_nothing_ours(entries: list[dict[str, Any]]):
    copied = live(labels={OWNER_LABEL: "zzz"}, annotations={PATTERN: str(WEB)}, managedFields=entries)

    assert [type(decision(copied, policy=policy)) for policy in ("Never", "IfUnowned", "Always")] == [
        Refuse,
        Adopt,
        Adopt,
    ]
    for guarded in (PVC, VOLUME, NAMESPACE, CRD):
        assert isinstance(decision(copied, key=guarded), Skip)
        assert isinstance(decision(copied, key=guarded, policy="Always"), Adopt)


def test_an_annotation_alone_makes_nothing_ours():
    assert decision(live(annotations={PATTERN: str(WEB)})) == Adopt("u-1")


def test_a_controlled_object_is_adopted_only_by_the_explicit_word():
    reference = {"kind": "Certificate", "name": "tls", "controller": True}
    existing = live(ownerReferences=[reference])

    refused = decision(existing)

    assert refused.reason is Reason.MANAGED_BY_ANOTHER_TOOL
    assert "controlled by Certificate tls" in refused.message
    assert decision(existing, policy="Always") == Adopt("u-1")
    assert decision(live(ownerReferences=[{**reference, "controller": False}])) == Adopt("u-1")


def test_what_is_being_deleted_is_waited_for():
    refused = decision(live(deletionTimestamp="2026-01-01T00:00:00Z"))

    assert refused.reason is Reason.ALREADY_EXISTS
    assert "is being deleted" in refused.message


def test_what_nobody_is_to_reconcile_is_let_be():
    disabled = {"pattern-operator.io/reconcile": "disabled"}
    of_nobody = live(annotations=disabled)
    of_a_predecessor = live(labels={OWNER_LABEL: "dead"}, annotations={PATTERN: str(WEB), **disabled})
    of_ours = live(labels={OWNER_LABEL: WEB.id}, annotations=disabled)

    found = [decision(each, policy="Always") for each in (of_nobody, of_a_predecessor, of_ours)]

    assert [(type(each), each.ours) for each in found] == [(Skip, False), (Skip, False), (Skip, True)]


def test_what_is_offered_and_nobody_is_to_reconcile_stays_the_other_patterns():
    paused = live(labels={OWNER_LABEL: "other"}, annotations={"pattern-operator.io/reconcile": "disabled"})

    plain = live(labels={OWNER_LABEL: "other"})

    found = decision(paused, offered=True)

    assert (type(found), found.ours) == (Skip, False)
    assert decision(plain, offered=True, holder=OTHER) == Own("u-1", adopted=False)


ARGO = "argocd.argoproj.io/tracking-id"
INSTANCE = "app.kubernetes.io/instance"
ARGO_WROTE = [{"manager": "argocd-controller", "operation": "Apply"}]
TOOLS = [
    pytest.param(HELM, "the Helm release shop/web", "remove the label app.kubernetes.io/managed-by of its", id="Helm"),
    pytest.param(
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux"}},
        "the Flux Kustomization flux/apps",
        "kustomize.toolkit.fluxcd.io/prune: disabled",
        id="Flux Kustomization",
    ),
    pytest.param(
        {**HELM, "labels": {"helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop"}},
        "the Flux HelmRelease shop/web",
        "app.kubernetes.io/managed-by, helm.toolkit.fluxcd.io/name and helm.toolkit.fluxcd.io/namespace of its",
        id="Flux HelmRelease",
    ),
    pytest.param(
        {"annotations": {ARGO: "shop:/ConfigMap:team/settings"}},
        "the Argo CD Application shop",
        "Prune=false",
        id="Argo CD",
    ),
    pytest.param(
        {"labels": {INSTANCE: "shop"}, "managedFields": ARGO_WROTE},
        "the Argo CD Application shop",
        "Prune=false",
        id="Argo CD by label",
    ),
    pytest.param(
        {"labels": {"applyset.kubernetes.io/part-of": "x"}}, "the ApplySet", "remove the label", id="ApplySet"
    ),
    pytest.param(
        {"annotations": {"config.k8s.io/owning-inventory": "x"}}, "kpt inventory x", "remove the annotation", id="kpt"
    ),
    pytest.param({"labels": {"kapp.k14s.io/app": "x"}}, "the kapp application x", "remove the label", id="kapp"),
    pytest.param({"labels": {"olm.owner": "etcd.v1"}}, "(OLM) etcd.v1", "remove the label", id="OLM"),
]


@pytest.mark.parametrize("policy", ["IfUnowned", "Always", "Never"])
@pytest.mark.parametrize(("metadata", "name", "advice"), TOOLS)
def test_what_another_tool_manages_is_refused_with_its_name_and_the_way_out(policy, metadata, name, advice):
    refused = decision(live(**metadata), policy=policy)

    assert refused.reason is Reason.MANAGED_BY_ANOTHER_TOOL
    assert name in refused.message
    assert advice in refused.message


@pytest.mark.parametrize("labels", [HELM["labels"], {"helm.toolkit.fluxcd.io/name": "web"}])
def test_who_takes_over_a_release_of_helm_is_told_to_leave_what_keeps_install_hooks_from_running(labels):
    refused = decision(live(**{**HELM, "labels": labels}))

    assert isinstance(refused, Refuse)
    assert "leave their annotations meta.helm.sh/release-name and meta.helm.sh/release-namespace" in refused.message
    assert "remove its annotations" not in refused.message
    assert decision(live(annotations=HELM["annotations"])) == Adopt("u-1")  # what is left once it is done as told


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"labels": HELM["labels"]}, id="helm template prints the label alone"),
        pytest.param({"annotations": HELM["annotations"]}, id="annotations of a release without the label"),
        pytest.param({"labels": {**HELM["labels"], INSTANCE: "web"}}, id="the recommended labels"),
        pytest.param({"annotations": {ARGO: "shop:/ConfigMap:team/another"}}, id="a tracking id that was copied"),
        pytest.param({"annotations": {ARGO: "shop:/ConfigMap:other/settings"}}, id="one of another namespace"),
        pytest.param({"annotations": {ARGO: "nonsense"}}, id="no tracking id"),
        pytest.param(
            {"labels": {INSTANCE: "x"}, "managedFields": [{"manager": "kubectl"}]}, id="an instance of somebody else"
        ),
        pytest.param({"managedFields": ARGO_WROTE}, id="written by Argo CD once, and tracked no longer"),
        pytest.param({"labels": {"kustomize.toolkit.fluxcd.io/namespace": "flux"}}, id="half of a label pair"),
    ],
)
def test_marks_that_are_nobodys_keep_nobody_out(metadata):
    assert decision(live(**metadata)) == Adopt("u-1")


def test_what_argo_cd_tracks_in_no_namespace_has_one_in_its_tracking_id():
    key = ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "reader")
    tracked = live(annotations={ARGO: "shop:rbac.authorization.k8s.io/ClusterRole:argocd/reader"})

    assert isinstance(decision(tracked, key=key), Refuse)


def test_marks_that_only_our_own_apply_has_set_are_no_other_tools():
    """A rendered manifest may carry them; what a dead pattern applied from it is not Flux's."""
    label = "kustomize.toolkit.fluxcd.io/name"
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {f"f:{label}": {}}}}
    own = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": fields}
    flux = {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": fields}

    other = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}

    assert decision(live(labels={label: "apps"}, managedFields=[own])) == Adopt("u-1")
    assert decision(live(labels={label: "apps"}, managedFields=[own, other])) == Adopt("u-1", migrates=False)
    assert isinstance(decision(live(labels={label: "apps"}, managedFields=[own, flux])), Refuse)


def test_an_answer_shows_whether_somebody_else_made_the_object():
    own = {"manager": "pattern-operator", "operation": "Apply"}

    assert not has_other_managers({"metadata": {"managedFields": [own]}})
    assert has_other_managers({"metadata": {"managedFields": [own, {"manager": "kubectl", "operation": "Update"}]}})
    assert has_other_managers({"metadata": {"managedFields": [{"manager": "before-first-apply"}, own]}})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["uid", "labels", "annotations", "managedFields", "ownerReferences", "deletionTimestamp", "resourceVersion"]
MARKS = [OWNER_LABEL, PATTERN, ADOPTED, ARGO, INSTANCE, *HELM["labels"], *HELM["annotations"]]
values = (
    json
    | st.dictionaries(st.sampled_from(MARKS), json, max_size=4)
    | st.lists(
        st.dictionaries(st.sampled_from(["manager", "operation", "fieldsV1", "kind", "name", "controller"]), json),
        max_size=3,
    )
)
bodies = json | st.fixed_dictionaries({"metadata": json | st.dictionaries(st.sampled_from(NAMES), values)})


@given(
    body=bodies, policy=st.sampled_from(["Never", "IfUnowned", "Always"]), key=st.sampled_from([KEY, NAMESPACE, CRD])
)
def test_any_object_whatever_its_shape_is_decided_about_and_never_taken_without_a_word(body, policy, key):
    found = decide(read(body), key=key, policy=policy, owner=WEB, holder=None, remembered=False)

    assert isinstance(found, Own | Adopt | Skip | Refuse)
    if isinstance(found, Adopt):
        assert policy != "Never"
        assert policy == "Always" or (key.group, key.kind) not in GUARDED
    if isinstance(found, Own):
        assert read(body).owner


@given(body=bodies, policy=st.sampled_from(["Never", "IfUnowned", "Always"]))
def test_no_object_of_a_living_pattern_is_taken_whatever_it_says(body, policy):
    found = decide(read(body), key=KEY, policy=policy, owner=WEB, holder=OTHER, remembered=True)

    assert isinstance(found, Refuse) or read(body).owner == WEB.id


@pytest.mark.parametrize("policy", ["Never", "IfUnowned", "Always"])
def test_a_namespace_that_is_only_to_be_there_is_used_also_where_another_pattern_owns_it(policy: Any):
    found = decision(ours(OTHER), key=NAMESPACE, policy=policy, holder=OTHER, is_only_to_be_there=True)
    of_the_artifact = decision(ours(OTHER), key=NAMESPACE, policy=policy, holder=OTHER)

    assert isinstance(found, Skip)
    assert not found.ours
    assert f"is owned by DesignPattern {OTHER}: it is used as it is" in found.why
    assert isinstance(of_the_artifact, Refuse)


def test_a_namespace_that_goes_with_its_pattern_is_waited_for():
    going = live(labels={OWNER_LABEL: OTHER.id}, deletionTimestamp="2026-01-01T00:00:00Z")

    assert isinstance(decision(going, key=NAMESPACE, holder=OTHER, is_only_to_be_there=True), Refuse)


def test_the_namespace_that_the_pattern_has_made_itself_stays_its_own():
    assert isinstance(decision(ours(), key=NAMESPACE, is_only_to_be_there=True), Own)
