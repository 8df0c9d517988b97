"""What people put in the place of the pattern's fields is removed by a repair: pure rules, then a real server."""

import json
from typing import Any

import orjson
import pytest
from tests.apply.fake_cluster import FakeCluster, managed
from tests.apply.harness import Harness, config_map, deployment, owner
from tests.testbed.testbed import Testbed

from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.api.object import Object
from pattern_operator.api.reason import Reason
from pattern_operator.apply import NotificationKind
from pattern_operator.apply.adoption import Adopt, Create, Own
from pattern_operator.apply.field_reclaim import FieldReclaim, may_reclaim
from pattern_operator.apply.metadata_edit import MetadataEditor
from pattern_operator.apply.replaced_fields import Blocked, handed_over, in_the_way, is_by_hand, replaced, steps
from pattern_operator.kube import ApiError, Resource
from pattern_operator.kube.status_message import StatusCause

SERVICE = {"spec": {"ports": [{"port": 80, "name": "http"}], "selector": {"a": "b"}}}
PORT = 'k:{"port":80,"protocol":"TCP"}'
OTHER = 'k:{"port":8080,"protocol":"TCP"}'


def ports(*names: str) -> dict[str, Any]:
    return {"f:spec": {"f:ports": {name: {".": {}, "f:port": {}} for name in names}}}


def test_an_entry_in_the_place_of_one_that_is_gone_is_picked() -> None:
    assert replaced(ports(OTHER), body=SERVICE, live=ports(OTHER)) == ports(OTHER)


def test_an_entry_beside_those_of_the_pattern_was_added_and_stays() -> None:
    assert replaced(ports(OTHER), body=SERVICE, live=ports(PORT, OTHER)) == {}


def test_another_member_of_a_union_is_picked_where_ours_is_gone_only() -> None:
    body = {"env": [{"name": "A", "value": "x"}], "volumes": [{"name": "v", "configMap": {"name": "x"}}]}
    theirs: dict[str, Any] = {
        "f:env": {'k:{"name":"A"}': {"f:valueFrom": {}}},
        "f:volumes": {'k:{"name":"v"}': {"f:emptyDir": {}}},
    }
    there: dict[str, Any] = {
        "f:env": {'k:{"name":"A"}': {"f:value": {}}},
        "f:volumes": {'k:{"name":"v"}': {"f:configMap": {}}},
    }

    assert replaced(theirs, body=body, live=theirs) == theirs
    assert replaced(theirs, body=body, live=there) == {}


@pytest.mark.parametrize("section", ["annotations", "labels"])
def test_what_is_added_to_metadata_stays_also_where_something_went(section: str) -> None:
    theirs: dict[str, Any] = {"f:metadata": {f"f:{section}": {"f:new": {}}}}
    deep = {"f:spec": {"f:template": theirs}}
    body = {"metadata": {section: {"old": "1"}}}

    assert replaced(theirs, body=body, live=theirs) == {}
    assert replaced(deep, body={"spec": {"template": body}}, live=deep) == {}


@pytest.mark.parametrize("body", [None, 7, [], {}, {"spec": 7}, {"spec": {"ports": "x"}}, {"spec": {"ports": [None]}}])
def test_a_manifest_of_any_shape_is_compared(body: object) -> None:
    replaced(ports(OTHER), body=body, live={})
    in_the_way(ports(OTHER), body=body, causes=[StatusCause("spec.ports[0]", "FieldValueDuplicate", "Duplicate value")])


@pytest.mark.parametrize("live", [None, 7, [], {"metadata": {"managedFields": [7, None, {"fieldsV1": 7}]}}])
def test_of_an_object_of_any_shape_nothing_is_handed_over(live: object) -> None:
    assert handed_over(live, config_map("c", "team"), pick=lambda _, fields: fields) is None


