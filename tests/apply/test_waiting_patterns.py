"""Who waits for an object, in which order, and who may not."""

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.ownership import Owner
from pattern_operator.apply.waiting_patterns import WaitingPatterns

WEB, SHOP = Owner("web", "team", "web"), Owner("shop", "team", "shop")
KEY, OTHER = ObjectKey("", "ConfigMap", "team", "a"), ObjectKey("", "ConfigMap", "team", "b")


def test_who_waits_the_longest_is_the_first_however_often_it_asks():
    waiting = WaitingPatterns()
    for each in (WEB, SHOP, WEB):
        waiting.wait(KEY, each)

    assert list(waiting.owners_of(KEY)) == [WEB, SHOP]
    assert not waiting.owners_of(OTHER)


def test_a_pattern_stops_waiting_for_one_object_and_not_for_others():
    waiting = WaitingPatterns()
    for key in (KEY, OTHER):
        waiting.wait(key, WEB)

    assert [waiting.stop(KEY, WEB.id), waiting.stop(KEY, WEB.id), waiting.stop(OTHER, SHOP.id)] == [True, False, False]
    assert (waiting.is_waiting(KEY, WEB.id), waiting.is_waiting(OTHER, WEB.id)) == (False, True)
    assert waiting.keys_of(WEB.id) == {OTHER}


def test_others_go_on_waiting():
    waiting = WaitingPatterns()
    for each in (WEB, SHOP):
        waiting.wait(KEY, each)

    waiting.stop(KEY, WEB.id)

    assert list(waiting.owners_of(KEY)) == [SHOP]


def test_who_is_excluded_from_an_object_waits_for_it_only_when_it_was_readmitted():
    waiting = WaitingPatterns()
    waiting.exclude(KEY, WEB.id)
    for key in (KEY, OTHER):
        waiting.wait(key, WEB)

    assert waiting.is_excluded(KEY, WEB.id) and not waiting.is_excluded(OTHER, WEB.id)
    assert waiting.keys_of(WEB.id) == {OTHER}
    waiting.readmit(WEB.id)
    waiting.wait(KEY, WEB)
    assert waiting.keys_of(WEB.id) == {KEY, OTHER}
