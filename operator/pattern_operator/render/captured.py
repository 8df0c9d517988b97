"""Leaves out what only a cluster writes: manifests are often captured from one (``kubectl get -o yaml``).

Two sorts of fields. Some nobody but a cluster ever writes: they go from every object. Others a cluster allots and an
author may choose too, such as ``clusterIP``: they go only from an object that bears the marks of a capture, and not
where ``kubectl.kubernetes.io/last-applied-configuration`` shows that the author chose them. Every field is reported.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.api.repair import Repair
from pattern_operator.limits import MAX_OBJECT_VALUES
from pattern_operator.quote import first_few
from pattern_operator.render.cluster_fields import (
    ALLOTTED,
    ANNOTATIONS,
    FINALIZERS,
    JOB_LABELS,
    JOB_UID_LABELS,
    LABELS,
    LAST_APPLIED,
    UNPREFIXED_LABELS,
)
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.controlled import leave_out_controlled
from pattern_operator.render.document import has_more_values
from pattern_operator.render.kinds import group_of, is_built_in
from pattern_operator.render.podspec import CONTAINER_LISTS, PLACES, at

_LONGEST: Final = 256 * 1024  # bytes of annotations that the API server takes (apimachinery, TotalAnnotationSizeLimitB)

_ACCESS: Final = re.compile(r"kube-api-access-[a-z0-9]{5}")
_TOKEN: Final = re.compile(r"[a-z0-9.-]{1,240}-token-[a-z0-9]{5}")
_OF_ACCOUNTS: Final = re.compile(r"-(?:token|dockercfg)-[a-z0-9]{5}")
_MADE_FOR_ACCOUNT: Final = "kubernetes.io/service-account-token"
_NAMED: Final = 12  # fields that a sentence names


def leave_out_captured(components: Iterable[WorkingComponent]) -> None:
    """Skip objects that others of the artifact make, and take out of the rest what a cluster has written."""
    included = [component for component in components if not component.excluded]
    leave_out_controlled(included)
    included = [component for component in included if not component.excluded]
    brought = frozenset((component.kind, component.name) for component in included)
    for component in included:
        capture = _Capture(component, brought)
        capture.clean()
        component.note(Repair.DROP_CAPTURED_FIELDS, *capture.repairs())


@dataclass(slots=True)
class _Capture:
    """One object that is cleaned, and the paths of what was left out of it."""

    component: WorkingComponent
    brought: frozenset[tuple[str, str]]  # kind and name of each object of the artifact
    written: dict[str, Any] = field(default_factory=dict)  # what the author applied, as far as kubectl kept it
    left: list[str] = field(default_factory=list)

    def clean(self) -> None:
        """Take out what a cluster has written."""
        metadata = self.component.metadata
        annotations = mapping(metadata.get("annotations"))
        self.written = _last_applied(annotations.get(LAST_APPLIED))
        for name in sorted(ANNOTATIONS & annotations.keys()):
            self._drop(annotations, name, "metadata.annotations")
            self.component.captured = True
        self._forget_empty(metadata, "annotations")
        if not is_built_in(self.component.api_version, self.component.kind):
            return
        self._without_finalizers(metadata)
        kind = (group_of(self.component.api_version), self.component.kind)
        for name in LABELS.get(kind, ()):
            if self.component.captured or name not in UNPREFIXED_LABELS:
                self._drop(mapping(metadata.get("labels")), name, "metadata.labels")
        if clean := _OF_KINDS.get(kind):
            clean(self)
        self._forget_empty(metadata, "labels")
        if kind in PLACES:
            self._without_tokens(at(self.component.body, PLACES[kind]), ".".join(PLACES[kind]))
        for name in ALLOTTED.get(kind, ()):
            self._drop_allotted("spec", name)

    def repairs(self) -> list[str]:
        """What was left out, in one sentence that names fields and no value."""
        if not self.left:
            return []
        return [f"{first_few(self.left, _NAMED)} left out: a cluster writes that"]

    def _drop(self, holder: dict[str, Any], name: str, path: str) -> None:
        if name in holder:
            del holder[name]
            self.left.append(f"{path}.{name}")

    def _drop_allotted(self, *path: str) -> None:
        """Take out what a cluster has allotted, unless the author chose it."""
        holder = at(self.component.body, path[:-1])
        if self.component.captured and path[-1] not in at(self.written, path[:-1]):
            self._drop(holder, path[-1], ".".join(path[:-1]))

    def _forget_empty(self, holder: dict[str, Any], name: str) -> None:
        if holder.get(name) == {} and any(path.startswith(f"metadata.{name}.") for path in self.left):
            del holder[name]

    def _keep(self, holder: dict[str, Any], name: str, path: str, kept: list[Any]) -> None:
        """Put ``kept`` in the place of a list of which something was left out."""
        if len(kept) == len(array(holder.get(name))):
            return
        self.left.append(f"{path}.{name}" if path else name)
        if kept:
            holder[name] = kept
        else:
            del holder[name]

    def _without_finalizers(self, metadata: dict[str, Any]) -> None:
        found = array(metadata.get("finalizers"))
        kept = [each for each in found if not (isinstance(each, str) and each in FINALIZERS)]
        self._keep(metadata, "finalizers", "metadata", kept)

    def _without_tokens(self, spec: dict[str, Any], path: str) -> None:
        """The volume with the account's token, which admission adds to each Pod, and its mounts."""
        gone = {text(each.get("name")) for each in mappings(spec.get("volumes")) if _is_token(each)}
        if not gone:
            return
        self._keep(spec, "volumes", path, _others(spec.get("volumes"), gone))
        for lists in CONTAINER_LISTS:
            for index, container in enumerate(mappings(spec.get(lists))):
                where = f"{path}.{lists}[{index}]"
                self._keep(container, "volumeMounts", where, _others(container.get("volumeMounts"), gone))

    def namespace(self) -> None:
        """The finalizer of every Namespace."""
        spec = mapping(self.component.body.get("spec"))
        kept = [each for each in array(spec.get("finalizers")) if each != "kubernetes"]
        self._keep(spec, "finalizers", "spec", kept)
        if spec == {} and self.left:
            self.component.body.pop("spec", None)

    def job(self) -> None:
        """The labels by which the controller finds the Pods of this very Job; with another UID they find none."""
        spec = mapping(self.component.body.get("spec"))
        if spec.get("manualSelector") is True:
            return
        selector = mapping(mapping(spec.get("selector")).get("matchLabels"))
        template = mapping(mapping(spec.get("template")).get("metadata"))
        labels = mapping(template.get("labels"))
        if not any(name in holder for holder in (selector, labels) for name in JOB_UID_LABELS):
            return
        self._drop(spec, "selector", "spec")
        for holder, path in (
            (labels, "spec.template.metadata.labels"),
            (mapping(self.component.metadata.get("labels")), "metadata.labels"),
        ):
            for name in JOB_LABELS:
                self._drop(holder, name, path)
        if template.get("labels") == {}:
            del template["labels"]

    def service(self) -> None:
        """Addresses and node ports; ``None`` is what an author says, not what a cluster allots."""
        spec, chosen = mapping(self.component.body.get("spec")), mapping(self.written.get("spec"))
        if "None" not in (spec.get("clusterIP"), *array(spec.get("clusterIPs"))) and "clusterIP" not in chosen:
            self._drop_allotted("spec", "clusterIP")
            self._drop_allotted("spec", "clusterIPs")
        kept = {_port(each) for each in mappings(chosen.get("ports")) if "nodePort" in each}
        for index, port in enumerate(mappings(spec.get("ports"))):
            if self.component.captured and _port(port) not in kept:
                self._drop(port, "nodePort", f"spec.ports[{index}]")

    def claim(self) -> None:
        """The volume that was bound; one that is in the artifact is kept."""
        volume = text(mapping(self.component.body.get("spec")).get("volumeName"))
        if ("PersistentVolume", volume) not in self.brought:
            self._drop_allotted("spec", "volumeName")

    def volume(self) -> None:
        """Of the claim only its name can be the same elsewhere; with another's UID the volume counts as lost."""
        claim = mapping(mapping(self.component.body.get("spec")).get("claimRef"))
        for name in ("resourceVersion", "uid"):
            self._drop(claim, name, "spec.claimRef")

    def secret(self) -> None:
        """The token of an account in another cluster: the controller fills in the one of this cluster."""
        if self.component.body.get("type") != _MADE_FOR_ACCOUNT or not self.component.captured:
            return
        data = mapping(self.component.body.get("data"))
        for name in ("ca.crt", "namespace", "service-ca.crt", "token"):
            self._drop(data, name, "data")
        if data == {}:
            self.component.body.pop("data", None)

    def account(self) -> None:
        """The Secrets that controllers make for each account."""
        name = self.component.name
        for lists in ("secrets", "imagePullSecrets"):
            kept = [each for each in array(self.component.body.get(lists)) if not self._is_made_for(name, each)]
            if isinstance(self.component.body.get(lists), list):
                self._keep(self.component.body, lists, "", kept)

    def _is_made_for(self, account: str, entry: Any) -> bool:
        secret = text(mapping(entry).get("name"))
        made = secret.startswith(account) and _OF_ACCOUNTS.fullmatch(secret[len(account) :]) is not None
        return made and ("Secret", secret) not in self.brought

    def stateful_set(self) -> None:
        """The status of its claims."""
        for index, claim in enumerate(mappings(mapping(self.component.body.get("spec")).get("volumeClaimTemplates"))):
            self._drop(claim, "status", f"spec.volumeClaimTemplates[{index}]")


