/*
 * Steering: read and change what a language model is thinking while it generates.
 *
 * A sparse autoencoder maps a row of the residual stream to a few features out of thousands. A plan
 * says what to do with some of them; a session applies it to the rows of one sequence, in place.
 *
 *     steer_dictionary_open -> steer_plan_compile -> steer_session_create -> steer_session_apply
 *        once per process        once per request      once per sequence       once per token
 *
 * This header is the specification. C99 and C++11, on 64-bit platforms.
 *
 * LIFETIME   Handles are opaque and belong to the caller, who ends each with its own function
 *            (steer_*_close, steer_*_destroy), in any order: a plan keeps its dictionary alive, a
 *            session its plan. Ending NULL does nothing. Every pointer given to a function is
 *            borrowed for the call and never kept.
 * THREADS    Dictionaries, plans, detectors and watermarks are immutable: any number of threads may
 *            use one at once.
 *            Sessions, readers, encoders and monitors hold state: one thread at a time each. The
 *            library starts no thread but those that an encoder is asked for (and OpenBLAS' while
 *            it opens a whitened dictionary), keeps no thread-local state and holds no lock while
 *            applying.
 * ERRORS     Every function that can fail returns a steer_status_t and takes, last, an optional
 *            error block that the caller owns. The block is written on failure only, and only if
 *            its struct_size is at least that of STEER_ERROR_INIT. On failure nothing else is
 *            written (except `required`, where a buffer was too small): rows, outputs and handles
 *            are as before. Bad input never ends the process; running out of memory does.
 * STRINGS    UTF-8. Strings in end with NUL or come with a length; strings out go to the caller's
 *            buffer. Text of messages may change; status numbers do not.
 * NUMBERS    Activations are computed in f32 or better from rows of f32, bf16 or f16. Results may
 *            depend on the processor's instruction set, never on the batch, on threads or on the
 *            run. A row that no edit changes keeps its bits.
 * COST       Opening, compiling and creating allocate. Applying and seeking never do, lock nothing
 *            and do no I/O; reading, encoding and watching reuse their memory from call to call. A
 *            session with a monitor watches: it allocates when it is given more rows at once than
 *            ever before.
 * FILES      A dictionary's weights stay mapped. Do not truncate an open dictionary's files: the
 *            operating system answers reads beyond a shortened file with SIGBUS. Replace files by
 *            renaming.
 * ABI        STEER_ABI_VERSION changes when something here changes its meaning; compare it with
 *            steer_abi_version() at start-up. Within one version functions and constants are only
 *            added, and structs grow only at their end: set struct_size to the size that you were
 *            compiled with (the STEER_*_INIT macros do; at most 4,096). Zero in any other field is
 *            its default; a field that the library does not know must be zero.
 */
#ifndef STEERING_H
#define STEERING_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define STEER_API __attribute__((visibility("default")))
#else
#define STEER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions, status, errors --------------------------------------------------------------- */

#define STEER_ABI_VERSION 1

typedef int32_t steer_status_t;

enum {
    STEER_OK = 0,
    STEER_ERR_ARGUMENT = 1,     /* an argument is NULL, misaligned, or outside its stated range */
    STEER_ERR_SHAPE = 2,        /* widths, counts or strides do not fit together */
    STEER_ERR_NONFINITE = 3,    /* a value is NaN or infinite, or would become so */
    STEER_ERR_CAPACITY = 4,     /* a buffer is too small; `required` says what is needed */
    STEER_ERR_IO = 10,          /* the operating system refused a file operation */
    STEER_ERR_FILE = 11,        /* bytes do not follow their format */
    STEER_ERR_UNSUPPORTED = 12, /* a dictionary uses something unknown, or that needs a decision */
    STEER_ERR_PLAN = 20         /* a plan is malformed or asks for something impossible */
};

/* What went wrong, in words. Owned by the caller; one per thread is enough. */
typedef struct steer_error {
    uint32_t struct_size;
    steer_status_t status;
    int64_t row;        /* the offending row, counted within the call; -1: no row is to blame */
    char message[1008]; /* one line, NUL-terminated, cut at a character if longer */
} steer_error_t;

#define STEER_ERROR_INIT { sizeof(steer_error_t), STEER_OK, -1, { 0 } }

/** The STEER_ABI_VERSION that the library was built with. Since ABI 1. */
STEER_API uint32_t steer_abi_version(void);

/** The library's version, for example "0.3.0"; static, do not free. Since ABI 1. */
STEER_API const char *steer_version(void);

/** The name of a status, for example "STEER_ERR_SHAPE"; static, never NULL. Since ABI 1. */
STEER_API const char *steer_status_name(steer_status_t status);

/* Element types of rows. */
typedef int32_t steer_type_t;
enum { STEER_F32 = 0, STEER_BF16 = 1, STEER_F16 = 2 };

/* What this build can do on this processor. Sets are bit masks: bit n stands for the constant n. */
typedef struct steer_capabilities {
    uint32_t struct_size;
    uint32_t abi_version;
    uint32_t row_types;   /* STEER_F32, ... */
    uint32_t modes;       /* STEER_MODE_ADD, ... */
    uint32_t strengths;   /* STEER_STRENGTH_DECODER, ... */
    uint32_t activations; /* STEER_ACTIVATION_RELU, ... */
    char kernels[16];     /* the instruction set in use: "scalar", "avx2", "avx512" or "avx512vnni" */
} steer_capabilities_t;

#define STEER_CAPABILITIES_INIT { sizeof(steer_capabilities_t), 0, 0, 0, 0, 0, { 0 } }

/**
 * Fills `capabilities`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_capabilities_get(
    steer_capabilities_t *capabilities, steer_error_t *error);

/* ---- Dictionaries --------------------------------------------------------------------------- */

/* A sparse autoencoder or transcoder: immutable, shared by all threads. */
typedef struct steer_dictionary steer_dictionary_t;

enum { STEER_WEIGHT_CHECK_LAZY = 0, STEER_WEIGHT_CHECK_ALL = 1 };

/* activation_scale of hosts whose rows are already scaled. */
#define STEER_SCALE_ALREADY_APPLIED (-1.0)

/* What a dictionary is, for layouts whose files look the same either way. */
enum {
    STEER_OPEN_KIND_DECLARED = 0, /* as the files say */
    STEER_OPEN_KIND_AUTOENCODER = 1,
    STEER_OPEN_KIND_TRANSCODER = 2,
    STEER_OPEN_KIND_EMBEDDING = 3 /* token embeddings before the model multiplies them by sqrt(d) */
};

/* Units of activations, for layouts that leave a choice. */
enum {
    STEER_OPEN_UNITS_PUBLISHED = 0,  /* the publisher's own */
    STEER_OPEN_UNITS_NORMALISED = 1, /* those of training */
    STEER_OPEN_UNITS_RAW = 2         /* those of the rows as given */
};

