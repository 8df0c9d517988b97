"""What is for people in an artifact: it is found by its own annotation, and never larger than what is pushed."""

import json

import pytest
from tests.source.fake_registry import FakeRegistry, client

from pattern_operator.api.artifact import File
from pattern_operator.archive import LayerSelector
from pattern_operator.limits import MAX_DOCUMENTATION
from pattern_operator.source import fetch_documentation, push
from pattern_operator.source.layers import is_documentation, select_layers
from pattern_operator.source.manifest import parse_manifest

TITLE = "org.opencontainers.image.title"
OURS = "pattern-operator.io/documentation"
README = File("README.md", b"# Web\n")


async def pushed(fake_registry: FakeRegistry, network, *, files):
    revision = await push(
        [File("a.yaml", b"a: 1")], registry=client(fake_registry, network), tag="1", documentation=files
    )
    return parse_manifest(fake_registry.manifests[str(revision.digest)][1])


async def test_what_is_pushed_for_people_is_fetched_again_and_not_selected(fake_registry: FakeRegistry, network):
    manifest = await pushed(fake_registry, network, files=[README, File("CHANGELOG.md", b"x")])

    found = await fetch_documentation(manifest, registry=client(fake_registry, network))

    assert found == (README, File("CHANGELOG.md", b"x"))
    selected = select_layers(manifest, selector=LayerSelector(), context="it")
    assert [is_documentation(each) for each in manifest.layers] == [False, True, True]
    assert selected == manifest.layers[:1]


async def test_who_names_its_media_type_pulls_it(fake_registry: FakeRegistry, network):
    manifest = await pushed(fake_registry, network, files=[README])

    selected = select_layers(manifest, selector=LayerSelector(media_type="text/markdown"), context="it")

    assert selected == manifest.layers[1:]


async def test_without_documentation_the_bytes_are_as_before(fake_registry: FakeRegistry, network):
    manifest = await pushed(fake_registry, network, files=[])

    assert len(manifest.layers) == 1
    assert await fetch_documentation(manifest, registry=client(fake_registry, network)) == ()


@pytest.mark.parametrize(
    ("annotations", "size", "found"),
    [
        ({OURS: "true", TITLE: "README.md"}, 3, ["README.md"]),
        ({OURS: "", TITLE: "../../etc/README.md"}, 3, ["README.md"]),
        ({OURS: "true"}, 3, [""]),
        ({TITLE: "README.md"}, 3, []),
        ({OURS: "true", TITLE: "README.md"}, MAX_DOCUMENTATION + 1, []),
    ],
)
async def test_a_layer_that_others_wrote_is_read_by_its_annotation_alone(
    fake_registry: FakeRegistry, network, annotations, size, found
):
    layer = fake_registry.blob(b"a" * size, "text/markdown", annotations=annotations)
    digest = fake_registry.manifest([layer])
    manifest = parse_manifest(fake_registry.manifests[str(digest)][1])

    files = await fetch_documentation(manifest, registry=client(fake_registry, network))

    assert [each.path for each in files] == found


async def test_of_many_the_first_are_read(fake_registry: FakeRegistry, network):
    layers = [fake_registry.blob(f"{number}".encode(), annotations={OURS: "true"}) for number in range(9)]
    digest = fake_registry.manifest(layers)
    manifest = parse_manifest(json.dumps(json.loads(fake_registry.manifests[str(digest)][1])).encode())

    assert len(await fetch_documentation(manifest, registry=client(fake_registry, network))) == 4
