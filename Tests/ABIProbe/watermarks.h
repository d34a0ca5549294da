/* Banks and keys from vectors/watermark/host in a folder of their own, with the dictionary that they are
 * for. */
#ifndef WATERMARKS_H
#define WATERMARKS_H

#include "steering.h"

/* That of the plans in the vectors, and of the bank's null texts of replays. */
#define WATERMARK_STRENGTH 1.5

/* Folders "bank", "bare" (without null scores) and "unbound" (to no dictionary), and every key-*.json with
 * mode 0600. */
typedef struct watermark_files {
    steer_dictionary_t *dictionary; /* 48 features of width 20 */
    char folder[64];
    char vectors[1024];
} watermark_files_t;

/* Copies the vectors, and opens their dictionary; ends the program if that fails. */
void watermark_files_make(watermark_files_t *files, const char *vectors);
void watermark_files_end(const watermark_files_t *files);

/* A file of the folder, or of the vectors; good until the fourth call after. */
const char *watermark_path(const watermark_files_t *files, const char *name);
const char *watermark_vector(const watermark_files_t *files, const char *name);
/* A whole file with a NUL behind it; ends the program if there is none. Free it. */
char *watermark_read(const char *path, size_t *length);
void watermark_write(const char *path, const char *bytes, size_t length, unsigned mode);

/* Ends the program if that fails. */
steer_watermark_t *watermark_open(
    const watermark_files_t *files, const char *bank, const char *key);

/* The document "report-7" of the key of scheme given. */
steer_document_t watermark_document(void);

/* The four schemes by number: 0 given, 1 prompt, 2 window, 3 constant. Each has its key, its
 * document, and the plan and detector that another implementation made of both. */
enum { WATERMARK_SCHEMES = 4, WATERMARK_TIME = 1700000123 };
extern const char *const watermark_schemes[WATERMARK_SCHEMES];
steer_document_t watermark_document_of(size_t scheme);
steer_watermark_t *watermark_open_scheme(const watermark_files_t *files, size_t scheme);

/* What a replay of that many tokens found, with the score z, at WATERMARK_STRENGTH. */
steer_replay_t watermark_replay(uint64_t tokens, double z);

/* The fingerprint of a plan, or of the one for that document; ends the program if there is none. */
void watermark_fingerprint(const steer_plan_t *plan, uint8_t fingerprint[32]);
void watermark_fingerprint_at(const steer_watermark_t *watermark, const steer_document_t *document,
    double strength, uint8_t fingerprint[32]);

#endif
