/* signature: signatures and names computed from text, by OpenSSL's libcrypto.
 *
 * libcrypto is in the process already, under libcurl; its one-shot calls keep no state and need no clean-up. */
#ifndef DEADLINED_CHANNEL_SIGNATURE_H
#define DEADLINED_CHANNEL_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { SIGNATURE_SIZE = 32, SIGNATURE_UUID_SIZE = 37, SIGNATURE_HASH_SIZE = 65 };

/* HMAC-SHA256 (RFC 2104); key and data may be empty. */
void signature_hmac(const void *key, size_t key_len, const void *data, size_t len,
		    unsigned char ret_mac[SIGNATURE_SIZE]);

/* Appends bytes as base64 with its padding (RFC 4648, section 4), or as lower-case hexadecimal digits. */
void signature_add_base64(struct buf *out, const void *bytes, size_t len);
void signature_add_hex(struct buf *out, const unsigned char *bytes, size_t len);
/* Appends the bytes that text stands for in base64. Errors: -EINVAL it is not base64. */
MUSTCHECK int signature_add_decoded(struct buf *out, const char *text, struct err *err);

/* SHA-256 of the text in lower-case hexadecimal digits. */
void signature_hash(const char *text, char ret_hash[SIGNATURE_HASH_SIZE]);

/* The same text always gives the same UUID (RFC 9562, version 8, from SHA-256), and the same number in 1..2^31-1. */
void signature_uuid(const char *text, char ret_uuid[SIGNATURE_UUID_SIZE]);
int32_t signature_int31(const char *text);

#endif
