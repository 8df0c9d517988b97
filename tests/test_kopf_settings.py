"""How kopf is made to watch."""

import kopf

from pattern_operator.kopf_settings import watch_only
from pattern_operator.kube.kopf_http import PAGE
from pattern_operator.kube.reflector import LONGEST_QUIET

CHANGED = kopf.HandlerId("changed")


def test_kopf_lists_in_pages():
    settings = kopf.OperatorSettings()

    watch_only(settings)

    assert settings.watching.chunk_size == PAGE


def test_a_silent_watch_of_kopf_is_opened_again_as_soon_as_one_of_our_own():
    settings = kopf.OperatorSettings()

    watch_only(settings)

    assert settings.watching.inactivity_timeout == LONGEST_QUIET


def test_the_last_body_of_an_object_is_not_kept_while_it_is_idle():
    settings = kopf.OperatorSettings()

    watch_only(settings)

    assert 0 < settings.queueing.idle_timeout < 0.1


def test_nothing_of_kopfs_own_is_looked_for_in_an_object_or_written_to_it():
    settings, body, patch = kopf.OperatorSettings(), kopf.Body({"metadata": {"annotations": {"a": "b"}}}), kopf.Patch()
    watch_only(settings)
    progress, diffbase = settings.persistence.progress_storage, settings.persistence.diffbase_storage
    record = kopf.ProgressRecord(started="2026-01-01T00:00:00Z")

    essence = diffbase.build(body=body)
    diffbase.store(body=body, patch=patch, essence=essence)
    progress.store(key=CHANGED, record=record, body=body, patch=patch)
    progress.touch(body=body, patch=patch, value="x")
    progress.purge(key=CHANGED, body=body, patch=patch)

    assert (essence, dict(patch)) == ({}, {})
    assert progress.clear(essence=essence) is essence
    assert progress.fetch(key=CHANGED, body=body) is None
    assert diffbase.fetch(body=body) is None
    assert not settings.posting.enabled
    assert settings.scanning.disabled
