/* The decoder "ffmpeg": libavformat, libavcodec and libswscale; cameras by libavdevice. A module of
 * its own; libclile contains none of it. */
#include "video/module.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#ifdef CLILE_CAMERA
#include <libavdevice/avdevice.h>
#endif

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DAMAGED_IN_A_ROW = 10000, CLASSIC_HEIGHT = 576 };

typedef struct {
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    struct SwsContext *scaler;
    AVPacket *packet;
    AVFrame *frame;
    AVStream *stream;
    int64_t max_pixels, given, damaged, packets;
    int32_t camera, at_end, ended; /* ended: and the caller knows */
    double first, last;            /* seconds */
    double reached;                /* seconds, by the packets of all streams */
    uint8_t *scaled, *turned;
    size_t scaled_size, turned_size;
    char *message;
    size_t message_size;
} decoder;

/* Sets the message and returns the status. */
#define fail(d, status, ...)                                                                       \
    (snprintf((d)->message, (d)->message_size, __VA_ARGS__) < 0 ? CLILE_E_INTERNAL : (status))

static clile_status fail_code(decoder *d, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    clile_status status = CLILE_E_IO;
    av_strerror(code, text, sizeof text);
    if (code == AVERROR(ENOMEM)) status = CLILE_E_OUT_OF_MEMORY;
    if (code == AVERROR_INVALIDDATA) status = CLILE_E_FORMAT;
    if (code == AVERROR_DECODER_NOT_FOUND || code == AVERROR_PATCHWELCOME ||
        code == AVERROR(ENOSYS))
        status = CLILE_E_UNSUPPORTED;
    return fail(d, status, "%s: %s", what, text);
}

/* Formats that name other files. */
static int is_list(const char *kind)
{
    static const char *const lists[] = {"hls", "concat", "dash",
                                        "imf", "sdp",    "webm_dash_manifest"};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; ++k)
        if (av_match_name(lists[k], kind)) return 1;
    return 0;
}

