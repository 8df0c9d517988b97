"""Writes what rendering repairs back into the text that its author wrote: the fewest edits, nothing else is touched."""
