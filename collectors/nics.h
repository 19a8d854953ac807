/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of the collector of NICs: what it remembers of a guest, which NICs the guest has and
 * which interface of the host is behind each, and devices passed through.
 */
#ifndef KVMTOP_COLLECTORS_NICS_H
#define KVMTOP_COLLECTORS_NICS_H

#include "collectors/cmdline.h"
#include "collectors/fd_watch.h"
#include "collectors/guest_fds.h"
#include "collectors/guest_list.h"
#include "collectors/net_dev.h"
#include "collectors/net_links.h"
#include "collectors/nic_args.h"
#include "model/snapshot.h"

struct reading;
struct root;

/* A NIC of the guest as it is now. */
struct found_nic {
	struct nic nic;
	bool is_macvtap;
	uint32_t index;     /* of a macvtap, while its name is not known; else 0 */
	unsigned fds;       /* queues of it that the process holds open; 0: not known */
	const char *target; /* what its XML names; NULL: nothing. Lent */
};

/* What the XML of a guest tells of a NIC, as the last sample has it. Lent; target "": none. */
struct xml_nic {
	const char *name, *target;
};

/* What tells of a device; by its group it is one of several that may be meant. */
enum pci_source { PCI_BY_ARGUMENT, PCI_BY_DESCRIPTOR, PCI_BY_GROUP };

/* A device of the host's PCI bus, or a mediated one, which is a part of such. */
struct pci_device {
	char name[DEVICE_NAME_SIZE], parent[PCI_ADDRESS_SIZE];
	char driver[32], id[32];
	uint32_t class_code;
	bool has_class;
	enum pci_source source;
	int64_t group, node, functions; /* -1: not told */
};

struct nic_guest {
	struct key key;
	uint32_t pid;
	struct cmdline cmdline;
	bool is_qemu;
	struct nic_args args;
	struct guest_fds fds;
	uint64_t fds_ns; /* when its descriptors were read, or were the same as then */
	struct fd_watch watch;
	bool looked;           /* … if ever */
	bool is_new, has_news; /* at this sample: of the guest, of its descriptors */
	double fds_maximum;    /* 0: not known */
	char space[40]; /* its network namespace, where it is another than ours; "": it is not */

	struct pci_device *device;
	size_t devices, device_cap;
	uint64_t names_hash; /* of the interfaces that there were when its descriptors were read */

	struct found_nic *found;
	size_t n, cap;
	struct xml_nic *xml; /* of this sample */
	size_t xmls, xml_cap;
	bool has_xml; /* what it does not tell of is gone */
};

/* A network namespace of guests that is not ours. */
struct space {
	char id[40];
	struct net_dev dev;
	uint64_t read_ns; /* sample in which it was read */
};

struct nics {
	struct guest_list guests;
	struct net_dev ours;
	struct net_links links;
	struct space *space;
	size_t spaces, space_cap;
	char own[40]; /* our namespace */
	size_t turn;  /* the guest that is looked at first */
	/* Guests whose descriptors may yet be listed at this sample: for the first time, of those
	 * that have just started, and of all others. */
	int first_budget, young_budget, budget;
	/* Of this sample: NICs without an interface of the host; guests that are not to be looked
	 * into. */
	size_t unseen, denied;
	size_t uncounted; /* of these, NICs whose interface is known, but not its counters */
};

/* The counters of the guest's network namespace. */
const struct net_dev *nics_counters(struct nics *n, struct reading *r, const struct nic_guest *g);

/* The row of a NIC. */
void nics_write(
    struct nics *n, struct reading *r, const struct nic_guest *g, const struct found_nic *f);

/* Rows of the host's own interfaces. */
void interfaces_write(struct nics *n, struct reading *r);

/* Nothing, where the text is empty or NULL, the number 0. */
void nics_set_text(struct reading *r, struct row *row, int column, const char *text);
void nics_set_number(struct reading *r, struct row *row, int column, uint64_t v);

/* Fills found. @ours: kvmtop's own namespace. */
void nics_match(
    struct nic_guest *g, struct net_links *links, struct reading *r, const struct net_dev *ours);

/* Why nothing on the host counts the packets of a NIC of that type; NULL: something does. */
const char *nic_remark(const char *type);

/* Reads what sys/bus tells of a device. */
void pci_read(struct pci_device *d, const struct root *root, const char *name);
void pci_write(
    struct reading *r, struct key guest, const struct pci_device *d, const char *known_by);

/*
 * Devices of the guest that its command line tells of, as long as it holds them open, and what it
 * holds open besides. @again: what is known of them is old.
 */
void pci_tell(struct reading *r, struct nic_guest *g, bool again);

#endif
