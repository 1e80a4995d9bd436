"""Where a cluster's objects read from → whether that is our repository, and how closely it covers a service's files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from posixpath import normpath
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from bot.manifests.estate import Service
from bot.quarantine import FOLDER

EXACT = 1000
"""A file that is named outright is covered more closely than by any folder."""
Found = TypeVar("Found")
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")


def known_as(addresses: Iterable[str], name: str) -> frozenset[str]:
    """Those of the addresses that clusters were given which are the repository of that name (`host/org/repository`, or a path).

    Where none has its host, those with its path: a cluster may reach by an inner name what we reach by the outer one. What runs is then
    still proven by the commit itself, which no other repository holds.
    """
    given = {address: _plain(address) for address in addresses if address}
    host, _, path = _plain(name).partition("/")
    same = frozenset(address for address, plain in given.items() if plain == f"{host}/{path}")
    return same or frozenset(address for address, plain in given.items() if "/" in path and plain.partition("/")[2] == path)


def _plain(address: str) -> str:
    """Host and path alone: a cluster may reach by SSH, on another port or with a user, what we reach by HTTPS."""
    text = address.strip()
    if "://" not in text:
        match = _SCP.fullmatch(text)
        text = f"ssh://{match[1]}/{match[2]}" if match and "/" not in match[1] and not match[2].startswith(":") else f"x://{text}"
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return text
    path = unquote(parts.path).rstrip("/").removesuffix(".git").strip("/")
    path = path.removeprefix("scm/")  # Bitbucket's HTTPS addresses have it, its SSH addresses have not
    return f"{host}/{path}".strip("/").lower()


def wanted_files(service: Service) -> tuple[str, ...]:
    """The files whose delivery tells: those of its pins that are its own, else all its own, else what there is."""
    shared, files = set(service.shared), [path for path in service.files if not path.startswith(f"{FOLDER}/")]
    pinned = list(dict.fromkeys(pin.path for pin in service.pins if pin.path in files or not files))
    for some in (pinned, files):
        if own := [path for path in some if path not in shared]:
            return tuple(own)
    return tuple(pinned or files)


def inside(path: str, folder: str) -> int:
    """How many folders deep the folder is that holds the path (0 for the root), -1 where it does not hold it."""
    plain = normpath(folder.strip("/") or ".")
    if plain == ".":
        return 0
    return plain.count("/") + 1 if path == plain or path.startswith(f"{plain}/") else -1


def closest(files: Iterable[str], found: Sequence[Found], closeness: Mapping[int, Mapping[str, int]]) -> list[Found]:
    """For each file those that cover it most closely, in their order. `closeness[i][file]` is that of the i-th, absent where none."""
    chosen: set[int] = set()
    for file in files:
        near = {index: each[file] for index, each in closeness.items() if file in each}
        best = max(near.values(), default=None)
        chosen |= {index for index, depth in near.items() if depth == best}
    return [one for index, one in enumerate(found) if index in chosen]
