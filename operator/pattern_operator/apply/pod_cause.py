"""Why a pod does not do what it is for: the one cause that a person would look for, from its status alone. Pure.

Sources: Kubernetes API, ``ContainerStatus``; kubelet, ``pkg/kubelet/images`` and ``kuberuntime`` (the reasons of
waiting containers), ``kubelet_pods`` (what it says of missing Secrets and ConfigMaps).

What a container wrote when it ended (``terminated.message``) is not shown: it may be the end of its log, with whatever
that holds. Its reason, exit code and signal are, and where the log is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pattern_operator.api.fields import (
    MAX_NAME,
    ObjectMeta,
    conditions_of,
    integer,
    mapping_at,
    mappings_at,
    text,
    text_at,
)
from pattern_operator.quote import foreign, image

MAX_IMAGE: Final = 300  # characters of an image's name that are shown
MAX_SCHEDULER: Final = 300  # characters of what the scheduler says
_IMAGE: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_NO_CAUSE: Final = frozenset({"", "ContainerCreating", "PodInitializing"})  # on its way
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MISSING: Final = re.compile(r'(secret|configmap) "([a-z0-9][a-z0-9.-]{0,252})" not found')
_NO_KEY: Final = re.compile(
    r"couldn't find key ([\w.-]{1,253}) in (Secret|ConfigMap) ([a-z0-9-]{1,63}/[a-z0-9][a-z0-9.-]{0,252})"
)
_KINDS: Final = {"secret": "Secret", "configmap": "ConfigMap"}


def cause_of(pod: object) -> str:
    """What keeps a pod from running or being ready, without its name; empty where nothing is known to."""
    if ObjectMeta.of(pod).deleting:
        return ""
    return next(_causes(pod), "")


def first_cause(pods: Iterable[object]) -> str:
    """The cause of the first pod by name that has one, with its name; empty where none has."""
    found = sorted((ObjectMeta.of(each).name[:MAX_NAME], cause) for each in pods if (cause := cause_of(each)))
    return f"pod {found[0][0]}: {found[0][1]}" if found else ""


def _causes(pod: object) -> Iterator[str]:
    statuses = [
        *(("init container", each) for each in mappings_at(pod, "status", "initContainerStatuses")),
        *(("container", each) for each in mappings_at(pod, "status", "containerStatuses")),
    ]
    for what, each in statuses:
        if said := _of_container(each, pod=pod):
            yield f"{what} {text(each.get('name'))[:MAX_NAME]}: {said}"
    for each in conditions_of(pod):
        if each.get("type") == "PodScheduled" and each.get("status") == "False":
            reason, words = _word(each.get("reason")), foreign(text(each.get("message")), MAX_SCHEDULER)
            yield ": ".join(filter(None, (reason or "not scheduled", words)))
    if text_at(pod, "status", "phase") == "Failed":
        yield f"failed: {_word(text_at(pod, 'status', 'reason')) or 'its containers ended without success'}"
    for what, each in statuses:
        if what == "container" and mapping_at(each, "state", "running") and each.get("ready") is False:
            yield f"container {text(each.get('name'))[:MAX_NAME]}: runs, and is not ready"


def _of_container(status: Mapping[str, Any], *, pod: object) -> str:
    waiting, name = mapping_at(status, "state", "waiting"), text(status.get("name"))
    reason = _word(waiting.get("reason"))
    if reason in _IMAGE:
        return f"{reason}, image {_image(status, pod=pod)}"
    if reason == "CrashLoopBackOff":
        return f"CrashLoopBackOff{_ended(mapping_at(status, 'lastState', 'terminated'))}; {_log(pod, name)}"
    if reason not in _NO_CAUSE:
        missing = _missing(text(waiting.get("message")))
        return f"{reason}: {missing}" if missing else f"{reason}; {_described(pod)}"
    terminated = mapping_at(status, "state", "terminated")
    if integer(terminated.get("exitCode"), 0):
        return f"ended{_ended(terminated)}; {_log(pod, name)}"
    return ""


def _ended(terminated: Mapping[str, Any]) -> str:
    """How a container ended: the reason, the exit code and the signal, each where it is known."""
    if not terminated:
        return ""
    said = [_word(terminated.get("reason"))]
    said.append(f"exit code {integer(terminated.get('exitCode'), 0)}")
    if signal := integer(terminated.get("signal"), 0):
        said.append(f"signal {signal}")
    return f" ({', '.join(filter(None, said))})"


def _image(status: Mapping[str, Any], *, pod: object) -> str:
    """The image as the pod names it; the status may have another spelling."""
    name = status.get("name")
    for section in ("containers", "initContainers"):
        for each in mappings_at(pod, "spec", section):
            if each.get("name") == name:
                return image(text(each.get("image")), MAX_IMAGE)
    return image(text(status.get("image")), MAX_IMAGE)


def _missing(message: str) -> str:
    """What the kubelet says that is missing, where it is a Secret or a ConfigMap or an entry of one."""
    if found := _NO_KEY.search(message):
        return f"{found[2]} {found[3]} has no entry {found[1]}"
    if found := _MISSING.search(message):
        return f"{_KINDS[found[1]]} {found[2]} does not exist"
    return ""


def _word(value: object) -> str:
    """A reason: a CamelCase word, or empty for everything else."""
    found = text(value)
    return found if _WORD.fullmatch(found) else ""


def _log(pod: object, container: str) -> str:
    meta = ObjectMeta.of(pod)
    where = f"-n {meta.namespace} {meta.name[:MAX_NAME]} -c {container[:MAX_NAME]}"
    return f"see kubectl logs {where} --previous"


def _described(pod: object) -> str:
    meta = ObjectMeta.of(pod)
    return f"see kubectl describe pod -n {meta.namespace} {meta.name[:MAX_NAME]}"
