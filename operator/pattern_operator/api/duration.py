"""Durations as Kubernetes users write them: ``30s``, ``5m``, ``1h30m`` (Go's time.ParseDuration, without signs)."""

import re
from datetime import timedelta
from typing import Final

from pattern_operator.quote import quoted

_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> timedelta:
    """Read a duration; raises ValueError with what is right for everything else."""
    if not text or _PART.sub("", text):
        raise ValueError(f"{quoted(text)} is not a duration: write it as 30s, 5m or 1h30m")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    except OverflowError:
        raise ValueError(f"{quoted(text[:32])} is too large") from None
