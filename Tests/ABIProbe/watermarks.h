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

#endif
