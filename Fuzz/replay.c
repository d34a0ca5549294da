/* Gives files to a fuzz target, one after the other: `replay file...`. */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int i;
    for (i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        uint8_t *bytes = NULL;
        size_t size = 0, capacity = 0, more = 0;
        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        do {
            size += more;
            if (size == capacity) {
                capacity = capacity * 2 + 4096;
                bytes = (uint8_t *)realloc(bytes, capacity);
                if (bytes == NULL) {
                    return 1;
                }
            }
            more = fread(bytes + size, 1, capacity - size, file);
        } while (more > 0);
        fclose(file);
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
    }
    printf("%d inputs replayed\n", argc - 1);
    return argc > 1 ? 0 : 1;
}
