"""A status whose words hold values of Secrets: masked in each of them, and what is not words stays as it is."""

from typing import Any

import msgspec

from pattern_operator.api.condition import Condition
from pattern_operator.api.status import (
    GeneratedComponent,
    HooksStatus,
    Inventory,
    InventoryEntry,
    RefusedComponent,
    RenderStatus,
    RepairCount,
    SkippedComponent,
    Status,
)
from pattern_operator.quote import MASK
from pattern_operator.reconcile.masked_status import MASKED, masked
from pattern_operator.telemetry import Mask

VALUE = "zq7Kvmw3"
ID = f"team_{VALUE.lower()}__ConfigMap"
INVENTORY = Inventory.of((InventoryEntry(id=ID, v="v1"),))
STATUS = Status(
    conditions=(
        Condition(type="Ready", status="False", reason="No", message=f"{VALUE} of it", last_transition_time="t"),
    ),
    render=RenderStatus(
        format="Helm",
        name=VALUE,
        version=VALUE,
        refusals=(RefusedComponent(name=VALUE, kind=VALUE, reason="NameInvalid", message=VALUE, where=VALUE),),
        skips=(SkippedComponent(name=VALUE, kind=VALUE, reason="NotApplied"),),
        generated=(GeneratedComponent(name=VALUE, kind=VALUE, message=f"data.{VALUE} of it"),),
        repairs=(f"{VALUE} is repaired",),
        repair_counts=(RepairCount(name="MakeNameValid", count=3),),
    ),
    hooks=HooksStatus(hook=ID, message=f"Job {VALUE} failed"),
    inventory=INVENTORY,
    digest=f"sha256:{VALUE}",
)
# What no parameter changes: it is of the artifact, its signers, the spec or the operator, or has to be as it is.
_STAYS = {
    *("observed_generation", "status", "version", "design_version", "revision", "repository", "digest", "short_digest"),
    *("last_attempted_revision", "last_applied_revision", "fingerprints", "last_applied_state", "applying_revision"),
    *("applying_state", "applying_repository", "applying_signatures", "verified_by", "signatures", "signers"),
    *("inventory", "history", "health_checks", "truncated", "last_handled_reconcile_at"),
}


def test_each_word_of_a_status_is_masked_and_the_inventory_is_not():
    after = masked(STATUS, Mask((VALUE,)))

    text = msgspec.json.encode(msgspec.structs.replace(after, inventory=Inventory(), hooks=None, digest="")).decode()
    assert VALUE.lower() not in text.lower()
    assert after.conditions[0].message == f"{MASK} of it"
    assert after.conditions[0].last_transition_time == "t"
    assert after.hooks == HooksStatus(hook=ID, message=f"Job {MASK} failed")
    assert (after.inventory, after.digest) == (INVENTORY, STATUS.digest)


def test_words_of_the_operator_stay_though_a_secret_holds_them():
    values = ("NameInvalid", "MakeNameValid", "NotApplied", "Helm")

    assert masked(STATUS, Mask(values)) == STATUS


def test_without_a_value_a_status_is_what_it_was():
    assert masked(STATUS, Mask()) is STATUS


def test_a_mask_is_put_on_once_and_for_all():
    once = masked(STATUS, Mask((VALUE,)))

    assert masked(once, Mask((VALUE,))) == once


def test_each_field_of_a_status_is_masked_or_known_to_hold_no_words_of_a_rendering():
    fields: Any = Status.__struct_fields__

    assert set(fields) == MASKED | _STAYS
    assert not MASKED & _STAYS
