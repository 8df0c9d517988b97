"""What an artifact says of itself, wherever it says it; and that no bytes in those files raise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.render.designs import DATA, names, published

from pattern_operator.api.artifact import File
from pattern_operator.catalog import Change, DeclaredImage, Link, Maintainer, metadata_of, to_annotations
from pattern_operator.catalog.annotations import of_annotations
from pattern_operator.catalog.artifacthub import MAX_ENTRIES
from pattern_operator.catalog.document_file import MAX_FILE

PACKAGE = """\
version: 1.4.2
name: shop
displayName: The shop
createdAt: "2026-01-31T10:00:00Z"
description: "A shop,\\nwith its database."
logoURL: https://shop.example/logo.svg
license: Apache-2.0
homeURL: https://shop.example
category: integration-delivery
keywords: [shop, database]
links:
  - {name: Source, url: "https://git.example/shop"}
  - {name: docs, url: "https://docs.example/shop"}
  - {name: download, url: ../../catalog/design.yml}
  - {name: bad, url: "javascript:alert(1)"}
readme: |
  # Shop

  Sells things.
install: patternctl render
provider: {name: Example Ltd}
maintainers: [{name: Ada, email: ada@shop.example}]
deprecated: true
prerelease: true
containersImages: [{name: web, image: "registry.example/web:1"}]
recommendations: [{url: "https://hub.example/packages/db"}, {url: "javascript:x"}]
changes:
  - plain words
  - {kind: Security, description: closes a hole, links: [{name: advisory, url: "https://cve.example/1"}]}
"""
CHART = """\
apiVersion: v2
name: shop
version: 2.0.0
appVersion: 7
description: Of the chart
home: https://shop.example/chart
sources: ["not a link", "https://git.example/chart"]
icon: https://shop.example/icon.svg
keywords: [chart]
maintainers: [{name: Ben}]
deprecated: true
annotations:
  artifacthub.io/license: MIT
  artifacthub.io/prerelease: "true"
  artifacthub.io/images: "- {name: db, image: registry.example/db:2}"
  artifacthub.io/changes: "- {kind: added, description: a database}"
