// predict MODEL IMAGE [NUMBERS]: reads the action units of one face, in half a page of C++17. The
// numbers, in pixels, say where the face is: x y w h of its box, or x0 y0 x1 y1 ... of 5 or 68
// landmarks. Without them, the image must be a crop of the face.
#include <clile/clile.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 7 && argc != 13 && argc != 139) {
        std::fprintf(
            stderr,
            "usage: predict MODEL IMAGE [X Y W H | X0 Y0 X1 Y1 ... of 5 or 68 landmarks]\n");
        return 2;
    }
    std::vector<float> at;
    for (int k = 3; k < argc; ++k) at.push_back(std::strtof(argv[k], nullptr));
    try {
        const auto model = clile::Model::load(argv[1]);
        const auto image = clile::Image::read(argv[2]);
        const auto face = at.empty() ? clile::Face::crop(image.view())
                          : at.size() == 4
                              ? clile::Face::box(image.view(), at[0], at[1], at[2], at[3])
                              : clile::Face::points(image.view(), at);
        clile::Predictor predictor(model);
        if (const char *misfit = predictor.misfit(face.get().kind))
            std::fprintf(stderr, "warning: %s\n", misfit);
        const auto answer = predictor.run(face);
        const auto au_ids = model.au_ids();
        for (std::size_t c = 0; c < au_ids.size(); ++c)
            std::printf("AU%-3d %.9g%s\n", static_cast<int>(au_ids[c]),
                        static_cast<double>(answer.probability[c]),
                        answer.present[c] ? "  present" : "");
    } catch (const clile::Error &error) {
        std::fprintf(stderr, "%s: %s\n", error.name(), error.what());
        return 1;
    }
}
