"""``make bench N=200``: what patterns cost, beside the raw requests for the same objects; one JSON line a row."""
