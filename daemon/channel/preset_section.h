/* preset_section: reads every section of a preset but [settings]. For preset.c alone. */
#ifndef DEADLINED_CHANNEL_PRESET_SECTION_H
#define DEADLINED_CHANNEL_PRESET_SECTION_H

#include "channel/preset.h"
#include "conf/ini.h"

/* The settings must have been read. Problems are added with their line. */
void preset_read_sections(struct preset *preset, const struct ini *ini, struct problems *problems);

/* [headers], and [json] or [form]; escape is that of the section. */
void preset_read_headers(struct preset *preset, const struct ini_section *section, struct problems *problems);
void preset_read_json(struct preset *preset, const struct ini_section *section, struct problems *problems);
void preset_read_form(struct preset *preset, const struct ini_section *section, struct problems *problems);
/* [limit], after the fields. */
void preset_read_limits(struct preset *preset, const struct ini_section *section, struct problems *problems);

#endif
