"""A case of the signature vectors, and what an adapter makes of it: see the README beside the vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from pattern_operator.limits import MAX_MANIFEST, MIB
from pattern_operator.verify.key import PublicKey, load
from pattern_operator.verify.x509.certificate import Certificate, read_certificates

MAX_FILE = MAX_MANIFEST  # the largest of what a registry may serve
MAX_ARTIFACT = 64 * MIB


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

    def read(self, path: str, *, most: int = MAX_FILE) -> bytes:
        """The bytes of a file of the case; raises ValueError where there are more than ``most``."""
        if path in self.files:
            content = self.files[path]
        else:
            with (self.folder / path).open("rb") as file:
                content = file.read(most + 1)
        if len(content) > most:
            raise ValueError(f"{path} has more than {most} bytes")
        return content

    def key(self, path: str) -> PublicKey:
        """The public key of a file, which is PEM or DER whatever its name."""
        content = self.read(path)
        if b"-----BEGIN" not in content:
            read = load_der_public_key(content)
            content = read.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return load(content, name=path)

    def certificates(self, paths: list[str]) -> tuple[Certificate, ...]:
        """The certificates of some files."""
        return tuple(certificate for path in paths for certificate in read_certificates(self.read(path)))

    @property
    def now(self) -> datetime:
        """The instant that the case takes as now."""
        time = self.fields.get("time")
        return datetime.now(UTC) if time is None else datetime.fromisoformat(time)
