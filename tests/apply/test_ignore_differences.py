"""Fields that the pattern leaves to others: pure rules first, then on the real API server."""

from typing import Any

import pytest
from tests.apply.harness import Harness, config_map, deployment, owner, secret
from tests.cputime import cpu_time

from pattern_operator.api.apply_spec import IgnoreDifferences, IgnoreTarget
from pattern_operator.api.fields import ManagedFieldsEntry
from pattern_operator.api.object import Object
from pattern_operator.apply.ignore_differences import (
    decode_rules,
    formerly_applied,
    has,
    pointer,
    pointers_of,
    release_patch,
    unmatched_rules,
    without,
    without_released,
)
from pattern_operator.apply.replicas import scaled_in, scaler_of

BODY = {"spec": {"a": 1, "list": [{"name": "x", "b": 1, "c": 2}, {"name": "y"}], "m": {"only": 1}, "e": {}}}


def rule(*paths: str, **target: str) -> IgnoreDifferences:
    return IgnoreDifferences(paths=paths, target=IgnoreTarget(**target) if target else None)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("/spec/replicas", ("spec", "replicas")),
        ("/metadata/annotations/a.b~1c", ("metadata", "annotations", "a.b/c")),
        ("/data/~01", ("data", "~1")),
        ("/data/", ("data", "")),
    ],
)
def test_a_pointer_is_read_as_rfc_6901_says(text: str, segments: tuple[str, ...]) -> None:
    assert pointer(text) == segments


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("/spec/a", {"spec": {key: value for key, value in BODY["spec"].items() if key != "a"}}),
        ("/spec/m/only", {"spec": {key: value for key, value in BODY["spec"].items() if key != "m"}}),
        ("/spec/list/0/b", {"spec": {**BODY["spec"], "list": [{"name": "x", "c": 2}, {"name": "y"}]}}),
        ("/spec/list/0", {"spec": {**BODY["spec"], "list": [{"name": "y"}]}}),
        ("/spec/list/2", BODY),
        ("/spec/list/00", BODY),
        ("/spec/list/-", BODY),
        ("/spec/other", BODY),
        ("/spec/a/b", BODY),
        ("/spec", {}),
    ],
)
def test_what_a_pointer_names_is_left_out_and_nothing_else(path: str, left: Any) -> None:
    assert without(BODY, [pointer(path)]) == left
    assert has(BODY, pointer(path)) is (left != BODY)


def test_a_field_may_have_any_name_even_one_without_a_letter() -> None:
    body = {"data": {"\0": "a", "b": "c", "": {"\0": {"d": 1}, "e": 2}}}

    assert without(body, [("data", "\0")]) == {"data": {"b": "c", "": {"\0": {"d": 1}, "e": 2}}}
    assert without(body, [("data", "", "\0", "d")]) == {"data": {"\0": "a", "b": "c", "": {"e": 2}}}
    assert without(body, [("data", "\0", "x")]) == body


def test_the_most_rules_that_there_may_be_cost_an_object_little_once_they_are_decoded() -> None:
    rules = [rule(*("/data" + "/a" * (120 - number % 20) + f"/{number}" for number in range(32))) for _ in range(16)]
    desired, known = config_map("c", "team", a="1"), decode_rules(rules)

    assert pointers_of(known, desired) == ()
    assert cpu_time(lambda: pointers_of(known, desired), enough=0.002) < 0.002  # decode_rules anew, 5 ms


def test_a_rule_whose_target_fits_no_object_is_named() -> None:
    objects = [deployment("web", "team"), config_map("settings", "team")]
    rules = [
        rule("/spec/replicas", kind="Deployment", name="web"),
        rule("/spec/replicas", kind="Deploymnt", name="web"),
        rule("/data/a"),  # which means all objects
        rule("/data/a", group="", namespace="other"),
        rule("/nowhere", kind="ConfigMap"),  # which others may have set
    ]

    assert unmatched_rules(rules, objects) == (
        "apply.ignoreDifferences[1] does nothing: no object of the pattern has kind Deploymnt, name web",
        "apply.ignoreDifferences[3] does nothing: no object of the pattern has group empty, namespace other",
    )
    assert unmatched_rules(rules[:1], objects) == ()
    assert len(unmatched_rules(rules[:1], [])) == 1


def test_a_rule_for_all_objects_is_not_missed_where_there_is_none() -> None:
    assert unmatched_rules([rule("/spec/a")], []) == ()


