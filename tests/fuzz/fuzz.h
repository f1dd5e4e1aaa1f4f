/* Shared by the fuzz targets. A target is one file, fuzz_NAME.c, that passes arbitrary bytes to
 * one parser. README.md says how to run targets and add new ones. */
#ifndef CLILE_FUZZ_H
#define CLILE_FUZZ_H

#include "base/base.h"

/* The entry point that libFuzzer calls; replay.c calls it for each file of a folder. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts with the text when a promise of the library is broken. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) fuzz_broken(#condition, __FILE__, __LINE__);                             \
    } while (0)
void fuzz_broken(const char *condition, const char *file, int line);

/* 1 when the call succeeded. Otherwise the status must be one that a file can cause, and there
 * must be a message. */
int fuzz_ok(clile_status status);
/* The same, and `out`, what the call handed out, must be there or not accordingly. */
#define FUZZ_MADE(call, out) (fuzz_called(call), fuzz_made(out))
void fuzz_called(clile_status status);
int fuzz_made(const void *out);

/* Writes a file of this name ("labels/SN001_au1.txt": folders are made) into a folder of this
 * process, which is removed at exit. Its path, valid until the next call. */
const char *fuzz_file(const char *name, const void *data, size_t size);
const char *fuzz_folder(void);
/* A PNG of 4 x 4 grey pixels. */
void fuzz_picture(const char *name);

/* Several files in one input are separated by lines "%%". Takes the next one from *data; 0 when
 * there is none. */
typedef struct {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;
int fuzz_next_part(fuzz_bytes *rest, fuzz_bytes *part);

/* As fuzz_file. A safetensors header without any data after it gets the data that its offsets
 * ask for (at most 4 MiB, every byte 0x3c, so that float32 values are finite): the corpus holds
 * headers only and stays small. */
const char *fuzz_safetensors(const char *name, const uint8_t *data, size_t size);

#endif
