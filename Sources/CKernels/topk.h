/* The best k of n numbers in one pass: steps that depend on the instruction set, and what joins them.
 *
 * A buffer takes every key above a floor, with its place, in the order of the places. A full buffer is
 * cut down to little more than k entries, and the floor rises to what was cut: of all numbers seen, k
 * beat or meet it, so a later one must be above it to win (ties: the lower place wins). At the end the
 * buffer is cut to exactly k.
 *
 * Cost, for any order of the numbers: each one is taken at most once. A cut passes at most 35 times over
 * the 2k + 256 entries (32 counts bisect the keys), and leaves at most k + (k + 192) / 4 of them, so that
 * 3/4 of k + 192 numbers are taken before the next one: at most 2.7 entries per number in each pass,
 * whatever k is. The worst case, an ascending run, is therefore O(n), and its counts end early because
 * any number of entries from k to that limit will do. Random order cuts about log(n/k) times.
 */

#ifndef CK_TOPK_H
#define CK_TOPK_H

#include "keys.h"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

/* take stops where fewer places are free, so that a block can be stored without a look at each lane. */
enum { CK_TOPK_BLOCK = 64 };

typedef struct ck_topk_steps {
    /* Appends the keys above floor of z[i...], while a block fits into room. Returns where it stopped. */
    size_t (*take)(const float *z, size_t i, size_t n, int absolute, int32_t floor, int32_t *keys,
                   uint32_t *indices, size_t *count, size_t room);
    /* Returns how many of the keys are above floor. */
    size_t (*above)(const int32_t *keys, size_t count, int32_t floor);
    /* Returns the largest key, or INT32_MIN. */
    int32_t (*largest)(const int32_t *keys, size_t count);
    /* Moves the entries [from, to) above floor to the places from out <= from on. Returns the end. */
    size_t (*keep)(int32_t *keys, uint32_t *indices, size_t out, size_t from, size_t to,
                   int32_t floor);
} ck_topk_steps;

uint32_t ck_topk_run(const ck_topk_steps *steps, const float *z, size_t n, size_t k, int absolute,
                     int32_t *keys, uint32_t *indices);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
