/*
 * ThreadSanitizer and Swift's Mutex. The fast path of Mutex is inlined into the library and seen;
 * the path that waits lives in libswiftSynchronization, which is not instrumented, so that what one
 * thread wrote under the lock looks unordered to a thread that had to wait for it. These stand in
 * front of the two functions of that path, call them, and tell the sanitizer what they do. Better
 * than suppressions: a race on something that the lock does not protect is still found.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

typedef SWIFT_CALL void lock_function(uint32_t thread, SWIFT_SELF void *handle);
typedef SWIFT_CALL void unlock_function(SWIFT_SELF void *handle);

SWIFT_CALL void probe_lock(uint32_t thread, SWIFT_SELF void *handle) __asm__(LOCK);
SWIFT_CALL void probe_unlock(SWIFT_SELF void *handle) __asm__(UNLOCK);

static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        printf("%s is not there: the Swift runtime is another than this file knows\n", name);
        exit(1);
    }
    return found;
}

SWIFT_CALL void probe_lock(uint32_t thread, SWIFT_SELF void *handle)
{
    lock_function *real;
    *(void **)&real = next(LOCK);
    real(thread, handle);
    __tsan_acquire(handle);
}

SWIFT_CALL void probe_unlock(SWIFT_SELF void *handle)
{
    unlock_function *real;
    *(void **)&real = next(UNLOCK);
    __tsan_release(handle);
    real(handle);
}