typedef struct steer_open_options {
    uint32_t struct_size;
    int32_t weight_check;    /* LAZY: NaN and infinity are refused where weights are first used
                                (small dictionaries: at once); ALL: before opening returns */
    double activation_scale; /* what rows are multiplied by before encoding, for publishers that
                                leave it out of their files; 0: as the files say */
    const char *const *ignored_config_keys;  /* unknown configuration keys that change nothing */
    uint64_t n_ignored_config_keys;
    const char *format;       /* the layout, where the files fit several, by the name that a refusal
                                 lists; NULL: recognised by the files */
    const char *architecture; /* the publisher's name of it, where the files do not say; or NULL */
    uint64_t k;               /* features kept per row, where the files do not say; or 0 */
    int32_t has_layer;        /* 1: read `layer` of files that hold several; 0: they hold one */
    int32_t layer;
    int32_t kind;             /* STEER_OPEN_KIND_ */
    int32_t activation_units; /* STEER_OPEN_UNITS_ */
} steer_open_options_t;

/* An option that the layout has no use for is refused, not ignored. */
#define STEER_OPEN_OPTIONS_INIT \
    { \
        sizeof(steer_open_options_t), STEER_WEIGHT_CHECK_LAZY, 0.0, NULL, 0, NULL, NULL, 0, 0, 0, 0, \
        0 \
    }

/**
 * Opens a published dictionary from its folder, or its file.
 *
 * Nothing is guessed: an unknown architecture, key or tensor is an error that says what is
 * accepted.
 *
 * @param path     The folder or file, UTF-8.
 * @param options  NULL for the defaults.
 * @param out      Receives the handle; end it with steer_dictionary_close.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE, STEER_ERR_NONFINITE, STEER_ERR_IO,
 *         STEER_ERR_FILE or STEER_ERR_UNSUPPORTED.
 *
 * Cost: reads the configuration and the biases; weights are paged in when used.  Since ABI 1.
 */
STEER_API steer_status_t steer_dictionary_open(
    const char *path, const steer_open_options_t *options, steer_dictionary_t **out,
    steer_error_t *error);

/** Ends the caller's hold on a dictionary. NULL does nothing. Since ABI 1. */
STEER_API void steer_dictionary_close(steer_dictionary_t *dictionary);

enum { STEER_KIND_AUTOENCODER = 0, STEER_KIND_TRANSCODER = 1 };

/* From pre-activations z to activations f; theta, b and k are the dictionary's own. */
enum {
    STEER_ACTIVATION_RELU = 0,        /* max(z, 0) */
    STEER_ACTIVATION_JUMP_RELU = 1,   /* z where z > theta and z > 0 */
    STEER_ACTIVATION_TOP_K = 2,       /* the k largest z, then max(z, 0); ties: lower index wins */
    STEER_ACTIVATION_BATCH_TOP_K = 3, /* as JUMP_RELU with one theta for all */
    STEER_ACTIVATION_ABS_TOP_K = 4,   /* the k largest |z|, sign kept; ties: lower index wins */
    STEER_ACTIVATION_GATED = 5,       /* max(z*s + b_mag, 0) where z + b_gate > 0 */
    STEER_ACTIVATION_SIGNED_TOP_K = 6, /* the k largest z, sign kept; ties: lower index wins */
    STEER_ACTIVATION_GROUP_MAX = 7,    /* max(z, 0) of each group's largest z; ties as above */
    STEER_ACTIVATION_BI_JUMP_RELU = 8, /* affine in z above theta+ and, otherwise, below -theta- */
    STEER_ACTIVATION_BLOCK_TOP_K = 9,  /* the blocks of largest norm, whole, sign kept */
    STEER_ACTIVATION_MATCHING_PURSUIT = 10 /* greedy selection against what is left of the row */
};

/* What is done to a row before encoding; width is d. */
enum {
    STEER_NORMALISATION_NONE = 0,
    STEER_NORMALISATION_CONSTANT = 1,   /* x * c */
    STEER_NORMALISATION_ROOT_WIDTH = 2, /* x * sqrt(d) / |x|; undefined for a zero row */
    STEER_NORMALISATION_LAYER_NORM = 3  /* (x - mean) / (deviation with divisor d-1, plus eps) */
};

/* A place in a transformer block. */
enum {
    STEER_SITE_UNKNOWN = 0,
    STEER_SITE_RESIDUAL_PRE = 1,  /* the residual stream before block `layer` */
    STEER_SITE_RESIDUAL_MID = 2,  /* between attention and MLP */
    STEER_SITE_RESIDUAL_POST = 3, /* after block `layer` */
    STEER_SITE_ATTENTION_OUT = 4, /* what attention adds */
    STEER_SITE_MLP_OUT = 5        /* what the MLP adds */
};

typedef struct steer_dictionary_info {
    uint32_t struct_size;
    int32_t kind;
    uint64_t feature_count;
    uint64_t model_width;  /* of the rows that it reads */
    uint64_t output_width; /* of the rows that it writes; equal for an autoencoder */
    int32_t activation;
    int32_t normalisation;
    uint64_t k;            /* active at most, for TOP_K, ABS_TOP_K, SIGNED_TOP_K; else 0 */
    uint64_t weight_bytes; /* of encoder, decoder and skip as stored */
    int32_t input_layer;   /* where it reads, from the publisher's hook name; -1 if unknown */
    int32_t input_site;
    int32_t output_layer;  /* where it writes; -1 if unknown */
    int32_t output_site;
} steer_dictionary_info_t;

#define STEER_DICTIONARY_INFO_INIT \
    { sizeof(steer_dictionary_info_t), 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, -1, 0 }

/**
 * Fills `info`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_dictionary_inspect(
    const steer_dictionary_t *dictionary, steer_dictionary_info_t *info, steer_error_t *error);

/* Texts about a dictionary. */
enum {
    STEER_TEXT_NAME = 0,        /* a short name, usually the folder's */
    STEER_TEXT_MODEL = 1,       /* the model it was trained on, as published; empty if undeclared */
    STEER_TEXT_INPUT_HOOK = 2,  /* where it reads, as published; empty if undeclared */
    STEER_TEXT_OUTPUT_HOOK = 3, /* where it writes, as published; empty if undeclared */
    STEER_TEXT_LEDGER = 4       /* JSON: an array of {"subject", "statement", "source"}, one for
                                   every decision taken while opening */
};

/**
 * Writes a text about a dictionary, NUL-terminated.
 *
 * @param which     A STEER_TEXT_ constant.
 * @param buffer    [capacity] bytes; may be NULL when capacity is 0.
 * @param required  Optional; receives the bytes needed, NUL included, also on STEER_ERR_CAPACITY.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_CAPACITY.  Since ABI 1.
 */
STEER_API steer_status_t steer_dictionary_text(
    const steer_dictionary_t *dictionary, int32_t which, char *buffer, size_t capacity,
    size_t *required, steer_error_t *error);

/* ---- Plans ---------------------------------------------------------------------------------- */

/* What to do to rows, compiled against a dictionary: immutable, shared by all threads. */
typedef struct steer_plan steer_plan_t;

