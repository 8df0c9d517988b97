"""A generated value is kept while our apply holds it, not once another manager has taken it: by a real server."""

import base64
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from tests.apply.harness import Harness, config_map, deployment, owner, secret
from tests.cputime import cpu_time

from pattern_operator.api.generated import FieldKeys, GeneratedFields, value_at
from pattern_operator.api.object import Object
from pattern_operator.apply.generated_fields import KeptObject, kept_values
from pattern_operator.apply.taken_fields import MOST_OTHERS

LEVEL = ("spec", "template", "spec", "containers", 0, "env", 0, "value")
SUBJECT = {"kind": "ServiceAccount", "name": "web", "namespace": "team"}
MALLORY = {"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}
THEIRS = base64.b64encode(b"theirs").decode()


def binding(namespace: str) -> Object:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"}
    metadata = {"name": "web", "namespace": namespace}
    body = {"apiVersion": f"{role['apiGroup']}/v1", "kind": "RoleBinding", "metadata": metadata}
    return Object.of({**body, "roleRef": role, "subjects": [SUBJECT]})


def env(value: str) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/main:1", "env": [{"name": "LEVEL", "value": value}]}
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


def rendered_again(desired: Object, path: FieldKeys) -> Object:
    """The same object with another value at ``path``."""
    body: Any = deepcopy(desired.body)
    value_at(body, path[:-1])[path[-1]] = "anew" if isinstance(value_at(body, path), str) else []
    return replace(desired, body=body)


async def kept(harness: Harness, desired: Object, path: FieldKeys) -> KeptObject:
    live = await harness.get(desired.key)
    return kept_values(rendered_again(desired, path), GeneratedFields(desired.key, (path,)), live)


OBJECTS = [
    pytest.param(
        lambda namespace: secret("c", namespace, p="first", q="q"),
        ("stringData", "p"),
        {"data": {"p": THEIRS}},
        id="text",
    ),
    pytest.param(
        lambda namespace: config_map("c", namespace, annotations={"salt": "first"}),
        ("metadata", "annotations", "salt"),
        {"metadata": {"annotations": {"salt": "theirs"}}},
        id="annotation",
    ),
    pytest.param(lambda namespace: deployment("c", namespace), LEVEL, env("theirs"), id="an entry of a list"),
    pytest.param(binding, ("subjects",), {"subjects": [SUBJECT, MALLORY]}, id="a list"),
]


@pytest.mark.parametrize(("make", "path", "change"), OBJECTS)
async def test_what_another_manager_has_taken_is_as_rendered(
    harness: Harness, namespace: str, make: Any, path: FieldKeys, change: Any
) -> None:
    desired = make(namespace)
    await harness.apply(desired, by=owner())
    await harness.patch(desired.key, change)

    made = await kept(harness, desired, path)

    assert (made.object, made.taken) == (rendered_again(desired, path), True)


@pytest.mark.parametrize(("make", "path", "change"), OBJECTS)
async def test_what_our_apply_holds_is_kept_whatever_others_write_beside_it(
    harness: Harness, namespace: str, make: Any, path: FieldKeys, change: Any
) -> None:
    desired = make(namespace)
    await harness.apply(desired, by=owner())
    await harness.patch(desired.key, {"metadata": {"labels": {"theirs": "x"}, "annotations": {"theirs": "x"}}})

    made = await kept(harness, desired, path)

    assert (made.object, made.taken) == (desired, False)


async def test_a_value_that_another_manager_applies_as_it_is_stays_ours_too(harness: Harness, namespace: str) -> None:
    desired = config_map("c", namespace, p="first")
    await harness.apply(desired, by=owner())
    await harness.put(desired, manager="somebody")

    made = await kept(harness, desired, ("data", "p"))

    assert (made.object, made.taken) == (desired, False)


async def test_of_a_mapping_only_what_was_taken_is_as_rendered(harness: Harness, namespace: str) -> None:
    desired = config_map("c", namespace, p="first", q="first")
    await harness.apply(desired, by=owner())
    await harness.patch(desired.key, {"data": {"p": "theirs", "r": "theirs"}})

    again = config_map("c", namespace, p="anew", q="anew")
    made = kept_values(again, GeneratedFields(again.key, (("data",),)), await harness.get(desired.key))

    assert (made.object.body["data"], made.taken) == ({"p": "anew", "q": "first"}, True)


@pytest.mark.parametrize("entries", [[{}], None], ids=["cleared", "made by others"])
async def test_a_value_that_nobody_or_somebody_else_has_written_alone_is_as_rendered(
    harness: Harness, namespace: str, entries: Any
) -> None:
    """Who clears managedFields, or makes the object anew, would have the value kept for good otherwise."""
    desired = config_map("c", namespace, p="first")
    await harness.apply(desired, by=owner())
    labels = (await harness.get(desired.key))["metadata"]["labels"]
    if entries is None:
        await harness.delete(desired.key)
        await harness.put(config_map("c", namespace, labels=labels, p="theirs"), manager="somebody")
    else:
        await harness.patch(desired.key, {"metadata": {"managedFields": entries}, "data": {"p": "theirs"}})

    made = await kept(harness, desired, ("data", "p"))

    assert (made.object, made.taken) == (rendered_again(desired, ("data", "p")), True)


async def test_a_value_that_others_take_behind_more_managers_than_are_looked_at_is_as_rendered(
    harness: Harness, namespace: str
) -> None:
    desired = config_map("c", namespace, p="first")
    await harness.apply(desired, by=owner())
    for number in range(MOST_OTHERS):
        each = config_map("c", namespace, annotations={f"a{number}": "x"}, p="first")
        await harness.put(each, manager=f"a{number:03}")
    many = await kept(harness, desired, ("data", "p"))
    await harness.patch(desired.key, {"data": {"p": "theirs"}})

    made = await kept(harness, desired, ("data", "p"))

    assert (many.object, many.taken) == (desired, False)
    assert (made.object, made.taken) == (rendered_again(desired, ("data", "p")), True)


def test_a_mapping_of_very_many_generated_keys_is_looked_at_in_time_in_proportion() -> None:
    """Each key looked at all keys of its level, which took 64 s."""
    names = [f"k{number}" for number in range(32_000)]
    entries = [{**OURS, "fieldsV1": {"f:data": {f"f:{name}": {} for name in names}}}]
    live = {"metadata": {"managedFields": entries}, "data": dict.fromkeys(names, "old")}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": dict.fromkeys(names, "new")}
    desired = Object.of(body)
    generated = GeneratedFields(desired.key, (("data",),))

    assert kept_values(desired, generated, live).object.body["data"] == live["data"]
    assert cpu_time(lambda: kept_values(desired, generated, live), enough=2.0) < 2.0


OURS = {"manager": "pattern-operator", "operation": "Apply"}


@pytest.mark.parametrize(
    ("ours", "theirs", "taken"),
    [
        ({"f:a": {}}, {"f:a": {}}, False),
        ({"f:a": {"v:1": {}}}, {"f:a": {"v:1": {}}}, False),
        ({"f:a": {"v:1": {}}}, {"f:a": {"v:2": {}}}, True),
        ({"f:a": {"i:0": {}}}, {"f:a": {"i:1": {}}}, True),
        ({"f:b": {}}, {"f:a": {}}, True),
        ({"f:b": {}}, {"f:a": {".": {}, "i:0": {}}}, True),
        ({"f:b": {}}, {"f:c": {}}, True),
        ({"f:a": {f"v:{n}": {} for n in range(20_000)}}, {"f:a": {"v:1": {}}}, True),
    ],
    ids=["both", "one member", "another", "a position", "theirs", "a part", "nobody", "too many to compare"],
)
def test_a_list_is_taken_where_another_manager_has_a_part_of_it_that_our_apply_has_not(
    ours: Any, theirs: Any, taken: bool
) -> None:
    entries = [{**OURS, "fieldsV1": ours}, {"manager": "x", "operation": "Update", "fieldsV1": theirs}]
    live = {"metadata": {"managedFields": entries}, "a": [1, 2]}
    desired = Object.of({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "a": [1]})

    made = kept_values(desired, GeneratedFields(desired.key, (("a",),)), live)

    assert (made.object.body["a"], made.taken) == ([1] if taken else [1, 2], taken)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("i:0", "i:3"), False),
        (("i:1",), True),
        (("v:9", "v:1"), False),
        (("v:2",), True),
        (("v:",), True),
        (("k:{}",), False),
        (("k:",), True),
        (('k:{"a":1}',), True),
    ],
)
def test_an_entry_of_a_list_is_found_by_what_names_it_in_managed_fields(names: tuple[str, ...], taken: bool) -> None:
    entries = [
        {**OURS, "fieldsV1": {"f:a": {name: {} for name in (*names, ".")}}},
        {"manager": "x", "operation": "Update", "fieldsV1": {"f:a": {"i:0": {}}}},
    ]
    live = {"metadata": {"managedFields": entries}, "a": [1]}
    desired = Object.of({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "a": [3]})

    made = kept_values(desired, GeneratedFields(desired.key, (("a", 0),)), live)

    assert (made.object.body["a"], made.taken) == ([3] if taken else [1], taken)


@pytest.mark.parametrize(
    ("name", "taken"),
    [('k:{"port":80,"protocol":"TCP"}', False), ('k:{"port":80,"protocol":"UDP"}', True), ('k:{"port":81}', True)],
)
def test_an_entry_is_known_by_all_of_its_keys(name: str, taken: bool) -> None:
    entries = [
        {**OURS, "fieldsV1": {"f:a": {name: {".": {}, "f:v": {}}}}},
        {"manager": "x", "operation": "Update", "fieldsV1": {"f:a": {'k:{"port":80,"protocol":"TCP"}': {"f:v": {}}}}},
    ]
    entry = {"protocol": "TCP", "port": 80}
    live = {"metadata": {"managedFields": entries}, "a": [{**entry, "v": "old"}]}
    body = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "a": [{**entry, "v": "new"}]}
    desired = Object.of(body)

    made = kept_values(desired, GeneratedFields(desired.key, (("a", 0, "v"),)), live)

    assert made.object.body["a"] == [{**entry, "v": "new" if taken else "old"}]
