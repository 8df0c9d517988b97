"""Fields of a log line about a pattern, by which programs select JSON lines."""

from typing import Any, Final

from pattern_operator.api.designpattern import DesignPattern

ATTRIBUTE: Final = "about"  # of a LogRecord
FIELDS: Final = {
    "pattern": "the DesignPattern, as `namespace/name`",
    "namespace": "its namespace",
    "name": "its name",
    "stage": "`source`, `verify`, `render`, `rollout`, `apply` or `health`",
    "reason": "why, in one word: the reason of a condition or event",
    "version": "the version that runs, as its status said when the line was written",
    "digest": "the digest that runs, likewise",
}


def about(pattern: DesignPattern, *, stage: str = "", reason: str = "") -> dict[str, Any]:
    """``extra`` of a line about ``pattern``: its name, and the version and digest that run."""
    metadata, status = pattern.metadata, pattern.status
    return about_name(
        metadata.namespace,
        metadata.name,
        stage=stage,
        reason=reason,
        version=status.version,
        digest=status.digest,
    )


def about_name(namespace: str, name: str, **more: str) -> dict[str, Any]:
    """``extra`` of a line about a pattern of which only the name is known; empty fields are left out."""
    fields = {"pattern": f"{namespace}/{name}", "namespace": namespace, "name": name, **more}
    return {ATTRIBUTE: {field: value for field, value in fields.items() if value}}
