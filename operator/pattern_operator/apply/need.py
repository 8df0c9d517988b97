"""What an object that could not be applied or deleted waits for, where something in the cluster tells when it comes."""

from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey


@dataclass(frozen=True, slots=True)
class KindNeeded:
    """The API server does not have the kind in this version; an empty version is any."""

    group: str
    kind: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceNeeded:
    """The namespace is missing."""

    name: str


@dataclass(frozen=True, slots=True)
class RightsNeeded:
    """The account has not got the right in the namespace; empty where only a cluster-wide one would do."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ObjectNeeded:
    """Another pattern has the object."""

    key: ObjectKey


@dataclass(frozen=True, slots=True)
class PatternNeeded:
    """Another DesignPattern is not what is waited for."""

    namespace: str
    name: str


Need = KindNeeded | NamespaceNeeded | RightsNeeded | ObjectNeeded | PatternNeeded
