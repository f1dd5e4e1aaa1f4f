/* EXIF orientation: which way up a photograph was stored (exif.c), and turning it upright
 * (orient.c). */
#ifndef CLILE_I_EXIF_H
#define CLILE_I_EXIF_H

#include "image/image.h"

/* 1..8 as EXIF numbers them; 1, upright, also if there is no orientation or the data are
 * damaged. `bytes`: a JPEG's APP1 segment or a PNG's eXIf chunk, with or without "Exif\0\0"
 * before the TIFF header. Reads nothing beyond them. */
int32_t clile_i_exif_orientation(const uint8_t *bytes, size_t size);

/* Turns an image stored in this orientation upright; 5..8 exchange h and w, 1 does nothing.
 * OUT_OF_MEMORY leaves it untouched. */
clile_status clile_i_image_orient(clile_i_image *image, int32_t orientation);

#endif
