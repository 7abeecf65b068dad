#include "service/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "remind/notice.h"
#include "service/audit_priv.h"
#include "store/store_channel.h"

struct audit *audit_new(int64_t now_utc, int64_t first_after_s)
{
	struct audit *audit = mem_zero(1, sizeof(*audit));
	int64_t wait_s = first_after_s < AUDIT_EVERY_S ? first_after_s : AUDIT_EVERY_S;
	*audit = (struct audit){.start_utc = now_utc, .next_utc = now_utc + wait_s};
	return audit;
}

void audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	audit_steps_done(&audit->soon);
	free(audit->ready);
	free(audit);
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

static bool audit_has(const struct store_audit *audit, const char *kind)
{
	for (size_t i = 0; i < audit->n_findings; i++)
		if (strcmp(audit->findings[i].kind, kind) == 0)
			return true;
	return false;
}

static int audit_warn_of_certificate(const struct audit_view *view, const char *channel, struct err *err)
{
	struct store_channel known;
	char until[32];
	int status = store_channel_load(view->store, channel, &known, err);
	if (status < 0)
		return status;
	int64_t until_utc = known.certificate_until_utc;
	store_channel_done(&known);
	if (until_utc == 0 || until_utc - view->now_utc > AUDIT_CERTIFICATE_S)
		return 0;
	clock_format_utc(until_utc, until);
	char *key = mem_printf("certificate %s %s", channel, until);
	char *text =
		mem_printf("The certificate of the server of channel %s ends at %s. Without a new one nothing is sent "
			   "by this channel from then on.",
			   channel, until);
	status = notice_once(view->planner, view->store, key, text, view->now_utc, err);
	free(text);
	free(key);
	return status;
}

/* What earlier audits found within a day counts on: of large tables it is seen again only when their turn comes. */
static void audit_remember(struct audit *audit, int64_t now_utc)
{
	for (size_t i = 0; i < audit->known.n_findings; i++) {
		const struct store_audit_finding *finding = &audit->known.findings[i];
		int64_t age_s = now_utc - finding->seen_utc;
		if (age_s < 0 || age_s >= STORE_AUDIT_KEPT_S || audit_has(&audit->fresh, finding->kind) ||
		    audit->fresh.n_findings == STORE_AUDIT_FINDINGS)
			continue;
		audit->fresh.findings[audit->fresh.n_findings++] = *finding;
	}
}

/* One notice for all that is new. */
static int audit_tell(const struct audit *audit, const struct audit_view *view, struct err *err)
{
	char *text = mem_dup("The hourly audit found what must not be: "), *key;
	bool is_new = false;
	for (size_t i = 0; i < audit->fresh.n_findings; i++) {
		const struct store_audit_finding *finding = &audit->fresh.findings[i];
		if (audit_has(&audit->known, finding->kind))
			continue;
		char *longer = mem_printf("%s%s%s", text, is_new ? "; " : "", finding->text);
		free(text);
		text = longer;
		is_new = true;
	}
	key = mem_printf("audit %lld", (long long)view->now_utc);
	int status = is_new ? notice_once(view->planner, view->store, key, text, view->now_utc, err) : 0;
	free(key);
	free(text);
	return status;
}

static int audit_end(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = 0;
	audit_remember(audit, view->now_utc);
	audit->fresh.done_utc = view->now_utc;
	audit->fresh.started_utc = audit->start_utc;
	for (size_t i = 0; i < view->n_channels && status == 0; i++)
		status = audit_warn_of_certificate(view, view->channels[i].name, err);
	if (status == 0)
		status = audit_tell(audit, view, err);
	if (status == 0)
		status = store_audit_save(view->store, &audit->fresh, err);
	if (status == 0)
		audit->stage = AUDIT_ENDED;
	return status;
}

/* ---- the machine -------------------------------------------------------------------------------------------------- */

/* The last verdict, and that the daemon has been started since, is in the database from the first pass on. */
static int audit_begin_life(struct audit *audit, const struct audit_view *view, struct err *err)
{
	int status = store_audit_load(view->store, &audit->known, err);
	if (status == 0 && audit->known.started_utc != audit->start_utc) {
		audit->known.started_utc = audit->start_utc;
		status = store_audit_save(view->store, &audit->known, err);
	}
	audit->is_known = status == 0;
	return status;
}

static bool audit_is_due(const struct audit *audit, int64_t now_utc)
{
	bool was_set_back = audit->next_utc - now_utc > AUDIT_EVERY_S;
	return now_utc >= audit->next_utc || was_set_back;
}

static void audit_begin(struct audit *audit, int64_t now_utc)
{
	audit->stage = AUDIT_TABLES;
	audit->fresh = (struct store_audit){0};
	audit->table = 0;
	audit->rows_left = AUDIT_ROWS_AN_HOUR;
	if (now_utc < audit->soon.after_utc)
		audit_steps_done(&audit->soon); /* the clock was set back: what was to be due is not yet */
}

int audit_step(struct audit *audit, const struct audit_view *view, bool *ret_more, struct err *err)
{
	int status = audit->is_known ? 0 : audit_begin_life(audit, view, err);
	if (status < 0)
		return status;
	if (audit->stage == AUDIT_ENDED) /* the pass that ended it was not committed */
		audit->stage = AUDIT_END;
	if (audit->stage == AUDIT_RESTS && audit_is_due(audit, view->now_utc))
		audit_begin(audit, view->now_utc);
	if (audit->stage == AUDIT_RESTS)
		return 0;
	status = audit->stage == AUDIT_END ? audit_end(audit, view, err) : audit_look(audit, view, err);
	if (status == 0 && audit->stage != AUDIT_ENDED)
		*ret_more = true;
	return status;
}

void audit_forget(struct audit *audit)
{
	if (audit != NULL)
		audit->is_known = false;
}

bool audit_take(struct audit *audit, bool *ret_has_passed)
{
	if (audit->stage != AUDIT_ENDED)
		return false;
	audit->stage = AUDIT_RESTS;
	audit->next_utc = audit->fresh.done_utc + AUDIT_EVERY_S;
	audit->known = audit->fresh;
	for (size_t i = 0; i < audit->fresh.n_findings; i++)
		log_error("audit: %s", audit->fresh.findings[i].text);
	*ret_has_passed = audit->fresh.n_findings == 0;
	return true;
}
