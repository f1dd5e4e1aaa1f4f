// The header in a second unit of the same program; tests/cpp/run.sh also compiles it without
// exceptions.
#include <clile/clile.hpp>

int second_unit(const clile::Model &model);
int second_unit(const clile::Model &model)
{
    clile::Status status;
    const auto none = clile::Model::load("no-such-file", &status);
    return none || status.ok() ? -1 : static_cast<int>(model.au_count());
}
