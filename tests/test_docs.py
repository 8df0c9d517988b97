"""What the docs quote from the program is what the program says; what they link to is there."""

import argparse
import itertools
import re
import subprocess
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.testbed.cosign import SIGN
from tests.testbed.kubectl import BINARY

from pattern_operator.__main__ import parser
from pattern_operator.api.crd import TRUST_POLICY, schema
from pattern_operator.api.reason import Reason

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(ROOT.glob("docs/*.md"))
WRITTEN_PAGES = [*PAGES, ROOT / "RELEASING.md", *sorted(ROOT.glob("docs/adr/*.md"))]


def without_code(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#:]+)(#[^)]*)?\)", page.read_text())

    assert [link for link, _ in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_a_page_leads_to_a_heading(page: Path):
    text = page.read_text()
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}

    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings


@pytest.mark.parametrize("page", WRITTEN_PAGES, ids=lambda page: page.name)
def test_no_page_has_a_heading_twice(page: Path):
    assert repeated_headings(page.read_text()) == []


def repeated_headings(text: str) -> list[str]:
    """The headings that a page has more than once, where its code blocks do not count."""
    counted = Counter(re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE))
    return [heading for heading, times in counted.items() if times > 1]


def test_a_repeated_heading_is_found_and_a_comment_in_code_is_none():
    text = "# Page\n## Registries\n```sh\n# Page\n```\n## Cache\n### Registries\n"

    assert repeated_headings(text) == ["Registries"]


@pytest.mark.parametrize("page", WRITTEN_PAGES, ids=lambda page: page.name)
def test_every_path_of_the_repository_that_a_page_names_is_there(page: Path):
    assert missing_paths(page.read_text()) == []


def missing_paths(text: str) -> list[str]:
    """The paths in backticks and in code blocks that begin with a folder of the repository, and lead nowhere."""
    code = re.findall(r"^```.*?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL)
    folders = "crds|docs|examples|manifests|operator|requirements|tests|tools"
    # also below the clone that a kustomization names: ../pattern-operator/manifests/default
    named = re.findall(rf"(?:(?<![\w./-])|pattern-operator/)((?:{folders})/[\w./*-]*)", "\n".join(code))
    return [path for path in named if not list(ROOT.glob(path.rstrip("/.")))]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`manifests/components/aggregate-to-edit` and `docs/*.in.md`", []),
        ("`manifests/components/finalizer-policy` makes it", ["manifests/components/finalizer-policy"]),
        ("```yaml\nresources: [../pattern-operator/manifests/gone]\n```", ["manifests/gone"]),
        ("manifests/gone in a sentence, `/var/manifests/gone` elsewhere", []),
    ],
)
def test_a_path_that_leads_nowhere_is_found(text: str, missing: list[str]):
    assert missing_paths(text) == missing


def test_every_page_signs_with_cosign_so_that_nothing_is_sent_to_a_public_log():
    pages = [*PAGES, *sorted(ROOT.glob("examples/**/*.md"))]
    commands = [
        command
        for page in pages
        for command in re.findall(r"cosign sign [^\n]*", page.read_text().replace("\\\n  ", ""))
    ]

    assert len(commands) >= 1
    assert [command for command in commands if not command.startswith(SIGN)] == []


def anchors(page: Path) -> set[str]:
    """What the headings of a page are linked to as, by GitHub's rule; a heading that comes twice has a number."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        numbered = (f"{name}-{number}" for number in itertools.count(1))
        found.add(name if name not in found else next(each for each in numbered if each not in found))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_another_page_leads_to_a_heading(page: Path):
    links = re.findall(r"\]\(([^)#:]+\.md)#([^)]*)\)", page.read_text())

    assert [(link, name) for link, name in links if name not in anchors(page.parent / link)] == []


def test_the_readme_links_to_every_page():
    linked = set(re.findall(r"\]\((docs/[^)#]+)\)", (ROOT / "README.md").read_text()))

    assert linked == {f"docs/{page.name}" for page in ROOT.glob("docs/*.md") if not page.name.endswith(".in.md")}


FOR_DEVELOPERS = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *sorted(ROOT.glob("docs/adr/*.md"))]


@pytest.mark.parametrize("page", FOR_DEVELOPERS, ids=lambda page: page.name)
def test_every_module_that_a_page_for_developers_names_is_there(page: Path):
    named = re.findall(r"`((?:[a-z_]+/)*(?:[a-z_]+\.py|[a-z_]+/))`", page.read_text())
    roots = (ROOT, ROOT / "operator" / "pattern_operator")

    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


PACKAGE = ROOT / "operator" / "pattern_operator"


def test_every_module_that_a_docstring_names_is_there():
    files = sorted(file for folder in (PACKAGE, ROOT / "tests", ROOT / "tools") for file in folder.rglob("*.py"))
    found = {str(file.relative_to(ROOT)): missing_names(file.read_text()) for file in files if file != Path(__file__)}

    assert {file: names for file, names in found.items() if names} == {}


def missing_names(text: str) -> list[str]:
    """The names in a module's text, such as ``apply.inventory``, that begin with a package and lead nowhere."""
    named = re.findall(r"``(?:pattern_operator\.)?([a-z_]+(?:\.\w+)+)(?:\(\))?``", text)
    return [name for name in named if (PACKAGE / name.partition(".")[0]).is_dir() and not is_there(name.split("."))]


