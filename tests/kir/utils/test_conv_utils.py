"""Sizes of convolutions that cannot be."""

import pytest

from kir.errors import ConfigError
from kir.utils import conv_utils


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (conv_utils.conv_output_length, (32, 5, "diagonal", 2)),
        (conv_utils.conv_input_length, (32, 5, "causal", 2)),
        (conv_utils.deconv_length, (32, 2, 5, "diagonal", None)),
        (conv_utils.deconv_length, (32, 2, 5, "diagonal", 1)),
    ],
)
def test_an_unknown_padding_is_refused_as_an_assertion_would(function, arguments):
    with pytest.raises(AssertionError, match=r"padding is .* expected one of") as caught:
        function(*arguments)
    assert isinstance(caught.value, ConfigError)
