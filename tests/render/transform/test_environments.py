"""The example of one artifact in two environments, as docs/environments.md tells it."""

from typing import Any

import pytest
import yaml
from tests.reconcile.pattern import REVISION
from tests.render.kustomizing import driven, files
from tests.testbed.paths import ROOT

from pattern_operator.api.designpattern import decode
from pattern_operator.api.object import Object
from pattern_operator.api.verification import VerificationPolicy
from pattern_operator.reconcile.desired import desired_state, options
from pattern_operator.render import render

EXAMPLE = ROOT / "examples" / "environments"


def objects(environment: str) -> dict[str, Object]:
    """What the DesignPattern of an environment makes of the artifact, by kind."""
    body: dict[str, Any] = yaml.safe_load((EXAMPLE / f"{environment}.yaml").read_text())
    body["metadata"] |= {"uid": "u-1", "generation": 1}
    pattern = decode(body)
    asked = options(pattern, desired_state(pattern, REVISION, VerificationPolicy()))
    artifact = files({"web.yaml": (EXAMPLE / "web" / "web.yaml").read_bytes()})
    return {each.key.kind: each for each in driven(render(artifact, options=asked)).objects}


@pytest.mark.parametrize(
    ("environment", "replicas", "tag", "host"),
    [("dev", 1, "main", "web.dev.example"), ("prod", 3, "1.4.2", "web.prod.example")],
)
def test_one_artifact_has_the_replicas_the_image_and_the_host_of_its_environment(
    environment: str, replicas: int, tag: str, host: str
) -> None:
    made = objects(environment)
    spec = made["Deployment"].body["spec"]
    assert spec["replicas"] == replicas
    assert spec["template"]["spec"]["containers"][0]["image"] == f"registry.example/shop/web:{tag}"
    assert made["Ingress"].body["spec"]["rules"][0]["host"] == host
    assert {each.key.namespace for each in made.values()} == {f"web-{environment}"}
    assert all(each.body["metadata"]["labels"]["environment"] == environment for each in made.values())
