/* What the files of `clile synth` share. */
#ifndef CLILE_COMMAND_SYNTH_H
#define CLILE_COMMAND_SYNTH_H

#include "command.h"

/* synth_sheet.c: a PNG with a row for each AU; neutral, half and full intensity of each of
 * SHEET_SUBJECTS subjects. EXIT_FAILED with a message. */
enum { SHEET_SUBJECTS = 3 };
int write_sheet(const char *path, uint64_t seed, int32_t size);

#endif
