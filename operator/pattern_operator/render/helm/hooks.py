"""Takes the hooks of a chart out of its objects: each is made at its moment, or never, and the report says which.

Source: Helm documentation, "Chart Hooks" and "Chart Tests"; what counts as a hook is read by ``api.hook``. What is in
``crds/`` is no hook, whatever its annotations say: helm installs all of it (Helm 4, ``pkg/action/install.go``,
``installCRDs``).
"""

import re
from collections.abc import Iterable
from typing import Final

from pattern_operator.api.hook import Hook, HookEvent, is_hook
from pattern_operator.api.object import Object
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason

_CRDS: Final = re.compile(r"[^/]+(?:/charts/[^/]+)*/crds/")  # the begin of what helm says a definition comes from
_WITH_OBJECTS: Final = frozenset(
    {HookEvent.PRE_INSTALL, HookEvent.POST_INSTALL, HookEvent.PRE_UPGRADE, HookEvent.POST_UPGRADE}
)
_AT_DELETION: Final = frozenset({HookEvent.PRE_DELETE, HookEvent.POST_DELETE})


def take_hooks(
    components: Iterable[WorkingComponent],
) -> tuple[tuple[Hook, ...], list[WorkingComponent], list[WorkingComponent]]:
    """The hooks that the operator runs, the components of all hooks, and those that are ordinary objects.

    A hook of installation or upgrade is rendered. One that is made at deletion, at a rollback or by ``helm test`` is
    skipped: nothing of it is there while the pattern runs.
    """
    hooks, of_hooks, ordinary = list[Hook](), list[WorkingComponent](), list[WorkingComponent]()
    for component in components:
        if component.excluded or _CRDS.match(component.id) or not is_hook(component.body):
            ordinary.append(component)
            continue
        of_hooks.append(component)
        hook = Hook.of(Object.of(component.body, component=component.id))
        _tell(component, hook)
        if hook is not None and not (_WITH_OBJECTS | _AT_DELETION).isdisjoint(hook.events):
            hooks.append(hook)
    return tuple(hooks), of_hooks, ordinary


def _tell(component: WorkingComponent, hook: Hook | None) -> None:
    which = f"{component.kind} {component.name}"
    if hook is None:
        message = "is a hook of a moment that Helm does not know: Helm leaves it out, and so does the operator"
        component.skip(ComponentReason.HOOK, f"{which} {message}")
        return
    moments = ", ".join(hook.events)
    if not _WITH_OBJECTS.isdisjoint(hook.events):
        component.tell(
            f"{which} is a hook ({moments}) of weight {hook.weight}: it is made at its moment and waited for"
        )
    elif not _AT_DELETION.isdisjoint(hook.events):
        message = f"is a hook ({moments}) of weight {hook.weight}: it is made when the pattern is deleted"
        component.skip(ComponentReason.HOOK, f"{which} {message}")
    elif HookEvent.TEST in hook.events:
        component.skip(ComponentReason.TEST_HOOK, f"{which} is a test of the chart: only `helm test` runs it")
    else:
        component.skip(ComponentReason.HOOK, f"{which} is a hook ({moments}): the operator knows no rollback of Helm's")
