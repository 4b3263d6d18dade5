/* SPDX-License-Identifier: MIT */
/* What the kernel says about memory. Sizes are in bytes. */
#ifndef LAB_MEM_H
#define LAB_MEM_H

#include "lab.h"

/* struct mem_use - of a process, or of one of its mappings */
struct mem_use {
	uint64_t rss;
	uint64_t pss;
	uint64_t shared_clean;
	uint64_t shared_dirty;
	uint64_t private_clean;
	uint64_t private_dirty;
	uint64_t huge;		/* of it in huge pages */
};

/* The whole process, by smaps_rollup. */
struct mem_use mem_of_process(struct lab *lab, pid_t pid);

/* The mapping that begins at @at. */
struct mem_use mem_of_mapping(struct lab *lab, pid_t pid, const void *at);

/* A line of /proc/PID/status ("VmSize") or of /proc/meminfo ("MemFree"). */
uint64_t mem_status(pid_t pid, const char *key);
uint64_t mem_info(const char *key);

/* What this process could still get: of the machine, and of its cgroups. */
uint64_t mem_left(void);

/* Refuse if the @bytes that are about to be used are not there. */
void mem_need(struct lab *lab, uint64_t bytes);
void mem_need_on(struct lab *lab, uint64_t bytes, int node);

size_t mem_page(void);

/* struct faults - of a process so far, or while something was done */
struct faults {
	uint64_t minor;
	uint64_t major;
};

/* faults_begin - so far, with those over that asking itself costs */
struct faults faults_begin(void);
struct faults faults_since(struct faults before);

/*
 * mem_region - untouched anonymous private memory that no neighbouring mapping
 * can be merged with, on a boundary of huge pages
 */
unsigned char *mem_region(struct lab *lab, size_t bytes);

/* Write one byte to each of @pages pages from @p; read one of each. */
void mem_write(unsigned char *p, size_t pages, unsigned char value);
void mem_read(const unsigned char *p, size_t pages);

/* Is each byte that mem_write() would write equal to @value? */
bool mem_holds(const unsigned char *p, size_t pages, unsigned char value);

#endif /* LAB_MEM_H */
