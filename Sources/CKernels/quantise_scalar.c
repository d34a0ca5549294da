/* Quantisation of rows and its bounds, portable C. */

#define CK_ISA
#define CK_NAME(op) ck_##op##_scalar
#include "quantise_lanes.h"
