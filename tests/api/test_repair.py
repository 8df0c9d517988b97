import msgspec
import pytest

from pattern_operator.api.repair import CONSENTED, MadeRepair, Repair


@pytest.mark.parametrize("repair", list(Repair))
def test_a_repair_has_a_word_and_two_sentences(repair: Repair):
    assert str(repair).isalnum()
    assert str(repair)[0].isupper()
    assert repair.description.endswith(".")
    assert repair.why.endswith(".")


def test_what_may_change_the_meaning_needs_consent_and_nothing_else():
    assert {repair for repair in Repair if repair.needs_consent} == CONSENTED
    assert Repair.NAME_PORTS in CONSENTED
    assert Repair.UNSPACE_FIELD_NAMES not in CONSENTED


def test_a_made_repair_comes_back_from_json_as_it_was():
    made = MadeRepair(Repair.DROP_STATUS, "status left out")

    assert msgspec.json.decode(msgspec.json.encode(made), type=MadeRepair) == made


def test_a_repair_that_nobody_knows_is_not_read():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"name":"Invent","message":"x"}', type=MadeRepair)
