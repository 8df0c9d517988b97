"""How kopf is made to watch and to do nothing else: no events, no annotations, no copies, no giving up."""

from collections.abc import Iterator
from typing import Any

import kopf

from pattern_operator.kube.kopf_http import PAGE
from pattern_operator.kube.reflector import LONGEST_QUIET


def watch_only(settings: kopf.OperatorSettings) -> None:
    """Turn off what we do ourselves, or not at all."""
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = _NoProgress()
    # An object that is idle holds a task and its last body, and our handlers never wait. Not 0: with Python 3.11 none
    # of kopf's tasks would ever get an event.
    settings.queueing.idle_timeout = 0.01
    settings.scanning.disabled = True  # no watches of CRDs and namespaces: our kind is there, or the list says so
    settings.watching.chunk_size = PAGE
    settings.watching.inactivity_timeout = LONGEST_QUIET  # as our own watches
    settings.networking.error_backoffs = _Forever()


class _Forever:
    """The pauses between a request's tries: an API server that is away for an hour is waited for."""

    def __iter__(self) -> Iterator[float]:
        """Double from a tenth of a second to ten, and stay there."""
        delay = 0.1
        while True:
            yield delay
            delay = min(delay * 2, 10.0)


class _NoDiffBase(kopf.DiffBaseStorage):
    """Keeps nothing of an object: kopf would copy each one whole at every event, for handlers that we do not have."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Take nothing of the object."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> None:
        """Know of nothing that was stored."""

    def store(self, **_: Any) -> None:
        """Store nothing."""


class _NoProgress(kopf.ProgressStorage):
    """Keeps no progress of handlers: ours are done when they return, and kopf would look for it at every event."""

    def fetch(self, **_: Any) -> None:
        """Know of nothing that was stored."""

    def store(self, **_: Any) -> None:
        """Store nothing."""

    def purge(self, **_: Any) -> None:
        """Remove nothing."""

    def touch(self, **_: Any) -> None:
        """Store nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Take nothing out: nothing was put in."""
        return essence
