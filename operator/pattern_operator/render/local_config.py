"""Leaves out what configures a tool on somebody's machine and is of no cluster: kpt and kustomize apply none of it.

Sources: sigs.k8s.io/cli-utils, pkg/manifestreader, FilterLocalConfig (every value of the annotation but ``false``);
kpt book, "Packages" (a Kptfile describes the package, and no API server has the kind).
"""

from collections.abc import Iterable
from typing import Any, Final

from pattern_operator.api.fields import mapping
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason
from pattern_operator.render.kinds import group_of

LOCAL_CONFIG: Final = "config.kubernetes.io/local-config"
_KPTFILE: Final = ("kpt.dev", "Kptfile")
_LONGEST: Final = 16  # characters of a value that are read: ``false`` has five


def leave_out_local_config(components: Iterable[WorkingComponent]) -> None:
    """Skip each component that says of itself, or by its kind, that it is not for a cluster."""
    for component in components:
        if component.excluded:
            continue
        which = f"{component.kind} {component.name}"
        if is_local_config(component.metadata):
            component.skip(
                ComponentReason.LOCAL_CONFIG,
                f"{which} is left out, because its annotation {LOCAL_CONFIG} says that it is for tools and not for a"
                " cluster; to have it applied, remove the annotation",
            )
        elif (group_of(component.api_version), component.kind) == _KPTFILE:
            component.skip(
                ComponentReason.LOCAL_CONFIG, f"{which} is left out, because it describes a package of kpt to kpt"
            )


def is_local_config(metadata: dict[str, Any]) -> bool:
    """Whether the annotation is there with any value but ``false``."""
    annotations = mapping(metadata.get("annotations"))
    return LOCAL_CONFIG in annotations and str(annotations[LOCAL_CONFIG])[:_LONGEST].strip().lower() != "false"
