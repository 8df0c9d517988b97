"""What the docs quote from the program is what the program says; what they link to is there."""

import argparse
import re
import subprocess
import textwrap
from pathlib import Path

import orjson
import pytest
import yaml
from tests.render.designs import MESHERY, component, deployment, rendered
from tests.testbed.kubectl import BINARY

from pattern_operator.__main__ import parser
from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.signing import SIGN
from pattern_operator.render import Options, render

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(ROOT.glob("docs/*.md"))
RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:]+)(#[^)]*)?\)", page.read_text())

    assert [link for link, _ in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_a_page_leads_to_a_heading(page: Path):
    text = page.read_text()
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}

    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings


def test_every_page_signs_with_the_command_that_is_printed():
    pages = [*PAGES, *sorted(ROOT.glob("examples/**/*.md"))]
    commands = [
        command
        for page in pages
        for command in re.findall(r"cosign sign [^\n]*", page.read_text().replace("\\\n  ", ""))
    ]

    assert len(commands) >= 2
    assert [command for command in commands if not command.startswith(SIGN)] == []


def test_every_repair_that_the_docs_quote_is_what_a_report_says():
    page = (ROOT / "docs" / "meshery-designs.md").read_text()
    _, _, section = page.partition("## What is put right")
    quoted = re.findall(r"\| `([^`]+)` \|$", section.partition("\n## ")[0], re.MULTILINE)

    assert len(quoted) >= 20
    assert set(quoted) <= repairs_of_a_dirty_design()


def test_every_flag_of_the_operator_is_documented_and_no_other():
    documented = set(re.findall(r"^\| `(--[a-z-]+)", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))

    assert documented == flags(parser()) - {"--help", "--version"}


def test_the_overlays_of_the_multi_tenancy_page_build_and_do_what_they_say(tmp_path: Path):
    page = (ROOT / "docs" / "multi-tenancy.md").read_text()
    blocks = re.findall(r"^( *)```yaml\n\s*# kustomization.yaml.*?\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "pattern-operator").symlink_to(ROOT)
    overlay = tmp_path / "mine"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text("".join(textwrap.dedent(text) for _, text in blocks))

    built = subprocess.run([BINARY, "kustomize", overlay], capture_output=True, text=True, check=True).stdout
    objects = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(built)}

    policy = objects["ValidatingAdmissionPolicy", "pattern-operator-impersonation"]["spec"]["variables"]
    deployed = objects["Deployment", "pattern-operator"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"name": "defaultAccount", "expression": "'deployer'"} in policy
    assert "--default-service-account=deployer" in deployed


# Of a stage's own condition or an event, of patternctl, or words that Ready never has.
ELSEWHERE = {
    "KubeconfigInvalid",
    "DockerConfigInvalid",
    "Succeeded",
    "NoPolicy",
    "NotReached",
    "Drifted",
    "DriftRepaired",
    "DriftResolved",
    "Pruning",
    "Kept",
    "PatternNotFound",
}


def test_every_reason_that_ready_can_have_is_in_the_table_of_three_in_the_morning():
    page = (ROOT / "docs" / "operations.md").read_text()
    table = page.partition("| READY | STATUS |")[2].partition("\n\n")[0]
    told = {word for row in table.splitlines() for word in re.findall(r"`([A-Z]\w+)`", row.split("|")[2:3][0])}

    assert {str(each) for each in Reason} - ELSEWHERE == told


def test_the_flag_that_the_operations_page_adds_is_added(tmp_path: Path):
    page = (ROOT / "docs" / "operations.md").read_text()
    (text,) = re.findall(r"^```yaml\n# kustomization.yaml.*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "pattern-operator").symlink_to(ROOT)
    overlay = tmp_path / "mine"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(text)

    built = subprocess.run([BINARY, "kustomize", overlay], capture_output=True, text=True, check=True).stdout
    (deployed,) = (each for each in yaml.safe_load_all(built) if each["kind"] == "Deployment")

    assert deployed["spec"]["template"]["spec"]["containers"][0]["args"][-1] == "--registry-network=Public"


def flags(of: argparse.ArgumentParser) -> set[str]:
    """The flags of a command line, as its help names them."""
    run = next(action for action in of._actions if isinstance(action, argparse._SubParsersAction)).choices["run"]
    return set(re.findall(r"(--[a-z-]+)", run.format_help()))


def repairs_of_a_dirty_design() -> set[str]:
    """What is said of small components that have one fault each."""
    web = deployment(volumes=[{"name": "settings", "configMap": {"name": "Web Settings"}}])
    web["spec"]["replicas"] = None
    web["spec"]["template"]["spec"]["containers"] = [
        {"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]},
        {"ports": [{"containerPort": 80}]},
    ]
    twice = deployment()
    twice["spec"]["selector"] = {"match Labels": {"app": "web"}, "matchLabels": {"app": "web"}}
    captured = {"name": "other", "uid": "0", "resourceVersion": "1"}
    binding = {"metadata": {"namespace": "team"}, "roleRef": {"kind": "Role", "name": "r", "apiGroup": RBAC}}
    reader = {"kind": "ClusterRole", "name": "reader", "apiGroup": RBAC.partition("/")[0]}
    account = {"kind": "ServiceAccount", "name": "robot"}
    ports = [{"name": "http", "port": 80}, {"port": 80}]
    container = {"name": "a", "image": "a:1"}
    job = {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}
    tick = {"schedule": "* * * * *", "jobTemplate": {"spec": job}}
    components = [
        component("Deployment", "web", web | {"status": {"replicas": 1}}, version="apps/v1"),
        component("Deployment", "twice", twice, version="apps/v1"),
        component("ConfigMap", "Web Settings", None),
        component("ConfigMap", "captured", {"metadata": captured}),
        component("ConfigMap", "placed", {"metadata": {"namespace": "My Team"}}),
        component("ClusterRole", "reader", {"metadata": {"namespace": "team"}, "rules": []}, version=RBAC),
        component("ServiceAccount", "robot", {"metadata": {"namespace": "team"}}),
        component("RoleBinding", "stub", binding | {"subjects": [{"name": "robot"}]}, version=RBAC),
        component("RoleBinding", "whole", binding | {"subjects": [account | {"namespace": "team"}]}, version=RBAC),
        component(
            "ClusterRoleBinding", "all", {"roleRef": reader, "subjects": [account, {"name": "robot"}]}, version=RBAC
        ),
        component("Service", "web", {"spec": {"ports": ports}}),
        component("Pod", "seen", {"metadata": {"uid": "0"}, "spec": {"nodeName": "n", "containers": [container]}}),
        component("CronJob", "tick", {"spec": tick}, version="batch/v1beta1"),
    ]
    old = {"name": "w", "type": "Deployment.K8s", "apiVersion": "core.oam.dev/v1alpha1", "settings": deployment()}
    oldest = File("design.yml", orjson.dumps({"name": "old", "services": {"w": old}}))
    renderings = [
        rendered(*components),
        rendered(*components, options=Options(format="Meshery", target_namespace="shop")),
        render([oldest], options=MESHERY),
    ]
    return {repair for each in renderings for report in each.components for repair in report.repairs}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_who_is_told_to_install_the_manifests_is_told_to_install_the_crd(page: Path):
    text = page.read_text()

    assert "kubectl apply --server-side -k manifests/" not in text or "-k crds" in text
