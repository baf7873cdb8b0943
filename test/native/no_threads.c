// Preloaded (LD_PRELOAD), refuses every thread that the addon asks for after the first GRANTED_THREADS of them;
// Node's own are granted.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*), void* context) {
  static int granted = 0;
  Dl_info caller;
  if (dladdr(__builtin_return_address(0), &caller) && strstr(caller.dli_fname, "saccade.node") &&
      granted++ >= atoi(getenv("GRANTED_THREADS"))) {
    return EAGAIN;
  }
  int (*real)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) = dlsym(RTLD_NEXT, "pthread_create");
  return real(thread, attributes, function, context);
}
