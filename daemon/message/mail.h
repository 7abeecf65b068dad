/* mail: one message as RFC 5322 text, byte for byte the same for the same input.
 *
 * CRLF line ends, lines of at most 998 octets (78 wherever folding allows), headers in ASCII with RFC 2047 encoded
 * words (but for an address with other letters before the @: RFC 6532), the body quoted-printable or base64, whichever
 * is shorter (7bit when it is plain ASCII in short lines). A mail with HTML is multipart/alternative, the text first;
 * one with a calendar has that as the last alternative, and once more as a file that people can open.
 * Nothing that comes from a title or a name can add a header, a recipient or a line: control characters become blanks
 * in headers and are left out of the body, bytes that are no UTF-8 become U+FFFD. */
#ifndef DEADLINED_MESSAGE_MAIL_H
#define DEADLINED_MESSAGE_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Everything is borrowed. */
struct mail {
	const char *from_name;    /* display name, may be NULL or "" */
	const char *from_address; /* checked with mail_check_address() */
	const char *to_name;      /* may be NULL or "" */
	const char *to_address;
	const char *subject;
	const char *text;     /* body; lines end in \n */
	const char *html;     /* the same as a whole HTML document, for those who see it; NULL: none */
	const char *calendar; /* the date it is about, as mail_calendar() writes it, and its method; NULL: none */
	const char *calendar_method;
	const char *reply_to_name;    /* may be NULL or "" */
	const char *reply_to_address; /* whom answers go to; NULL: the sender */
	const char *list_domain;      /* of the List-Id: readers sort by it; NULL: none */
	const char *list_unsubscribe; /* checked with mail_check_unsubscribe(); NULL: none */
	bool is_urgent;               /* mail programs show it as important */
	const char *language;         /* Content-Language, may be NULL */
	const char *message_id;       /* without <> */
	const char *thread_id; /* message_id of the first message about the same thing; NULL when this is the first */
	int64_t date_utc;
	int date_offset_s; /* zone of the Date header, seconds east */
};

/* Appends the message to out. Errors: -EINVAL an address, message_id, thread_id, language or date that may not stand in
 * a header (out is untouched then), -E2BIG out is over its maximum. */
MUSTCHECK int mail_build(const struct mail *mail, struct buf *out, struct err *err);

/* True for an address that is safe on the wire: local@domain, printable ASCII or UTF-8 (in the domain, when IDNA can
 * write it), no blanks, no <>, no quotes, one @, local part a dot-atom of 1..64 bytes, all of it at most 254 (RFC 5321
 * 4.5.3.1). The domain may be an address literal like [127.0.0.1]. err says what is wrong. */
bool mail_check_address(const char *address, struct err *err);

/* Whether only servers with SMTPUTF8 (RFC 6531) can carry the address: it has a letter outside ASCII before the @. */
bool mail_needs_smtputf8(const char *address);

/* The address as SMTP and the headers carry it: checked as above, a domain in other letters as A-labels (xn--), the
 * rest as it is; returned owned. Errors: -EINVAL, as mail_check_address(). */
MUSTCHECK int mail_wire_address(const char *address, char **ret_wire, struct err *err);

/* Whether List-Unsubscribe can name that address: https://, http:// or mailto:, printable ASCII without blanks, commas
 * and <>. Errors: -EINVAL. */
MUSTCHECK int mail_check_unsubscribe(const char *uri, struct err *err);

/* Splits "Name <a@b>", "\"Name, quoted\" <a@b>" or "a@b" into a display name ("" when there is none) and an address
 * that mail_check_address() accepts; both returned owned. Errors: -EINVAL. */
MUSTCHECK int mail_split_address(const char *text, char **ret_name, char **ret_address, struct err *err);

/* Appends text without the blanks around it, as encoded words where it is not plain ASCII (RFC 2047), folded at 76;
 * used is the length of the line so far. is_phrase: for a display name, where plain text is quoted if it must be. */
void mail_add_encoded(struct buf *out, const char *text, size_t used, bool is_phrase);

#endif
