#include "experiments.h"
const struct experiment *const experiments[] = { &cow, NULL };
