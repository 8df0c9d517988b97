"""What the API server was asked, by whom: read from its audit log."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as far as a count needs it; ``resource`` is like ``deployments.apps`` or ``pods/status``."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


def requests(log: Path, *, after: int = 0) -> Iterator[Request]:
    """Read the requests in ``log`` from byte ``after`` on (its size at an earlier moment).

    A watch is there twice, when it begins and when it ends; only its beginning is given.
    """
    with log.open("rb") as lines:
        lines.seek(after)
        for line in lines:
            if not line.endswith(b"\n"):
                return  # the server is writing it
            event = json.loads(line)
            if event["verb"] == "watch" and event["stage"] == "ResponseComplete":
                continue
            what = event.get("objectRef", {})
            resource = ".".join(filter(None, [what.get("resource", ""), what.get("apiGroup", "")]))
            yield Request(
                user=event["user"]["username"],
                verb=event["verb"],
                resource="/".join(filter(None, [resource, what.get("subresource", "")])) or event["requestURI"],
                namespace=what.get("namespace", ""),
                name=what.get("name", ""),
                code=event.get("responseStatus", {}).get("code", 0),
            )


def count(log: Path, *, after: int = 0) -> Counter[tuple[str, str]]:
    """Count the requests by user and verb."""
    return Counter((each.user, each.verb) for each in requests(log, after=after))