/* With D the feature's decoder row as stored, D^ = D/|D|, f its activation before any edit, a its
 * alpha. All activations are read before any edit, then all edits are added: order does not matter.
 * Edits in units of activations decode to what they say. Where a dictionary rescales by decoder
 * norms, D stands for D over its norm in the units of rows (|D|, over the constant factor if there is
 * one); where its output has a scale of its own, D stands for D times it; where its output undoes the
 * normalisation of rows, and only there, edits are scaled back by the row's own factor. */
enum {
    STEER_MODE_ADD = 0,        /* x += a*D, or another strength */
    STEER_MODE_CLAMP = 1,      /* x += (a - f)*D */
    STEER_MODE_FLOOR = 2,      /* as clamp, where f < a */
    STEER_MODE_CEILING = 3,    /* as clamp, where f > a */
    STEER_MODE_SCALE = 4,      /* x += (a - 1)*f*D */
    STEER_MODE_ABLATE = 5,     /* x -= f*D; takes no alpha */
    STEER_MODE_PROJECT_OUT = 6 /* x -= (x.D^)*D^; takes no alpha */
};

enum {
    STEER_STRENGTH_DECODER = 0,       /* alpha counts decoder rows; for clamp, floor and ceiling it
                                         is an activation */
    STEER_STRENGTH_UNIT = 1,          /* add only: x += a*D^ */
    STEER_STRENGTH_RELATIVE = 2,      /* add only: x += a*|x|*D^ */
    STEER_STRENGTH_MAX_ACTIVATION = 3 /* alpha counts max_activation; add, clamp, floor, ceiling */
};

enum { STEER_PHASE_ALL = 0, STEER_PHASE_PROMPT = 1, STEER_PHASE_GENERATED = 2 };

/* Positions begin <= p < end, at most INT64_MAX; end UINT64_MAX: without end. */
typedef struct steer_range {
    uint64_t begin;
    uint64_t end;
} steer_range_t;

/* The rows that are touched: all conditions must hold. Position 0 is the first token. */
typedef struct steer_scope {
    uint32_t struct_size;
    int32_t phase;
    uint64_t skip_first;         /* positions below this are left alone; 1 skips BOS */
    const steer_range_t *ranges; /* NULL with n_ranges 0: everywhere */
    uint64_t n_ranges;
} steer_scope_t;

#define STEER_SCOPE_INIT { sizeof(steer_scope_t), STEER_PHASE_ALL, 0, NULL, 0 }

/* One wish about one feature. */
typedef struct steer_intervention {
    uint32_t struct_size;
    uint32_t feature;
    int32_t mode;
    int32_t strength;
    double alpha;
    double max_activation;      /* for STEER_STRENGTH_MAX_ACTIVATION, else 0 */
    const steer_scope_t *scope; /* NULL: the plan's */
} steer_intervention_t;

#define STEER_INTERVENTION_INIT \
    { sizeof(steer_intervention_t), 0, STEER_MODE_ADD, STEER_STRENGTH_DECODER, \
      0.0, 0.0, NULL }

/**
 * Compiles a plan from structs.
 *
 * @param interventions  [n_interventions], each with the same struct_size; 1 to 10,000 of them.
 * @param scope          The rows of interventions that have none of their own; NULL: every row.
 * @param out            Receives the handle; end it with steer_plan_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_NONFINITE (a weight that it needs) or
 *         STEER_ERR_PLAN, whose message names the field as the JSON form does.
 *
 * Cost: copies the rows of the features named; with TOP_K, ABS_TOP_K, SIGNED_TOP_K, BLOCK_TOP_K and
 * MATCHING_PURSUIT, when some intervention needs an activation, the first plan reads the whole
 * encoder.  Since ABI 1.
 */
STEER_API steer_status_t steer_plan_compile(
    const steer_dictionary_t *dictionary, const steer_intervention_t *interventions,
    size_t n_interventions, const steer_scope_t *scope, steer_plan_t **out, steer_error_t *error);

/**
 * Compiles a plan from its JSON form (docs/plans.md, plan.schema.json), at most 16 MiB.
 *
 * @param json    [length] bytes of UTF-8; no NUL is needed.
 * @return As steer_plan_compile, and STEER_ERR_FILE when it is not JSON.  Since ABI 1.
 */
STEER_API steer_status_t steer_plan_compile_json(
    const steer_dictionary_t *dictionary, const char *json, size_t length, steer_plan_t **out,
    steer_error_t *error);

/** Ends the caller's hold on a plan. NULL does nothing. Since ABI 1. */
STEER_API void steer_plan_destroy(steer_plan_t *plan);

/* Flags of steer_plan_info_t. */
enum {
    STEER_PLAN_READS_ACTIVATIONS = 1,   /* some intervention needs an activation */
    STEER_PLAN_RANKS = 2,               /* activations need the whole encoder, to rank against */
    STEER_PLAN_NEEDS_PROMPT_LENGTH = 4, /* some scope has a phase: sessions must be told */
    STEER_PLAN_CONSTANT = 8,            /* adds the same vector to every row: a control vector */
    STEER_PLAN_NEEDS_POSITIONS = 16     /* some scope leaves rows out: positions must be right */
};

typedef struct steer_plan_info {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t width;           /* of the rows that it edits */
    uint64_t n_interventions;
    uint64_t n_features;      /* steered features, each counted once */
    uint64_t n_readings;      /* features whose activation is read */
} steer_plan_info_t;

#define STEER_PLAN_INFO_INIT { sizeof(steer_plan_info_t), 0, 0, 0, 0, 0 }

/**
 * Fills `info`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_plan_inspect(
    const steer_plan_t *plan, steer_plan_info_t *info, steer_error_t *error);

/**
 * Writes a fingerprint of everything that decides what the plan does to a row: for keys of prefix
 * caches, beside the tokens, the layer that it is applied at, and the prompt's length for plans
 * that need it.
 *
 * SHA-256, equal in every process and on every machine for equal interventions, in any order, on
 * equal weights. A plan that ranks reads the whole encoder once per dictionary.
 *
 * @param fingerprint  [32] bytes.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_plan_fingerprint(
    const steer_plan_t *plan, uint8_t fingerprint[32], steer_error_t *error);

/**
 * Writes constant plans as the buffer that llama.cpp's llama_set_adapter_cvec takes: f32
 * [n_layers, width], the vector for layer l at row l - 1, zeros where there is none. Plans on one
 * layer add up.
 *
 * @param plans     [n_plans], all STEER_PLAN_CONSTANT, all of one width.
 * @param layers    [n_plans], the block after whose output each is added, at least 1: a control
 *                  vector has no place for block 0.
 * @param n_layers  Rows of the buffer, at least the largest layer. Give the model's block count
 *                  minus one: llama.cpp keeps what an earlier, longer buffer said about the rest.
 * @param buffer    [capacity] floats; may be NULL when capacity is 0.
 * @param required  Optional; receives the floats needed, also on STEER_ERR_CAPACITY.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE, STEER_ERR_NONFINITE, STEER_ERR_CAPACITY,
 *         or STEER_ERR_PLAN when a plan is not constant, with the reason.  Since ABI 1.
 */
