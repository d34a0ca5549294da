/* Random numbers, and the element types of rows converted here once more, bit by bit. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "steering.h"

#include <stddef.h>
#include <stdint.h>

/* splitmix64: the same numbers on every machine. */
uint64_t random_bits(uint64_t *state);
double random_uniform(uint64_t *state); /* [0, 1) */
double random_normal(uint64_t *state); /* near enough: a sum of twelve uniforms */

float float_from_bits(uint32_t bits);
uint32_t bits_from_float(float value);

uint16_t bf16_from_f32(float value); /* nearest, ties to even */
float f32_from_bf16(uint16_t value);
uint16_t f16_from_f32(float value); /* nearest, ties to even, beyond the range infinity */
float f32_from_f16(uint16_t value);

size_t element_size(steer_type_t type);
float element_load(const void *rows, steer_type_t type, size_t index);
void element_store(void *rows, steer_type_t type, size_t index, float value);
const char *element_name(steer_type_t type);

#endif
