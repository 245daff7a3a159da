"""One door from bytes to image: whatever comes in, a plain picture or a clear error."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageDraw

from aura import i18n
from aura.errors import BadImage
from aura.library.images import BYTES_MAX, FORMATS, PIXELS_MAX, open_header, open_image

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow mutters of damage

ROOT = Path(__file__).resolve().parents[2]
EXACT = ("PNG", "BMP", "TIFF", "GIF")


def sketch(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (40, 24), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 19, 11), fill="red")
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, depth: int = 1, body: bytes = b"") -> bytes:
    """A PNG that claims a size and carries whatever body."""
    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def bomb(side: int) -> bytes:
    """A real PNG of side², a few kilobytes small."""
    row = b"\0" + b"\0" * ((side + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png_of(side, side, 1, body)


def refused(data: bytes | Path, **limits: int) -> str:
    with pytest.raises(BadImage) as error:
        open_image(data, "a.png", **limits)
    assert error.value.facts["name"] == "a.png"
    problem = error.value.facts["problem"]
    for lang in i18n.LANGUAGES:
        assert i18n.text(lang, problem) in i18n.error_text(lang, error.value.as_dict())
    return problem


# --- every kind, every way of storing pixels


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_opens_as_plain_rgb(kind, tmp_path):
    data = encoded(sketch(), kind)
    (tmp_path / "x").write_bytes(data)
    for source in (data, tmp_path / "x"):
        image = open_image(source, "x")
        assert (image.mode, image.size, image.info) == ("RGB", (40, 24), {})
        red, white = image.getpixel((5, 5)), image.getpixel((35, 20))
        near = 0 if kind in EXACT else 40
        assert np.abs(np.subtract(red, (255, 0, 0))).max() <= near
        assert np.abs(np.subtract(white, (255, 255, 255))).max() <= near


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LAB", "I;16"])
def test_every_mode_becomes_rgb(mode):
    kind = "TIFF" if mode in ("CMYK", "LAB") else "PNG"
    image = sketch("L").convert("I;16") if mode == "I;16" else None
    image = image or (sketch("RGB") if mode == "LAB" else sketch(mode))
    if mode == "LAB":
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    opened = open_image(encoded(image, kind), "x")
    assert opened.mode == "RGB"
    if mode in ("RGB", "P", "CMYK", "LAB"):
        assert np.abs(np.subtract(opened.getpixel((5, 5)), (255, 0, 0))).max() <= 6


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept(mode):
    image = sketch("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    opened = open_image(encoded(image.convert(mode), "PNG"), "x")
    assert opened.mode == "RGBA"
    assert opened.getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_a_palette_with_a_clear_colour_keeps_it_clear():
    image = sketch("P")
    index = image.getpixel((5, 5))
    opened = open_image(encoded(image, "GIF", transparency=index), "x")
    assert opened.mode == "RGBA"
    assert (opened.getpixel((5, 5))[3], opened.getpixel((35, 20))[3]) == (0, 255)


@given(st.lists(st.integers(0, 65535), min_size=16, max_size=16))
def test_sixteen_bits_are_scaled_and_never_cut_off(values):
    deep = np.array(values, np.uint16).reshape(4, 4)
    for kind in ("PNG", "TIFF"):
        opened = open_image(encoded(Image.fromarray(deep), kind), "x")
        wanted = np.rint(deep / 257)
        assert np.abs(np.asarray(opened)[..., 0] - wanted).max() <= 1


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floating_point_pictures_open_with_what_is_no_number_in_them(top):
    values = np.linspace(0, top, 64, dtype=np.float32).reshape(8, 8)
    values[0, 0] = np.nan
    opened = open_image(encoded(Image.fromarray(values), "TIFF"), "x")
    assert opened.getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_stands_as_the_camera_was_held(turn):
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    opened = open_image(encoded(sketch(), "PNG", exif=exif), "x")
    wanted = sketch().transpose(ways[turn]) if turn in ways else sketch()
    assert opened.size == wanted.size
    assert opened.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"\xff" * 40, b"Exif\0\0MM\0*\0\0\xff\xff"])
def test_a_damaged_note_of_the_camera_costs_no_picture(exif):
    assert open_image(encoded(sketch(), "JPEG", exif=exif), "x").size == (40, 24)


def cmyk_profile() -> bytes | None:
    """A CMYK profile of this machine, if it has one."""
    for folder in ("/usr/share/color/icc", "/System/Library/ColorSync/Profiles"):
        for path in sorted(Path(folder).rglob("*.ic[cm]")):
            data = path.read_bytes()
            if data[16:20] == b"CMYK":
                return data
    return None


def test_a_profile_is_followed():
    """Red and blue swapped by the picture's own profile come out swapped."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    data = bytearray(swapped)
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    opened = open_image(encoded(sketch(), "PNG", icc_profile=bytes(data)), "x")
    assert np.abs(np.subtract(opened.getpixel((5, 5)), (0, 0, 255))).max() <= 4


@pytest.mark.parametrize("profile", [b"", b"junk" * 50, None])
def test_ink_colours_open_with_whatever_profile_they_carry(profile):
    profile = cmyk_profile() if profile is None else profile
    opened = open_image(encoded(sketch("CMYK"), "JPEG", icc_profile=profile or b""), "x")
    red = opened.getpixel((5, 5))
    assert red[0] > 180 and max(red[1:]) < 90


def test_the_first_of_many_frames_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "TIFF", "PNG", "MPO"):  # the last as telephones save JPEG
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        first = open_image(data, "x").getpixel((4, 4))
        assert np.abs(np.subtract(first, (255, 0, 0))).max() <= 2


