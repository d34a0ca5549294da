/*
 * Handles made and ended over and over, and calls that fail: neither memory, threads nor file
 * descriptors grow.
 *
 *     test_cycles [cycles of handles] [cycles of opening] [KiB that resident memory may grow]
 */
#include "detectors.h"
#include "probe.h"
#include "scene.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 20, LARGE_ROWS = 9 };

static scene_t scene;
static fixture_t damaged; /* one weight is NaN: found out after everything was read */
static fixture_t large; /* enough weights for encoders to rule features out by bounds */
static steer_dictionary_t *large_dictionary;
static float *large_rows; /* [LARGE_ROWS, large.d] */
static char missing[300];
static steer_detector_t *detector;
static char *detector_text;
static size_t first_threads;
static long allowed_growth =
    512; /* of what the allocator keeps; sanitizers need more for their own */

static long resident_kib(void)
{
    long pages = 0, ignored = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
        pages = -1;
    }
    if (file != NULL) {
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static size_t entries_in(const char *folder)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

/* Threads that were joined may stay listed for a moment. */
static size_t count_threads(size_t expected)
{
    size_t found = entries_in("/proc/self/task"), tries;
    for (tries = 0; tries < 1000 && found > expected; tries++) {
        const struct timespec pause = { 0, 1000000 };
        nanosleep(&pause, NULL);
        found = entries_in("/proc/self/task");
    }
    return found;
}

/* Mappings that were left behind need no memory before they are read. */
static size_t count_mappings(void)
{
    size_t lines = 0;
    int c;
    FILE *file = fopen("/proc/self/maps", "r");
    while (file != NULL && (c = fgetc(file)) != EOF) {
        lines += c == '\n';
    }
    if (file != NULL) {
        fclose(file);
    }
    return lines;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static unsigned open_close(void)
{
    steer_dictionary_t *dictionary = NULL;
    const steer_status_t status =
        steer_dictionary_open(scene.fixture.path, NULL, &dictionary, NULL);
    steer_dictionary_close(dictionary);
    return status != STEER_OK;
}

static unsigned open_refused(void)
{
    steer_dictionary_t *dictionary = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    unsigned wrong = steer_dictionary_open(missing, NULL, &dictionary, &error) != STEER_ERR_IO;
    wrong += steer_dictionary_open(damaged.path, NULL, &dictionary, &error) != STEER_ERR_NONFINITE;
    return wrong;
}

static unsigned plans(void)
{
    steer_plan_t *plan = NULL;
    steer_intervention_t wish = scene_wish(5, STEER_MODE_CLAMP, 1);
    uint8_t fingerprint[32];
    unsigned wrong = steer_plan_compile(scene.dictionary, &wish, 1, NULL, &plan, NULL) != STEER_OK;
    wrong += steer_plan_fingerprint(plan, fingerprint, NULL) != STEER_OK;
    steer_plan_destroy(plan);
    return wrong;
}

static unsigned json_plans(void)
{
    static const char text[] = "{\"version\": 1, \"interventions\": [{\"feature\": 1, \"alpha\": 2,"
                               " \"scope\": {\"ranges\": [[1, 3]]}}]}";
    steer_plan_t *plan = NULL;
    const steer_status_t status =
        steer_plan_compile_json(scene.dictionary, text, sizeof text - 1, &plan, NULL);
    steer_plan_destroy(plan);
    return status != STEER_OK;
}

static unsigned refused_plans(void)
{
    steer_plan_t *plan = NULL;
    steer_error_t error = STEER_ERROR_INIT;
    const steer_intervention_t wish = scene_wish(1000, STEER_MODE_CLAMP, 1);
    unsigned wrong =
        steer_plan_compile(scene.dictionary, &wish, 1, NULL, &plan, &error) != STEER_ERR_PLAN;
    wrong += steer_plan_compile_json(scene.dictionary, "{\"version\": [", 13, &plan, &error)
        != STEER_ERR_FILE;
    wrong += steer_plan_compile_json(scene.dictionary, "{\"version\": 7}", 14, &plan, &error)
        != STEER_ERR_PLAN;
    return wrong;
}

static unsigned sessions(void)
{
    steer_session_t *session = NULL, *fork = NULL;
    float row[WIDTH] = { 1, 2, 3 };
    unsigned wrong = steer_session_create(scene.plan, 3, &session, NULL) != STEER_OK;
    wrong += steer_session_apply(session, row, STEER_F32, 1, WIDTH, NULL, NULL) != STEER_OK;
    wrong += steer_session_fork(session, &fork, NULL) != STEER_OK;
    steer_session_destroy(session);
    steer_session_destroy(fork);
    return wrong;
}

static unsigned readers(void)
{
    static const uint32_t features[] = { 4, 40 };
    steer_reader_t *reader = NULL;
    float row[WIDTH] = { 1, 2, 3 }, out[2];
    unsigned wrong = steer_reader_create(scene.dictionary, features, 2, &reader, NULL) != STEER_OK;
    wrong += steer_reader_read(reader, row, STEER_F32, 1, WIDTH, out, 2, NULL) != STEER_OK;
    steer_reader_destroy(reader);
    return wrong;
}

static unsigned encoders(void)
{
    steer_encoder_t *encoder = NULL;
    float row[WIDTH] = { 1, 2, 3 }, values[48];
    uint32_t indices[48];
    uint64_t offsets[2];
    unsigned wrong = steer_encoder_create(scene.dictionary, &encoder, NULL) != STEER_OK;
    wrong += steer_encoder_encode(
                 encoder, row, STEER_F32, 1, WIDTH, offsets, indices, values, 48, NULL, NULL, NULL)
        != STEER_OK;
    steer_encoder_destroy(encoder);
    return wrong;
}

/* With threads of its own and an int8 form that the dictionary keeps: every second one is idle. */
static unsigned encoders_with_workers(void)
{
    static unsigned long made;
    const size_t n = large.n, d = large.d;
    steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    steer_encoder_info_t info = STEER_ENCODER_INFO_INIT;
    steer_encoder_t *encoder = NULL;
    unsigned wrong;
    options.workers = 3;
    wrong =
        steer_encoder_create_with_options(large_dictionary, &options, &encoder, NULL) != STEER_OK;
    if (made++ % 2) {
        static float values[LARGE_ROWS * 1000];
        static uint32_t indices[LARGE_ROWS * 1000];
        uint64_t offsets[LARGE_ROWS + 1];
        wrong += steer_encoder_encode(encoder, large_rows, STEER_F32, LARGE_ROWS, d, offsets,
                     indices, values, LARGE_ROWS * n, NULL, NULL, NULL)
            != STEER_OK;
        wrong += steer_encoder_inspect(encoder, &info, NULL) != STEER_OK || info.workers != 3
            || info.pruned_rows != LARGE_ROWS;
    }
    steer_encoder_destroy(encoder);
    return wrong;
}

static unsigned detectors(void)
{
    steer_detector_t *made = NULL;
    unsigned wrong = steer_detector_open_json(
                         scene.dictionary, detector_text, strlen(detector_text), &made, NULL)
        != STEER_OK;
    steer_detector_destroy(made);
    made = NULL;
    wrong += steer_detector_open_json(
                 scene.dictionary, detector_text, strlen(detector_text) - 5, &made, NULL)
        != STEER_ERR_FILE;
    return wrong;
}

/* Watching alone and in a session, which keeps its monitor to the end. */
static unsigned monitors(void)
{
    steer_monitor_t *monitor = NULL, *fork = NULL;
    steer_session_t *session = NULL;
    float row[WIDTH] = { 1, 2, 3 };
    unsigned wrong = steer_monitor_create(detector, &monitor, NULL) != STEER_OK;
    wrong += steer_monitor_observe(monitor, row, STEER_F32, 1, WIDTH, NULL, NULL) != STEER_OK;
    wrong += steer_monitor_fork(monitor, &fork, NULL) != STEER_OK;
    wrong += steer_session_create(scene.plan, 3, &session, NULL) != STEER_OK;
    wrong += steer_session_set_monitor(session, fork, NULL) != STEER_OK;
    steer_monitor_destroy(fork);
    wrong += steer_session_apply(session, row, STEER_F32, 1, WIDTH, NULL, NULL) != STEER_OK;
    steer_session_destroy(session);
    steer_monitor_destroy(monitor);
    return wrong;
}

static unsigned exports(void)
{
    steer_arrays_t *arrays = NULL;
    steer_plan_arrays_t view;
    unsigned wrong = steer_arrays_create(scene.plan, &arrays, NULL) != STEER_OK;
    memset(&view, 0, sizeof view);
    view.struct_size = (uint32_t)sizeof view;
    wrong += steer_arrays_view(arrays, &view, NULL) != STEER_OK || view.n_slots != 3;
    steer_arrays_destroy(arrays);
    return wrong;
}

/* Errors of the hot path: a row that is not finite. */
static unsigned refused_rows(void)
{
    float row[WIDTH] = { 1, 2, 3 };
    steer_error_t error = STEER_ERROR_INIT;
    row[7] = row[0] / (row[1] - 2);
    return steer_session_apply(scene.session, row, STEER_F32, 1, WIDTH, NULL, &error)
        != STEER_ERR_NONFINITE;
}

static void cycle(const char *name, unsigned (*once)(void), unsigned long cycles)
{
    unsigned long i, wrong = 0;
    long before, after;
    size_t files, mappings;
    double start;
    probe_case("%s", name);
    for (i = 0; i < cycles / 20 + 20; i++) {
        wrong += once(); /* what is kept after the first calls is not growth */
    }
    before = resident_kib();
    files = entries_in("/proc/self/fd");
    mappings = count_mappings();
    start = seconds();
    for (i = 0; i < cycles; i++) {
        wrong += once();
    }
    start = seconds() - start;
    after = resident_kib();
    CHECK(wrong == 0, "%lu calls answered something else", wrong);
    CHECK(before > 0 && after - before <= allowed_growth, "%ld KiB became %ld after %lu cycles",
        before, after, cycles);
    CHECK(entries_in("/proc/self/fd") == files, "%zu file descriptors became %zu", files,
        entries_in("/proc/self/fd"));
    CHECK(count_threads(first_threads) == first_threads, "%zu threads became %zu", first_threads,
        count_threads(first_threads));
    CHECK(count_mappings() <= mappings + 2, "%zu mappings became %zu", mappings, count_mappings());
    printf("%-18s %8lu cycles, %8.2f us each, %+ld KiB\n", name, cycles,
        1e6 * start / (double)cycles, after - before);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const unsigned long handles = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    const unsigned long openings = argc > 2 ? strtoul(argv[2], NULL, 10) : handles / 10;
    const fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_spec_t large_spec = FIXTURE_SPEC_INIT;
    if (argc > 3) {
        allowed_growth = strtol(argv[3], NULL, 10);
    }
    first_threads = entries_in("/proc/self/task");
    scene_make(&scene);
    fixture_make(&damaged, &spec);
    damaged.encoder[spec.features * spec.width - 1] = (float)NAN;
    fixture_write(&damaged);
    large_spec.architecture = "topk";
    large_spec.k = 10;
    large_spec.features = 1000;
    large_spec.width = 40;
    large_dictionary = fixture_create(&large, &large_spec);
    large_rows = (float *)probe_allocate(LARGE_ROWS * large_spec.width * sizeof *large_rows);
    scene_fill(large_rows, STEER_F32, LARGE_ROWS * large_spec.width, 1, 3);
    detector = detector_open(scene.dictionary, 48, WIDTH, 0, 1);
    detector_text = detector_json(48, WIDTH, 0, 1);
    snprintf(missing, sizeof missing, "%s/missing", scene.fixture.path);
    cycle("open, close", open_close, openings);
    cycle("refused folders", open_refused, openings);
    cycle("plans", plans, handles);
    cycle("plans from JSON", json_plans, handles);
    cycle("refused plans", refused_plans, handles);
    cycle("sessions", sessions, handles);
    cycle("readers", readers, handles);
    cycle("encoders", encoders, handles);
    cycle("3 workers", encoders_with_workers, handles < 200 ? handles : 200);
    cycle("detectors", detectors, openings);
    cycle("monitors", monitors, handles);
    cycle("exports", exports, handles);
    cycle("refused rows", refused_rows, handles);
    steer_detector_destroy(detector);
    free(detector_text);
    scene_end(&scene);
    steer_dictionary_close(large_dictionary);
    fixture_end(&large);
    free(large_rows);
    fixture_end(&damaged);
    return probe_finish();
}
