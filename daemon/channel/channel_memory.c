#include "channel/channel_memory.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/mem.h"

void channel_memory_init(void)
{
	json_set_alloc_funcs(mem_alloc, free);
	event_set_mem_functions(mem_alloc, mem_resize, free);
	/* what it starts besides, TLS for one, may still lack memory and say so */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, free, mem_resize, mem_dup, mem_zero) != CURLE_OK)
		mem_lack();
}
