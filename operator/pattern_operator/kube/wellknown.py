"""The kinds that the operator itself reads and writes, each in the version that every supported API server serves."""

from typing import Final

from pattern_operator.api.names import GROUP, PLURAL, TRUST_POLICY_KIND, TRUST_POLICY_PLURAL, VERSION
from pattern_operator.api.names import KIND as PATTERN_KIND
from pattern_operator.kube.resource import Resource

DESIGN_PATTERN: Final = Resource(GROUP, VERSION, PATTERN_KIND, PLURAL, namespaced=True)
TRUST_POLICY: Final = Resource(GROUP, VERSION, TRUST_POLICY_KIND, TRUST_POLICY_PLURAL, namespaced=False)
NAMESPACE: Final = Resource("", "v1", "Namespace", "namespaces", namespaced=False)
SECRET: Final = Resource("", "v1", "Secret", "secrets", namespaced=True)
CONFIG_MAP: Final = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True)
EVENT: Final = Resource("events.k8s.io", "v1", "Event", "events", namespaced=True)
LEASE: Final = Resource("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)
CRD: Final = Resource(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
API_SERVICE: Final = Resource("apiregistration.k8s.io", "v1", "APIService", "apiservices", namespaced=False)
