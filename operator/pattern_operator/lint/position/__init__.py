"""Where in a file a value stands: an index of keys and values by their offsets."""
