"""Networks that no library here can build, in the layout of their published weights.

Only to be traced: they have the shapes and the data flow, and never any weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class DenseBlock(nn.Module):
    """Five convolutions, each of which sees what all before it made."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        outs = (growth, growth, growth, growth, channels)
        for number, out in enumerate(outs):
            layer = nn.Conv2d(channels + number * growth, out, 3, 1, 1)
            self.add_module(f"conv{number + 1}", layer)

    def forward(self, x: Tensor) -> Tensor:
        x1 = functional.leaky_relu(self.conv1(x), 0.2, inplace=True)
        x2 = functional.leaky_relu(self.conv2(torch.cat((x, x1), 1)), 0.2, inplace=True)
        x3 = functional.leaky_relu(self.conv3(torch.cat((x, x1, x2), 1)), 0.2, inplace=True)
        x4 = functional.leaky_relu(self.conv4(torch.cat((x, x1, x2, x3), 1)), 0.2, inplace=True)
        return self.conv5(torch.cat((x, x1, x2, x3, x4), 1)) * 0.2 + x


class DenseBlocks(nn.Module):
    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(channels, growth)
        self.rdb2 = DenseBlock(channels, growth)
        self.rdb3 = DenseBlock(channels, growth)

    def forward(self, x: Tensor) -> Tensor:
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    """Real-ESRGAN: batch × 3 × h × w to four times the sides, or as often doubled."""

    def __init__(
        self, channels: int = 64, growth: int = 32, blocks: int = 23, doublings: int = 2
    ) -> None:
        super().__init__()
        ups = [f"conv_up{number + 1}" for number in range(doublings)]
        self.conv_first = nn.Conv2d(3, channels, 3, 1, 1)
        self.body = nn.Sequential(*(DenseBlocks(channels, growth) for _ in range(blocks)))
        for name in ("conv_body", *ups, "conv_hr"):
            self.add_module(name, nn.Conv2d(channels, channels, 3, 1, 1))
        self.ups = ups
        self.conv_last = nn.Conv2d(channels, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for name in self.ups:
            x = functional.interpolate(x, scale_factor=2)
            x = functional.leaky_relu(self.get_submodule(name)(x), 0.2, inplace=True)
        return self.conv_last(functional.leaky_relu(self.conv_hr(x), 0.2, inplace=True))


class Compact(nn.Module):
    """Real-ESRGAN's small video network: all its work at the picture's own size."""

    def __init__(self, channels: int = 64, layers: int = 32, factor: int = 4) -> None:
        super().__init__()
        pairs = [
            part
            for number in range(layers + 1)
            for part in (
                nn.Conv2d(channels if number else 3, channels, 3, 1, 1),
                nn.PReLU(channels),
            )
        ]
        self.body = nn.Sequential(*pairs, nn.Conv2d(channels, 3 * factor**2, 3, 1, 1))
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        more = functional.pixel_shuffle(self.body(x), self.factor)
        return more + functional.interpolate(x, scale_factor=self.factor)


class Fourier(nn.Module):
    """A convolution over the whole picture: pointwise among its frequencies."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(channels * 2, channels * 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels * 2)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        waves = torch.fft.rfftn(x, dim=(-2, -1), norm="ortho")
        pairs = (
            torch.view_as_real(waves)
            .permute(0, 1, 4, 2, 3)
            .reshape(batch, -1, height, width // 2 + 1)
        )
        pairs = functional.relu(self.bn(self.conv_layer(pairs)), inplace=True)
        pairs = pairs.view(batch, channels, 2, height, -1).permute(0, 1, 3, 4, 2).contiguous()
        return torch.fft.irfftn(torch.view_as_complex(pairs), (height, width), (-2, -1), "ortho")


class Spectral(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
        )
        self.fu = Fourier(half)
        self.conv2 = nn.Conv2d(half, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        return self.conv2(x + self.fu(x))


class FastFourier(nn.Module):
    """Two streams: a local one, and a global one that sees the whole picture."""

    def __init__(self, local: int, wide: int) -> None:
        super().__init__()
        self.convl2l = _conv(local, local)
        self.convl2g = _conv(local, wide)
        self.convg2l = _conv(wide, local)
        self.convg2g = Spectral(wide)
        self.bn_l, self.bn_g = nn.BatchNorm2d(local), nn.BatchNorm2d(wide)

    def forward(self, near: Tensor, far: Tensor) -> tuple[Tensor, Tensor]:
        local = self.convl2l(near) + self.convg2l(far)
        wide = self.convl2g(near) + self.convg2g(far)
        return functional.relu(self.bn_l(local), True), functional.relu(self.bn_g(wide), True)


class FourierBlock(nn.Module):
    def __init__(self, local: int, wide: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = FastFourier(local, wide), FastFourier(local, wide)

    def forward(self, near: Tensor, far: Tensor) -> tuple[Tensor, Tensor]:
        local, wide = self.conv2(*self.conv1(near, far))
        return near + local, far + wide


class Lama(nn.Module):
    """Big LaMa: a picture without its hole, and the hole (batch × 4 × h × w), to a picture."""

    def __init__(self, width: int = 64, blocks: int = 18) -> None:
        super().__init__()
        deep = width * 8
        self.local, self.wide = deep // 4, deep - deep // 4
        self.first = _stage(nn.Conv2d(4, width, 7), width, pad=3)
        self.down1 = _stage(_conv(width, width * 2, 2), width * 2)
        self.down2 = _stage(_conv(width * 2, width * 4, 2), width * 4)
        self.split_l = _stage(_conv(width * 4, self.local, 2), self.local)
        self.split_g = _stage(_conv(width * 4, self.wide, 2), self.wide)
        self.blocks = nn.ModuleList(FourierBlock(self.local, self.wide) for _ in range(blocks))
        self.up1 = _stage(_up(deep, width * 4), width * 4)
        self.up2 = _stage(_up(width * 4, width * 2), width * 2)
        self.up3 = _stage(_up(width * 2, width), width)
        self.last = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        x = self.down2(self.down1(self.first(x)))
        near, far = self.split_l(x), self.split_g(x)
        for block in self.blocks:
            near, far = block(near, far)
        return self.last(self.up3(self.up2(self.up1(torch.cat((near, far), 1)))))


class Postfuse(nn.Module):
    """ObjectClear's own part: a word and a picture of the object (batch × 768) made one."""

    def __init__(self, pooled: int = 768, width: int = 2048) -> None:
        super().__init__()
        self.mlp1, self.mlp2 = _mlp(pooled, width), _mlp(width, width)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mlp1(x)
        return self.layer_norm(self.mlp2(x) + x)


def _conv(ins: int, outs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(ins, outs, 3, stride, 1, bias=False, padding_mode="reflect")


def _up(ins: int, outs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(ins, outs, 3, 2, 1, 1)


def _stage(layer: nn.Module, channels: int, pad: int = 0) -> nn.Sequential:
    before = [nn.ReflectionPad2d(pad)] if pad else []
    return nn.Sequential(*before, layer, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def _mlp(ins: int, outs: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(ins), nn.Linear(ins, outs), nn.GELU(), nn.Linear(outs, outs))
