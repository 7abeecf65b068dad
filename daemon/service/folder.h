/* folder: the folders that the files of the daemon are in, and what to do when one is missing. */
#ifndef DEADLINED_SERVICE_FOLDER_H
#define DEADLINED_SERVICE_FOLDER_H

#include <stdbool.h>

/* The folder that path is in, returned owned; path is absolute. */
char *folder_of(const char *path);
bool folder_is_missing(const char *folder);
/* systemd makes it for the unit when it is started. */
bool folder_is_of_systemd(const char *folder);
/* "the folder FOLDER is missing: " and the cure. Returns owned. */
char *folder_cure(const char *folder);

#endif
