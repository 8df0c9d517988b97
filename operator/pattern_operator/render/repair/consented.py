"""Repairs that could change what is meant: each is made only where ``spec.render.repairs`` names it."""

from collections.abc import Callable, Collection, Iterable
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

from pattern_operator.api.fields import array, mapping, mappings, text
from pattern_operator.api.object import Body
from pattern_operator.api.repair import CONSENTED, Repair
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.kinds import group_of
from pattern_operator.render.names import made_valid
from pattern_operator.render.podspec import CONTAINER_LISTS, PLACES, at

_SELECTING: Final = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})  # of apps/v1
CORRECT: Final = "make them the same"
"""The way out of a selector that does not match, in manifests, which are never repaired so."""
REPAIR_OR_CORRECT: Final = f"{CORRECT}, or allow {Repair.SET_SELECTOR_FROM_TEMPLATE} in spec.render.repairs"
"""The same in designs."""
_LABEL: Final = "Service"  # a kind whose names are DNS labels, as those of containers are


def make_consented_repairs(components: Iterable[WorkingComponent], *, allowed: Collection[str]) -> None:
    """Make those that are allowed, on every component that needs them."""
    for component in components:
        if component.excluded:
            continue
        kind = (group_of(component.api_version), component.kind)
        if Repair.NAME_CONTAINERS in allowed and kind in PLACES:
            _name_containers(component, at(component.body, PLACES[kind]), where=".".join(PLACES[kind]))
        if Repair.NAME_PORTS in allowed and kind == ("", "Service"):
            _name_ports(component)
        if Repair.SET_SELECTOR_FROM_TEMPLATE in allowed and _is_selecting(component):
            _set_selector(component)


def that_would_help(component: WorkingComponent, lacks: Callable[[WorkingComponent], list[str]]) -> list[Repair]:
    """The repairs after which the component would lack less; ``component`` is not changed."""
    before = len(lacks(component))
    found = list[Repair]()
    for repair in sorted(CONSENTED):
        tried = replace(component, body=deepcopy(component.body), repairs=[])
        make_consented_repairs([tried], allowed={repair})
        if tried.repairs and len(lacks(tried)) < before:
            found.append(repair)
    return found


MISMATCH: Final = "spec.selector.matchLabels does not match spec.template.metadata.labels"


def find_mismatched_selectors(components: Iterable[WorkingComponent], *, way_out: str) -> None:
    """Note each workload whose selector does not select its own Pods, which the API server refuses, and the way out."""
    for component in components:
        if not component.excluded and is_selector_mismatched(component.body):
            component.find(ComponentReason.SELECTOR_MISMATCH, f"{MISMATCH}; {way_out}")


def is_selector_mismatched(body: Body) -> bool:
    """Whether it is a workload whose selector does not select its own Pods; not where it has no Pod template at all.

    Source: apps/validation, ValidateDeploymentSpec and its like: the selector must match the labels of the template.
    """
    kind, version = body.get("kind"), body.get("apiVersion")
    if kind not in _SELECTING or not isinstance(version, str) or group_of(version) != "apps":
        return False
    wanted = at(body, ("spec", "selector", "matchLabels"))
    return bool(at(body, ("spec", "template")) and wanted) and not _selects(body)


def _is_selecting(component: WorkingComponent) -> bool:
    return group_of(component.api_version) == "apps" and component.kind in _SELECTING


def _selector(component: WorkingComponent) -> dict[str, Any]:
    return at(component.body, ("spec", "selector"))


def _labels(component: WorkingComponent) -> dict[str, Any]:
    return at(component.body, ("spec", "template", "metadata", "labels"))


def _selects(body: Body) -> bool:
    labels = at(body, ("spec", "template", "metadata", "labels"))
    wanted = at(body, ("spec", "selector", "matchLabels"))
    return all(name in labels and labels[name] == value for name, value in wanted.items())


def _set_selector(component: WorkingComponent) -> None:
    """The template's labels as the selector; nothing where there are none, or where expressions select as well."""
    labels, selector = _labels(component), _selector(component)
    if not labels or selector.get("matchExpressions") or (selector.get("matchLabels") and _selects(component.body)):
        return
    spec = component.body.get("spec")
    if isinstance(spec, dict):
        spec["selector"] = {"matchLabels": dict(labels)}
        component.note(
            Repair.SET_SELECTOR_FROM_TEMPLATE, "spec.selector.matchLabels set to the labels of spec.template.metadata"
        )


def _name_containers(component: WorkingComponent, spec: dict[str, Any], *, where: str) -> None:
    taken = {text(each.get("name")) for field in CONTAINER_LISTS for each in mappings(spec.get(field))}
    for field in CONTAINER_LISTS:
        for index, container in enumerate(array(spec.get(field))):
            if not isinstance(container, dict) or container.get("name"):
                continue
            name = _free(_of_image(text(container.get("image"))), taken)
            if name:
                container["name"] = name
                taken.add(name)
                component.note(Repair.NAME_CONTAINERS, f"{where}.{field}[{index}].name set to {name}, after its image")


def _of_image(image: str) -> str:
    """The last part of an image's repository, as a name; empty where there is none."""
    repository = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return made_valid(repository, kind=_LABEL) or "" if repository else ""


def _name_ports(component: WorkingComponent) -> None:
    ports = array(at(component.body, ("spec",)).get("ports"))
    if len(ports) < 2:
        return
    taken = {text(each.get("name")) for each in mappings(ports)}
    for index, port in enumerate(ports):
        number = mapping(port).get("port")
        if not isinstance(port, dict) or port.get("name") or not isinstance(number, int) or isinstance(number, bool):
            continue
        protocol = text(port.get("protocol")).lower()
        name = made_valid(f"port-{number}" if protocol in ("", "tcp") else f"port-{number}-{protocol}", kind=_LABEL)
        if name and name not in taken:
            port["name"] = name
            taken.add(name)
            component.note(Repair.NAME_PORTS, f"spec.ports[{index}].name set to {name}")


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken; empty where it would be too long."""
    if not name or name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return made_valid(f"{name}-{number}", kind=_LABEL) or ""
