#include "token_count.h"

#include "token_statistics.h"

#include <algorithm>

bool TokenCount::takes(int32_t previous, int32_t token) {
    if (mark.needs_previous() && previous < 0) return false;
    if (!seen.insert({mark.needs_previous() ? previous : -1, token}).second) return false;
    is_green.push_back(mark.is_green(mark.seed(previous), token));
    return true;
}

size_t TokenCount::n_green() const {
    return size_t(std::count(is_green.begin(), is_green.end(), true));
}

double TokenCount::z() const { return green_z(n_green(), n_scored(), mark.gamma); }

double TokenCount::z_ewd() const {
    return weighted_z(entropy_weights(entropies), is_green, mark.gamma);
}
