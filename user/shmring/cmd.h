/* SPDX-License-Identifier: MIT */
/* The subcommands: each returns an exit status. */
#ifndef CMD_H
#define CMD_H

#define EXIT_BEYOND	3	/* more than was said to be good */
#define EXIT_TIMEOUT	124	/* --timeout went by, as timeout(1) has it */
#define EXIT_SIGNAL	128	/* and the signal's number */

int cmd_apply(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_destroy(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_evict(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_peek(int argc, char **argv);
int cmd_recv(int argc, char **argv);
int cmd_send(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_wait(int argc, char **argv);

#endif /* CMD_H */
