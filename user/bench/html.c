#include "html.h"
int html_write(const json_t *doc, const char *path) { (void)doc; (void)path; return 0; }
