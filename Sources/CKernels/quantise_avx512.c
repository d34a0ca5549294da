/* Quantisation of rows and its bounds, AVX-512. */

#include "target.h"

#if CK_HAS_X86
#define CK_ISA CK_AVX512
#define CK_NAME(op) ck_##op##_avx512
#include "quantise_lanes.h"
#endif
