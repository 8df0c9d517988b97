"""Tells what another tool has to build first: a kustomization, a file of a Helm chart, a template."""

import re
from typing import Any, Final

from pattern_operator.api.fields import mapping, text
from pattern_operator.api.reason import Reason
from pattern_operator.errors import Stalled
from pattern_operator.render.kinds import group_of

_KUSTOMIZE: Final = "kustomize.config.k8s.io"  # Flux has a Kustomization too, of another group: that is an object
_KUSTOMIZATIONS: Final = frozenset({"Kustomization", "Component"})
TEMPLATE: Final = (
    "a template that was not rendered ({{ ... }}), as of Helm: name the folder of Chart.yaml, or publish the chart"
)
# What a template writes stands where a value or a line begins; between quotes and in a comment it is text.
_ACTION: Final = re.compile(r"[^\"'#]*\{[{%]")
_AROUND: Final = 1  # lines before and after the one that is not YAML: where a line of a template ends decides that


def is_kustomization(value: Any) -> bool:
    """Whether a document is for ``kustomize build``."""
    top = mapping(value)
    return group_of(text(top.get("apiVersion"))) == _KUSTOMIZE and text(top.get("kind")) in _KUSTOMIZATIONS


def kustomization(where: str) -> Stalled:
    """The failure of an artifact that holds one, a file or a document."""
    return Stalled(
        reason=Reason.NOT_A_PATTERN,
        message=f"{where} is a kustomization, which is not built here: let spec.render.format be Auto or Kustomize and"
        " the file be called kustomization.yaml, or publish the output of `kustomize build`",
    )


def chart(where: str) -> Stalled:
    """The failure of an artifact that holds a file of a chart."""
    return Stalled(
        reason=Reason.NOT_A_PATTERN,
        message=f"{where} is of a Helm chart, which is not rendered here: let spec.render.format be Auto or Helm, or"
        " publish the output of `helm template`",
    )


def is_template(content: str, *, line: int) -> bool:
    """Whether it is an action of a template that makes ``line``, which counts from 1, no YAML."""
    lines = content.split("\n", line + _AROUND)[max(0, line - 1 - _AROUND) : line + _AROUND]
    return any(_ACTION.match(each) for each in lines)


def is_template_name(name: str) -> bool:
    """Whether a name is text that a template was to replace."""
    return "{{" in name
