/* fail: preloaded into a program, it makes one allocation fail, whoever asks for it: our own code, SQLite, libcurl,
 * libevent, jansson, OpenSSL, ICU, the C library itself. Directed by the environment:
 *
 *   OOM_AT      which allocation fails, 1 being the first of the process; absent: none
 *   OOM_TIMES   how many fail in a row from there on (1)
 *   OOM_REPORT  a file that gets, as they happen, lines like
 *                   failed 1234        and the stack, one frame a line, indented by what backtrace_symbols_fd() writes
 *                   total 4321         allocations, when the program comes to its end
 *   OOM_PLACES  set: also "place 17" for the first allocation of each distinct stack; needs fixed addresses (setarch -R)
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAIL_FRAMES = 24, FAIL_PLACE_FRAMES = 10, FAIL_PLACES_MAX = 1 << 17 };

/* The C library's own, under the names that stay when the others are replaced. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);

static atomic_ullong fail_count;
static unsigned long long fail_from, fail_until; /* those in [from, until) fail; 0: none */
static int fail_report = -1;
static bool fail_wants_places, fail_is_set_up;
static uint64_t fail_places[FAIL_PLACES_MAX]; /* a hash set of stacks */
static _Thread_local bool fail_is_busy;       /* what the report itself allocates neither counts nor fails */

static unsigned long long fail_number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);
	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void fail_set_up(void)
{
	void *frames[FAIL_FRAMES];
	fail_is_set_up = true;
	fail_is_busy = true;
	const char *path = getenv("OOM_REPORT");
	if (path != NULL)
		fail_report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	fail_wants_places = getenv("OOM_PLACES") != NULL;
	fail_from = fail_number("OOM_AT", 0);
	fail_until = fail_from + fail_number("OOM_TIMES", 1);
	(void)backtrace(frames, FAIL_FRAMES); /* loads what it needs now, not in the middle of a failure */
	fail_is_busy = false;
}

static void fail_say(const char *word, unsigned long long number)
{
	char line[64], *at = line + sizeof(line);
	*--at = '\n';
	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	*--at = ' ';
	size_t len = strlen(word);
	at = memcpy(at - len, word, len);
	(void)!write(fail_report, at, (size_t)(line + sizeof(line) - at));
}

static bool fail_is_new_place(void)
{
	void *frames[FAIL_PLACE_FRAMES];
	int n = backtrace(frames, FAIL_PLACE_FRAMES);
	uint64_t hash = 14695981039346656037U;
	for (int i = 0; i < n; i++)
		hash = (hash ^ (uint64_t)(uintptr_t)frames[i]) * 1099511628211U;
	for (size_t i = 0; i < FAIL_PLACES_MAX; i++) {
		uint64_t *slot = &fail_places[(hash + i) % FAIL_PLACES_MAX];
		if (*slot == hash)
			return false;
		if (*slot == 0) {
			*slot = hash;
			return true;
		}
	}
	return false;
}

static void fail_tell(unsigned long long number, bool is_failing)
{
	void *frames[FAIL_FRAMES];
	fail_is_busy = true;
	if (fail_wants_places && fail_is_new_place())
		fail_say("place", number);
	if (is_failing) {
		fail_say("failed", number);
		backtrace_symbols_fd(frames, backtrace(frames, FAIL_FRAMES), fail_report);
	}
	fail_is_busy = false;
}

/* Counts an allocation; whether it is one that fails. */
static bool fail_now(void)
{
	if (!fail_is_set_up)
		fail_set_up();
	if (fail_is_busy)
		return false;
	unsigned long long number = atomic_fetch_add(&fail_count, 1) + 1;
	bool is_failing = number >= fail_from && number < fail_until && fail_from != 0;
	if (fail_report >= 0 && (is_failing || fail_wants_places))
		fail_tell(number, is_failing);
	if (is_failing)
		errno = ENOMEM;
	return is_failing;
}

__attribute__((destructor)) static void fail_end(void)
{
	if (fail_report >= 0)
		fail_say("total", atomic_load(&fail_count));
}

void *malloc(size_t size)
{
	return fail_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fail_now() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	return (size != 0 || old == NULL) && fail_now() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size)
{
	return fail_now() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **ret_memory, size_t alignment, size_t size)
{
	int before = errno;
	void *memory = memalign(alignment, size);
	errno = before; /* POSIX leaves it alone */
	if (memory == NULL)
		return ENOMEM;
	*ret_memory = memory;
	return 0;
}
