/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived columns: each function fills one column in every row, from rates and gauges already
 * there. */
#ifndef KVMTOP_MODEL_DERIVE_H
#define KVMTOP_MODEL_DERIVE_H

#include "base/root.h"
#include "model/snapshot.h"

void derive_vcpu_node(struct snapshot *s, int column);
void derive_thread_node(struct snapshot *s, int column);
void derive_placement_share(struct snapshot *s, int column);
void derive_placement_run(struct snapshot *s, int column);
void derive_placement_run_mean(struct snapshot *s, int column);
void derive_placement_vcpus(struct snapshot *s, int column);
void derive_placement_age(struct snapshot *s, int column);
void derive_hugepool_used(struct snapshot *s, int column);
void derive_hugepool_wanted(struct snapshot *s, int column);
void derive_hugepool_guests(struct snapshot *s, int column);
void derive_node_busy(struct snapshot *s, int column);
void derive_node_huge_total(struct snapshot *s, int column);
void derive_node_huge_free(struct snapshot *s, int column);
void derive_node_guest_memory(struct snapshot *s, int column);
void derive_node_guest_run(struct snapshot *s, int column);
void derive_node_vcpus(struct snapshot *s, int column);
void derive_nic_packets(struct snapshot *s, int column);
void derive_nic_packet_size(struct snapshot *s, int column);
void derive_nic_drops(struct snapshot *s, int column);
void derive_nic_errors(struct snapshot *s, int column);
void derive_nic_queues_busy(struct snapshot *s, int column);
void derive_nic_vhost(struct snapshot *s, int column);
void derive_nic_vhost_busiest(struct snapshot *s, int column);
void derive_nic_vhost_wait(struct snapshot *s, int column);
void derive_nic_vhost_cpus(struct snapshot *s, int column);
void derive_nic_vhost_nodes(struct snapshot *s, int column);
void derive_nic_workers(struct snapshot *s, int column);
void derive_nic_workers_of(struct snapshot *s, int column);
void derive_nic_bridge_guests(struct snapshot *s, int column);
void derive_pci_guest_nodes(struct snapshot *s, int column);
void derive_pci_local(struct snapshot *s, int column);
void derive_domain_net(struct snapshot *s, int column);
void derive_domain_net_receive(struct snapshot *s, int column);
void derive_domain_net_transmit(struct snapshot *s, int column);
void derive_domain_net_packets(struct snapshot *s, int column);
void derive_domain_net_drops(struct snapshot *s, int column);
void derive_domain_nics(struct snapshot *s, int column);
void derive_domain_state(struct snapshot *s, int column);
void derive_domain_quiet(struct snapshot *s, int column);
void derive_domain_stuck(struct snapshot *s, int column);
void derive_domain_vcpus(struct snapshot *s, int column);
void derive_domain_cpu(struct snapshot *s, int column);
void derive_domain_vcpu_run(struct snapshot *s, int column);
void derive_domain_wait(struct snapshot *s, int column);
void derive_domain_wait_worst(struct snapshot *s, int column);
void derive_domain_guest(struct snapshot *s, int column);
void derive_domain_emulator(struct snapshot *s, int column);
void derive_domain_vhost(struct snapshot *s, int column);
void derive_domain_threads(struct snapshot *s, int column);
void derive_domain_huge_share(struct snapshot *s, int column);
void derive_domain_guest_used(struct snapshot *s, int column);
void derive_domain_exits(struct snapshot *s, int column);
void derive_domain_poll(struct snapshot *s, int column);
void derive_domain_poll_success(struct snapshot *s, int column);
void derive_domain_poll_rate(struct snapshot *s, int column);
void derive_domain_poll_success_time(struct snapshot *s, int column);
void derive_domain_poll_fail_time(struct snapshot *s, int column);
void derive_domain_poll_mean(struct snapshot *s, int column);
void derive_exit_share(struct snapshot *s, int column);
void derive_exit_time_share(struct snapshot *s, int column);
void derive_domain_local(struct snapshot *s, int column);
void derive_domain_home_share(struct snapshot *s, int column);
void derive_domain_home(struct snapshot *s, int column);
void derive_domain_nodes(struct snapshot *s, int column);
void derive_domain_run_nodes(struct snapshot *s, int column);
void derive_cpu_busy(struct snapshot *s, int column);
void derive_cpu_vcpus(struct snapshot *s, int column);
void derive_cpu_pinned(struct snapshot *s, int column);
void derive_host_busy(struct snapshot *s, int column);
void derive_host_guest(struct snapshot *s, int column);
void derive_host_overhead(struct snapshot *s, int column);
void derive_host_poll(struct snapshot *s, int column);
void derive_host_iowait(struct snapshot *s, int column);
void derive_host_steal(struct snapshot *s, int column);
void derive_host_wait(struct snapshot *s, int column);
void derive_host_domains(struct snapshot *s, int column);
void derive_host_vcpus(struct snapshot *s, int column);
void derive_host_vcpus_per_cpu(struct snapshot *s, int column);
void derive_host_memory_used(struct snapshot *s, int column);
void derive_host_huge_free(struct snapshot *s, int column);
void derive_host_guest_memory(struct snapshot *s, int column);
void derive_host_ksm_saved(struct snapshot *s, int column);
void derive_host_ksm_efficiency(struct snapshot *s, int column);
void derive_disk_method(struct snapshot *s, int column);
void derive_disk_throughput(struct snapshot *s, int column);
void derive_disk_requests(struct snapshot *s, int column);
void derive_disk_latency(struct snapshot *s, int column);
void derive_disk_read_latency(struct snapshot *s, int column);
void derive_disk_write_latency(struct snapshot *s, int column);
void derive_disk_flush_latency(struct snapshot *s, int column);
void derive_disk_queue(struct snapshot *s, int column);
void derive_disk_limit_used(struct snapshot *s, int column);
void derive_disk_host_util(struct snapshot *s, int column);
void derive_disk_host_await(struct snapshot *s, int column);
void derive_disk_host_queue(struct snapshot *s, int column);
void derive_disk_scheduler(struct snapshot *s, int column);
void derive_disk_rotational(struct snapshot *s, int column);
void derive_disk_l2_covered(struct snapshot *s, int column);
void derive_blockdev_await(struct snapshot *s, int column);
void derive_blockdev_read_await(struct snapshot *s, int column);
void derive_blockdev_write_await(struct snapshot *s, int column);
void derive_blockdev_flush_await(struct snapshot *s, int column);
void derive_blockdev_queue(struct snapshot *s, int column);
void derive_blockdev_request_size(struct snapshot *s, int column);
void derive_blockdev_guests(struct snapshot *s, int column);
void derive_interface_packets(struct snapshot *s, int column);
void derive_interface_drops(struct snapshot *s, int column);
void derive_interface_errors(struct snapshot *s, int column);
void derive_interface_used(struct snapshot *s, int column);
void derive_interface_guests(struct snapshot *s, int column);
void derive_domain_disk(struct snapshot *s, int column);
void derive_domain_disk_read(struct snapshot *s, int column);
void derive_domain_disk_write(struct snapshot *s, int column);
void derive_domain_disk_requests(struct snapshot *s, int column);
void derive_domain_disk_latency(struct snapshot *s, int column);
void derive_domain_disk_method(struct snapshot *s, int column);
void derive_vcpu_counters(struct snapshot *s, int column);
void derive_domain_counters(struct snapshot *s, int column);
void derive_event_per_1000(struct snapshot *s, int column);

