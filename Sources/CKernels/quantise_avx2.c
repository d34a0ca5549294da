/* Quantisation of rows and its bounds, AVX2. */

#include "target.h"

#if CK_HAS_X86
#define CK_ISA CK_AVX2
#define CK_NAME(op) ck_##op##_avx2
#include "quantise_lanes.h"
#endif
