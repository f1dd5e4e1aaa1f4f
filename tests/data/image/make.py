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

# ---- WebP, and HEIF by heif-enc of libheif 1.15 (Debian: libheif-examples) ----

import os  # noqa: E402
import subprocess  # noqa: E402

sideways = Image.Exif()
sideways[0x0112] = 6
stored = picture.transpose(Image.ROTATE_90)  # upright by that orientation
picture.save("lossless.webp", lossless=True)
picture.convert("RGBA").resize((96, 64)).save("lossy.webp", quality=95)
stored.save("turned.webp", lossless=True, exif=sideways)
picture.save("animation.webp", lossless=True, save_all=True, append_images=[stored.resize((W, H))])


def heif(name, source, *more):
    subprocess.run(["heif-enc", "-L", "-p", "chroma=444", "--matrix_coefficients=0", *more, "-o", name, source], check=True, stdout=subprocess.DEVNULL)


def box(data, name, at=0):
    """Where the box of this name begins at or after `at`, and its size."""
    at = data.index(name, at) - 4
    return at, struct.unpack(">I", data[at:at + 4])[0]


def with_property(data, added):
    """The file with one more property of each item; data of items are named by their place in the file (iloc, version 0, 4-byte numbers)."""
    data = bytearray(data)
    place, size = box(data, b"ipma")
    entry, entries = place + 16, struct.unpack(">I", data[place + 12:place + 16])[0]
    ipco = box(data, b"ipco")
    count, at = 0, ipco[0] + 8
    while at < sum(ipco):
        at, count = at + struct.unpack(">I", data[at:at + 4])[0], count + 1
    grown = 0
    for _ in range(entries):
        end = entry + 3 + data[entry + 2]
        data[entry + 2] += 1
        data[end:end] = bytes([0x80 | (count + 1)])
        entry, grown = end + 1, grown + 1
    data[sum(ipco):sum(ipco)] = added
    for name, more in ((b"ipma", grown), (b"ipco", len(added)), (b"iprp", grown + len(added)), (b"meta", grown + len(added))):
        at, size = box(data, name)
        data[at:at + 4] = struct.pack(">I", size + more)
    at = box(data, b"iloc")[0]
    assert data[at + 8] == 0 and data[at + 12:at + 14] == b"\x44\x40", data[at:at + 20].hex()
    items, at = struct.unpack(">H", data[at + 14:at + 16])[0], at + 16
    for _ in range(items):
        extents, at = struct.unpack(">H", data[at + 8:at + 10])[0], at + 10
        for _ in range(extents):
            data[at:at + 4] = struct.pack(">I", struct.unpack(">I", data[at:at + 4])[0] + grown + len(added))
            at += 8
    return bytes(data)


heif("lossless.heic", "rgb.png")
heif("lossless.avif", "rgb.png", "-A")
picture.resize((96, 64)).transpose(Image.ROTATE_90).save("sideways.jpg", quality=95, exif=sideways)
heif("exif.heic", "sideways.jpg")  # turned by its EXIF data alone
with open("exif.heic", "rb") as file:
    whole = file.read()
with open("turned.heic", "wb") as file:  # by its irot (three quarters against the clock), with the EXIF data as phones have it
    file.write(with_property(whole, b"\0\0\0\x09irot\3"))
with open("mirrored.heic", "wb") as file:  # by its imir about a vertical axis; EXIF does not count
    file.write(with_property(whole, b"\0\0\0\x09imir\1"))
os.remove("sideways.jpg")
with open("lossless.heic", "rb") as file:
    whole = file.read()
with open("huge.heic", "wb") as file:  # a header of 900 million pixels
    file.write(whole.replace(struct.pack(">II", W, H), struct.pack(">II", 30000, 30000)))
