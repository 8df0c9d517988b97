"""Parameters of ConfigMaps and Secrets: read in order, by the account, again when they change, and never shown."""

import base64
import json
from typing import Any

import pytest
from tests.e2e.scenario import Scenario, condition, config_map, push_files, secret
from tests.planted import Shape, value

PATTERN = b"""\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: shop
deprecated: use shop-2
parameters:
  schema:
    type: object
    additionalProperties: false
    properties:
      greeting: {type: string, default: hello}
      size: {type: integer, default: 1}
      db:
        type: object
        properties:
          password: {type: string}
"""
OBJECTS = b"""\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: "${greeting}", size: "size ${size}"}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: "${db.password}"}
"""
PASSWORD = {"kind": "Secret", "name": "db-values", "valuesKey": "password", "targetPath": "db.password"}


@pytest.fixture
def digest(scenario: Scenario) -> str:
    return push_files(scenario.repository, "1.0.0", {"pattern.yaml": PATTERN, "objects.yaml": OBJECTS})


def password_of(found: Any) -> str:
    return base64.b64decode(found["data"]["password"]).decode() if found is not None else ""


def test_values_are_merged_in_order_and_a_change_is_applied(scenario: Scenario, digest: str) -> None:
    scenario.make(config_map("base", **{"values.yaml": "greeting: from the map\nsize: 2\n"}))
    first, second = value(Shape.STRING_DATA), value(Shape.SECRET_DATA)
    scenario.make(secret("db-values", password=first))

    scenario.want(render={"valuesFrom": [{"kind": "ConfigMap", "name": "base"}, PASSWORD], "parameters": {"size": 3}})
    status = scenario.until_runs(digest)
    settings = scenario.get("configmap", "settings")["data"]
    before = password_of(scenario.get("secret", "db"))
    scenario.make(secret("db-values", password=second))
    scenario.until_object("secret", "db", lambda found: password_of(found) == second)
    scenario.make(config_map("base", **{"values.yaml": "greeting: changed\n"}))
    scenario.until_object("configmap", "settings", lambda found: found["data"]["greeting"] == "changed")

    assert "the pattern is deprecated: use shop-2" in condition(status, "Applied")["message"]
    assert settings == {"greeting": "from the map", "size": "size 3"}
    assert before == first
    assert first not in json.dumps(scenario.status)
    assert second not in json.dumps(scenario.status)


def test_what_is_missing_is_named_and_waited_for(scenario: Scenario, digest: str) -> None:
    scenario.want(render={"valuesFrom": [PASSWORD]})
    missing = scenario.until_says("Ready", "ParametersNotFound")
    scenario.make(secret("db-values", other="x"))
    without_key = scenario.until(lambda status: "has no key" in condition(status, "Ready").get("message", ""))
    scenario.make(secret("db-values", password=value(Shape.STRING_DATA)))
    scenario.until_runs(digest)

    assert "db-values does not exist, and spec.render.valuesFrom[0] names it" in missing["message"]
    assert "db-values has no key password" in condition(without_key, "Ready")["message"]


def test_what_does_not_fit_is_refused_by_its_path_and_what_runs_stays(scenario: Scenario, digest: str) -> None:
    scenario.want(render={"parameters": {"db": {"password": "a"}}})
    scenario.until_runs(digest)

    scenario.change({"render": {"parameters": {"size": "much"}}})
    ready = scenario.until_says("Ready", "ParametersInvalid")

    assert 'size: the value is not of type "integer"' in ready["message"]
    assert scenario.get("configmap", "settings")["data"]["size"] == "size 1"


def test_status_has_no_digest_of_what_was_made_with_a_secret(scenario: Scenario, digest: str) -> None:
    scenario.make(secret("db-values", password=value(Shape.STRING_DATA)))
    scenario.want(render={"valuesFrom": [PASSWORD]})
    with_secret = scenario.until_runs(digest)
    scenario.change({"render": {"valuesFrom": None, "parameters": {"db": {"password": "a"}}}})
    scenario.until_object("secret", "db", lambda found: password_of(found) == "a")
    without = scenario.until(lambda status: status.get("fingerprints"))

    assert not with_secret.get("fingerprints")
    assert without["fingerprints"]


def test_a_pattern_does_not_write_what_its_parameters_are_read_from(scenario: Scenario, digest: str) -> None:
    scenario.make(secret("db", password=value(Shape.STRING_DATA)))
    before = scenario.get("secret", "db")
    scenario.want(
        apply={"conflicts": "Take"}, render={"valuesFrom": [{**PASSWORD, "name": "db"}], "parameters": {"size": 2}}
    )
    ready = scenario.until_says("Ready", "ParametersInvalid")
    scenario.until_object("configmap", "settings", lambda found: found is None)
    after = scenario.get("secret", "db")
    scenario.make(secret("db-values", password=value(Shape.SECRET_DATA)))
    scenario.change({"render": {"valuesFrom": [PASSWORD]}})
    scenario.until_runs(digest)

    assert "/db is an object of the pattern, and spec.render.valuesFrom[0] names it" in ready["message"]
    assert after == before


def test_a_name_that_is_made_of_a_secret_is_refused_without_being_shown(scenario: Scenario) -> None:
    named = OBJECTS + b'---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: "${db.password}_"}\n'
    push_files(scenario.repository, "1.0.0", {"pattern.yaml": PATTERN, "objects.yaml": named})
    planted = value(Shape.STRING_DATA)
    scenario.make(secret("db-values", password=planted))

    scenario.want(render={"valuesFrom": [PASSWORD]})
    ready = scenario.until_says("Ready", "ComponentsRefused")

    assert "ConfigMap ***_: '***_' is not a valid name for a ConfigMap" in ready["message"]
    assert planted not in json.dumps(scenario.status)
    assert [each["message"] for each in scenario.events() if planted in each["message"]] == []
