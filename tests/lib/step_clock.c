/* step_clock: preloaded into the daemon, a clock that is set back by three hours at the moment when the wake-up timer is set, once
 * the file $CLOCK_STEP is there. The timer says so as the kernel does when nobody has read of the step: it is set, and fails. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static bool is_back;

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	static int (*real)(int, int, const struct itimerspec *, struct itimerspec *);
	const char *step = getenv("CLOCK_STEP");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "timerfd_settime");
	int status = real(fd, flags, new, old);
	if (is_back || step == NULL || access(step, F_OK) != 0)
		return status;
	is_back = true;
	errno = ECANCELED;
	return -1;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	static int (*real)(clockid_t, struct timespec *);
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	int status = real(id, ret);
	if (id == CLOCK_REALTIME && is_back)
		ret->tv_sec -= 3 * 3600;
	return status;
}
