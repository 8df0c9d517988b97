"""``patternctl graph``: what a pattern is made of, in each form."""

import xml.etree.ElementTree as ET

from tests.render.designs import DATA, component, design
from tests.testbed.paths import ROOT

WHOLE = DATA / "nginx-deployment"
PARTLY = [DATA / "bookinfo-selectors", "--repair", "SetSelectorFromTemplate"]  # two of eight components are refused
EMPTY = DATA / "comments-only"
MANIFESTS = DATA / "not-a-design"


def test_for_people_it_is_a_nested_list(patternctl):
    done = patternctl("graph", WHOLE)

    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    service = next(number for number, line in enumerate(lines) if "• Service doks-example" in line)
    assert "selects • Deployment doks-example" in lines[service + 1]


def test_as_a_picture_it_is_named_as_the_design_is(patternctl):
    done = patternctl("graph", WHOLE, "-o", "svg")

    root = ET.fromstring(done.out)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].text


def test_mermaid_and_dot_are_what_their_programs_read(patternctl):
    assert patternctl("graph", WHOLE, "-o", "mermaid").out.startswith("flowchart LR\n")
    assert patternctl("graph", WHOLE, "-o", "dot").out.startswith("digraph pattern {\n")


def test_for_programs_it_has_nodes_and_edges(patternctl):
    found = patternctl("graph", WHOLE, "-o", "json").json

    names = {each["id"]: f"{each['kind']} {each['name']}" for each in found["nodes"]}
    told = {(names[each["source"]], each["relation"], names[each["target"]]) for each in found["edges"]}
    assert ("Service doks-example", "selects", "Deployment doks-example") in told
    assert patternctl("graph", WHOLE, "-o", "yaml").yaml == [found]


def test_what_is_refused_is_a_node_and_no_failure(patternctl):
    done = patternctl("graph", *PARTLY, "-o", "json")

    assert done.code == 0
    assert sum(1 for each in done.json["nodes"] if each["state"] == "Refused") == 2


def test_manifests_are_drawn_too(patternctl):
    done = patternctl("graph", MANIFESTS)

    assert done.code == 0
    assert "• " in done.out


def test_the_flags_of_rendering_count(patternctl):
    found = patternctl("graph", MANIFESTS, "--target-namespace", "shop", "-o", "json").json

    assert {each.get("namespace") for each in found["nodes"] if each["state"] == "Rendered"} <= {"shop", None}
    assert "shop" in {each.get("namespace") for each in found["nodes"]}


def test_where_there_is_nothing_to_draw_that_is_said(patternctl):
    done = patternctl("graph", EMPTY)

    assert (done.code, done.out) == (0, "")
    assert "there is nothing to draw in" in done.err


def test_what_an_author_wrote_commands_no_terminal(patternctl, tmp_path):
    broken = component("Deployment", "\x1b]0;owned\x07", {"spec": {}}, version="apps/v1")
    (tmp_path / "design.yml").write_bytes(design(broken).content)

    for form in ("list", "svg", "mermaid", "dot", "json"):
        assert not {"\x1b", "\x07"} & set(patternctl("graph", tmp_path, "-o", form).out)


def test_a_pattern_that_cannot_be_read_is_refused(patternctl):
    assert patternctl("graph", ROOT / "nothing-here").code == 1


def test_without_a_pattern_the_command_line_is_wrong(patternctl):
    done = patternctl("graph")

    assert done.code == 2
    assert "name what to draw" in done.err
