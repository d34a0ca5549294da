/*
 * Threads share a dictionary and plans while state that is made on first use is being made, and
 * each has sessions of its own: what every thread finds must be what one thread alone finds, bit
 * for bit.
 *
 *     test_threads [rounds]
 */
#include "detectors.h"
#include "probe.h"
#include "scene.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, WIDTH = 64, FEATURES = 512, ROWS = 24, K = 24 };

/* All that one thread finds. */
typedef struct findings {
    steer_verdict_t verdicts[DETECTOR_STRUCTURES];
    uint8_t fingerprint[32];
    float rows[ROWS * WIDTH];
    float read[ROWS * 2];
    uint64_t offsets[ROWS + 1];
    uint32_t indices[ROWS * FEATURES];
    float values[ROWS * FEATURES];
} findings_t;

typedef struct job {
    const steer_dictionary_t *dictionary;
    const steer_detector_t *detector; /* shared */
    const steer_plan_t *plan; /* shared; NULL: compile one */
    pthread_barrier_t *start; /* NULL: alone */
    size_t turn; /* where in the list of things to do this thread begins */
    findings_t *findings;
    unsigned failures;
} job_t;

static const uint32_t read_features[] = { 300, 7 };

static steer_status_t compile(const steer_dictionary_t *dictionary, steer_plan_t **plan)
{
    steer_intervention_t wishes[3];
    wishes[0] = scene_wish(7, STEER_MODE_CLAMP, 2);
    wishes[1] = scene_wish(300, STEER_MODE_SCALE, 0.5);
    wishes[2] = scene_wish(9, STEER_MODE_ADD, 1);
    return steer_plan_compile(dictionary, wishes, 3, NULL, plan, NULL);
}

/* The same five things in an order of its own, so that first uses meet. CHECK is for one thread
 * only. */
static void work(job_t *job)
{
    findings_t *found = job->findings;
    float rows[ROWS * WIDTH];
    size_t step;
    steer_plan_t *own = NULL;
    steer_session_t *session = NULL;
    steer_reader_t *reader = NULL;
    steer_encoder_t *encoder = NULL;
    steer_monitor_t *monitor = NULL;
    size_t r;
    /* Alone the plain way; at once with one to three workers, whose first use makes the int8 form. */
    steer_encoder_options_t options = STEER_ENCODER_OPTIONS_INIT;
    options.plain = job->start == NULL;
    options.workers = (uint32_t)(1 + job->turn % 3);
    scene_fill(rows, STEER_F32, ROWS * WIDTH, 1.5, 42);
    for (step = 0; step < 5; step++) {
        switch ((step + job->turn) % 5) {
        case 0:
            job->failures +=
                steer_encoder_create_with_options(job->dictionary, &options, &encoder, NULL)
                    != STEER_OK
                || steer_encoder_encode(encoder, rows, STEER_F32, ROWS, WIDTH, found->offsets,
                       found->indices, found->values, ROWS * FEATURES, NULL, NULL, NULL)
                    != STEER_OK;
            break;
        case 1:
            job->failures += compile(job->dictionary, &own) != STEER_OK
                || steer_plan_fingerprint(job->plan ? job->plan : own, found->fingerprint, NULL)
                    != STEER_OK;
            break;
        case 2:
            job->failures +=
                steer_reader_create(job->dictionary, read_features, 2, &reader, NULL) != STEER_OK
                || steer_reader_read(reader, rows, STEER_F32, ROWS, WIDTH, found->read, 2, NULL)
                    != STEER_OK;
            break;
        case 3:
            job->failures += steer_monitor_create(job->detector, &monitor, NULL) != STEER_OK;
            for (r = 0; r < ROWS; r++) {
                job->failures += steer_monitor_observe(
                                     monitor, rows + r * WIDTH, STEER_F32, 1, WIDTH, NULL, NULL)
                    != STEER_OK;
            }
            for (r = 0; r < DETECTOR_STRUCTURES; r++) {
                found->verdicts[r] = (steer_verdict_t)STEER_VERDICT_INIT;
                job->failures +=
                    steer_monitor_verdict(monitor, r, 0, &found->verdicts[r], NULL) != STEER_OK;
            }
            break;
        default: {
            const steer_plan_t *plan = job->plan;
            if (plan == NULL) {
                steer_plan_t *another = NULL;
                job->failures += compile(job->dictionary, &another) != STEER_OK;
                job->failures += steer_session_create(another, 0, &session, NULL) != STEER_OK;
                steer_plan_destroy(another);
            } else {
                job->failures += steer_session_create(plan, 0, &session, NULL) != STEER_OK;
            }
            memcpy(found->rows, rows, sizeof rows);
            for (r = 0; r < ROWS; r++) {
                job->failures += steer_session_apply(session, found->rows + r * WIDTH, STEER_F32, 1,
                                     WIDTH, NULL, NULL)
                    != STEER_OK;
            }
        }
        }
    }
    steer_plan_destroy(own);
    steer_session_destroy(session);
    steer_reader_destroy(reader);
    steer_encoder_destroy(encoder);
    steer_monitor_destroy(monitor);
}

static void *run(void *argument)
{
    job_t *job = (job_t *)argument;
    pthread_barrier_wait(job->start);
    work(job);
    return NULL;
}

static findings_t *new_findings(void) { return (findings_t *)probe_allocate(sizeof(findings_t)); }