/* A file may still refer to others; do not open any. */
static int refuse(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                  AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

static clile_status open_bytes(decoder *d, const char *path)
{
    const int is_pipe = strcmp(path, "-") == 0;
    AVDictionary *options = NULL;
    char *url = av_asprintf(is_pipe ? "pipe:0" : "file:%s", path);
    d->format = avformat_alloc_context();
    if (url == NULL || d->format == NULL) {
        av_free(url);
        return fail(d, CLILE_E_OUT_OF_MEMORY, "no memory");
    }
    av_dict_set(&options, "protocol_whitelist", is_pipe ? "pipe" : "file", 0);
    int code = avio_open2(&d->io, url, AVIO_FLAG_READ, NULL, &options);
    av_dict_free(&options);
    av_free(url);
    if (code < 0) return fail_code(d, "cannot be opened", code);
    d->format->pb = d->io;
    d->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    d->format->io_open = refuse;
    const AVInputFormat *kind = NULL;
    code = av_probe_input_buffer2(d->io, &kind, "", NULL, 0, 0);
    if (code >= 0 && is_list(kind->name))
        return fail(d, CLILE_E_FORMAT, "a list of other files (%s), expected a video", kind->name);
    if (code >= 0) code = avformat_open_input(&d->format, NULL, kind, NULL);
    if (code == AVERROR_EOF || code == AVERROR(EPERM)) code = AVERROR_INVALIDDATA;
    return code < 0 ? fail_code(d, "not a video that FFmpeg can read", code) : CLILE_OK;
}

static clile_status open_camera(decoder *d, const char *path)
{
#ifdef CLILE_CAMERA
    avdevice_register_all();
    const AVInputFormat *input = av_find_input_format("video4linux2");
    if (input == NULL)
        return fail(d, CLILE_E_UNSUPPORTED, "this FFmpeg does not support cameras (Video4Linux)");
    int code = avformat_open_input(&d->format, path, input, NULL);
    if (code == AVERROR(ENOTTY) || code == AVERROR(EINVAL)) code = AVERROR(ENODEV);
    return code < 0 ? fail_code(d, "no camera", code) : CLILE_OK;
#else
    (void)path;
    return fail(d, CLILE_E_UNSUPPORTED,
                "this module was built without support for cameras (Debian: libavdevice-dev)");
#endif
}

static clile_status open_stream(decoder *d, int32_t threads)
{
    const AVCodec *codec = NULL;
    int code = avformat_find_stream_info(d->format, NULL);
    if (code < 0) return fail_code(d, "damaged at the beginning", code);
    const int index = av_find_best_stream(d->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index == AVERROR_DECODER_NOT_FOUND)
        return fail(d, CLILE_E_UNSUPPORTED, "FFmpeg has no decoder for this video");
    if (index < 0 || (d->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        return fail(d, CLILE_E_FORMAT, "no video stream: found %u other streams",
                    d->format->nb_streams);
    d->stream = d->format->streams[index];
    d->codec = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (d->codec == NULL || d->packet == NULL || d->frame == NULL)
        return fail(d, CLILE_E_OUT_OF_MEMORY, "no memory");
    if ((code = avcodec_parameters_to_context(d->codec, d->stream->codecpar)) < 0)
        return fail_code(d, "cannot be decoded", code);
    if ((int64_t)d->codec->width * d->codec->height > d->max_pixels)
        return fail(d, CLILE_E_INVALID_ARGUMENT, "frames of %d x %d pixels, max_pixels is %lld",
                    d->codec->width, d->codec->height, (long long)d->max_pixels);
    d->codec->thread_count = threads;
    if (d->camera)
        d->codec->thread_type = FF_THREAD_SLICE; /* so that no frame waits for the next */
    d->codec->pkt_timebase = d->stream->time_base;
    code = avcodec_open2(d->codec, codec, NULL);
    return code < 0 ? fail_code(d, "cannot be decoded", code) : CLILE_OK;
}

static void close_decoder(void *state)
{
    decoder *d = state;
    sws_freeContext(d->scaler);
    av_frame_free(&d->frame);
    av_packet_free(&d->packet);
    avcodec_free_context(&d->codec);
    avformat_close_input(&d->format);
    avio_closep(&d->io);
    free(d->scaled);
    free(d->turned);
    free(d);
}

static clile_status open_decoder(int32_t camera, const char *path, int32_t threads,
                                 int64_t max_pixels, void **state, char *message, size_t size)
{
    decoder *d = calloc(1, sizeof *d);
    if (d == NULL) {
        snprintf(message, size, "no memory");
        return CLILE_E_OUT_OF_MEMORY;
    }
    d->message = message;
    d->message_size = size;
    d->camera = camera;
    d->max_pixels = max_pixels;
    /* FFmpeg prints by default, the library never does; keep a level that the program chose */
    if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
    clile_status status = camera ? open_camera(d, path) : open_bytes(d, path);
    if (status == CLILE_OK) status = open_stream(d, threads);
    if (status == CLILE_OK)
        *state = d;
    else
        close_decoder(d);
    return status;
}

/* ---- one frame: its time, its pixels ---- */

static double time_of(decoder *d)
{
    const AVRational rate = av_guess_frame_rate(d->format, d->stream, d->frame);
    double time = d->last + (rate.num > 0 && rate.den > 0 ? av_q2d(av_inv_q(rate)) : 0.04);
    if (d->given == 0) time = 0.0;
    if (d->frame->best_effort_timestamp != AV_NOPTS_VALUE)
        time = (double)d->frame->best_effort_timestamp * av_q2d(d->stream->time_base);
    if (d->given == 0) d->first = time;
    d->last = time;
    return d->camera ? time - d->first : time;
}

static clile_status make_room(decoder *d, uint8_t **bytes, size_t *size, size_t needed)
{
    if (needed <= *size) return CLILE_OK;
    free(*bytes);
    *size = 0;
    if ((*bytes = malloc(needed)) == NULL)
        return fail(d, CLILE_E_OUT_OF_MEMORY, "out of memory for a frame");
    *size = needed;
    return CLILE_OK;
}

static clile_status scale(decoder *d, int32_t w, int32_t h)
{
    const AVFrame *f = d->frame;
    uint8_t *const planes[4] = {d->scaled};
    const int strides[4] = {3 * w};
    d->scaler = sws_getCachedContext(
        d->scaler, f->width, f->height, (enum AVPixelFormat)f->format, w, h, AV_PIX_FMT_RGB24,
        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (d->scaler == NULL)
        return fail(d, CLILE_E_UNSUPPORTED, "unknown pixel format (%d)", f->format);
    int space = (int)f->colorspace;
    if (space == AVCOL_SPC_UNSPECIFIED)
        space = f->height > CLASSIC_HEIGHT ? SWS_CS_ITU709 : SWS_CS_ITU601;
    sws_setColorspaceDetails(d->scaler, sws_getCoefficients(space),
                             f->color_range == AVCOL_RANGE_JPEG,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    sws_scale(d->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes,
              strides);
    return CLILE_OK;
}

/* The stream's or frame's rotation: out x = a x + c y, out y = b x + d y; NULL: none. */
static const int32_t *matrix_of(const decoder *d)
{
    const AVFrameSideData *of_frame = av_frame_get_side_data(d->frame, AV_FRAME_DATA_DISPLAYMATRIX);
    if (of_frame != NULL && of_frame->size >= 9 * sizeof(int32_t))
        return (const int32_t *)(const void *)of_frame->data;
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    const AVCodecParameters *p = d->stream->codecpar;
    const AVPacketSideData *side = av_packet_side_data_get(
        p->coded_side_data, p->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    const uint8_t *data = side != NULL && side->size >= 9 * sizeof(int32_t) ? side->data : NULL;
#else
    size_t size = 0;
    const uint8_t *data = av_stream_get_side_data(d->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (size < 9 * sizeof(int32_t)) data = NULL;
#endif
    return (const int32_t *)(const void *)data;
}

static clile_status turn(decoder *d, const int32_t *m, clile_i_video_picture *p)
{
    const double a = fabs((double)m[0]), b = fabs((double)m[1]), c = fabs((double)m[3]),
                 e = fabs((double)m[4]);
    const int swap = b + c > a + e;
    const double on = swap ? fmin(b, c) : fmin(a, e), off = swap ? fmax(a, e) : fmax(b, c);
    if (!(on > 0.0) || off > 0.01 * on)
        return fail(d, CLILE_E_UNSUPPORTED, "rotated by %.0f degrees, expected a multiple of 90",
                    av_display_rotation_get(m));
    const int32_t w = swap ? p->h : p->w, h = swap ? p->w : p->h;
    const int flip_x = (swap ? m[3] : m[0]) < 0, flip_y = (swap ? m[1] : m[4]) < 0;
    if (!swap && !flip_x && !flip_y) return CLILE_OK;
    const clile_status status =
        make_room(d, &d->turned, &d->turned_size, 3 * (size_t)w * (size_t)h);
    if (status != CLILE_OK) return status;
    for (int32_t y = 0; y < h; ++y)
        for (int32_t x = 0; x < w; ++x) {
            const int32_t u = flip_x ? w - 1 - x : x, v = flip_y ? h - 1 - y : y;
            const uint8_t *from = swap ? p->rgb + u * p->row_stride + 3 * (int64_t)v
                                       : p->rgb + v * p->row_stride + 3 * (int64_t)u;
            memcpy(d->turned + 3 * ((size_t)y * (size_t)w + (size_t)x), from, 3);
        }
    *p = (clile_i_video_picture){h, w, 3 * (int64_t)w, d->turned, p->time, p->damaged};
    return CLILE_OK;
}

static clile_status give(decoder *d, clile_i_video_picture *p)
{
    const AVRational shape = av_guess_sample_aspect_ratio(d->format, d->stream, d->frame);
    const int32_t h = d->frame->height;
    const double wide = d->frame->width * (shape.num > 0 && shape.den > 0 ? av_q2d(shape) : 1.0);
    if (!(wide <= 65535.0) || wide * h > (double)d->max_pixels)
        return fail(d, CLILE_E_INVALID_ARGUMENT, "frame %lld: %.0f x %d pixels, max_pixels is %lld",
                    (long long)d->given, wide, (int)h, (long long)d->max_pixels);
    const int32_t w = (int32_t)fmax(floor(wide + 0.5), 1.0);
    clile_status status = make_room(d, &d->scaled, &d->scaled_size, 3 * (size_t)w * (size_t)h + 64);
    if (status == CLILE_OK) status = scale(d, w, h);
    if (status != CLILE_OK) return status;
    *p = (clile_i_video_picture){h, w, 3 * (int64_t)w, d->scaled, time_of(d), d->damaged};
    const int32_t *matrix = matrix_of(d);
    if (matrix != NULL) status = turn(d, matrix, p);
    ++d->given;
    return status;
}

/* ---- the next frame ---- */

/* How far the file got. */
static void note_packet(decoder *d)
{
    const AVPacket *p = d->packet;
    const AVStream *stream = d->format->streams[p->stream_index];
    const int64_t start = d->format->start_time != AV_NOPTS_VALUE ? d->format->start_time : 0;
    const int64_t at = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;
    if (at != AV_NOPTS_VALUE)
        d->reached = fmax(d->reached, (double)at * av_q2d(stream->time_base) +
                                          (double)p->duration * av_q2d(stream->time_base) -
                                          (double)start / AV_TIME_BASE);
    d->packets += stream == d->stream;
}

/* Sends the codec a packet, or the end. */
static clile_status feed(decoder *d)
{
    const int code = av_read_frame(d->format, d->packet);
    if (code == AVERROR_EOF || (code < 0 && d->io != NULL && avio_feof(d->io) && !d->io->error)) {
        if (d->io != NULL && d->io->error < 0 && d->io->error != AVERROR_EOF)
            return fail_code(d, "reading failed", d->io->error);
        d->at_end = 1;
        d->damaged += code == AVERROR_INVALIDDATA;
        avcodec_send_packet(d->codec, NULL);
        return CLILE_OK;
    }
    if (code == AVERROR(ENODEV) && d->camera)
        return fail(d, CLILE_E_IO, "the camera was unplugged");
    if (code == AVERROR_INVALIDDATA || code == AVERROR(EAGAIN)) {
        d->damaged += code == AVERROR_INVALIDDATA;
        return CLILE_OK;
    }
    if (code < 0) return fail_code(d, "reading failed", code);
    note_packet(d);
    if (d->packet->stream_index == d->stream->index) {
        const int sent = avcodec_send_packet(d->codec, d->packet);
        if (sent == AVERROR(ENOMEM)) {
            av_packet_unref(d->packet);
            return fail_code(d, "cannot be decoded", sent);
        }
        d->damaged += sent < 0;
    }
    av_packet_unref(d->packet);
    return CLILE_OK;
}

/* The end of the file, which may be before the end of the film: frames and time lack. Headers are
 * not exact, and an estimate from the file's size or its end says nothing. */
static clile_status end(decoder *d, clile_i_video_picture *picture)
{
    const int64_t frames = d->stream->nb_frames; /* 0: not said */
    const int is_known = d->format->duration > 0 &&
                         d->format->duration_estimation_method == AVFMT_DURATION_FROM_STREAM;
    const double of_file = is_known ? (double)d->format->duration / AV_TIME_BASE : 0.0,
                 rate = av_q2d(d->stream->avg_frame_rate),
                 seconds = frames > 0 && rate > 0.0 ? (double)frames / rate : of_file;
    picture->damaged = d->damaged;
    if (d->given == 0)
        return d->damaged > 0 ? fail(d, CLILE_E_CORRUPT, "no frame can be decoded")
                              : fail(d, CLILE_E_FORMAT, "it has no frames");
    if (d->camera || d->ended) return CLILE_OK;
    d->ended = 1;
    if (seconds <= d->reached + 0.02 * seconds + 0.5 ||
        (frames > 0 && frames <= d->packets + frames / 50 + 2))
        return CLILE_OK;
    return fail(d, CLILE_E_CORRUPT, "it ends early: after %.2f seconds, its header says %.2f",
                d->reached, seconds);
}

static clile_status next(void *state, clile_i_video_picture *picture, int32_t *more, char *message,
                         size_t size)
{
    decoder *d = state;
    d->message = message;
    d->message_size = size;
    const int64_t before = d->damaged;
    *more = 0;
    while (d->damaged - before <= MOST_DAMAGED_IN_A_ROW) {
        const int code = avcodec_receive_frame(d->codec, d->frame);
        if (code == AVERROR(ENOMEM)) return fail_code(d, "cannot be decoded", code);
        if (code == 0 && d->frame->decode_error_flags == 0 &&
            !(d->frame->flags & AV_FRAME_FLAG_CORRUPT)) {
            *more = 1;
            return give(d, picture);
        }
        if (code == AVERROR_EOF) return end(d, picture);
        if (code != AVERROR(EAGAIN)) {
            ++d->damaged;
            continue;
        }
        const clile_status status = feed(d);
        if (status != CLILE_OK) return status;
    }
    return fail(d, CLILE_E_CORRUPT, "%d damaged packets in a row", (int)MOST_DAMAGED_IN_A_ROW);
}

__attribute__((visibility("default"))) const clile_i_video_module *clile_video_module(void);
const clile_i_video_module *clile_video_module(void)
{
    static const clile_i_video_module table = {
        sizeof table, CLILE_I_VIDEO_INTERFACE, CLILE_RELEASE, "ffmpeg", open_decoder, next,
        close_decoder};
    return &table;
}
