"""Leaves out the hooks of other tools: objects that Helm or Argo CD creates at a moment of its own, and nobody else.

``helm template`` prints hooks and tests between ordinary objects. Applied as such, a ``pre-delete`` Job would run when
the pattern is installed. Sources: Helm documentation, "Chart Hooks" and "Chart Tests" (Helm applies nothing that has
the annotation, whatever it says); Argo CD documentation, "Sync Phases and Waves".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.render.component import WorkingComponent
from pattern_operator.render.component_reason import ComponentReason


@dataclass(frozen=True, slots=True)
class _Tool:
    """A tool with hooks: its annotation, the moments it knows in small letters, and why they are left out."""

    name: str
    why: str
    annotation: str
    moments: frozenset[str]


_TOOLS: Final = (
    _Tool(
        "Helm",
        "hooks run where the chart itself is the pattern",
        "helm.sh/hook",
        frozenset(
            {
                *("pre-install", "post-install", "pre-delete", "post-delete", "pre-upgrade", "post-upgrade"),
                *("pre-rollback", "post-rollback", "test", "test-success", "test-failure", "crd-install"),
            }
        ),
    ),
    _Tool(
        "Argo CD",
        "hooks of Argo CD are never run",
        "argocd.argoproj.io/hook",
        frozenset({"presync", "sync", "postsync", "syncfail", "skip", "predelete", "postdelete"}),
    ),
)
_LONGEST: Final = 256  # characters of a value that are read; all moments of Helm together have some 150
_CRD_INSTALL: Final = "crd-install"


def leave_out_hooks(components: Iterable[WorkingComponent]) -> None:
    """Skip each component that is a hook of another tool; an annotation without a value makes one, too, as for Helm."""
    for component in components:
        if component.excluded:
            continue
        annotations = mapping(component.metadata.get("annotations"))
        tool = next((each for each in _TOOLS if each.annotation in annotations), None)
        if tool is not None:
            component.skip(ComponentReason.HOOK, _message(component, tool, text(annotations[tool.annotation])))


def _message(component: WorkingComponent, tool: _Tool, value: str) -> str:
    said = [each.strip().lower() for each in value[:_LONGEST].split(",")]
    moments = [each for each in dict.fromkeys(said) if each in tool.moments]
    of = ", ".join(moments) or f"of a sort that {tool.name} does not know"
    why = "Helm 3 does not apply it either" if _CRD_INSTALL in moments else tool.why
    return (
        f"{component.kind} {component.name} is a hook of {tool.name} ({of}) and is left out, because {why};"
        f" to have it applied as an ordinary object, remove its annotation {tool.annotation}"
    )
