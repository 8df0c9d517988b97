import json, yaml, time
from tests.e2e.scenario import Scenario, condition, config_map, deployment, push, push_files, secret
from tests.e2e.test_hooks import CHART, ends, job, push_chart, templates

def test_t1_dependency_changes_at_the_same_moment(scenario: Scenario, registry) -> None:
    """helm-controller#276, kustomize-controller#521, flux2#2665: both are changed to 2.0.0 in one `kubectl apply`, the dependent first; flux2#3390: after a restart too."""
    for v in ("1.0.0", "2.0.0"): last = push(scenario.repository, v, config_map("app", v=v))
    db = scenario.another("db", repository=registry.repository("db"))
    for v in ("1.0.0", "2.0.0"): dblast = push(db.repository, v, config_map("db", v=v), deployment("db", image=f"x:{v}") if False else config_map("db2", v=v))
    db.want(ref={"tag": "1.0.0"}); scenario.want(ref={"tag": "1.0.0"}, dependsOn=[{"name": "db"}])
    scenario.until(lambda s: condition(s, "Ready").get("status") == "True"); 
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}}); db.change({"source": {"ref": {"tag": "2.0.0"}}})
    scenario.until_runs(last); db.until_runs(dblast)
    a = scenario.get("configmap", "app")["metadata"]["managedFields"][0]["time"]; b = scenario.get("configmap", "db")["metadata"]["managedFields"][0]["time"]
    print("T1: app applied", a, "db applied", b)

def test_t2_hook_on_install_ordinary_on_upgrade(scenario: Scenario) -> None:
    """sentry-kubernetes/charts#217, #312, helm#8944: asHook true at install, false afterwards."""
    d = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "relay", "labels": {"app": "x"}, "annotations": {}}, "data": {"v": "1"}})
    t = '{{- if .Values.asHook }}\n' + d.replace('"annotations": {}', '"annotations": {"helm.sh/hook": "post-install,post-upgrade", "helm.sh/hook-weight": "6"}') + '\n{{- else }}\n' + d + '\n{{- end }}'
    one = push_chart(scenario.repository, "1.0.0", {**templates("1"), "relay": t}) 
    scenario.want(ref={"tag": "1.0.0"}, render={"parameters": {"asHook": True}}); scenario.until_runs(one)
    scenario.until_object("configmap", "relay", lambda o: o is not None)
    scenario.change({"render": {"parameters": {"asHook": False}}})
    s = scenario.until(lambda s: s.get("observedGeneration") == scenario.get("designpattern", scenario.name)["metadata"]["generation"] and condition(s, "Ready").get("status") in ("True", "False") and condition(s, "Reconciling").get("status") != "True")
    print("T2a:", condition(s, "Ready")); assert condition(s, "Ready")["status"] == "True"
    assert "pattern-operator.io/name" in scenario.get("configmap", "relay")["metadata"]["labels"]
    scenario.change({"render": {"parameters": {"asHook": True}}})
    s = scenario.until(lambda s: s.get("observedGeneration") == scenario.get("designpattern", scenario.name)["metadata"]["generation"] and condition(s, "Ready").get("status") in ("True", "False") and condition(s, "Reconciling").get("status") != "True")
    print("T2b:", condition(s, "Ready"), scenario.there("configmap", "relay")); assert condition(s, "Ready")["status"] == "True"
    assert scenario.there("configmap", "relay")

ROLL = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": ""}, "spec": {"group": "", "scope": "Namespaced", "names": {"kind": "Rollout", "plural": "rollouts", "singular": "rollout", "listKind": "RolloutList"}, "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}}}]}}

