"""``make mutate``: which small changes of the code do the unit tests not notice?"""
