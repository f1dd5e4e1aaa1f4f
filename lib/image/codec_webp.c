/* The codec "webp": libwebp. A module of its own; libclile contains none of it. */
#include "image/module.h"

#include <webp/decode.h>

#include <stdio.h>

/* Writes the message and returns the status. */
static clile_status fail(VP8StatusCode code, char *message, size_t size)
{
    const char *text = "it cannot be decoded";
    clile_status status = CLILE_E_CORRUPT;
    if (code == VP8_STATUS_NOT_ENOUGH_DATA) text = "it ends before its last pixel";
    if (code == VP8_STATUS_OUT_OF_MEMORY) status = CLILE_E_OUT_OF_MEMORY;
    if (code == VP8_STATUS_UNSUPPORTED_FEATURE) {
        status = CLILE_E_UNSUPPORTED;
        text = "it uses something that libwebp does not know";
    }
    snprintf(message, size, "%s", text);
    return status;
}

static clile_status measure(const uint8_t *bytes, size_t size, int32_t *h, int32_t *w,
                            int32_t *orientation, char *message, size_t message_size)
{
    (void)orientation; /* of a chunk, which the library finds */
    WebPBitstreamFeatures features;
    const VP8StatusCode code = WebPGetFeatures(bytes, size, &features);
    if (code != VP8_STATUS_OK) return fail(code, message, message_size);
    if (features.has_animation) {
        snprintf(message, message_size, "it is an animation, expected a still picture");
        return CLILE_E_UNSUPPORTED;
    }
    *h = features.height;
    *w = features.width;
    return CLILE_OK;
}

static clile_status decode(const uint8_t *bytes, size_t size, int64_t max_pixels, int32_t h,
                           int32_t w, uint8_t *rgb, char *message, size_t message_size)
{
    WebPDecoderConfig config;
    (void)max_pixels;
    if (!WebPInitDecoderConfig(&config)) return fail(VP8_STATUS_USER_ABORT, message, message_size);
    config.output.colorspace = MODE_RGB; /* drops alpha */
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = rgb;
    config.output.u.RGBA.stride = 3 * w;
    config.output.u.RGBA.size = 3 * (size_t)w * (size_t)h;
    const VP8StatusCode code = WebPDecode(bytes, size, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? CLILE_OK : fail(code, message, message_size);
}

__attribute__((visibility("default"))) const clile_i_codec_module *clile_codec_module(void);
const clile_i_codec_module *clile_codec_module(void)
{
    static const clile_i_codec_module table = {
        sizeof table, CLILE_I_CODEC_INTERFACE, CLILE_RELEASE, "webp", measure, decode};
    return &table;
}
