"""The defaults of rendering are those of the spec."""

import dataclasses
from typing import get_args, get_type_hints

import pytest

from pattern_operator.api.apply_spec import Apply
from pattern_operator.api.render_spec import Render
from pattern_operator.api.spec import Layer
from pattern_operator.render.options import Format, Options


def test_the_defaults_are_those_of_the_spec():
    options = Options()

    assert (options.format, options.target_namespace) == (Render().format, Render().target_namespace)
    assert (options.path, options.create_namespace) == (Layer().path, Apply().create_namespace)
    assert options.default_namespace == "default"


def test_the_formats_of_the_spec_are_rendered():
    assert set(get_args(Format)) >= set(get_args(get_type_hints(Render)["format"]))


def test_options_cannot_be_changed_while_something_is_rendered():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().path = "x"  # type: ignore[misc] # it is frozen: that is what is tested
