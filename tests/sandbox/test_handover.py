"""Layers as open files, for a socket takes nothing else."""

import io
import os
import sys
from pathlib import Path

import pytest

from pattern_operator.sandbox.handover import as_files


def test_what_is_in_memory_becomes_a_file_at_its_beginning():
    layer = io.BytesIO(b"content")
    layer.read(3)

    with as_files([layer]) as (file,):
        assert os.pread(file.fileno(), 100, 0) == b"content"
        assert file.tell() == 0
    assert file.closed


def test_a_file_is_handed_over_as_it_is_from_its_beginning(tmp_path: Path):
    (tmp_path / "layer").write_bytes(b"content")
    with (tmp_path / "layer").open("rb", buffering=0) as layer:
        layer.read(3)
        with as_files([layer]) as (file,):
            assert file is layer
            assert file.tell() == 0
        assert not layer.closed


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch, platform: str):
    monkeypatch.setattr(sys, "platform", platform)

    with as_files([io.BytesIO(b"x")]) as (file,):
        assert os.fstat(file.fileno()).st_nlink == 0
