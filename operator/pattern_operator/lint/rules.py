"""All rules with what the docs say of each: lint's own, and the repairs and refusals of rendering."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pattern_operator.api.reason import Reason
from pattern_operator.api.repair import Repair
from pattern_operator.api.report import Outcome
from pattern_operator.lint.rule import Rule, Severity
from pattern_operator.render import ComponentReason

# Why a pattern as a whole cannot be read.
_OF_PATTERNS: Final = (
    Reason.NOT_A_PATTERN,
    Reason.DOCUMENT_INVALID,
    Reason.ARTIFACT_TOO_LARGE,
    Reason.TOO_MANY_OBJECTS,
    Reason.PARAMETERS_INVALID,
    Reason.CHART_FAILED,
    Reason.CHART_INVALID,
    Reason.KUSTOMIZATION_INVALID,
    Reason.PATCH_INVALID,
)
# What is refused of a DesignPattern, or of pattern.yaml.
_OF_DECLARATIONS: Final = (Reason.HEALTH_CHECK_INVALID, Reason.INVALID_REFERENCE, Reason.INVALID_SPEC)


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """A rule as the docs have it."""

    name: str
    severity: Severity
    description: str


def all_rules() -> Iterator[RuleDoc]:
    """Every rule once, errors first; a name that rendering has too is one rule."""
    made: dict[str, RuleDoc] = {}
    for rule in Rule:
        made[str(rule)] = RuleDoc(str(rule), rule.severity, rule.description)
    for reason in (*_OF_PATTERNS, *_OF_DECLARATIONS):
        made.setdefault(str(reason), RuleDoc(str(reason), Severity.ERROR, reason.description))
    for cause in ComponentReason:
        severity = Severity.ERROR if cause.outcome is Outcome.REFUSED else Severity.NOTE
        made.setdefault(str(cause), RuleDoc(str(cause), severity, cause.description))
    for repair in Repair:
        made.setdefault(str(repair), RuleDoc(str(repair), Severity.WARNING, repair.description))
    order = list(Severity)
    return iter(sorted(made.values(), key=lambda each: (order.index(each.severity), each.name)))


def description_of(name: str) -> str:
    """What the docs say of a rule; its name where it is none."""
    return next((rule.description for rule in all_rules() if rule.name == name), name)
