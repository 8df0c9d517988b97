"""How many files and connections the process may hold: the hard limit, not the soft one that it starts with.

containerd 2 starts processes with a soft limit of 1,024 and a hard one of half a million. The soft limit is for
programs that use ``select``, which can name no more; nothing here does.
"""

import logging
import resource
from typing import Final

logger = logging.getLogger(__name__)

WANTED: Final = 65_536  # a watch of each kind, 16 connections to each registry, and files of the cache need far fewer


def raise_open_file_limit() -> int:
    """Raise the soft limit to the hard one, or to ``WANTED``; the limit that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:  # a system may have a lower limit of its own
        logger.warning("the limit of open files stays at %s: %s", soft, error)
        return soft
    return wanted