def test_several_pointers_into_one_list_mean_its_entries_as_they_were() -> None:
    assert without(BODY, [("spec", "list", "0"), ("spec", "list", "1")])["spec"].get("list", []) == []
    assert without(BODY, [("spec", "m"), ("spec", "m", "only")]) == without(
        BODY, [("spec", "m", "only"), ("spec", "m")]
    )


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        ({}, True),
        ({"kind": "Deployment"}, True),
        ({"group": "apps", "version": "v1", "kind": "Deployment", "name": "d", "namespace": "team"}, True),
        ({"group": ""}, False),
        ({"version": "v1beta1"}, False),
        ({"kind": "StatefulSet"}, False),
        ({"name": "other"}, False),
        ({"namespace": "other"}, False),
    ],
)
def test_a_target_means_what_all_of_it_is_true_of(target: dict[str, str], meant: bool) -> None:
    found = pointers_of(decode_rules([rule("/spec/replicas", **target)]), deployment("d", "team"))

    assert found == ((("spec", "replicas"),) if meant else ())


def test_what_the_object_does_not_have_is_nothing_to_leave() -> None:
    assert pointers_of(decode_rules([rule("/spec/paused", "/data/x")]), deployment("d", "team")) == ()


def test_entries_of_a_list_are_given_up_by_their_keys() -> None:
    fields: dict[str, Any] = {
        "f:spec": {"f:list": {'k:{"name":"x"}': {".": {}, "f:name": {}, "f:b": {}}, 'k:{"name":"y"}': {".": {}}}}
    }

    left = without_released(fields, body=BODY, paths=[("spec", "list", "0", "b"), ("spec", "list", "1")])

    assert left == {"f:spec": {"f:list": {'k:{"name":"x"}': {".": {}, "f:name": {}}}}}


def test_an_object_as_a_whole_is_given_up() -> None:
    assert without_released({"f:spec": {"f:a": {}}}, body=BODY, paths=[()]) == {}


def test_what_is_given_up_leaves_the_entries_of_others_as_they_are() -> None:
    ours = {"manager": "pattern-operator", "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {}, "f:m": {}}}}
    theirs = {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": {"f:a": {}}}}
    live = {"metadata": {"uid": "u", "resourceVersion": "7", "managedFields": [theirs, ours]}}

    assert release_patch(live, body=BODY, paths=[("spec", "a")]) == {
        "uid": "u",
        "resourceVersion": "7",
        "managedFields": [theirs, {**ours, "fieldsV1": {"f:spec": {"f:m": {}}}}],
    }
    assert release_patch(live, body=BODY, paths=[("spec", "other")]) is None


def test_a_pointer_to_a_value_and_one_into_it_mean_the_value() -> None:
    whole, part = ("spec", "m"), ("spec", "m", "only")
    left = {"spec": {key: value for key, value in BODY["spec"].items() if key != "m"}}

    assert without(BODY, [whole, part]) == without(BODY, [part, whole]) == without(BODY, [whole]) == left


def test_an_index_is_read_to_six_digits() -> None:
    assert has([0] * 100_001, ("100000",))
    assert not has([0] * 2, ("0000001",))
    assert not has([0] * 1_000_001, ("1000000",))


def test_of_a_secret_both_names_of_its_data_are_meant() -> None:
    sent = secret("s", "team", a="x")
    other = config_map("c", "team", a="1")

    assert set(pointers_of(decode_rules([rule("/stringData/a")]), sent)) == {("data", "a"), ("stringData", "a")}
    assert pointers_of(decode_rules([rule("/metadata/name")]), sent) == (("metadata", "name"),)
    assert pointers_of(decode_rules([rule("/data/a")]), other) == (("data", "a"),)


def test_a_field_that_was_applied_before_is_one_beside_the_fields_of_the_object_that_is_meant() -> None:
    here = config_map("c", "team", a="1")
    rules = decode_rules([rule("/data/b", "/data/a", "/spec/x"), rule("/data/c", name="other")])

    assert formerly_applied(rules, here) == (("data", "b"),)


def test_a_field_of_a_list_entry_may_have_been_applied_before() -> None:
    body = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"list": [{"a": 1}]}}
    rules = decode_rules([rule("/spec/list/0/b", "/spec/list/1/b")])

    assert formerly_applied(rules, Object.of(body)) == (("spec", "list", "0", "b"),)


