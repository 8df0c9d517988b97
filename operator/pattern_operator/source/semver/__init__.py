"""Versions and ranges of versions, as Flux and Helm understand them."""
