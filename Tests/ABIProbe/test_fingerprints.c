/*
 * Fingerprints agree for equal plans, in any order and in another process, and differ for any
 * change that a row could notice.
 */
#include "probe.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 64, N_WISHES = 4 };

static uint8_t prints[MOST][32];
static char names[MOST][64];
static size_t n_prints;

static void wishes_make(steer_intervention_t *wishes)
{
    wishes[0] = scene_wish(3, STEER_MODE_CLAMP, 1.5);
    wishes[1] = scene_wish(7, STEER_MODE_ADD, -2);
    wishes[2] = scene_wish(11, STEER_MODE_FLOOR, 0.25);
    wishes[3] = scene_wish(7, STEER_MODE_ADD, 0.5);
}

static void print_of(const steer_dictionary_t *dictionary, const steer_intervention_t *wishes,
    size_t count, const steer_scope_t *scope, uint8_t *out)
{
    steer_plan_t *plan = scene_plan(dictionary, wishes, count, scope);
    REQUIRE_OK(steer_plan_fingerprint(plan, out, &probe_error));
    steer_plan_destroy(plan);
}

/* Another plan, whose fingerprint must differ from all before. */
static void differs(const char *name, const steer_dictionary_t *dictionary,
    const steer_intervention_t *wishes, size_t count, const steer_scope_t *scope)
{
    size_t i;
    print_of(dictionary, wishes, count, scope, prints[n_prints]);
    snprintf(names[n_prints], sizeof names[0], "%s", name);
    for (i = 0; i < n_prints; i++) {
        CHECK(memcmp(prints[i], prints[n_prints], 32) != 0, "'%s' and '%s' have one fingerprint",
            names[i], name);
    }
    n_prints++;
}

static void test_changes_of_plans(const steer_dictionary_t *dictionary)
{
    steer_intervention_t w[N_WISHES];
    steer_scope_t scope = STEER_SCOPE_INIT;
    steer_range_t ranges[2] = { { 1, 5 }, { 7, 9 } };
    wishes_make(w);
    differs("the plan", dictionary, w, 4, NULL);
    differs("one less", dictionary, w, 3, NULL);
    w[0].alpha = 1.5000001;
    differs("alpha by one part in 10^7", dictionary, w, 4, NULL);
    wishes_make(w);
    w[0].feature = 4;
    differs("feature", dictionary, w, 4, NULL);
    wishes_make(w);
    w[0].mode = STEER_MODE_FLOOR;
    differs("mode", dictionary, w, 4, NULL);
    w[0].mode = STEER_MODE_CEILING;
    differs("another mode", dictionary, w, 4, NULL);
    wishes_make(w);
    w[1].strength = STEER_STRENGTH_UNIT;
    differs("strength", dictionary, w, 4, NULL);
    w[1].strength = STEER_STRENGTH_RELATIVE;
    differs("another strength", dictionary, w, 4, NULL);
    w[1].strength = STEER_STRENGTH_MAX_ACTIVATION;
    w[1].max_activation = 3;
    differs("max activation", dictionary, w, 4, NULL);
    wishes_make(w);
    scope.skip_first = 1;
    differs("skip_first", dictionary, w, 4, &scope);
    w[0].scope = &scope;
    differs("skip_first of one", dictionary, w, 4, NULL);
    wishes_make(w);
    w[1].scope = &scope;
    differs("skip_first of another", dictionary, w, 4, NULL);
    wishes_make(w);
    scope.skip_first = 2;
    differs("skip_first 2", dictionary, w, 4, &scope);
    scope.phase = STEER_PHASE_PROMPT;
    differs("prompt", dictionary, w, 4, &scope);
    scope.phase = STEER_PHASE_GENERATED;
    differs("generated", dictionary, w, 4, &scope);
    scope.phase = STEER_PHASE_ALL;
    scope.ranges = ranges;
    scope.n_ranges = 1;
    differs("a range", dictionary, w, 4, &scope);
    scope.n_ranges = 2;
    differs("two ranges", dictionary, w, 4, &scope);
    ranges[1].end = 10;
    differs("another end", dictionary, w, 4, &scope);
}

/* One weight at a time: those that the plan reads count. */
static void test_changes_of_weights(const char *architecture, const char *normalisation)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    steer_intervention_t wishes[N_WISHES];
    uint8_t plain[32], again[32], reordered[32];
    size_t change, i;
    steer_intervention_t other_order[N_WISHES];
    wishes_make(wishes);
    for (i = 0; i < N_WISHES; i++) {
        other_order[i] = wishes[(i + 3) % N_WISHES];
    }
    spec.architecture = architecture;
    spec.normalisation = normalisation;
    spec.k = strstr(architecture, "topk") ? 6 : 0;
    spec.rescales = spec.k > 0;
    for (change = 0; change < 10; change++) {
        fixture_t fixture;
        steer_dictionary_t *dictionary;
        char name[64];
        const size_t d = spec.width;
        const int gated = strcmp(architecture, "gated") == 0, ranks = spec.k > 0;
        fixture_make(&fixture, &spec);
        switch (change) {
        case 1: fixture.encoder[3 * d + 5] *= 1.0000002f; break;
        case 2: fixture.decoder[7 * d + 19] *= 1.0000002f; break;
        case 3: fixture.encoder_bias[11] += 1e-3f; break;
        case 4: fixture.decoder_bias[4] += 1e-3f; break;
        case 5: fixture.threshold[3] += 1e-3f; break;
        case 6: fixture.gate_bias[3] += 1e-3f; break;
        case 7: fixture.magnitude_bias[11] += 1e-3f; break;
        case 8: fixture.log_scale[3] += 1e-3f; break;
        case 9: fixture.encoder[40 * d] += 1e-3f; break; /* a rival's */
        default: break;
        }
        fixture_write(&fixture);
        dictionary = fixture_open(&fixture);
        snprintf(name, sizeof name, "%s, %s, weight %zu", architecture, normalisation, change);
        probe_case("%s", name);
        print_of(dictionary, wishes, N_WISHES, NULL, again);
        print_of(dictionary, other_order, N_WISHES, NULL, reordered);
        CHECK(memcmp(again, reordered, 32) == 0, "another order has another fingerprint");
        if (change == 0) {
            memcpy(plain, again, 32);
            differs(name, dictionary, wishes, N_WISHES, NULL);
        } else if (change <= 2 || change == 4 || (change == 3 && !gated)
            || (change == 5 && strncmp(architecture, "jump", 4) == 0)
            || (change >= 6 && change <= 8 && gated) || (change == 9 && ranks)) {
            differs(name, dictionary, wishes, N_WISHES, NULL);
        } else {
            CHECK(memcmp(plain, again, 32) == 0, "a weight that the plan does not read changes it");
        }
        steer_dictionary_close(dictionary);
        fixture_end(&fixture);
    }
}

