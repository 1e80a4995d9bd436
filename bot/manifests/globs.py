"""Path globs of `.rollbot.yaml`: `*` and `?` stay inside one folder name, `**` spans any number of folders."""

from __future__ import annotations


def matches(pattern: str, path: str) -> tuple[str, ...] | None:
    """Return the texts of the pattern's stars in order (`**`: the folders, joined by `/`), None where the path does not match.

    The whole path must match from the root; `apps/` means `apps/**`. Every star but the last takes as little as it can.
    Never slower than pattern length times path length.
    """
    wanted = pattern.removeprefix("./").removeprefix("/")
    wanted = f"{wanted}**" if wanted.endswith("/") else wanted
    return _folders(wanted.split("/"), path.split("/"))


def _folders(pattern: list[str], path: list[str]) -> tuple[str, ...] | None:
    texts: list[str] = []
    p = s = 0
    retry: tuple[int, int, int, int] | None = None  # where the last ** stands, its first folder, its end, the stars before it
    while s < len(path) or p < len(pattern):
        if p < len(pattern) and pattern[p] == "**":
            retry = (p, s, s, len(texts))
            texts.append("")
            p += 1
            continue
        found = _name(pattern[p], path[s]) if p < len(pattern) and s < len(path) else None
        if found is not None:
            texts += found
            p, s = p + 1, s + 1
            continue
        if retry is None or retry[2] >= len(path):
            return None
        star, first, end, before = retry
        retry = (star, first, end + 1, before)
        texts[before:] = ["/".join(path[first : end + 1])]
        p, s = star + 1, end + 1
    return tuple(texts)


def _name(pattern: str, name: str) -> list[str] | None:
    texts: list[str] = []
    p = s = 0
    retry: tuple[int, int, int, int] | None = None  # as above, in characters
    while s < len(name) or p < len(pattern):
        if p < len(pattern) and pattern[p] == "*":
            p = _after_stars(pattern, p)
            retry = (p, s, s, len(texts))
            texts.append("")
            continue
        if p < len(pattern) and s < len(name) and pattern[p] in ("?", name[s]):
            p, s = p + 1, s + 1
            continue
        if retry is None or retry[2] >= len(name):
            return None
        star, first, end, before = retry
        retry = (star, first, end + 1, before)
        texts[before:] = [name[first : end + 1]]
        p, s = star, end + 1
    return texts


def _after_stars(pattern: str, at: int) -> int:
    while at < len(pattern) and pattern[at] == "*":
        at += 1
    return at
