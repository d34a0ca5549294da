#include "watermarks.h"

#include "probe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const keys[] = { "key-given.json", "key-prompt.json", "key-window.json",
    "key-constant.json", "key-retired.json", "key-other.json", "key-tampered.json",
    "key-truncated.json" };
static const char *const folders[] = { "bank", "bare", "unbound" };
static const char *const made[] = { "bank/bank.json", "bank/null.safetensors", "bare/bank.json",
    "unbound/bank.json" };
static const char *const sources[] = { "bank.json", "null.safetensors", "bare.json",
    "unbound.json" };

static void stop(const char *path)
{
    perror(path);
    exit(1);
}

static const char *join(const char *folder, const char *name)
{
    static char paths[4][1200];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *watermark_path(const watermark_files_t *files, const char *name)
{
    return join(files->folder, name);
}

const char *watermark_vector(const watermark_files_t *files, const char *name)
{
    return join(files->vectors, name);
}

char *watermark_read(const char *path, size_t *length)
{
    const size_t limit = 1 << 20;
    char *bytes = probe_allocate(limit + 1);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        stop(path);
    }
    *length = fread(bytes, 1, limit, file);
    fclose(file);
    bytes[*length] = 0;
    return bytes;
}

void watermark_write(const char *path, const char *bytes, size_t length, unsigned mode)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, (mode_t)mode);
    if (file < 0 || write(file, bytes, length) != (ssize_t)length || fchmod(file, (mode_t)mode) != 0
        || close(file) != 0) {
        stop(path);
    }
}

static void copy(const char *from, const char *to, unsigned mode)
{
    size_t length;
    char *bytes = watermark_read(from, &length);
    watermark_write(to, bytes, length, mode);
    free(bytes);
}

void watermark_files_make(watermark_files_t *files, const char *vectors)
{
    size_t i;
    snprintf(files->vectors, sizeof files->vectors, "%s", vectors);
    snprintf(files->folder, sizeof files->folder, "/tmp/steer-watermark-XXXXXX");
    if (mkdtemp(files->folder) == NULL) {
        stop(files->folder);
    }
    for (i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (mkdir(watermark_path(files, folders[i]), 0700) != 0) {
            stop(folders[i]);
        }
    }
    for (i = 0; i < sizeof made / sizeof made[0]; i++) {
        copy(watermark_vector(files, sources[i]), watermark_path(files, made[i]), 0644);
    }
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        copy(watermark_vector(files, keys[i]), watermark_path(files, keys[i]), 0600);
    }
    files->dictionary = NULL;
    REQUIRE_OK(steer_dictionary_open(
        watermark_vector(files, "sae"), NULL, &files->dictionary, &probe_error));
}

void watermark_files_end(const watermark_files_t *files)
{
    size_t i;
    for (i = 0; i < sizeof made / sizeof made[0]; i++) {
        unlink(watermark_path(files, made[i]));
    }
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        unlink(watermark_path(files, keys[i]));
    }
    for (i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        rmdir(watermark_path(files, folders[i]));
    }
    steer_dictionary_close(files->dictionary);
    if (rmdir(files->folder) != 0) {
        stop(files->folder);
    }
}

steer_watermark_t *watermark_open(
    const watermark_files_t *files, const char *bank, const char *key)
{
    steer_watermark_t *watermark = NULL;
    REQUIRE_OK(steer_watermark_open(files->dictionary, watermark_path(files, bank),
        watermark_path(files, key), &watermark, &probe_error));
    return watermark;
}

steer_document_t watermark_document(void)
{
    steer_document_t document = STEER_DOCUMENT_INIT;
    document.scheme = STEER_DOCUMENT_GIVEN;
    document.text = "report-7";
    document.length = 8;
    return document;
}

const char *const watermark_schemes[WATERMARK_SCHEMES] = { "given", "prompt", "window",
    "constant" };

steer_document_t watermark_document_of(size_t scheme)
{
    static const char prompt[] = "Tell me a \xC3\xA9 story.";
    steer_document_t document = STEER_DOCUMENT_INIT;
    document.scheme = (int32_t)scheme + 1;
    if (scheme == 0) {
        return watermark_document();
    }
    if (scheme == 1) {
        document.text = prompt;
        document.length = sizeof prompt - 1;
    }
    document.time = scheme == 2 ? WATERMARK_TIME : 0;
    return document;
}

steer_watermark_t *watermark_open_scheme(const watermark_files_t *files, size_t scheme)
{
    char name[64];
    snprintf(name, sizeof name, "key-%s.json", watermark_schemes[scheme]);
    return watermark_open(files, "bank", name);
}

steer_replay_t watermark_replay(uint64_t tokens, double z)
{
    steer_replay_t replay = STEER_REPLAY_INIT;
    replay.n_tokens = tokens;
    replay.variance = 0.25;
    replay.innovation = 0.5 * z;
    replay.log_ratio = 0.75;
    replay.strength = WATERMARK_STRENGTH;
    return replay;
}

void watermark_fingerprint(const steer_plan_t *plan, uint8_t fingerprint[32])
{
    REQUIRE_OK(steer_plan_fingerprint(plan, fingerprint, &probe_error));
}

void watermark_fingerprint_at(const steer_watermark_t *watermark, const steer_document_t *document,
    double strength, uint8_t fingerprint[32])
{
    steer_plan_t *plan = NULL;
    REQUIRE_OK(steer_watermark_plan(watermark, document, strength, &plan, &probe_error));
    watermark_fingerprint(plan, fingerprint);
    steer_plan_destroy(plan);
}
