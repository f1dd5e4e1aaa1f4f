/* Software renderer for a triangulated head model: visibility buffer with
 * supersampling, shadow maps, screen-space ambient occlusion, bump-mapped
 * wrinkles and a small skin/eye/teeth/hair shading model.
 *
 * All vectors are in a right-handed camera space with +z towards the viewer;
 * the camera sits at z = cam_dist and looks along -z.  Colours are linear. */
#ifndef PHOTO_RENDER_H
#define PHOTO_RENDER_H

#define MAX_LIGHTS 3
#define MAX_WRINKLES 24

enum { M_FACE, M_HEAD, M_SOCKET, M_EYESOCKET, M_GUMS, M_TEETH, M_EYE, M_LASH, M_HAIR };

typedef struct {
    /* output image; on entry rgb holds the background */
    int w, h, ss;
    float *rgb;   /* w*h*3 */
    float *alpha; /* w*h coverage, may be NULL */
    /* mesh */
    int nv, nt;
    const float *pos;    /* nv*3, already posed in camera space */
    const float *vshade; /* nv, multiplies the light (mouth depth) */
    const int *tri;      /* nt*3 */
    const float *tri_uv; /* nt*6 */
    const int *mat;      /* nt */
    /* camera */
    float cam_dist, focal, cx, cy; /* focal, cx, cy in output pixels */
    /* textures: tile 0 = face, tile 1 = head; RGB albedo + gloss */
    int tex_n;
    const float *tex0, *tex1; /* tex_n*tex_n*4 */
    const float *hair_mask0;  /* tex_n*tex_n: 1 = hair-like (no skin scattering) */
    const float *hair_mask1;
    /* bump: base + sum of wrinkle maps, separate weights per face side */
    const float *bump_base; /* tex_n*tex_n */
    int nwrinkle;
    const float *wrinkle;                             /* nwrinkle*tex_n*tex_n */
    int wr_row0[MAX_WRINKLES], wr_row1[MAX_WRINKLES]; /* texture rows a map touches */
    float wr_left[MAX_WRINKLES], wr_right[MAX_WRINKLES];
    /* light */
    float sh[27]; /* irradiance SH, [coef*3 + channel] */
    int nlights;
    float light_dir[MAX_LIGHTS * 3];
    float light_rgb[MAX_LIGHTS * 3];
    float light_shadow[MAX_LIGHTS]; /* 0 = no shadow .. 1 = full */
    float ao_strength;
    /* materials */
    float gloss; /* skin specular strength */
    float sss;   /* 0..1 softness of the red channel */
    float iris_rgb[3], iris_rgb2[3], sclera_rgb[3], tooth_rgb[3], gum_rgb[3], hair_rgb[3],
        lash_rgb[3];
    float iris_radius, pupil_radius, lash_density;
    unsigned seed;
} Scene;

/* Draws the scene into s->rgb.  Returns 0, or -1 when memory runs out. */
int ict_render(const Scene *s);

/* Rasterises vertex attributes (nc floats each) into UV space for one tile:
 * out is n*n*nc, valid is n*n (1 where written). */
void ict_bake(int nt, const int *tri, const float *tri_uv, const int *mat, int tile,
              const float *attr, int nc, int n, float *out, unsigned char *valid);

#endif