/* For the functions above. Adds what @column of table @from shows to @to_column of its domain's
 * row. A part that has no figure leaves the sum without one, for the same reason. */
void derive_add_to_domain(struct snapshot *s, enum table_id from, int column,
    bool (*takes)(const struct row *row), int to_column);

/* The sum of a column of the placement rows of each domain, by its number; -1 where none of them
 * has it. The caller frees it. */
double *derive_placement_sum(const struct snapshot *s, int column);
/*
 * The share of a guest's run time that its vCPUs spent on the node of placement row @row: of
 * @column, PLACEMENT_RUN or its mean, of which @run is the sum. One that does not run at all does
 * not move either: then each of its @vcpus counts alike, where it stands. False: of a guest whose
 * run time is not known (@run < 0) nothing is.
 */
bool derive_run_share(const struct row *row, int column, double run, double vcpus, double *ret);

/* Sums over guests are not to be had: only one is looked at, or one's vCPUs are not known. */
bool derive_lacks_guests(const struct snapshot *s);
bool derive_lacks_vcpus(const struct snapshot *s);
/* Whether there are threads of the guest of which nobody can tell whether they are vCPUs. */
bool derive_is_untold(const struct row *domain);
/* Makes a column of all rows STATE_UNKNOWN. */
void derive_unknown(struct snapshot *s, enum table_id t, int column);

void derive_number(struct snapshot *s, struct row *row, int column, double v);
void derive_missing(struct snapshot *s, struct row *row, int column, enum state why);

/* The figure of an operand; false when it has none, and then @why is its state. */
bool derive_operand(
    enum table_id t, const struct row *row, int column, double *ret, enum state *ret_why);

/* What two columns show together; where only one is known, nothing. */
void derive_sum(struct snapshot *s, enum table_id t, int left, int right, int column);

/* Names one behind the other, as many as a reader takes in; the others are counted: "a b +217". */
struct derive_list {
	struct text text;
	size_t left_out;
};

void derive_list_add(struct derive_list *list, const char *name);
/* Puts the list into a cell and frees it. */
void derive_list_done(struct derive_list *list, struct snapshot *s, struct row *row, int column);

/* The host's only row; made when it is missing. */
struct row *derive_host(struct snapshot *s);

#endif
