"""Screenshots as small PNGs: few colours, without any image library."""

import base64
import struct
import zlib

from playwright.sync_api import Page

# The most frequent colours stay; each other one becomes the nearest of them.
QUANTISE = """async ({png, most}) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const colours = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  const kept = colours.slice(0, most);
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const palette = kept.map(parts);
  const place = new Map(kept.map((pixel, number) => [pixel, number]));
  for (const pixel of colours.slice(most)) {
    const [r, g, b] = parts(pixel);
    let best = 0, least = Infinity;
    palette.forEach(([x, y, z], number) => {
      const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (far < least) [least, best] = [far, number];
    });
    place.set(pixel, best);
  }
  const indices = Uint8Array.from(pixels, (pixel) => place.get(pixel));
  let text = "";
  for (let at = 0; at < indices.length; at += 32768) text += String.fromCharCode(...indices.subarray(at, at + 32768));
  return {width: image.width, height: image.height, palette: palette.flat(), indices: btoa(text)};
}"""


def with_palette(page: Page, png: bytes, most: int = 64) -> bytes:
    """With `most` colours (256 at most); `page` only lends its canvas."""
    found = page.evaluate(QUANTISE, {"png": base64.b64encode(png).decode(), "most": most})
    width, height = found["width"], found["height"]
    indices = base64.b64decode(found["indices"])
    lines = b"".join(b"\0" + indices[at : at + width] for at in range(0, width * height, width))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", bytes(found["palette"])),
            chunk(b"IDAT", zlib.compress(lines, 9)),
            chunk(b"IEND", b""),
        ]
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
