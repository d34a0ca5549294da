/* Conversions of one bf16 or f16 number, on its bits: the reference for widen and narrow. */

#ifndef CK_HALF_H
#define CK_HALF_H

#include <stdint.h>
#include <string.h>

static inline float ck_f32_from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t ck_bits_from_f32(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Leaves a signalling NaN signalling: for operands of arithmetic, which makes it quiet. */
static inline float ck_f32_from_bf16_operand(uint16_t bf16) {
    return ck_f32_from_bits((uint32_t)bf16 << 16);
}

static inline uint32_t ck_widen_bf16_bits(uint16_t bf16) {
    const uint32_t bits = (uint32_t)bf16 << 16;
    const int is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return is_nan ? bits | 0x00400000u : bits;
}

static inline uint32_t ck_widen_f16_bits(uint16_t f16) {
    const uint32_t sign = (uint32_t)(f16 & 0x8000u) << 16;
    const uint32_t exponent = (f16 >> 10) & 0x1fu;
    const uint32_t fraction = f16 & 0x3ffu;
    if (exponent == 0x1fu) {
        const uint32_t quiet = fraction != 0 ? 0x00400000u : 0;
        return sign | 0x7f800000u | quiet | (fraction << 13);
    }
    if (exponent == 0) {
        /* Subnormal: fraction units of 2^-24, a normal f32 or zero, hence exact. */
        return sign | ck_bits_from_f32((float)fraction * 0x1p-24f);
    }
    return sign | ((exponent + 112u) << 23) | (fraction << 13);
}

static inline uint16_t ck_narrow_bf16_bits(uint32_t bits) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (uint16_t)((bits >> 16) | 0x40u);
    }
    /* Adding just under one half, or one half after an odd number, carries exactly when rounding up
     * is right, also into the exponent and on to infinity. */
    return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

static inline uint16_t ck_narrow_f16_bits(uint32_t bits) {
    const uint32_t sign = (bits >> 16) & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
        return (uint16_t)(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    }
    if (magnitude >= 0x477ff000u) { /* 65,520: halfway from the largest f16 to the next step */
        return (uint16_t)(sign | 0x7c00u);
    }
    if (magnitude >= 0x38800000u) { /* 2^-14: a normal f16 */
        const uint32_t rebased = magnitude - (112u << 23);
        return (uint16_t)(sign | ((rebased + 0xfffu + ((rebased >> 13) & 1u)) >> 13));
    }
    if (magnitude <= 0x33000000u) { /* 2^-25: halfway to the smallest f16, the tie goes to zero */
        return (uint16_t)sign;
    }
    /* Subnormal: count units of 2^-24. */
    const uint32_t shift = 126u - (magnitude >> 23);
    const uint32_t significand = (magnitude & 0x007fffffu) | 0x00800000u;
    const uint32_t quotient = significand >> shift;
    const uint32_t remainder = significand & ((1u << shift) - 1u);
    const uint32_t half = 1u << (shift - 1u);
    const uint32_t up = remainder > half || (remainder == half && (quotient & 1u) != 0);
    return (uint16_t)(sign | (quotient + up));
}

#endif
