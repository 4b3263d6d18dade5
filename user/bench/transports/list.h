/* SPDX-License-Identifier: MIT */
/* Every transport, in the order of the tables. Included more than once. */
TRANSPORT(transport_dev)
TRANSPORT(transport_memfd)
TRANSPORT(transport_shm)
TRANSPORT(transport_pipe)
TRANSPORT(transport_fifo)
TRANSPORT(transport_vmsplice)
TRANSPORT(transport_unix_stream)
TRANSPORT(transport_tcp)
TRANSPORT(transport_ck_ring)
