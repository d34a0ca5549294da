/* The final sum of moments and spread, the same on every instruction set. */

#ifndef CK_MOMENTS_H
#define CK_MOMENTS_H

static inline double ck_sum_moments(const double lanes[8]) {
    const double low = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
    const double high = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
    return low + high;
}

#endif
