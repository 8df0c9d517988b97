"""Which objects keep a Namespace or a CustomResourceDefinition from being deleted with them, at a cluster in memory."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.apply.fake_cluster import FakeCluster, Request, answer, path_of, status
from tests.apply.harness import config_map, namespace_named

from pattern_operator.api.object import Object, ObjectKey
from pattern_operator.apply import remaining_content
from pattern_operator.apply.remaining_content import RemainingContent, find_remaining_content
from pattern_operator.kube import Resource

SPACE = namespace_named("own").key
CRD = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")
WIDGET = Resource("example.com", "v1", "Widget", "widgets", namespaced=True)
OWNER, OWNER_LABEL = "webwebwebwebwebwebwebweb", "pattern-operator.io/owner"
ACCOUNT = "system:serviceaccount:team:web"


def kind(name: str, group: str = "", *, namespaced: bool = True) -> Resource:
    return Resource(group, "v1", name, f"{name.lower()}s", namespaced=namespaced)


KINDS = [kind("ConfigMap"), kind("Secret"), kind("ServiceAccount"), kind("Event"), kind("Node", namespaced=False)]


@pytest.fixture
async def cluster() -> AsyncIterator[FakeCluster]:
    async with FakeCluster().serve() as cluster:
        cluster.discovery.listed = list(KINDS)
        yield cluster


async def look(cluster: FakeCluster, key: ObjectKey = SPACE, **more: Any) -> RemainingContent:
    more = {"impersonate": None} | more
    return await find_remaining_content(key, session=cluster.session, discovery=cluster.discovery, **more)


def object_of(of_kind: str, name: str, **metadata: Any) -> Object:
    body = {"apiVersion": "v1", "kind": of_kind, "metadata": {"name": name, "namespace": "own", **metadata}}
    return Object.of(body)


def owned_by(of_kind: str, name: str, uid: str, api_version: str = "v1") -> dict[str, Any]:
    return {"ownerReferences": [{"apiVersion": api_version, "kind": of_kind, "name": name, "uid": uid}]}


async def test_what_is_in_a_namespace_is_named_and_looked_for_as_the_account(cluster: FakeCluster):
    cluster.put(config_map("c", "own"))
    cluster.put(config_map("elsewhere", "team"))

    found = await look(cluster, impersonate=ACCOUNT)

    assert found == RemainingContent(("ConfigMap c",))
    assert str(found) == "it still contains 1 that would be deleted with it: ConfigMap c"
    assert {each.user for each in cluster.requests} == {ACCOUNT}
    assert not any(each.path.endswith(("/events", "/nodes")) for each in cluster.requests)


async def test_an_empty_namespace_may_go(cluster: FakeCluster):
    assert not await look(cluster)


async def test_the_look_ends_once_there_is_enough_to_say_no(cluster: FakeCluster):
    for number in range(5):
        cluster.put(config_map(f"c{number}", "own"))

    found = await look(cluster)

    assert found == RemainingContent(("ConfigMap c0", "ConfigMap c1", "ConfigMap c2"), more=True)
    assert str(found).startswith("it still contains at least 3 that would be deleted with it: ConfigMap c0, ")


async def test_who_owns_the_rest_is_not_asked_once_there_is_enough(cluster: FakeCluster, monkeypatch):
    monkeypatch.setattr(remaining_content, "AT_ONCE", 1)
    for number in range(3):
        cluster.put(config_map(f"c{number}", "own"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "u", "controller": True}
    cluster.put(config_map("c3", "own"), ownerReferences=[reference])

    await look(cluster)

    assert [each.path.rpartition("/")[2] for each in cluster.requests] == ["configmaps"]


async def test_no_more_kinds_are_looked_at_once_there_is_enough(cluster: FakeCluster, monkeypatch):
    monkeypatch.setattr(remaining_content, "AT_ONCE", 1)
    for name in ("a", "b", "c"):
        cluster.put(config_map(name, "own"))

    found = await look(cluster)

    assert (len(found.objects), found.more) == (3, True)
    assert [each.path.rpartition("/")[2] for each in cluster.requests] == ["configmaps"]


async def test_objects_of_several_kinds_are_enough_together(cluster: FakeCluster):
    for desired in (config_map("a", "own"), config_map("b", "own"), object_of("Secret", "s"), object_of("Secret", "t")):
        cluster.put(desired)

    found = await look(cluster)

    assert found == RemainingContent(("ConfigMap a", "ConfigMap b", "Secret s"), more=True)


@pytest.mark.parametrize(
    ("desired", "counts"),
    [
        pytest.param(config_map("kube-root-ca.crt", "own"), False, id="what every namespace has"),
        pytest.param(object_of("Secret", "kube-root-ca.crt"), True, id="the same name of another kind"),
        pytest.param(object_of("ServiceAccount", "default"), False, id="the account of every namespace"),
        pytest.param(object_of("Event", "e"), False, id="what says something of others"),
        pytest.param(
            object_of("Secret", "t", annotations={"kubernetes.io/service-account.name": "default"}), False, id="a token"
        ),
        pytest.param(
            object_of("ConfigMap", "t", annotations={"kubernetes.io/service-account.name": "x"}), True, id="no Secret"
        ),
        pytest.param(object_of("ConfigMap", "c", deletionTimestamp="2026-05-01T12:00:00Z"), False, id="terminating"),
        pytest.param(object_of("ConfigMap", "c", ownerReferences=[]), True, id="without an owner"),
    ],
)
async def test_what_would_not_be_missed_does_not_count(cluster: FakeCluster, desired: Object, counts: bool):
    cluster.put(desired, **{k: v for k, v in desired.body["metadata"].items() if k not in ("name", "namespace")})

    assert bool(await look(cluster)) is counts


@pytest.mark.parametrize(
    ("marks", "later", "owner", "counts"),
    [
        pytest.param({}, True, OWNER, False, id="goes later"),
        pytest.param({}, False, OWNER, True, id="was left on purpose"),
        pytest.param({}, True, "", True, id="nobody asks as a pattern"),
        pytest.param({"labels": {}}, True, OWNER, True, id="lost its label"),
        pytest.param({"annotations": {"pattern-operator.io/prune": "disabled"}}, True, OWNER, True, id="is to stay"),
        pytest.param({"annotations": {"pattern-operator.io/adopted": "true"}}, True, OWNER, True, id="was adopted"),
    ],
)
async def test_what_the_pattern_deletes_next_does_not_count(cluster, marks: dict[str, Any], later, owner, counts: bool):
    desired = object_of("Secret", "own")
    cluster.put(desired, **{"labels": {OWNER_LABEL: OWNER}} | marks)

    found = await look(cluster, later=[desired.key] if later else [], owner=owner)

    assert bool(found) is counts


@pytest.mark.parametrize(
    ("reference", "counts"),
    [
        pytest.param(owned_by("Secret", "s", "any"), False, id="of one in the namespace, which counts itself"),
        pytest.param(owned_by("Node", "n", "right"), True, id="of one that stays"),
        pytest.param(owned_by("Node", "n", "other"), False, id="of one that was made anew"),
        pytest.param(owned_by("Node", "gone", "right"), False, id="of one that is gone"),
        pytest.param(owned_by("Hidden", "h", "any"), True, id="of a kind that nobody knows"),
        pytest.param(owned_by("Node", "n", "right", "example.com/v1"), True, id="of a kind of another group"),
    ],
)
async def test_what_goes_with_its_owner_does_not_count(cluster: FakeCluster, reference: dict[str, Any], counts: bool):
    cluster.put(Object.of({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}), uid="right")
    cluster.put(config_map("c", "own"), **reference)

    assert bool(await look(cluster)) is counts


async def test_an_owner_that_cannot_be_looked_at_stays(cluster: FakeCluster):
    node = Object.of({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    cluster.refuse("GET", node, status(403, "Forbidden", "no"))
    cluster.put(config_map("c", "own"), **owned_by("Node", "n", "right"))

    assert (await look(cluster)).objects == ("ConfigMap c",)


async def test_an_owner_of_many_is_looked_at_once(cluster: FakeCluster):
    node = Object.of({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    cluster.put(node, uid="right")
    for name in ("a", "b"):
        cluster.put(config_map(name, "own"), **owned_by("Node", "n", "right"))

    found = await look(cluster)

    assert found.objects == ("ConfigMap a", "ConfigMap b")
    assert len(cluster.sent("GET", node)) == 1


async def test_what_has_one_owner_that_stays_counts(cluster: FakeCluster):
    cluster.put(Object.of({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}), uid="right")
    owners = [owned_by("Secret", "s", "any"), owned_by("Node", "n", "right")]
    cluster.put(config_map("c", "own"), ownerReferences=[each["ownerReferences"][0] for each in owners])

    assert await look(cluster)


async def test_what_may_not_be_listed_is_not_taken_for_empty_and_the_right_is_named(cluster: FakeCluster):
    secrets = Object.of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "own"}})
    denied = (
        f'secrets is forbidden: User "{ACCOUNT}" cannot list resource "secrets" in API group "" in the namespace "own"'
    )
    path = path_of(secrets).removesuffix("/x")
    cluster.refusals.append(lambda request: status(403, "Forbidden", denied) if request.path == path else None)

    found = await look(cluster, impersonate=ACCOUNT)

    assert found
    assert found.objects == ()
    assert str(found).startswith("it is not known to be empty: the account has no right to list secrets: ")

    cluster.put(config_map("c", "own"))
    assert str(await look(cluster)) == "it still contains at least 1 that would be deleted with it: ConfigMap c"


async def test_a_kind_of_the_namespace_that_is_not_listed_at_all_hides_nothing(cluster: FakeCluster):
    cluster.refusals.append(
        lambda request: status(405, "MethodNotAllowed", "no") if request.path.endswith("/secrets") else None
    )
    cluster.put(config_map("c", "own"))

    assert await look(cluster) == RemainingContent(("ConfigMap c",))


async def test_what_has_too_many_pages_is_not_taken_for_empty(cluster: FakeCluster):
    def endless(request: Request) -> Any:
        token = int(request.params.get("continue", "0")) + 1
        if not request.path.endswith("/configmaps"):
            return None
        return answer({"metadata": {"resourceVersion": "1", "continue": str(token)}, "items": []})

    cluster.refusals.append(endless)

    found = await look(cluster)

    assert str(found) == "it is not known to be empty: there are more than 2000 configmaps"
    assert len([each for each in cluster.requests if each.path.endswith("/configmaps")]) == remaining_content.PAGES


async def test_a_later_page_counts_too(cluster: FakeCluster):
    def pages(request: Request) -> Any:
        if not request.path.endswith("/configmaps"):
            return None
        if not request.params.get("continue"):
            return answer({"metadata": {"resourceVersion": "1", "continue": "2"}, "items": []})
        item = {"metadata": {"name": "late", "namespace": "own"}}
        return answer({"metadata": {"resourceVersion": "1"}, "items": [item]})

    cluster.refusals.append(pages)

    assert await look(cluster) == RemainingContent(("ConfigMap late",))


async def test_a_look_that_takes_too_long_is_not_taken_for_empty(cluster: FakeCluster, monkeypatch):
    monkeypatch.setattr(remaining_content, "LONGEST", 0.0)

    found = await look(cluster)

    assert str(found) == "it is not known to be empty: the look at 3 kinds took longer than 0 s"


async def test_of_a_definition_only_its_own_objects_are_looked_at(cluster: FakeCluster):
    same_name = Resource("other.example", "v1", "Widget", "widgets", namespaced=True)
    cluster.discovery.listed = [*KINDS, WIDGET, same_name, kind("Gadget", "example.com")]
    item = {"metadata": {"name": "w", "namespace": "team"}}
    cluster.refusals.append(lambda _: answer({"metadata": {"resourceVersion": "1"}, "items": [item]}))

    found = await look(cluster, CRD)

    assert found == RemainingContent(("Widget.example.com team/w",))
    assert [each.path for each in cluster.requests] == ["/apis/example.com/v1/widgets"]


async def test_what_belongs_to_every_namespace_counts_for_a_definition(cluster: FakeCluster):
    """Whatever it is called: the exceptions are of namespaces."""
    cluster.discovery.listed = [Resource("", "v1", "ServiceAccount", "serviceaccounts", namespaced=True)]
    item = {"metadata": {"name": "default", "namespace": "team"}}
    cluster.refusals.append(lambda _: answer({"metadata": {"resourceVersion": "1"}, "items": [item]}))
    key = ObjectKey("apiextensions.k8s.io", "CustomResourceDefinition", "", "serviceaccounts.")

    assert await look(cluster, key)


async def test_a_custom_object_of_one_in_another_namespace_counts(cluster: FakeCluster):
    """Its owner is in a namespace, and goes with no definition."""
    cluster.discovery.listed = [WIDGET, kind("Owner", "example.com")]
    owner = Object.of({"apiVersion": "example.com/v1", "kind": "Owner", "metadata": {"name": "o", "namespace": "team"}})
    cluster.put(owner, uid="right")
    item = {"metadata": {"name": "w", "namespace": "team", **owned_by("Owner", "o", "right", "example.com/v1")}}
    cluster.refusals.append(
        lambda request: (
            answer({"metadata": {"resourceVersion": "1"}, "items": [item]})
            if request.path == "/apis/example.com/v1/widgets"
            else None
        )
    )

    assert await look(cluster, CRD)
    assert len(cluster.sent("GET", owner)) == 1
