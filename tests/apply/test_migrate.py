"""What kubectl and Helm left goes when it leaves the pattern, on the real API server and with real kubectl."""

import json
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster
from tests.apply.harness import Harness, config_map, deployment, owner
from tests.testbed.testbed import Testbed

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.apply.migrate import LAST_APPLIED, migrate, migration, needs_migration, share_handed_on
from pattern_operator.kube import ApiError, Resource

BY = {
    "apply": ["apply", "-f", "-"],
    "create": ["create", "-f", "-"],
    "create --save-config": ["create", "--save-config", "-f", "-"],
    "apply --server-side": ["apply", "--server-side", "-f", "-"],
    "apply --server-side as helm": ["apply", "--server-side", "--field-manager=helm", "-f", "-"],
    "create as helm": ["create", "--field-manager=helm", "-f", "-"],
    "create as argocd": ["create", "--field-manager=argocd-controller", "-f", "-"],
}


def kubectl(cluster: Testbed, *arguments: str, body: Object | None = None, namespace: str) -> str:
    stdin = json.dumps(body.body) if body is not None else None
    return cluster.kubectl("-n", namespace, *arguments, stdin=stdin)


def marked(desired: Object, **marks: dict[str, str]) -> Object:
    return Object.of({**desired.body, "metadata": {**desired.body["metadata"], **marks}})


def managers(body: dict[str, Any]) -> dict[tuple[str, str, str], Any]:
    return {
        (each["manager"], each["operation"], each.get("subresource", "")): each["fieldsV1"]
        for each in body["metadata"]["managedFields"]
    }


@pytest.mark.parametrize("how", BY)
async def test_a_field_that_a_tool_had_set_goes_when_it_leaves_the_pattern(
    cluster: Testbed, harness: Harness, namespace: str, how: str
) -> None:
    team = owner()
    before = marked(
        config_map("c", namespace, key="value", legacy="unused"),
        labels={"stays": "1", "goes": "1"},
        annotations={"stays": "1", "goes": "1"},
    )
    after = marked(config_map("c", namespace, key="value"), labels={"stays": "1"}, annotations={"stays": "1"})
    kubectl(cluster, *BY[how], body=before, namespace=namespace)

    adopted = await harness.apply(before, by=team)
    whole = await harness.get(before.key)
    updated = await harness.apply(after, by=team)

    assert (adopted.failures, updated.failures) == ((), ())
    assert whole["data"] == {"key": "value", "legacy": "unused"}
    assert whole["metadata"]["labels"].items() >= {"stays": "1", "goes": "1"}.items()
    left = await harness.get(before.key)
    assert left["data"] == {"key": "value"}
    assert "goes" not in left["metadata"]["labels"] | left["metadata"]["annotations"]
    assert LAST_APPLIED not in left["metadata"]["annotations"]
    assert left["metadata"]["annotations"]["pattern-operator.io/adopted"] == "true"


async def test_an_entry_of_a_list_and_a_container_go_too(cluster: Testbed, harness: Harness, namespace: str) -> None:
    team, first = owner(), deployment("d", namespace)
    container = first.body["spec"]["template"]["spec"]["containers"][0]
    env = [*container["env"], {"name": "OLD", "value": "1"}]
    containers = [{**container, "env": env}, {"name": "side", "image": "registry.example/side:1"}]
    spec = first.body["spec"]
    template = {**spec["template"], "spec": {"containers": containers}}
    before = Object.of({**first.body, "spec": {**spec, "template": template}})
    kubectl(cluster, "apply", "-f", "-", body=before, namespace=namespace)

    await harness.apply(before, by=team)
    await harness.apply(first, by=team)

    (left,) = (await harness.get(first.key))["spec"]["template"]["spec"]["containers"]
    assert (left["name"], left["env"]) == ("main", [{"name": "LEVEL", "value": "info"}])


