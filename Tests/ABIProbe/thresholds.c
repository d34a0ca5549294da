#include "thresholds.h"

#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void end(const char *path, const char *problem)
{
    fprintf(stderr, "%s: %s\n", path, problem);
    exit(1);
}

void thresholds_read(thresholds_t *thresholds, const char *path)
{
    static char text[16384];
    const char *place;
    FILE *file = fopen(path, "rb");
    size_t length;
    int used;
    memset(thresholds, 0, sizeof *thresholds);
    if (file == NULL) {
        end(path, "cannot be opened");
    }
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    place = strstr(text, "\"operations\"");
    place = place ? strchr(place, '{') : NULL;
    if (place == NULL) {
        end(path, "no object \"operations\"");
    }
    do {
        threshold_t *entry = &thresholds->entries[thresholds->count];
        place++;
        used = 0;
        if (thresholds->count == THRESHOLDS_MAX
            || sscanf(place, " \"%63[^\"]\" : %lu %n", entry->name, &entry->allowed, &used) != 2) {
            end(path, "expected up to 64 pairs of a short name and a whole number");
        }
        thresholds->count++;
        place += used;
    } while (*place == ',');
    if (*place != '}') {
        end(path, "expected ',' or '}' after a number");
    }
}

void thresholds_check(thresholds_t *thresholds, const char *name, unsigned long found)
{
    size_t i;
    for (i = 0; i < thresholds->count; i++) {
        threshold_t *entry = &thresholds->entries[i];
        if (strcmp(entry->name, name) == 0) {
            entry->count++;
            entry->found = found > entry->found ? found : entry->found;
            CHECK(found <= entry->allowed, "%s: %lu, allowed are %lu", name, found, entry->allowed);
            return;
        }
    }
    CHECK(0, "no threshold for '%s': %lu were found", name, found);
}

void thresholds_finish(const thresholds_t *thresholds)
{
    size_t i;
    for (i = 0; i < thresholds->count; i++) {
        const threshold_t *entry = &thresholds->entries[i];
        printf("%-34s %5lu calls, at most %lu, allowed %lu\n", entry->name, entry->count,
            entry->found, entry->allowed);
        CHECK(entry->count > 0, "'%s' has a threshold, and nothing measures it", entry->name);
    }
}
