#include "message/mail.h"

#include <errno.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "message/mail_priv.h"

enum { MAIL_LOCAL_MAX = 64, MAIL_ADDRESS_MAX = 254, MAIL_LABEL_MAX = 63 };

static bool mail_is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool mail_is_atext(unsigned char c)
{
	return mail_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static int mail_check_local(const char *address, size_t len, struct err *err)
{
	if (len == 0)
		return err_set(err, -EINVAL, "address '%s' has nothing before the @", address);
	if (len > MAIL_LOCAL_MAX)
		return err_set(err, -EINVAL, "address '%s' has %zu characters before the @: at most %d are allowed",
			       address, len, MAIL_LOCAL_MAX);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)address[i];
		if (c < 0x80 && c != '.' && !mail_is_atext(c))
			return err_set(err, -EINVAL, "address '%s' has a '%c' before the @", address, c);
		if (c == '.' && (i == 0 || i + 1 == len || address[i - 1] == '.'))
			return err_set(err, -EINVAL, "address '%s' has a misplaced dot before the @", address);
	}
	return 0;
}

/* [127.0.0.1] or [IPv6:::1] (RFC 5321 4.1.3). */
static bool mail_is_literal(const char *domain)
{
	size_t len = strlen(domain);
	if (len < 3 || domain[0] != '[' || domain[len - 1] != ']')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (!mail_is_alnum((unsigned char)domain[i]) && strchr(".:-", domain[i]) == NULL)
			return false;
	return true;
}

/* Labels of letters, digits, hyphens and, as some hosts have them, underscores. */
static bool mail_is_host(const char *domain)
{
	for (const char *label = domain;; label++) {
		size_t len = 0;
		while (mail_is_alnum((unsigned char)label[len]) || label[len] == '-' || label[len] == '_')
			len++;
		if (len == 0 || len > MAIL_LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
			return false;
		label += len;
		if (*label != '.')
			return *label == '\0';
	}
}

bool mail_needs_smtputf8(const char *address)
{
	for (; *address != '@' && *address != '\0'; address++)
		if ((unsigned char)*address >= 0x80)
			return true;
	return false;
}

/* local@domain with the domain in A-labels, owned by the caller, not yet checked. */
static int mail_to_ascii(const char *address, size_t local_len, char **ret_wire, struct err *err)
{
	char *domain = NULL;
	int r = idn2_to_ascii_8z(address + local_len + 1, &domain, IDN2_NONTRANSITIONAL);
	if (r != IDN2_OK)
		return err_set(err, -EINVAL, "address '%s' has a domain that cannot be written in ASCII: %s", address,
			       idn2_strerror(r));

	*ret_wire = mem_printf("%.*s@%s", (int)local_len, address, domain);
	idn2_free(domain);
	return 0;
}

static int mail_check_domain(const char *address, const char *wire, size_t local_len, struct err *err)
{
	const char *domain = wire + local_len + 1;
	if (!mail_is_host(domain) && !mail_is_literal(domain))
		return err_set(err, -EINVAL, "address '%s' has no valid domain after the @", address);
	if (strlen(wire) > MAIL_ADDRESS_MAX)
		return err_set(err, -EINVAL, "address '%s' is too long: at most %d characters are allowed", address,
			       MAIL_ADDRESS_MAX);
	return 0;
}

static int mail_check_text(const char *address, struct err *err)
{
	size_t len = strlen(address);
	if (len == 0)
		return err_set(err, -EINVAL, "the address is empty: give one like name@example.org");
	if (!utf8_is_valid(address, len))
		return err_set(err, -EINVAL, "the address is not valid UTF-8");
	if (strchr(address, ' ') != NULL || utf8_find_control(address, false) >= 0)
		return err_set(err, -EINVAL, "address '%s' has a blank or a control character in it", address);

	const char *at = strchr(address, '@');
	if (at == NULL)
		return err_set(err, -EINVAL, "address '%s' has no @: give one like name@example.org", address);
	if (strchr(at + 1, '@') != NULL)
		return err_set(err, -EINVAL, "address '%s' has more than one @", address);
	return mail_check_local(address, (size_t)(at - address), err);
}

int mail_resolve_address(const char *address, const char **ret_wire, char **ret_owned, struct err *err)
{
	int r = mail_check_text(address, err);
	if (r < 0)
		return r;

	char *owned = NULL;
	size_t local_len = strcspn(address, "@");
	if (!utf8_is_ascii(address + local_len)) {
		r = mail_to_ascii(address, local_len, &owned, err);
		if (r < 0)
			return r;
	}
	const char *wire = owned != NULL ? owned : address;
	r = mail_check_domain(address, wire, local_len, err);
	if (r < 0) {
		free(owned);
		return r;
	}
	*ret_wire = wire;
	*ret_owned = owned;
	return 0;
}

int mail_wire_address(const char *address, char **ret_wire, struct err *err)
{
	const char *wire;
	char *owned;
	int r = mail_resolve_address(address, &wire, &owned, err);
	if (r < 0)
		return r;
	*ret_wire = owned != NULL ? owned : mem_dup(wire);
	return 0;
}

bool mail_check_address(const char *address, struct err *err)
{
	const char *wire;
	char *owned;
	if (mail_resolve_address(address, &wire, &owned, err) < 0)
		return false;
	free(owned);
	return true;
}

static const char *mail_trim(const char *text, size_t *len)
{
	while (*len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		(*len)--;
	}
	while (*len > 0 && (text[*len - 1] == ' ' || text[*len - 1] == '\t'))
		(*len)--;
	return text;
}

/* The display name that len bytes mean: the inside of a quoted-string (RFC 5322 3.2.4) or the words as they are. */
static int mail_read_name(const char *text, size_t len, char **ret_name, struct err *err)
{
	bool is_quoted = len > 0 && text[0] == '"', is_closed = false;
	char *name = mem_alloc(len + 1);
	size_t n = 0, i = is_quoted;
	for (; i < len && !is_closed; i++) {
		if (is_quoted && text[i] == '\\' && i + 1 < len)
			name[n++] = text[++i];
		else if (is_quoted && text[i] == '"')
			is_closed = true;
		else if (!is_quoted && strchr("<>\"", text[i]) != NULL)
			break;
		else
			name[n++] = text[i];
	}
	name[n] = '\0';
	if (i < len || is_quoted != is_closed) {
		free(name);
		return err_set(err, -EINVAL,
			       "'%.*s' is not a name: write Name <name@example.org>, the name in quotes if it "
			       "has < > or \" in it",
			       (int)len, text);
	}
	*ret_name = name;
	return 0;
}

int mail_split_address(const char *text, char **ret_name, char **ret_address, struct err *err)
{
	size_t len = strlen(text), name_len = 0;
	const char *start = mail_trim(text, &len), *address = start;
	if (len > 0 && start[len - 1] == '>') {
		address = memrchr(start, '<', len);
		if (address == NULL)
			return err_set(err, -EINVAL, "'%s' has a > but no <: write Name <name@example.org>", text);
		name_len = (size_t)(address++ - start);
		len -= name_len + 2;
	}

	char *wire_form = mem_dup_n(address, len), *name = NULL;
	int r = mail_check_address(wire_form, err) ? 0 : -EINVAL;
	if (r == 0) {
		start = mail_trim(start, &name_len);
		r = mail_read_name(start, name_len, &name, err);
	}
	if (r < 0) {
		free(wire_form);
		return r;
	}
	*ret_name = name;
	*ret_address = wire_form;
	return 0;
}
