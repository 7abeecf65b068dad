#include "ctl/turn_view.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ctl/output.h"
#include "store/store_turn.h"

int turn_view_load(const struct session *session, struct turn_view *ret_view, struct err *err)
{
	const struct conf *conf = session->conf;
	struct problems problems = {0};
	struct turn_view *view = ret_view;
	*view = (struct turn_view){.session = session, .policies = policies_load(conf, &problems)};
	bool is_readable = problems.n == 0;
	problems_print(&problems, stderr);
	problems_done(&problems);
	view->channels = mem_zero(conf->n_channels, sizeof(*view->channels));
	for (size_t i = 0; i < conf->n_channels; i++)
		view->channels[i].name = conf->channels[i]->name;
	view->planner = (struct planner){
		.policies = view->policies, .channels = view->channels, .n_channels = conf->n_channels};
	return is_readable ? store_turn_all(session->store, &view->ids, &view->n, err) : 0;
}

void turn_view_done(struct turn_view *view)
{
	policies_free(view->policies);
	free(view->channels);
	free(view->ids);
	*view = (struct turn_view){0};
}

static int turn_view_compare(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

int turn_view_find(const struct turn_view *view, int64_t message, int64_t task, struct turn_ahead *ret_ahead,
		   struct err *err)
{
	*ret_ahead = (struct turn_ahead){0};
	if (view->n == 0 || bsearch(&message, view->ids, view->n, sizeof(*view->ids), turn_view_compare) == NULL)
		return 0;
	int status = turn_look(&view->planner, view->session->store, message, task, ret_ahead, err);
	return status == -ENOENT ? 0 : status; /* it was removed meanwhile */
}

void turn_view_words(const struct turn_view *view, const struct turn_ahead *ahead, const char *before, struct buf *out)
{
	char at[OUTPUT_TIME_SIZE];
	for (size_t i = 0; i < ahead->channels.n; i++)
		buf_printf(out, "%s%s%s", i == 0 ? before : "", i == 0 ? "turns to " : " and ",
			   ahead->channels.items[i]);
	if (ahead->channels.n == 0)
		return;
	output_time(view->session->zone, ahead->at_utc, at);
	if (ahead->is_braked)
		buf_add_str(out, " once the brake lets go");
	else if (ahead->at_utc <= view->session->now_utc)
		buf_add_str(out, " at once");
	else
		buf_printf(out, " at %s", at);
}

void turn_view_set(const struct turn_view *view, const struct turn_ahead *ahead, json_t *object)
{
	const int64_t now_utc = view->session->now_utc;
	json_t *channels = json_array();
	for (size_t i = 0; i < ahead->channels.n; i++)
		json_array_append_new(channels, output_json_text(ahead->channels.items[i]));
	json_object_set_new(object, "turns_to", channels);
	bool is_known = ahead->channels.n > 0 && !ahead->is_braked;
	json_object_set_new(
		object, "turns_at",
		is_known ? output_json_time(view->session->zone, ahead->at_utc > now_utc ? ahead->at_utc : now_utc)
			 : json_null());
}
