"""What may be asked a moment after a CustomResourceDefinition was made or changed: the API server serves it later."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.testbed.errors import KubectlFailed

T = TypeVar("T")

PAUSE = 0.1  # seconds


def once_served(
    ask: Callable[[], T], *, not_yet: Callable[[KubectlFailed], bool] = lambda _: True, seconds: float = 30.0
) -> T:
    """What ``ask`` gives once the API server serves a CRD as it is now: it says so nowhere but in the answer itself.

    Raises:
        KubectlFailed: of another refusal than one that is ``not_yet``, or of the last one, after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except KubectlFailed as refused:
            if not not_yet(refused) or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE)
