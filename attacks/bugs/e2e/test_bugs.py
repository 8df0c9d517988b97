import json, yaml, base64
from tests.e2e.scenario import Scenario, condition, config_map, secret, push_files
from tests.e2e.test_hooks import CHART, CONFIG, ends, job, push_chart, templates, uid
from tests.e2e.test_ended import end

CRD = lambda g, more={}: {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"foos.{g}"}, "spec": {"group": g, "scope": "Namespaced", "names": {"kind": "Foo", "plural": "foos", "singular": "foo", "listKind": "FooList"}, "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"big": {"type": "integer", "format": "int64"}, **more}}}}}}]}}

def test_t1_account_of_several_moments(scenario: Scenario) -> None:
    """argo-cd#26404, #2737: a ServiceAccount hook of pre-install,pre-delete with hook-succeeded is there for each Job."""
    sa = json.dumps({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner", "annotations": {"helm.sh/hook": "pre-install,pre-upgrade,pre-delete", "helm.sh/hook-weight": "-1", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}}})
    d = push_chart(scenario.repository, "1.0.0", templates("1", sa, job("seed", "pre-install", delete_policy="hook-succeeded"), job("bye", "pre-delete")))
    scenario.want(ref={"tag": "1.0.0"})
    scenario.until_object("job", "seed", lambda o: o is not None)
    assert scenario.there("serviceaccount", "runner")
    ends(scenario, "seed")
    scenario.until_runs(d)
    scenario.until_object("serviceaccount", "runner", lambda o: o is None)
    scenario.delete()
    scenario.until_object("job", "bye", lambda o: o is not None)
    assert scenario.there("serviceaccount", "runner")
    ends(scenario, "bye")
    scenario.until_gone()
    assert not scenario.there("serviceaccount", "runner")

def test_t2_earlier_hook_when_a_later_one_fails(scenario: Scenario) -> None:
    """helm#10279, #3714: Helm 4 deletes the hooks that succeeded before (hook-succeeded), and the failed one (hook-failed)."""
    push_chart(scenario.repository, "1.0.0", templates("1", job("one", "pre-install", weight="1", delete_policy="hook-succeeded,hook-failed"), job("two", "pre-install", weight="2", delete_policy="hook-succeeded,hook-failed")))
    scenario.want(ref={"tag": "1.0.0"})
    ends(scenario, "one"); ends(scenario, "two", well=False)
    scenario.until_says("Ready", "HookFailed")
    scenario.until_object("job", "two", lambda o: o is None, seconds=15)
    scenario.until_object("job", "one", lambda o: o is None, seconds=15)

def test_t3_hook_and_ordinary_object_of_one_name(scenario: Scenario) -> None:
    """helm: pre-install,pre-upgrade ConfigMap with hook-succeeded, and the same as an ordinary object."""
    hook = config_map("same", a="hook"); hook["metadata"]["annotations"] = {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}
    parts = (json.dumps(hook), json.dumps(config_map("same", a="ordinary")))
    one = push_chart(scenario.repository, "1.0.0", templates("1", *parts)); two = push_chart(scenario.repository, "2.0.0", templates("2", *parts))
    scenario.want(ref={"tag": "1.0.0"})
    s = scenario.until(lambda s: condition(s, "Ready").get("status") == "True" or condition(s, "Ready").get("reason") == "HookFailed")
    print("T3:", condition(s, "Ready")); assert condition(s, "Ready")["status"] == "True"
    assert scenario.get("configmap", "same")["data"]["a"] == "ordinary"
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    s = scenario.until(lambda s: condition(s, "Ready").get("reason") in ("HookFailed", "Ready", "Succeeded") and (s.get("digest") == two or condition(s, "Ready").get("reason") == "HookFailed"))
    print("T3:", condition(s, "Ready"))
    assert s.get("digest") == two, condition(s, "Ready")["message"]

def test_t4_duplicate_env(scenario: Scenario) -> None:
    """helm#31529: a chart that writes an environment variable twice; what is said names it."""
    dep = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], "ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 80, "name": "b"}]}]}}}}
    push_chart(scenario.repository, "1.0.0", {"d": json.dumps(dep)})
    scenario.want(ref={"tag": "1.0.0"})
    s = scenario.until(lambda s: condition(s, "Ready").get("status") == "False")
    m = condition(s, "Ready"); print("T4:", m)
    assert "env" in m["message"] and '"A"' in m["message"] or "A" in m["message"]

def test_t5_int64_and_patch(scenario: Scenario) -> None:
    """kustomize: 64-bit numbers of an object that is patched (here: a label) are changed."""
    g = f"g{scenario.namespace.replace('-', '')}.example.com"
    foo = {"apiVersion": f"{g}/v1", "kind": "Foo", "metadata": {"name": "f"}, "spec": {"big": 9007199254740993}}
    d = push_chart(scenario.repository, "1.0.0", {"f": json.dumps(foo)}, crds={"c": json.dumps(CRD(g))})
    scenario.want(ref={"tag": "1.0.0"}, render={"patches": [{"target": {"kind": "Foo"}, "patch": '[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]'}]})
    scenario.until_runs(d)
    got = scenario.get(f"foos.{g}", "f")["spec"]["big"]; print("T5:", got)
    assert got == 9007199254740993

def test_t6_crds_are_updated(scenario: Scenario) -> None:
    """helm#30600, kubeai#213: crds/ is updated with the chart, and a CR that needs the new field is applied after it."""
    g = f"g{scenario.namespace.replace('-', '')}.example.com"
    foo = lambda **s: json.dumps({"apiVersion": f"{g}/v1", "kind": "Foo", "metadata": {"name": "f"}, "spec": s})
    one = push_chart(scenario.repository, "1.0.0", {"f": foo(big=1)}, crds={"c": json.dumps(CRD(g))})
    two = push_chart(scenario.repository, "2.0.0", {"f": foo(big=1, new="x")}, crds={"c": json.dumps(CRD(g, {"new": {"type": "string"}}))})
    scenario.want(ref={"tag": "1.0.0"}); scenario.until_runs(one)
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}}); scenario.until_runs(two)
    assert scenario.get(f"foos.{g}", "f")["spec"]["new"] == "x"

