// SPDX-License-Identifier: MIT
/* shmring doctor: what is wrong on this host, and what to type. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "findings.h"
#include "json.h"
#include "kernel.h"
#include "text.h"

static const struct {
	const char *word;
	enum colour colour;
} verdicts[VERDICTS] = {
	[VERDICT_OK] = { "ok", COLOUR_GREEN },
	[VERDICT_NOTE] = { "note", COLOUR_NONE },
	[VERDICT_WARN] = { "warn", COLOUR_YELLOW },
	[VERDICT_FAIL] = { "FAIL", COLOUR_RED },
};

static void print(const struct finding *f)
{
	printf("%s%-4s%s  %-13s  %s\n", colour(verdicts[f->verdict].colour),
	       verdicts[f->verdict].word, colour(COLOUR_NONE), f->what,
	       f->text);
	if (*f->fix)
		printf("%21s-> %s\n", "", f->fix);
}

static json_t *json_findings(const struct finding *f, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:s}",
				  "check", f[i].what,
				  "verdict", verdicts[f[i].verdict].word,
				  "text", f[i].text, "fix", f[i].fix));
	return array;
}

static size_t examine(struct finding f[FINDINGS_MAX], uint32_t max_used)
{
	struct rings all = { 0 };
	struct host h = { .root = "", .version = VERSION, .all = &all,
			  .max_used = max_used };
	struct kernel *k = kernel_open();
	size_t n;

	if (!k || kernel_dump(k, &all))
		h.kernel_error = kernel_errmsg();
	h.by_sysfs = k && kernel_by_sysfs(k);
	if (k)
		kernel_close(k);
	n = findings_of(&h, f);
	rings_free(&all);
	return n;
}

int cmd_doctor(int argc, char **argv)
{
	static char *max_used;
	int json = 0, warnings = 0, status = EXIT_SUCCESS;
	const struct poptOption table[] = {
		{ "warnings", 'w', POPT_ARG_NONE, &warnings, 0,
		  "Exit status 3 for a warning, too", NULL },
		ARGS_MAX_USED(&max_used),
		ARGS_JSON(&json),
		POPT_AUTOHELP
		POPT_TABLEEND
	};
	struct finding f[FINDINGS_MAX];
	const char *args[ARGS_MAX];
	size_t i, n;

	args_parse(argc, argv, table, "[OPTION...]", 0, 0, args);
	n = examine(f, args_percent("--max-used", max_used));
	if (json && json_document(json_findings(f, n)))
		return EXIT_FAILURE;
	for (i = 0; i < n; i++) {
		if (!json)
			print(&f[i]);
		if (f[i].verdict == VERDICT_FAIL)
			status = EXIT_FAILURE;
		else if (f[i].verdict == VERDICT_WARN && warnings && !status)
			status = EXIT_BEYOND;
	}
	return status;
}
