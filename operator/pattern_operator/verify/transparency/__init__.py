"""Transparency logs (Rekor): is a signature in a log that is trusted, and since when?

log_entry     reads an entry, and verifies it as a whole
body          what an entry says was signed, by whom: bound to the signature at hand
promise       the signed entry timestamp (SET): the log's word that it took the entry at a time
merkle        inclusion proofs: the entry is in a tree with this root
checkpoint    the log's signature on a root: signed notes
"""