@pytest.mark.parametrize(
    ("cause", "taken"),
    [
        (StatusCause("spec.ports[1].name", "FieldValueDuplicate", "Duplicate value"), True),
        (StatusCause("spec.ports[1].name", "FieldValueRequired", "Required value"), True),
        (StatusCause("spec.selector", "FieldValueInvalid", "must be a label"), False),
        (StatusCause("spec", "FieldValueForbidden", "Forbidden"), False),
        (StatusCause("spec.ports[x]", "FieldValueDuplicate", "Duplicate value"), False),
    ],
)
def test_only_what_the_server_names_is_in_the_way(cause: StatusCause, taken: bool) -> None:
    assert bool(in_the_way(ports(OTHER), body=SERVICE, causes=[cause])) is taken


def test_paths_are_read_as_the_server_writes_them() -> None:
    assert steps("spec.a[3].b") == ("spec", "a", "[]", "b")
    assert steps('data["x y"]') == ()


@pytest.mark.parametrize(
    ("name", "operation", "subresource", "is_"),
    [
        ("kubectl-edit", "Update", "", True),
        ("kubectl-patch", "Update", "", True),
        ("kubectl-client-side-apply", "Update", "", True),
        ("helm", "Update", "", True),
        ("kubectl-edit", "Update", "status", False),
        ("kubectl", "Update", "scale", False),
        ("kubectl", "Apply", "", False),
        ("kube-controller-manager", "Update", "", False),
        ("kustomize-controller", "Apply", "", False),
        ("kubectlish", "Update", "", False),
        ("before-first-apply", "Update", "", False),
    ],
)
def test_people_are_told_from_controllers(name: str, operation: str, subresource: str, is_: bool) -> None:
    assert is_by_hand(ManagedFieldsEntry(name, operation, subresource, "", {})) is is_


OWN, ADOPT = Own("u", adopted=False), Adopt("u")


@pytest.mark.parametrize(
    ("decision", "name", "operation", "takes", "may"),
    [
        (OWN, "kubectl-edit", "Update", True, True),
        (OWN, "before-first-apply", "Update", True, True),
        (OWN, "kube-controller-manager", "Update", True, False),
        (OWN, "kustomize-controller", "Apply", True, False),
        (ADOPT, "kubectl-edit", "Update", True, True),
        (ADOPT, "kubectl-edit", "Update", False, False),
        (ADOPT, "kubectl-client-side-apply", "Update", False, True),
        (ADOPT, "kube-controller-manager", "Update", True, False),
        (Create(), "kubectl-edit", "Update", True, False),
        (Create(), "kubectl-client-side-apply", "Update", False, False),
    ],
)
def test_whose_fields_may_be_taken_depends_on_whose_the_object_is(
    decision: Own | Adopt | Create, name: str, operation: str, takes: bool, may: bool
) -> None:
    assert may_reclaim(decision, ManagedFieldsEntry(name, operation, "", "v1", {}), takes=takes) is may


# --- what is read, written and sent, at a cluster in memory -----------------------------------------------------------

WIDGETS = Resource("x.io", "v1", "Widget", "widgets", namespaced=True)
LISTS = ("a", "b", "c")


