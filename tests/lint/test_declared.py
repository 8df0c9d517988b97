"""What a pattern.yaml or a DesignPattern declares and the operator refuses is found, with its place."""

from itertools import pairwise

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.lint.schemas import built, compiled, findings, shipped

from pattern_operator.api.artifact import File
from pattern_operator.api.designpattern import decode
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Transient
from pattern_operator.lint.declared import circles
from pattern_operator.lint.linter import lint
from pattern_operator.lint.rule import Severity
from pattern_operator.render import Options

PATTERN = """\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: shop
"""
CONFIG = File("config.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
CHART = File("Chart.yaml", b"apiVersion: v2\nname: web\nversion: 1.0.0\n")
CHECK = "healthChecks: [{apiVersion: example.com/v1, kind: Database, current: %s}]\n"


def errors(*files):
    return [each for each in findings(*files) if each.severity is Severity.ERROR]


def said(*files):
    return [(each.file, each.line, each.column, each.rule) for each in errors(*files)]


def pattern_file(more):
    return File("pattern.yaml", (PATTERN + more).encode())


def design_pattern(name="shop", namespace="team", **spec):
    source = {"url": "oci://registry.example/shop", "ref": {"tag": "1.0.0"}}
    return {
        "apiVersion": "pattern-operator.io/v1alpha1",
        "kind": "DesignPattern",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"source": source, **spec},
    }


def written(*bodies):
    return File("shop.yaml", yaml.safe_dump_all(bodies, sort_keys=False).encode())


def checked(*checks):
    return {"apply": {"healthChecks": [{"apiVersion": "example.com/v1", "kind": "Database"} | each for each in checks]}}


@pytest.mark.parametrize("beside", [CONFIG, CHART], ids=["manifests", "chart"])
def test_a_health_check_of_pattern_yaml_that_does_not_compile_is_an_error_with_its_place(beside):
    assert said(pattern_file(CHECK % "status.phase = 'Running'"), beside) == [
        ("pattern.yaml", 4, 70, "HealthCheckInvalid")
    ]


def test_a_range_of_pattern_yaml_that_is_none_is_an_error_with_its_place():
    file = pattern_file('dependsOn:\n- name: db\n  version: ">=1 <<2"\n')

    assert said(file, CONFIG) == [("pattern.yaml", 6, 12, "InvalidReference")]


def test_what_pattern_yaml_declares_is_checked_where_parameters_are_missing():
    more = "parameters: {schema: {type: object, properties: {host: {type: string}}, required: [host]}}\n"

    assert said(pattern_file(more + CHECK % "a ="), CONFIG) == [("pattern.yaml", 5, 70, "HealthCheckInvalid")]


def test_what_is_right_has_no_finding():
    file = pattern_file(
        CHECK % "has(status.phase) && status.phase == 'Running'" + "dependsOn: [{name: db, version: ~1.4}]\n"
    )
    pattern = design_pattern(
        dependsOn=[{"name": "db", "version": ">=1.4 <2"}],
        render={"valuesFrom": [{"kind": "ConfigMap", "name": "a", "targetPath": r"hosts[0].a\.b"}]},
        **checked({"current": "status.ready"}),
    )

    assert errors(file, CONFIG) == []
    assert errors(written(pattern, design_pattern("db"))) == []


@pytest.mark.parametrize(
    ("spec", "rule", "field"),
    [
        (checked({"current": "a ="}), "HealthCheckInvalid", "spec.apply.healthChecks[0].current (Database)"),
        (checked({"current": "a", "failed": "1"}), "HealthCheckInvalid", "spec.apply.healthChecks[0].failed"),
        (checked({"current": "a"}, {"current": "b"}), "HealthCheckInvalid", "spec.apply.healthChecks[1]"),
        (checked({"current": "a", "kind": "data-base"}), "InvalidSpec", "spec.apply.healthChecks[0].kind"),
        ({"dependsOn": [{"name": "db", "version": "<<2"}]}, "InvalidReference", "spec.dependsOn[0].version"),
        ({"dependsOn": [{"name": "Db"}]}, "InvalidSpec", "spec.dependsOn[0].name"),
        ({"dependsOn": [{"name": "shop"}]}, "DependencyCycle", "spec.dependsOn[0]"),
        (
            {"source": {"url": "oci://registry.example/shop", "ref": {"semver": "nonsense!"}}},
            "InvalidReference",
            "spec.source.ref.semver",
        ),
        (
            {"render": {"valuesFrom": [{"kind": "Secret", "name": "a", "targetPath": "a[x]"}]}},
            "InvalidSpec",
            "spec.render.valuesFrom[0].targetPath",
        ),
    ],
)  # fmt: skip
def test_what_the_operator_refuses_of_a_designpattern_is_an_error(spec, rule, field):
    (found,) = errors(written(design_pattern(**spec)))

    assert (found.rule, found.severity, found.name) == (rule, Severity.ERROR, "DesignPattern shop")
    assert found.message.startswith(field)
    assert found.line > 7  # within the spec


def test_a_circle_of_two_is_told_once_of_the_first():
    shop, db = (
        design_pattern(dependsOn=[{"name": "cache"}, {"name": "db"}]),
        design_pattern("db", dependsOn=[{"name": "shop"}]),
    )

    (found,) = errors(written(shop, db))

    assert (found.rule, found.name) == ("DependencyCycle", "DesignPattern shop")
    assert found.message.startswith("spec.dependsOn[1] leads back to the pattern itself: shop -> db -> shop.")


def test_what_cannot_be_compiled_now_is_noted_and_hides_nothing():
    def busy(_):
        raise Transient(reason=Reason.OPERATOR_BUSY, message="it is not known whether the health checks compile.")

    files = [pattern_file(CHECK % "a =" + "dependsOn: [{name: db, version: x y}]\n"), CONFIG]
    found = lint(files, options=Options(), schemas=shipped(), compile_checks=busy, build=built).findings

    assert sorted(each.rule for each in found) == ["InvalidReference", "NotChecked"]


def test_nothing_is_compiled_where_nothing_is_to_be():
    def never(_):
        raise AssertionError("a process would be started")

    report = lint([pattern_file(""), CONFIG], options=Options(), schemas=shipped(), compile_checks=never, build=built)

    assert report.findings == ()


NAMES = st.sampled_from("abcdef")


@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=4, unique=True)))
def test_a_circle_is_told_if_and_only_if_there_is_one(edges):
    patterns = [
        decode(design_pattern(name, dependsOn=[{"name": each} for each in wanted])) for name, wanted in edges.items()
    ]

    found = list(circles(patterns))

    assert bool(found) == has_circle(edges)
    for position, refused in found:
        way = refused.message.partition(": ")[2].partition(". ")[0].split(" -> ")
        assert way[0] == way[-1] == patterns[position].metadata.name
        assert all(after in edges[before] for before, after in pairwise(way))
        assert edges[way[0]][refused.path[-1]] == way[1]


def test_a_pattern_of_that_name_in_another_namespace_is_another():
    first = decode(design_pattern("a", dependsOn=[{"name": "b", "namespace": "other"}]))
    second = decode(design_pattern("b", dependsOn=[{"name": "a"}]))

    assert list(circles([first, second])) == []


def has_circle(edges):
    left = dict(edges)
    while ends := [name for name, wanted in left.items() if not any(each in left for each in wanted)]:
        for name in ends:
            del left[name]
    return bool(left)


def test_the_compiler_says_what_is_no_condition():
    assert compiled(["status.ready", "1"]).keys() == {"1"}
