#include "channel/channel_memory.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/mem.h"

/* As OpenSSL's own are without memory functions: nothing for no bytes. */
static void *channel_memory_alloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return size != 0 ? mem_alloc(size) : NULL;
}

static void channel_memory_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void *channel_memory_resize(void *old, size_t size, const char *file, int line)
{
	if (size != 0)
		return mem_resize(old, size);
	channel_memory_free(old, file, line);
	return NULL;
}

void channel_memory_init(void)
{
	json_set_alloc_funcs(mem_alloc, free);
	event_set_mem_functions(mem_alloc, mem_resize, free);
	/* Refused only where a preloaded library has used OpenSSL before: it allocates in its own way then. */
	(void)CRYPTO_set_mem_functions(channel_memory_alloc, channel_memory_resize, channel_memory_free);
	/* what it starts besides may still lack memory and say so */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, free, mem_resize, mem_dup, mem_zero) != CURLE_OK)
		mem_lack();
}
