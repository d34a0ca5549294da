/* Per-function instruction sets, so that one build runs on every x86-64 processor. */

#ifndef CK_TARGET_H
#define CK_TARGET_H

#include "ckernels.h"

#if CK_HAS_X86
#include <immintrin.h>

#define CK_AVX2 __attribute__((target("avx2,fma,f16c")))
#define CK_AVX512 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define CK_AVX512VNNI \
    __attribute__((target("avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#endif

#endif
