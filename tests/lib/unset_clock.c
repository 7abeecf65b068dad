/* unset_clock: preloaded into the daemon, a machine that was started $UP_S seconds ago, on which nothing sets the clock until
 * the file $CLOCK_SET is there. */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

int adjtimex(struct timex *timex)
{
	const char *set = getenv("CLOCK_SET");
	timex->status = 0;
	return set != NULL && access(set, F_OK) == 0 ? TIME_OK : TIME_ERROR;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *up_s = getenv("UP_S");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int status = real(id, ret);
	if (id == CLOCK_BOOTTIME && up_s != NULL)
		ret->tv_sec = strtol(up_s, NULL, 10);
	return status;
}
