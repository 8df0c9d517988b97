"""What takes long is done in another thread, and what does not in the loop, which costs less."""

import threading

import pytest
from tests.executors import EXECUTORS

from pattern_operator.source import offload as module
from pattern_operator.source.offload import offload


@pytest.mark.parametrize(("more", "here"), [(0, True), (1, False)])
async def test_only_what_is_read_within_a_moment_is_read_in_the_loop(more: int, here: bool):
    ran = await offload(EXECUTORS.cpu, module._SMALL + more, threading.get_ident)

    assert (ran == threading.get_ident()) is here
