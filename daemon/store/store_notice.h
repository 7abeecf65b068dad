/* store_notice: the words of messages of kind "notice": to the operator, and to people who are answered. */
#ifndef DEADLINED_STORE_STORE_NOTICE_H
#define DEADLINED_STORE_STORE_NOTICE_H

#include <stdint.h>

#include "store/store.h"

/* Gives a message of kind "notice" its text. */
MUSTCHECK int store_notice_add(struct store *store, int64_t message, const char *text, struct err *err);
/* The text of a notice, owned by the caller; "" when it has none. */
MUSTCHECK int store_notice_load(struct store *store, int64_t message, char **ret_text, struct err *err);

/* The words of a message of kind "notice" that answers a person, in place of store_notice_add(). buttons: JSON,
 * [["label", "data"], ...], or "". */
MUSTCHECK int store_notice_add_answer(struct store *store, int64_t message, const char *subject, const char *text,
				      const char *buttons, struct err *err);

/* All NULL for a notice to the operator, which has only the text that store_notice_load() gives. */
struct store_answer {
	char *subject, *text, *buttons;
};
/* The caller frees it with store_answer_done(). */
MUSTCHECK int store_notice_load_answer(struct store *store, int64_t message, struct store_answer *ret_answer,
				       struct err *err);
void store_answer_done(struct store_answer *answer);

#endif
