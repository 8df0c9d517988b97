"""How kopf is made to watch."""

import json

import kopf
import orjson
from tests.looplag import MOST, longest_hold

from pattern_operator.watching import PAGE, only_watch

LARGEST = orjson.dumps({"status": {"inventory": {"entries": [{"id": "", "v": ""}] * 85_000}}})  # 1.4 MiB


def test_kopf_lists_in_pages():
    settings = kopf.OperatorSettings()

    only_watch(settings)

    assert settings.watching.chunk_size == PAGE


def test_the_last_body_of_an_object_is_not_kept_while_it_is_idle():
    settings = kopf.OperatorSettings()

    only_watch(settings)

    assert 0 < settings.queueing.idle_timeout < 0.1


async def test_a_page_of_the_largest_patterns_is_parsed_in_a_moment():
    page = b'{"items":[%b]}' % b",".join([LARGEST] * PAGE)

    async def work() -> None:
        json.loads(page)  # as kopf does, on the event loop

    # The shortest of three: what else the machine does is not what is measured.
    assert min([await longest_hold(work) for _ in range(3)]) < MOST
