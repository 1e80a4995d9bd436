"""A key → what it alone promises of its value."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache

LONGEST = 200
"""Characters of a key; none that promises a version is near it."""

_IMAGE_KEY = re.compile(r"(?:.*[a-z0-9_.-])?(?:image|imagename|image_name|imageref|image_url|imageurl)", re.IGNORECASE)
_TAG_KEY = re.compile(r"(?:.*[a-z0-9][_.-]|[A-Z0-9_]+_)?(?:tag|TAG)|.*[a-z0-9]Tag")
_IMAGE_TAG_KEY = re.compile(r".*image.*(?:tag|version|ver)(?:[_.-].*|[A-Z].*)?|.*image[_.-]?version.*", re.IGNORECASE)
_VERSION_KEY = re.compile(r"(?:.*[a-z0-9][_./-]|[A-Z0-9_]+_)?(?:version|VERSION)(?:[_.-][A-Za-z0-9_.-]+)?|.*[a-z0-9]Version")
_SHORT_KEY = re.compile(r".*[a-z0-9](?:[_.-]ver|Ver)|[A-Z0-9_]+_VER|release|RELEASE|.*_RELEASE")
_DIGEST_KEY = re.compile(r"(?:.*[a-z0-9_.-])?(?:digest|sha|sha256)|.*(?:Digest|Sha|Sha256)", re.IGNORECASE)
_COMMIT_KEY = re.compile(r"(?:.*[_.-])?(?:sha|commit|revision)|.*(?:Sha|SHA|Commit|Revision)", re.IGNORECASE)
_REF_KEYS = frozenset({"ref", "rev", "revision", "gitRef", "git_ref", "gitRevision", "git_revision", "targetRevision", "target_revision"})
_LABELS = frozenset({"app.kubernetes.io/version", "tags.datadoghq.com/version", "helm.sh/version"})
_MESH_LABELS = frozenset({"istio.io/rev"})
_NOT_VERSIONS = re.compile(
    r"(?:.*[_.-])?(?:api|kube|schema|config|resource|ip|tls|ssl|http|proto|protocol|input|group|storage|snmp|signature|plugin|wire)"
    r"[_.-]?(?:min|max)?[_.-]?version|(?:min|max)[_.-]?(?:tls|ssl)?[_.-]?version|(?:tls|ssl)[_.-]?(?:min|max)[_.-]?version"
    r"|.*(?-i:Api|API|Schema|Protocol|Signature|Tls|TLS)version",
    re.IGNORECASE,
)
"""What speaks of a format, a protocol or a bound, and of no release."""


class Promise(Enum):
    """What a key alone says of its value."""

    NOTHING = auto()
    IMAGE = auto()
    DIGEST = auto()
    IMAGE_TAG = auto()
    TAG = auto()
    LABEL = auto()
    MESH = auto()
    REF = auto()
    COMMIT = auto()
    VERSION = auto()
    SHORT = auto()
    """`kustomize_ver`, `release`: a version only where the value is unmistakably one."""


_KEYS = (
    *((Promise.IMAGE, _IMAGE_KEY), (Promise.DIGEST, _DIGEST_KEY), (Promise.IMAGE_TAG, _IMAGE_TAG_KEY), (Promise.TAG, _TAG_KEY)),
    *((Promise.COMMIT, _COMMIT_KEY), (Promise.SHORT, _SHORT_KEY)),
)


@lru_cache(maxsize=8192)
def promise(key: str) -> Promise:
    if len(key) > LONGEST:
        return Promise.NOTHING
    if key in _LABELS or key in _MESH_LABELS:
        return Promise.LABEL if key in _LABELS else Promise.MESH
    if key in _REF_KEYS:
        return Promise.REF
    for found, pattern in _KEYS:
        if pattern.fullmatch(key):
            return found
    if _VERSION_KEY.fullmatch(key) and not _NOT_VERSIONS.fullmatch(key):
        return Promise.VERSION
    return Promise.NOTHING
