#include "message/mail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message/mail_priv.h"
#include "plan/civil.h"

enum { MAIL_ID_MAX = 250, MAIL_URI_MAX = 500, MAIL_TAG_MAX = 35, MAIL_DAY_S = 86400 };

/* RFC 5322 3.3: four digits of a year from 1900 on; a day is left at each end for the zone. */
static const int64_t mail_date_min = INT64_C(-2208988800) + MAIL_DAY_S,
		     mail_date_max = INT64_C(253402300799) - MAIL_DAY_S;

static int mail_check_id(const char *id, const char *what, struct err *err)
{
	size_t len = strlen(id), n_at = 0;
	for (size_t i = 0; i < len; i++) {
		if (id[i] == '@' && i > 0 && i + 1 < len)
			n_at++;
		else if (id[i] != '.' && !mail_is_atext((unsigned char)id[i]))
			return err_set(err, -EINVAL, "%s '%s' has a character that may not stand in it", what, id);
	}
	if (n_at != 1 || len > MAIL_ID_MAX)
		return err_set(err, -EINVAL, "%s '%s' is not left@right of at most %d characters", what, id,
			       MAIL_ID_MAX);
	return 0;
}

static int mail_check_tag(const char *tag, struct err *err)
{
	static const char allowed[] = "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strspn(tag, allowed);
	if (len == 0 || len > MAIL_TAG_MAX || tag[len] != '\0')
		return err_set(err, -EINVAL, "'%s' is not a language tag", tag);
	return 0;
}

int mail_check_unsubscribe(const char *uri, struct err *err)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:"};
	bool is_known = false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		is_known |= strncmp(uri, schemes[i], strlen(schemes[i])) == 0 && uri[strlen(schemes[i])] != '\0';
	if (!is_known)
		return err_set(err, -EINVAL, "'%s' is neither https://..., http://... nor mailto:...", uri);
	size_t len = strlen(uri);
	if (len > MAIL_URI_MAX)
		return err_set(err, -EINVAL, "'%s' is longer than %d characters", uri, MAIL_URI_MAX);
	for (size_t i = 0; i < len; i++)
		if (uri[i] <= ' ' || uri[i] > '~' || strchr("<>,\"", uri[i]) != NULL)
			return err_set(
				err, -EINVAL,
				"'%s' has a character that may not stand in an address of the web: write it as %%XX",
				uri);
	return 0;
}

static int mail_check(const struct mail *mail, struct err *err)
{
	int r = mail_check_id(mail->message_id, "message id", err);
	if (r == 0 && mail->thread_id != NULL)
		r = mail_check_id(mail->thread_id, "thread id", err);
	if (r == 0 && mail->language != NULL)
		r = mail_check_tag(mail->language, err);
	if (r < 0)
		return r;
	if (mail->date_utc < mail_date_min || mail->date_utc > mail_date_max)
		return err_set(err, -EINVAL, "the date is not within the years 1900 to 9999");
	if (mail->date_offset_s <= -MAIL_DAY_S || mail->date_offset_s >= MAIL_DAY_S)
		return err_set(err, -EINVAL, "the date is a day or more away from UTC");
	return 0;
}

static void mail_put_digits(char *at, int width, int number)
{
	for (; width > 0; number /= 10)
		at[--width] = (char)('0' + number % 10);
}

/* Put together by hand: printf() took a tenth of the time of a mail. */
static void mail_add_date(const struct mail *mail, struct buf *out)
{
	static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char line[] = "Date: Www, dd Mmm yyyy hh:mm:ss +zzzz\r\n";
	int east = mail->date_offset_s / 60; /* the header has minutes only, so the time of day must go by them too */
	struct civil at = civil_from_seconds(mail->date_utc + east * 60);
	int away = abs(east);
	memcpy(line + 6, days + (size_t)(civil_weekday(&at) - 1) * 3, 3);
	mail_put_digits(line + 11, 2, at.day);
	memcpy(line + 14, months + (size_t)(at.month - 1) * 3, 3);
	mail_put_digits(line + 18, 4, at.year);
	mail_put_digits(line + 23, 2, at.hour);
	mail_put_digits(line + 26, 2, at.minute);
	mail_put_digits(line + 29, 2, at.second);
	line[32] = east < 0 ? '-' : '+';
	mail_put_digits(line + 33, 4, away / 60 * 100 + away % 60);
	buf_add_str(out, line);
}

static size_t mail_column(const struct buf *out)
{
	const char *text = buf_str(out), *newline = memrchr(text, '\n', out->len);
	return newline != NULL ? (size_t)(text + out->len - newline) - 1 : out->len;
}

