"""The pages: a module each, with functions that answer a visit."""
