"""How kopf is made to watch."""

import kopf

from pattern_operator.kopf_settings import PAGE, watch_only


def test_kopf_lists_in_pages():
    settings = kopf.OperatorSettings()

    watch_only(settings)

    assert settings.watching.chunk_size == PAGE


def test_the_last_body_of_an_object_is_not_kept_while_it_is_idle():
    settings = kopf.OperatorSettings()

    watch_only(settings)

    assert 0 < settings.queueing.idle_timeout < 0.1
