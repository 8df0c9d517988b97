"""Takes the hooks of a chart out of its objects: each is made at its moment, or never, and the report says which.

Source: Helm documentation, "Chart Hooks" and "Chart Tests"; what counts as a hook is read by ``api.hook``. What is in
``crds/`` is no hook, whatever its annotations say: helm installs all of it (Helm 4, ``pkg/action/install.go``,
``installCRDs``).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pattern_operator.api.fields import mapping_at
from pattern_operator.api.hook import (
    DELETE_POLICY_ANNOTATION,
    HOOK_ANNOTATION,
    WEIGHT_ANNOTATION,
    Hook,
    HookEvent,
    Misread,
    is_hook,
    misread,
)
from pattern_operator.api.object import Object
from pattern_operator.api.report import ComponentReport
from pattern_operator.limits import MAX_REPORT_NAME
from pattern_operator.quote import one_line
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason

_CRDS: Final = re.compile(r"[^/]+(?:/charts/[^/]+)*/crds/")  # the begin of what helm says a definition comes from
_WITH_OBJECTS: Final = frozenset(
    {HookEvent.PRE_INSTALL, HookEvent.POST_INSTALL, HookEvent.PRE_UPGRADE, HookEvent.POST_UPGRADE}
)
# What helm logs of an object that it leaves out, and says nowhere else (Helm 4.3, ``SortManifests``; ``log/slog``).
_LEFT_OUT: Final = re.compile(
    r'^level=INFO msg="skipping unknown hooks" hookTypes=("(?:[^"\\\n]|\\.){0,1024}"|[^"\s]{1,1024})$', re.MULTILINE
)
_MOST_LEFT_OUT: Final = 50  # rows
_IGNORED: Final = {
    HOOK_ANNOTATION: "names a moment that Helm does not know",
    DELETE_POLICY_ANNOTATION: "names a policy that Helm does not know, and ignores",
    WEIGHT_ANNOTATION: "is not a whole number in quotation marks, and counts as 0",
}
_NO_MOMENT: Final = f"{HOOK_ANNOTATION} {_IGNORED[HOOK_ANNOTATION]}"
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


def left_out(stderr: str, templates: Mapping[str, bytes]) -> Iterator[ComponentReport]:
    """A row for each object that helm left out, because it is a hook of a moment that helm does not know.

    ``templates`` are the contents of the chart's templates, by the paths that helm has for them. helm does not say
    which one the object is of: the row does, where a single one has the words as they are.
    """
    reason = ComponentReason.UNKNOWN_HOOK
    for number, match in zip(range(1, _MOST_LEFT_OUT + 1), _LEFT_OUT.finditer(stderr), strict=False):
        written = _unquoted(match[1])
        places = [path for path, content in templates.items() if written.encode() in content]
        path = one_line(places[0], MAX_REPORT_NAME) if len(places) == 1 else ""
        said = next(sentences({HOOK_ANNOTATION: written}), _NO_MOMENT)
        message = f"an object{f' of {path}' if path else ''} is left out by helm, and never made: {said}"
        yield ComponentReport(
            f"{path or HOOK_ANNOTATION}:{number}", HOOK_ANNOTATION, "", reason.outcome, str(reason), message, path=path
        )


def _unquoted(text: str) -> str:
    """A value as ``log/slog`` writes it (``strconv.Quote`` where it has to); as it is where it is no JSON text."""
    try:
        return str(json.loads(text)) if text.startswith('"') else text
    except ValueError:
        return text


def sentences(annotations: Mapping[str, object]) -> Iterator[str]:
    """What Helm ignores of the annotations of a hook, a sentence each; nothing of what is written there."""
    return map(_sentence, misread(annotations))


def _sentence(found: Misread) -> str:
    meant = f" (did you mean {found.meant}?)" if found.meant else ""
    return f"{found.annotation} {_IGNORED[found.annotation]}{meant}"


def _tell(component: WorkingComponent, hook: Hook | None) -> None:
    which = f"{component.kind} {component.name}"
    ignored = "; ".join(sentences(mapping_at(component.body, "metadata", "annotations")))
    if hook is None:
        component.skip(ComponentReason.UNKNOWN_HOOK, f"{which} is left out, and never made: {ignored or _NO_MOMENT}")
        return
    ignored = f"; {ignored}" if ignored else ""
    moments = ", ".join(hook.events)
    if not _WITH_OBJECTS.isdisjoint(hook.events):
        component.tell(
            f"{which} is a hook ({moments}) of weight {hook.weight}: it is made at its moment and waited for{ignored}"
        )
    elif not _AT_DELETION.isdisjoint(hook.events):
        message = f"is a hook ({moments}) of weight {hook.weight}: it is made when the pattern is deleted{ignored}"
        component.skip(ComponentReason.HOOK, f"{which} {message}")
    elif HookEvent.TEST in hook.events:
        component.skip(ComponentReason.TEST_HOOK, f"{which} is a test of the chart: only `helm test` runs it")
    else:
        component.skip(ComponentReason.HOOK, f"{which} is a hook ({moments}): the operator knows no rollback of Helm's")