"""
PATTERN = """\
apiVersion: pattern-operator.io/v1alpha1
kind: Pattern
name: shop-pattern
version: 3.0.0
description: Of pattern.yaml
deprecated: use shop2
"""


def of(annotations=None, /, **files):
    """The metadata of files, given by their names with _ in place of a dot."""
    found = [
        File(name.replace("_", ".").replace("artifacthub.pkg", "artifacthub-pkg"), text.encode())
        for name, text in files.items()
    ]
    return metadata_of(found, annotations or {})


def test_every_field_of_artifacthub_pkg_is_read():
    found = of(artifacthub_pkg_yml=PACKAGE)

    assert (found.name, found.title, found.version) == ("shop", "The shop", "1.4.2")
    assert (found.description, found.readme) == ("A shop,\nwith its database.", "# Shop\n\nSells things.")
    assert (found.licenses, found.vendor, found.category) == ("Apache-2.0", "Example Ltd", "integration-delivery")
    assert (found.source, found.documentation) == ("https://git.example/shop", "https://docs.example/shop")
    assert (found.home, found.logo) == ("https://shop.example", "https://shop.example/logo.svg")
    assert (found.created, found.install) == ("2026-01-31T10:00:00Z", "patternctl render")
    assert (found.deprecated, found.pre_release) == ("true", True)
    assert found.keywords == ("shop", "database")
    assert found.maintainers == (Maintainer("Ada", "ada@shop.example"),)
    assert found.images == (DeclaredImage("registry.example/web:1", "web"),)
    assert found.recommendations == ("https://hub.example/packages/db",)
    assert found.changes == (
        Change("plain words"),
        Change("closes a hole", "security", (Link("advisory", "https://cve.example/1"),)),
    )
    assert found.unread == ()


def test_of_links_those_alone_are_kept_that_are_http():
    assert [each.name for each in of(artifacthub_pkg_yml=PACKAGE).links] == ["Source", "docs"]


def test_a_chart_says_it_in_chart_yaml_and_in_annotations_of_artifact_hub():
    found = of(Chart_yaml=CHART)

    assert (found.name, found.version, found.app_version) == ("shop", "2.0.0", "7")
    assert (found.licenses, found.source, found.home) == (
        "MIT",
        "https://git.example/chart",
        "https://shop.example/chart",
    )
    assert (found.deprecated, found.pre_release) == ("true", True)
    assert found.images == (DeclaredImage("registry.example/db:2", "db"),)
    assert found.changes == (Change("a database", "added"),)


def test_a_pattern_file_says_its_own():
    found = of(pattern_yaml=PATTERN)

    assert (found.name, found.version, found.description) == ("shop-pattern", "3.0.0", "Of pattern.yaml")
    assert found.deprecated == "use shop2"


def test_where_several_say_it_what_was_written_to_be_published_counts():
    given = {"org.opencontainers.image.version": "4", "org.opencontainers.image.vendor": "A. Nobody"}

    everything = of(given, artifacthub_pkg_yml="version: 1.4.2", pattern_yaml=PATTERN, Chart_yaml=CHART)

    assert (everything.version, everything.name, everything.home) == (
        "1.4.2",
        "shop-pattern",
        "https://shop.example/chart",
    )
    assert everything.vendor == "A. Nobody"
    assert of(given, pattern_yaml=PATTERN, Chart_yaml=CHART).version == "3.0.0"
    assert of(given, Chart_yaml=CHART).version == "2.0.0"
    assert of(given).version == "4"


def test_annotations_alone_say_it_too():
    given = {
        "org.opencontainers.image.title": "Shop",
        "org.opencontainers.image.description": "Sells.",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://git.example",
        "org.opencontainers.image.documentation": "javascript:alert(1)",
        "org.opencontainers.image.url": "https://shop.example",
        "org.opencontainers.image.created": "2026-01-31T10:00:00+01:00",
        "io.artifacthub.package.keywords": "a, b,,c",
        "io.artifacthub.package.deprecated": "True",
        "io.artifacthub.package.license": "GPL-3.0-only",
    }

    found = of(given)

    assert (found.title, found.description, found.licenses) == ("Shop", "Sells.", "MIT")
    assert (found.source, found.documentation, found.home) == ("https://git.example", "", "https://shop.example")
    assert (found.created, found.keywords) == ("2026-01-31T09:00:00Z", ("a", "b", "c"))
    assert found.deprecated == "true"


def test_what_annotations_are_made_of_is_read_from_them_again():
    found = of(artifacthub_pkg_yml=PACKAGE)

    again = of_annotations(to_annotations(found))

    assert (again.title, again.version, again.licenses) == (found.title, found.version, found.licenses)
    assert (again.vendor, again.source, again.documentation) == (found.vendor, found.source, found.documentation)
    assert (again.home, again.created) == (found.home, found.created)
    assert again.description == "A shop, with its database."


def test_where_nothing_is_said_there_are_no_annotations():
    assert to_annotations(of()) == {}


@pytest.mark.parametrize("name", names())
def test_every_published_design_says_its_name_and_licence(name):
    found = metadata_of(published(name), {})

    assert found.unread == ()
    if (DATA / name / "artifacthub-pkg.yml").exists():
        assert found.title
        assert (found.licenses, found.version[:2]) == ("Apache-2.0", "0.")
        assert found.created.endswith("Z")


def test_a_folder_that_was_pushed_whole_is_read_as_its_files_are():
    found = metadata_of([File("shop/artifacthub-pkg.yml", PACKAGE.encode()), File("shop/design.yml", b"a: 1")], {})

    assert found.title == "The shop"


def test_of_several_the_file_nearest_to_the_root_counts():
    files = [
        File("charts/db/Chart.yaml", b"name: db"),
        File("z/Chart.yaml", b"name: z"),
        File("a/Chart.yaml", b"name: a"),
    ]

    assert metadata_of(files, {}).name == "a"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("artifacthub-pkg.yml", b"a: [1, 2", "'artifacthub-pkg.yml' is not read: artifacthub-pkg.yml, line 2"),
        ("artifacthub-pkg.yml", b"\xff\xfe\xfd", "'artifacthub-pkg.yml' is not read"),
        ("artifacthub-pkg.yml", b"#" * (MAX_FILE + 1), "it has more than 256 KiB"),
        ("Chart.yaml", b"\x1f\x8b", "'Chart.yaml' is not read"),
        ("pattern.yaml", b"apiVersion: pattern-operator.io/v1alpha1\nkind: Pattern\nfoo: 1\n", "foo"),
    ],
)
def test_what_cannot_be_read_is_said_and_hides_nothing_else(name, content, says):
    found = metadata_of([File(name, content)], {"org.opencontainers.image.title": "Shop"})

    assert found.title == "Shop"
    assert len(found.unread) == 1
    assert says in found.unread[0]


def test_a_file_that_is_large_enough_is_read():
    padded = PACKAGE + "#" * (MAX_FILE - len(PACKAGE))

    assert of(artifacthub_pkg_yml=padded).title == "The shop"


def test_of_a_long_list_the_first_entries_are_read():
    many = json.dumps(
        {
            "keywords": ["a"] * (MAX_ENTRIES + 1),
            "changes": ["b"] * (MAX_ENTRIES + 1),
            "links": [{"url": "https://a.example"}] * (MAX_ENTRIES + 1),
        }
    )

    found = of(artifacthub_pkg_yml=many)

    assert {len(found.keywords), len(found.changes), len(found.links)} == {MAX_ENTRIES}


@given(st.binary(max_size=200), st.sampled_from(["artifacthub-pkg.yml", "Chart.yaml", "pattern.yaml"]))
def test_no_bytes_raise(content, name):
    metadata_of([File(name, content)], {})


FIELDS = st.sampled_from(
    ["version", "name", "displayName", "links", "keywords", "provider", "changes", "maintainers", "annotations", "url"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(FIELDS, VALUES, max_size=8))
def test_no_shape_of_the_fields_raises(top):
    for name in ("artifacthub-pkg.yml", "Chart.yaml"):
        found = metadata_of([File(name, json.dumps(top).encode())], {})
        assert all(each.url.startswith("http") for each in found.links)
