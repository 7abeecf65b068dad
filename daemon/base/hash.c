#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

uint64_t hash_mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15u;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash;
}

int hash_random_hex(char *text, size_t chars)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i + 1 < chars; i++) {
		unsigned char byte;
		if (getrandom(&byte, 1, 0) != 1)
			return -errno;
		text[i] = digits[byte & 15];
	}
	text[chars - 1] = '\0';
	return 0;
}
