/* Which files are images, by name. */
#include "image/image.h"

#include <string.h>

/* Lower case, without the point. Unsupported extensions are listed too, because such files must not
 * be ignored silently. */
static const char *const read_endings[] = {"jpg", "jpeg", "jpe",  "jif",  "jfif", "png",
                                           "bmp", "webp", "heic", "heif", "hif",  "avif"};
static const char *const other_endings[] = {
    "tif", "tiff", "gif", "jxl", "jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm", "tga",
    "psd", "exr",  "hdr", "ico", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf"};

static int is_ending(const char *text, const char *ending)
{
    for (; *ending != '\0'; ++text, ++ending)
        if ((*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text) != *ending) return 0;
    return *text == '\0';
}

clile_i_image_kind clile_i_image_kind_of_name(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path,
               *point = strrchr(name, '.');
    if (point == NULL || name[0] == '.') return CLILE_I_IMAGE_NONE;
    for (size_t k = 0; k < sizeof read_endings / sizeof *read_endings; ++k)
        if (is_ending(point + 1, read_endings[k])) return CLILE_I_IMAGE_READ;
    for (size_t k = 0; k < sizeof other_endings / sizeof *other_endings; ++k)
        if (is_ending(point + 1, other_endings[k])) return CLILE_I_IMAGE_OTHER;
    return CLILE_I_IMAGE_NONE;
}
