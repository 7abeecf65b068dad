/* order: on which channels somebody is told, as a policy or a person has it.
 *
 *     telegram, email                                        on all of them
 *     first that works: telegram, email, next after 30m      on the first that takes it
 *
 * Of the second kind, each channel has its span to get a message sent; then, or as soon as the message or the address
 * has failed for good, it is the next one's turn: see turn.h. */
#ifndef DEADLINED_REMIND_ORDER_H
#define DEADLINED_REMIND_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strlist.h"
#include "conf/conf.h"
#include "plan/person.h"

enum { ORDER_NEXT_AFTER_S = 1800, ORDER_SPAN_MIN_S = 60, ORDER_SPAN_MAX_S = 86400 };

struct order {
	struct strlist channels; /* empty: every channel of the configuration */
	bool is_first;           /* the first that works; else all of them */
	int64_t next_after_s;    /* of the first kind: how long each has */
};

/* "" is an order, too: every channel. Names are only looked at by order_check_name(). Errors: -EINVAL. */
MUSTCHECK int order_parse(const char *text, struct order *ret_order, struct err *err);
void order_done(struct order *order);

/* Whether conf has such a channel; err says it in words, with the nearest name. */
bool order_check_name(const char *channel, const struct conf *conf, struct err *err);

/* What goes for that person: their own order, read into *own (order_done() after use), or, when they have none or it
 * makes no sense, the other one. Borrows both. */
const struct order *order_of(const struct person *person, const struct order *other, struct order *own);

/* On all of them: whether the channel is one. */
bool order_has(const struct order *order, const char *channel);
/* Place of the channel in the list; its length when it is not in it. */
size_t order_find(const struct order *order, const char *channel);
/* Until when a channel has its turn with a message that may be sent from from_utc on; 0: no other follows it. */
int64_t order_turn_utc(const struct order *order, const char *channel, int64_t from_utc);

/* As it is written; "every channel" for none. Returns owned. */
char *order_words(const struct order *order);

#endif
