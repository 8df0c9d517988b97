"""The examples as a newcomer applies them, with the real helm: what their READMEs say is so."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.program import Patternctl
from tests.e2e.scenario import Scenario, eventually, secret
from tests.planted import Shape, value
from tests.testbed.paths import BIN, ROOT
from tests.testbed.registry import Registry
from tests.testbed.testbed import Testbed

CHART = ROOT / "examples" / "chart"
SHOP = CHART / "shop"


@pytest.fixture
def shop(testbed: Testbed, registry: Registry) -> Iterator[Scenario]:
    """The pattern ``shop`` in the namespace ``shop``, as the files of the example name them."""
    testbed.kubectl("create", "namespace", "shop")
    yield Scenario(testbed.kubectl, "shop", registry.repository("charts"), name="shop")
    testbed.kubectl("delete", "namespace", "shop")


@pytest.fixture
def patternctl(tmp_path: Path) -> Patternctl:
    """The program, with helm on PATH."""
    return Patternctl(tmp_path, {"PATH": f"{BIN}:/usr/bin:/bin"})


def example(name: str) -> dict[str, Any]:
    """The object in a file of the example."""
    found: dict[str, Any] = yaml.safe_load((CHART / name).read_text())
    return found


def pushed(patternctl: Patternctl, shop: Scenario, folder: Path, version: str) -> str:
    """Push the folder of a chart as its README says; the digest."""
    done = patternctl("push", folder, f"{shop.repository.oci}:{version}", "--insecure", "-o", "json")
    assert done.code == 0, done.err
    digest: str = done.json["digest"]
    return digest


def decoded(found: dict[str, Any], key: str) -> str:
    return base64.b64decode(found["data"][key]).decode()


def test_the_example_of_a_chart_runs_and_is_upgraded_and_refused_as_its_readme_says(
    shop: Scenario, patternctl: Patternctl
) -> None:
    password, newer = value(Shape.STRING_DATA), value(Shape.SECRET_DATA)
    looked = patternctl("render", SHOP, "--name", "shop", "-n", "shop", "--set", "db.password=only-to-look")
    digest = pushed(patternctl, shop, SHOP, "1.0.0")
    pattern = example("designpattern.yaml")
    pattern["spec"]["source"] |= {"url": shop.repository.oci, "insecure": True}
    shop.make(secret("shop-password", password=password), example("settings.yaml"), pattern)
    status = shop.until_runs(digest)
    deployed, settings = shop.get("deployment", "shop")["spec"], shop.get("configmap", "shop")["data"]
    given = decoded(shop.get("secret", "shop-db"), "DB_PASSWORD")

    shop.make(secret("shop-password", password=newer))
    shop.until_object("secret", "shop-db", lambda found: decoded(found, "DB_PASSWORD") == newer)
    eventually(lambda: shop.events("HookRunning"))  # which are written behind the run
    (ran,) = shop.events("HookRunning")
    shop.change({"render": {"parameters": {"replicas": 50}}})
    refused = shop.until_says("Rendered", "ParametersInvalid")["message"]

    assert looked.code == 0, looked.err
    assert [each["kind"] for each in looked.items] == ["Secret", "ConfigMap", "Service", "Deployment", "Job"]
    assert status["version"] == "1.0.0"
    assert deployed["replicas"] == 2
    assert deployed["template"]["spec"]["terminationGracePeriodSeconds"] == 10
    assert deployed["template"]["spec"]["containers"][0]["image"] == "docker.io/library/nginx:1.27.5"
    assert settings == {"GREETING": "hello from the team", "DB_HOST": "postgres.shop.svc"}
    assert given == password
    assert "pre-upgrade hook Job.batch shop/shop-migrate runs" in ran["message"]
    assert "values don't meet the specifications of the schema" in refused
    assert shop.get("deployment", "shop")["spec"]["replicas"] == 2
