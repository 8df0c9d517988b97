"""A component between its document and its object: what excludes it, and its line of the report."""

import pytest

from pattern_operator.api.repair import MadeRepair, Repair
from pattern_operator.api.report import Outcome
from pattern_operator.limits import MAX_REPAIRS, MAX_REPORT_NAME, MAX_SENTENCE
from pattern_operator.render.component import MAX_FOUND, WorkingComponent
from pattern_operator.render.component_reason import ComponentReason


def component(**fields) -> WorkingComponent:
    return WorkingComponent(**{"id": "1", "name": "web", "kind": "Pod"} | fields)


def test_a_new_component_is_rendered():
    made = component(repairs=[MadeRepair(Repair.DROP_STATUS, "a")])

    assert not made.excluded
    assert made.report().outcome is Outcome.RENDERED
    assert (made.report().id, made.report().name, made.report().kind, made.report().reason) == ("1", "web", "Pod", "")
    assert made.report().repair_messages == ("a",)


@pytest.mark.parametrize(
    ("exclude", "outcome"), [(WorkingComponent.skip, Outcome.SKIPPED), (WorkingComponent.refuse, Outcome.REFUSED)]
)
def test_a_component_that_is_skipped_or_refused_is_excluded_and_reports_no_repairs(exclude, outcome):
    made = component(repairs=[MadeRepair(Repair.DROP_STATUS, "a")])

    exclude(made, ComponentReason.HOOK, "because")

    assert made.excluded
    report = made.report()
    assert (report.outcome, report.reason, report.message, report.repair_messages) == (outcome, "Hook", "because", ())


def test_faults_refuse_a_component_with_all_of_them_in_one_message():
    made = component()
    made.find(ComponentReason.NOT_TEXT, "a is a number")
    made.find(ComponentReason.INVALID_NAME, "b is not a name")

    made.refuse_for_faults()

    assert (made.reason, made.message) == (ComponentReason.NOT_TEXT, "a is a number; b is not a name")


def test_without_faults_a_component_is_not_refused():
    made = component()

    made.refuse_for_faults()

    assert not made.excluded


def test_a_component_that_is_excluded_already_keeps_its_reason():
    made = component()
    made.find(ComponentReason.NOT_TEXT, "a is a number")
    made.skip(ComponentReason.ALIAS, "a view")

    made.refuse_for_faults()

    assert (made.outcome, made.reason, made.message) == (Outcome.SKIPPED, ComponentReason.ALIAS, "a view")


def test_of_many_faults_the_first_are_named_and_the_rest_is_counted():
    made = component()
    for number in range(MAX_FOUND + 5):
        made.find(ComponentReason.NOT_TEXT, f"fault {number}")

    made.refuse_for_faults()

    assert made.message.endswith(f"fault {MAX_FOUND - 1}; and 5 more like these")


def test_faults_that_have_no_room_are_counted_and_the_count_is_never_cut():
    made = component()
    for letter in "abc":
        made.find(ComponentReason.NOT_TEXT, letter * (MAX_SENTENCE // 2))

    made.refuse_for_faults()

    assert made.message == f"{'a' * (MAX_SENTENCE // 2)}; and 2 more like these"


def test_the_first_fault_is_named_however_long_it_is():
    made = component()
    made.find(ComponentReason.NOT_TEXT, "x" * MAX_SENTENCE)
    made.find(ComponentReason.NOT_TEXT, "y")

    made.refuse_for_faults()

    assert made.message.startswith("xxx")
    assert len(made.message) <= MAX_SENTENCE


def test_names_sentences_and_repairs_of_a_report_are_bounded():
    long = "x" * 10_000
    made = component(id=long, name=long, kind=long, repairs=[MadeRepair(Repair.DROP_STATUS, long)] * (MAX_REPAIRS + 3))

    report = made.report()

    assert [len(each) for each in (report.id, report.name, report.kind)] == [MAX_REPORT_NAME] * 3
    assert report.name.endswith("...")
    assert len(report.repair_messages) == MAX_REPAIRS + 1
    assert max(map(len, report.repair_messages)) <= MAX_SENTENCE
    assert report.repair_messages[-1] == "and 3 more repairs"


def test_a_name_as_long_as_the_limit_is_whole():
    assert component(name="x" * MAX_REPORT_NAME).report().name == "x" * MAX_REPORT_NAME


def test_repairs_up_to_the_limit_are_all_reported():
    made = component(repairs=[MadeRepair(Repair.DROP_STATUS, "a")] * MAX_REPAIRS)

    assert len(made.report().repair_messages) == MAX_REPAIRS


def test_the_body_says_the_api_version_and_keeps_the_metadata():
    made = component(body={"apiVersion": "apps/v1"})

    made.metadata["name"] = "web"

    assert (made.api_version, made.body["metadata"]) == ("apps/v1", {"name": "web"})
    assert component().api_version == component(body={"apiVersion": None}).api_version == ""