def widget() -> Object:
    spec = {name: [{"name": "ours"}] for name in LISTS}
    head = {"apiVersion": "x.io/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "team"}}
    return Object.of({**head, "spec": spec})


def added(*lists: str) -> dict[str, Any]:
    """The fields of an entry that somebody put into each of these lists."""
    return {"f:spec": {f"f:{name}": {'k:{"name":"theirs"}': {".": {}, "f:name": {}}} for name in lists}}


def clash(name: str) -> ApiError:
    cause = StatusCause(f"spec.{name}[1].name", "FieldValueDuplicate", "Duplicate value")
    return ApiError(code=422, reason="Invalid", message=f"spec.{name}[1].name: Duplicate value", causes=(cause,))


async def reclaimed(
    *refusals: ApiError, desired: Object | None = None, by: str = "kubectl-edit"
) -> tuple[Any, list[str], dict[str, Any]]:
    """What came of an apply that was refused so often, what was asked for it, and who holds which fields then."""
    desired, left = desired or widget(), list(refusals)
    resource = replace_resource(WIDGETS, desired)
    async with FakeCluster().serve() as cluster:
        entry = managed(by, "Update", added(*LISTS)) | {"apiVersion": desired.api_version}
        cluster.put(desired, managedFields=[entry])

        async def send() -> Any:
            if left:
                raise left.pop(0)
            return {"kind": "applied"}

        reclaim = FieldReclaim(
            editor=MetadataEditor(session=cluster.session, resource=resource, key=desired.key, impersonate=None),
            desired=desired,
            sent=orjson.dumps(desired.body),
            left=(),
            may=is_by_hand,
        )
        try:
            done: Any = await reclaim.applied(send)
        except ApiError as error:
            done = error
        held = {each["manager"]: each["fieldsV1"] for each in cluster.at(desired)["metadata"]["managedFields"]}
        return done, [each.method for each in cluster.requests], held


def replace_resource(resource: Resource, desired: Object) -> Resource:
    if desired.key.kind == "Widget":
        return resource
    return Resource("", "v1", desired.key.kind, f"{desired.key.kind.lower()}s", namespaced=True)


async def test_what_people_put_in_the_way_is_taken_and_the_apply_is_sent_again() -> None:
    done, asked, held = await reclaimed(clash("a"))

    assert (done, asked) == ({"kind": "applied"}, ["GET", "PATCH"])
    assert held == {"pattern-operator": added("a"), "kubectl-edit": added("b", "c")}


async def test_one_clash_after_the_other_is_taken() -> None:
    done, asked, held = await reclaimed(*map(clash, LISTS))

    assert (done, asked) == ({"kind": "applied"}, ["GET", "PATCH"] * 3)
    assert held == {"pattern-operator": added(*LISTS)}


async def test_an_apply_that_is_refused_for_ever_more_is_told_as_it_is() -> None:
    last = clash("a")

    done, _, _ = await reclaimed(*map(clash, LISTS), last)

    assert done is last


async def test_what_a_controller_put_in_the_way_is_named_and_stays() -> None:
    done, asked, held = await reclaimed(clash("a"), by="some-controller")

    assert isinstance(done, Blocked)
    assert [each.manager for each in done.held] == ["some-controller"]
    assert (asked, held) == (["GET"], {"some-controller": added(*LISTS)})


CLAIM = Object.of(
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "w", "namespace": "team"},
        "spec": widget().body["spec"],
    }
)


@pytest.mark.parametrize(
    ("refusal", "desired"),
    [
        pytest.param(ApiError(code=403, reason="Forbidden", message="no", causes=clash("a").causes), None, id="403"),
        pytest.param(
            ApiError(code=422, reason="Invalid", message="spec.a: field is immutable", causes=clash("a").causes),
            None,
            id="a field that it keeps for life",
        ),
        pytest.param(clash("a"), CLAIM, id="a claim, with which data would go"),
    ],
)
async def test_a_refusal_that_no_field_of_others_is_the_reason_of_is_told_as_it_is(
    refusal: ApiError, desired: Object | None
) -> None:
    done, asked, held = await reclaimed(refusal, desired=desired)

    assert done is refusal
    assert (asked, held) == ([], {"kubectl-edit": added(*LISTS)})


# --- on the real API server -------------------------------------------------------------------------------------------


