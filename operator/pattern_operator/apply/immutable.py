"""Immutable fields: recognised by the words of whoever refuses a change, with the way to another value.

Each validator of Kubernetes has words of its own (core, apps, batch, rbac, storage, networking, scheduling validation),
and so has each rule of a CRD that compares with ``oldSelf`` (Kubernetes documentation, "Validation rules"), and each
webhook.
"""

import re
from typing import Final

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.adoption import GUARDED
from pattern_operator.apply.wave import is_of_the_server

_QUOTED: Final = re.compile(r'"[^"\n]{0,400}"')  # names of objects, accounts and webhooks, which may be called so
_SUBJECT: Final = re.compile(r'^\S{1,300} "[^"\n]{0,300}" is (?:invalid|forbidden): ')
_WORDS: Final = re.compile(
    # "immutable" as a word of a sentence, and not as a part of a field's path or a name
    r"(?<![\w./\[-])immutable(?![\w/:-])(?!\.\w)"
    r"|may not change once set|primary clusterIP can not be unset|cannot change roleRef|may not be changed?\b"
    r"|updates? to \w[\w ]{0,40}(?: for fields other than .*)?"
    r" (?:are|is) forbidden|pod updates may not (?:change fields|add or remove containers)"
    r"|\b(?:can ?not|can't|may not|must not|should not|not allowed to) (?:be )?(?:chang|modif|mutat|alter)\w{0,8}\b"
    r"|\b(?:can ?not|can't|may not|must not|should not) be (?:updated|edited|shrunk|decreased|reduced|switched)\b"
    r"|\bis not mutable\b|\bchanges? (?:is|are) not (?:allowed|permitted|supported)\b|\boldSelf\b"
    r"|can not be less than (?:previous value|status\.capacity)|field is read-?only"
)

# What goes with an object that is deleted, so that it is created again: nobody is to be surprised by it.
_LOST: Final = {
    ("apps", "Deployment"): "its pods are stopped until then",
    ("apps", "DaemonSet"): "its pods are stopped until then",
    ("apps", "ReplicaSet"): "its pods are stopped until then",
    ("", "ReplicationController"): "its pods are stopped until then",
    ("", "Pod"): "what it holds in its own file system is lost",
    ("batch", "Job"): "it runs again",
    ("batch", "CronJob"): "its runs are stopped",
    ("", "Service"): "it has no address until then, and another one after that",
    ("", "Secret"): "pods that start until then have to wait for it",
    ("", "ConfigMap"): "pods that start until then have to wait for it",
    ("rbac.authorization.k8s.io", "RoleBinding"): "its subjects do not have these rights until then",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "its subjects do not have these rights until then",
    ("storage.k8s.io", "StorageClass"): "claims and volumes that exist stay, new claims have to wait for it",
}


def says_immutable(message: str) -> bool:
    """Whether a refusal, reduced to its rules and names, says that a field keeps its value on an object that exists."""
    return bool(_WORDS.search(_QUOTED.sub("", message)))


def without_subject(message: str) -> str:
    """A refusal without the kind and name that it begins with, for a place where these are said already."""
    return _SUBJECT.sub("", message).rstrip(".")


def next_step(key: ObjectKey) -> str:
    """How an object comes to have another value in a field that it keeps for life, and what that costs."""
    if key.group_kind in GUARDED:  # to delete it would take what it holds along
        return "leave the field as it is there, or give the object another name in the pattern."
    kind = key.kind.lower() if is_of_the_server(key.group) else f"{key.kind.lower()}.{key.group}"
    delete = f"kubectl delete {kind} {key.name}" + (f" -n {key.namespace}" if key.namespace else "")
    cost = _LOST.get(key.group_kind, "")
    if not cost and not is_of_the_server(key.group):
        cost = "what its controller has made for it, data too, may be deleted with it"
    if key.group_kind == ("apps", "StatefulSet"):
        delete, cost = f"{delete} --cascade=orphan", "its pods run on, its claims and their data stay as they are"
    return (
        f"delete the object, and it is created again ({delete}{f'; {cost}' if cost else ''}), or give it another"
        " name in the pattern."
    )