_OF_KINDS: Final[dict[tuple[str, str], Callable[[_Capture], None]]] = {
    ("", "Namespace"): _Capture.namespace,
    ("", "PersistentVolume"): _Capture.volume,
    ("", "PersistentVolumeClaim"): _Capture.claim,
    ("", "Secret"): _Capture.secret,
    ("", "Service"): _Capture.service,
    ("", "ServiceAccount"): _Capture.account,
    ("apps", "StatefulSet"): _Capture.stateful_set,
    ("batch", "Job"): _Capture.job,
}


def _last_applied(value: Any) -> dict[str, Any]:
    """The object that ``kubectl apply`` was given, empty where that cannot be read."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return {}
    content = value.encode("utf-8", "replace")
    if has_more_values(content, MAX_OBJECT_VALUES):
        return {}
    try:
        return mapping(orjson.loads(content))
    except orjson.JSONDecodeError:
        return {}


def _is_token(volume: dict[str, Any]) -> bool:
    name = text(volume.get("name"))
    if "projected" in volume:
        return _ACCESS.fullmatch(name) is not None
    return _TOKEN.fullmatch(name) is not None and mapping(volume.get("secret")).get("secretName") == name


def _others(entries: Any, gone: set[str]) -> list[Any]:
    return [each for each in array(entries) if text(mapping(each).get("name")) not in gone]


def _port(port: dict[str, Any]) -> tuple[str, str]:
    return str(port.get("port")), text(port.get("protocol")) or "TCP"
