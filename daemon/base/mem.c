#include "base/mem.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void mem_lack(void)
{
	(void)fputs("<2>out of memory\n", stderr);
	abort();
}

void mem_check_errno(void)
{
	if (errno == ENOMEM)
		mem_lack();
}

/* Not prctl(PR_SET_DUMPABLE): it would hide the process from its own account as well, in /proc and from a debugger. */
void mem_forbid_dumps(void)
{
	/* Where the system's core_pattern is a pipe, Linux heeds no limit but 1; and 1 byte is too little for a file. */
	const struct rlimit none = {1, 1};
	if (setrlimit(RLIMIT_CORE, &none) < 0) /* whoever may not raise a limit may lower it */
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static void *mem_check(void *p)
{
	if (p == NULL)
		mem_lack();
	return p;
}

void *mem_alloc(size_t size)
{
	return mem_check(malloc(size != 0 ? size : 1));
}

void *mem_zero(size_t n, size_t size)
{
	return mem_check(calloc(n != 0 ? n : 1, size));
}

void *mem_grow(void *old, size_t n, size_t size)
{
	return mem_check(reallocarray(old, n != 0 ? n : 1, size));
}

void *mem_resize(void *old, size_t size)
{
	return mem_grow(old, size, 1);
}

char *mem_dup(const char *text)
{
	return mem_check(strdup(text));
}

char *mem_dup_n(const char *text, size_t len)
{
	return mem_check(strndup(text, len));
}

void mem_copy_text(char *to, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);
	(void)memcpy(to, text, len);
	to[len] = '\0';
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = mem_vprintf(fmt, args);
	va_end(args);
	return text;
}

char *mem_vprintf(const char *fmt, va_list args)
{
	char *text = NULL;
	int len = vasprintf(&text, fmt, args);
	return mem_check(len < 0 ? NULL : text);
}

void mem_trim(void)
{
	(void)malloc_trim(0); /* whether there was any */
}

void mem_free_secret(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
