"""The exit codes of patternctl; the help and the docs are made from here."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2  # argparse's own
REFUSED: Final = 3
LEFT: Final = 4
INCOMPLETE: Final = 5
WARNED: Final = 6
FOUND: Final = 7
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells say it

DESCRIPTIONS: Final = {
    OK: "done; for verify: who is trusted has signed the artifact, and each policy is met",
    FAILED: "not done, or not verified; standard error says why",
    USAGE: "the command line is wrong",
    REFUSED: "for render: nothing is printed, because at least one component was refused; see --on-invalid",
    LEFT: "for uninstall: patterns are left, and nothing of the operator was removed",
    INCOMPLETE: "for policy import: something could not be carried over; standard error names it",
    WARNED: "for verify: not verified, and admitted all the same: what is not met are policies that only warn",
    FOUND: "for lint: at least one finding is an error; warnings and notes alone are 0",
    INTERRUPTED: "interrupted",
}


def table(*codes: int) -> str:
    """These codes as lines of help."""
    return "\n".join(["exit codes:", *(f"  {code:<4} {DESCRIPTIONS[code]}" for code in codes)])
