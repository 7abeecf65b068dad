/* ticks.so, preloaded into the daemon: how long its loop is away.
 *
 * It stands in for a timer of 10 ms in the loop. While the loop waits in epoll_wait() such a timer is served in time; while
 * the loop is busy, its ticks wait. The largest gap between two ticks goes to the shared file that BENCH_TICKS names
 * (struct ticks, known to tests/bench/office.py); a reader sets it to 0 to begin anew. Only the main thread counts. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { TICKS_EVERY_NS = 10 * 1000 * 1000 };

struct ticks {
	uint64_t rounds;     /* of the loop */
	uint64_t largest_ns; /* gap between two ticks */
	uint64_t over_20ms, over_100ms;
};

static struct ticks *ticks;
static uint64_t ticks_last_ns;
static pthread_t ticks_main;
static int (*ticks_next)(int, struct epoll_event *, int, int);

static uint64_t ticks_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

__attribute__((constructor)) static void ticks_init(void)
{
	const char *path = getenv("BENCH_TICKS");
	int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *next = dlsym(RTLD_NEXT, "epoll_wait");
	if (fd < 0 || ftruncate(fd, sizeof(struct ticks)) < 0)
		abort();
	ticks = mmap(NULL, sizeof(struct ticks), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ticks == MAP_FAILED || next == NULL)
		abort();
	ticks_next = (int (*)(int, struct epoll_event *, int, int))next;
	ticks_main = pthread_self();
	(void)close(fd);
}

/* The loop is back: the tick that waited is served now, and those it missed are one. */
static void ticks_serve(uint64_t now)
{
	uint64_t gap = now - ticks_last_ns;
	if (gap < TICKS_EVERY_NS)
		return;
	ticks_last_ns = now;
	ticks->largest_ns = gap > ticks->largest_ns ? gap : ticks->largest_ns;
	ticks->over_20ms += gap > 2 * TICKS_EVERY_NS;
	ticks->over_100ms += gap > 10 * TICKS_EVERY_NS;
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout_ms)
{
	if (pthread_equal(pthread_self(), ticks_main) == 0)
		return ticks_next(epoll, events, n, timeout_ms);
	uint64_t now = ticks_now();
	if (ticks_last_ns != 0)
		ticks_serve(now);
	ticks->rounds++;
	int result = ticks_next(epoll, events, n, timeout_ms);
	uint64_t back = ticks_now();
	if (ticks_last_ns == 0)
		ticks_last_ns = back;
	else /* ticks that fell due while it waited were served in time */
		ticks_last_ns += (back - ticks_last_ns) / TICKS_EVERY_NS * TICKS_EVERY_NS;
	return result;
}
