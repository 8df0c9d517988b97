"""Charts and kustomizations with all that spec.render says of them, from the first installation to the end.

The charts are what ``helm create`` makes, packaged and pushed by helm itself.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Patternctl
from tests.e2e.scenario import Scenario, condition, config_map, secret
from tests.e2e.test_hooks import ends, job
from tests.planted import Shape, value
from tests.render.equality import laid_out
from tests.testbed.paths import BIN
from tests.testbed.repository import Repository

PORT = "- {op: replace, path: /spec/ports/0/name, value: web}\n"
GRACE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {terminationGracePeriodSeconds: 5}}}
"""
OLD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\n"
MAIL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: mail}
data: {host: {{ required "set mailHost, which greets customers" .Values.mailHost }}}
"""
MADE_UP = """\
apiVersion: v1
kind: Secret
metadata: {name: made-up}
stringData: {user: app, password: {{ randAlphaNum 20 | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: made-up}
data: {level: {{ randAlphaNum 8 | quote }}}
"""
LEVEL = "{apiVersion: v1, kind: ConfigMap, metadata: {name: made-up}, data: {level: debug}}"
FRONT = "registry.example/front"
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  replicas: 1
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec:
      containers:
        - name: main
          image: registry.example/front:1
          envFrom: [{configMapRef: {name: settings}}]
"""
OVERLAY = """\
resources: [../../base]
replicas: [{name: front, count: 2}]
configMapGenerator: [{name: settings, envs: [settings.env]}]
"""


@dataclass(frozen=True)
class Publisher:
    """Publishes versions of one chart by the real helm, with a home of its own."""

    home: Path
    repository: Repository  # which the chart's name ends: helm has it so

    def publish(self, version: str, templates: Mapping[str, str] = {}) -> str:
        """Make, package and push the chart ``web`` with more templates; the digest."""
        shutil.rmtree(self.home / "web", ignore_errors=True)
        self._helm("create", "web")
        for name, text in templates.items():
            (self.home / "web" / "templates" / name).write_text(text)
        self._helm("package", "web", "--version", version)
        place = self.repository.oci.removesuffix("/web")
        self._helm("push", f"web-{version}.tgz", place, "--plain-http")
        return self.repository.manifest(version.replace("+", "_")).headers["Docker-Content-Digest"]

    def _helm(self, *words: str) -> None:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        done = subprocess.run([BIN / "helm", *words], cwd=self.home, env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


@pytest.fixture
def charts(scenario: Scenario, tmp_path: Path) -> Publisher:
    """What publishes to the repository of ``chart``."""
    return Publisher(tmp_path, replace(scenario.repository, name=f"{scenario.repository.name}/web"))


@pytest.fixture
def chart(scenario: Scenario, charts: Publisher) -> Scenario:
    """A scenario whose pattern, and so whose release, is called ``web`` as the chart is."""
    return scenario.another("web", repository=charts.repository)


@pytest.fixture
def apps(scenario: Scenario) -> Iterator[Scenario]:
    """A second namespace, which objects are rendered for; its ``get`` and ``until_object`` look there."""
    name = f"{scenario.namespace[:50]}-apps"
    scenario.kubectl("create", "namespace", name)
    yield replace(scenario, namespace=name)
    scenario.kubectl.client.delete("namespace", name, namespace="")


def template_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The template of the pods of a Deployment."""
    template: dict[str, Any] = found["spec"]["template"]
    return template


def image(found: Mapping[str, Any]) -> str:
    """The image of the first container of a Deployment."""
    name: str = template_of(found)["spec"]["containers"][0]["image"]
    return name


def test_a_chart_runs_with_all_that_spec_render_says_and_is_repaired_as_such(
    chart: Scenario, charts: Publisher, apps: Scenario
) -> None:
    digest = charts.publish("1.0.0")
    chart.make(config_map("defaults", **{"values.yaml": "replicaCount: 2\npodLabels: {tier: front, of: map}\n"}))
    chart.make(secret("access", token=value(Shape.STRING_DATA)))
    token = {
        "kind": "Secret",
        "name": "access",
        "valuesKey": "token",
        "targetPath": r"podAnnotations.example\.com/token",
    }

    chart.want(
        render={
            "valuesFrom": [{"kind": "ConfigMap", "name": "defaults"}, token],
            "parameters": {"podLabels": {"of": "spec"}, "service": {"port": 8080}},
            "patches": [{"patch": GRACE}, {"target": {"kind": "Service"}, "patch": PORT}],
            "images": [{"name": "nginx", "newName": "registry.example/nginx", "newTag": "1.27.1"}],
            "commonMetadata": {"labels": {"team": "front"}},
            "targetNamespace": apps.namespace,
        }
    )
    status = chart.until_runs(digest)
    deployed, service = apps.get("deployment", "web"), apps.get("service", "web")
    apps.edit("service", "web", {"metadata": {"labels": {"team": "theirs"}}, "spec": {"selector": {"app": "theirs"}}})
    repaired = apps.until_object("service", "web", lambda found: found["metadata"]["labels"]["team"] == "front")
    chart.make(config_map("defaults", **{"values.yaml": "replicaCount: 3\n"}))
    changed = apps.until_object("deployment", "web", lambda found: found["spec"]["replicas"] == 3)
    chart.delete()
    chart.until_gone()

    assert (status["version"], status["render"]["format"]) == ("1.0.0", "Helm")
    assert status["inventory"]["count"] == 3  # with its ServiceAccount; the Pod of `helm test` is none
    assert template_of(deployed)["metadata"]["labels"].items() >= {"tier": "front", "of": "spec"}.items()
    assert template_of(deployed)["metadata"]["annotations"]["example.com/token"] == value(Shape.STRING_DATA)
    assert template_of(deployed)["spec"]["terminationGracePeriodSeconds"] == 5
    assert image(deployed) == "registry.example/nginx:1.27.1"
    assert deployed["spec"]["replicas"] == 2
    assert service["spec"]["ports"][0].items() >= {"port": 8080, "name": "web"}.items()
    assert repaired["spec"]["selector"] == service["spec"]["selector"]
    assert "tier" not in template_of(changed)["metadata"]["labels"]
    assert not any(apps.there(kind, "web") for kind in ("deployment", "service", "serviceaccount"))


def test_a_newer_chart_in_the_range_is_an_upgrade_and_status_tells_of_its_hooks(
    chart: Scenario, charts: Publisher
) -> None:
    first = charts.publish("1.0.0", {"old.yaml": OLD})
    chart.want(ref={"semver": "^1.0.0"}, render={"parameters": {"replicaCount": 2}})
    chart.until_runs(first)
    hooks = {"migrate.yaml": job("migrate", "pre-upgrade"), "backup.yaml": job("backup", "pre-delete")}
    second = charts.publish("1.1.0+build.5", hooks)
    charts.publish("2.0.0")

    chart.annotate("pattern-operator.io/requestedAt=upgrade")
    migrating = chart.until(lambda status: condition(status, "Ready").get("reason") == "HookRunning")
    before = chart.get("deployment", "web")["metadata"]["labels"]["helm.sh/chart"]
    ends(chart, "migrate")
    status = chart.until_runs(second)
    after, pruned = chart.get("deployment", "web"), not chart.there("configmap", "old")
    chart.delete()
    leaving = chart.until_object(
        "designpattern", "web", lambda found: found["status"]["hooks"].get("event") == "pre-delete"
    )["status"]
    kept = chart.there("deployment", "web")
    ends(chart, "backup")
    chart.until_gone()

    place = chart.namespace
    assert (migrating["version"], before) == ("1.0.0", "web-1.0.0")
    migration = {"event": "pre-upgrade", "phase": "Running", "hook": f"{place}_migrate_batch_Job"}
    assert migrating["hooks"].items() >= migration.items()
    assert status["hooks"].items() >= {"phase": "Succeeded", "hook": "", "delete": True}.items()
    assert status["version"] == "1.1.0+build.5"
    assert [each["version"] for each in status["history"]] == ["1.1.0+build.5", "1.0.0"]
    assert after["metadata"]["labels"]["helm.sh/chart"] == "web-1.1.0_build.5"
    assert after["spec"]["replicas"] == 2
    assert pruned
    assert (leaving["hooks"]["hook"], kept) == (f"{place}_backup_batch_Job", True)
    assert not chart.there("deployment", "web")


def test_a_chart_that_is_refused_leaves_what_runs_and_what_runs_is_repaired(chart: Scenario, charts: Publisher) -> None:
    first = charts.publish("1.0.0")
    chart.want(ref={"semver": "1.x"})
    chart.until_runs(first)
    second = charts.publish("1.1.0", {"mail.yaml": MAIL})

    chart.annotate("pattern-operator.io/requestedAt=upgrade")
    refused = chart.until_says("Rendered", "ChartFailed")["message"]
    chart.remove("service", "web")
    chart.until_object(
        "service", "web", lambda found: found is not None and not found["metadata"].get("deletionTimestamp")
    )
    running, grown = chart.status, chart.there("configmap", "mail")
    chart.change({"render": {"parameters": {"mailHost": "mail.example"}}})
    chart.until_runs(second)

    assert "set mailHost, which greets customers" in refused
    assert (running["version"], running["digest"], grown) == ("1.0.0", first, False)
    assert condition(running, "Ready")["status"] == "False"
    assert condition(running, "Healthy")["status"] == "True"
    assert chart.get("configmap", "mail")["data"] == {"host": "mail.example"}


def test_what_a_chart_makes_up_is_kept_until_others_change_it_and_what_a_patch_sets_is_not_left_to_them(
    chart: Scenario, charts: Publisher
) -> None:
    digest = charts.publish("1.0.0", {"made-up.yaml": MADE_UP})
    chart.want(render={"patches": [{"patch": LEVEL}]})
    status = chart.until_runs(digest)
    first = chart.get("secret", "made-up")["data"]

    chart.edit("secret", "made-up", {"stringData": {"password": "theirs"}})
    taken = chart.until_object(
        "secret", "made-up", lambda found: found["data"]["password"] != base64.b64encode(b"theirs").decode()
    )["data"]
    words = f"what is generated in Secret {chart.namespace}/made-up was changed or deleted by others"
    told = chart.until(lambda status: words in condition(status, "Applied").get("message", ""))
    chart.edit("secret", "made-up", {"stringData": {"user": "theirs"}})
    repaired = chart.until_object("secret", "made-up", lambda found: found["data"]["user"] == first["user"])["data"]
    chart.edit("configmap", "made-up", {"data": {"level": "theirs"}})
    level = chart.until_object("configmap", "made-up", lambda found: found["data"]["level"] != "theirs")["data"]

    assert [each["name"] for each in status["render"]["generated"]] == ["made-up"]
    assert taken.keys() == first.keys()
    assert taken["user"] == first["user"]
    assert condition(told, "Applied")["status"] == "True"
    assert repaired == taken
    assert level == {"level": "debug"}


def kustomization(setting: str) -> dict[str, str]:
    """The files of a base and an overlay."""
    base = "resources: [front.yaml]\n"
    files = {"base/kustomization.yaml": base, "base/front.yaml": BASE, "overlays/prod/kustomization.yaml": OVERLAY}
    return {**files, "overlays/prod/settings.env": f"SETTING={setting}\n"}


def test_a_kustomization_that_patternctl_pushed_is_installed_changed_upgraded_and_deleted(
    scenario: Scenario, apps: Scenario, tmp_path: Path
) -> None:
    patternctl = Patternctl(tmp_path)

    def publish(version: str, setting: str) -> str:
        folder = laid_out(tmp_path / version, kustomization(setting))
        done = patternctl("push", folder, f"{scenario.repository.oci}:{version}", "--insecure", "-o", "json")
        assert done.code == 0, done.err
        digest: str = done.json["digest"]
        return digest

    first = publish("1.0.0", "one")
    render = {"namePrefix": "shop-", "targetNamespace": apps.namespace, "images": [{"name": FRONT, "newTag": "2"}]}
    scenario.want(ref={"semver": "~1"}, source={"layer": {"path": "overlays/prod"}}, render=render)
    scenario.until_runs(first)
    deployed, (settings,) = apps.get("deployment", "shop-front"), apps.names()
    grace = [{"op": "add", "path": "/spec/template/spec/terminationGracePeriodSeconds", "value": 5}]
    scenario.change({"render": {"patches": [{"target": {"kind": "Deployment"}, "patch": json.dumps(grace)}]}})
    apps.until_object("deployment", "shop-front", has_grace)
    apps.edit("deployment", "shop-front", {"spec": {"replicas": 7}})
    apps.until_object("deployment", "shop-front", lambda found: found["spec"]["replicas"] == 2)
    second = publish("1.1.0", "two")
    scenario.annotate("pattern-operator.io/requestedAt=upgrade")
    status = scenario.until_runs(second)
    upgraded, (renewed,) = apps.get("deployment", "shop-front"), apps.names()
    scenario.delete()
    scenario.until_gone()

    assert image(deployed) == f"{FRONT}:2"
    assert read_from(deployed) == settings
    assert settings.startswith("shop-settings-")
    assert (status["version"], status["render"]["format"]) == ("1.1.0", "Kustomize")
    assert has_grace(upgraded)
    assert read_from(upgraded) == renewed != settings
    assert apps.names() == []
    assert not apps.there("deployment", "shop-front")


def has_grace(found: Mapping[str, Any]) -> bool:
    return bool(template_of(found)["spec"]["terminationGracePeriodSeconds"] == 5)


def read_from(found: Mapping[str, Any]) -> str:
    """The ConfigMap that the first container of a Deployment reads."""
    name: str = template_of(found)["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"]
    return name