STEER_API steer_status_t steer_plan_control_vector(
    const steer_plan_t *const *plans, const int32_t *layers, size_t n_plans, size_t n_layers,
    float *buffer, size_t capacity, size_t *required, steer_error_t *error);

/* ---- Sessions ------------------------------------------------------------------------------- */

/* A plan on its way through one sequence. One thread at a time, reads included. */
typedef struct steer_session steer_session_t;

#define STEER_PROMPT_LENGTH_UNKNOWN UINT64_MAX

/**
 * Starts a sequence at position 0.
 *
 * @param prompt_length  Positions from here on are generated ones, at most INT64_MAX - 1;
 *                       STEER_PROMPT_LENGTH_UNKNOWN is refused for plans that need it.
 * @param out            Receives the handle; end it with steer_session_destroy.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_create(
    const steer_plan_t *plan, uint64_t prompt_length, steer_session_t **out, steer_error_t *error);

/** Ends a session. NULL does nothing. Since ABI 1. */
STEER_API void steer_session_destroy(steer_session_t *session);

/**
 * Makes a session in the same state, for a beam or a copied KV cache.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_fork(
    const steer_session_t *session, steer_session_t **out, steer_error_t *error);

/**
 * Copies the state of `from` onto `to`, a session of the same plan, without allocating.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_assign(
    const steer_session_t *from, steer_session_t *to, steer_error_t *error);

/**
 * Starts another sequence at position 0, with all counts at zero.
 *
 * @param prompt_length  As for steer_session_create.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_reset(
    steer_session_t *session, uint64_t prompt_length, steer_error_t *error);

/**
 * Moves the position of the next row: after a rollback, a cache hit, or rejected drafts.
 *
 * @param position  At most INT64_MAX - 1.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_seek(
    steer_session_t *session, uint64_t position, steer_error_t *error);

typedef struct steer_session_info {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t position;       /* of the next row */
    uint64_t prompt_length;  /* or STEER_PROMPT_LENGTH_UNKNOWN */
    uint64_t rows;           /* given so far, since creation or reset */
    uint64_t rows_in_scope;  /* of those, rows that some intervention covers */
    uint64_t rows_edited;    /* of those, STEER_ROW_EDITED */
    uint64_t rows_undefined; /* of those in scope, STEER_ROW_UNDEFINED */
} steer_session_info_t;

#define STEER_SESSION_INFO_INIT { sizeof(steer_session_info_t), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Fills `info`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_inspect(
    const steer_session_t *session, steer_session_info_t *info, steer_error_t *error);

/* What happened to a row. */
typedef int32_t steer_outcome_t;
enum {
    STEER_ROW_UNTOUCHED = 0, /* out of scope, or every edit came to zero: the same bits as before */
    STEER_ROW_EDITED = 1,    /* an edit was added, if perhaps one too small to change a bit */
    STEER_ROW_UNDEFINED = 2  /* the dictionary's normalisation is undefined for it: the same bits */
};

/**
 * Says whether some intervention covers a position, so that a host may leave its row where it is.
 *
 * @param covers  Receives 1 or 0.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Allocates: never.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_covers(
    const steer_session_t *session, uint64_t position, int32_t *covers, steer_error_t *error);

/**
 * Applies a plan to the next rows of a sequence, in place, and moves on by as many positions.
 *
 * @param rows        [n_rows, width] of `type`, rows `row_stride` elements apart, aligned to an
 *                    element. May be NULL when n_rows is 0.
 * @param row_stride  In elements, at least the plan's width; what lies between rows is left alone.
 * @param outcomes    Optional, [n_rows]; must not overlap rows.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE, or STEER_ERR_NONFINITE when a row in scope
 *         is not finite, or its activations or its edit overflow: no row is changed and no position
 *         moved then.
 *
 * Allocates: never, unless it fails or a monitor watches (steer_session_set_monitor).
 * Cost: per row, one product per activation read (with STEER_PLAN_RANKS up to one per feature)
 * and one sum per feature changed; of several rows all but the last are computed twice, once to
 * know that none must be refused.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_apply(
    steer_session_t *session, void *rows, steer_type_t type, size_t n_rows, size_t row_stride,
    steer_outcome_t *outcomes, steer_error_t *error);

/**
 * Applies to each row the plan of its own session: one batch of a server, many requests.
 *
 * A session may stand at several rows: without positions they are consecutive rows of its sequence,
 * in order; with positions they are what the positions say. A row's result is the same alone and in
 * any batch.
 *
 * @param sessions    [n_rows]; NULL leaves that row alone. All plans have the same width.
 * @param positions   Optional, [n_rows], each at most INT64_MAX - 1: the position of each row, as
 *                    if by steer_session_seek; NULL: each session's own count.
 * @param rows        As for steer_session_apply.
 * @param row_stride  In elements, at least the plans' width.
 * @param outcomes    Optional, [n_rows]; must not overlap rows, sessions or positions.
 * @return As steer_session_apply; on failure no row is changed and no session moved.
 *
 * Allocates: as steer_session_apply.  Cost: as steer_session_apply, for each session.  Since ABI 1.
 */
STEER_API steer_status_t steer_batch_apply(
    steer_session_t *const *sessions, const uint64_t *positions, void *rows, steer_type_t type,
    size_t n_rows, size_t row_stride, steer_outcome_t *outcomes, steer_error_t *error);

/* ---- Observing ------------------------------------------------------------------------------ */

/* Reads the activations of a few features. One thread at a time. */
typedef struct steer_reader steer_reader_t;

/**
 * Makes a reader of the named features.
 *
 * @param features  [n_features], each below the dictionary's feature_count; at least one.
 * @param out       Receives the handle; end it with steer_reader_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_NONFINITE (a weight that it needs).
 *         Since ABI 1.
 */
STEER_API steer_status_t steer_reader_create(
    const steer_dictionary_t *dictionary, const uint32_t *features, size_t n_features,
    steer_reader_t **out, steer_error_t *error);

/** Ends a reader. NULL does nothing. Since ABI 1. */
STEER_API void steer_reader_destroy(steer_reader_t *reader);

/**
 * Reads activations: the same bits as a full encode gives. With TOP_K, ABS_TOP_K and SIGNED_TOP_K a
 * feature's rank takes rows of the whole encoder, block by block until it is known; with BLOCK_TOP_K
 * and MATCHING_PURSUIT the whole encoder is read, with GROUP_MAX the rows of the features' groups.
 *
 * @param rows               [n_rows, model_width] of `type`, rows `row_stride` elements apart.
 * @param activations        [n_rows, n_features], rows `activation_stride` floats apart; must not
 *                           overlap rows. NaN where a row's normalisation is undefined.
 * @param activation_stride  In floats, at least n_features.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE or STEER_ERR_NONFINITE.
 *
 * Allocates: only when a call has more rows than every one before it.  Since ABI 1.
 */
