"""Knows which entry of a docker config is for which repository, without reading the config again for each request.

A Secret holds up to 1 MiB, which may be 33,000 entries and takes a third of a second to read. Only the entry that is
asked for is kept, by the hash of the content: a config as Python values takes ten times its size.
"""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from pattern_operator.api.reference import Repository
from pattern_operator.errors import Stalled
from pattern_operator.executors import NOBODY, Threads
from pattern_operator.source.credentials.credential import Credential
from pattern_operator.source.credentials.docker_config import Credentials
from pattern_operator.source.offload import offload
from pattern_operator.source.origin import Scheme

_MAX_KEPT: Final = 4_096  # repositories; more than a cluster has, and some 300 bytes each
_MAX_CREDENTIAL: Final = 16 * 1024  # characters of one that is kept; a token of a cloud has some 4 KiB

_Key = tuple[bytes, str, Repository, Scheme]


@dataclass(frozen=True, slots=True)
class _Found:
    credential: Credential | None
    refusal: Stalled | None
    lacking: str = ""


class PullSecretReader:
    """Reads docker configs on ``cpu``; the least recently used results are forgotten first. For one event loop."""

    def __init__(self, *, cpu: Threads) -> None:
        self._cpu = cpu
        self._kept: OrderedDict[_Key, _Found] = OrderedDict()
        self._locks: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def read(
        self, data: bytes, *, where: str, repository: Repository, scheme: Scheme = "https", tenant: str = NOBODY
    ) -> Credentials:
        """What the config says about ``repository``, and nothing else; ``where`` names it in messages.

        ``scheme`` is what is spoken to the registry: an entry without a port is for the port of it. ``tenant`` is whom
        the reading counts for.

        Raises:
            Stalled: SECRET_INVALID: it is not a docker config.
        """
        key = (hashlib.sha256(data).digest(), where, repository, scheme)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:  # many patterns that share a Secret wait for one reading
            found = self._kept.pop(key, None)
            if found is None:
                found = await offload(
                    self._cpu.of(tenant), len(data), _look_up, data, where=where, repository=repository, scheme=scheme
                )
            self._keep(key, found)
        if found.refusal is not None:
            raise Stalled(reason=found.refusal.reason, message=found.refusal.message)
        return Credentials.only(repository.host, found.credential, lacking=found.lacking)

    def _keep(self, key: _Key, found: _Found) -> None:
        if found.credential is not None and found.credential.size > _MAX_CREDENTIAL:
            return
        self._kept[key] = found
        while len(self._kept) > _MAX_KEPT:
            self._kept.popitem(last=False)


def _look_up(data: bytes, *, where: str, repository: Repository, scheme: Scheme) -> _Found:
    try:
        credentials = Credentials.from_docker_config(data, where=where, repository=repository, scheme=scheme)
    except Stalled as refusal:
        return _Found(None, refusal)
    credential = credentials.for_host(repository.host, repository.name, scheme=scheme)
    return _Found(credential, None, credentials.lacking)
