/* The best k of n numbers: the portable steps, and the pass that all instruction sets share. */

#include "topk.h"

/* Cuts the buffer to its best entries, at least k and at most `most` of them, in their order. Raises
 * floor to what the entries that are left have above them, or to the k-th key where more are equal. */
static size_t cut(const ck_topk_steps *steps, int32_t *keys, uint32_t *indices, size_t count,
                  size_t k, size_t most, int32_t *floor) {
    /* More than `most` keys are above low, fewer than k above high. */
    int64_t low = *floor, high = steps->largest(keys, count);
    size_t winners = 0;
    while (high - low > 1) {
        const int32_t middle = (int32_t)(low + (high - low) / 2);
        const size_t above = steps->above(keys, count, middle);
        if (above < k) {
            high = middle;
            winners = above;
        } else if (above > most) {
            low = middle;
        } else {
            *floor = middle;
            return steps->keep(keys, indices, 0, 0, count, middle);
        }
    }
    /* high is the k-th key: of those equal to it the first ones stay. */
    *floor = (int32_t)high;
    size_t ties = k - winners, end = 0;
    while (ties > 0) {
        ties -= keys[end++] == high;
    }
    const size_t kept = steps->keep(keys, indices, 0, 0, end, (int32_t)(high - 1));
    return steps->keep(keys, indices, kept, end, count, (int32_t)high);
}

uint32_t ck_topk_run(const ck_topk_steps *steps, const float *z, size_t n, size_t k, int absolute,
                     int32_t *keys, uint32_t *indices) {
    const size_t room = ck_topk_room(k);
    const size_t most = k + (room - CK_TOPK_BLOCK - k) / 4;
    int32_t floor = INT32_MIN;
    size_t count = 0;
    size_t i = steps->take(z, 0, n, absolute, floor, keys, indices, &count, room);
    while (i < n) {
        count = cut(steps, keys, indices, count, k, most, &floor);
        i = steps->take(z, i, n, absolute, floor, keys, indices, &count, room);
    }
    if (count > k) {
        cut(steps, keys, indices, count, k, k, &floor);
    }
    size_t worst = 0;
    for (size_t j = 1; j < k; j++) {
        worst = keys[j] <= keys[worst] ? j : worst;
    }
    return indices[worst];
}

static size_t take(const float *z, size_t i, size_t n, int absolute, int32_t floor, int32_t *keys,
                   uint32_t *indices, size_t *count, size_t room) {
    size_t end = *count;
    for (; i < n && room - end >= CK_TOPK_BLOCK; i++) {
        keys[end] = ck_key(z + i, absolute);
        indices[end] = (uint32_t)i;
        end += keys[end] > floor;
    }
    *count = end;
    return i;
}

static size_t above(const int32_t *keys, size_t count, int32_t floor) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += keys[i] > floor;
    }
    return found;
}

static int32_t largest(const int32_t *keys, size_t count) {
    int32_t key = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        key = keys[i] > key ? keys[i] : key;
    }
    return key;
}

static size_t keep(int32_t *keys, uint32_t *indices, size_t out, size_t from, size_t to,
                   int32_t floor) {
    for (size_t i = from; i < to; i++) {
        const int32_t key = keys[i];
        keys[out] = key;
        indices[out] = indices[i];
        out += key > floor;
    }
    return out;
}

uint32_t ck_topk_f32_scalar(const float *z, size_t n, size_t k, int absolute, int32_t *keys,
                            uint32_t *indices) {
    static const ck_topk_steps steps = {take, above, largest, keep};
    return ck_topk_run(&steps, z, n, k, absolute, keys, indices);
}
