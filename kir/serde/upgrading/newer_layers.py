"""What tf.keras and Keras 3 say of layers that Keras 2.2.4 has too, and of those it has not."""

from __future__ import annotations

from typing import Any

CLASSES = {
    "Functional": "Model",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "UnifiedLSTM": "LSTM",
    "UnifiedGRU": "GRU",
    "LSTMV1": "LSTM",
    "LSTMV2": "LSTM",
    "GRUV1": "GRU",
    "GRUV2": "GRU",
    "DropoutV2": "Dropout",
    "DenseV2": "Dense",
    "Convolution1DTranspose": "Conv1DTranspose",
}
"""Classes that have another name here."""

KEYS = {
    ("LeakyReLU", "negative_slope"): "alpha",
    ("InputLayer", "shape"): "input_shape",
}
"""Arguments that have another name here, by class."""

HARMLESS: dict[str, tuple[Any, ...]] = {
    "adjustment": (),
    "dilation_rate": (1, [1], [1, 1], [1, 1, 1]),
    "dropout": (0.0,),
    "dynamic": (False,),
    "fused": (True, False),
    "groups": (1,),
    "implementation": (1,),
    "input_axes": (),
    "keepdims": (False,),
    "optional": (False,),
    "output_axes": (),
    "ragged": (False,),
    "renorm": (False,),
    "sparse": (False,),
    "time_major": (False,),
    "trainable": (True, False),
    "type_spec": (),
    "use_legacy_format": (True, False),
    "virtual_batch_size": (),
    "zero_output_for_mask": (False,),
}
"""Arguments without an equal here, with the values besides None that change nothing."""

IGNORED = frozenset(
    {
        "autocast",
        "input_length",
        "lora_alpha",
        "lora_rank",
        "module",
        "output_shape_module",
        "renorm_clipping",
        "renorm_momentum",
        "seed",
        "synchronized",
        "use_cudnn",
        "cudnn_ok",
        "experimental_run_tf_function",
    }
)
"""Arguments without an equal here that change nothing that a trained model computes."""

UNUSED = {
    "DepthwiseConv2D": ("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SeparableConv1D": ("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SeparableConv2D": ("kernel_initializer", "kernel_regularizer", "kernel_constraint"),
}
"""Arguments that tf.keras writes for a class and does not use."""

FUNCTIONS = {
    "__operators__.add": "Add",
    "add": "Add",
    "math.add": "Add",
    "__operators__.sub": "Subtract",
    "math.subtract": "Subtract",
    "subtract": "Subtract",
    "__operators__.mul": "Multiply",
    "math.multiply": "Multiply",
    "multiply": "Multiply",
    "maximum": "Maximum",
    "math.maximum": "Maximum",
    "minimum": "Minimum",
    "math.minimum": "Minimum",
}
"""Functions of two tensors that tf.keras keeps as layers, and the layers that do the same."""

OPERATIONS = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")
"""Operations of Keras 3 on two tensors that have the names of the layers that do the same."""
