"""Images are compared by bytes, then pixels, then perceptually."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFilter, PngImagePlugin

from pressrun.records.comparison import OutputComparison

PNG = "image/png"


def plot(*, move: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Draw axes, a line and points."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 10, size[0] - 10, size[1] - 30), outline="black")
    draw.line([(30, 200), (120, 120), (200, 150), (300, 30)], fill="blue", width=2)
    for x, y in ((60, 60), (150 + move, 90), (220, 180)):
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill="red")
    return image


def test_the_same_pixels_in_other_bytes_are_the_same(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    output = compare_one(PNG, png(plot()), png(plot(), compress_level=1))
    assert output.sameness == "normalised"
    assert [mask.rule for mask in output.masks] == ["image-encoding"]


def test_the_text_in_a_png_is_no_result(compare_one: Callable[..., OutputComparison], png: Callable[..., str]) -> None:
    """matplotlib writes its version into each image."""
    texts = []
    for version in ("3.8.4", "3.11.0"):
        info = PngImagePlugin.PngInfo()
        info.add_text("Software", f"Matplotlib version{version}")
        texts.append(png(plot(), pnginfo=info))
    output = compare_one(PNG, *texts)
    assert output.sameness == "normalised"
    assert output.masks[0].rule == "image-metadata"
    assert "3.8.4" in output.masks[0].example


def test_rounding_of_colours_is_within_tolerance(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    rounded = plot().point(lambda value: max(0, value - 1))
    assert compare_one(PNG, png(plot()), png(rounded)).sameness == "within-tolerance"


def test_smoother_edges_are_the_same_picture(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    smooth = Image.blend(plot(), plot().filter(ImageFilter.GaussianBlur(0.6)), 0.3)
    output = compare_one(PNG, png(plot()), png(smooth))
    assert (output.sameness, output.reason[:16]) == ("within-tolerance", "the same picture")


@pytest.mark.parametrize("move", [3, 10, 60])
def test_one_moved_point_is_another_picture(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str], move: int
) -> None:
    output = compare_one(PNG, png(plot()), png(plot(move=move)))
    assert output.sameness == "different"
    assert output.reason.startswith("the image changed")


def test_a_figure_cut_one_pixel_wider_is_the_same_picture(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    blank, wider = Image.new("RGB", (300, 200), "white"), Image.new("RGB", (301, 200), "white")
    assert compare_one(PNG, png(blank), png(wider)).sameness == "within-tolerance"


def test_another_size_is_another_picture(compare_one: Callable[..., OutputComparison], png: Callable[..., str]) -> None:
    output = compare_one(PNG, png(plot()), png(plot(size=(400, 240))))
    assert (output.sameness, output.reason) == ("different", "another size: 320x240 became 400x240 pixels")


def test_changed_images_are_not_held_against_another_environment(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    output = compare_one(PNG, png(plot()), png(plot(move=40)), same_environment=False)
    assert output.sameness == "not-compared"


@pytest.mark.parametrize("damage", ["", "no base64 ✗", base64.b64encode(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff").decode()])
def test_a_damaged_image_is_a_difference_not_a_crash(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str], damage: str
) -> None:
    assert compare_one(PNG, png(plot()), damage).sameness == "different"


def test_a_huge_image_is_compared_by_its_bytes(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    """A few bytes can claim to be an image that fills the memory."""
    sides = [png(Image.new("1", (12_000, 9_000), colour)) for colour in (0, 1)]
    assert "cannot be decoded" in compare_one(PNG, *sides).reason


def test_lines_broken_in_the_base64_text_are_no_difference(
    compare_one: Callable[..., OutputComparison], png: Callable[..., str]
) -> None:
    text = png(plot())
    assert compare_one(PNG, text, text[:76] + "\n" + text[76:] + "\n").sameness == "normalised"
