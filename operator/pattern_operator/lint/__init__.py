"""What authors are told of a pattern before anybody applies it: see ``linter.lint``."""
