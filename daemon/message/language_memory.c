#include "message/language_memory.h"

#include <assert.h>
#include <stdlib.h>
#include <unicode/uclean.h>

#include "base/mem.h"

static void *language_memory_alloc(const void *context, size_t size)
{
	(void)context;
	return mem_alloc(size);
}

static void *language_memory_resize(const void *context, void *old, size_t size)
{
	(void)context;
	return mem_resize(old, size);
}

static void language_memory_free(const void *context, void *memory)
{
	(void)context;
	free(memory);
}

void language_memory_init(void)
{
	UErrorCode code = U_ZERO_ERROR;
	u_setMemoryFunctions(NULL, language_memory_alloc, language_memory_resize, language_memory_free, &code);
	assert(U_SUCCESS(code)); /* it fails for a function that is NULL */
}
