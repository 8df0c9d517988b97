"""Jobs for the sandbox: layers in files, and what is to be made of them."""

import tempfile
from io import BytesIO
from typing import BinaryIO

from tests.hostile import LAYER, MIB, long_line, tar

from pattern_operator.archive import Layer, LayerSelector
from pattern_operator.render import Options
from pattern_operator.sandbox import Plan

PLAN = Plan(context="reg.example/web@sha256:0a", types=(LAYER,), selector=LayerSelector(), options=Options())
SMALL = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
# Too large for a thread, and nothing else: comments.
LARGE = SMALL + b"# nothing to see here\n" * 20_000
_ANCHORS = b"x:\n" + b"".join(b"- &a%d x\n" % number for number in range(40_000))
SLOW = b"---\n".join([SMALL + _ANCHORS] * 5)  # some seconds, for one object that is written five times
HUNGRY = long_line(30 * MIB)  # 160 MiB and more


def layers(content: bytes, name: str = "a.yaml") -> list[tuple[Layer, BinaryIO]]:
    return of_layer(tar({name: content}))


def of_layer(layer: bytes) -> list[tuple[Layer, BinaryIO]]:
    """A layer in a file that has no name any more."""
    file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it is closed with the last that holds it
    file.write(layer)
    file.seek(0)
    return [(Layer(LAYER, "", len(layer)), file)]


def in_memory(content: bytes) -> list[tuple[Layer, BinaryIO]]:
    layer = tar({"a.yaml": content})
    return [(Layer(LAYER, "", len(layer)), BytesIO(layer))]
