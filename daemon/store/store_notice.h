/* store_notice: the words of messages to the operator. */
#ifndef DEADLINED_STORE_STORE_NOTICE_H
#define DEADLINED_STORE_STORE_NOTICE_H

#include <stdint.h>

#include "store/store.h"

/* Gives a message of kind "notice" its text. */
MUSTCHECK int store_notice_add(struct store *store, int64_t message, const char *text, struct err *err);
/* The text of a notice, owned by the caller; "" when it has none. */
MUSTCHECK int store_notice_load(struct store *store, int64_t message, char **ret_text, struct err *err);

#endif
