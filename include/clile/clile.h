/* clile/clile.h: all of libclile. */
#ifndef CLILE_H
#define CLILE_H

#include <clile/au.h>
#include <clile/dataset.h>
#include <clile/evaluate.h>
#include <clile/faces.h>
#include <clile/finder.h>
#include <clile/image.h>
#include <clile/inspect.h>
#include <clile/losses.h>
#include <clile/metrics.h>
#include <clile/model.h>
#include <clile/options.h>
#include <clile/predictor.h>
#include <clile/reader.h>
#include <clile/status.h>
#include <clile/synth.h>
#include <clile/trainer.h>

#endif
