#include "experiments.h"
const struct experiment *const experiments[] = { &cow, &cow_device, &share, &demand, &false_sharing, &mutex, &atomics, &threads, &signals, NULL };
