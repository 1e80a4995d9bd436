"""Who calls whom × how red each service is → who explains whom: the deepest anomalous service explains its callers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.attribution.evidence import Edge
from bot.attribution.grid import Floats

Calls = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Place:
    """`deeper`: how much redder something below the service is. `callers`: how red its reddest caller is.

    `share`: how much of its callers' trouble it explains against the others that they call: a softmax over a caller's callees.
    """

    deeper: Floats
    callers: Floats
    share: Floats


def calls(edges: Iterable[Edge], rows: Mapping[str, int]) -> Calls:
    """Return the matrix of who calls whom; itself and strangers left out."""
    matrix = np.zeros((len(rows), len(rows)), dtype=np.bool_)
    for edge in edges:
        if edge.caller in rows and edge.callee in rows and edge.caller != edge.callee:
            matrix[rows[edge.caller], rows[edge.callee]] = True
    return matrix


def place(matrix: Calls, red: Floats) -> Place:
    """Say where each service stands; cycles are allowed."""
    below = _reach(matrix)
    shares = np.zeros(len(red))
    weight = np.exp(2 * red)
    for caller in np.flatnonzero(matrix.any(axis=1)):
        callees = np.flatnonzero(matrix[caller])
        explained = red[caller] * weight[callees] / (weight[callees].sum() + 1)
        shares[callees] = np.maximum(shares[callees], explained)
    return Place(np.maximum(0, _highest(below, red) - red), _highest(matrix.T, red), shares)


def _reach(matrix: Calls) -> Calls:
    reach = matrix.copy()
    while True:
        further = reach | (reach.astype(np.float32) @ reach.astype(np.float32) > 0)
        if (further == reach).all():
            break
        reach = further
    np.fill_diagonal(reach, False)
    return reach


def _highest(matrix: Calls, red: Floats) -> Floats:
    return np.asarray(np.where(matrix, red[None, :], 0.0).max(axis=1, initial=0.0))