@pytest.mark.parametrize("live", [None, 7, {}, {"metadata": {"managedFields": [7, {"manager": "pattern-operator"}]}}])
def test_of_an_object_of_any_shape_nothing_is_given_up(live: object) -> None:
    assert release_patch(live, body=BODY, paths=[("spec", "a")]) is None


@pytest.mark.parametrize(
    ("name", "subresource", "found"),
    [
        ("kube-controller-manager", "scale", "kube-controller-manager"),
        ("keda", "scale", "keda"),
        ("kubectl", "scale", ""),
        ("kubectl-scale", "scale", ""),
        ("kube-controller-manager", "", ""),
        ("kube-controller-manager", "status", ""),
    ],
)
def test_an_autoscaler_is_told_by_the_subresource_that_it_writes(name: str, subresource: str, found: str) -> None:
    assert scaler_of([ManagedFieldsEntry(name, "Update", subresource, "", {"f:spec": {"f:replicas": {}}})]) == found
    assert scaler_of([ManagedFieldsEntry(name, "Update", subresource, "", {"f:spec": {}})]) == ""


# --- on the real API server -------------------------------------------------------------------------------------------


async def test_it_is_applied_when_the_object_is_made_and_then_left_to_others(harness: Harness, namespace: str) -> None:
    team, desired, ignored = owner(), deployment("d", namespace, replicas=2), (rule("/spec/replicas"),)
    first = await harness.apply(desired, by=team, ignored=ignored)
    made = (await harness.get(desired.key))["spec"]["replicas"]
    changed = await harness.put(
        Object.of(
            {**desired.body, "spec": {"replicas": 5, **{k: desired.body["spec"][k] for k in ("selector", "template")}}}
        ),
        manager="scaler",
    )
    await harness.caught_up(changed, desired.key)
    drifted = harness.managed_objects.drifted(team.id)

    again = await harness.apply(deployment("d", namespace, replicas=3), by=team, ignored=ignored)

    assert (first.failures, again.failures, drifted) == ((), (), ())
    assert made == 2
    assert (await harness.get(desired.key))["spec"]["replicas"] == 5
    assert await fields_of_ours(harness, desired, "f:spec", "f:replicas") is None


async def fields_of_ours(harness: Harness, desired: Object, *path: str) -> Any:
    entries = (await harness.get(desired.key))["metadata"]["managedFields"]
    (found,) = (each["fieldsV1"] for each in entries if each["manager"] == "pattern-operator")
    for name in path:
        found = found.get(name) if found is not None else None
    return found


async def test_a_field_that_was_applied_before_keeps_its_value_when_it_is_ignored(
    harness: Harness, namespace: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="1")
    await harness.apply(desired, by=team)

    await harness.apply(config_map("c", namespace, a="2", b="2"), by=team, ignored=(rule("/data/b"),))
    ignored = (await harness.get(desired.key))["data"]
    owned = await fields_of_ours(harness, desired, "f:data")
    await harness.apply(config_map("c", namespace, a="3", b="3"), by=team)

    assert ignored == {"a": "2", "b": "1"}
    assert owned == {"f:a": {}}
    assert (await harness.get(desired.key))["data"] == {"a": "3", "b": "3"}  # no longer ignored: applied again


@pytest.mark.parametrize("conflicts", ["Fail", "Take"])
async def test_what_others_have_of_an_adopted_object_stays_theirs(
    harness: Harness, namespace: str, conflicts: str
) -> None:
    team, desired = owner(), config_map("c", namespace, a="1", b="ours")
    await harness.put(config_map("c", namespace, a="1", b="theirs"), manager="kubectl-client-side-apply")

    applied = await harness.apply(desired, by=team, conflicts=conflicts, ignored=(rule("/data/b"),))

    assert applied.failures == ()
    assert (await harness.get(desired.key))["data"] == {"a": "1", "b": "theirs"}


