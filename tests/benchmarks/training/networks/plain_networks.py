"""The published networks written down once more, plainly, to compare with."""

from functools import partial

import torch
from torch import nn


def copy_weights(source, target):
    """Weights in order of definition, which is the published order in both."""
    theirs, ours = list(source.parameters()), list(target.parameters())
    assert [w.shape for w in theirs] == [w.shape for w in ours]
    with torch.no_grad():
        for their, our in zip(theirs, ours, strict=True):
            their.uniform_(-0.3, 0.3, generator=torch.Generator().manual_seed(their.numel()))
            our.copy_(their)


class ReLUConvBN(nn.Sequential):
    def __init__(self, channels_in, channels_out, kernel, stride):
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
        super().__init__(nn.ReLU(), conv, nn.BatchNorm2d(channels_out))


class Reduce(nn.Module):
    """A skip that changes the shape."""

    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.even = nn.Conv2d(channels_in, channels_out // 2, 1, stride, bias=False)
        self.odd = nn.Conv2d(channels_in, channels_out // 2, 1, stride, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x):
        x = torch.relu(x)
        shifted = torch.zeros_like(x)
        shifted[:, :, :-1, :-1] = x[:, :, 1:, 1:]
        return self.norm(torch.cat([self.even(x), self.odd(shifted)], 1))


class Zero(nn.Module):
    def __init__(self, channels_out, stride):
        super().__init__()
        self.channels_out, self.stride = channels_out, stride

    def forward(self, x):
        x = x[:, :1, :: self.stride, :: self.stride] * 0
        return x.repeat(1, self.channels_out, 1, 1)


class Cell(nn.Module):
    def __init__(self, code, channels_in, channels_out, stride):
        super().__init__()
        operations = []
        for digit, source in zip(code, (0, 0, 1, 0, 1, 2), strict=True):
            shape = (channels_in, channels_out, stride) if source == 0 else (channels_out, channels_out, 1)
            changes = shape[0] != shape[1] or shape[2] != 1
            operations.append(
                {
                    "0": lambda shape=shape: Zero(shape[1], shape[2]),
                    "1": lambda shape=shape, changes=changes: Reduce(*shape) if changes else nn.Identity(),
                    "2": lambda shape=shape: ReLUConvBN(shape[0], shape[1], 1, shape[2]),
                    "3": lambda shape=shape: ReLUConvBN(shape[0], shape[1], 3, shape[2]),
                }[digit]()
            )
        self.operations = nn.ModuleList(operations)

    def forward(self, x):
        o01, o02, o12, o03, o13, o23 = self.operations
        one = o01(x)
        two = o02(x) + o12(one)
        return o03(x) + o13(one) + o23(two)


class BasicBlock(nn.Module):
    def __init__(self, channels_in, channels_out, stride):
        super().__init__()
        self.first = ReLUConvBN(channels_in, channels_out, 3, stride)
        self.second = ReLUConvBN(channels_out, channels_out, 3, 1)
        self.shortcut = None
        if stride != 1 or channels_in != channels_out:
            conv = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            # The published block hands its flags affine and track_running_stats over as eps and momentum.
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(channels_out, True, True))

    def forward(self, x):
        residual = x if self.shortcut is None else self.shortcut(x)
        return residual + self.second(self.first(x))


def plain_backbone(arch):
    base, macro, cell = arch.split("-")
    channels = int(base)
    stem_conv = nn.Conv2d(3, channels // 2, 3, 2, 1, bias=False)
    layers = [stem_conv, nn.BatchNorm2d(channels // 2), ReLUConvBN(channels // 2, channels, 3, 2)]
    for digit in macro:
        wider, stride = channels * (2 if digit in "24" else 1), 2 if digit in "34" else 1
        block = BasicBlock if cell == "basic" else partial(Cell, cell.replace("_", ""))
        layers += [block(channels, wider, stride), block(wider, wider, 1)]
        channels = wider
    return nn.Sequential(*layers)


def conv_layer(channels_in, channels_out):
    return [nn.Conv2d(channels_in, channels_out, 3, 1, 1), nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.2)]


def deconv_layer(channels_in, channels_out):
    conv = nn.ConvTranspose2d(channels_in, channels_out, 3, 2, 1, output_padding=1)
    return [conv, nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.2)]


def plain_segmentation_decoder(channels, width):
    """For a feature map 32 times smaller than the image."""
    layers = [*conv_layer(channels, width), *conv_layer(width, width // 2)]
    for _ in range(4):
        width //= 2
        layers += deconv_layer(width, width // 2)
    return nn.Sequential(*layers, *deconv_layer(width // 2, width // 2), nn.Conv2d(width // 2, 17, 3, 1, 1))
