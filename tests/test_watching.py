"""How kopf is made to watch."""

import kopf

from pattern_operator.watching import PAGE, only_watch


def test_kopf_lists_in_pages():
    settings = kopf.OperatorSettings()

    only_watch(settings)

    assert settings.watching.chunk_size == PAGE


def test_the_last_body_of_an_object_is_not_kept_while_it_is_idle():
    settings = kopf.OperatorSettings()

    only_watch(settings)

    assert 0 < settings.queueing.idle_timeout < 0.1
