"""Image classifiers and segmentation of torchvision."""
from dataclasses import replace

import coremltools as ct
import numpy as np
import torch
import torchvision
from network import Case, Network, Outputs, network, photographs, settle
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.efficientnet import EfficientNet, MBConvConfig
from torchvision.models.resnet import Bottleneck, ResNet


def side(size, real=224):
    return {"real": real, "small": 64, "tiny": 32}[size]


def classes(size):
    return 10 if size == "tiny" else 1000


def on_photographs(module, side, outputs=("logits",)):
    images = photographs(16, side)
    # Few images leave channels behind a global pooling almost without variance: batch norms would magnify their rounding a thousandfold.
    settle(module, *(torch.from_numpy(image) for image in images))
    return Network(module, list(outputs), [Case({"image": image}) for image in images[:3]])


def on_any_size(net):
    """The network with a flexible number of images of any size; the later cases differ from the first in both."""
    first, *rest = net.cases
    usual = first.inputs["image"].shape[-1]
    shape = (ct.RangeDim(1, 4, default=1), 3, *(ct.RangeDim(16, usual * 2, default=usual) for _ in range(2)))
    low_pairs = [np.concatenate([image, image[:, :, ::-1]])[:, :, : usual * 3 // 4] for image in (case.inputs["image"] for case in rest)]
    return replace(net, cases=[first, *(Case({"image": pair}) for pair in low_pairs)], inputs=[ct.TensorType("image", shape)])


@network
def mobilenet_v2(size):
    setting = {"real": None, "small": [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 2, 2], [6, 64, 1, 2]], "tiny": [[1, 8, 1, 1], [3, 16, 1, 2], [3, 16, 1, 1]]}[size]
    width = 0.25 if size == "tiny" else 1.0
    module = torchvision.models.MobileNetV2(num_classes=classes(size), width_mult=width, inverted_residual_setting=setting)
    if size == "tiny":
        module.features[-1] = torchvision.ops.Conv2dNormActivation(8, 64, 1, activation_layer=torch.nn.ReLU6)
        module.classifier[1] = torch.nn.Linear(64, classes(size))
    return on_photographs(module, side(size))


@network
def resnet_50(size):
    layers = {"real": [3, 4, 6, 3], "small": [1, 1, 1, 1]}
    module = narrow_resnet(classes(size)) if size == "tiny" else ResNet(Bottleneck, layers[size], num_classes=classes(size))
    return on_photographs(module, side(size))


def narrow_resnet(classes, **options):
    """A ResNet of bottlenecks with 4 channels and up."""
    class Narrow(Bottleneck):
        expansion = 2

    class NarrowNet(ResNet):
        def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
            self.inplanes = min(self.inplanes, 64)
            return super()._make_layer(block, planes // 16, blocks, stride, dilate)

    net = NarrowNet(Narrow, [1, 1, 1, 1], num_classes=classes, **options)
    net.fc = torch.nn.Linear(64, classes)
    return net


@network
def efficientnet(size):
    if size == "real":
        module = torchvision.models.efficientnet_b0(weights=None)
    else:
        settings = {
            "small": [MBConvConfig(1, 3, 1, 32, 16, 1, 1.0, 1.0), MBConvConfig(4, 3, 2, 16, 24, 2, 1.0, 1.0), MBConvConfig(4, 5, 2, 24, 40, 1, 1.0, 1.0)],
            "tiny": [MBConvConfig(1, 3, 1, 8, 8, 1, 1.0, 1.0), MBConvConfig(3, 5, 2, 8, 16, 2, 1.0, 1.0)],
        }[size]
        module = EfficientNet(settings, dropout=0.2, num_classes=classes(size))
    return on_photographs(module, side(size))


@network
def convnext(size):
    if size == "real":
        module = torchvision.models.convnext_tiny(weights=None)
    else:
        widths = {"small": (48, 96), "tiny": (16, 32)}[size]
        module = ConvNeXt([CNBlockConfig(widths[0], widths[1], 1), CNBlockConfig(widths[1], None, 1)], num_classes=classes(size))
    return on_any_size(on_photographs(module, side(size)))


@network
def vit(size):
    if size == "real":
        module = torchvision.models.vit_b_16(weights=None)
        # Zero by construction.
        torch.nn.init.normal_(module.heads.head.weight, std=0.02)
        torch.nn.init.normal_(module.class_token, std=0.02)
    else:
        layers, heads, width = {"small": (2, 4, 128), "tiny": (1, 2, 32)}[size]
        module = torchvision.models.VisionTransformer(side(size), 16, layers, heads, width, 4 * width, num_classes=classes(size))
        torch.nn.init.normal_(module.heads.head.weight, std=0.1)
    return on_photographs(module, side(size))


@network
def swin(size):
    if size == "real":
        module = torchvision.models.swin_t(weights=None)
    else:
        width, heads = {"small": (48, [2, 4]), "tiny": (16, [1, 2])}[size]
        module = torchvision.models.SwinTransformer([4, 4], width, [2, 2], heads, [4, 4], num_classes=classes(size))
    return on_photographs(module, side(size))


def segmentation(size):
    if size == "tiny":
        from torchvision.models._utils import IntermediateLayerGetter
        from torchvision.models.segmentation.deeplabv3 import DeepLabV3, DeepLabHead
        head = DeepLabHead(64, 5, atrous_rates=(2, 4, 6))
        narrow_head(head)
        backbone = narrow_resnet(10, replace_stride_with_dilation=(False, True, True))
        module = DeepLabV3(IntermediateLayerGetter(backbone, {"layer4": "out"}), head)
    else:
        name = "deeplabv3_resnet50" if size == "real" else "deeplabv3_mobilenet_v3_large"
        module = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None)
        damp_branches(module)
    return Outputs(module, lambda model, image: model(image)["out"])


@torch.no_grad()
def damp_branches(module, scale=0.25):
    """Residual branches that add a little to their stream, near where training starts them (`zero_init_residual`).

    Full ones magnify the rounding of all weights before them, and scores of single pixels do not average it away as a pooled class does:
    with nothing but its weights rounded to half precision, torch itself is left with 37 dB."""
    for block in module.modules():
        if isinstance(block, Bottleneck):
            block.bn3.weight.fill_(scale)


def narrow_head(head, channels=16):
    """Replaces a DeepLab head's 256 channels."""
    for module in head.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.in_channels = {256: channels, 1280: 5 * channels}.get(module.in_channels, module.in_channels)
            module.out_channels = {256: channels}.get(module.out_channels, module.out_channels)
            module.weight = torch.nn.Parameter(0.1 * torch.randn(module.out_channels, module.in_channels, *module.kernel_size))
        if isinstance(module, torch.nn.BatchNorm2d):
            module.__init__(channels)


@network
def deeplab_v3(size):
    return on_photographs(segmentation(size), side(size, 520), outputs=["classes"])
