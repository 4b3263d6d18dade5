// SPDX-License-Identifier: MIT
/* gnuplot reads commands from a pipe and writes the picture to the open file. */
#include "plot.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

#define STYLE \
	"set border 3 lc rgb '#808080'\n" \
	"set tics nomirror out textcolor rgb '#202020'\n" \
	"set grid y lc rgb '#d8d8d8' lt 1\n" \
	"set key top left Left reverse samplen 2\n" \
	"set style fill solid 1 noborder\n"

static pid_t gnuplot;

bool plot_possible(void)
{
	return !system("command -v gnuplot >/dev/null 2>&1");
}

static void become_gnuplot(const struct lab *lab, int from)
{
	/* A second picture in one file would not be one. */
	if (ftruncate(lab->plot_fd, 0) < 0 && errno != EINVAL)
		_exit(126);
	dup2(from, STDIN_FILENO);
	dup2(lab->plot_fd, STDOUT_FILENO);
	execlp("gnuplot", "gnuplot", "-", NULL);
	_exit(127);
}

FILE *plot_begin(struct lab *lab, int width, int height)
{
	int ends[2];
	FILE *plot;

	if (lab->plot_fd < 0)
		return NULL;
	if (pipe(ends) < 0)
		lab_die(lab, "cannot make a pipe: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	gnuplot = proc_fork(lab);
	if (!gnuplot) {
		close(ends[1]);
		become_gnuplot(lab, ends[0]);
	}
	close(ends[0]);
	plot = fdopen(ends[1], "w");
	if (!plot)
		lab_die(lab, "no memory for the picture");
	fprintf(plot, "set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,13' background rgb 'white'\n"
		STYLE, width, height);
	return plot;
}

void plot_end(struct lab *lab, FILE *plot)
{
	int status;

	fclose(plot);
	if (waitpid(gnuplot, &status, 0) != gnuplot || status)
		lab_die(lab, "--plot: gnuplot did not draw: status %#x", status);
}

void plot_bars(struct lab *lab, const struct bar *bars, size_t nr,
	       const char *scale, const char *others, const char *marked)
{
	FILE *plot = plot_begin(lab, 900, 110 + 32 * (int)nr);
	double least = bars[0].value;
	size_t i;

	if (!plot)
		return;
	fprintf(plot, "$bars << END\n");
	for (i = 0; i < nr; i++) {
		fprintf(plot, "%zu %f %d \"%s\"\n", i, bars[i].value,
			bars[i].marked, bars[i].name);
		if (bars[i].value < least)
			least = bars[i].value;
	}
	fprintf(plot, "END\nleast = %f\nset logscale x\nset xrange [least:*]\n"
		"set yrange [%zu.6:-0.6]\nset xlabel \"%s\"\n"
		"unset grid\nset grid x lc rgb '#d8d8d8' lt 1\n"
		"set key outside top center horizontal\n"
		"plot for [m=0:%d] $bars u ($3==m?least:NaN):1:(least):2:"
		"($1-0.36):($1+0.36):yticlabels(4) w boxxyerror "
		"lc rgb word('#1f78b4 #d95f02', m+1) "
		"t word('\"%s\" \"%s\"', m+1)\n",
		least / 2, nr - 1, scale, marked ? 1 : 0, others,
		marked ? marked : "");
	plot_end(lab, plot);
}
