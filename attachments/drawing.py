"""Draws a small picture of a file, in a process of its own: `python -m attachments.drawing`.

It reads the file that is its standard input, and writes one line of JSON (`{"width", "height"}`)
and a WebP of at most SIDE×SIDE pixels without any metadata. It knows neither settings nor
database, and whatever a file does to it is done to nobody else: memory, time and pixels are
bounded by the system, and its parent ends it when it takes too long.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 512  # pixels
MAX_PIXELS = 50_000_000
MAX_MEMORY = 768 * 1024 * 1024  # bytes of address space
MAX_CPU = 10  # seconds

#: what Pillow is let near; every further format is a parser more that strangers can reach
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")


class NoPicture(Exception):
    """The file cannot be drawn; its words are for people."""


def draw(kind: str, file: IO[bytes]) -> tuple[int, int, bytes]:
    """Width, height and the WebP of a file that is an `image` or a `pdf`. Raises NoPicture."""
    picture = draw_pdf(file) if kind == "pdf" else draw_image(file)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80)
    return picture.width, picture.height, out.getvalue()


def draw_image(file: IO[bytes]) -> Image:
    """The first frame of a picture, upright."""
    from PIL import Image, ImageOps

    with Image.open(file, formats=FORMATS) as picture:
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # (a JPEG is made smaller as it is read)
        if picture.width * picture.height > MAX_PIXELS:
            raise NoPicture(f"It has {picture.width}×{picture.height} pixels.")
        has_alpha = "A" in picture.getbands() or "transparency" in picture.info
        upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16"):  # what is above 255 would all be white
        upright = upright.convert("I").point(lambda grey: grey / 256)
    upright = upright.convert("RGBA" if has_alpha else "RGB")
    upright.thumbnail((SIDE, SIDE))
    return upright


def draw_pdf(file: IO[bytes]) -> Image:
    """The first page."""
    import pypdfium2

    document = pypdfium2.PdfDocument(file)
    page = document[0]
    width, height = page.get_size()
    if not 0 < min(width, height) <= max(width, height) < 1e6:
        raise NoPicture("Its first page has no size.")
    scale = SIDE / max(width, height)
    if scale * min(width, height) < 1:
        raise NoPicture("Its first page is a line.")
    drawn: Image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    drawn.thumbnail((SIDE, SIDE))
    return drawn


def main() -> int:
    """Draw what stands on standard input as the kind that the first argument names."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU, MAX_CPU))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    try:
        width, height, picture = draw(sys.argv[1], sys.stdin.buffer)
    except NoPicture as no:
        sys.stderr.write(str(no))
        return 1
    except Exception as error:  # (libraries raise whatever a broken file leads them to)
        sys.stderr.write(f"It could not be drawn ({type(error).__name__}).")
        return 1
    head = json.dumps({"width": width, "height": height}).encode()
    sys.stdout.buffer.write(head + b"\n" + picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