STEER_API steer_status_t steer_reader_read(
    steer_reader_t *reader, const void *rows, steer_type_t type, size_t n_rows, size_t row_stride,
    float *activations, size_t activation_stride, steer_error_t *error);

/* Encodes whole rows: every active feature. One thread at a time. */
typedef struct steer_encoder steer_encoder_t;

/**
 * Makes an encoder.
 *
 * @param out  Receives the handle; end it with steer_encoder_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_NONFINITE (a weight).
 *
 * Cost: the first use of a dictionary reads its whole encoder, keeps a transposed copy where the file
 * stores it the other way round, and, where bounds can rule features out and no int8 form is stored
 * beside the weights, makes one: a quarter of an f32 encoder's bytes, half of a bf16 one's, kept with
 * the dictionary.  Since ABI 1.
 */
STEER_API steer_status_t steer_encoder_create(
    const steer_dictionary_t *dictionary, steer_encoder_t **out, steer_error_t *error);

/* How an encoder works; codes have the same bits for every choice. */
typedef struct steer_encoder_options {
    uint32_t struct_size;
    uint32_t workers; /* threads that share a call, the caller's included; 0 means 1, at most 1024 */
    uint32_t plain;   /* not 0: no int8 form of the encoder in memory, every row reads all of it */
    uint32_t reserved;
} steer_encoder_options_t;

#define STEER_ENCODER_OPTIONS_INIT { sizeof(steer_encoder_options_t), 0, 0, 0 }

/**
 * Makes an encoder in a chosen way.
 *
 * With several workers this encoder starts threads, as many as the system allows: steer_encoder_inspect
 * tells. They block all signals, sleep between calls and end with the encoder. A child process of fork
 * has none of them: there the caller does all the work. Everything else as steer_encoder_create.
 *
 * @param options  Optional; NULL or a field of 0 is the default.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_NONFINITE (a weight).  Since ABI 1.
 */
STEER_API steer_status_t steer_encoder_create_with_options(
    const steer_dictionary_t *dictionary, const steer_encoder_options_t *options,
    steer_encoder_t **out, steer_error_t *error);

/* What an encoder is and has done. */
typedef struct steer_encoder_info {
    uint32_t struct_size;
    uint32_t workers;           /* threads that share a call, the caller's included */
    uint64_t rows;              /* encoded so far, undefined ones left out */
    uint64_t pruned_rows;       /* of those, rows of which bounds ruled most features out */
    uint64_t rescored_features; /* encoder rows that were read for them, all together */
} steer_encoder_info_t;

#define STEER_ENCODER_INFO_INIT { sizeof(steer_encoder_info_t), 0, 0, 0, 0 }

/**
 * Fills `info`, whose struct_size must be set. Rows count once they are encoded, also where a call is
 * then refused. Not while another thread encodes with it.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_encoder_inspect(
    const steer_encoder_t *encoder, steer_encoder_info_t *info, steer_error_t *error);

/** Ends an encoder. NULL does nothing. Since ABI 1. */
STEER_API void steer_encoder_destroy(steer_encoder_t *encoder);

/**
 * Encodes rows into compressed-row form: row r's active features are indices[offsets[r]] to
 * indices[offsets[r + 1] - 1], ascending, with their activations at the same places of values.
 *
 * @param rows      [n_rows, model_width] of `type`, rows `row_stride` elements apart.
 * @param offsets   [n_rows + 1].
 * @param indices   [capacity].
 * @param values    [capacity]; every one non-zero.
 * @param capacity  Entries that indices and values hold; with TOP_K, ABS_TOP_K and SIGNED_TOP_K
 *                  k * n_rows is always enough, feature_count * n_rows with any activation.
 * @param required  Optional; receives the number of entries, also on STEER_ERR_CAPACITY.
 * @param outcomes  Optional, [n_rows]: STEER_ROW_UNDEFINED for rows whose normalisation is
 *                  undefined (they have no entries), else STEER_ROW_UNTOUCHED.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE, STEER_ERR_NONFINITE, STEER_ERR_CAPACITY or
 *         STEER_ERR_UNSUPPORTED (a stored int8 form that is not that of the weights).
 *         No output may overlap another or the rows.  Since ABI 1.
 */
STEER_API steer_status_t steer_encoder_encode(
    steer_encoder_t *encoder, const void *rows, steer_type_t type, size_t n_rows, size_t row_stride,
    uint64_t *offsets, uint32_t *indices, float *values, size_t capacity, size_t *required,
    steer_outcome_t *outcomes, steer_error_t *error);

/* ---- Detecting ------------------------------------------------------------------------------ */

/* A fitted detector, ready to watch streams of rows: immutable, shared by all threads. */
typedef struct steer_detector steer_detector_t;

/**
 * Reads a detector from its JSON form (docs/detector.md, detector.schema.json), at most 256 MiB.
 *
 * Streams are scored token by token: a detector with a readout that needs whole documents (profile,
 * subspace, dense) is refused.
 *
 * @param dictionary  The one whose features the detector reads; another is refused.
 * @param json        [length] bytes of UTF-8; no NUL is needed.
 * @param out         Receives the handle; end it with steer_detector_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE (a dictionary of other widths or counts),
 *         STEER_ERR_NONFINITE (a weight that it needs) or STEER_ERR_FILE, whose message names the
 *         field.
 *
 * Cost: copies the encoder rows of the features that it reads; with TOP_K and its kind as
 * steer_reader_create.  Since ABI 1.
 */
STEER_API steer_status_t steer_detector_open_json(
    const steer_dictionary_t *dictionary, const char *json, size_t length, steer_detector_t **out,
    steer_error_t *error);

/** Ends the caller's hold on a detector. NULL does nothing. Since ABI 1. */
STEER_API void steer_detector_destroy(steer_detector_t *detector);

/* Flags of steer_detector_info_t. */
enum {
    STEER_DETECTOR_CALIBRATED = 1,        /* scores have p-values at the lengths below */
    STEER_DETECTOR_CALIBRATED_STREAMS = 2 /* streams have thresholds: verdicts can flag */
};

typedef struct steer_detector_info {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t n_structures;    /* what it looks for, each with a verdict of its own */
    uint64_t n_features;      /* features whose activation is read */
    uint64_t model_width;     /* of the rows that it reads */
    uint64_t block_length;    /* kept tokens per block of evidence; 0 without calibrated streams */
    uint64_t shortest_length; /* kept tokens that have a p-value, both ends included; 0 without */
    uint64_t longest_length;
} steer_detector_info_t;

#define STEER_DETECTOR_INFO_INIT { sizeof(steer_detector_info_t), 0, 0, 0, 0, 0, 0, 0 }

/**
 * Fills `info`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_detector_inspect(
    const steer_detector_t *detector, steer_detector_info_t *info, steer_error_t *error);

/**
 * Writes the name of a structure, NUL-terminated.
 *
 * @param structure  Below n_structures.
 * @param buffer     [capacity] bytes; may be NULL when capacity is 0.
 * @param required   Optional; receives the bytes needed, NUL included, also on STEER_ERR_CAPACITY.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_CAPACITY.  Since ABI 1.
 */
