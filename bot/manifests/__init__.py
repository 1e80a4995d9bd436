"""Bytes of a manifest → its pins; pins and values → the same bytes with those values; a tree of pins → whose they are."""