/* header: with its colon and blank. */
static void mail_add_mailbox(struct buf *out, const char *header, const char *name, const char *address)
{
	buf_add_str(out, header);
	size_t before = out->len;
	if (name != NULL)
		mail_add_encoded(out, name, strlen(header), true);
	if (out->len == before) {
		buf_add_str(out, address);
	} else {
		size_t need = strlen(address) + strlen(" <>");
		buf_add_str(out, mail_column(out) + need > MAIL_LINE ? "\r\n <" : " <");
		buf_add_str(out, address);
		buf_add_char(out, '>');
	}
	buf_add_str(out, "\r\n");
}

static void mail_add_subject(struct buf *out, const char *subject)
{
	static const char header[] = "Subject: ";
	size_t before = out->len;
	buf_add_str(out, header);
	mail_add_encoded(out, subject, strlen(header), false);
	if (out->len ==
	    before + strlen(header)) /* a line never ends in a blank: relays and signers disagree about it */
		out->data[--out->len] = '\0';
	buf_add_str(out, "\r\n");
}

static void mail_add_id(struct buf *out, const char *header, const char *id)
{
	buf_add_str(out, header);
	buf_add_str(out, id);
	buf_add_str(out, ">\r\n");
}

/* The priority as three families of mail programs know it. */
static void mail_add_hints(const struct mail *mail, struct buf *out)
{
	if (mail->list_domain != NULL && strchr(mail->list_domain, '[') == NULL)
		mail_add_id(out, "List-Id: <deadlined.", mail->list_domain); /* RFC 2919 */
	if (mail->list_unsubscribe != NULL) {
		buf_add_str(out, "List-Unsubscribe: <"); /* RFC 2369 */
		buf_add_str(out, mail->list_unsubscribe);
		buf_add_str(out, ">\r\n");
	}
	if (mail->is_urgent)
		buf_add_str(out, "X-Priority: 1 (Highest)\r\nImportance: high\r\nPriority: urgent\r\n");
}

/* The addresses as the wire carries them. */
struct mail_ends {
	const char *from, *to, *reply_to; /* reply_to NULL: none */
	char *owned[3];
};

static void mail_add_headers(const struct mail *mail, const struct mail_ends *ends, struct buf *out)
{
	mail_add_date(mail, out);
	mail_add_mailbox(out, "From: ", mail->from_name, ends->from);
	mail_add_mailbox(out, "To: ", mail->to_name, ends->to);
	if (ends->reply_to != NULL)
		mail_add_mailbox(out, "Reply-To: ", mail->reply_to_name, ends->reply_to);
	mail_add_subject(out, mail->subject);
	mail_add_id(out, "Message-ID: <", mail->message_id);
	if (mail->thread_id != NULL && strcmp(mail->thread_id, mail->message_id) != 0) {
		mail_add_id(out, "In-Reply-To: <", mail->thread_id);
		mail_add_id(out, "References: <", mail->thread_id);
	}
	/* RFC 3834 5; and for Exchange all but NDR: a bounce is how a dead address is known ([MS-OXCMAIL] 2.1.3.2.20). */
	buf_add_str(out, "Auto-Submitted: auto-generated\r\n"
			 "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n");
	mail_add_hints(mail, out);
	if (mail->language != NULL) {
		buf_add_str(out, "Content-Language: ");
		buf_add_str(out, mail->language);
		buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "MIME-Version: 1.0\r\n");
}

/* An address of the responsible that cannot be used, or that a server without SMTPUTF8 could not carry, is left out: the mail
 * is not for it. */
static int mail_find_ends(const struct mail *mail, struct mail_ends *ends, struct err *err)
{
	int r = mail_resolve_address(mail->from_address, &ends->from, &ends->owned[0], err);
	if (r < 0) {
		err_prefix(err, "sender");
		return r;
	}
	r = mail_resolve_address(mail->to_address, &ends->to, &ends->owned[1], err);
	if (r < 0) {
		err_prefix(err, "recipient");
		return r;
	}
	if (mail->reply_to_address != NULL &&
	    mail_resolve_address(mail->reply_to_address, &ends->reply_to, &ends->owned[2], NULL) < 0)
		ends->reply_to = NULL;
	if (ends->reply_to != NULL && mail_needs_smtputf8(ends->reply_to) && !mail_needs_smtputf8(ends->to))
		ends->reply_to = NULL;
	return 0;
}

int mail_build(const struct mail *mail, struct buf *out, struct err *err)
{
	struct mail_ends ends = {0};
	int r = mail_check(mail, err);
	if (r < 0)
		return r;
	if (strlen(mail->text) > out->max || (mail->html != NULL && strlen(mail->html) > out->max))
		return err_set(err, -E2BIG, "the text is longer than the %zu bytes of a message", out->max);
	r = mail_find_ends(mail, &ends, err);
	if (r == 0) {
		mail_add_headers(mail, &ends, out);
		mail_add_content(mail, out);
		if (out->is_over)
			r = err_set(err, -E2BIG, "the message is longer than %zu bytes", out->max);
	}
	for (size_t i = 0; i < sizeof(ends.owned) / sizeof(ends.owned[0]); i++)
		free(ends.owned[i]);
	return r;
}
