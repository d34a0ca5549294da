#include "numbers.h"

#include <math.h>
#include <string.h>

uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

double random_uniform(uint64_t *state)
{
    return (double)(random_bits(state) >> 11) / 9007199254740992.0;
}

double random_normal(uint64_t *state)
{
    double sum = -6;
    int i;
    for (i = 0; i < 12; i++) {
        sum += random_uniform(state);
    }
    return sum;
}

float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint32_t bits_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint16_t bf16_from_f32(float value)
{
    const uint32_t bits = bits_from_float(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
        return (uint16_t)(bits >> 16 | 0x40u);
    }
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

float f32_from_bf16(uint16_t value) { return float_from_bits((uint32_t)value << 16); }

/* By the grid: every finite f16 is a multiple of 2^(e - 10), e the exponent but at least -14. */
uint16_t f16_from_f32(float value)
{
    const uint16_t sign = (uint16_t)(bits_from_float(value) >> 16 & 0x8000u);
    const double magnitude = fabs((double)value);
    int exponent;
    double steps;
    if (value != value) {
        return (uint16_t)(sign | 0x7E00u | (bits_from_float(value) >> 13 & 0x3FFu));
    }
    if (magnitude >= 65520.0) {
        return (uint16_t)(sign | 0x7C00u);
    }
    if (magnitude == 0) {
        return sign;
    }
    frexp(magnitude, &exponent);
    exponent = exponent - 1 < -14 ? -14 : exponent - 1;
    steps = nearbyint(ldexp(magnitude, 10 - exponent)); /* ties to even is the default rounding */
    /* A carry out of the mantissa lands in the exponent, where it belongs. */
    return (uint16_t)(sign | ((uint32_t)(exponent + 14) * 1024u + (uint32_t)steps));
}

float f32_from_f16(uint16_t value)
{
    const uint32_t exponent = value >> 10 & 31u;
    const uint32_t mantissa = value & 1023u;
    const float sign = value & 0x8000u ? -1.0f : 1.0f;
    if (exponent == 31) {
        return mantissa
            ? float_from_bits(((uint32_t)value & 0x8000u) << 16 | 0x7FC00000u | mantissa << 13)
            : sign * (float)INFINITY;
    }
    if (exponent == 0) {
        return sign * (float)ldexp(mantissa, -24);
    }
    return sign * (float)ldexp(mantissa + 1024.0, (int)exponent - 25);
}

size_t element_size(steer_type_t type) { return type == STEER_F32 ? 4 : 2; }

float element_load(const void *rows, steer_type_t type, size_t index)
{
    const unsigned char *place = (const unsigned char *)rows + index * element_size(type);
    if (type == STEER_F32) {
        float value;
        memcpy(&value, place, sizeof value);
        return value;
    } else {
        uint16_t bits;
        memcpy(&bits, place, sizeof bits);
        return type == STEER_BF16 ? f32_from_bf16(bits) : f32_from_f16(bits);
    }
}

void element_store(void *rows, steer_type_t type, size_t index, float value)
{
    unsigned char *place = (unsigned char *)rows + index * element_size(type);
    if (type == STEER_F32) {
        memcpy(place, &value, sizeof value);
    } else {
        const uint16_t bits = type == STEER_BF16 ? bf16_from_f32(value) : f16_from_f32(value);
        memcpy(place, &bits, sizeof bits);
    }
}

const char *element_name(steer_type_t type)
{
    return type == STEER_F32 ? "f32" : type == STEER_BF16 ? "bf16" : "f16";
}
