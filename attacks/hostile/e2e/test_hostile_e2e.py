"""Real API server: a failed assertion here is the fault (each asserts the right behaviour)."""
import json
from tests.e2e.scenario import Scenario, condition
from tests.e2e.test_hooks import ends, job, push_chart, templates

SECRET = """apiVersion: v1
kind: Secret
metadata:
  name: users
  annotations: {salt: {{ randAlphaNum 12 | quote }}}
data:
{{- range $i := until 65 }}
  user{{ $i }}: {{ randAlphaNum 12 | b64enc | quote }}
{{- end }}
"""
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {a: b}\n"


def test_a_chart_with_many_generated_fields_is_applied_again(scenario: Scenario) -> None:
    one = push_chart(scenario.repository, "1.0.0", {"s": SECRET, "c": CM})
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_runs(one)
    before = scenario.get("secret", "users")["data"]
    scenario.edit("secret", "users", {"metadata": {"labels": {"app.kubernetes.io/managed-by": None, "pattern-operator.io/name": "drift"}}})
    scenario.remove("configmap", "shop")
    scenario.request()
    try:
        scenario.until(lambda s: condition(s, "Ready")["status"] == "False", seconds=30)
    except AssertionError:
        pass
    ready = condition(scenario.status, "Ready")
    print("READY", json.dumps(ready))
    print("same data:", scenario.get("secret", "users")["data"] == before)
    assert ready["status"] == "True", ready["message"]


def test_a_job_of_both_moments_is_run_at_both(scenario: Scenario) -> None:
    push_chart(scenario.repository, "1.0.0", templates("1", job("check", "pre-install,post-install")))
    scenario.want(ref={"tag": "1.0.0"})
    ends(scenario, "check")
    first = scenario.get("job", "check")["metadata"]["uid"]
    scenario.until_object("configmap", "shop", lambda each: each is not None)
    scenario.until_says("Ready", "Ready")
    print("HOOKS", json.dumps(scenario.status["hooks"]), "same Job:", scenario.get("job", "check")["metadata"]["uid"] == first)
    assert scenario.get("job", "check")["metadata"]["uid"] != first


def test_a_namespace_of_a_hook_is_not_deleted_with_what_others_have_in_it(scenario: Scenario) -> None:
    name = f"{scenario.namespace}-shared"[:60]
    ns = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "annotations": {"helm.sh/hook": "pre-install,pre-upgrade"}}})
    push_chart(scenario.repository, "1.0.0", {"n": ns, "c": CM})
    push_chart(scenario.repository, "2.0.0", {"n": ns, "c": CM})
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_says("Ready", "Ready")
    client = scenario.kubectl.client
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "of-another-team", "namespace": name}})
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until(lambda s: (s.get("hooks") or {}).get("event") in ("pre-upgrade", "post-upgrade") and condition(s, "Ready")["reason"] in ("Ready", "HookRunning"), seconds=60)
    import time
    time.sleep(10)
    left = client.get("configmap", "of-another-team", namespace=name)
    print("READY", json.dumps(condition(scenario.status, "Ready")), "ConfigMap of others:", left is not None)
    assert left is not None