STEER_API steer_status_t steer_detector_structure_name(
    const steer_detector_t *detector, size_t structure, char *buffer, size_t capacity,
    size_t *required, steer_error_t *error);

/* A detector on its way through one stream of rows. One thread at a time, reads included. */
typedef struct steer_monitor steer_monitor_t;

/**
 * Starts an empty stream.
 *
 * @param out  Receives the handle; end it with steer_monitor_destroy.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_create(
    const steer_detector_t *detector, steer_monitor_t **out, steer_error_t *error);

/** Ends a monitor. NULL does nothing; a session that it was given to keeps it. Since ABI 1. */
STEER_API void steer_monitor_destroy(steer_monitor_t *monitor);

/**
 * Makes a monitor in the same state, for a beam or a copied KV cache.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_fork(
    const steer_monitor_t *monitor, steer_monitor_t **out, steer_error_t *error);

/**
 * Copies the state of `from` onto `to`, a monitor of the same detector handle.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Allocates: never.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_assign(
    const steer_monitor_t *from, steer_monitor_t *to, steer_error_t *error);

/**
 * Starts another stream.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Allocates: never.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_reset(steer_monitor_t *monitor, steer_error_t *error);

/**
 * Takes the next rows of a stream. Rows are masked as the detector was fitted: special tokens, rows
 * of too large a norm, and rows whose normalisation is undefined count, but do not enter scores.
 *
 * @param rows        [n_rows, model_width] of `type`, rows `row_stride` elements apart, aligned to an
 *                    element. May be NULL when n_rows is 0.
 * @param row_stride  In elements, at least model_width.
 * @param special     Optional, [n_rows], not 0 for the rows of BOS and its kind; NULL: the first row
 *                    of the stream is the special one.
 * @return STEER_OK, STEER_ERR_ARGUMENT, STEER_ERR_SHAPE, or STEER_ERR_NONFINITE for a row that is not
 *         finite, or whose activations are not: the stream is as before then.
 *
 * Allocates: only when a call has more rows than every one before it, or fails.  Cost: per row as
 * steer_reader_read of n_features.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_observe(
    steer_monitor_t *monitor, const void *rows, steer_type_t type, size_t n_rows, size_t row_stride,
    const uint8_t *special, steer_error_t *error);

/**
 * Shows each row to the monitor of its own stream: one batch of a server, many requests.
 *
 * @param monitors  [n_rows]; NULL for a row that nobody watches. A monitor may stand at several rows:
 *                  they are the next rows of its stream, in order. All read rows of the same width.
 * @param rows      As for steer_monitor_observe.
 * @param special   As for steer_monitor_observe.
 * @return As steer_monitor_observe; on failure every stream is as before.
 *
 * Allocates: only when a monitor has more rows than in every call before, or the call fails.
 * Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_observe_batch(
    steer_monitor_t *const *monitors, const void *rows, steer_type_t type, size_t n_rows,
    size_t row_stride, const uint8_t *special, steer_error_t *error);

/* Flags of steer_verdict_t: which fields mean something, and what they mean together. */
enum {
    STEER_VERDICT_HAS_SCORE = 1,     /* some token was kept */
    STEER_VERDICT_HAS_P = 2,         /* calibrated, and as long as some null document was */
    STEER_VERDICT_HAS_THRESHOLD = 4, /* streams are calibrated for this rate or a smaller one */
    STEER_VERDICT_FLAGGED = 8,       /* the evidence reached the threshold after some block */
    STEER_VERDICT_BEYOND_CALIBRATION = 16 /* longer than every null stream: no new flag is raised */
};

/* What a stream says of one structure so far; 0 where a field means nothing. */
typedef struct steer_verdict {
    uint32_t struct_size;
    uint32_t flags;
    double score;              /* of all kept tokens, as of a whole document */
    double p;                  /* of that score: good for one look, at the end of the stream */
    double log_wealth;         /* ln of the evidence over complete blocks; 0 at the start */
    double anytime_p;          /* min(1, 1/largest evidence): good at any time where blocks are
                                  independent, which those of one text are not; 1 at the start */
    double threshold;          /* log_wealth that flags at the rate, calibrated on whole streams */
    uint64_t n_blocks;         /* complete blocks */
    uint64_t crossed_at;       /* tokens of the stream, all uses, when it was first flagged; or 0 */
    uint64_t tokens_kept;      /* of the stream, by use */
    uint64_t tokens_special;
    uint64_t tokens_sink;
    uint64_t tokens_undefined;
} steer_verdict_t;

#define STEER_VERDICT_INIT \
    { sizeof(steer_verdict_t), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, 0 }

/**
 * Says what the stream shows so far.
 *
 * @param structure  Below n_structures.
 * @param rate       The false-alarm rate of STEER_VERDICT_FLAGGED over the whole stream, however often
 *                   it is looked at; above 0 and below 1, or 0 for the usual one, 1 - Phi(2) = 0.02275.
 * @param verdict    Its struct_size must be set.
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Allocates: never, unless it fails.  Since ABI 1.
 */
STEER_API steer_status_t steer_monitor_verdict(
    const steer_monitor_t *monitor, size_t structure, double rate, steer_verdict_t *verdict,
    steer_error_t *error);

/**
 * Gives a session a monitor, which then takes every row that steer_session_apply and
 * steer_batch_apply are given for the session: as it came, before edits, whether in scope or not, and
 * only once the call succeeds. Position 0 is the special one.
 *
 * The monitor's stream goes with the rows: seeking does not take rows back (assign a monitor that was
 * forked before), steer_session_reset resets the monitor too, and steer_session_fork and
 * steer_session_assign leave monitors alone.
 *
 * A monitor reads every row, which changes what applying promises. A row that is not finite, or
 * whose activations are not, is refused with STEER_ERR_NONFINITE out of scope too. A call with more
 * rows of the session than every one before allocates: steer_session_apply and steer_batch_apply of
 * one row never do.
 *
 * @param monitor  Kept by the session, until another takes its place, NULL takes it away, or the
 *                 session ends: in no other session until then. Reads the place that the session's
 *                 plan edits. The session's own monitor may be given again.
 * @return STEER_OK, STEER_ERR_ARGUMENT when it is another session's, or when the
 *         STEER_TEXT_INPUT_HOOK of its dictionary and the STEER_TEXT_OUTPUT_HOOK of the plan's are
 *         both declared and differ, or STEER_ERR_SHAPE when it reads rows of another width. On failure the session
 *         keeps what it had.  Since ABI 1.
 */
STEER_API steer_status_t steer_session_set_monitor(
    steer_session_t *session, steer_monitor_t *monitor, steer_error_t *error);

/* ---- Watermarks ----------------------------------------------------------------------------- */

/* A bank with one key of it, checked against the dictionary: immutable, shared by all threads. Whoever
 * has the key's file can mark, detect and forge; no message and no text from here holds its secret. */
