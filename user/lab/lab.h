/* SPDX-License-Identifier: MIT */
/*
 * An experiment says what is about to happen, does it, shows what was seen in
 * tables, and gives a verdict on every claim it makes. Each runs in a process
 * of its own: what it leaves behind goes with it, and its memory is its own.
 */
#ifndef LAB_H
#define LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What of an experiment can be chosen by a number. */
enum param_id {
	PARAM_SIZE,
	PARAM_COUNT,
	PARAM_REPEAT,
	PARAM_WORKERS,
	PARAM_NR
};

extern const char *const param_names[PARAM_NR];	/* as options, without -- */

/*
 * struct param - one of them
 * @is: what it means to this experiment; NULL where it means nothing
 */
struct param {
	const char *is;
	uint64_t usual;
	uint64_t from;
	uint64_t to;
};

struct lab;

/*
 * struct experiment - a row of the table in experiments.c
 * @what: its line in the list
 * @about: a few lines that are printed before anything happens
 * @claims: each is true on every correct kernel, or the kernel is wrong; NULL
 *	ends them
 * @device: it is the one that --device selects, on the module's ring memory
 * @files: it needs a folder to write to
 */
struct experiment {
	const char *name;
	const char *what;
	const char *about;
	const char *const *claims;
	struct param params[PARAM_NR];
	bool device;
	bool files;
	void (*run)(struct lab *lab);
};

extern const struct experiment *const experiments[];	/* NULL ends them */

#define LAB_DOING_MAX	96
#define LAB_TEXT_MAX	512

/*
 * struct lab_note - what the experiment tells the process that watches it
 * @doing: for the progress line
 * @sem_id: System V semaphores, which would outlive it, or -1
 */
struct lab_note {
	char doing[LAB_DOING_MAX];
	int sem_id;
};

/*
 * struct lab - an experiment under way
 * @value: of each parameter
 * @dir: a folder for its files, empty at the start; "" if it needs none
 * @program: what `demand` executes, or NULL for its own choice
 * @plot_fd: where the picture goes, or -1
 * @plot_png: it is to be a PNG, not an SVG
 * @variant: what distinguishes this verdict from others on the same claim, or
 *	NULL
 * @pid: the experiment's own process: a child that fails only ends itself
 * @record: all that was seen, for --json
 * @record_fd: where the process that watches finds it at the end
 * @judged: how many verdicts each claim got
 */
struct lab {
	const struct experiment *experiment;
	uint64_t value[PARAM_NR];
	const char *dir;
	const char *program;
	int plot_fd;
	bool plot_png;
	FILE *out;
	struct lab_note *note;
	const char *variant;
	pid_t pid;
	json_t *record;
	int record_fd;
	unsigned int *judged;
};

/* How an experiment ended, as its process's exit status. */
enum lab_end {
	LAB_DONE = 0,		/* every claim got its verdict */
	LAB_FAILED = 1,		/* it could not go on */
	LAB_REFUSED = 2,	/* what was asked for cannot be done here */
};

/* Print the explanation, run it, see that no claim was forgotten. */
enum lab_end lab_run(struct lab *lab);

/*
 * The verdict on claim @id of the experiment; the text has the numbers on which
 * it stands.
 */
void claim(struct lab *lab, int id, bool holds, const char *numbers, ...)
	__attribute__((format(printf, 4, 5)));

/* It cannot be checked here, and why. */
void claim_skip(struct lab *lab, int id, const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/* A line for the reader. */
void lab_say(struct lab *lab, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What it is at, for whoever asks. */
void lab_doing(struct lab *lab, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Something that must work did not: says so and ends this process. */
void lab_die(struct lab *lab, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* What was asked for is not possible here: ends it before anything is done. */
void lab_refuse(struct lab *lab, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif /* LAB_H */
