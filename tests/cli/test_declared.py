"""Health checks, ranges and circles that the operator refuses are told by lint, render and push."""

import pytest
import yaml
from tests.testbed.paths import BIN

from pattern_operator.cli import exit_codes, health_checks

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
PATTERN = "apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nname: shop\n"
CHECK = "healthChecks: [{apiVersion: example.com/v1, kind: Database, current: %s}]\n"
BROKEN = "status.phase = 1"
RANGE = 'dependsOn: [{name: db, version: "<<2"}]\n'


@pytest.fixture
def folder(patternctl):
    """Write a pattern with these lines in its pattern.yaml; its folder."""
    patternctl.variables["PATH"] = f"{BIN}:/usr/bin:/bin"

    def write(more):
        folder = patternctl.home / "shop"
        folder.mkdir()
        (folder / "pattern.yaml").write_text(PATTERN + more)
        (folder / "config.yaml").write_text(CONFIG)
        return folder

    return write


@pytest.fixture
def pattern(patternctl):
    """Write a DesignPattern with this in its spec; the file."""

    def write(**spec):
        source = {"url": "oci://registry.example/shop", "ref": {"tag": "1.0.0"}}
        body = {
            "apiVersion": "pattern-operator.io/v1alpha1",
            "kind": "DesignPattern",
            "metadata": {"name": "web", "namespace": "team"},
            "spec": {"source": source, **spec},
        }
        path = patternctl.home / "web.yaml"
        path.write_text(yaml.safe_dump(body))
        return path

    return write


def check(current, kind="Database"):
    return {"apply": {"healthChecks": [{"apiVersion": "example.com/v1", "kind": kind, "current": current}]}}


@pytest.mark.parametrize(
    ("more", "reason", "words"),
    [
        (CHECK % BROKEN, "HealthCheckInvalid", "pattern.yaml: healthChecks[0].current (Database) does not compile"),
        (RANGE, "InvalidReference", "pattern.yaml: dependsOn[0].version '<<2' is not a range of versions"),
    ],
)
def test_what_is_refused_of_pattern_yaml_is_told(patternctl, folder, more, reason, words):
    done = patternctl("render", path := folder(more))

    assert (done.code, done.out) == (exit_codes.FAILED, "")
    assert reason in done.err
    assert words in done.err
    assert "write oci://" not in done.err
    found = patternctl("lint", path, "-o", "json")
    assert found.code == exit_codes.FOUND
    assert [each["rule"] for each in found.json["findings"]] == [reason]


def test_what_the_api_server_refuses_of_a_designpattern_is_told_once(patternctl, folder, pattern):
    path = pattern(dependsOn=[{"name": "db", "version": "x y"}])

    done = patternctl("render", folder(""), "--pattern", path)
    found = patternctl("lint", path, "-o", "json")

    assert (done.code, done.out) == (exit_codes.FAILED, "")
    assert "spec.dependsOn[0].version: must be a range of versions" in done.err
    assert [each["rule"] for each in found.json["findings"]] == ["InvalidValue"]


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        (check(BROKEN), "HealthCheckInvalid", "spec.apply.healthChecks[0].current (Database) does not compile"),
        ({"dependsOn": [{"name": "db", "version": "1 ||"}]}, "InvalidReference", "spec.dependsOn[0].version '1 ||'"),
        ({"dependsOn": [{"name": "web"}]}, "DependencyCycle", "spec.dependsOn[0] leads back to the pattern itself"),
    ],
)
def test_what_is_refused_of_a_designpattern_is_told(patternctl, folder, pattern, spec, reason, words):
    done = patternctl("render", folder(""), "--pattern", path := pattern(**spec))

    assert (done.code, done.out) == (exit_codes.FAILED, "")
    assert reason in done.err
    assert f"DesignPattern web: {words}" in done.err
    found = patternctl("lint", path, "-o", "json")
    assert found.code == exit_codes.FOUND
    assert [each["rule"] for each in found.json["findings"]] == [reason]


def test_a_pattern_that_its_own_artifact_depends_on_is_told(patternctl, folder, pattern):
    done = patternctl("render", folder("dependsOn: [{name: web}]\n"), "--pattern", pattern())

    assert done.code == exit_codes.FAILED
    assert "DependencyCycle: the operator applies nothing of it: DesignPattern web: dependsOn[0] of the" in done.err


def test_a_check_of_pattern_yaml_that_a_designpattern_replaces_is_not_asked_for(patternctl, folder, pattern):
    done = patternctl("render", folder(CHECK % BROKEN), "--pattern", pattern(**check("status.ready")))

    assert (done.code, done.err) == (exit_codes.OK, "")


def test_what_is_right_is_rendered(patternctl, folder, pattern):
    done = patternctl("render", folder(CHECK % "status.ready"), "--pattern", pattern(**check("status.ready", "Cache")))

    assert (done.code, done.err) == (exit_codes.OK, "")


def test_push_warns_of_what_is_refused_wherever_it_is_used(patternctl, folder, repository):
    done = patternctl("push", "--insecure", folder(CHECK % BROKEN + RANGE), f"{repository.oci}:1.0.0")

    assert done.code == exit_codes.OK
    assert "warning: the operator refuses it: pattern.yaml: dependsOn[0].version '<<2'" in done.err
    assert "warning: the operator refuses it: pattern.yaml: healthChecks[0].current (Database) does not" in done.err


def test_more_expressions_than_a_pattern_has_are_compiled():
    broken = [f"a{number} =" for number in range(3)]

    assert health_checks.errors([*(f"a == {number}" for number in range(100)), *broken]).keys() == set(broken)
