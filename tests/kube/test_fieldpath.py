"""Paths of fields are shown as API servers write them, without values."""

import pytest

from pattern_operator.kube.fieldpath import field_path, name_or_mask


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("spec.containers[0].env[1].value", "spec.containers[0].env[1].value"),
        ('data["a"]', 'data["a"]'),
        ("data[a.crt]", "data[a.crt]"),
        ("spec.rules[*]", "spec.rules[*]"),
        ("spec.ports[]", "spec.ports[]"),
        ('.spec.containers[name="web"].image', '.spec.containers[name="web"].image'),
        ('.spec.ports[port=80,protocol="TCP"]', '.spec.ports[port=80,protocol="TCP"]'),
        ('.spec.ports[containerPort=8080,protocol="UDP"].x', '.spec.ports[containerPort=8080,protocol="UDP"].x'),
        ('.spec.hostAliases[ip="fe80::1"]', '.spec.hostAliases[ip="fe80::1"]'),
        ('.spec.ports[port="PLANTED",protocol="TCP"].port', '.spec.ports[port=…,protocol="TCP"].port'),
        ('.ports[containerPort="PLANTED",protocol="PLANTED"]', ".ports[containerPort=…,protocol=…]"),
        ('.spec.hostAliases[ip="PLANTED"]', ".spec.hostAliases[ip=…]"),
        ('.spec.x[secret="planted"]', ".spec.x[secret=…]"),
        ('.spec.x[planted,name="web"]', ".spec.x[…]"),
        ('.spec.finalizers[="planted"]', ".spec.finalizers[…]"),
        ("data[two words]", "data[…]"),
        ('data["planted]', "data…"),
        ('data[planted"]', "data…"),
        ('data[""]', "data[…]"),
        ('.spec.containers[name="two words"]', ".spec.containers[name=…]"),
        ('.spec.volumeMounts[mountPath="/"]', '.spec.volumeMounts[mountPath="/"]'),
        ("spec.a planted", "spec.a…"),
    ],
)
def test_a_path_is_shown_without_values(path: str, shown: str) -> None:
    assert field_path(path) == shown


@pytest.mark.parametrize(("name", "shown"), [("web-1", "web-1"), ("", ""), ("a b", "***"), ("-a", "***")])
def test_what_has_not_the_shape_of_a_name_is_masked(name: str, shown: str) -> None:
    assert name_or_mask(name) == shown
