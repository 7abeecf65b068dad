#include "service/notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/mem.h"

/* Without systemd there is nobody to tell, and sd_notify() says so by 0. */
static void notify_send(const char *state)
{
	int status = sd_notify(0, state);
	if (status < 0)
		log_warning("systemd cannot be told '%s': error %d", state, -status);
}

void notify_ready(void)
{
	notify_send("READY=1");
}

void notify_reloading(void)
{
	notify_send("RELOADING=1");
}

void notify_stopping(void)
{
	notify_send("STOPPING=1\nSTATUS=letting transfers finish");
}

void notify_alive(void)
{
	notify_send("WATCHDOG=1");
}

void notify_status(const char *fmt, ...)
{
	char text[512];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_redact(text);
	char *state = mem_printf("STATUS=%s", text);
	notify_send(state);
	free(state);
}

int64_t notify_watchdog_ms(void)
{
	uint64_t usec = 0;
	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 1000) : 0;
}
