/* SPDX-License-Identifier: MIT */
/* SIGINT, SIGTERM and SIGHUP, for commands that have to clean up. */
#ifndef INTERRUPT_H
#define INTERRUPT_H

/*
 * From now on they make blocking calls return EINTR. A closed pipe does not
 * kill either, but makes writing fail.
 */
void interrupt_catch(void);

/* The signal that came, or 0. */
int interrupted(void);

/* A descriptor that is readable when one came, and does nothing else. */
int interrupt_fd(void);

#endif /* INTERRUPT_H */
