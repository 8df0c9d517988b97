"""``patternctl diff``: objects and fields that differ, by what two patterns render to."""

import json

import pytest
from tests.planted import Shape, value
from tests.render.designs import DATA

OLD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: slow}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone}
"""
NEW = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: fast}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
"""
DESIGN = DATA / "bookinfo-selectors"
PARTLY = [DESIGN, DESIGN, "--repair", "SetSelectorFromTemplate"]  # two of its eight components are refused


@pytest.fixture
def files(tmp_path):
    """The paths of two files."""

    def write(before, after):
        for name, content in (("old.yaml", before), ("new.yaml", after)):
            (tmp_path / name).write_text(content)
        return tmp_path / "old.yaml", tmp_path / "new.yaml"

    return write


def test_objects_and_fields_that_differ_are_told(patternctl, files):
    done = patternctl("diff", *files(OLD, NEW))

    assert (done.code, done.err) == (8, "")
    assert done.out.splitlines() == [
        "- ConfigMap default/gone",
        "~ ConfigMap default/settings",
        '    ~ data.mode: "slow" -> "fast"',
        "+ Secret default/db",
        "1 added, 1 removed, 1 changed, 0 the same",
    ]


def test_what_is_the_same_exits_with_0(patternctl, files):
    done = patternctl("diff", *files(OLD, OLD))

    assert (done.code, done.out) == (0, "0 added, 0 removed, 0 changed, 2 the same\n")


def test_for_programs_it_is_one_object(patternctl, files):
    done = patternctl("diff", *files(OLD, NEW), "-o", "json")

    assert done.code == 8
    assert [each["change"] for each in done.json["objects"]] == ["removed", "changed", "added"]
    assert done.json["objects"][1]["fields"] == [
        {"path": "data.mode", "change": "changed", "before": '"slow"', "after": '"fast"'}
    ]


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_values_of_secrets_are_compared_and_never_shown(patternctl, files, form):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}}
    planted = [{"stringData": {"password": value(shape)}} for shape in (Shape.STRING_DATA, Shape.MULTI_LINE)]
    old, new = files(*(json.dumps(secret | each) for each in planted))

    done = patternctl("diff", old, new, "-o", form)  # which looks for planted values in what is printed

    assert done.code == 8
    assert "***" in done.out


def test_where_a_component_is_refused_nothing_is_compared(patternctl):
    done = patternctl("diff", *PARTLY)

    assert (done.code, done.out) == (3, "")
    assert "2 of 8 components were refused" in done.err


def test_the_rest_is_compared_where_that_is_asked_for(patternctl):
    done = patternctl("diff", *PARTLY, "--on-invalid", "Skip")

    assert done.code == 0
    assert done.out.startswith("0 added, 0 removed, 0 changed, ")


def test_the_flags_of_rendering_count_for_both(patternctl, files):
    done = patternctl("diff", *files(OLD, NEW), "--target-namespace", "shop")

    assert done.out.splitlines()[0] == "- ConfigMap shop/gone"


def test_only_one_can_come_through_a_pipe(patternctl):
    done = patternctl("diff", "-", "-")

    assert done.code == 2
    assert "only one of the two can be standard input" in done.err


def test_a_pattern_that_cannot_be_read_is_refused(patternctl, files, tmp_path):
    old, _ = files(OLD, NEW)

    assert patternctl("diff", old, tmp_path / "nothing").code == 1