def service(namespace: str, *ports: dict[str, Any]) -> Object:
    metadata = {"name": "s", "namespace": namespace}
    spec = {"selector": {"a": "b"}, "ports": list(ports) or [{"port": 80, "name": "http"}]}
    return Object.of({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def workload(namespace: str, *, name: str = "d", **container: Any) -> Object:
    made = deployment(name, namespace)
    spec = made.body["spec"]
    spec["strategy"] = {"type": "Recreate"}
    spec["template"]["spec"]["containers"][0] |= {
        "ports": [{"containerPort": 80, "name": "http"}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
        "volumeMounts": [{"name": "x", "mountPath": "/x"}],
        **container,
    }
    spec["template"]["spec"]["volumes"] = [{"name": "x", "configMap": {"name": "one"}}]
    return made


MAIN = "/spec/template/spec/containers/0"
FIELD = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
EDITS: dict[str, tuple[str, Any]] = {
    "the number of a named port": (f"{MAIN}/ports/0/containerPort", 81),
    "a value to a source": (f"{MAIN}/env/0", {"name": "LEVEL", **FIELD}),
    "the source of a volume": ("/spec/template/spec/volumes/0", {"name": "x", "emptyDir": {}}),
    "the handler of a probe": (f"{MAIN}/readinessProbe", {"tcpSocket": {"port": 80}}),
    "the strategy": ("/spec/strategy", {"type": "RollingUpdate"}),
    "a mount path": (f"{MAIN}/volumeMounts/0/mountPath", "/y"),
    "the name of a variable": (f"{MAIN}/env/0/name", "OTHER"),
}


def of_people(spec: Any) -> Any:
    """What the edits change, without what the API server fills in."""
    (main,) = spec["template"]["spec"]["containers"]
    probe, volumes = dict(main["readinessProbe"]), spec["template"]["spec"]["volumes"]
    handlers = sorted(name for name in probe if name in ("httpGet", "tcpSocket", "exec"))
    sources = [sorted(each) for each in volumes]
    env = [(each["name"], sorted(each)) for each in main["env"]]
    numbers = [each["containerPort"] for each in main["ports"]]
    return spec["strategy"], numbers, env, sources, handlers, [each["mountPath"] for each in main["volumeMounts"]]


async def edit(cluster: Testbed, desired: Object, path: str, value: Any, *, manager: str = "kubectl-edit") -> None:
    key, patch = desired.key, json.dumps([{"op": "replace", "path": path, "value": value}])
    cluster.kubectl(
        *("-n", key.namespace, "patch", key.kind.lower(), key.name, "--type=json", "-p", patch),
        f"--field-manager={manager}",
    )


@pytest.mark.parametrize("edited", EDITS)
async def test_what_somebody_put_in_the_place_of_ours_goes_in_the_repair(
    cluster: Testbed, harness: Harness, namespace: str, edited: str
) -> None:
    team, desired = owner(), workload(namespace)
    await harness.apply(desired, by=team)
    before = await harness.get(desired.key)
    await edit(cluster, desired, *EDITS[edited])
    await harness.told(NotificationKind.DRIFTED, desired.key, of=team)

    applied = await harness.apply(desired, by=team)
    after = await harness.get(desired.key)

    assert applied.failures == ()
    assert of_people(after["spec"]) == of_people(before["spec"])
    assert harness.managed_objects.drifted(team.id) == ()


@pytest.mark.parametrize("named", [{"name": "http"}, {}])
async def test_the_port_of_a_service_is_repaired_also_by_an_operator_that_did_not_see_it_change(
    cluster: Testbed, harness: Harness, open_room: Any, namespace: str, named: dict[str, Any]
) -> None:
    team, desired = owner(), service(namespace, {"port": 80, **named})
    await harness.apply(desired, by=team)
    await edit(cluster, desired, "/spec/ports/0/port", 8080, manager="kubectl-patch")

    async with open_room() as later:
        applied = await later.apply(desired, by=team)

    assert applied.failures == ()
    assert [each["port"] for each in (await harness.get(desired.key))["spec"]["ports"]] == [80]


async def test_a_newer_version_is_not_held_up_by_what_somebody_changed(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team = owner()
    await harness.apply(service(namespace), by=team)
    await edit(cluster, service(namespace), "/spec/ports/0/port", 8080)

    newer = service(namespace, {"port": 90, "name": "http"})
    applied = await harness.apply(newer, by=team)

    assert applied.failures == ()
    assert [each["port"] for each in (await harness.get(newer.key))["spec"]["ports"]] == [90]


async def test_what_people_added_beside_it_stays(cluster: Testbed, harness: Harness, namespace: str) -> None:
    team, desired = owner(), workload(namespace)
    await harness.apply(desired, by=team)
    more = {
        "metadata": {"labels": {"mine": "1"}},
        "spec": {
            "template": {
                "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}},
                "spec": {"containers": [{"name": "main", "image": "registry.example/other:1", "tty": True}]},
            }
        },
    }
    patch = json.dumps(more)
    cluster.kubectl("-n", namespace, "patch", "deployment", "d", "--type=strategic", "-p", patch)
    cluster.kubectl("-n", namespace, "set", "env", "deployment", "d", "MINE=1")
    await harness.told(NotificationKind.DRIFTED, desired.key, of=team)

    applied = await harness.apply(desired, by=team)
    live = await harness.get(desired.key)

    (main,) = live["spec"]["template"]["spec"]["containers"]
    assert applied.failures == ()
    assert main["image"] == "registry.example/main:1"
    assert main["tty"] is True
    assert {each["name"] for each in main["env"]} == {"LEVEL", "MINE"}
    assert live["metadata"]["labels"]["mine"] == "1"
    assert live["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] == "now"


async def test_a_controller_that_is_in_the_way_is_named_with_its_field_and_keeps_it(
    cluster: Testbed, harness: Harness, namespace: str
) -> None:
    team, desired = owner(), service(namespace)
    await harness.apply(desired, by=team)
    await edit(cluster, desired, "/spec/ports/0/port", 8080, manager="port-controller")
    before = await harness.get(desired.key)

    (failure,) = (await harness.apply(desired, by=team)).failures

    assert await harness.get(desired.key) == before
    assert failure.message.startswith("Remove .spec.ports")
    assert f"(kubectl edit service s -n {namespace})" in failure.message
    assert "field manager port-controller has set it, and must not set it again" in failure.message
    assert "by itself" not in failure.message
    assert "ecreate it" not in failure.message


@pytest.mark.parametrize("conflicts", ["Take", "Fail"])
async def test_what_kubectl_apply_made_is_adopted_though_keys_and_unions_differ(
    cluster: Testbed, harness: Harness, namespace: str, conflicts: str
) -> None:
    team, theirs = owner(), workload(namespace)
    spec = theirs.body["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "x", "emptyDir": {}}]
    spec["containers"][0] |= {
        "env": [{"name": "LEVEL", **FIELD}],
        "readinessProbe": {"tcpSocket": {"port": 80}},
        "ports": [{"containerPort": 81, "name": "http"}],
    }
    port = service(namespace, {"port": 8080, "name": "http"})
    for each in (theirs, port):
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(each.body))

    desired = workload(namespace)
    applied = await harness.apply(desired, service(namespace), by=team, conflicts=conflicts)
    other = await harness.apply(workload(namespace, name="fresh"), by=team)

    assert (applied.failures, other.failures) == ((), ())
    fresh = await harness.get(workload(namespace, name="fresh").key)
    assert of_people((await harness.get(desired.key))["spec"]) == of_people(fresh["spec"])
    assert [each["port"] for each in (await harness.get(port.key))["spec"]["ports"]] == [80]


async def test_what_is_left_to_others_is_not_taken(cluster: Testbed, harness: Harness, namespace: str) -> None:
    from pattern_operator.api.apply_spec import IgnoreDifferences

    team, desired = owner(), workload(namespace)
    rules = (IgnoreDifferences(paths=(f"{MAIN}/env",)),)
    await harness.apply(desired, by=team, ignored=rules)
    await edit(cluster, desired, f"{MAIN}/env/0", {"name": "LEVEL", **FIELD})
    await edit(cluster, desired, f"{MAIN}/ports/0/containerPort", 81)

    applied = await harness.apply(desired, by=team, ignored=rules)

    (main,) = (await harness.get(desired.key))["spec"]["template"]["spec"]["containers"]
    assert applied.failures == ()
    assert "valueFrom" in main["env"][0]
    assert [each["containerPort"] for each in main["ports"]] == [80]


async def test_a_failure_of_another_kind_is_said_as_before(harness: Harness, namespace: str) -> None:
    team = owner()
    await harness.apply(service(namespace), by=team)

    (failure,) = (await harness.apply(service(namespace, {"port": 0, "name": "http"}), by=team)).failures

    assert failure.reason is Reason.APPLY_FAILED
    assert "Remove" not in failure.message
