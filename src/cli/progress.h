/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - a line on the terminal of standard error that says what is being done, once it takes more than half a
 * second. Nothing is shown where standard error is no terminal.
 */
#ifndef SG_CLI_PROGRESS_H
#define SG_CLI_PROGRESS_H

/* text is static. */
void progress_say(const char *text);
/* Takes the line away; call it before anything else is written. */
void progress_end(void);
/* For --quiet: nothing will be shown. */
void progress_off(void);

#endif