def test_t7_secret_in_status(scenario: Scenario) -> None:
    """mariadb-operator#226: kustomize quotes the node that is no image; a value of a Secret stands in it."""
    cr = "apiVersion: acme.io/v1\nkind: Foo\nmetadata: {name: f}\nspec:\n  containers:\n  - image: {name: x, pullPassword: {{ .Values.db.password }} }\n"
    push_chart(scenario.repository, "1.0.0", {"f": cr})
    scenario.make(secret("s", password="hunter2secret"))
    scenario.want(ref={"tag": "1.0.0"}, render={"valuesFrom": [{"kind": "Secret", "name": "s", "valuesKey": "password", "targetPath": "db.password"}], "images": [{"name": "nginx", "newTag": "1"}]})
    s = scenario.until(lambda s: condition(s, "Ready").get("status") == "False")
    print("T7:", condition(s, "Ready"))
    shown = json.dumps(s) + json.dumps(scenario.events())
    assert "hunter2secret" not in shown

def test_t8_random_secret_over_an_update(scenario: Scenario) -> None:
    """huly#321, harbor#2263, bitnami: lookup-or-random keeps a password with helm and Flux; here: over a request, other replicas, an update."""
    pw = """{{- $old := lookup "v1" "Secret" .Release.Namespace "pw" }}
apiVersion: v1
kind: Secret
metadata: {name: pw}
data: {p: {{ (get (default dict $old.data) "p") | default (randAlphaNum 16 | b64enc) }} }
"""
    t = lambda v: {"s": pw, "m": json.dumps(config_map("m", v=v)), "n": 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rep}\ndata: {r: {{ .Values.replicas | default 1 | quote }} }\n'}
    one = push_chart(scenario.repository, "1.0.0", t("1")); two = push_chart(scenario.repository, "2.0.0", t("2"))
    scenario.want(ref={"tag": "1.0.0"}); scenario.until_runs(one)
    first = scenario.get("secret", "pw")["data"]["p"]
    scenario.request(); assert scenario.get("secret", "pw")["data"]["p"] == first
    scenario.change({"render": {"parameters": {"replicas": 2}}})
    scenario.until_object("configmap", "rep", lambda o: o["data"]["r"] == "2"); scenario.until_runs(one)
    second = scenario.get("secret", "pw")["data"]["p"]
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}}); scenario.until_runs(two)
    third = scenario.get("secret", "pw")["data"]["p"]
    print("T8: other replicas:", "the same" if second == first else "ANOTHER password", "; an update:", "the same" if third == second else "ANOTHER password")
    print("warned by:", [e["reason"] + ": " + e["message"][:300] for e in scenario.events()])
    assert first == second == third