/* The same weights under another configuration; a plan that only adds reads less of it. */
static void test_changes_of_configuration(void)
{
    size_t change;
    for (change = 0; change < 7; change++) {
        fixture_spec_t spec = FIXTURE_SPEC_INIT;
        fixture_t fixture;
        steer_dictionary_t *dictionary;
        steer_intervention_t wishes[N_WISHES];
        char name[64];
        wishes_make(wishes);
        spec.architecture = change == 6 ? "abstopk" : "topk";
        spec.k = change == 1 ? 7 : 6;
        spec.rescales = change == 2;
        spec.subtracts = change != 3;
        spec.normalisation = change == 4 ? "layer_norm" : "none";
        spec.activation_scale = change == 5 ? 1.5 : 0;
        dictionary = fixture_create(&fixture, &spec);
        snprintf(name, sizeof name, "configuration %zu", change);
        probe_case("%s", name);
        differs(name, dictionary, wishes, N_WISHES, NULL);
        if (change == 0 || change == 2 || change == 4 || change == 5) {
            snprintf(name, sizeof name, "configuration %zu, only adding", change);
            differs(name, dictionary, wishes + 1, 1, NULL);
        }
        steer_dictionary_close(dictionary);
        fixture_end(&fixture);
    }
}

static void print_hexadecimal(FILE *file, const uint8_t *bytes)
{
    size_t i;
    for (i = 0; i < 32; i++) {
        fprintf(file, "%02x", bytes[i]);
    }
}

/* Run as `program folder`: writes the fingerprint that this process finds. */
static int child(const char *folder)
{
    steer_dictionary_t *dictionary = NULL;
    steer_intervention_t wishes[N_WISHES];
    uint8_t print[32];
    wishes_make(wishes);
    REQUIRE_OK(steer_dictionary_open(folder, NULL, &dictionary, &probe_error));
    print_of(dictionary, wishes, N_WISHES, NULL, print);
    print_hexadecimal(stdout, print);
    steer_dictionary_close(dictionary);
    return 0;
}

static void test_other_process(const char *program, const char *architecture)
{
    fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    steer_intervention_t wishes[N_WISHES];
    uint8_t print[32];
    char found[65] = "", expected[65];
    int ends[2], status = -1;
    size_t i, length = 0;
    ssize_t more;
    pid_t pid;
    probe_case("another process, %s", architecture);
    spec.architecture = architecture;
    spec.k = strstr(architecture, "topk") ? 6 : 0;
    dictionary = fixture_create(&fixture, &spec);
    wishes_make(wishes);
    print_of(dictionary, wishes, N_WISHES, NULL, print);
    for (i = 0; i < 32; i++) {
        snprintf(expected + 2 * i, 3, "%02x", print[i]);
    }
    if (pipe(ends) != 0) {
        perror("pipe");
        exit(1);
    }
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl(program, program, fixture.path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while (length < 64 && (more = read(ends[0], found + length, 64 - length)) > 0) {
        length += (size_t)more;
    }
    close(ends[0]);
    waitpid(pid, &status, 0);
    CHECK(status == 0 && strcmp(found, expected) == 0, "'%s', expected '%s'", found, expected);
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
}

int main(int argc, char **argv)
{
    const fixture_spec_t spec = FIXTURE_SPEC_INIT;
    fixture_t fixture;
    steer_dictionary_t *dictionary;
    if (argc == 2) {
        return child(argv[1]);
    }
    dictionary = fixture_create(&fixture, &spec);
    probe_case("changes of the plan");
    test_changes_of_plans(dictionary);
    steer_dictionary_close(dictionary);
    fixture_end(&fixture);
    n_prints = 0; /* the plan on the first dictionary comes again below */
    test_changes_of_weights("jumprelu", "none");
    test_changes_of_weights("jumprelu", "constant_norm_rescale");
    test_changes_of_weights("jumprelu", "layer_norm");
    test_changes_of_weights("gated", "none");
    test_changes_of_weights("topk", "none");
    test_changes_of_weights("abstopk", "none");
    test_changes_of_weights("standard", "none");
    n_prints = 0;
    test_changes_of_configuration();
    test_other_process(argv[0], "jumprelu");
    test_other_process(argv[0], "topk");
    return probe_finish();
}
