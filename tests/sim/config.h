/* config: the INI file of a world, drawn from its seed, and the real setup made from it, its channels replaced by
 * simulated ones. */
#ifndef DEADLINED_SIM_CONFIG_H
#define DEADLINED_SIM_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "dice.h"
#include "service/setup.h"

enum { CONFIG_SIZE = 4096 };

/* Must never be seen in a log line, in the database or in a reply that is kept. */
#define CONFIG_SECRET "987654321:planted-token-of-the-simulated-bot"

struct servers;

struct config {
	char text[CONFIG_SIZE];
	struct dice dice;
	const char *zone; /* of the office */
};

/* A new text; the first one of a world, or what an administrator makes of it later. */
void config_draw(struct config *config);
/* Reads it back through a file in folder, as the daemon would. Owned. */
struct setup *config_setup(const struct config *config, const char *folder, struct servers *servers);

#endif