def test_nothing_else_the_file_carried_comes_along():
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "somebody"
    opened = open_image(encoded(sketch(), "JPEG", exif=exif, comment=b"hello"), "x")
    assert (opened.info, dict(opened.getexif())) == ({}, {})


# --- what must stay outside


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"", "image.empty"),
        (b"hello", "image.format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image.format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "image.format"),
        (encoded(sketch(), "ICO"), "image.format"),
        (encoded(sketch(), "PPM"), "image.format"),
        (encoded(sketch(), "PDF"), "image.format"),
        (png_of(0, 5), "image.format"),
        (png_of(2**31 - 1, 2**31 - 1), "image.too_large"),
        (png_of(PIXELS_MAX, 1), "image.too_large"),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_with_its_reason(data, problem):
    assert refused(data) == problem


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_cut_short_is_refused(kind):
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    data = encoded(noise, kind)
    for share in (0.2, 0.5, 0.8):
        assert refused(data[: int(len(data) * share)]) in ("image.damaged", "image.format")


def test_a_file_over_the_cap_is_refused_without_reading_it_all(tmp_path):
    big = tmp_path / "a.png"
    with big.open("wb") as file:
        file.truncate(BYTES_MAX * 4)  # takes no room on the disk
    assert refused(big) == "image.too_many_bytes"
    assert refused(encoded(sketch(), "PNG"), max_bytes=50) == "image.too_many_bytes"


def test_what_is_no_file_is_missing_and_a_pipe_is_not_waited_for(tmp_path):
    assert refused(tmp_path / "gone.png") == "image.missing"
    assert refused(tmp_path) == "image.missing"
    assert refused(Path("a\0b")) == "image.missing"
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == "image.missing"


def test_the_limit_of_pixels_can_be_lowered():
    assert refused(encoded(sketch(), "PNG"), max_pixels=40 * 24 - 1) == "image.too_large"
    assert open_image(encoded(sketch(), "PNG"), "x", max_pixels=40 * 24)


BOMBS = """
import resource, sys
from pathlib import Path
from aura.errors import BadImage
from aura.library.images import open_header, open_image
data = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for one in data * 5:
    for opens in (open_image, open_header):
        try:
            opens(one, "bomb")
        except BadImage as refused:
            assert refused.facts["problem"] == "image.too_large", refused
        else:
            raise AssertionError("opened a bomb")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, len(data))
"""


def test_bombs_are_refused_without_taking_memory(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb(13_000))
    (tmp_path / "b.png").write_bytes(png_of(40_000, 40_000))
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\0;"
    (tmp_path / "c.gif").write_bytes(
        b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + frame
    )
    bmp = struct.pack("<IiiHHIIiiII", 40, 30_000, 30_000, 1, 24, 0, 0, 0, 0, 0, 0)
    (tmp_path / "d.bmp").write_bytes(b"BM" + struct.pack("<III", 0, 0, 54) + bmp)
    jpeg = bytearray(encoded(sketch(), "JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = struct.pack(">HH", 60_000, 60_000)
    (tmp_path / "e.jpg").write_bytes(jpeg)
    webp = bytearray(encoded(sketch(), "WEBP", lossless=True))
    webp[21:25] = struct.pack("<I", 0x3FFF | 0x3FFF << 14)  # the sides, less one
    (tmp_path / "f.webp").write_bytes(webp)
    assert (tmp_path / "a.png").stat().st_size < 30_000
    run = subprocess.run(
        [sys.executable, "-c", BOMBS, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    grown_mib, bombs = map(int, run.stdout.split())
    assert bombs == 6
    assert grown_mib < 60


def test_text_bombs_are_refused_or_cut():
    zipped = zlib.compress(b"x" * 50_000_000, 9)
    head = png_of(4, 4, 8, zlib.compress(b"\0\1\1\1\1" * 4))
    data = head[:33] + chunk(b"zTXt", b"parameters\0\0" + zipped) + head[33:]
    with contextlib.suppress(BadImage):
        assert len(open_header(data, "x").texts.get("parameters", "")) < 5_000_000


# --- strangers' bytes


SEEDS = [encoded(sketch(), kind) for kind in FORMATS]
SEEDS += [
    encoded(sketch("CMYK"), "JPEG", icc_profile=b"junk" * 40),
    encoded(sketch("CMYK"), "TIFF", compression="tiff_lzw"),
    encoded(sketch("P"), "GIF", transparency=0),
    encoded(sketch("L").convert("I;16"), "PNG"),
    encoded(sketch("1"), "TIFF", compression="group4"),
    encoded(sketch("RGBA"), "WEBP", lossless=True),
]


@settings(max_examples=500, deadline=None)
@given(data=st.data())
def test_mutated_pictures_open_plain_or_are_refused_by_a_typed_error(data):
    body = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                body[at] = data.draw(st.integers(0, 255))
            case 1:
                del body[at : at + data.draw(st.integers(1, 40))]
            case 2:
                body[at:at] = data.draw(st.binary(min_size=1, max_size=20))
            case 3:
                body[at : at + 4] = data.draw(st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f"]))
        body = body or bytearray(b"x")
    for opens in (open_image, open_header):
        try:
            opened = opens(bytes(body), "x", max_pixels=1_000_000)
        except BadImage as error:
            assert i18n.has(error.facts["problem"])
        else:
            assert opened.width * opened.height <= 1_000_000
            assert opens is open_header or opened.mode in ("RGB", "RGBA")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_opened(data):
    with contextlib.suppress(BadImage):
        assert open_image(data, "x").mode in ("RGB", "RGBA")


def test_many_threads_open_at_once():
    results: list[str] = []

    def work() -> None:
        for data in SEEDS[:4]:
            results.append(open_image(data, "x").mode)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["RGB"] * 32
