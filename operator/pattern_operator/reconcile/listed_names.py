"""The ids of one inventory, and whether somebody wrote what is none among them. Pure."""

from dataclasses import dataclass

from pattern_operator.api.object import ObjectKey


@dataclass(slots=True)
class ListedNames:
    """The ids of one inventory; those that are ``unread`` may be no object keys, and ``spoilt`` ones are none."""

    listed: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    spoilt: frozenset[str] = frozenset()

    def any_spoilt(self) -> bool:
        """Whether somebody wrote what is not an object key; each id is read once, when that is first asked."""
        if self.unread:
            self.spoilt |= {each for each in self.unread if not _is_key(each)}
            self.unread = frozenset()
        return bool(self.spoilt)


def _is_key(text: str) -> bool:
    try:
        ObjectKey.parse(text)
    except ValueError:
        return False
    return True
