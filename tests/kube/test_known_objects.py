"""Every change of an object is told once, and of what does not matter nothing is kept."""

from typing import Any

from pattern_operator.kube import Resource, WatchEvent
from pattern_operator.kube.known_objects import KnownObjects

CONFIG_MAP = Resource(group="", version="v1", kind="ConfigMap", plural="configmaps", namespaced=True)


def known(*names: str, prefix: str = "") -> KnownObjects:
    objects = KnownObjects(CONFIG_MAP, remembers=lambda namespace, name: name.startswith(prefix))
    for name in names:
        objects.observe(item(name))
    return objects


def item(name: str, version: str = "5", *, uid: str = "") -> dict[str, Any]:
    return {"metadata": {"namespace": "team", "name": name, "uid": uid or f"uid-{name}", "resourceVersion": version}}


def lines(*events: WatchEvent) -> list[str]:
    return [f"{each.type} {each.object['metadata']['name']} {each.object['metadata']['uid']}" for each in events]


def test_what_is_there_is_new_once_and_then_modified_by_each_other_version():
    objects = known()

    told = [lines(*objects.observe(item("web", version))) for version in ("5", "5", "6")]

    assert told == [["ADDED web uid-web"], [], ["MODIFIED web uid-web"]]


def test_an_object_without_a_version_is_told_each_time():
    objects = known()

    assert lines(*objects.observe(item("web", ""))) == ["ADDED web uid-web"]
    assert lines(*objects.observe(item("web", ""))) == ["MODIFIED web uid-web"]


def test_another_object_of_the_same_name_ends_the_one_before():
    assert lines(*known("web").observe(item("web", "6", uid="another"))) == ["DELETED web uid-web", "ADDED web another"]


def test_what_was_deleted_is_not_known_any_more():
    objects = known("web", "db")

    assert lines(*objects.delete(item("web", "6"))) == ["DELETED web uid-web"]
    assert list(objects.names) == [("team", "db")]
    assert lines(*objects.observe(item("web", "7"))) == ["ADDED web uid-web"]


def test_nothing_is_told_of_what_has_no_name():
    objects = known()

    assert not objects.observe(item("", uid="uid")) and not objects.delete(item("", uid="uid"))
    assert not objects.names


def test_an_event_has_the_kind_of_the_resource_whatever_was_sent():
    (event,) = known().observe({**item("web"), "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"})

    assert (event.object["apiVersion"], event.object["kind"]) == ("v1", "ConfigMap")


def test_what_vanished_unseen_is_told_with_what_was_known_of_it():
    objects = known("web")
    objects.remember("", "wide", uid="uid-wide", version="4")

    told = [objects.vanish(name).object["metadata"] for name in [("team", "web"), ("", "wide")]]

    assert told == [
        {"namespace": "team", "name": "web", "uid": "uid-web", "resourceVersion": "5"},
        {"name": "wide", "uid": "uid-wide", "resourceVersion": "4"},
    ]
    assert not objects.names


def test_to_remember_an_object_again_changes_nothing_that_is_known_of_it():
    objects = known("web")

    objects.remember("team", "web", uid="older", version="1")

    assert objects.vanish(("team", "web")).object["metadata"]["uid"] == "uid-web"


def test_of_objects_that_do_not_matter_nothing_is_remembered_until_they_do():
    objects = known("ours", *(f"alien-{number}" for number in range(100)), prefix="ours")

    assert list(objects.names) == [("team", "ours")]
    assert lines(*objects.observe(item("alien-5"))) == ["MODIFIED alien-5 uid-alien-5"]
    objects.remember("team", "alien-5", uid="uid-alien-5", version="5")
    assert lines(objects.vanish(("team", "alien-5"))) == ["DELETED alien-5 uid-alien-5"]


def test_a_collection_below_what_was_seen_was_restored():
    objects = known()
    objects.begin_at(10)
    objects.reach(20)
    objects.reach(15)

    assert [objects.is_behind(version) for version in ("1", "19", "20", "0", "")] == [True, True, False, False, False]
    objects.begin_at(5)
    assert not objects.is_behind("19")


def test_an_object_below_what_was_seen_of_it_shows_a_restore_and_one_that_is_newer_than_the_list_none():
    objects = known("web")
    objects.remember("team", "db", uid="uid-db", version="50")

    assert objects.is_older(item("web", "4"), listed="10")
    assert objects.is_older(item("web", "1"), listed="5")
    assert not objects.is_older(item("web", ""), listed="10")
    assert not objects.is_older(item("web", "5"), listed="10")
    assert not objects.is_older(item("web", "4", uid="another"), listed="10")
    assert not objects.is_older(item("db", "4"), listed="10"), "the answer to an apply came before the list"
    objects.begin_at(11)
    assert objects.is_older(item("new"), listed="10")
