"""How long ago something was, as kubectl says it."""

from datetime import UTC, datetime


def age(created: str, now: datetime) -> str:
    """How long ago, in the largest unit of which there are two; nothing where ``created`` is not a time."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return ""
    seconds = int((now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{max(seconds, 0)}s"
