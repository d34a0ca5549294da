/* Threads that start together. */
#ifndef CEILINGS_TEAM_H
#define CEILINGS_TEAM_H

enum { TEAM_MAX = 64 };

typedef void team_body(void *context, int index, int count);

/* Runs `body` as 0 to count - 1, one of them on the calling thread. Seconds from the moment that all
 * stand ready to the end of the last. */
double team_run(int count, team_body *body, void *context);

#endif
