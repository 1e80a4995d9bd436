"""What a person wrote as repository → where it is, what it is called, and which credentials were in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from bot.errors import BadConfig, Refused

_SCP = re.compile(r"(?:(?P<user>[\w.-]+)@)?(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<path>(?!//|:).+)")
_WAY_OUT = "name the manifests repository (a clone or a bare one) with --repo PATH or ROLLBOT_REPO_URL, or run this inside its clone"


@dataclass(frozen=True, slots=True)
class Address:
    """`url` never holds a password; `secret` is the one that it held."""

    url: str
    name: str
    secret: tuple[str, str] | None = None

    @property
    def folder(self) -> str:
        """A folder name that is readable and belongs to this address alone."""
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name).strip("-.")[-60:]
        return f"{readable}-{hashlib.sha256(self.url.encode()).hexdigest()[:10]}"


def remote(text: str) -> Address | None:
    """Read a URL or `user@host:path`; None where it is a local path. Raises BadConfig for what is neither."""
    if text.startswith("-") or "\n" in text or "\0" in text:
        raise BadConfig("this is no repository address", hint="a URL such as https://host/org/repo.git, or a path")
    if "://" in text:
        return _url(text)
    if "::" in text:
        raise BadConfig("repositories are not read through remote helpers", hint="https, http, ssh, git or file")
    match = _SCP.fullmatch(text)
    if match and not Path(text).exists():
        return Address(text, f"{match['host']}/{_bare(match['path'])}")
    return None


def _url(text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadConfig(f"this is no repository address: {error}", hint="https://host/org/repo.git") from error
    if parts.scheme not in ("https", "http", "ssh", "git", "file"):
        raise BadConfig(f"repositories are not read over {parts.scheme!r}", hint="https, http, ssh, git or file")
    host = (parts.hostname or "") + (f":{port}" if port else "")
    if parts.scheme == "file":
        return Address(text, _bare(unquote(parts.path), keep_root=True))
    user = f"{parts.username}@" if parts.scheme == "ssh" and parts.username else ""
    secret = None
    if parts.scheme in ("https", "http") and parts.username:
        # `https://TOKEN@host/…` is how many write a token: git sends it as the user with an empty password.
        secret = (unquote(parts.username), unquote(parts.password or ""))
    return Address(urlunsplit((parts.scheme, user + host, parts.path, parts.query, "")), f"{host}/{_bare(parts.path)}", secret)


def _bare(path: str, keep_root: bool = False) -> str:
    path = path.rstrip("/")
    path = path.removesuffix(".git") if PurePosixPath(path).name != ".git" else str(PurePosixPath(path).parent)
    return path if keep_root else path.strip("/")


def local(text: str) -> tuple[Path, Path | None]:
    """Find the repository that a path is in: its git folder, and its work tree where it has one. Raises Refused where there is none."""
    start = Path(text).expanduser().resolve()
    if not start.exists():
        raise Refused(f"there is no folder {start}{_nearest(start)}; {_WAY_OUT}")
    for folder in (start, *start.parents):
        inside = folder / ".git"
        if inside.is_dir():
            return inside, folder
        if inside.is_file():
            return (folder / inside.read_text().removeprefix("gitdir:").strip()).resolve(), folder
        if (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir():
            return folder, None
    raise Refused(f"{start} is not in a Git repository; {_WAY_OUT}")


def _nearest(path: Path) -> str:
    """What stands beside a missing folder under nearly its name."""
    try:
        beside = sorted(entry.name for entry in path.parent.iterdir() if entry.is_dir())
    except OSError:
        return ""
    near = get_close_matches(path.name, beside, 3)
    return f"; did you mean {' or '.join(str(path.parent / name) for name in near)}?" if near else ""
