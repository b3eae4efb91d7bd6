"""Compare images: bytes, then pixels, then perceptually.

pillow decodes them in memory; it is imported when the first pair of images differs in its bytes.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import TYPE_CHECKING, Any

import msgspec

from pressrun.records.comparison import Mask
from pressrun.rules.compare.masking import WHY
from pressrun.rules.compare.protocol import Context, Normalised, Verdict

if TYPE_CHECKING:
    from PIL import Image

_PNG = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"})
_LARGEST = 60_000_000  # pixels; a larger image is compared by its bytes
_ROUNDING = 2  # of 255 a channel: what colour conversion and antialiasing round differently
_LOCAL_LIMIT = 16  # of 255, after blurring: a moved or missing mark stays above, another edge smoothing below
_MEAN_LIMIT = 1.0  # of 255, over the whole image
_SLACK = 2  # pixels that a tightly cut figure may gain or lose


class ImageDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How two decoded images differ.

    Attributes:
        largest: largest difference of a channel, 0-255; `mean` likewise over all pixels.
        local: largest difference after blurring with a radius of two pixels.
        share: share of the pixels that differ by more than rounding.
        hash_distance: bits of 64 in which their difference hashes differ: 0 the same picture, above 10 another one.
    """

    largest: float
    mean: float
    local: float
    share: float
    hash_distance: int

    @property
    def rounding_only(self) -> bool:
        """Whether no pixel differs by more than rounding."""
        return self.largest <= _ROUNDING

    @property
    def alike(self) -> bool:
        """Whether a person would see the same picture, down to single marks."""
        return self.local <= _LOCAL_LIMIT and self.mean <= _MEAN_LIMIT


class ImageComparator:
    """Compares raster images."""

    name = "image"
    mimes = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff")

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Unwrap the base64 text, and drop the text chunks of a PNG, which name versions and times."""
        text = "".join(str(value).split())
        content = _decoded(text)
        if content is None or not content.startswith(_PNG):
            return Normalised(text)
        kept, dropped = _without_text_chunks(content)
        if not dropped:
            return Normalised(text)
        return Normalised(base64.b64encode(kept).decode("ascii"), {"image-metadata": dropped})

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare pixels, then perceptually; never across environments, where drawing libraries differ."""
        across = not context.settings.same_environment
        left, right = _open(expected), _open(found)
        if left is None or right is None:
            return Verdict(sameness="different", reason="the bytes differ and an image cannot be decoded")
        sizes = f"{left.width}x{left.height}", f"{right.width}x{right.height}"
        if abs(left.width - right.width) > _SLACK or abs(left.height - right.height) > _SLACK:
            return _changed(f"another size: {sizes[0]} became {sizes[1]} pixels", sizes, across=across)
        difference = image_difference(left, right)
        if difference.largest == 0 and left.size == right.size:
            mask = Mask(rule="image-encoding", count=1, example=mime, why=WHY["image-encoding"])
            return Verdict(sameness="normalised", reason="the pixels are the same", masks=(mask,))
        if difference.rounding_only and left.size == right.size:
            reason = f"pixels differ by at most {difference.largest:.0f} of 255"
            return Verdict(sameness="within-tolerance", reason=reason)
        if difference.alike:
            return Verdict(
                sameness="within-tolerance",
                reason=f"the same picture: {difference.share:.2%} of the pixels differ, none of its marks",
            )
        reason = (
            f"the image changed: {difference.share:.2%} of the pixels differ "
            f"(perceptual distance {difference.hash_distance} of 64)"
        )
        return _changed(reason, sizes, across=across)


def _changed(reason: str, sizes: tuple[str, str], *, across: bool) -> Verdict:
    shown = tuple(f"image of {size} pixels" for size in sizes)
    if across:
        reason += "; images are not compared across environments, whose drawing libraries differ"
    return Verdict(sameness="not-compared" if across else "different", reason=reason, expected=shown[0], found=shown[1])


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _without_text_chunks(content: bytes) -> tuple[bytes, list[str]]:
    """Return the PNG without its text chunks, and the texts; the content unchanged where its chunks are damaged."""
    kept, dropped = [content[: len(_PNG)]], []
    position = len(_PNG)
    while position < len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        end = position + 12 + length
        if end > len(content):
            return content, []
        if content[position + 4 : position + 8] in _TEXT_CHUNKS:
            dropped.append(content[position + 8 : end - 4].decode("latin-1").replace("\0", " "))
        else:
            kept.append(content[position:end])
        position = end
    return b"".join(kept), dropped


def _open(text: str) -> Image.Image | None:
    """Decode to RGB on white; None where it is no image or too large."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only when two images differ

    content = _decoded(text)
    if content is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content))
            if image.width * image.height > _LARGEST:
                return None
            rgba = image.convert("RGBA")
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ):
        return None
    white = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(white, rgba).convert("RGB")


def image_difference(expected: Image.Image, found: Image.Image) -> ImageDifference:
    """Measure how two RGB images differ; the second is scaled to the size of the first."""
    from PIL import Image, ImageChops, ImageFilter, ImageStat  # noqa: PLC0415

    if expected.size != found.size:
        found = found.resize(expected.size, Image.Resampling.BILINEAR)
    difference = ImageChops.difference(expected, found)
    red, green, blue = difference.split()
    strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    histogram = strongest.histogram()
    pixels = max(1, expected.width * expected.height)
    blur = ImageFilter.BoxBlur(2)
    local = ImageChops.difference(expected.filter(blur), found.filter(blur))
    return ImageDifference(
        largest=float(max((i for i, n in enumerate(histogram) if n), default=0)),
        mean=max(ImageStat.Stat(difference).mean),
        local=max(ImageStat.Stat(band).extrema[0][1] for band in local.split()),
        share=sum(histogram[_ROUNDING + 1 :]) / pixels,
        hash_distance=(_difference_hash(expected) ^ _difference_hash(found)).bit_count(),
    )


def _difference_hash(image: Image.Image) -> int:
    """Return 64 bits: whether each pixel of a 9x8 grey thumbnail is brighter than its right neighbour (dHash)."""
    from PIL import Image  # noqa: PLC0415

    pixels = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            bits = bits << 1 | (pixels[row * 9 + column] > pixels[row * 9 + column + 1])
    return bits
