/* smtp_hello: what the server said while libcurl connected: greeting, EHLO, STARTTLS, EHLO again, AUTH. Pure.
 *
 * libcurl leads that part of the dialogue and hands each line of the server to its header callback; it does not tell
 * what the server can do, whether it asked for the password at all, nor the words of a refusal. */
#ifndef DEADLINED_CHANNEL_SMTP_HELLO_H
#define DEADLINED_CHANNEL_SMTP_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include "channel/smtp_dialogue.h"
#include "channel/smtp_reply.h"

enum { SMTP_HELLO_BYTES_MAX = 64 * 1024 };

struct smtp_hello {
	struct smtp_features features; /* of the last EHLO: what came before TLS is forgotten */
	bool is_signed_in;             /* AUTH ended with 235 */
	struct smtp_reply refusal;     /* the last reply, when it was 4xx or 5xx; else code 0 */

	struct smtp_reply_reader reader;
	unsigned n_replies;
	unsigned n_lines; /* of the reply that is being read */
	size_t n_bytes;
};

void smtp_hello_init(struct smtp_hello *hello);
/* One line as libcurl hands it over, with its line end. False: give the server up, it said too much. */
bool smtp_hello_line(struct smtp_hello *hello, const char *line, size_t len);

#endif