typedef struct steer_watermark steer_watermark_t;

/**
 * Opens a bank and a key (docs/watermark.md).
 *
 * @param dictionary   The one that the bank was made for.
 * @param bank_folder  The bank's folder, UTF-8; of a bank that `steerctl watermark bind` has bound to its
 *                     dictionary's weights.
 * @param key_file     A key of this bank, UTF-8: a regular file of the effective user or root, that only its
 *                     owner may use.
 * @param out          Receives the handle; end it with steer_watermark_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT (a bank that is bound to no dictionary, a dictionary of other
 *         weights, a key of another bank), STEER_ERR_SHAPE (a dictionary of other widths or counts),
 *         STEER_ERR_NONFINITE, STEER_ERR_IO (also for a key that others may use or own) or
 *         STEER_ERR_FILE, whose message names the file and the field.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_open(
    const steer_dictionary_t *dictionary, const char *bank_folder, const char *key_file,
    steer_watermark_t **out, steer_error_t *error);

/** Ends the caller's hold on a watermark. NULL does nothing. Since ABI 1. */
STEER_API void steer_watermark_destroy(steer_watermark_t *watermark);

/* How the texts of a key are told apart: each is marked by a choice of its own. */
enum {
    STEER_DOCUMENT_GIVEN = 1,   /* by a name, which whoever detects has to know */
    STEER_DOCUMENT_PROMPT = 2,  /* by the exact prompt; texts of one prompt share their choice */
    STEER_DOCUMENT_WINDOW = 3,  /* by the time; texts of one window share their choice */
    STEER_DOCUMENT_CONSTANT = 4 /* not at all: one choice, which about 64 texts are enough to steal */
};

/* Flags of steer_watermark_info_t. */
enum {
    STEER_WATERMARK_RETIRED = 1,             /* the key detects, and plans no more */
    STEER_WATERMARK_CALIBRATED = 2,          /* null documents enough: it can detect */
    STEER_WATERMARK_CALIBRATED_STREAMS = 4,  /* of streams too: monitors have thresholds */
    STEER_WATERMARK_CALIBRATED_REPLAY = 8    /* replays have p-values */
};

typedef struct steer_watermark_info {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t n_entries;     /* structures of the bank */
    uint64_t count;         /* of them, steered in each text */
    int32_t scheme;         /* STEER_DOCUMENT_ */
    int32_t window_seconds; /* of STEER_DOCUMENT_WINDOW, else 0 */
    int64_t created;        /* of the key, in seconds since 1970 UTC */
    int64_t retired;        /* with STEER_WATERMARK_RETIRED, else 0 */
    double replay_strength; /* with STEER_WATERMARK_CALIBRATED_REPLAY, else 0: replays of this strength
                             * have p-values, others none */
} steer_watermark_info_t;

#define STEER_WATERMARK_INFO_INIT { sizeof(steer_watermark_info_t), 0, 0, 0, 0, 0, 0, 0, 0.0 }

/**
 * Fills `info`, whose struct_size must be set.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_inspect(
    const steer_watermark_t *watermark, steer_watermark_info_t *info, steer_error_t *error);

/**
 * Writes the name of the key, NUL-terminated; it is public.
 *
 * @param buffer    [capacity] bytes; may be NULL when capacity is 0.
 * @param required  Optional; receives the bytes needed, NUL included, also on STEER_ERR_CAPACITY.
 * @return STEER_OK, STEER_ERR_ARGUMENT or STEER_ERR_CAPACITY.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_key_id(
    const steer_watermark_t *watermark, char *buffer, size_t capacity, size_t *required,
    steer_error_t *error);

/* One text, as the key's scheme names it. A field that the scheme does not use must be 0. */
typedef struct steer_document {
    uint32_t struct_size;
    int32_t scheme;   /* STEER_DOCUMENT_, that of the key */
    const char *text; /* GIVEN: the name, PROMPT: the prompt; UTF-8, no NUL is needed */
    uint64_t length;  /* of text, in bytes: 1 to 16 MiB */
    int64_t time;     /* WINDOW: any second of the window, since 1970 UTC */
} steer_document_t;

#define STEER_DOCUMENT_INIT { sizeof(steer_document_t), 0, NULL, 0, 0 }

/**
 * Compiles the plan that marks a text: it steers generated positions alone, so that sessions must be
 * told the prompt's length. Generate the text with it, and with nothing but its document kept the text
 * can be told from others.
 *
 * @param strength  Times the bank's own amounts; above 0, or 0 for 1.
 * @param out       Receives the handle; end it with steer_plan_destroy. Who sees the plan can read
 *                  the choice from it.
 * @return STEER_OK, STEER_ERR_ARGUMENT (a retired key, a document of another scheme),
 *         STEER_ERR_NONFINITE or STEER_ERR_PLAN.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_plan(
    const steer_watermark_t *watermark, const steer_document_t *document, double strength,
    steer_plan_t **out, steer_error_t *error);

/**
 * Compiles the plan to read a text with again, as steer_watermark_replay_verdict needs it: by a retired key
 * too.
 *
 * The plan of the mark, less what the marks of all keys of the bank have in common where several choices are
 * drawn for a document: a text that leans as all marks do shows nothing.
 *
 * @param strength  That of the text's generation; steer_replay_t says it again.
 * @return As steer_watermark_plan.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_replay_plan(
    const steer_watermark_t *watermark, const steer_document_t *document, double strength,
    steer_plan_t **out, steer_error_t *error);

/**
 * Makes the detector of a text's mark: one structure, "watermark", calibrated on the bank's null scores.
 * Its monitors read the rows of a model that is not steered. A retired key detects.
 *
 * @param out  Receives the handle; end it with steer_detector_destroy.
 * @return STEER_OK, STEER_ERR_ARGUMENT (a bank that is not calibrated, a document of another scheme)
 *         or STEER_ERR_NONFINITE.
 *
 * Cost: one pass over the bank's null scores.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_detector(
    const steer_watermark_t *watermark, const steer_document_t *document, steer_detector_t **out,
    steer_error_t *error);

/* How much likelier a text's plan makes the text: sums over its tokens x, at each of which the plain
 * model has the probabilities p and the steered one q, with l(v) = ln q(v) - ln p(v). */
typedef struct steer_replay {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t n_tokens;
    double innovation; /* sum of l(x) - E_p l */
    double variance;   /* sum of Var_p l */
    double log_ratio;  /* sum of l(x) */
    double strength;   /* of the plan, as steer_watermark_replay_plan took it; 0 for 1 */
} steer_replay_t;

#define STEER_REPLAY_INIT { sizeof(steer_replay_t), 0, 0, 0.0, 0.0, 0.0, 0.0 }

