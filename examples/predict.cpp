// predict MODEL IMAGE: the action units of one image, taken as a crop of a face, in half a page of C++17.
#include <clile/clile.hpp>

#include <cstdio>

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: predict MODEL IMAGE\n");
        return 2;
    }
    try {
        const auto model = clile::Model::load(argv[1]);
        clile::Predictor predictor(model);
        const auto answer = predictor.run(clile::Face::crop(clile::Image::read(argv[2]).view()));
        const auto au_ids = model.au_ids();
        for (std::size_t c = 0; c < au_ids.size(); ++c)
            std::printf("AU%-3d %.3f%s\n", static_cast<int>(au_ids[c]), static_cast<double>(answer.probability[c]),
                        answer.present[c] ? "  present" : "");
    } catch (const clile::Error &error) {
        std::fprintf(stderr, "%s: %s\n", error.name(), error.what());
        return 1;
    }
}
