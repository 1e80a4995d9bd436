"""The parameters that ship."""

from __future__ import annotations

from bot.attribution.parameters import Parameters

SHIPPED = Parameters()
