from lib import *
exec(open('BUGS/06_lint.py').read().split("def crd")[0].split("from lib import *")[1])
CM="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
for n,(f) in {"compile in pattern.yaml":{"pattern.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nhealthChecks: [{apiVersion: a.io/v1, kind: A, current: 'has(status)'}]\n","a.yaml":CM},
 "two for one kind in pattern.yaml":{"pattern.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nhealthChecks: [{apiVersion: a.io/v1, kind: A, current: 'true'},{apiVersion: a.io/v2, kind: A, current: 'true'}]\n","a.yaml":CM},
 "two for one kind in DP":{"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  apply: {healthChecks: [{apiVersion: a.io/v1, kind: A, current: 'true'},{apiVersion: a.io/v2, kind: A, current: 'true'}]}\n"},
 "Flux names in DP":{"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  healthCheckExprs: [{apiVersion: a.io/v1, kind: A, current: 'true'}]\n"},
 "readyExpr":{"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  dependsOn: [{name: b, readyExpr: 'true', version: 'nonsense x'}]\n"},
 "two circle":{"a.yaml":"\n---\n".join(f"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {{name: {x}, namespace: team}}\nspec:\n  source: {{url: oci://r.example/a, ref: {{tag: 1.0.0}}}}\n  dependsOn: [{{name: {y}}}]" for x,y in ("pq","qp"))},
 "bad targetPath, valuesFrom":{"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  render: {valuesFrom: [{kind: Secret, name: s, targetPath: 'a[x]'}]}\n"}}.items():
    print(n,lint(f)); r=run(tree(f)); print("   render:",r.returncode,r.stderr[:330])
print("---")
for n,f in {"pattern.yaml dependsOn nonsense version":{"pattern.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\ndependsOn: [{name: b, version: 'nonsense x'}]\n","a.yaml":CM},"DP dependsOn nonsense":{"a.yaml":"apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  dependsOn: [{name: b, version: 'nonsense x'}]\n"}}.items():
    print(n,lint(f)); r=run(tree(f)); print("   render:",r.returncode,r.stderr[:330])
dp="apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n  apply: {healthChecks: [{apiVersion: v1, kind: ConfigMap, current: 'has(data)'}]}\n  dependsOn: [{name: a, version: 'nonsense x'}]\n"
d=tree({"a.yaml":CM,"dp/dp.yaml":dp}); r=run(d/"a.yaml","--pattern",d/"dp/dp.yaml"); print("render --pattern",r.returncode,r.stderr[:400])
r=run(d/"dp"/"dp.yaml",verb="lint"); print(r.stdout)

DPH="apiVersion: pattern-operator.io/v1alpha1\nkind: DesignPattern\nmetadata: {name: a}\nspec:\n  source: {url: oci://r.example/a, ref: {tag: 1.0.0}}\n"
PH="apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\n"
for n,f in {"pattern.yaml: a check that does not compile":{"pattern.yaml":PH+"healthChecks: [{apiVersion: a.io/v1, kind: A, current: 'has(status)'}]\n","a.yaml":CM},
 "pattern.yaml: dependsOn[].version is no range":{"pattern.yaml":PH+"dependsOn: [{name: b, version: 'nonsense x'}]\n","a.yaml":CM},
 "DesignPattern: depends on itself":{"a.yaml":DPH+"  dependsOn: [{name: a}]\n"},"DesignPattern: targetPath a[x]":{"a.yaml":DPH+"  render: {valuesFrom: [{kind: Secret, name: s, targetPath: 'a[x]'}]}\n"},
 "DesignPattern: a check that does not compile":{"a.yaml":DPH+"  apply: {healthChecks: [{apiVersion: a.io/v1, kind: A, current: 'has(status)'}]}\n"}}.items(): check(lint(f)[0]==7,"lint finds "+n)
end()
