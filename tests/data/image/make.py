"""Makes the images of this folder (Pillow 9.4; run once, the files are kept). Pixel (x, y) of the 24 x 16 picture is
(10 x, 15 y, 5 (x + y)); the 16-bit one has 257 times that; the grey one 10 x."""
import struct
import zlib

from PIL import Image

W, H = 24, 16
picture = Image.new("RGB", (W, H))
picture.putdata([(10 * x, 15 * y, 5 * (x + y)) for y in range(H) for x in range(W)])
grey = Image.new("L", (W, H))
grey.putdata([10 * x for y in range(H) for x in range(W)])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, w, h, depth, colour, raw):
    header = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


picture.save("rgb.png")
picture.save("rgb.bmp")
picture.convert("RGBA").save("rgba.png")
grey.save("grey.png")
picture.quantize(64).save("palette.png")
picture.resize((96, 64)).save("baseline.jpg", quality=95)
picture.resize((96, 64)).save("progressive.jpg", quality=95, progressive=True)
grey.resize((96, 64)).save("grey.jpg", quality=95)
Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save("cmyk.jpg", quality=95)  # pure red
Image.new("RGB", (1, 1), (1, 2, 3)).save("one.png")
rows = b"".join(b"\0" + b"".join(struct.pack(">HHH", 2570 * x, 3855 * y, 1285 * (x + y)) for x in range(W)) for y in range(H))
png("rgb16.png", W, H, 16, 2, rows)
png("huge.png", 30000, 30000, 8, 2, b"")  # a header of 2.5 GB of pixels and no data
