from __future__ import annotations

import pytest

from bot.manifests.templates import mask


@pytest.mark.timeout(10)
@pytest.mark.parametrize("file", [b"{{" + b"a" * 5000 + b"}}: x\n", b"{{" * 200_000, b"{%" * 200_000, b"{{}}{#" * 100_000])
def test_masking_takes_linear_time(file: bytes) -> None:
    assert len(mask(file)) == len(file)


def test_masks_each_template_to_its_own_end() -> None:
    assert mask(b"a: {{ x }} {% y %}\n{{- if z }}\nb: {{ open\n") == b"a: _______ _______\n#__________\nb: {{ open\n"
