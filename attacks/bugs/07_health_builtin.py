# argo-cd#12840/#29201/#29205 (WaitForFirstConsumer PVC), kustomize-controller#387 (CR without status), KCC#7317 (observedGeneration 0 for ever), argo-cd#23578 (HTTPProxy), #28087 (GRPCRoute stale parents), nifikop#145 (Pod OnFailure), browsertrix#2488 (suspended Job), kustomize-controller#1604 (suspended Flux object: -1)
from lib import *
from pattern_operator.apply.health import health_of
from datetime import datetime,timezone
def h(o): r=health_of(o,now=datetime.now(timezone.utc)); return r.state.name,r.message
def o(av,k,spec=None,status=None,gen=1,**m): return {"apiVersion":av,"kind":k,"metadata":{"name":"x","namespace":"n","generation":gen,"creationTimestamp":"2026-01-01T00:00:00Z",**m},"spec":spec or {},**({"status":status} if status is not None else {})}
for n,x in {
 "PVC WaitForFirstConsumer":o("v1","PersistentVolumeClaim",{"storageClassName":"w"},{"phase":"Pending"}),
 "PVC pending, provisioner":o("v1","PersistentVolumeClaim",{"storageClassName":"w"},{"phase":"Pending"},annotations={"volume.kubernetes.io/storage-provisioner":"x"}),
 "CR without status":o("a.io/v1","A"),
 "CR with empty status":o("a.io/v1","A",status={}),
 "ControllerReconciler observedGeneration 0":o("customize.core.cnrm.cloud.google.com/v1beta1","ControllerReconciler",status={"healthy":True,"observedGeneration":0}),
 "HTTPProxy stale":o("projectcontour.io/v1","HTTPProxy",status={"currentStatus":"valid","conditions":[{"type":"Valid","status":"True","observedGeneration":1}]},gen=2),
 "HTTPProxy invalid":o("projectcontour.io/v1","HTTPProxy",status={"currentStatus":"invalid","conditions":[{"type":"Valid","status":"False","observedGeneration":2}]},gen=2),
 "GRPCRoute stale parent only":o("gateway.networking.k8s.io/v1","GRPCRoute",status={"parents":[{"parentRef":{"name":"g"},"conditions":[{"type":"Accepted","status":"False","observedGeneration":1}]}]},gen=2),
 "GRPCRoute stale parent True only":o("gateway.networking.k8s.io/v1","GRPCRoute",status={"parents":[{"parentRef":{"name":"g"},"conditions":[{"type":"Accepted","status":"True","observedGeneration":1}]}]},gen=2),
 "GRPCRoute refused":o("gateway.networking.k8s.io/v1","GRPCRoute",status={"parents":[{"parentRef":{"name":"g"},"conditions":[{"type":"Accepted","status":"False","observedGeneration":2,"reason":"NoMatch"}]}]},gen=2),
 "GRPCRoute no status":o("gateway.networking.k8s.io/v1","GRPCRoute"),
 "Pod OnFailure running":o("v1","Pod",{"restartPolicy":"OnFailure","containers":[{"name":"c"}]},{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[{"name":"c","ready":True,"state":{"running":{}}}]}),
 "Job suspended":o("batch/v1","Job",{"suspend":True},{"conditions":[{"type":"Suspended","status":"True"}]}),
 "Flux Kustomization suspended -1":o("kustomize.toolkit.fluxcd.io/v1","Kustomization",{"suspend":True},{"observedGeneration":-1}),
 "CNPG without status":o("postgresql.cnpg.io/v1","Cluster",{"instances":1}),
 "CNPG degraded":o("postgresql.cnpg.io/v1","Cluster",{"instances":3},{"phase":"Failing over","conditions":[{"type":"Ready","status":"False","message":"m"}]}),
 "VM paused":o("operator.victoriametrics.com/v1beta1","VMSingle",status={"updateStatus":"failed","observedGeneration":1,"reason":"x"}),
 "RabbitmqCluster":o("rabbitmq.com/v1beta1","RabbitmqCluster",status={"observedGeneration":1,"conditions":[{"type":"AllReplicasReady","status":"False","message":"m"},{"type":"ReconcileSuccess","status":"True"}]}),
 "Rollout str observedGeneration":o("argoproj.io/v1alpha1","Rollout",status={"observedGeneration":"1","phase":"Progressing"},gen=2),
 "Rollout Degraded":o("argoproj.io/v1alpha1","Rollout",status={"observedGeneration":"2","phase":"Degraded","message":"m"},gen=2),
 "HPA no metrics":o("autoscaling/v2","HorizontalPodAutoscaler",status={"conditions":[{"type":"AbleToScale","status":"True"},{"type":"ScalingActive","status":"False","reason":"FailedGetResourceMetric"}]}),
 "DaemonSet 0":o("apps/v1","DaemonSet",{"selector":{}},{"observedGeneration":1,"desiredNumberScheduled":0,"numberReady":0,"currentNumberScheduled":0,"numberMisscheduled":0}),
 "LB pending":o("v1","Service",{"type":"LoadBalancer","clusterIP":"1.2.3.4"},{"loadBalancer":{}}),
 "StatefulSet partition":o("apps/v1","StatefulSet",{"replicas":3,"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}},{"observedGeneration":1,"replicas":3,"readyReplicas":3,"currentReplicas":2,"updatedReplicas":1,"currentRevision":"a","updateRevision":"b","availableReplicas":3}),
 "PDB disruptionsAllowed 0":o("policy/v1","PodDisruptionBudget",status={"observedGeneration":1,"currentHealthy":0,"desiredHealthy":1,"conditions":[{"type":"DisruptionAllowed","status":"False","reason":"InsufficientPods"}]}),
}.items(): print(f"{n:42}",*h(x))
end()
