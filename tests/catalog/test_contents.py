"""What a pattern is made of: components and images."""

from tests.render.designs import published
from tests.render.rendered import render

from pattern_operator.api.artifact import File
from pattern_operator.api.object import Object
from pattern_operator.api.report import Outcome
from pattern_operator.catalog import ContainerImage, contents_of
from pattern_operator.catalog.contents import MAX_IMAGES, MAX_USERS, images_of
from pattern_operator.render import Options


def pod(name, *images, kind="Pod", api_version="v1"):
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    spec = {"containers": containers[:1], "initContainers": containers[1:]}
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}}
    return Object.of(body | {"spec": spec if kind == "Pod" else {"template": {"spec": spec}}})


def test_a_published_design_is_told_with_its_components_and_images():
    found = contents_of(render(published("nginx-deployment"), options=Options()))

    assert (found.format, found.objects, found.hooks) == ("Meshery", 2, 0)
    assert (found.count(Outcome.RENDERED), found.count(Outcome.REFUSED)) == (2, 0)
    assert found.count(Outcome.SKIPPED) == len(found.components) - 2 == 7
    assert found.images == (ContainerImage("digitalocean/doks-example", ("Deployment.apps default/doks-example",)),)


def test_images_are_told_once_with_the_objects_that_run_them():
    objects = [
        pod("b", "web:1", "init:1"),
        pod("a", "web:1", "web:1"),
        pod("d", "db:1", kind="Deployment", api_version="apps/v1"),
    ]

    assert images_of(objects) == (
        ContainerImage("db:1", ("Deployment.apps shop/d",)),
        ContainerImage("init:1", ("Pod shop/b",)),
        ContainerImage("web:1", ("Pod shop/b", "Pod shop/a")),
    )


def test_of_many_users_the_first_are_named_and_the_rest_is_counted():
    (found,) = images_of([pod(f"p{number}", "web:1") for number in range(MAX_USERS + 3)])

    assert (len(found.used_by), found.more) == (MAX_USERS, 3)


def test_of_many_images_the_first_are_told():
    assert len(images_of([pod("p", f"web:{number}") for number in range(MAX_IMAGES + 1)])) == MAX_IMAGES


def test_a_password_in_an_image_is_not_shown():
    (found,) = images_of([pod("a", "robot:tulipwood@registry.example/web:1")])

    assert "tulipwood" not in found.image


def test_a_kind_that_only_looks_as_if_it_ran_images_runs_none():
    widget = Object.of(
        {
            "apiVersion": "example.com/v1",
            "kind": "Deployment",
            "metadata": {"name": "a"},
            "spec": {"template": {"spec": {"containers": [{"image": "web:1"}]}}},
        }
    )

    assert images_of([widget, pod("a", None, 5, "")]) == ()


def test_what_is_refused_is_counted():
    found = contents_of(render([File("a.yaml", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n")], options=Options()))

    assert (found.objects, found.count(Outcome.REFUSED)) == (0, 1)
