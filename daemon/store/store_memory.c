#include "store/store_memory.h"

#include <assert.h>
#include <sqlite3.h>
#include <stddef.h>

void store_memory_init(void)
{
	/* A page is allocated when it is needed; and nobody asks for the counters, which take a lock at every allocation. */
	int rc = sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	assert(rc == SQLITE_OK); /* it fails when SQLite is in use already */
}
