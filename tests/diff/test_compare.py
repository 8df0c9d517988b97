"""Two sets of objects: what was added, removed and changed, bounded, and nothing secret in it."""

import pytest
from tests.cputime import cpu_time

from pattern_operator.api.object import Object
from pattern_operator.diff import Change, compare, difference_document
from pattern_operator.diff import compare as in_package
from pattern_operator.diff.compare import MAX_ALL_FIELDS, MAX_FIELDS


def config(name, api_version="v1", kind="ConfigMap", **data):
    return Object.of({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "data": data})


def test_objects_are_added_removed_changed_or_the_same():
    before = [config("gone"), config("same", a="1"), config("web", a="1")]
    after = [config("new"), config("same", a="1"), config("web", a="2")]

    found = compare(before, after)

    assert [(each.key.name, each.change) for each in found.objects] == [
        *(("gone", Change.REMOVED), ("new", Change.ADDED), ("web", Change.CHANGED)),
    ]
    assert [field.path for field in found.objects[2].fields] == ["data.a"]
    assert found.same == 1
    assert [found.count(change) for change in Change] == [1, 1, 1]


def test_an_object_in_another_version_of_its_group_is_the_same_one():
    (changed,) = compare([config("a", "x.example/v1beta1")], [config("a", "x.example/v1")]).objects

    assert changed.change is Change.CHANGED
    assert [field.path for field in changed.fields] == ["apiVersion"]


def test_objects_of_another_kind_or_group_are_others():
    assert compare([config("a")], [config("a", "x.example/v1")]).count(Change.ADDED) == 1


def test_a_secret_that_changed_is_told_without_its_values():
    before, after = (config("db", kind="Secret", password=value, user="same") for value in ("old-value", "new-value"))

    found = compare([before], [after])

    (field,) = found.objects[0].fields
    assert (field.path, field.before, field.after) == ("data.password", '"***"', '"***"')
    assert "value" not in str(difference_document(found)["objects"][0]["fields"])


def test_fields_of_an_object_and_of_all_are_bounded_and_counted():
    def many(value):
        return {f"k{number:05}": value for number in range(MAX_FIELDS + 50)}

    before = [config(f"a{number:03}", **many("1")) for number in range(40)]
    after = [config(f"a{number:03}", **many("2")) for number in range(40)]

    found = compare(before, after)

    told = [len(each.fields) for each in found.objects]
    assert (told[0], sum(told)) == (MAX_FIELDS, MAX_ALL_FIELDS)
    assert all(len(each.fields) + each.more_fields == MAX_FIELDS + 50 for each in found.objects)
    assert {each.change for each in found.objects} == {Change.CHANGED}


def test_nothing_differs_from_itself_and_nothing_from_nothing():
    objects = [config("a"), config("b")]

    assert compare(objects, objects) == in_package([config("a"), config("b")], objects)
    assert (compare([], []).objects, compare([], []).same) == ((), 0)


@pytest.mark.usefixtures("untraced")
def test_five_thousand_objects_are_compared_in_time():
    before = [config(f"a{number}", **{f"k{each}": "v" for each in range(20)}) for number in range(5_000)]
    after = [config(f"a{number}", **{f"k{each}": "w" for each in range(20)}) for number in range(5_000)]

    assert cpu_time(lambda: compare(before, after), enough=3) < 3


def test_for_programs_each_object_has_its_fields():
    found = difference_document(compare([config("gone"), config("web", a="1")], [config("web", b="2")]))

    assert (found["added"], found["removed"], found["changed"], found["same"]) == (0, 1, 1, 0)
    assert found["objects"] == [
        {"change": "removed", "group": "", "kind": "ConfigMap", "namespace": "", "name": "gone"},
        {
            "change": "changed",
            "group": "",
            "kind": "ConfigMap",
            "namespace": "",
            "name": "web",
            "fields": [
                {"path": "data.a", "change": "removed", "before": '"1"'},
                {"path": "data.b", "change": "added", "after": '"2"'},
            ],
        },
    ]
