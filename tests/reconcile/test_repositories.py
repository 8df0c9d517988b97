"""What a pattern wants of others is bounded where it is read, because it is remembered with the pattern."""

from typing import Any

import pytest
from tests.reconcile.pattern import pattern

from pattern_operator.errors import Stalled
from pattern_operator.limits import MAX_PUBLIC_KEY
from pattern_operator.reconcile.repositories import Repositories
from pattern_operator.verify.key import load


class Holding:
    """A ConfigMap of 1 MiB, whatever is asked for."""

    async def read(self, *_: Any, **__: Any) -> dict[str, bytes]:
        return {"cosign.pub": b"x" * 2**20}


async def test_of_what_is_too_long_for_a_key_no_more_is_kept_than_shows_that():
    spec = {"verify": {"authorities": [{"key": {"configMapRef": {"name": "k"}}}]}}

    asked: Any = Repositories(registries=None, config_sources=Holding(), sandbox=None, executors=None)  # type: ignore[arg-type]

    found = await asked.policy(pattern(spec=spec))

    assert [len(each.key) for each in found.authorities] == [MAX_PUBLIC_KEY + 1]
    with pytest.raises(Stalled, match=f"more than {MAX_PUBLIC_KEY} bytes"):
        load(found.authorities[0].key, name="k")
