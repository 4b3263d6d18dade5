/* SPDX-License-Identifier: MIT */
/* Each in the file of its name. */
#ifndef LAB_EXPERIMENTS_H
#define LAB_EXPERIMENTS_H

#include "lab.h"

extern const struct experiment cow, cow_device, demand, share, false_sharing,
			       numa, mutex, atomics, threads, signals, syscalls;

#endif /* LAB_EXPERIMENTS_H */
