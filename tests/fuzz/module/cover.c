// SPDX-License-Identifier: MIT
/*
 * What of the module a worker executes, by KCOV. Only the module is
 * instrumented (Kbuild), so what is traced is all ours; code is known by its
 * distance from the module's .text, which moves when it is loaded anew.
 */
#include <elf.h>
#include <fcntl.h>
#include <linux/kcov.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared.h"

#define ENTRIES		(1UL << 16)

/* Without KCOV nothing is traced, and all goes on blindly. */
bool fuzz_cover_init(struct fuzz_cover *cover)
{
	cover->pcs = NULL;
	cover->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (cover->fd < 0)
		return true;
	if (ioctl(cover->fd, KCOV_INIT_TRACE, ENTRIES))
		return false;
	cover->pcs = mmap(NULL, ENTRIES * sizeof(*cover->pcs),
			  PROT_READ | PROT_WRITE, MAP_SHARED, cover->fd, 0);
	if (cover->pcs == MAP_FAILED)
		return false;
	return !ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

void fuzz_cover_start(struct fuzz_cover *cover, const struct fuzz_shared *shared)
{
	cover->loads = atomic_load(&shared->loads);
	if (cover->pcs)
		__atomic_store_n(cover->pcs, 0, __ATOMIC_RELAXED);
}

/* What was traced while the module was loaded anew is nobody's. */
static unsigned long traced(const struct fuzz_cover *cover,
			    const struct fuzz_shared *shared)
{
	if (!cover->pcs || cover->loads != atomic_load(&shared->loads))
		return 0;
	return __atomic_load_n(cover->pcs, __ATOMIC_RELAXED);
}

unsigned int fuzz_cover_new(const struct fuzz_cover *cover,
			    struct fuzz_shared *shared, uint32_t *found,
			    unsigned int most)
{
	unsigned long text = atomic_load(&shared->text);
	unsigned long i, at, len = traced(cover, shared);
	unsigned int n = 0;

	for (i = 1; i <= len && n < most; i++) {
		at = cover->pcs[i] - text;
		if (at < shared->text_len &&
		    !atomic_load_explicit(&shared->seen[at],
					  memory_order_relaxed) &&
		    !atomic_exchange(&shared->seen[at], 1))
			found[n++] = (uint32_t)at;
	}
	return n;
}

bool fuzz_cover_has(const struct fuzz_cover *cover,
		    const struct fuzz_shared *shared, const uint32_t *wanted,
		    unsigned int n)
{
	unsigned long text = atomic_load(&shared->text);
	unsigned long i, len = traced(cover, shared);
	unsigned int j;

	for (j = 0; j < n; j++) {
		for (i = 1; i <= len && cover->pcs[i] - text != wanted[j]; i++)
			;
		if (i > len)
			return false;
	}
	return true;
}

/*
 * The module's file says where it calls KCOV: there is a relocation for each
 * place. What is traced is the address behind the call.
 */
#define CALL_BYTES	4

struct elf {
	const unsigned char *file;
	const Elf64_Ehdr *header;
	const Elf64_Shdr *sections;
};

static const char *name_of(const struct elf *e, const Elf64_Shdr *section)
{
	const Elf64_Shdr *names = &e->sections[e->header->e_shstrndx];

	return (const char *)e->file + names->sh_offset + section->sh_name;
}

static bool calls_kcov(const struct elf *e, const Elf64_Shdr *relocations,
		       const Elf64_Rela *r)
{
	const Elf64_Shdr *symbols = &e->sections[relocations->sh_link];
	const Elf64_Shdr *strings = &e->sections[symbols->sh_link];
	const Elf64_Sym *symbol = (const Elf64_Sym *)
		(const void *)(e->file + symbols->sh_offset) +
		ELF64_R_SYM(r->r_info);

	return !strcmp((const char *)e->file + strings->sh_offset +
		       symbol->st_name, "__sanitizer_cov_trace_pc");
}

static unsigned int count_calls(const struct elf *e, const Elf64_Shdr *section,
				atomic_uchar *seen, unsigned int *covered,
				bool list)
{
	const Elf64_Rela *r = (const void *)(e->file + section->sh_offset);
	size_t i, n = section->sh_size / sizeof(*r);
	unsigned int total = 0;
	uint64_t at;

	for (i = 0; i < n; i++) {
		at = r[i].r_offset + CALL_BYTES;
		if (!calls_kcov(e, section, &r[i]) || at >= FUZZ_TEXT)
			continue;
		total++;
		if (atomic_load(&seen[at]))
			(*covered)++;
		else if (list)
			printf("# not reached: .text+0x%llx\n",
			       (unsigned long long)at);
	}
	return total;
}

unsigned int fuzz_cover_total(int module_fd, atomic_uchar *seen,
			      unsigned int *covered, bool list)
{
	unsigned int i, total = 0;
	struct stat st;
	struct elf e;

	*covered = 0;
	if (module_fd < 0 || fstat(module_fd, &st))
		return 0;
	e.file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		      module_fd, 0);
	if (e.file == MAP_FAILED)
		return 0;
	e.header = (const void *)e.file;
	e.sections = (const void *)(e.file + e.header->e_shoff);
	for (i = 0; i < e.header->e_shnum; i++)
		if (e.sections[i].sh_type == SHT_RELA &&
		    !strcmp(name_of(&e, &e.sections[i]), ".rela.text"))
			total += count_calls(&e, &e.sections[i], seen, covered,
					     list);
	munmap((void *)(uintptr_t)e.file, (size_t)st.st_size);
	return total;
}