/**
 * Says what a replay shows: z = innovation / sqrt(variance), which among unmarked texts of this
 * length is rarely as large as in marked ones.
 *
 * Of `verdict`, score is z, and p its rank among the bank's null texts of similar length, good for one
 * look at one text. z of unmarked text depends on the strength of the plan: another one than that of the null
 * texts (replay_strength of steer_watermark_info_t) is refused. STEER_VERDICT_FLAGGED means p <= rate; STEER_VERDICT_BEYOND_CALIBRATION that the text
 * is longer than every null text. log_wealth is log_ratio, the evidence against "written by the plain
 * model at temperature 1", and anytime_p is min(1, exp(-log_wealth)): good at any time for that
 * question, and for no other. tokens_kept is n_tokens. The other fields are 0.
 *
 * @param rate  The false-alarm rate of STEER_VERDICT_FLAGGED; above 0 and below 1, or 0 for the usual
 *              one, 1 - Phi(2) = 0.02275.
 * @return STEER_OK, STEER_ERR_ARGUMENT, also for a bank without null texts of replays, or with those of
 *         another strength, or STEER_ERR_NONFINITE.  Since ABI 1.
 */
STEER_API steer_status_t steer_watermark_replay_verdict(
    const steer_watermark_t *watermark, const steer_replay_t *replay, double rate,
    steer_verdict_t *verdict, steer_error_t *error);

/* ---- Plans as plain arrays ------------------------------------------------------------------ */

/* A plan's numbers, for a host that applies it in a kernel of its own, as on a GPU. Immutable. */
typedef struct steer_arrays steer_arrays_t;

/* How activations are selected; s, r and the arrays are those of steer_plan_arrays_t. */
enum {
    STEER_SELECT_THRESHOLD = 0, /* f = z where z > threshold, else 0 */
    STEER_SELECT_GATE = 1,      /* f = max(z*gate_scale + magnitude_bias, 0), z + gate_bias > 0 */
    STEER_SELECT_TOP_K = 2,     /* f = max(z, 0) if fewer than k rivals beat z, else 0 */
    STEER_SELECT_ABS_TOP_K = 3, /* f = z if fewer than k rivals beat |z|, else 0 */
    STEER_SELECT_SIGNED_TOP_K = 4 /* f = z if fewer than k rivals beat z, else 0 */
};

/* What an edit's amount is measured in. */
enum {
    STEER_UNIT_ACTIVATION = 0, /* times row_scale * decode_scale */
    STEER_UNIT_LENGTH = 1,     /* times inverse_norm */
    STEER_UNIT_FRACTION = 2    /* times |x| * inverse_norm */
};

/*
 * Everything that decides what a plan does to a row x, all in f32. docs/c-abi.md has the algorithm.
 *
 *   x~ = normalised x, minus decoder_bias if there is one; row_scale undoes the normalisation
 *   z  = (encoder_rows . x~ + encoder_bias) [* encoder_norms]        f = selected z
 *   c[slot] = sum of the coefficients of the edits of that slot whose scope holds
 *   x += sum over slots of c[slot] * directions[slot]
 *
 * Pointers belong to the arrays handle. An array that does not apply is NULL.
 */
typedef struct steer_plan_arrays {
    uint32_t struct_size;
    int32_t normalisation;      /* STEER_NORMALISATION_ */
    float normalisation_value;  /* c of CONSTANT, eps of LAYER_NORM */
    int32_t selection;          /* STEER_SELECT_ */
    uint64_t k;                 /* of TOP_K, ABS_TOP_K and SIGNED_TOP_K */
    uint64_t model_width;       /* of rows read */
    uint64_t width;             /* of rows written */
    uint64_t n_readings;
    uint64_t n_slots;
    uint64_t n_edits;
    uint64_t n_scopes;
    uint64_t n_ranges;
    uint64_t n_rivals;            /* feature_count where activations are ranked, else 0 */

    const float *decoder_bias;    /* [model_width], subtracted after normalising */
    const uint32_t *readings;     /* [n_readings], the features that are read */
    const float *encoder_rows;    /* [n_readings, model_width] */
    const float *encoder_bias;    /* [n_readings] */
    const float *encoder_norms;   /* [n_readings], factor of z after the bias */
    const float *threshold;       /* [n_readings], of SELECT_THRESHOLD; never negative */
    const float *gate_bias;       /* [n_readings], of SELECT_GATE, as the two below */
    const float *magnitude_bias;
    const float *gate_scale;
    const float *rival_rows;      /* [n_rivals, model_width]: every feature's encoder row */
    const float *rival_bias;      /* [n_rivals] */
    const float *rival_norms;     /* [n_rivals], factor of z after the bias */

    const uint32_t *features;     /* [n_slots], the features that are steered, ascending */
    const float *directions;      /* [n_slots, width], decoder rows as stored */
    const float *inverse_norms;   /* [n_slots], 1/|D| */
    const float *decode_scales;   /* [n_slots], from an activation to a multiple of D */

    const int32_t *edit_modes;    /* [n_edits], STEER_MODE_ */
    const uint32_t *edit_slots;   /* [n_edits], ascending */
    const int32_t *edit_readings; /* [n_edits], place in readings, -1 for none */
    const uint32_t *edit_scopes;  /* [n_edits] */
    const int32_t *edit_units;    /* [n_edits], STEER_UNIT_; for add only, else ACTIVATION */
    const float *edit_amounts;    /* [n_edits] */

    const int32_t *scope_phases;         /* [n_scopes], STEER_PHASE_ */
    const uint64_t *scope_skip_first;    /* [n_scopes] */
    const uint64_t *scope_range_offsets; /* [n_scopes + 1], into the ranges; none: everywhere */
    const steer_range_t *scope_ranges;   /* [n_ranges] */
} steer_plan_arrays_t;

#define STEER_PLAN_ARRAYS_INIT \
    { sizeof(steer_plan_arrays_t), 0, 0.0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
      NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL, NULL, NULL, \
      NULL, NULL, NULL, NULL }

/**
 * Exports a plan.
 *
 * @param out  Receives the handle; end it with steer_arrays_destroy. Independent of the plan.
 * @return STEER_OK, STEER_ERR_ARGUMENT, or STEER_ERR_UNSUPPORTED for a plan that reads activations of
 *         a kind that the arrays cannot say: groups, two sides, blocks, matching pursuit, or ranks by
 *         decoder norms that activations lose again, or of dictionaries whose output does not undo
 *         their normalisation. A session applies such plans.
 *
 * Cost: a copy of all arrays; where activations are ranked of the whole encoder, in f32.  Since ABI 1.
 */
STEER_API steer_status_t steer_arrays_create(
    const steer_plan_t *plan, steer_arrays_t **out, steer_error_t *error);

/** Ends an export, and with it every pointer that it handed out. NULL does nothing. Since ABI 1. */
STEER_API void steer_arrays_destroy(steer_arrays_t *arrays);

/**
 * Fills `view`, whose struct_size must be set, with pointers that live as long as `arrays`.
 *
 * @return STEER_OK or STEER_ERR_ARGUMENT.  Since ABI 1.
 */
STEER_API steer_status_t steer_arrays_view(
    const steer_arrays_t *arrays, steer_plan_arrays_t *view, steer_error_t *error);

#ifdef __cplusplus
}
#endif

#endif
