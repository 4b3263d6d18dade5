// SPDX-License-Identifier: MIT
/* Pictures, by gnuplot: what all of them share, and those of dots. */
#include "plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../common/cli.h"
#include "../common/cpus.h"
#include "../common/gnuplot.h"
#include "../common/units.h"

const char *const plot_colours[] = {
	"#1f78b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#a6761d",
	"#66c2ff", "#000000", "#999999",
};

#define STYLE \
	"set border 3 lc rgb '#808080'\n" \
	"set format '%%h'\n" \
	"set tics nomirror out textcolor rgb '#202020'\n" \
	"set grid y lc rgb '#d8d8d8' lt 1\n" \
	"set key top left Left reverse samplen 2\n" \
	"set style fill solid 1 noborder\n"

/* Below each picture, what it is of. */
#define FOOTER		44
#define FOOTER_MAX	512
#define FOOTER_CHAR	7.2	/* how wide one is, if it is not a narrow one */

/* Where panels are, as parts of the whole height. */
static double bottom;

static void print_line(FILE *plot, int width, int id, double y,
		       const char *text)
{
	char line[FOOTER_MAX + sizeof(" ...")];
	double most = width / FOOTER_CHAR - sizeof(" ...");

	gnuplot_shorten(line, text, (size_t)fmin(most, FOOTER_MAX));
	fprintf(plot, "set label %d ", id);
	gnuplot_text(plot, line);
	fprintf(plot, " at screen 0.01,%f left font ',9' textcolor rgb '#777777'\n",
		y);
}

static void print_footer(FILE *plot, int width, int height)
{
	char text[FOOTER_MAX], model[256], date[32];
	time_t now = time(NULL);
	struct utsname u;
	struct tm tm;

	uname(&u);
	strftime(date, sizeof(date), "%Y-%m-%d", localtime_r(&now, &tm));
	snprintf(text, sizeof(text), "%s, %s %s, %s, %s",
		 cpus_model(model, sizeof(model)), u.sysname, u.release,
		 u.nodename, date);
	print_line(plot, width, 1001, 30.0 / height, text);
	print_line(plot, width, 1002, 13.0 / height, cli_command_line());
}

FILE *plot_begin(struct lab *lab, int width, int height)
{
	FILE *plot;
	int fd;

	if (lab->plot_fd < 0)
		return NULL;
	fd = memfd_create("script", MFD_CLOEXEC);
	plot = fd < 0 ? NULL : fdopen(fd, "w");
	if (!plot)
		lab_die(lab, "no memory for the picture");
	height += FOOTER;
	bottom = (double)FOOTER / height;
	fprintf(plot, "set terminal %s size %d,%d noenhanced font 'sans-serif,13' background rgb 'white'\n"
		STYLE "set encoding utf8\nset multiplot\n",
		lab->plot_png ? "pngcairo" : "svg dynamic", width, height);
	print_footer(plot, width, height);
	plot_panel(plot, 0, 1, 0, 1);
	return plot;
}

void plot_panel(FILE *plot, int row, int rows, int column, int columns)
{
	double height = (1 - bottom) / rows, width = 1.0 / columns;

	fprintf(plot, "set size %f,%f\nset origin %f,%f\n", width, height,
		column * width, bottom + (rows - 1 - row) * height);
}

/* At the space that is nearest to the middle. */
void plot_name(FILE *plot, const char *name)
{
	size_t len = strlen(name), i, at = 0;

	for (i = 0; i < len; i++)
		if (name[i] == ' ' && (!at || labs((long)(2 * i - len)) <
					      labs((long)(2 * at - len))))
			at = i;
	if (at)
		fprintf(plot, "\"%.*s\\n%s\"", (int)at, name, name + at + 1);
	else
		fprintf(plot, "\"%s\"", name);
}

void plot_end(struct lab *lab, FILE *plot)
{
	FILE *out = fdopen(lab->plot_fd, "w");
	int err;

	fputs("unset multiplot\n", plot);
	err = out ? gnuplot_run(plot, out) : -errno;
	if (out && fclose(out) && !err)
		err = -errno;
	fclose(plot);
	/* A second picture in one file would not be one. */
	lab->plot_fd = -1;
	if (err)
		lab_die(lab, "--plot: cannot draw it: %s", strerror(-err));
}

static double power(double v, double (*round_to)(double))
{
	return pow(10, round_to(log10(v)));
}

static void print_dots(FILE *plot, const struct dot *dots, size_t nr)
{
	char text[UNITS_TEXT_MAX];
	size_t i;

	fprintf(plot, "$dots << END\n");
	for (i = 0; i < nr; i++)
		fprintf(plot, "%zu %g %g %g %d \"%s\" \"%s\"\n", i,
			dots[i].stats.median * 1e-9, dots[i].stats.min * 1e-9,
			dots[i].stats.max * 1e-9, dots[i].marked, dots[i].name,
			units_time(dots[i].stats.median, text));
	fprintf(plot, "END\n");
}

void plot_dots(struct lab *lab, const struct dot *dots, size_t nr,
	       const char *scale, const char *others, const char *marked)
{
	FILE *plot = plot_begin(lab, 900, 110 + 28 * (int)nr);
	double least = INFINITY, most = 0;
	size_t i;

	if (!plot)
		return;
	for (i = 0; i < nr; i++) {
		least = fmin(least, dots[i].stats.min);
		most = fmax(most, dots[i].stats.max);
	}
	print_dots(plot, dots, nr);
	fprintf(plot, "set logscale x\nset xrange [%g:%g]\n"
		"set yrange [%zu.6:-0.6]\nset y2range [%zu.6:-0.6]\n"
		"set xlabel \"%s\"\nset format x '%%.0s %%cs'\nset y2tics scale 0\n"
		"unset grid\nset grid x y lc rgb '#e4e4e4' lt 1\n"
		"set key outside top center horizontal\nunset errorbars\nset lmargin 32\nset rmargin 13\n"
		"plot for [m=0:1] $dots u ($5==m?$2:NaN):1:3:4:yticlabels(6):y2ticlabels(7) w xerrorbars "
		"lw 2 pt 7 lc rgb word('#1f78b4 #d95f02', m+1) "
		"t word('\"%s\" \"%s\"', m+1)\n",
		power(least, floor) * 1e-9, power(most, ceil) * 1e-9, nr - 1,
		nr - 1, scale, others, marked);
	plot_end(lab, plot);
}
