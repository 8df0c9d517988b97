"""What SOPS encrypted is refused before anything is sent, in each form; what only has a field of that name is not."""

import json

import pytest
import yaml
from tests.render.designs import component, design
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.reason import Reason
from pattern_operator.api.report import Outcome
from pattern_operator.errors import Stalled
from pattern_operator.render import Options

ENCRYPTED = "ENC[AES256_GCM,data:czNjcjN0,iv:aXY=,tag:dGFn,type:str]"
META = {"name": "s"}
SOPS = {"age": [{"recipient": "age1x", "enc": "x"}], "lastmodified": "2026-01-01T00:00:00Z", "mac": ENCRYPTED}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": ENCRYPTED}}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}


def _yaml(*values: object) -> list[File]:
    return [File("a.yaml", yaml.safe_dump_all(values).encode())]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({**SECRET, "sops": SOPS}, id="a Secret, its values"),
        pytest.param({**SECRET, "sops": {"mac": "x"}}, id="a Secret, with the least of it"),
        pytest.param(
            {
                "apiVersion": ENCRYPTED,
                "kind": ENCRYPTED,
                "metadata": {"name": ENCRYPTED},
                "data": {"a": ENCRYPTED},
                "sops": SOPS,
            },
            id="every value of it",
        ),
        pytest.param({**CONFIG_MAP, "data": {"a": ENCRYPTED}, "sops": SOPS}, id="a ConfigMap"),
        pytest.param(
            {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "d"}, "sops": SOPS}, id="a CR"
        ),
        pytest.param({"data": ENCRYPTED, "sops": SOPS}, id="a file that is none of Kubernetes"),
    ],
)
@pytest.mark.parametrize("others", [(), (CONFIG_MAP,)])
def test_what_is_encrypted_is_refused_with_what_to_do(value: dict[str, object], others: tuple[object]):
    rendering = render(_yaml(value, *others), options=Options())

    (refused,) = rendering.with_outcome(Outcome.REFUSED)
    assert refused.reason == "Encrypted"
    assert refused.message.startswith("a.yaml#1 is encrypted with SOPS, and the operator decrypts nothing: take it out")
    assert len(rendering.objects) == len(others)
    assert "czNjcjN0" not in refused.message


def test_encrypted_json_is_refused_likewise():
    (refused,) = render([File("a.json", json.dumps({**SECRET, "sops": SOPS}).encode())], options=Options()).components

    assert refused.reason == "Encrypted"


def test_an_encrypted_design_is_refused_as_a_whole():
    plain = yaml.safe_load(design(component("Namespace", "team")).content)
    encrypted = File("design.yml", yaml.safe_dump({**plain, "sops": SOPS}).encode())

    with pytest.raises(Stalled, match="is encrypted with SOPS") as refusal:
        render([encrypted], options=Options())

    assert refusal.value.reason is Reason.DOCUMENT_INVALID


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(SECRET, id="a value that looks encrypted"),
        pytest.param({**CONFIG_MAP, "data": {"sops": "mac: x"}}, id="a key called sops that is not at the top"),
        pytest.param(
            {"apiVersion": "example.com/v1", "kind": "Tool", "metadata": {"name": "d"}, "sops": {"enabled": True}},
            id="a field of another kind",
        ),
        pytest.param(
            {
                "apiVersion": "isindir.github.com/v1alpha3",
                "kind": "SopsSecret",
                "metadata": {"name": "s"},
                "sops": SOPS,
            },
            id="a kind that is decrypted in the cluster",
        ),
    ],
)
def test_what_an_api_server_can_take_is_applied(value: dict[str, object]):
    rendering = render(_yaml(value), options=Options())

    assert len(rendering.objects) == 1
