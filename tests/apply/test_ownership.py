import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apply.harness import config_map, namespace_named

from pattern_operator.api.names import ADOPTED_ANNOTATION, NAME_LABEL, OWNER_LABEL, PATTERN_ANNOTATION
from pattern_operator.api.object import Object
from pattern_operator.apply import Owner, add_owner_metadata, inventory_objects, owner_id
from pattern_operator.apply.annotations import IGNORE

WEB = Owner(owner_id("1"), "team", "web")


@given(uid=st.text(max_size=40))
def test_an_id_is_a_valid_label_value_and_stable(uid: str):
    assert re.fullmatch(r"[a-z2-7]{24}", owner_id(uid))
    assert owner_id(uid) == owner_id(uid)


def test_ids_of_different_patterns_differ():
    assert len({owner_id(str(number)) for number in range(1000)}) == 1000


def test_a_stamp_says_whose_an_object_is_and_leaves_the_original_alone():
    rendered = Object.of(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "labels": {"app": "x"}, "annotations": None},
            "data": {"a": "1"},
        },
        component="id-1",
    )
    before = copy.deepcopy(rendered.body)

    stamped = add_owner_metadata(rendered, owner=WEB)

    assert stamped.body["metadata"] == {
        "name": "c",
        "labels": {"app": "x", OWNER_LABEL: WEB.id, NAME_LABEL: "web"},
        "annotations": {PATTERN_ANNOTATION: "team/web"},
    }
    assert (stamped.key, stamped.component, stamped.body["data"]) == (rendered.key, "id-1", {"a": "1"})
    assert rendered.body == before


def test_annotations_and_labels_that_an_object_has_stay_beside_ours():
    metadata = {"name": "c", "labels": {"app": "x"}, "annotations": {"mine": "1", PATTERN_ANNOTATION: "other/pattern"}}
    rendered = Object.of({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})

    stamped = add_owner_metadata(rendered, owner=WEB, adopted=True, uid="u").body["metadata"]

    assert stamped["uid"] == "u"
    assert stamped["labels"] == {"app": "x", OWNER_LABEL: WEB.id, NAME_LABEL: "web"}
    assert stamped["annotations"] == {"mine": "1", PATTERN_ANNOTATION: "team/web", ADOPTED_ANNOTATION: "true"}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("web", "web"),
        ("a.b-c", "a.b-c"),
        ("n" * 63, "n" * 63),
        ("n" * 64, "n" * 63),
        ("n" * 253, "n" * 63),
        ("n" * 62 + "-" + "n" * 190, "n" * 62),
        ("n" * 60 + ".-." + "n" * 190, "n" * 60),
    ],
)
def test_the_readable_label_is_the_name_as_far_as_a_label_has_room(name: str, label: str):
    stamped = add_owner_metadata(config_map("c", "team"), owner=Owner(WEB.id, "team", name))

    assert stamped.body["metadata"]["labels"][NAME_LABEL] == label
    assert re.fullmatch(r"[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?", label)


@pytest.mark.parametrize("adopted", [True, False])
def test_an_artifact_cannot_say_that_an_object_was_there_before(adopted: bool):
    stamped = add_owner_metadata(
        config_map("c", "team", annotations={ADOPTED_ANNOTATION: "true"}), owner=WEB, adopted=adopted
    )

    assert (ADOPTED_ANNOTATION in stamped.body["metadata"]["annotations"]) is adopted


def test_an_artifact_cannot_say_another_name_in_the_readable_label():
    stamped = add_owner_metadata(config_map("c", "team", labels={NAME_LABEL: "other"}), owner=WEB)

    assert stamped.body["metadata"]["labels"][NAME_LABEL] == "web"


@pytest.mark.parametrize(
    ("desired", "owned", "belongs"),
    [
        (namespace_named("team"), False, True),
        (namespace_named("default"), False, False),
        (namespace_named("kube-system"), True, False),
        (config_map("default", "default"), False, True),
        (config_map("c", "team", annotations={"pattern-operator.io/ssa": IGNORE}), False, False),
        (config_map("c", "team", annotations={"pattern-operator.io/ssa": IGNORE}), True, True),
        (config_map("c", "team", annotations={"pattern-operator.io/ssa": "IfAbsent"}), False, True),
    ],
    ids=["namespace", "default", "kube-", "in default", "ignored", "ignored later", "if absent"],
)
def test_what_a_pattern_may_own(desired: Object, owned: bool, belongs: bool):
    found = inventory_objects([desired], owned=[desired.key] if owned else [])

    assert found == ((desired,) if belongs else ())
