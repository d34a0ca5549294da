/* One constant table per instruction set, and the test whether this processor may use it. */

#include "ckernels.h"

static const ck_kernels scalar_kernels = {
    .isa = CK_ISA_SCALAR,
    .dot_f32 = ck_dot_f32_scalar,
    .dot_bf16 = ck_dot_bf16_scalar,
    .matvec_f32 = ck_matvec_f32_scalar,
    .matvec_bf16 = ck_matvec_bf16_scalar,
    .matmul_f32 = ck_matmul_f32_scalar,
    .matmul_bf16 = ck_matmul_bf16_scalar,
    .matvecminus_f32 = ck_matvecminus_f32_scalar,
    .matvecminus_bf16 = ck_matvecminus_bf16_scalar,
    .axpy_f32 = ck_axpy_f32_scalar,
    .axpy_bf16 = ck_axpy_bf16_scalar,
    .combine_f32 = ck_combine_f32_scalar,
    .combine_bf16 = ck_combine_bf16_scalar,
    .moments_f32 = ck_moments_f32_scalar,
    .spread_f32 = ck_spread_f32_scalar,
    .gatherdot_f32 = ck_gatherdot_f32_scalar,
    .gatherdot_bf16 = ck_gatherdot_bf16_scalar,
    .scatteraxpy_f32 = ck_scatteraxpy_f32_scalar,
    .scatteraxpy_bf16 = ck_scatteraxpy_bf16_scalar,
    .widen_bf16 = ck_widen_bf16_scalar,
    .widen_f16 = ck_widen_f16_scalar,
    .narrow_bf16 = ck_narrow_bf16_scalar,
    .narrow_f16 = ck_narrow_f16_scalar,
    .nonfinite_f32 = ck_nonfinite_f32_scalar,
    .nonfinite_bf16 = ck_nonfinite_bf16_scalar,
    .nonfinite_f16 = ck_nonfinite_f16_scalar,
    .transpose_u32 = ck_transpose_u32_scalar,
    .transpose_u16 = ck_transpose_u16_scalar,
    .gather_u32 = ck_gather_u32_scalar,
    .gather_u16 = ck_gather_u16_scalar,
    .quantise_i8 = ck_quantise_i8_scalar,
    .quantise_i16 = ck_quantise_i16_scalar,
    .matmul_i8 = ck_matmul_i8_scalar,
    .bound_f32 = ck_bound_f32_scalar,
    .listabove_f32 = ck_listabove_f32_scalar,
    .listaboveabs_f32 = ck_listaboveabs_f32_scalar,
    .listjump_f32 = ck_listjump_f32_scalar,
    .topk_f32 = ck_topk_f32_scalar,
};

#if CK_HAS_X86

static const ck_kernels avx2_kernels = {
    .isa = CK_ISA_AVX2,
    .dot_f32 = ck_dot_f32_avx2,
    .dot_bf16 = ck_dot_bf16_avx2,
    .matvec_f32 = ck_matvec_f32_avx2,
    .matvec_bf16 = ck_matvec_bf16_avx2,
    .matmul_f32 = ck_matmul_f32_avx2,
    .matmul_bf16 = ck_matmul_bf16_avx2,
    .matvecminus_f32 = ck_matvecminus_f32_avx2,
    .matvecminus_bf16 = ck_matvecminus_bf16_avx2,
    .axpy_f32 = ck_axpy_f32_avx2,
    .axpy_bf16 = ck_axpy_bf16_avx2,
    .combine_f32 = ck_combine_f32_avx2,
    .combine_bf16 = ck_combine_bf16_avx2,
    .moments_f32 = ck_moments_f32_avx2,
    .spread_f32 = ck_spread_f32_avx2,
    .gatherdot_f32 = ck_gatherdot_f32_avx2,
    .gatherdot_bf16 = ck_gatherdot_bf16_avx2,
    .scatteraxpy_f32 = ck_scatteraxpy_f32_avx2,
    .scatteraxpy_bf16 = ck_scatteraxpy_bf16_avx2,
    .widen_bf16 = ck_widen_bf16_avx2,
    .widen_f16 = ck_widen_f16_avx2,
    .narrow_bf16 = ck_narrow_bf16_avx2,
    .narrow_f16 = ck_narrow_f16_avx2,
    .nonfinite_f32 = ck_nonfinite_f32_avx2,
    .nonfinite_bf16 = ck_nonfinite_bf16_avx2,
    .nonfinite_f16 = ck_nonfinite_f16_avx2,
    .transpose_u32 = ck_transpose_u32_scalar,
    .transpose_u16 = ck_transpose_u16_scalar,
    .gather_u32 = ck_gather_u32_scalar,
    .gather_u16 = ck_gather_u16_scalar,
    .quantise_i8 = ck_quantise_i8_avx2,
    .quantise_i16 = ck_quantise_i16_avx2,
    .matmul_i8 = ck_matmul_i8_avx2,
    .bound_f32 = ck_bound_f32_avx2,
    .listabove_f32 = ck_listabove_f32_avx2,
    .listaboveabs_f32 = ck_listaboveabs_f32_avx2,
    .listjump_f32 = ck_listjump_f32_avx2,
    .topk_f32 = ck_topk_f32_avx2,
};

