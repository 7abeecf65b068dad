#include "channel/http_guard.h"

#include <errno.h>
#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* IANA's registry of special-purpose addresses, those that are not globally reachable. */
static const struct http_guard_net {
	uint32_t net;
	unsigned bits;
} http_guard_nets[] = {
	{0x00000000, 8},                                     /* this network */
	{0x0a000000, 8},                                     /* private */
	{0x64400000, 10},                                    /* shared by carriers */
	{0x7f000000, 8},                                     /* loopback */
	{0xa9fe0000, 16},                                    /* link-local, and the metadata of clouds */
	{0xac100000, 12},                                    /* private */
	{0xc0000000, 24},                                    /* protocol assignments */
	{0xc0000200, 24},                                    /* documentation, and the two further down */
	{0xc0a80000, 16},                                    /* private */
	{0xc6120000, 15},                                    /* benchmarks */
	{0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3}, /* multicast and reserved */
};

static bool http_guard_is_public_v4(uint32_t address)
{
	for (size_t i = 0; i < sizeof(http_guard_nets) / sizeof(http_guard_nets[0]); i++)
		if ((address ^ http_guard_nets[i].net) >> (32 - http_guard_nets[i].bits) == 0)
			return false;
	return true;
}

/* The IPv4 address that hides in a mapped, a translated (64:ff9b::/96) or a 6to4 one. */
static bool http_guard_inner_v4(const unsigned char b[16], uint32_t *ret_address)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}, translated[12] = {0, 0x64, 0xff, 0x9b};
	const unsigned char *v4 = NULL;
	if (memcmp(b, mapped, sizeof(mapped)) == 0 || memcmp(b, translated, sizeof(translated)) == 0)
		v4 = b + 12;
	else if (b[0] == 0x20 && b[1] == 0x02)
		v4 = b + 2;
	if (v4 == NULL)
		return false;
	*ret_address = (uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 | (uint32_t)v4[2] << 8 | v4[3];
	return true;
}

/* Global unicast is 2000::/3. */
static bool http_guard_is_public_v6(const unsigned char b[16])
{
	uint32_t v4;
	if (http_guard_inner_v4(b, &v4))
		return http_guard_is_public_v4(v4);
	bool is_documentation = b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8;
	return b[0] >> 5 == 1 && !is_documentation;
}

static bool http_guard_is_link_local_v4(uint32_t address)
{
	return address >> 16 == 0xa9fe;
}

static bool http_guard_is_link_local_v6(const unsigned char b[16])
{
	uint32_t v4;
	if (http_guard_inner_v4(b, &v4))
		return http_guard_is_link_local_v4(v4);
	static const unsigned char metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}; /* of a cloud */
	return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || memcmp(b, metadata, sizeof(metadata)) == 0;
}

static uint32_t http_guard_v4(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	memcpy(&v4, address, sizeof(v4));
	return ntohl(v4.sin_addr.s_addr);
}

static struct in6_addr http_guard_v6(const struct sockaddr *address)
{
	struct sockaddr_in6 v6;
	memcpy(&v6, address, sizeof(v6));
	return v6.sin6_addr;
}

bool http_guard_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return http_guard_is_public_v4(http_guard_v4(address));
	if (address->sa_family == AF_INET6)
		return http_guard_is_public_v6(http_guard_v6(address).s6_addr);
	return false;
}

static bool http_guard_is_link_local(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return http_guard_is_link_local_v4(http_guard_v4(address));
	if (address->sa_family == AF_INET6)
		return http_guard_is_link_local_v6(http_guard_v6(address).s6_addr);
	return false;
}

static bool http_guard_allows(const struct http_guard *guard, const struct sockaddr *address)
{
	bool is_meant = guard->is_plain && !http_guard_is_link_local(address);
	return guard->may_be_private || is_meant || http_guard_is_public(address);
}

static void http_guard_note(struct http_guard *guard, const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	const void *digits = &v6.sin6_addr;
	memcpy(&v4, address, sizeof(v4));
	if (address->sa_family == AF_INET6)
		memcpy(&v6, address, sizeof(v6));
	else
		digits = &v4.sin_addr;
	if (inet_ntop(address->sa_family, digits, guard->refused, sizeof(guard->refused)) == NULL)
		guard->refused[0] = '?';
}

static curl_socket_t http_guard_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_guard *guard = arg;
	(void)purpose; /* there is only one */
	if (!http_guard_allows(guard, &address->addr)) {
		http_guard_note(guard, &address->addr);
		return CURL_SOCKET_BAD;
	}
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	guard->has_no_descriptor = fd < 0 && (errno == EMFILE || errno == ENFILE);
	return fd;
}

/* True when the host of url is written in digits, or is localhost. */
static bool http_guard_is_plain(const char *url)
{
	char host[64] = "";
	struct in_addr v4;
	const char *start = strstr(url, "://");
	start = start != NULL ? start + 3 : url;
	size_t len = strcspn(start, ":/?");
	if (*start == '[')
		return true;
	if (len >= sizeof(host))
		return false;
	memcpy(host, start, len);
	return strcasecmp(host, "localhost") == 0 || inet_pton(AF_INET, host, &v4) == 1;
}

bool http_guard_watch(struct http_guard *guard, CURL *easy, const char *url, bool may_be_private)
{
	*guard = (struct http_guard){.may_be_private = may_be_private, .is_plain = http_guard_is_plain(url)};
	return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, http_guard_open) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, guard) == CURLE_OK;
}
