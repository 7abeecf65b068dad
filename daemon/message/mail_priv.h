/* Between the files of mail: addresses in mail_address.c, encodings in mail_encode.c, headers in mail.c, parts in
 * mail_part.c. */
#ifndef DEADLINED_MESSAGE_MAIL_PRIV_H
#define DEADLINED_MESSAGE_MAIL_PRIV_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	MAIL_LINE = 76,       /* RFC 2047 2: a line with encoded words; RFC 2045 6.7 and 6.8: an encoded body */
	MAIL_LINE_SHORT = 78, /* RFC 5322 2.1.1: should */
	MAIL_LINE_HARD = 998, /* RFC 5322 2.1.1: must */
};

/* The characters of an atom (RFC 5322 3.2.3). */
bool mail_is_atext(unsigned char c);

/* The checked address as the wire carries it: address itself where that is ASCII (*ret_owned is NULL then), else a new
 * text that *ret_owned keeps. Errors: -EINVAL. */
MUSTCHECK int mail_resolve_address(const char *address, const char **ret_wire, char **ret_owned, struct err *err);

/* Appends everything behind MIME-Version: what is in the mail, in one part or several. */
struct mail;
void mail_add_content(const struct mail *mail, struct buf *out);

/* What every boundary begins with, behind its two hyphens, and no line of an encoded body has. */
#define MAIL_BOUNDARY_MARK "=_"

/* Appends the Content-Transfer-Encoding header, the empty line and the body. */
void mail_add_body(struct buf *out, const char *body);

#endif
