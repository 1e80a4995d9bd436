"""A Flux Receiver's webhook: makes its sources fetch now, and needs no right in the cluster.

https://fluxcd.io/flux/components/notification/receivers/#generic-hmac (`X-Signature: sha256=<hex>` over the body)
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

import requests

from bot.errors import Refused, Unavailable

BODY = b"{}"


class Receiver:
    """`url` is secret itself (its path is made of the Receiver's token); `token` signs for the type `generic-hmac`."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 10.0) -> None:
        self.url, self.token, self.timeout = url, token, timeout
        self.shown = f"the Flux Receiver at {urlsplit(url).hostname or 'its address'}"

    def __call__(self) -> None:
        """Raises Unavailable, Refused."""
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["X-Signature"] = f"sha256={hmac.new(self.token.encode(), BODY, hashlib.sha256).hexdigest()}"
        try:
            answer = requests.post(self.url, data=BODY, headers=headers, timeout=self.timeout, allow_redirects=False)
        except requests.RequestException as error:
            raise Unavailable(f"{self.shown} did not answer: {type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise Unavailable(f"{self.shown} answered {answer.status_code}")
        if answer.status_code >= 300:
            raise Refused(f"{self.shown} answered {answer.status_code}")
