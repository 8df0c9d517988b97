"""The exit codes of patternctl; the help and the docs are made from here."""

from typing import Final

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2  # argparse's own
REFUSED: Final = 3
LEFT: Final = 4
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells say it

DESCRIPTIONS: Final = {
    OK: "done; for verify: one of the keys has signed the artifact",
    FAILED: "not done, or not signed by one of the keys; standard error says why",
    USAGE: "the command line is wrong",
    REFUSED: "rendered in part: at least one component was refused",
    LEFT: "for uninstall: patterns are left, and nothing of the operator was removed",
    INTERRUPTED: "interrupted",
}


def table(*codes: int) -> str:
    """These codes as lines of help."""
    return "\n".join(["exit codes:", *(f"  {code:<4} {DESCRIPTIONS[code]}" for code in codes)])
