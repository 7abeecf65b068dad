#include "store/store_memory.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MEMORY_STEP = 16, MEMORY_SIZES = 128, MEMORY_KEPT = 32 };

struct memory_block {
	int64_t size; /* of what SQLite has, which begins behind it */
	struct memory_block *next;
};

/* The blocks of each size that were given back last. Only the thread that called store_memory_init() keeps any, as one that
 * ends would lose them; every thread may give back what another has got. */
static _Thread_local struct {
	bool keeps;
	struct {
		struct memory_block *first;
		int n;
	} sizes[MEMORY_SIZES];
} memory;

static sqlite3_mem_methods memory_system;

static void *memory_of(struct memory_block *block)
{
	return (char *)block + offsetof(struct memory_block, next);
}

static struct memory_block *memory_block(void *at)
{
	return (struct memory_block *)(void *)((char *)at - offsetof(struct memory_block, next));
}

static int memory_round(int size)
{
	return (int)(((unsigned)size + MEMORY_STEP - 1) / MEMORY_STEP * MEMORY_STEP);
}

/* Where blocks of that size are kept, which is rounded; MEMORY_SIZES and more: nowhere. */
static size_t memory_place(int64_t size)
{
	return (size_t)size / MEMORY_STEP - 1;
}

static void *memory_malloc(int wanted)
{
	int size = memory_round(wanted);
	size_t place = memory_place(size);
	if (place < MEMORY_SIZES && memory.sizes[place].n > 0) {
		struct memory_block *block = memory.sizes[place].first;
		memory.sizes[place].first = block->next;
		memory.sizes[place].n--;
		return memory_of(block);
	}
	struct memory_block *block = memory_system.xMalloc(size + (int)offsetof(struct memory_block, next));
	if (block == NULL)
		return NULL;
	block->size = size;
	return memory_of(block);
}

static void memory_free(void *at)
{
	struct memory_block *block = memory_block(at);
	size_t place = memory_place(block->size);
	if (place >= MEMORY_SIZES || !memory.keeps || memory.sizes[place].n == MEMORY_KEPT) {
		memory_system.xFree(block);
		return;
	}
	block->next = memory.sizes[place].first;
	memory.sizes[place].first = block;
	memory.sizes[place].n++;
}

static int memory_size(void *at)
{
	return (int)memory_block(at)->size;
}

static void *memory_realloc(void *at, int wanted)
{
	int size = memory_round(wanted);
	struct memory_block *block =
		memory_system.xRealloc(memory_block(at), size + (int)offsetof(struct memory_block, next));
	if (block == NULL)
		return NULL;
	block->size = size;
	return memory_of(block);
}

static int memory_start(void *unused)
{
	(void)unused;
	return memory_system.xInit(memory_system.pAppData);
}

static void memory_end(void *unused)
{
	(void)unused;
	memory_system.xShutdown(memory_system.pAppData);
}

void store_memory_init(void)
{
	static const sqlite3_mem_methods methods = {
		.xMalloc = memory_malloc,
		.xFree = memory_free,
		.xRealloc = memory_realloc,
		.xSize = memory_size,
		.xRoundup = memory_round,
		.xInit = memory_start,
		.xShutdown = memory_end,
	};
	memory.keeps = true;
	/* A page is allocated when it is needed; and nobody asks for the counters, which take a lock at every allocation. */
	int rc = sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory_system);
	if (rc == SQLITE_OK)
		rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
	assert(rc == SQLITE_OK); /* it fails when SQLite is in use already */
}
