"""Image classifiers that were published with weights trained on ImageNet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kir._lazy import lazy_names

if TYPE_CHECKING:
    from kir.applications import (
        densenet,
        imagenet_utils,
        inception_resnet_v2,
        inception_v3,
        mobilenet,
        mobilenet_v2,
        mobilenetv2,
        nasnet,
        resnet50,
        vgg16,
        vgg19,
        xception,
    )
    from kir.applications.densenet import DenseNet121 as DenseNet121
    from kir.applications.densenet import DenseNet169 as DenseNet169
    from kir.applications.densenet import DenseNet201 as DenseNet201
    from kir.applications.inception_resnet_v2 import InceptionResNetV2 as InceptionResNetV2
    from kir.applications.inception_v3 import InceptionV3 as InceptionV3
    from kir.applications.mobilenet import MobileNet as MobileNet
    from kir.applications.mobilenet_v2 import MobileNetV2 as MobileNetV2
    from kir.applications.nasnet import NASNetLarge as NASNetLarge
    from kir.applications.nasnet import NASNetMobile as NASNetMobile
    from kir.applications.resnet50 import ResNet50 as ResNet50
    from kir.applications.vgg16 import VGG16 as VGG16
    from kir.applications.vgg19 import VGG19 as VGG19
    from kir.applications.xception import Xception as Xception

# That of the package in which Keras has them, as programs ask for it.
__version__ = "1.0.6"

_HOMES = {
    "DenseNet121": "densenet",
    "DenseNet169": "densenet",
    "DenseNet201": "densenet",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "NASNetLarge": "nasnet",
    "NASNetMobile": "nasnet",
    "ResNet50": "resnet50",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}
_SUBMODULES = (*dict.fromkeys(_HOMES.values()), "imagenet_utils", "mobilenetv2")

__all__ = [
    "VGG16",
    "VGG19",
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet50",
    "Xception",
    "densenet",
    "imagenet_utils",
    "inception_resnet_v2",
    "inception_v3",
    "mobilenet",
    "mobilenet_v2",
    "mobilenetv2",
    "nasnet",
    "resnet50",
    "vgg16",
    "vgg19",
    "xception",
]


# What Keras's module hands to its networks, and how.
_HANDED = (
    "get_keras_submodule",
    "get_submodules_from_kwargs",
    "keras_modules_injection",
    "set_keras_submodules",
)
__getattr__ = lazy_names(
    __name__,
    {
        **{name: f"{__name__}.{name}" for name in _SUBMODULES},
        **{name: f"{__name__}.{home}:{name}" for name, home in _HOMES.items()},
        **{name: f"kir.legacy.submodules:{name}" for name in _HANDED},
        "backend": "kir.backend",
        "correct_pad": f"{__name__}._building:correct_pad",
        "layers": "kir.layers",
        "models": "kir.models",
        "utils": "kir.utils",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_SUBMODULES})