def is_there(parts: list[str]) -> bool:
    """Whether they lead to a package or module, or to words of one: of its code, or of its docstring."""
    place = PACKAGE
    while parts and (place / parts[0]).is_dir():
        place, parts = place / parts[0], parts[1:]
    if parts and (place / f"{parts[0]}.py").exists():
        place, parts = place / f"{parts[0]}.py", parts[1:]
    module = place if place.is_file() else place / "__init__.py"
    return all(re.search(rf"\b{re.escape(part)}\b", module.read_text()) for part in parts)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("``kube.decode``, ``pattern_operator.kube`` and ``apply.inventory.difference``", []),
        ("without values (``kube.servertext``)", ["kube.servertext"]),
        ("``pattern_operator.apply.inventory.distance()``", ["apply.inventory.distance"]),
        ("``health.status`` of Argo, ``limits.count``", []),
    ],
)
def test_a_name_that_leads_nowhere_is_found(text: str, missing: list[str]):
    assert missing_names(text) == missing


def test_every_test_that_the_threat_model_names_is_there():
    named = re.findall(r"`((?:[a-z0-9_]+/)*test_[a-z0-9_]+\.py)`", (ROOT / "SECURITY.md").read_text())

    assert len(named) > 40
    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def test_every_path_that_has_an_owner_is_there():
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    paths = [line.split()[0] for line in lines if line.startswith("/")]

    assert len(paths) > 5
    assert [path for path in paths if not list(ROOT.glob(path.strip("/")))] == []


def test_every_decision_is_in_the_list_of_decisions():
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\]\(([^)]+\.md)\)", (folder / "README.md").read_text())

    assert listed == sorted(page.name for page in folder.glob("[0-9]*.md"))


