"""A case of the signature vectors, and what an adapter makes of it: see the README beside the vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pattern_operator.verify.x509.certificate import Certificate, read_certificates


@dataclass(frozen=True, slots=True)
class Case:
    """One case: its fields as they stand in ``cases.json``, without what is expected of it, and its folder.

    ``files`` are files that are not in the folder, or stand for those that are.
    """

    fields: Mapping[str, Any]
    folder: Path
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field that may be absent."""
        return self.fields.get(name, default)

    def read(self, path: str) -> bytes:
        """The bytes of a file of the case."""
        return self.files[path] if path in self.files else (self.folder / path).read_bytes()

    def certificates(self, paths: list[str]) -> tuple[Certificate, ...]:
        """The certificates of some files."""
        return tuple(certificate for path in paths for certificate in read_certificates(self.read(path)))

    @property
    def now(self) -> datetime:
        """The instant that the case takes as now."""
        time = self.fields.get("time")
        return datetime.now(UTC) if time is None else datetime.fromisoformat(time)