static void test_round(const char *architecture, size_t round)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    findings_t *alone = new_findings(), *found[THREADS];
    job_t jobs[THREADS], single;
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    steer_dictionary_t *dictionary;
    steer_detector_t *detector;
    steer_plan_t *plan = NULL;
    size_t i, r;
    probe_case("%s, round %zu", architecture, round);
    spec.architecture = architecture;
    spec.features = FEATURES;
    spec.width = WIDTH;
    spec.k = strstr(architecture, "topk") ? K : 0;
    spec.rescales = strcmp(architecture, "abstopk") == 0;
    spec.seed = 3;
    dictionary = fixture_create(&fixture, &spec);
    memset(&single, 0, sizeof single);
    single.dictionary = dictionary;
    single.detector = detector = detector_open(dictionary, FEATURES, WIDTH, 0, 1);
    single.findings = alone;
    work(&single);
    steer_detector_destroy(detector);
    CHECK(single.failures == 0, "%u calls failed", single.failures);
    CHECK(alone->verdicts[0].n_blocks > 1 && alone->verdicts[0].tokens_kept == ROWS - 1
            && (alone->verdicts[0].flags & STEER_VERDICT_HAS_P),
        "a verdict of %lu tokens", (unsigned long)alone->verdicts[0].tokens_kept);
    steer_dictionary_close(dictionary);

    /* Another opening: nothing of what is made on first use is there yet. */
    dictionary = fixture_open(&fixture);
    detector = detector_open(dictionary, FEATURES, WIDTH, 0, 1);
    if (round % 2) {
        REQUIRE_OK(compile(dictionary, &plan));
    }
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (i = 0; i < THREADS; i++) {
        memset(&jobs[i], 0, sizeof jobs[i]);
        jobs[i].dictionary = dictionary;
        jobs[i].detector = detector;
        jobs[i].plan = plan;
        jobs[i].start = &barrier;
        jobs[i].turn = round + i;
        jobs[i].findings = found[i] = new_findings();
        if (pthread_create(&threads[i], NULL, run, &jobs[i]) != 0) {
            printf("cannot start a thread\n");
            exit(1);
        }
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    steer_plan_destroy(plan);
    steer_detector_destroy(detector);
    steer_dictionary_close(dictionary);
    pthread_barrier_destroy(&barrier);
    for (i = 0; i < THREADS; i++) {
        CHECK(jobs[i].failures == 0, "thread %zu: %u calls failed", i, jobs[i].failures);
        CHECK(memcmp(found[i]->fingerprint, alone->fingerprint, 32) == 0, "thread %zu: fingerprint",
            i);
        CHECK(memcmp(found[i]->rows, alone->rows, sizeof alone->rows) == 0, "thread %zu: rows", i);
        CHECK(memcmp(found[i]->read, alone->read, sizeof alone->read) == 0,
            "thread %zu: activations", i);
        CHECK(memcmp(found[i]->verdicts, alone->verdicts, sizeof alone->verdicts) == 0,
            "thread %zu: verdicts", i);
        CHECK(memcmp(found[i]->offsets, alone->offsets, sizeof alone->offsets) == 0,
            "thread %zu: offsets", i);
        r = (size_t)alone->offsets[ROWS];
        CHECK(r > 0 && memcmp(found[i]->indices, alone->indices, r * 4) == 0
                && memcmp(found[i]->values, alone->values, r * 4) == 0,
            "thread %zu: codes", i);
        free(found[i]);
    }
    free(alone);
    fixture_end(&fixture);
}

/* Threads make and end handles of one dictionary at once: counts of holders must not be lost. */
typedef struct churn {
    const steer_dictionary_t *dictionary;
    size_t rounds;
    unsigned failures;
} churn_t;

static void *churn(void *argument)
{
    churn_t *job = (churn_t *)argument;
    size_t i;
    for (i = 0; i < job->rounds; i++) {
        steer_plan_t *plan = NULL;
        steer_session_t *session = NULL, *fork = NULL;
        float row[WIDTH] = { 1 };
        job->failures += compile(job->dictionary, &plan) != STEER_OK
            || steer_session_create(plan, 0, &session, NULL) != STEER_OK;
        steer_plan_destroy(plan);
        job->failures += steer_session_fork(session, &fork, NULL) != STEER_OK;
        steer_session_destroy(session);
        job->failures +=
            steer_session_apply(fork, row, STEER_F32, 1, WIDTH, NULL, NULL) != STEER_OK;
        steer_session_destroy(fork);
    }
    return NULL;
}

static void test_churn(size_t rounds)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    churn_t jobs[THREADS];
    pthread_t threads[THREADS];
    size_t i;
    probe_case("handles made and ended at once");
    spec.features = FEATURES;
    spec.width = WIDTH;
    dictionary = fixture_create(&fixture, &spec);
    for (i = 0; i < THREADS; i++) {
        jobs[i].dictionary = dictionary;
        jobs[i].rounds = rounds;
        jobs[i].failures = 0;
        if (pthread_create(&threads[i], NULL, churn, &jobs[i]) != 0) {
            printf("cannot start a thread\n");
            exit(1);
        }
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(jobs[i].failures == 0, "thread %zu: %u calls failed", i, jobs[i].failures);
    }
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

int main(int argc, char **argv)
{
    static const char *const architectures[] = { "jumprelu", "topk", "abstopk", "gated" };
    const size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 12;
    size_t a, round;
    for (a = 0; a < 4; a++) {
        for (round = 0; round < rounds; round++) {
            test_round(architectures[a], round);
        }
    }
    test_churn(rounds * 50);
    return probe_finish();
}