def test_t3_observed_generation_is_text(scenario: Scenario) -> None:
    """Argo Rollouts writes status.observedGeneration as a text: a stale status says nothing of the new spec."""
    g = f"g{scenario.namespace.replace('-', '')}.example.com"[-60:]
    crd = json.loads(json.dumps(ROLL)); crd["metadata"]["name"] = f"rollouts.{g}"; crd["spec"]["group"] = g
    r = lambda n: {"apiVersion": f"{g}/v1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {"n": n}}
    one = push(scenario.repository, "1.0.0", crd, r(1)); two = push(scenario.repository, "2.0.0", crd, r(2))
    scenario.want(ref={"tag": "1.0.0"}, apply={"healthChecks": [{"apiVersion": f"{g}/v1", "kind": "Rollout", "current": "status.phase == 'Healthy'"}]})
    scenario.until(lambda s: "health check" in condition(s, "Healthy").get("message", ""))
    scenario.kubectl("patch", f"rollouts.{g}", "r", "-n", scenario.namespace, "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"observedGeneration": "1", "phase": "Healthy"}}))
    scenario.until_runs(one)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    time.sleep(8); s = scenario.status
    print("T3:", s.get("version"), condition(s, "Ready"), scenario.get(f"rollouts.{g}", "r").get("status"))
    scenario.kubectl("delete", "crd", f"rollouts.{g}", "--wait=false")
    assert not (condition(s, "Ready")["status"] == "True" and s.get("version") == "2.0.0")

def test_t4_schema_message(scenario: Scenario) -> None:
    """helm#10392: a subchart's schema refuses `global`, and no parameter was given."""
    files = {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 0.1.0\n", "values.yaml": b"global: {a: 1}\n", "templates/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "charts/s/Chart.yaml": b"apiVersion: v2\nname: s\nversion: 0.1.0\n", "charts/s/values.schema.json": b'{"type":"object","additionalProperties":false}', "charts/s/templates/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\n"}
    d = push_files(scenario.repository, "1.0.0", files)
    scenario.want(ref={"tag": "1.0.0"})
    s = scenario.until(lambda s: condition(s, "Ready").get("status") == "False" and condition(s, "Ready").get("reason") not in ("Pulling", "Progressing", "Reconciling"))
    m = condition(s, "Ready"); print("T4:", m)
    scenario.change({"render": {"skipSchemaValidation": True}}); scenario.until_runs(d)
    assert "skipSchemaValidation" in m["message"]

def test_t5_lint_and_compile(scenario: Scenario) -> None:
    """devantler-tech/platform#2985: has(status)"""
    files = {"pattern.yaml": yaml.safe_dump({"apiVersion": "pattern-operator.io/v1alpha1", "kind": "Pattern", "healthChecks": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "has(data) && data.a == 'b'"}]}).encode(), "o.yaml": json.dumps(config_map("x", a="b")).encode()}
    push_files(scenario.repository, "1.0.0", files); scenario.want(ref={"tag": "1.0.0"})
    print("T5:", scenario.until_says("Ready", "HealthCheckInvalid"))

DESIGN = b"id: 00000000-0000-0000-0000-000000000000\nname: d\nschemaVersion: designs.meshery.io/v1beta1\nversion: 0.0.%d\ncomponents:%s\n"
CM = b"\n- id: 11111111-1111-1111-1111-111111111111\n  schemaVersion: components.meshery.io/v1beta1\n  version: v1.0.0\n  displayName: cm\n  component: {kind: ConfigMap, version: v1, schema: ''}\n  configuration: {data: {a: b}}\n  model: {name: kubernetes, model: {version: v1.31.0}}\n"

def test_t6_an_empty_design_after_a_full_one(scenario: Scenario) -> None:
    """meshery#19840 makes designs without components in silence; Argo CD prunes nothing then (allowEmpty)."""
    one = push_files(scenario.repository, "1.0.0", {"design.yml": DESIGN % (1, CM)}); two = push_files(scenario.repository, "2.0.0", {"design.yml": DESIGN % (2, b" []")})
    scenario.want(ref={"tag": "1.0.0"}); scenario.until_runs(one)
    assert scenario.there("configmap", "cm")
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    time.sleep(8); s = scenario.status
    print("T6:", s.get("version"), condition(s, "Ready"), condition(s, "Rendered"), condition(s, "Applied"), scenario.there("configmap", "cm"))
    assert scenario.there("configmap", "cm")

def test_t7_rollout_without_check(scenario: Scenario) -> None:
    """flux2#4632, argo-rollouts#4672: without a health check of its own."""
    g = f"h{scenario.namespace.replace('-', '')}.example.com"[-60:]
    crd = json.loads(json.dumps(ROLL)); crd["metadata"]["name"] = f"rollouts.{g}"; crd["spec"]["group"] = g
    r = lambda n: {"apiVersion": f"{g}/v1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {"n": n}}
    one = push(scenario.repository, "1.0.0", crd, r(1)); two = push(scenario.repository, "2.0.0", crd, r(2))
    scenario.want(ref={"tag": "1.0.0"}); scenario.until_runs(one)
    scenario.kubectl("patch", f"rollouts.{g}", "r", "-n", scenario.namespace, "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"observedGeneration": "1", "conditions": [{"type": "Available", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "x", "message": ""}], "phase": "Healthy"}}))
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}}); time.sleep(6); s = scenario.status
    print("T7:", s.get("version"), condition(s, "Ready")); scenario.kubectl("delete", "crd", f"rollouts.{g}", "--wait=false")
    assert not (condition(s, "Ready")["status"] == "True" and s.get("version") == "2.0.0")