async def test_what_left_the_manifest_before_the_pattern_came_goes_at_once(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    desired = config_map("settings", namespace, key="value")
    old = config_map("settings", namespace, key="value", legacy="unused")
    kubectl(cluster, "apply", "-f", "-", body=old, namespace=namespace)

    await harness.apply(desired, by=owner())

    assert (await harness.get(desired.key))["data"] == {"key": "value"}


@pytest.mark.parametrize("how", ["label", "annotate", "edit", "replace", "patch"])
async def test_what_somebody_added_by_hand_and_the_pattern_has_not_stays(
    cluster: Testbed, harness: Harness, namespace: str, how: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1")
    await harness.put(desired, manager="somebody")
    match how:
        case "label" | "annotate":
            kubectl(cluster, how, "configmap", "c", "mine=1", namespace=namespace)
        case "replace":
            more = config_map("c", namespace, a="1", mine="1")
            kubectl(cluster, "replace", "-f", "-", body=more, namespace=namespace)
        case _:
            patch = json.dumps({"data": {"mine": "1"}})
            manager = f"--field-manager=kubectl-{how}"
            kubectl(cluster, "patch", "configmap", "c", manager, "--type=merge", "-p", patch, namespace=namespace)

    await harness.apply(desired, by=team, conflicts="Take")
    await harness.apply(config_map("c", namespace, a="2"), by=team)

    left = await harness.get(desired.key)
    assert "mine" in left["data"] | left["metadata"]["labels"] | left["metadata"]["annotations"]


async def test_what_somebody_set_by_hand_and_the_pattern_has_goes_with_it(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    kubectl(cluster, "create", "-f", "-", body=config_map("c", namespace, a="1"), namespace=namespace)
    patch = json.dumps({"data": {"b": "1"}})
    kubectl(cluster, "patch", "configmap", "c", "--type=merge", "-p", patch, namespace=namespace)

    await harness.apply(desired, by=team)
    await harness.apply(config_map("c", namespace, a="1"), by=team)

    assert (await harness.get(desired.key))["data"] == {"a": "1"}


async def test_what_others_manage_stays_theirs(cluster: Testbed, harness: Harness, namespace: str) -> None:
    team, desired = owner(), deployment("d", namespace)
    spec = {name: value for name, value in desired.body["spec"].items() if name != "replicas"}
    without = Object.of({**desired.body, "spec": spec})
    kubectl(cluster, "apply", "-f", "-", body=desired, namespace=namespace)
    kubectl(cluster, "scale", "deployment", "d", "--replicas=4", namespace=namespace)
    await harness.patch(desired.key, {"metadata": {"labels": {"theirs": "1"}}})
    await harness.patch(desired.key, {"status": {"observedGeneration": 1}}, subresource="status")

    await harness.apply(without, by=team)

    left = await harness.get(desired.key)
    found = managers(left)
    assert left["spec"]["replicas"] == 4
    assert left["metadata"]["labels"]["theirs"] == "1"
    assert ("kubectl", "Update", "scale") in found
    assert ("somebody", "Update", "") in found
    assert not any(name == "kubectl-client-side-apply" for name, _, _ in found)


async def test_the_replicas_of_a_manifest_stay_where_the_pattern_leaves_them_to_others(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    desired = deployment("d", namespace, replicas=3)
    spec = {name: value for name, value in desired.body["spec"].items() if name != "replicas"}
    kubectl(cluster, "apply", "-f", "-", body=desired, namespace=namespace)

    await harness.apply(Object.of({**desired.body, "spec": spec}), by=owner())

    assert (await harness.get(desired.key))["spec"]["replicas"] == 3


async def test_another_value_is_a_conflict_as_before_and_nothing_is_handed_on(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="ours")
    kubectl(cluster, "apply", "-f", "-", body=config_map("c", namespace, a="theirs", b="1"), namespace=namespace)
    before = await harness.get(desired.key)

    (failure,) = (await harness.apply(desired, by=team)).failures
    refused = await harness.get(desired.key)
    taken = await harness.apply(desired, by=team, conflicts="Take")

    assert failure.reason is Reason.CONFLICT
    assert refused == before
    assert taken.applied == (desired.key,)
    assert (await harness.get(desired.key))["data"] == {"a": "ours"}


async def test_an_object_whose_managers_were_cleared_is_handed_on_too(harness: Harness, namespace: str) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    await harness.put(desired, manager="somebody")
    await harness.patch(desired.key, {"metadata": {"managedFields": [{}]}})
    await harness.patch(desired.key, {"metadata": {"managedFields": [{}]}})

    await harness.apply(desired, by=team)
    await harness.apply(config_map("c", namespace, a="1"), by=team)

    assert (await harness.get(desired.key))["data"] == {"a": "1"}


async def test_it_is_done_once_and_costs_nothing_where_there_is_nothing_to_hand_on(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, desired, other = owner(), config_map("c", namespace), config_map("o", namespace)
    kubectl(cluster, "apply", "-f", "-", body=desired, namespace=namespace)
    await harness.put(other, manager="somebody")

    requests = []
    for one in (desired, other, desired):
        before = len(harness.requests)
        await harness.apply(one, by=team)
        requests.append([verb for verb, _, _ in harness.requests[before:] if verb not in ("watch", "list")])

    assert requests == [["patch", "get", "patch", "patch", "patch"], ["patch", "get", "patch"], ["patch"]]


async def test_somebody_who_writes_meanwhile_is_not_overwritten(
    cluster: Testbed, harness: Harness, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1")
    kubectl(cluster, "apply", "-f", "-", body=config_map("c", namespace, a="1", old="1"), namespace=namespace)
    written: list[dict[str, Any]] = []

    async def racing(*place: Any, send: Any, **more: Any) -> None:
        async def tried(**options: Any) -> dict[str, Any]:
            answer: dict[str, Any] = await send(**options)
            if not written:
                written.append(await harness.patch(desired.key, {"data": {"theirs": "1"}}))
            return answer

        await migrate(*place, send=tried, **more)

    monkeypatch.setattr("pattern_operator.apply.server_side_apply.migrate", racing)
    applied = await harness.apply(desired, by=team)

    assert len(written) == 1
    assert applied.applied == (desired.key,)
    assert (await harness.get(desired.key))["data"] == {"a": "1", "theirs": "1"}


async def test_what_is_only_looked_at_or_refused_keeps_its_managers(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    desired = config_map("c", namespace, a="1")
    kubectl(cluster, "apply", "-f", "-", body=desired, namespace=namespace)
    before = await harness.get(desired.key)

    await harness.apply(desired, by=owner(), adopt="Never")

    assert await harness.get(desired.key) == before


@pytest.mark.parametrize("tried", [None, 7, [], {}, {"metadata": 7}, {"metadata": {"managedFields": [7, {}, None]}}])
def test_an_object_of_any_shape_has_nothing_to_hand_on(tried: object) -> None:
    assert migration(tried, key=config_map("c", "team").key) is None


@pytest.mark.parametrize(
    ("name", "operation", "subresource", "needs"),
    [
        ("kubectl-client-side-apply", "Update", "", True),
        ("before-first-apply", "Update", "", True),
        ("helm", "Update", "", True),
        ("kubectl", "Update", "scale", False),
        ("kubectl", "Update", "status", False),
        ("kube-controller-manager", "Update", "", False),
        ("pattern-operator", "Apply", "", False),
        ("kubectl-client-side-apply", "Apply", "", False),
    ],
)
def test_only_marks_of_these_tools_ask_for_it(name: str, operation: str, subresource: str, needs: bool) -> None:
    entry = ManagedFieldsEntry(name, operation, subresource, "", {})

    assert needs_migration((entry,), {}) is needs
    assert needs_migration((entry,), {LAST_APPLIED: "{}"})
    assert needs_migration((), {})


async def test_an_object_of_another_version_is_given_up_by_its_older_manager(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, "maxReplicas": 5}
    head = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h", "namespace": namespace}}
    older = {
        **head,
        "apiVersion": "autoscaling/v1",
        "spec": {**spec, "minReplicas": 2, "targetCPUUtilizationPercentage": 80},
    }
    newer = Object.of({**head, "apiVersion": "autoscaling/v2", "spec": {**spec, "minReplicas": 2, "metrics": [metric]}})
    last = Object.of({**head, "apiVersion": "autoscaling/v2", "spec": {**spec, "metrics": [metric]}})
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(older))
    team = owner()

    first = await harness.apply(newer, by=team, conflicts="Take")
    second = await harness.apply(last, by=team)

    assert (first.failures, second.failures) == ((), ())
    assert (await harness.get(newer.key))["spec"]["minReplicas"] == 1  # the API server's own again


# --- what is handed on when an object is adopted ----------------------------------------------------------------------

CONFIG_MAP, CLAIM = config_map("c", "team").key, ObjectKey("", "PersistentVolumeClaim", "team", "c")
A: dict[str, Any] = {"f:data": {"f:a": {}}}
MORE: dict[str, Any] = {"f:data": {"f:a": {}, "f:mine": {}}}


def after_adoption(
    *theirs: dict[str, Any], key: ObjectKey = CONFIG_MAP, ours: dict[str, Any] = A, keep: Any = lambda fields: fields
) -> Any:
    """The fields of each manager, by the patch that hands them on."""
    tried = {"metadata": {"uid": "u", "resourceVersion": "7", "managedFields": [entry(ours=ours), *theirs]}}
    patch = migration(tried, key=key, keep=keep)
    return patch and {each["manager"]: each["fieldsV1"] for each in patch["managedFields"]}


def entry(
    name: str = "pattern-operator", operation: str = "Apply", *, ours: dict[str, Any] = A, version: str = "v1"
) -> dict[str, Any]:
    return {"manager": name, "operation": operation, "apiVersion": version, "fieldsV1": ours}


def test_what_others_manage_is_not_handed_on() -> None:
    others = entry("hpa", "Update", ours=MORE)

    assert after_adoption(entry("kubectl-client-side-apply", "Update"), others) == {"pattern-operator": A, "hpa": MORE}
    assert after_adoption(others) is None


def test_what_a_whole_manifest_had_and_the_pattern_has_not_is_handed_on_so_that_it_goes() -> None:
    assert after_adoption(entry("kubectl-client-side-apply", "Update", ours=MORE)) == {"pattern-operator": MORE}


def test_what_somebody_set_by_hand_and_the_pattern_has_not_stays_theirs() -> None:
    assert after_adoption(entry("kubectl-edit", "Update", ours=MORE)) == {
        "pattern-operator": A,
        "kubectl-edit": {"f:data": {"f:mine": {}}},
    }


def test_of_what_holds_data_nothing_that_the_pattern_has_not_is_taken_along() -> None:
    assert after_adoption(entry("kubectl-client-side-apply", "Update", ours=MORE), key=CLAIM) == {
        "pattern-operator": A,
        "kubectl-client-side-apply": {"f:data": {"f:mine": {}}},
    }


def test_what_others_write_on_purpose_stays_whoever_wrote_the_manifest() -> None:
    theirs: dict[str, Any] = {"f:spec": {"f:replicas": {}, "f:paused": {}}, "f:metadata": {"f:finalizers": {}}}

    assert after_adoption(entry("helm", "Update", ours=theirs)) == {
        "pattern-operator": {"f:data": {"f:a": {}}, "f:spec": {"f:paused": {}}},
        "helm": {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:finalizers": {}}},
    }


def test_the_fields_of_another_version_are_given_up() -> None:
    assert after_adoption(entry("kubectl-client-side-apply", "Update", ours=MORE, version="v1beta1")) == {
        "pattern-operator": A
    }


def test_what_is_left_to_others_is_not_handed_on_to_the_pattern() -> None:
    theirs = entry("kubectl-client-side-apply", "Update", ours=MORE)

    assert after_adoption(theirs, keep=lambda _: {"f:data": {}}) == {"pattern-operator": {"f:data": {}}}


@pytest.mark.parametrize("applied", [False, True], ids=["of kubectl alone", "that the pattern has, too"])
def test_the_annotation_of_kubectl_goes_unless_the_pattern_has_it(applied: bool) -> None:
    annotation: dict[str, Any] = {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}
    ours = entry(ours=annotation if applied else A)
    tried = {"metadata": {"annotations": {LAST_APPLIED: "{}"}, "managedFields": [ours]}}

    patch = migration(tried, key=CONFIG_MAP)

    assert patch is not None
    assert patch.get("annotations") == (None if applied else {LAST_APPLIED: None})


def test_without_an_entry_of_ours_nothing_can_be_handed_on() -> None:
    assert migration({"metadata": {"managedFields": [entry("helm", "Update")]}}, key=CONFIG_MAP) is None


@pytest.mark.parametrize("code", [400, 422])
async def test_where_a_dry_run_cannot_tell_the_apply_is_made_and_its_answer_does(code: int) -> None:
    desired = config_map("c", "team", a="1")
    async with FakeCluster().serve() as cluster:
        managers = [entry(), entry("kubectl-client-side-apply", "Update", ours=MORE)]
        cluster.put(desired, managedFields=managers)

        async def refused(*, dry_run: str) -> Any:
            raise ApiError(code=code, reason="", message=f"cannot be tried ({dry_run})")

        async def insist() -> Any:
            return cluster.at(desired)

        await migrate(editor(cluster, desired), send=refused, insist=insist, keep=lambda fields: fields)

        (left,) = cluster.at(desired)["metadata"]["managedFields"]
    assert (left["manager"], left["fieldsV1"]) == ("pattern-operator", MORE)


async def test_an_apply_that_would_be_refused_hands_nothing_on() -> None:
    desired = config_map("c", "team", a="1")
    async with FakeCluster().serve() as cluster:
        cluster.put(desired)

        async def refused(*, dry_run: str) -> Any:
            raise ApiError(code=403, reason="Forbidden", message=f"no ({dry_run})")

        async def insist() -> Any:
            raise AssertionError("it is not applied")

        with pytest.raises(ApiError, match="no"):
            await migrate(editor(cluster, desired), send=refused, insist=insist, keep=lambda fields: fields)

        assert cluster.requests == []


def editor(cluster: FakeCluster, desired: Object) -> MetadataEditor:
    resource = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
    return MetadataEditor(session=cluster.session, resource=resource, key=desired.key, impersonate=None)


# --- what tools come to share later -----------------------------------------------------------------------------------

AB: dict[str, Any] = {"f:data": {"f:a": {}, "f:b": {}}}


def shared(*theirs: tuple[str, str, dict[str, Any]], ours: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    entries = [{"manager": "pattern-operator", "operation": "Apply", "apiVersion": "v1", "fieldsV1": ours}]
    for name, operation, fields in theirs:
        entries.append({"manager": name, "operation": operation, "apiVersion": version, "fieldsV1": fields})
    return {"metadata": {"uid": "u", "resourceVersion": "7", "managedFields": entries}}


def handed_on(live: object, *, keep: Any = lambda fields: fields) -> Any:
    patch = share_handed_on(live, keep=keep)
    assert patch is None or len({each["manager"] for each in patch["managedFields"]}) == len(patch["managedFields"])
    return patch and {each["manager"]: each["fieldsV1"] for each in patch["managedFields"]}


def test_only_the_share_of_a_tool_is_handed_on_and_what_it_alone_has_stays_its_own() -> None:
    theirs: dict[str, Any] = {"f:data": {".": {}, "f:b": {}, "f:mine": {}}}

    live = shared(("helm", "Update", theirs), ("somebody", "Apply", AB), ours=AB)

    patch = share_handed_on(live, keep=lambda fields: fields)

    assert patch is not None
    assert (patch["uid"], patch["resourceVersion"]) == ("u", "7")
    assert {each["manager"]: each["fieldsV1"] for each in patch["managedFields"]} == {
        "pattern-operator": AB,
        "helm": {"f:data": {"f:mine": {}}},
        "somebody": AB,
    }


@pytest.mark.parametrize(
    "live",
    [
        shared(("somebody", "Apply", AB), ours=AB),
        shared(("helm", "Update", {"f:data": {"f:mine": {}}}), ours=AB),
        shared(("kubectl-client-side-apply", "Apply", AB), ours=AB),
        {"metadata": {"managedFields": [{"manager": "helm", "operation": "Update", "fieldsV1": AB}]}},
        *(None, 7, [], {}, {"metadata": 7}, {"metadata": {"managedFields": [7, {}, None]}}),
    ],
)
def test_where_no_tool_shares_a_field_nothing_is_written(live: object) -> None:
    assert handed_on(live) is None


def test_what_is_left_to_others_is_not_handed_on() -> None:
    live = shared(("kubectl", "Apply", AB), ours=AB)

    assert handed_on(live, keep=lambda _: {}) is None
    assert handed_on(live, keep=lambda _: {"f:data": {"f:a": {}}}) == {
        "pattern-operator": AB,
        "kubectl": {"f:data": {"f:b": {}}},
    }


def test_a_share_in_another_version_is_given_up_by_the_tool() -> None:
    live = shared(("helm", "Update", {"f:data": {"f:a": {}, "f:mine": {}}}), ours=AB, version="v1beta1")

    assert handed_on(live) == {"pattern-operator": AB}


async def wipe(harness: Harness, desired: Object, *, by: Any) -> None:
    """Clear managedFields as kubectl does, and apply again: the API server then says that all was there before."""
    body = await harness.patch(desired.key, {"metadata": {"managedFields": [{}]}})
    await harness.caught_up(body, desired.key)
    again = await harness.apply(desired, by=by)
    found = managers(await harness.get(desired.key))
    await harness.caught_up(await harness.get(desired.key), desired.key)
    assert again.failures == ()
    assert ("before-first-apply", "Update", "") in found


async def test_a_field_that_leaves_after_the_managers_of_an_own_object_were_cleared_goes(
    harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    await harness.apply(desired, by=team)
    await wipe(harness, desired, by=team)

    before = len(harness.requests)
    await harness.apply(config_map("c", namespace, a="1"), by=team)
    first = [verb for verb, _, _ in harness.requests[before:] if verb not in ("watch", "list")]
    await harness.caught_up(await harness.get(desired.key), desired.key)
    before = len(harness.requests)
    await harness.apply(config_map("c", namespace, a="2"), by=team)
    second = [verb for verb, _, _ in harness.requests[before:] if verb not in ("watch", "list")]

    assert (await harness.get(desired.key))["data"] == {"a": "2"}
    assert (first, second) == (["get", "patch", "patch"], ["patch"])
    assert harness.managed_objects.remaining(team.id) == {}


async def test_a_container_a_port_and_a_probe_that_leave_after_that_go_with_their_defaults(
    harness: Harness, namespace: str
) -> None:
    team, after = owner(), deployment("d", namespace)
    spec = after.body["spec"]
    pod = spec["template"]["spec"]
    (main,) = pod["containers"]
    more = {
        **main,
        "env": [*main["env"], {"name": "OLD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"containerPort": 80, "name": "http"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    }
    side = {"name": "side", "image": "registry.example/side:1"}
    volumes = [{"name": "v", "configMap": {"name": "one"}}]
    template = {**spec["template"], "spec": {"containers": [more, side], "volumes": volumes}}
    before = Object.of({**after.body, "spec": {**spec, "template": template}})
    await harness.apply(before, by=team)
    await wipe(harness, before, by=team)

    applied = await harness.apply(after, by=team)

    left = (await harness.get(after.key))["spec"]["template"]["spec"]
    assert applied.failures == ()
    assert [each["name"] for each in left["containers"]] == ["main"]
    assert left["containers"][0]["env"] == main["env"]
    assert "ports" not in left["containers"][0]
    assert "readinessProbe" not in left["containers"][0]
    assert "volumes" not in left


async def test_a_port_that_leaves_after_that_goes_though_what_the_server_filled_in_was_there(
    harness: Harness, namespace: str
) -> None:
    team, after = owner(), deployment("d", namespace)
    spec = after.body["spec"]
    (main,) = spec["template"]["spec"]["containers"]
    ports = [{"containerPort": 80}, {"containerPort": 81}]
    template = {**spec["template"], "spec": {"containers": [{**main, "ports": ports}]}}
    before = Object.of({**after.body, "spec": {**spec, "template": template}})
    fewer = {**spec["template"], "spec": {"containers": [{**main, "ports": ports[:1]}]}}
    await harness.apply(before, by=team)
    await wipe(harness, before, by=team)

    await harness.apply(Object.of({**after.body, "spec": {**spec, "template": fewer}}), by=team)

    (left,) = (await harness.get(after.key))["spec"]["template"]["spec"]["containers"]
    assert [each["containerPort"] for each in left["ports"]] == [80]


async def test_what_kubectl_applied_with_the_same_content_goes_when_it_leaves(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    await harness.apply(desired, by=team)
    kubectl(cluster, "apply", "--server-side", "--force-conflicts", "-f", "-", body=desired, namespace=namespace)
    await harness.caught_up(await harness.get(desired.key), desired.key)

    await harness.apply(config_map("c", namespace, a="1"), by=team)

    assert (await harness.get(desired.key))["data"] == {"a": "1"}


async def test_what_another_controller_applies_too_stays_and_is_told_until_it_lets_go(
    harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    await harness.apply(desired, by=team)
    await harness.caught_up(await harness.put(desired, manager="some-controller"), desired.key)

    await harness.apply(config_map("c", namespace, a="1"), by=team)
    told = harness.managed_objects.remaining(team.id)
    body = await harness.put(config_map("c", namespace, a="1"), manager="some-controller")
    await harness.caught_up(body, desired.key)

    assert [(each.manager, each.field) for each in told[desired.key]] == [("some-controller", ".data.b")]
    assert (await harness.get(desired.key))["data"] == {"a": "1"}
    assert harness.managed_objects.remaining(team.id) == {}
