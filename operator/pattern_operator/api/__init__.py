"""The kinds that users write and read, and the values that pass between the stages."""