async def test_a_part_of_a_list_entry_and_of_a_secret_are_left_too(harness: Harness, namespace: str) -> None:
    team, first, hidden = owner(), deployment("d", namespace), secret("s", namespace, a="1", b="1")
    ignored = (rule("/spec/template/spec/containers/0/image"), rule("/stringData/b", kind="Secret"))
    await harness.apply(first, hidden, by=team, ignored=ignored)
    image = [{"name": "main", "image": "registry.example/main:9"}]
    spec = first.body["spec"]
    template = {**spec["template"], "spec": {"containers": image}}
    await harness.patch(hidden.key, {"data": {"b": "Mg=="}})
    await harness.put(Object.of({**first.body, "spec": {**spec, "template": template}}), manager="setter")

    again = await harness.apply(first, hidden, by=team, ignored=ignored)

    assert again.failures == ()
    assert (await harness.get(first.key))["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":9")
    assert (await harness.get(hidden.key))["data"]["b"] == "Mg=="


async def test_it_costs_other_objects_no_request(harness: Harness, namespace: str) -> None:
    team, desired = owner(), config_map("c", namespace)
    ignored = (rule("/spec/replicas"),)
    await harness.apply(desired, by=team, ignored=ignored)
    before = len(harness.requests)

    await harness.apply(desired, by=team, ignored=ignored)

    assert [verb for verb, _, _ in harness.requests[before:] if verb != "watch"] == ["patch"]


def scaler(namespace: str, *, kind: str = "HorizontalPodAutoscaler", name: str = "d") -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9}
    metadata = {"name": "h", "namespace": namespace}
    return Object.of({"apiVersion": "autoscaling/v2", "kind": kind, "metadata": metadata, "spec": spec})


def without_replicas(namespace: str) -> Object:
    made = deployment("d", namespace)
    del made.body["spec"]["replicas"]
    return made


@pytest.mark.parametrize(
    ("target", "scaled"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}, {("apps", "Deployment", "team", "d")}),
        ({"name": "d"}, {("apps", "Deployment", "team", "d")}),
        ({"kind": "StatefulSet", "apiVersion": "apps/v1", "name": "d"}, {("apps", "StatefulSet", "team", "d")}),
        ({"kind": "ReplicationController", "name": "d"}, {("", "ReplicationController", "team", "d")}),
        ({"kind": "Deployment"}, set()),
        (["d"], set()),
        (None, set()),
    ],
)
def test_what_autoscalers_of_any_kind_and_shape_aim_at_is_read(target: Any, scaled: set[Any]) -> None:
    body = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "s", "namespace": "team"}}

    assert scaled_in([Object.of({**body, "spec": {"scaleTargetRef": target}}), config_map("c", "team")]) == scaled


@pytest.mark.parametrize("when", ["before", "with it", "a rule with it", "never"])
@pytest.mark.parametrize("known", ["seen", "of an earlier life"])
async def test_replicas_that_leave_the_manifest_keep_their_value_where_an_autoscaler_takes_them(
    harness: Harness, open_room: Any, namespace: str, when: str, known: str
) -> None:
    team, after, autoscaler = owner(), without_replicas(namespace), scaler(namespace)
    await harness.apply(deployment("d", namespace, replicas=5), by=team)
    if when == "before":
        await harness.apply(autoscaler, by=team)
    ignored = (rule("/spec/replicas"),) if when == "a rule with it" else ()
    desired = (after, autoscaler) if when in ("before", "with it") else (after,)

    if known == "seen":
        applied = await harness.apply(*desired, by=team, ignored=ignored)
    else:
        async with open_room() as later:
            applied = await later.apply(*desired, by=team, ignored=ignored)
    again = await harness.apply(*desired, by=team, ignored=ignored)

    assert (applied.failures, again.failures) == ((), ())
    live = await harness.get(after.key)
    assert live["spec"]["replicas"] == (1 if when == "never" else 5)
    assert not [
        each for each in live["metadata"]["managedFields"] if "f:replicas" in each["fieldsV1"].get("f:spec", {})
    ]


async def test_an_autoscaler_of_another_workload_keeps_no_replicas(harness: Harness, namespace: str) -> None:
    team = owner()
    await harness.apply(deployment("d", namespace, replicas=5), scaler(namespace, name="other"), by=team)

    await harness.apply(without_replicas(namespace), scaler(namespace, name="other"), by=team)

    assert (await harness.get(deployment("d", namespace).key))["spec"]["replicas"] == 1


async def test_any_field_that_leaves_the_manifest_and_is_ignored_at_once_keeps_its_value(
    harness: Harness, namespace: str
) -> None:
    team, before = owner(), config_map("c", namespace, a="1", b="2", c="3")
    await harness.apply(before, by=team)

    await harness.apply(config_map("c", namespace, a="1"), by=team, ignored=(rule("/data/b"),))

    assert (await harness.get(before.key))["data"] == {"a": "1", "b": "2"}
