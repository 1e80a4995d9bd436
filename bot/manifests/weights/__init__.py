"""A route's bytes and the name of a bad backend → the same bytes with its traffic on the others, and back; or why not.

One module a kind of route, one table: WEIGHTS.
"""