def test_t8_dependency_with_a_custom_resource_nobody_has_seen(scenario: Scenario, registry) -> None:
    """kustomize-controller#387: what depends on a pattern with a custom resource without a status is applied at once."""
    g = f"i{scenario.namespace.replace('-', '')}.example.com"[-60:]
    crd = json.loads(json.dumps(ROLL)); crd["metadata"]["name"] = f"rollouts.{g}"; crd["spec"]["group"] = g
    db = scenario.another("db", repository=registry.repository("db"))
    push(db.repository, "1.0.0", crd, {"apiVersion": f"{g}/v1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {"n": 1}}); push(scenario.repository, "1.0.0", config_map("app"))
    scenario.want(ref={"tag": "1.0.0"}, dependsOn=[{"name": "db"}]); scenario.until_says("Ready", "DependencyNotReady"); db.want(ref={"tag": "1.0.0"})
    time.sleep(7); print("T8:", condition(db.status, "Ready"), "app there:", scenario.there("configmap", "app"))
    db.change({"apply": {"healthChecks": [{"apiVersion": f"{g}/v1", "kind": "Rollout", "current": "status.phase == 'Healthy'"}]}}); time.sleep(3); print("T8b:", condition(db.status, "Ready"))
    scenario.kubectl("delete", "crd", f"rollouts.{g}", "--wait=false")

def test_t9_check_of_a_version_that_is_not_served(scenario: Scenario) -> None:
    """Cluster API v1beta1 -> v1beta2, ionfury/homelab#1305: the check names a version that the CRD does not serve."""
    g = f"j{scenario.namespace.replace('-', '')}.example.com"[-60:]
    crd = json.loads(json.dumps(ROLL)); crd["metadata"]["name"] = f"rollouts.{g}"; crd["spec"]["group"] = g
    push(scenario.repository, "1.0.0", crd, {"apiVersion": f"{g}/v1", "kind": "Rollout", "metadata": {"name": "r"}, "spec": {"n": 1}})
    scenario.want(ref={"tag": "1.0.0"}, apply={"healthChecks": [{"apiVersion": f"{g}/v1beta1", "kind": "Rollout", "current": "status.phase == 'Healthy'"}]})
    time.sleep(9); s = scenario.status; print("T9:", condition(s, "Ready"), condition(s, "Healthy"), condition(s, "Applied"))
    scenario.kubectl("patch", f"rollouts.{g}", "r", "-n", scenario.namespace, "--subresource=status", "--type=merge", "-p", json.dumps({"status": {"phase": "Healthy"}}))
    time.sleep(5); print("T9b:", condition(scenario.status, "Ready")); scenario.kubectl("delete", "crd", f"rollouts.{g}", "--wait=false")

def test_t10_broken_schema(scenario: Scenario) -> None:
    """DependencyTrack/helm-charts#122, helm#12994: values.schema.json is no JSON, or no schema."""
    said = []
    for n, schema in (("1.0.0", b'{"type": "object",}'), ("2.0.0", b'{"type": "objct"}')):
        push_files(scenario.repository, n, {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 0.1.0\n", "values.yaml": b"a: 1\n", "templates/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "values.schema.json": schema})
        scenario.want(ref={"tag": n}) if n == "1.0.0" else scenario.change({"source": {"ref": {"tag": n}}})
        time.sleep(6); m = condition(scenario.status, "Ready"); said.append(m); print("T10:", n, m)
    assert all("values.schema.json" in m["message"] for m in said)

def test_t11_value_in_message_of_schema(scenario: Scenario) -> None:
    """docs/parameters.md: the message names the path and never the value; of a Secret, nothing (helm's schema messages quote values)."""
    push_files(scenario.repository, "1.0.0", {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 0.1.0\n", "values.yaml": b"a: abc\n", "templates/a.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n", "values.schema.json": b'{"properties":{"a":{"type":"string","pattern":"^abc$"},"b":{"enum":["x"]},"c":{"maximum":5}}}'})
    scenario.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"p": "hunter2secret"}})
    scenario.want(ref={"tag": "1.0.0"}, render={"valuesFrom": [{"kind": "Secret", "name": "s", "valuesKey": "p", "targetPath": "a"}]}); time.sleep(6)
    m = condition(scenario.status, "Ready"); print("T11a:", m)
    scenario.change({"render": {"valuesFrom": None, "parameters": {"a": "inlinevalue1", "b": "inlinevalue2", "c": 7777777}}}); time.sleep(6); n = condition(scenario.status, "Ready"); print("T11b:", n)
    assert "hunter2" not in json.dumps(scenario.status) and "hunter2" not in json.dumps(scenario.events())
    assert "hunter2" not in m["message"]; assert "inlinevalue" not in n["message"] and "7777777" not in n["message"]

def test_t12_slips_that_lint_does_not_find(scenario: Scenario) -> None:
    """What `patternctl lint` and `render --pattern` leave: the operator refuses each."""
    push(scenario.repository, "1.0.0", config_map("a"))
    def want(n, **spec):
        try: (scenario.want if n == 0 else scenario.change)(spec) if n else scenario.want(ref={"tag": "1.0.0"}, **spec)
        except Exception as e: print("T12:", spec, "REFUSED BY API", str(e)[:300]); return
        time.sleep(4); print("T12:", spec, condition(scenario.status, "Ready").get("reason"), condition(scenario.status, "Ready").get("message", "")[:220])
    want(0, dependsOn=[{"name": scenario.name}])
    want(1, dependsOn=[{"name": "b", "version": "nonsense x"}])
    want(2, dependsOn=None, render={"valuesFrom": [{"kind": "ConfigMap", "name": "kube-root-ca.crt", "valuesKey": "ca.crt", "targetPath": "a[x]"}]})
