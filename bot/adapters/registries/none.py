"""No registry may be asked."""

from __future__ import annotations

from bot.refs import ImageRef


class NoRegistry:
    def holds(self, image: ImageRef) -> bool | None:
        return None
