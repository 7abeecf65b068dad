#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "message/mail.h"
#include "message/mail_priv.h"

enum { MAIL_BOUNDARY_SIZE = 32 };

/* The same for the same message, so that a repeat is the same mail. */
static void mail_boundary(const struct mail *mail, const char *kind, char text[MAIL_BOUNDARY_SIZE])
{
	(void)snprintf(text, MAIL_BOUNDARY_SIZE, MAIL_BOUNDARY_MARK "%s_%016" PRIx64, kind,
		       hash_text(mail->message_id));
}

static void mail_open_parts(struct buf *out, const char *kind, const char *boundary)
{
	buf_printf(out, "Content-Type: multipart/%s; boundary=\"%s\"\r\n\r\n--%s\r\n", kind, boundary, boundary);
}

static void mail_next_part(struct buf *out, const char *boundary)
{
	buf_printf(out, "\r\n--%s\r\n", boundary);
}

static void mail_close_parts(struct buf *out, const char *boundary)
{
	buf_printf(out, "\r\n--%s--\r\n", boundary);
}

static void mail_add_text(struct buf *out, const char *type, const char *body)
{
	buf_add_str(out, "Content-Type: ");
	buf_add_str(out, type);
	buf_add_str(out, "; charset=utf-8\r\n");
	mail_add_body(out, body);
}

/* From the plainest to the best: a reader shows the last that it understands (RFC 2046 5.1.4), and those that know
 * calendars show that beside the one before. */
static void mail_add_alternatives(const struct mail *mail, struct buf *out)
{
	char boundary[MAIL_BOUNDARY_SIZE];
	mail_boundary(mail, "alt", boundary);
	mail_open_parts(out, "alternative", boundary);
	mail_add_text(out, "text/plain", mail->text);
	if (mail->html != NULL) {
		mail_next_part(out, boundary);
		mail_add_text(out, "text/html", mail->html);
	}
	if (mail->calendar != NULL) {
		mail_next_part(out, boundary);
		buf_printf(out, "Content-Type: text/calendar; charset=utf-8; method=%s; component=VEVENT\r\n",
			   mail->calendar_method);
		mail_add_body(out, mail->calendar);
	}
	mail_close_parts(out, boundary);
}

/* As a file it is of another type, lest a mail program take it for a second calendar and ask twice. */
static void mail_add_with_file(const struct mail *mail, struct buf *out)
{
	char boundary[MAIL_BOUNDARY_SIZE];
	mail_boundary(mail, "mix", boundary);
	mail_open_parts(out, "mixed", boundary);
	mail_add_alternatives(mail, out);
	mail_next_part(out, boundary);
	buf_add_str(out, "Content-Type: application/ics; name=\"deadline.ics\"\r\n"
			 "Content-Disposition: attachment; filename=\"deadline.ics\"\r\n");
	mail_add_body(out, mail->calendar);
	mail_close_parts(out, boundary);
}

void mail_add_content(const struct mail *mail, struct buf *out)
{
	if (mail->calendar != NULL)
		mail_add_with_file(mail, out);
	else if (mail->html != NULL)
		mail_add_alternatives(mail, out);
	else
		mail_add_text(out, "text/plain", mail->text);
}
