"""Both files of a key pair are written, or none."""

import pytest

from pattern_operator.cli.private_key import write_pair


@pytest.mark.parametrize("there", ["a.key", "a.pub"])
def test_where_one_is_there_already_the_other_is_not_left_behind(tmp_path, there):
    (tmp_path / there).write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        write_pair(tmp_path / "a.key", tmp_path / "a.pub", encrypted=b"private", pem=b"public")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(there, b"mine")]


def test_a_link_to_nowhere_is_there_already(tmp_path):
    (tmp_path / "a.key").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        write_pair(tmp_path / "a.key", tmp_path / "a.pub", encrypted=b"private", pem=b"public")

    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "a.key").is_symlink()
