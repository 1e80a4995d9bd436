"""What manifests are made of when they are applied: the images and charts that they name."""

from __future__ import annotations

from typing import Protocol

from bot.refs import ImageRef


class Registry(Protocol):
    def holds(self, image: ImageRef) -> bool | None:
        """Whether an image (or a chart kept as one) is there to be pulled; None where nobody said that its registry may be asked.

        Raises Refused where the registry does not let us look, Unavailable where it does not answer.
        """
        ...
