"""What lint says: a finding with its rule and place."""

from dataclasses import dataclass
from typing import Final

from pattern_operator.lint.rule import Severity

MOST: Final = 5_000  # findings of one pattern that are told; the rest is counted


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is said of one place. ``line`` and ``column`` count from 1; 0 is where that is not known.

    ``component`` is its id in the report of rendering, ``name`` what people call it; ``fixable``: ``fix`` may mend it.
    """

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    suggestion: str = ""
    component: str = ""
    name: str = ""
    fixable: bool = False


@dataclass(frozen=True, slots=True)
class LintReport:
    """Findings in the order of files and lines; ``left_out`` counts those above ``MOST``, as far as they were made."""

    findings: tuple[Finding, ...]
    left_out: int = 0

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def refused(self) -> bool:
        """Whether there is an error."""
        return self.left_out > 0 or self.count(Severity.ERROR) > 0


def report(findings: list[Finding]) -> LintReport:
    """The findings in order, each once; errors are kept where there are too many."""
    once = sorted(set(findings))
    if len(once) <= MOST:
        return LintReport(tuple(once))
    kept = sorted(once, key=lambda each: (each.severity is not Severity.ERROR, each.severity is Severity.NOTE))[:MOST]
    return LintReport(tuple(sorted(kept)), left_out=len(once) - MOST)
