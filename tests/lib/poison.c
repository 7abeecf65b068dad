/* poison: preloaded into the daemon, it aborts where the text of $POISON is given to a statement: a bug that some data
 * reaches. */
#include <dlfcn.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

int sqlite3_bind_text(sqlite3_stmt *stmt, int at, const char *text, int len, void (*destroy)(void *))
{
	static int (*real)(sqlite3_stmt *, int, const char *, int, void (*)(void *));
	const char *poison = getenv("POISON");
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_bind_text");
	if (poison != NULL && text != NULL && strcmp(text, poison) == 0)
		abort();
	return real(stmt, at, text, len, destroy);
}
