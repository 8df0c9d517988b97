"""The inputs of ``tests/data/field-cases``, as files of an artifact."""

from pathlib import Path

from pattern_operator.api.artifact import File

DATA = Path(__file__).parents[1] / "data" / "field-cases"


def case(name: str) -> list[File]:
    """The files in a folder such as ``06-helm-hooks/v1``."""
    return [File(path.name, path.read_bytes()) for path in sorted((DATA / name).iterdir())]
