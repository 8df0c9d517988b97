"""What is kept of objects that no pattern has: their names, as far as there are few."""

import pytest
from msgspec import structs

from pattern_operator.api.object import ObjectKey
from pattern_operator.apply.managed.unlisted import MAX_NAMES, UnlistedObjects

KEY = ObjectKey("", "ConfigMap", "team", "0")


def found(number: int) -> tuple[UnlistedObjects, list[tuple[str, ObjectKey]]]:
    told: list[tuple[str, ObjectKey]] = []
    unlisted = UnlistedObjects(on_found=lambda label, key: told.append((label, key)))
    for each in range(number):
        for _ in range(2):
            unlisted.note(structs.replace(KEY, name=str(each)), label="web")
    return unlisted, told


@pytest.mark.parametrize(("number", "apart"), [(MAX_NAMES, True), (MAX_NAMES + 1, False)])
def test_objects_are_told_apart_and_told_once_as_long_as_they_are_few(number: int, apart: bool):
    unlisted, told = found(number)

    assert told == [("web", structs.replace(KEY, name=str(each))) for each in range(number)]
    assert unlisted.may_have(KEY)
    assert unlisted.may_have(structs.replace(KEY, name="another")) is not apart
    assert not unlisted.may_have(structs.replace(KEY, namespace="another"))
    unlisted.discard(KEY)
    assert unlisted.may_have(KEY) is not apart


def test_nothing_is_kept_of_a_place_whose_objects_are_gone():
    unlisted, _ = found(1)

    unlisted.discard(KEY)
    unlisted.discard(KEY)

    assert unlisted._names == {}
