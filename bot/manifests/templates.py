"""Text with Go or Jinja templates → the same number of bytes that parse as YAML, every span where it was."""

from __future__ import annotations

import re

from bot.manifests.documents import BOM, Text, parse_each

MASK = "____"
"""What any masked scalar holds; the shortest template has four bytes."""

_SUFFIXES = (".gotmpl", ".tmpl", ".j2", ".jinja2", ".tpl")
_OPENING = re.compile(rb"\{[{%#]")
_CLOSING = {b"{{": b"}}", b"{%": b"%}", b"{#": b"#}"}


def is_template(path: str) -> bool:
    """Say whether the name promises templates."""
    return path.endswith(_SUFFIXES)


def is_chart_template(file: bytes, path: str) -> bool:
    """Say whether this is a Helm chart's own template: a program that writes YAML, not YAML."""
    return f"/{path}".find("/templates/") >= 0 and b"{{" in file and not path.endswith((".j2", ".jinja2"))


def mask(file: bytes) -> bytes:
    """Put `_` for every byte of a template; lines that held nothing else become comments. Same length, same line breaks."""
    if b"{{" not in file and b"{%" not in file and b"{#" not in file:
        return file
    touched = _covered(file)
    if touched == file:
        return file
    lines = touched.split(b"\n")
    for number, (line, before) in enumerate(zip(lines, file.split(b"\n"), strict=True)):
        if line != before and not line.removeprefix(BOM).strip(b" \t\r_"):
            lines[number] = line.replace(b"_", b"#", 1)
    return b"\n".join(lines)


def _covered(file: bytes) -> bytes:
    """Cover the templates, each from its opening to the next closing of its sort; in time linear to the file, closed or not."""
    parts: list[bytes] = []
    at, endless = 0, set[bytes]()
    for match in _OPENING.finditer(file):
        start, opening = match.start(), match.group()
        if start < at or opening in endless:
            continue
        end = file.find(_CLOSING[opening], match.end())
        if end < 0:
            endless.add(opening)
            continue
        parts += (file[at:start], re.sub(rb"[^\r\n]", b"_", file[start : end + 2]))
        at = end + 2
    return b"".join((*parts, file[at:]))


def readable(file: bytes, path: str) -> bytes:
    """Return the bytes that are to be parsed as YAML for this path: masked where the text is a template, else as they are."""
    if is_template(path):
        return mask(file)
    if (b"{{" in file or b"{%" in file) and not is_chart_template(file, path) and parse_each(file).faults:
        return mask(file)
    return file


def load(file: bytes, path: str) -> Text:
    """Return what can be read of a file that may be a template. A chart's own templates have no documents."""
    return Text(()) if is_chart_template(file, path) else parse_each(readable(file, path))
