"""Real API server and operator; a failed assertion is the fault."""
import json, time, pathlib
from tests.e2e.scenario import Scenario, condition, push_files
from tests.e2e.test_hooks import push_chart
from tests.testbed.testbed import Testbed

CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {a: b}\n"
LIST = """apiVersion: v1
kind: List
metadata: {name: cleanup, annotations: {helm.sh/hook: pre-delete}}
items:
- apiVersion: batch/v1
  kind: Job
  metadata: {name: drop-all-data}
  spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: psql}]}}}
"""


def test_a_list_that_is_a_hook_is_not_run_at_the_installation(scenario: Scenario) -> None:
    push_chart(scenario.repository, "1.0.0", {"l": LIST, "c": CM})
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_object("configmap", "shop", lambda each: each is not None)
    time.sleep(3)
    print("JOBS", scenario.names("job"))
    assert "drop-all-data" not in scenario.names("job")


def test_a_value_of_a_secret_is_not_in_status(scenario: Scenario) -> None:
    scenario.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"p": "S3cr3t-of-the-tenant"}})
    patch = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"imagePullSecrets": [{"name": "x"}]}}}})
    pattern = {"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "parameters": {"schema": {"properties": {"password": {"type": "string"}}}}, "patches": [{"target": {"kind": "Deployment"}, "patch": patch}]}
    dep = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"imagePullSecrets": ["${password}"], "containers": [{"name": "web", "image": "i"}]}}}}
    push_files(scenario.repository, "1.0.0", {"pattern.yaml": json.dumps(pattern).encode(), "a.yaml": json.dumps(dep).encode()})
    scenario.want(ref={"tag": "1.0.0"}, render={"valuesFrom": [{"kind": "Secret", "name": "login", "valuesKey": "p", "targetPath": "password"}]})
    scenario.until(lambda s: condition(s, "Ready")["status"] == "False", seconds=60)
    said = json.dumps(scenario.status) + json.dumps(scenario.events())
    print("READY", condition(scenario.status, "Ready")["message"])
    assert "S3cr3t-of-the-tenant" not in said


def test_config_maps_do_not_take_the_memory_of_the_operator(scenario: Scenario, testbed: Testbed) -> None:
    pid = testbed.operator.process.pid if hasattr(testbed.operator.process, "pid") else testbed.operator.process._process.pid
    def peak():
        return max(int(l.split()[1]) // 1024 for l in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("VmHWM"))
    before = peak()
    for i in range(6):
        scenario.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{i}"}, "data": {"values.yaml": "a: &a [" + ",".join(["{}"] * 990) + f"]\nk{i}: [" + ",".join(["*a"] * 600) + "]\n"}})
    push_chart(scenario.repository, "1.0.0", {"c": CM})
    scenario.want(ref={"tag": "1.0.0"}, render={"valuesFrom": [{"kind": "ConfigMap", "name": f"c{i}"} for i in range(6)]})
    try:
        scenario.until(lambda s: condition(s, "Ready")["reason"] == "ParametersInvalid", seconds=100)
    except BaseException as e: print(type(e))
    print(f"MEMORY of the operator {before} -> {peak()} MiB for 6 ConfigMaps of 4.8 KB")
    assert peak() < before + 60
