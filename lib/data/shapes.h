/* shapes.c and looks.c: how the training subjects differ at rest. */
#ifndef CLILE_I_DATA_SHAPES_H
#define CLILE_I_DATA_SHAPES_H

#include "data/data.h"
#include "layout/table.h"

enum {
    CLILE_I_SHAPE_POINTS = CLILE_I_LANDMARKS / 2,
    CLILE_I_SHAPE_NODES = CLILE_I_FIELD_SIDE * CLILE_I_FIELD_SIDE,
    CLILE_I_LOOK_SIDE = 64, /* pixels */
    CLILE_I_LOOK_SIZE = 4 * CLILE_I_LOOK_SIDE * CLILE_I_LOOK_SIDE,
};

struct clile_i_shapes {
    int32_t people;                /* with landmarks */
    int32_t *person;               /* [subjects] their place among these; -1: no landmarks */
    int32_t *subject;              /* [people] and back */
    float mean[CLILE_I_LANDMARKS]; /* over people */
    float *shape;                  /* [people,68,2] at rest, less the mean over people */
    float *basis;                  /* [68,nodes] what landmark k moves each node by */
    float *look; /* [people,3,side,side] at rest, in the mean shape; NULL: not known */
};

/* The field that moves the mean landmarks by `move` [68,2]. */
void clile_i_shapes_spread(const clile_i_shapes *shapes, const float *move, clile_i_field *out);

#endif