def test_t9_lint_agrees_with_the_server(scenario: Scenario, tmp_path) -> None:
    """kubeconform#105, #310, kubeval#43: what lint finds well the server admits."""
    src = open("/tmp/att/bugs/b21_lint.py").read(); m = src[src.index('m = """') + 7:]; m = m[: m.index('"""')]
    f = tmp_path / "m.yaml"; f.write_text(m)
    import subprocess
    docs = m.split("---\n")
    bad = []
    crds = [d for d in docs if "kind: CustomResourceDefinition" in d]
    for d in crds:
        f.write_text(d); scenario.kubectl("apply", "--server-side", "-f", str(f))
    import time; time.sleep(3)
    for d in docs:
        if d in crds: continue
        f.write_text(d)
        try: scenario.kubectl("-n", scenario.namespace, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", str(f))
        except Exception as e: bad.append(str(e)[-400:])
    scenario.kubectl("delete", "crd", "foos.acme.io")
    assert not bad, "\n".join(bad)

def _converted(scenario: Scenario, before: str, after: str, event: str) -> None:
    one = push_chart(scenario.repository, "1.0.0", templates("1", before)); two = push_chart(scenario.repository, "2.0.0", templates("2", after))
    scenario.want(ref={"tag": "1.0.0"})
    if "helm.sh/hook" in before: ends(scenario, "mig")
    scenario.until_runs(one)
    first = uid(scenario, "mig")
    scenario.change({"source": {"ref": {"tag": "2.0.0"}}})
    import time
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        s = scenario.status; r = condition(s, "Ready")
        j = scenario.kubectl.client.get("job", "mig", namespace=scenario.namespace)
        if j and j["metadata"]["uid"] != first and not any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in j.get("status", {}).get("conditions", [])) and j.get("status", {}).get("active") == 1:
            end(scenario, "mig", "Complete")
        if s.get("digest") == two and r.get("status") == "True": return
        if r.get("reason") in ("HookFailed", "ApplyFailed", "Conflict"): break
        time.sleep(0.5)
    print("first:", condition(scenario.status, "Ready"))
    # what a person would do: delete the object, and ask again
    scenario.remove("job", "mig"); time.sleep(5)
    j = scenario.kubectl.client.get("job", "mig", namespace=scenario.namespace)
    print("five seconds after deleting it by hand:", j and (j["metadata"]["uid"] == first, j["metadata"].get("labels"), j["metadata"].get("deletionTimestamp")))
    scenario.annotate("pattern-operator.io/requestedAt=again")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        s = scenario.status; r = condition(s, "Ready")
        j = scenario.kubectl.client.get("job", "mig", namespace=scenario.namespace)
        if j and j.get("status", {}).get("active") == 1 and not any(c["type"] == "Complete" for c in j["status"].get("conditions", [])): end(scenario, "mig", "Complete")
        if s.get("digest") == two and r.get("status") == "True": print("out after deletion by hand"); break
        time.sleep(0.5)
    print("then:", condition(scenario.status, "Ready"), scenario.status.get("hooks"))
    raise AssertionError("the update does not get through by itself: " + condition(scenario.status, "Ready")["message"])

PLAIN = json.dumps({k: v for k, v in json.loads(job("mig", "x")).items() if k != "metadata"} | {"metadata": {"name": "mig"}})

def test_t10_ordinary_object_becomes_a_hook(scenario: Scenario) -> None:
    """helm#12799, #11608: a Job that was an ordinary object is a hook in the next version of the chart."""
    _converted(scenario, PLAIN, job("mig", "pre-install,pre-upgrade", delete_policy="before-hook-creation"), "pre-upgrade")

def test_t11_hook_becomes_an_ordinary_object(scenario: Scenario) -> None:
    """helm#8401-like: what was a hook (and stays, by the default policy) is an ordinary object in the next version."""
    _converted(scenario, job("mig", "pre-install,pre-upgrade"), PLAIN.replace("main:1", "main:2"), "")

def test_t12_random_secret_after_a_restart(scenario: Scenario) -> None:
    """the same password after a change of the spec that is not of the chart, and drift of it is repaired to it"""
    one = push_chart(scenario.repository, "1.0.0", {"s": "apiVersion: v1\nkind: Secret\nmetadata: {name: pw}\ndata: {p: {{ randAlphaNum 16 | b64enc }} }\n"})
    scenario.want(ref={"tag": "1.0.0"}); scenario.until_runs(one)
    first = scenario.get("secret", "pw")["data"]["p"]
    scenario.change({"interval": "2h"}); scenario.request()
    assert scenario.get("secret", "pw")["data"]["p"] == first

def test_t13_odd_letters(scenario: Scenario, tmp_path) -> None:
    """go-yaml/yaml#279: letters that YAML readers trip over, in parameters (valuesFrom) and in objects that are applied."""
    import time
    plain = push_chart(scenario.repository, "1.0.0", {"m": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {v: {{ .Values.v | b64enc | quote }} }\n"})
    bad = []
    for what, v in {"emoji": "a\U0001F600", "nel": "a\u0085b", "c1": "a\u009fb", "del": "a\u007fb"}.items():
        f = tmp_path / "v"; f.write_text(v)
        scenario.kubectl("-n", scenario.namespace, "create", "configmap", what, f"--from-file=v={f}")
        each = scenario.another(what)
        push_chart(each.repository, f"1.0.0-{what}", {"m": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m-%s}\ndata: {b: {{ .Values.v | b64enc | quote }}, t: {{ .Values.v | quote }} }\n" % what})
        each.want(ref={"tag": f"1.0.0-{what}"}, render={"valuesFrom": [{"kind": "ConfigMap", "name": what, "valuesKey": "v", "targetPath": "v"}]})
        s = each.until(lambda s: condition(s, "Ready").get("status") in ("True", "False"))
        r = condition(s, "Ready")
        if r["status"] == "True":
            data = scenario.get("configmap", f"m-{what}")["data"]; got = (base64.b64decode(data["b"]).decode(), data["t"])
        else: got = r["reason"] + ": " + r["message"]
        print("T13", what, repr(got)[:400])
        if got != (v, v): bad.append(what)
    assert not bad, bad