def commands(of: str) -> set[tuple[str, str, str]]:
    """Page, verb and flag of every command line of a program in the docs."""
    found = set()
    for page in PAGES:
        for block in re.findall(r"^ *```sh\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                for words in re.findall(rf"(?:^|[|(] ?|&& ){of} ([^|#)]*)", line.strip()):
                    words = re.sub(r"(?:^| )-n \S+", "", words).strip()
                    verb = next((word for word in words.split() if not word.startswith("-")), "")
                    found |= {(page.name, verb, flag) for flag in re.findall(r" (--[a-z][a-z-]*)", f" {words}")}
    return found


KUBECTL = commands("kubectl")
COSIGN = commands("cosign")


def test_commands_of_other_programs_are_found_in_the_docs():
    assert len(KUBECTL) >= 15
    assert len(COSIGN) >= 2


@pytest.mark.parametrize("verb", sorted({verb for _, verb, _ in KUBECTL}))
def test_the_flags_of_kubectl_in_the_docs_exist(verb: str):
    help_ = [subprocess.run([BINARY, *line], capture_output=True, text=True).stdout for line in help_of(verb)]
    known = set(re.findall(r"(--[a-z][a-z-]*)", "".join(help_)))

    assert {flag for _, each, flag in KUBECTL if each == verb} <= known


def help_of(verb: str) -> list[list[str]]:
    """What prints the flags of a verb of kubectl; that of ``create`` depends on what is made."""
    kinds = ("namespace", "rolebinding", "role", "configmap", "secret generic", "secret docker-registry")
    more = [["create", *kind.split(), "--help"] for kind in kinds] if verb == "create" else []
    return [[verb, "--help"], ["rollout", "restart", "--help"], ["options"], *more]


def yaml_blocks() -> Iterator[tuple[str, Any]]:
    """Every document of YAML in the docs, with the page and a number."""
    for page in PAGES:
        if page.name.endswith(".in.md"):
            continue
        blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
        for number, (_, block) in enumerate(blocks):
            for document in yaml.safe_load_all(textwrap.dedent(block)):
                yield f"{page.name}-{number}", document


YAML = list(yaml_blocks())


def test_what_is_yaml_in_the_docs_is_found():
    assert len(YAML) >= 20
    assert sum(is_pattern(document) for _, document in YAML) >= 12


def is_pattern(document: Any) -> bool:
    """Whether it is a DesignPattern, or the fields of one."""
    return isinstance(document, dict) and (document.get("kind") == "DesignPattern" or document.keys() == {"spec"})


@pytest.mark.parametrize(
    "document", [pytest.param(document, id=where) for where, document in YAML if is_pattern(document)]
)
def test_every_designpattern_of_the_docs_has_fields_that_exist(document: Any):
    assert list(wrong(document["spec"], schema()["properties"]["spec"], "spec")) == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(each, id=where)
        for where, each in YAML
        if isinstance(each, dict) and each.get("kind") == "TrustPolicy"
    ],
)
def test_every_trustpolicy_of_the_docs_has_fields_that_exist(document: Any):
    assert list(wrong(document["spec"], schema(TRUST_POLICY)["properties"]["spec"], "spec")) == []


def wrong(value: Any, node: dict[str, Any], path: str) -> Iterator[str]:
    """What of ``value`` is not as the schema has it; what a piece of a spec leaves out is not missed."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    if not isinstance(value, kinds[node["type"]]) or (node["type"] == "integer" and isinstance(value, bool)):
        yield f"{path} is not of type {node['type']}"
    elif "enum" in node and value not in node["enum"]:
        yield f"{path} is none of {node['enum']}"
    elif isinstance(value, dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
        for name, each in value.items():
            if isinstance(node.get("additionalProperties"), dict):
                yield from wrong(each, node["additionalProperties"], f"{path}.{name}")
            elif name not in node.get("properties", {}):
                yield f"{path}.{name} does not exist"
            else:
                yield from wrong(each, node["properties"][name], f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from wrong(each, node["items"], f"{path}[]")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"sourse": {}}, ["spec.sourse does not exist"]),
        ({"source": {"ref": {"tag": 1.0}}}, ["spec.source.ref.tag is not of type string"]),
        ({"apply": {"adopt": "Maybe"}}, ["spec.apply.adopt is none of ['Always', 'IfUnowned', 'Never']"]),
        ({"verify": {"authorities": [{"keys": {}}]}}, ["spec.verify.authorities[].keys does not exist"]),
        ({"rollout": {"historyLimit": True}}, ["spec.rollout.historyLimit is not of type integer"]),
    ],
    ids=str,
)
def test_a_field_that_does_not_exist_is_found(spec: Any, says: list[str]):
    assert list(wrong(spec, schema()["properties"]["spec"], "spec")) == says


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
    "PolicyWarning",
    "VersionWithdrawn",
    "NotReached",
    "Drifted",
    "DriftRepaired",
    "DriftResolved",
    "Pruning",
    "Kept",
    "NotInInventory",
    "PatternNotFound",
    "Updated",
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


def test_the_authority_that_the_page_of_private_registries_adds_is_added(tmp_path: Path):
    page = (ROOT / "docs" / "private-registry.md").read_text()
    (text,) = re.findall(r"^```yaml\n# kustomization.yaml.*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "pattern-operator").symlink_to(ROOT)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(text)

    built = subprocess.run([BINARY, "kustomize", tmp_path / "mine"], capture_output=True, text=True, check=True).stdout
    (deployed,) = (each for each in yaml.safe_load_all(built) if each["kind"] == "Deployment")

    pod = deployed["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "SSL_CERT_FILE", "value": "/etc/registry-ca/ca.crt"} in container["env"]
    assert {"name": "registry-ca", "configMap": {"name": "registry-ca"}} in pod["volumes"]
    assert any(each["mountPath"] == "/etc/registry-ca" for each in container["volumeMounts"])


def flags(of: argparse.ArgumentParser) -> set[str]:
    """The flags of a command line, as its help names them."""
    run = next(action for action in of._actions if isinstance(action, argparse._SubParsersAction)).choices["run"]
    return set(re.findall(r"(--[a-z-]+)", run.format_help()))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_who_is_told_to_install_the_manifests_is_told_to_install_the_crd(page: Path):
    text = page.read_text()

    assert "kubectl apply --server-side -k manifests/" not in text or "-k crds" in text
