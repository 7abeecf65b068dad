#include "service/refusal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"

#define REFUSAL_KEY "reload_refused"

char *refusal_words(const struct problems *problems, const char *config)
{
	char *more;
	if (problems->n == 0)
		return mem_printf("%s cannot be read", config);
	char *first = problem_words(&problems->items[0]);
	int64_t n = (int64_t)problems->n - 1;
	more = n > 0 ? mem_printf("; and %" PRId64 " more %s", n, num_word(n, "problem", "problems")) : mem_dup("");
	char *words = mem_printf("%s%s", first, more);
	free(first);
	free(more);
	log_redact(words); /* a secret may have become known only after the problem was */
	return words;
}

/* "AT_UTC WHY"; the empty text stands for none. */
static int refusal_write(struct store *store, const struct refusal *refusal, struct err *err)
{
	char *text = refusal->why != NULL ? mem_printf("%" PRId64 " %s", refusal->at_utc, refusal->why) : mem_dup("");
	int status = store_begin(store, err);
	if (status == 0)
		status = store_meta_save(store, REFUSAL_KEY, text, err);
	if (status == 0)
		status = store_commit(store, err);
	else
		store_rollback(store);
	free(text);
	return status;
}

int refusal_save(struct store *store, const struct refusal *refusal, struct err *err)
{
	struct refusal kept = {0};
	int status = refusal->why == NULL ? refusal_load(store, &kept, err) : 0;
	if (status == 0 && (refusal->why != NULL || kept.why != NULL))
		status = refusal_write(store, refusal, err);
	refusal_done(&kept);
	return status;
}

/* What cannot be read counts as none. */
static struct refusal refusal_parse(char *text)
{
	struct refusal refusal = {0};
	char *why = strchr(text, ' ');
	if (why == NULL)
		return refusal;
	*why++ = '\0';
	if (num_parse(text, 0, STORE_NEVER, &refusal.at_utc, NULL) == 0)
		refusal.why = mem_dup(why);
	return refusal;
}

int refusal_load(struct store *store, struct refusal *ret_refusal, struct err *err)
{
	char *text = NULL;
	int status = store_meta_load(store, REFUSAL_KEY, &text, err);
	if (status < 0)
		return status;
	*ret_refusal = text != NULL ? refusal_parse(text) : (struct refusal){0};
	free(text);
	return 0;
}

void refusal_done(struct refusal *refusal)
{
	free(refusal->why);
	*refusal = (struct refusal){0};
}