/* What both instruction sets with 512-bit registers share. */
#define AVX512_ENTRIES \
    .dot_f32 = ck_dot_f32_avx512, \
    .dot_bf16 = ck_dot_bf16_avx512, \
    .matvec_f32 = ck_matvec_f32_avx512, \
    .matvec_bf16 = ck_matvec_bf16_avx512, \
    .matmul_f32 = ck_matmul_f32_avx512, \
    .matmul_bf16 = ck_matmul_bf16_avx512, \
    .matvecminus_f32 = ck_matvecminus_f32_avx512, \
    .matvecminus_bf16 = ck_matvecminus_bf16_avx512, \
    .axpy_f32 = ck_axpy_f32_avx512, \
    .axpy_bf16 = ck_axpy_bf16_avx512, \
    .combine_f32 = ck_combine_f32_avx512, \
    .combine_bf16 = ck_combine_bf16_avx512, \
    .moments_f32 = ck_moments_f32_avx512, \
    .spread_f32 = ck_spread_f32_avx512, \
    .gatherdot_f32 = ck_gatherdot_f32_avx512, \
    .gatherdot_bf16 = ck_gatherdot_bf16_avx512, \
    .scatteraxpy_f32 = ck_scatteraxpy_f32_avx2, \
    .scatteraxpy_bf16 = ck_scatteraxpy_bf16_avx2, \
    .widen_bf16 = ck_widen_bf16_avx512, \
    .widen_f16 = ck_widen_f16_avx512, \
    .narrow_bf16 = ck_narrow_bf16_avx512, \
    .narrow_f16 = ck_narrow_f16_avx512, \
    .nonfinite_f32 = ck_nonfinite_f32_avx512, \
    .nonfinite_bf16 = ck_nonfinite_bf16_avx512, \
    .nonfinite_f16 = ck_nonfinite_f16_avx512, \
    .transpose_u32 = ck_transpose_u32_scalar, \
    .transpose_u16 = ck_transpose_u16_scalar, \
    .gather_u32 = ck_gather_u32_scalar, \
    .gather_u16 = ck_gather_u16_scalar, \
    .quantise_i8 = ck_quantise_i8_avx512, \
    .quantise_i16 = ck_quantise_i16_avx512, \
    .bound_f32 = ck_bound_f32_avx512, \
    .listabove_f32 = ck_listabove_f32_avx512, \
    .listaboveabs_f32 = ck_listaboveabs_f32_avx512, \
    .listjump_f32 = ck_listjump_f32_avx512, \
    .topk_f32 = ck_topk_f32_avx512,

static const ck_kernels avx512_kernels = {
    .isa = CK_ISA_AVX512,
    AVX512_ENTRIES
    .matmul_i8 = ck_matmul_i8_avx512,
};

static const ck_kernels avx512vnni_kernels = {
    .isa = CK_ISA_AVX512VNNI,
    AVX512_ENTRIES
    .matmul_i8 = ck_matmul_i8_avx512vnni,
};

/* __builtin_cpu_supports also asks the operating system which registers it saves. */

static int supports_avx2(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}

static int supports_avx512(void) {
    return supports_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}

static int supports_avx512vnni(void) {
    return supports_avx512() && __builtin_cpu_supports("avx512vnni");
}

#endif

const ck_kernels *ck_kernels_for(ck_isa isa) {
    switch (isa) {
    case CK_ISA_SCALAR:
        return &scalar_kernels;
#if CK_HAS_X86
    case CK_ISA_AVX2:
        return supports_avx2() ? &avx2_kernels : NULL;
    case CK_ISA_AVX512:
        return supports_avx512() ? &avx512_kernels : NULL;
    case CK_ISA_AVX512VNNI:
        return supports_avx512vnni() ? &avx512vnni_kernels : NULL;
#endif
    default:
        return NULL;
    }
}

ck_isa ck_isa_best(void) {
    ck_isa best = CK_ISA_AVX512VNNI;
    while (ck_kernels_for(best) == NULL) {
        best = (ck_isa)(best - 1);
    }
    return best;
}
