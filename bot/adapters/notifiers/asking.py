"""One request to something that reaches people → its answer, Unavailable or Refused; its address, often a secret, is never told."""

from __future__ import annotations

from typing import Any

import requests

from bot.errors import Refused, Unavailable

TIMEOUT = 10.0
_AGAIN = frozenset({408, 425, 429})
_SHOWN = 200


class Door:
    """A session with one of them. `name` is what errors call it; `secrets` are struck out of what it says."""

    def __init__(self, name: str, secrets: tuple[str, ...] = (), timeout: float = TIMEOUT) -> None:
        self.name, self.timeout = name, timeout
        self._secrets = secrets
        self._session = requests.Session()

    def post(self, url: str, body: Any) -> requests.Response:
        return self.ask("POST", url, json=body)

    def get(self, url: str, **params: str) -> requests.Response:
        return self.ask("GET", url, params=params)

    def ask(self, method: str, url: str, **given: Any) -> requests.Response:
        """Raises Unavailable where it did not answer, or asks us to come again; Refused for every other answer that is no success."""
        try:
            answer = self._session.request(method, url, timeout=self.timeout, allow_redirects=False, **given)
        except requests.ConnectionError as error:
            raise Unavailable(f"{self.name} did not answer: {type(error).__name__}") from None  # the error's text holds the address
        except requests.Timeout:
            raise Unavailable(f"{self.name} did not answer within {self.timeout:.0f} s") from None
        except requests.RequestException as error:
            raise Refused(f"{self.name} cannot be asked: {type(error).__name__}") from None
        if 200 <= answer.status_code < 300:
            return answer
        said = f"{self.name} answered {answer.status_code}{self._said(answer)}"
        raise (Unavailable if answer.status_code >= 500 or answer.status_code in _AGAIN else Refused)(said)

    def _said(self, answer: requests.Response) -> str:
        if answer.is_redirect:
            return " and sends us elsewhere: is its address right?"
        text = " ".join(answer.text[: 4 * _SHOWN].split())
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = "".join(letter for letter in text if letter.isprintable())[:_SHOWN]
        return f": {text}" if text else ""
